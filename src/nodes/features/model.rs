//! The parameter `model`: the name of an architecture, or a TorchScript file and how its images are normalised.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::nets::input::{ChannelOrder, Normalisation};
use crate::nets::zoo::catalogue::{IMAGENET_MEAN, IMAGENET_STD};

/// A network as a recipe names it.
#[derive(Clone, Debug, PartialEq)]
pub enum Model {
    /// An architecture that ships, by name.
    Named(String),
    /// A program of one's own.
    Script(TorchScript),
}

/// A TorchScript file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TorchScript {
    /// A file that `torch.jit.script(model).save` or `torch.jit.trace(model, images).save` wrote. The program in it is run.
    #[schemars(extend("x-file" = true))]
    pub torchscript: String,
    /// What each colour channel, in [0, 1], is reduced by before the network sees it: three numbers, for red, green and
    /// blue, ImageNet's unless given; `null` for nothing.
    #[serde(default = "imagenet_mean", skip_serializing_if = "is_imagenet_mean")]
    #[schemars(extend("default" = [0.485, 0.456, 0.406]))]
    pub mean: Option<Channels>,
    /// What it is divided by then: three numbers, ImageNet's unless given; `null` for nothing.
    #[serde(default = "imagenet_std", skip_serializing_if = "is_imagenet_std")]
    #[schemars(extend("default" = [0.229, 0.224, 0.225]))]
    pub std: Option<Channels>,
    /// The order in which it wants its colours: `bgr` for networks from Caffe or OpenCV.
    #[serde(default, skip_serializing_if = "is_rgb")]
    pub channel_order: ChannelOrder,
}

/// A number per colour channel.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Channels([f64; 3]);

fn imagenet_mean() -> Option<Channels> {
    Some(Channels(IMAGENET_MEAN.map(decimal)))
}

fn imagenet_std() -> Option<Channels> {
    Some(Channels(IMAGENET_STD.map(decimal)))
}

/// The number as it is written, 0.485, rather than what its 32 bits come to.
fn decimal(number: f32) -> f64 {
    number.to_string().parse().expect("a number's own digits")
}

fn is_imagenet_mean(mean: &Option<Channels>) -> bool {
    *mean == imagenet_mean()
}

fn is_rgb(order: &ChannelOrder) -> bool {
    *order == ChannelOrder::Rgb
}

fn is_imagenet_std(std: &Option<Channels>) -> bool {
    *std == imagenet_std()
}

impl TorchScript {
    /// How it wants its images normalised.
    pub fn normalisation(&self) -> Normalisation {
        let of = |channels: Option<Channels>, none: f64| channels.map_or([none; 3], |c| c.0).map(|x| x as f32);
        (of(self.mean, 0.0), of(self.std, 1.0))
    }

    /// What a type does not say: deviations are positive.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        match self.std {
            Some(Channels(std)) if std.iter().any(|&x| x <= 0.0) => {
                Err(("model.std", "has a deviation that is not positive; pixels are divided by it".to_owned()))
            }
            _ => Ok(()),
        }
    }
}

impl<'de> Deserialize<'de> for Channels {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let numbers = Vec::<f64>::deserialize(deserializer)?;
        let count = numbers.len();
        let three = <[f64; 3]>::try_from(numbers);
        three.map(Self).map_err(|_| D::Error::custom(format!("a number per colour channel makes three, not {count}")))
    }
}

impl JsonSchema for Channels {
    fn schema_name() -> Cow<'static, str> {
        "Channels".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "array", "items": { "type": "number" }, "minItems": 3, "maxItems": 3 })
    }
}

impl Serialize for Model {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Named(name) => serializer.serialize_str(name),
            Self::Script(script) => script.serialize(serializer),
        }
    }
}

// By hand, since an untagged enum would tell of any mistake within that no alternative fits.
impl<'de> Deserialize<'de> for Model {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Model;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of an architecture, or a map: `{ torchscript: FILE }`")
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<Model, E> {
                Ok(Model::Named(name.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Model, A::Error> {
                TorchScript::deserialize(MapAccessDeserializer::new(map)).map(Model::Script)
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl JsonSchema for Model {
    fn schema_name() -> Cow<'static, str> {
        "Model".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let script = generator.subschema_for::<TorchScript>();
        json_schema!({ "anyOf": [{ "type": "string" }, script] })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_forms_read_and_write() {
        let read = |json| serde_json::from_value::<Model>(json).map_err(|e| e.to_string());
        for form in [
            json!("resnet50"),
            json!({ "torchscript": "a.pt" }),
            json!({ "torchscript": "a.pt", "mean": null, "std": [0.5, 0.5, 0.25] }),
            json!({ "torchscript": "a.pt", "channel_order": "bgr" }),
        ] {
            let model = read(form.clone()).expect("it reads");
            assert_eq!(serde_json::to_value(&model).expect("it writes"), form);
        }
        let Ok(Model::Script(script)) =
            read(json!({ "torchscript": "a.pt", "std": null, "mean": [0.485, 0.456, 0.406] }))
        else {
            panic!("it is a script")
        };
        assert_eq!(script.normalisation(), (IMAGENET_MEAN, [1.0; 3]));
        assert_eq!(serde_json::to_value(&script).expect("it writes"), json!({ "torchscript": "a.pt", "std": null }));
        assert!(read(json!(5)).expect_err("a number").contains("expected the name of an architecture, or a map"));
        let short = read(json!({ "torchscript": "a.pt", "mean": [1.0] })).expect_err("one number");
        assert!(short.contains("a number per colour channel makes three, not 1"), "{short}");
    }
}

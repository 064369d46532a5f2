//! The parameter `weights`: a file, or a file and what in it is meant.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::nets::weights::choice::Asked;

/// The word for weights that are drawn.
pub const RANDOM: &str = "random";

/// Weights as a recipe names them.
#[derive(Clone, Debug, PartialEq)]
pub enum Given {
    /// A path, or `random`.
    Path(String),
    /// A path and what in it is meant; never without either.
    Within(Within),
}

/// A file of weights and what in it is meant.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Within {
    /// The file, the index of a checkpoint in parts, or a folder that holds one of these.
    #[schemars(extend("x-file" = true))]
    pub path: String,
    /// What stands in front of the network's names in it, such as `encoder_q.` or `model.`. Without it, what makes all
    /// needed tensors fit; where several do, an error lists them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// The key under which the tensors stand in it, such as `teacher` or `state_dict_ema`; of keys in one another, `a.b`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

impl Given {
    /// Whether they are to be drawn.
    pub fn is_random(&self) -> bool {
        matches!(self, Self::Path(path) if path == RANDOM)
    }

    /// The name of the file parameter that holds the path.
    pub fn parameter(&self) -> &'static str {
        match self {
            Self::Path(_) => "weights",
            Self::Within(_) => "weights.path",
        }
    }

    /// What in the file is meant.
    pub fn asked(&self) -> Asked<'_> {
        match self {
            Self::Path(_) => Asked::default(),
            Self::Within(Within { prefix, key, .. }) => Asked { prefix: prefix.as_deref(), key: key.as_deref() },
        }
    }

    /// What a type does not say. The message stands at the parameter.
    pub fn check(&self) -> Result<(), &'static str> {
        match self {
            Self::Within(within) if within.path == RANDOM => {
                Err("`random` draws weights and is no file, so that nothing in it has a `prefix` or a `key`")
            }
            _ => Ok(()),
        }
    }

    /// The schema of a parameter that may be left out. In one list of alternatives, since readers of schemas look no deeper.
    pub fn optional(generator: &mut SchemaGenerator) -> Schema {
        let within = generator.subschema_for::<Within>();
        json_schema!({ "anyOf": [{ "type": "string" }, within, { "type": "null" }] })
    }
}

impl Within {
    /// The plain form where the path says it all, so that one meaning has one key; and one way to write a prefix.
    fn normal(mut self) -> Given {
        if let Some(prefix) = &mut self.prefix
            && !prefix.is_empty()
            && !prefix.ends_with('.')
        {
            prefix.push('.');
        }
        if self.prefix.is_none() && self.key.is_none() { Given::Path(self.path) } else { Given::Within(self) }
    }
}

impl Serialize for Given {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Path(path) => serializer.serialize_str(path),
            Self::Within(within) => within.serialize(serializer),
        }
    }
}

// By hand, since an untagged enum would tell of any mistake within that no alternative fits.
impl<'de> Deserialize<'de> for Given {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Given;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the path of a file, `random`, or a map: `{ path: FILE, prefix: encoder_q. }`")
            }

            fn visit_str<E: Error>(self, path: &str) -> Result<Given, E> {
                Ok(Given::Path(path.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Given, A::Error> {
                Within::deserialize(MapAccessDeserializer::new(map)).map(Within::normal)
            }
        }
        deserializer.deserialize_any(Either)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn one_meaning_is_written_in_one_way() {
        let normal = |json| {
            let given: Given = serde_json::from_value(json).map_err(|e| e.to_string())?;
            Ok::<_, String>(serde_json::to_value(given).expect("it writes"))
        };
        for (written, kept) in [
            (json!("a.pth"), json!("a.pth")),
            (json!({ "path": "a.pth" }), json!("a.pth")),
            (json!({ "path": "a.pth", "key": null }), json!("a.pth")),
            (json!({ "path": "a.pth", "prefix": "q" }), json!({ "path": "a.pth", "prefix": "q." })),
            (json!({ "path": "a.pth", "prefix": "" }), json!({ "path": "a.pth", "prefix": "" })),
            (json!({ "path": "a.pth", "key": "x.y" }), json!({ "path": "a.pth", "key": "x.y" })),
        ] {
            assert_eq!(normal(written.clone()), Ok(kept), "{written}");
        }
        assert!(normal(json!(5)).expect_err("a number").contains("expected the path of a file, `random`, or a map"));
        assert!(
            normal(json!({ "path": "a", "perfix": "q." })).expect_err("misspelt").contains("unknown field `perfix`")
        );
        let random: Given = serde_json::from_value(json!({ "path": "random", "key": "a" })).expect("it reads");
        assert!(random.check().is_err() && !random.is_random());
    }
}

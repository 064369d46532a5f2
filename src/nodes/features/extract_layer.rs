//! Activations of named layers of a network, for every image.

use std::collections::HashSet;
use std::num::NonZeroUsize;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind::{Arity, Input, NodeKind, Output, ParamProblem, Threads};
use crate::nets::catalogue::{self, Architecture};
use crate::registry::nearest;
use crate::value::Type;

/// The kind `extract_layer`.
pub struct ExtractLayer;

/// The word for weights that are drawn.
const RANDOM: &str = "random";
/// How deep the names are that an error lists: `layer1.0`, not `layer1.0.conv1`.
const LISTED_DOTS: usize = 1;

/// What a recipe writes under `with`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Written {
    /// The architecture, under torchvision's name: `resnet50`, `squeezenet1_1`.
    pub model: String,
    /// The network's tensors: a `.safetensors` file with torchvision's names (32-bit floats, or others that are
    /// converted), or `random` for torchvision's initial distributions drawn from `seed`. Left out where `network`
    /// is connected.
    #[serde(default)]
    #[schemars(extend("x-file" = true, "x-words" = ["random"], "x-neutral" = null))]
    pub weights: Option<String>,
    /// The layers, under torchvision's names, such as `layer3`, `layer3.5.conv2` or `features.9`. Each is an output of
    /// its own, `activations[layer]`; all that are missing are computed in one pass that ends at the deepest. A
    /// container gives what its last module gives; a ReLU that a block uses several times gives its last use. Values
    /// are the module's own output, before any later module overwrites it.
    #[schemars(length(min = 1))]
    pub layers: Vec<String>,
    /// What is kept of each channel's map: `none` keeps all of it, `mean` and `max` one number, and `grid: 4` the means
    /// over 4 × 4 areas of it. Outputs that are no maps, such as `fc`, stay as they are.
    #[serde(default)]
    #[schemars(extend("x-neutral" = "none"))]
    pub pool: Pool,
    /// What `weights: random` draws from. It plays no part with given weights.
    #[serde(default)]
    #[schemars(extend("x-neutral" = 0))]
    pub seed: u64,
}

/// Parameters in which the seed is 0 unless it matters, so that a recipe's seed does not rerun given weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(from = "Written")]
pub struct Params(Written);

impl From<Written> for Params {
    fn from(mut written: Written) -> Self {
        if written.weights.as_deref() != Some(RANDOM) {
            written.seed = 0;
        }
        Self(written)
    }
}

/// What is kept of each channel's map.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Pool {
    /// All of it.
    #[default]
    None,
    /// Its mean.
    Mean,
    /// Its maximum.
    Max,
    /// The means over N × N areas of it.
    Grid(NonZeroUsize),
}

impl NodeKind for ExtractLayer {
    const NAME: &'static str = "extract_layer";
    const VERSION: u32 = 1;
    const ABOUT: &'static str = "\
Activations of named layers of a network, pretrained or random.

Every image passes once through the network, in evaluation mode, up to the deepest of the layers. Images are \
normalised as the architecture wants it exactly once: those that were normalised before are recognised. A row is one \
image; its columns are the layer's output in channel, height, width order, as PyTorch's `flatten` gives it.

A layer's numbers do not depend on which others are asked for, so adding one to `layers` computes that one alone.";
    const EXAMPLE: &'static str = "\
layers:
  kind: extract_layer
  in: { images: it.images }
  with:
    model: resnet50
    weights: weights/resnet50.safetensors    # or random
    layers: [layer1, layer2, layer3, layer4]
    pool: { grid: 7 }
";
    type Params = Params;
    const INPUTS: &'static [Input] = &[
        Input { name: "images", types: &[Type::Images], arity: Arity::One, about: "what the network sees" },
        Input {
            name: "network",
            types: &[Type::Network],
            arity: Arity::Optional,
            about: "a trained network of the architecture `model`, instead of `weights`",
        },
    ];
    const OUTPUTS: &'static [Output] = &[Output {
        name: "activations",
        ty: Type::Matrix,
        keyed: Some("layer"),
        about: "images × features, a matrix per layer",
    }];
    const THREADS: Threads = Threads::Team;

    fn check(Params(params): &Params) -> Result<(), ParamProblem> {
        let Some(architecture) = catalogue::describe(&params.model) else {
            let names: Vec<&str> = catalogue::architectures().map(|a| a.name).collect();
            let hint = nearest(&params.model, names.iter().copied());
            let hint = hint.map_or(String::new(), |name| format!("did you mean `{name}`? "));
            return Err(ParamProblem::at(
                "model",
                format!("no model `{}`; {hint}there are {}", params.model, names.join(", ")),
            ));
        };
        if params.layers.is_empty() {
            return Err(ParamProblem::at("layers", "no layer is named; at least one must be".to_owned()));
        }
        let mut seen = HashSet::new();
        for (at, layer) in params.layers.iter().enumerate() {
            if !architecture.has(layer) {
                return Err(ParamProblem::at(format!("layers[{at}]"), no_such_layer(architecture, layer)));
            }
            if !seen.insert(layer) {
                return Err(ParamProblem::at(
                    format!("layers[{at}]"),
                    format!("layer `{layer}` stands twice; name each once"),
                ));
            }
        }
        Ok(())
    }

    fn entries(Params(params): &Params) -> Vec<String> {
        params.layers.clone()
    }

    fn narrow(Params(mut params): Params, entries: &[String]) -> Params {
        params.layers.retain(|layer| entries.contains(layer));
        Params(params)
    }
}

fn no_such_layer(architecture: &Architecture, layer: &str) -> String {
    let (listed, inner): (Vec<&str>, Vec<&str>) =
        architecture.layers().partition(|name| name.matches('.').count() <= LISTED_DOTS);
    let hint = nearest(layer, architecture.layers()).map_or(String::new(), |name| format!("did you mean `{name}`? "));
    let more = inner.first().map_or(String::new(), |name| format!(", and {} within, such as {name}", inner.len()));
    format!("{} has no layer `{layer}`; {hint}there are {}{more}", architecture.name, listed.join(", "))
}

#[cfg(feature = "torch")]
mod compute {
    use std::fs::File;
    use std::io::Read;
    use std::path::Path;

    use safetensors::Dtype;
    use tch::Tensor;

    use super::{ExtractLayer, Params, Pool, RANDOM, Written};
    use crate::device;
    use crate::kind::{Compute, KindError, MatrixSink, Run};
    use crate::nets::catalogue::{self, Architecture};
    use crate::nets::init;
    use crate::nets::input::Input;
    use crate::nets::network::Network;
    use crate::nets::stream::{Feed, stream};
    use crate::nets::weights::{self, Weights};
    use crate::value::codec::{self, Archive};
    use crate::value::decode::Decoder;
    use crate::value::images::PixelState;
    use crate::value::lineage::Lineage;
    use crate::value::matrix;
    use crate::value::network;

    impl Compute for ExtractLayer {
        fn run(Params(params): Params, run: &mut Run<'_>) -> Result<(), KindError> {
            let architecture = catalogue::describe(&params.model).expect("`check` found the model");
            let layers: Vec<&str> = params.layers.iter().map(String::as_str).collect();
            let images = run.images("images")?;
            let shapes = row_shapes(architecture, &layers, images.about.size, params.pool)?;
            let (weights, lineage) = tensors(&params, architecture, &layers, run)?;
            let device = device::tensor_device(device::resolve(run.device)?);
            if images.about.size != (architecture.size, architecture.size) && params.weights.as_deref() != Some(RANDOM)
            {
                let (height, width) = images.about.size;
                let size = architecture.size;
                run.note(format!("images are {height} × {width}; {} was trained at {size} × {size}", params.model));
            }

            let mut sinks: Vec<MatrixSink> = Vec::with_capacity(layers.len());
            for (layer, shape) in layers.iter().zip(&shapes) {
                let about = matrix::About {
                    stimuli: Some(images.about.stimuli.clone()),
                    columns: None,
                    row_shape: shape.clone(),
                    lineage: lineage.clone(),
                };
                let columns = shape.iter().product();
                sinks.push(run.open_matrix("activations", Some(layer), &about, images.len(), columns)?);
            }

            let network = device::guard(|| Network::load(architecture, &layers, &weights, device))?;
            drop(weights);
            let decoder = Decoder::open(&images, &run.sources)?;
            let applied = match images.about.state {
                PixelState::Unit => None,
                PixelState::Normalised { mean, std } => Some((mean, std)),
            };
            let input = Input::new(architecture, applied);
            let (height, width) = images.about.size;
            let feed = Feed {
                images: images.len(),
                size: images.about.size,
                batch: run.batch,
                device,
                decode: move |range: std::ops::Range<usize>| {
                    let pixels = decoder.rows(&range.collect::<Vec<_>>())?;
                    Ok(input.prepare(&pixels, height * width))
                },
            };
            stream(
                network,
                feed,
                |output| params.pool.apply(output),
                |range, outputs| {
                    for ((layer, sink), rows) in layers.iter().zip(&mut sinks).zip(outputs) {
                        if let Some(at) = rows.iter().position(|x| !x.is_finite()) {
                            let row = range.start + at / (rows.len() / range.len());
                            return Err(KindError::new(format!(
                                "layer `{layer}` gives {} for stimulus `{}`; activations must be finite numbers (do the \
                             weights and the images' normalisation fit the network?)",
                                rows[at],
                                images.about.stimuli.get(row).name
                            )));
                        }
                        sink.write(rows)?;
                    }
                    run.progress(range.end as u64, images.len() as u64, "images");
                    Ok(())
                },
            )?;
            sinks.into_iter().try_for_each(MatrixSink::finish)
        }
    }

    /// The shape of each layer's rows, or why these images do not fit.
    fn row_shapes(
        architecture: &Architecture,
        layers: &[&str],
        size: (usize, usize),
        pool: Pool,
    ) -> Result<Vec<Vec<usize>>, KindError> {
        let shape = |layer: &&str| {
            let shape = architecture.shape(layer, size).ok_or_else(|| {
                let least = architecture.minimum(layer).unwrap_or(architecture.size);
                KindError::new(format!(
                    "`images` are {} × {} but layer `{layer}` of {} needs {least} × {least}; smaller ones leave it \
                     nothing to look at",
                    size.0, size.1, architecture.name
                ))
            })?;
            pool.shape(layer, shape)
        };
        layers.iter().map(shape).collect()
    }

    impl Pool {
        /// The shape of a row after pooling.
        fn shape(self, layer: &str, mut shape: Vec<usize>) -> Result<Vec<usize>, KindError> {
            if let &[channels, height, width] = shape.as_slice() {
                match self {
                    Self::None => {}
                    Self::Mean | Self::Max => shape.truncate(1),
                    Self::Grid(side) if side.get() <= height && side.get() <= width => {
                        shape = vec![channels, side.get(), side.get()];
                    }
                    Self::Grid(side) => {
                        return Err(KindError::new(format!(
                            "layer `{layer}` gives maps of {height} × {width} but `pool` asks for a grid of {side} × \
                             {side}; a grid cannot be finer than the map"
                        )));
                    }
                }
            }
            Ok(shape)
        }

        fn apply(self, output: Tensor) -> Tensor {
            if output.dim() != 4 {
                return output;
            }
            match self {
                Self::None => output,
                Self::Mean => output.mean_dim([2, 3].as_slice(), false, output.kind()),
                Self::Max => output.amax([2, 3], false),
                Self::Grid(side) => output.adaptive_avg_pool2d([side.get() as i64; 2]),
            }
        }
    }

    /// The tensors that the layers need, from a file, a generator or the port, and what they have seen.
    fn tensors(
        params: &Written,
        architecture: &Architecture,
        layers: &[&str],
        run: &Run<'_>,
    ) -> Result<(Weights, Lineage), KindError> {
        match (params.weights.as_deref(), run.has("network")) {
            (Some(_), true) => Err(KindError::new("`weights` and `network` are both given; a network has one set")),
            (None, false) => Err(KindError::new(
                "neither `weights` nor `network` is given; name a .safetensors file or `random`, or connect a network",
            )),
            (Some(RANDOM), false) => Ok((init::random(architecture, layers, params.seed), Lineage::default())),
            (Some(_), false) => {
                let path = run.file("weights").0;
                let archive = open(path)?;
                let weights = weights::gather(architecture, layers, &archive.names(), |name| archive.get(name))
                    .map_err(|problem| format!("{}: {problem}", path.display()))?;
                Ok((weights, Lineage::default()))
            }
            (None, true) => {
                let network = run.network("network")?;
                let network::About { architecture: given, lineage } = network.about;
                if given != architecture.name {
                    return Err(KindError::new(format!(
                        "`network` is a {given} but `model` is {}; they must be the same",
                        architecture.name
                    )));
                }
                let names: Vec<&str> = network.tensors.keys().map(String::as_str).collect();
                let weights = weights::gather(architecture, layers, &names, |name| {
                    let array = network.tensors.get(name)?;
                    Some((Dtype::F32, array.shape(), codec::bytes_of(array.as_slice()?)))
                })
                .map_err(|problem| format!("`network`: {problem}"))?;
                Ok((weights, lineage))
            }
        }
    }

    fn open(path: &Path) -> Result<Archive, KindError> {
        Archive::open_foreign(path).map_err(|error| {
            let mut start = [0; 2];
            let read = File::open(path).and_then(|mut file| file.read_exact(&mut start));
            // PyTorch saves zip archives, and used to save pickles.
            let hint = if read.is_ok() && matches!(&start, b"PK" | b"\x80\x02") {
                "; it looks like PyTorch's own format, which Python turns into one: \
                 safetensors.torch.save_file(torch.load(\"x.pth\"), \"x.safetensors\")"
            } else {
                ""
            };
            KindError::new(format!("{error}{hint}"))
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kind::Kind;

    fn normalise(params: serde_json::Value) -> Result<serde_json::Value, String> {
        Kind::described::<ExtractLayer>("features").normalise(params).map_err(|e| format!("{}: {}", e.path, e.message))
    }

    #[test]
    fn layers_are_checked_against_the_architecture() {
        let wrong = |model: &str, layers: &[&str]| {
            normalise(json!({"model": model, "weights": "random", "layers": layers})).expect_err("it is wrong")
        };
        let error = wrong("squeezenet1_1", &["features.13"]);
        assert!(
            error.starts_with(
                "layers[0]: squeezenet1_1 has no layer `features.13`; did you mean `features.12`? there are features, \
                 features.0, features.1"
            ) && error.ends_with("classifier.3, and 48 within, such as features.3.squeeze"),
            "{error}"
        );
        assert!(wrong("resnet50", &["layer3.6"]).contains("did you mean `layer3.5`?"));
        assert_eq!(wrong("resnet50", &["fc", "fc"]), "layers[1]: layer `fc` stands twice; name each once");
        assert_eq!(wrong("resnet50", &[]), "layers: no layer is named; at least one must be");
        assert_eq!(
            wrong("resnet51", &["fc"]),
            "model: no model `resnet51`; did you mean `resnet50`? there are resnet50, squeezenet1_1"
        );
    }

    #[test]
    fn the_seed_matters_to_random_weights_alone() {
        let kind = Kind::described::<ExtractLayer>("features");
        let significant = |weights: &str| {
            let params = json!({"model": "resnet50", "weights": weights, "layers": ["fc"], "seed": 5});
            kind.significant(&kind.normalise(params).expect("it checks"))
        };
        assert_eq!(significant("random").get("seed"), Some(&json!(5)));
        assert_eq!(significant("x.safetensors").get("seed"), None);
        assert!(!significant("random").contains_key("pool"), "neutral values stay out of keys");
        assert!(kind.draws());
    }

    #[test]
    fn each_layer_is_an_entry_of_its_own() {
        let kind = Kind::described::<ExtractLayer>("features");
        let params =
            json!({"model": "resnet50", "weights": "random", "layers": ["layer4", "layer1"], "pool": {"grid": 2}});
        let params = kind.normalise(params).expect("it checks");
        assert_eq!(kind.entries(&params), ["layer4", "layer1"]);
        let narrow = kind.narrow(&params, &["layer1".to_owned()]);
        assert_eq!(kind.normalise(narrow.clone()), Ok(narrow.clone()));
        assert_eq!((&narrow["layers"], &narrow["pool"]), (&json!(["layer1"]), &json!({"grid": 2})));
    }

    #[test]
    fn files_and_words_are_told_apart() {
        let kind = Kind::described::<ExtractLayer>("features");
        let files = |weights: serde_json::Value| {
            kind.files(&json!({"model": "resnet50", "weights": weights, "layers": ["fc"]})).len()
        };
        assert_eq!([files(json!("x.safetensors")), files(json!("random")), files(json!(null))], [1, 0, 0]);
        assert!(normalise(json!({"model": "resnet50", "layers": ["fc"], "pool": {"grid": 0}})).is_err());
        assert!(normalise(json!({"model": "resnet50", "layers": ["fc"], "pol": "mean"})).is_err());
        let example: serde_yaml::Value = serde_yaml::from_str(ExtractLayer::EXAMPLE).expect("YAML");
        let with = serde_json::to_value(&example["layers"]["with"]).expect("JSON");
        assert!(normalise(with).is_ok());
    }
}

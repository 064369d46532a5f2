//! Activations of named layers of a network, for every image.

use std::collections::HashSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind::ahead::{self, Ahead, Known, Misfit};
use crate::kind::{Arity, Input, NodeKind, Output, ParamProblem, Threads};
use crate::nets::weights::given::Given;
use crate::nets::zoo::catalogue;
use crate::nets::zoo::catalogue::Architecture;
use crate::nodes::features::model::Model;
use crate::nodes::features::options::{PRETRAINED, Precision, TRAINED, Written};
use crate::text::nearest::nearest;
use crate::value::ty::Type;

/// The kind `extract_layer`.
pub struct ExtractLayer;

/// How deep the names are that an error lists: `layer1.0`, not `layer1.0.conv1`.
const LISTED_DOTS: usize = 1;

/// Parameters in which the seed is 0 unless it matters, so that a recipe's seed does not rerun given weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(from = "Written")]
pub struct Params(Written);

impl From<Written> for Params {
    fn from(mut written: Written) -> Self {
        if !written.weights.as_ref().is_some_and(Given::is_random) {
            written.seed = 0;
        }
        Self(written)
    }
}

impl NodeKind for ExtractLayer {
    const NAME: &'static str = "extract_layer";
    const VERSION: u32 = 2;
    const ABOUT: &'static str = "\
Activations of named layers of a network, pretrained or random.

Every image passes once through the network, in evaluation mode, up to the deepest of the layers. Images are \
normalised as the architecture wants it exactly once: those that were normalised before are recognised. A row is one \
image; its columns are the layer's output in channel, height, width order, as PyTorch's `flatten` gives it.

A layer's numbers do not depend on which others are asked for, so adding one to `layers` computes that one alone. How many \
images pass at a time is measured once per machine, network and image size, and then fixed. What has been computed when a \
run is killed is there for the next one.

A TorchScript file is a program, and it is run: take one from whom you would take code. It sees images as they are \
decoded, normalised by `mean` and `std`, in 32-bit floats.";
    const EXAMPLE: &'static str = "\
layers:
  kind: extract_layer
  in: { images: it.images }
  with:
    model: resnet50
    weights: weights/resnet50-0676ba61.pth    # or random
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
            about: "a trained network instead of `weights`: of the architecture `model`, or any with `model: network`",
        },
    ];
    const ELSEWHERE: &'static [(&'static str, &'static str)] = PRETRAINED;
    const OUTPUTS: &'static [Output] = &[Output {
        name: "activations",
        ty: Type::Matrix,
        keyed: Some("layer"),
        role: None,
        about: "images × features, a matrix per layer",
    }];
    const THREADS: Threads = Threads::Team;

    fn check(Params(params): &Params) -> Result<(), ParamProblem> {
        if let Some(Err(problem)) = params.weights.as_ref().map(Given::check) {
            return Err(ParamProblem::at("weights", problem));
        }
        let architecture = match &params.model {
            Model::Named(name) if name == TRAINED => {
                if params.weights.is_some() {
                    let message = "stands beside `model: network`, which has its weights; leave it out";
                    return Err(ParamProblem::at("weights", message));
                }
                None
            }
            Model::Named(name) => Some(named(name)?),
            Model::Script(script) => {
                script.check().map_err(|(path, problem)| ParamProblem::at(path, problem))?;
                if params.weights.is_some() {
                    let message = "stands beside a TorchScript, which has its weights; leave it out";
                    return Err(ParamProblem::at("weights", message));
                }
                if params.precision == Precision::BF16 {
                    let message = "bf16 is for architectures by name; a TorchScript computes in what its file says";
                    return Err(ParamProblem::at("precision", message));
                }
                None
            }
        };
        if params.layers.is_empty() {
            return Err(ParamProblem::at("layers", "no layer is named; at least one must be".to_owned()));
        }
        let mut seen = HashSet::new();
        for (at, layer) in params.layers.iter().enumerate() {
            if let Some(architecture) = architecture.filter(|architecture| !architecture.has(layer)) {
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

    fn foresee(Params(params): &Params, ahead: &Ahead<'_>) -> Vec<ahead::Output> {
        let Some(images) = ahead.at("images") else { return Vec::new() };
        let columns = |layer: &String| {
            let shape = params.architecture()?.shape(layer, images.known.size?)?;
            Some(params.pool.shape(layer, shape).ok()?.iter().product())
        };
        let known = |layer: &String| Known { rows: images.known.rows, columns: columns(layer), ..Known::default() };
        let of_layer =
            |layer: &String| ahead::Output { port: "activations", key: Some(layer.clone()), known: known(layer) };
        params.layers.iter().map(of_layer).collect()
    }

    fn fits(Params(params): &Params, ahead: &Ahead<'_>) -> Result<(), Misfit> {
        let is_trained = matches!(&params.model, Model::Named(name) if name == TRAINED);
        if is_trained && !ahead.has("network") {
            let message = "`model: network` is the one that is connected to `network`, and none is";
            return Err(Misfit::param("model", message).help(
                "connect it under `in:`, as in `network: cnn.network`, or name an architecture and its `weights`",
            ));
        }
        let size = ahead.at("images").and_then(|arriving| arriving.known.size);
        let (Some(architecture), Some((height, width))) = (params.architecture(), size) else { return Ok(()) };
        for (at, layer) in params.layers.iter().enumerate() {
            let Some(shape) = architecture.shape(layer, (height, width)) else {
                let least = architecture.minimum(layer).unwrap_or(architecture.size);
                let message = format!(
                    "layer `{layer}` of {} needs images of {least} × {least} at least, and these are {height} × {width}",
                    architecture.name
                );
                return Err(Misfit::param(format!("layers[{at}]"), message)
                    .because("images", format!("{height} × {width} pixels")));
            };
            params.pool.shape(layer, shape).map_err(|problem| Misfit::param("pool", problem))?;
        }
        Ok(())
    }

    fn narrow(Params(mut params): Params, entries: &[String]) -> Params {
        params.layers.retain(|layer| entries.contains(layer));
        Params(params)
    }
}

impl Written {
    /// The architecture that is named, where none is trained here and none is in a file.
    fn architecture(&self) -> Option<&'static Architecture> {
        match &self.model {
            Model::Named(name) => catalogue::describe(name),
            Model::Script(_) => None,
        }
    }
}

fn named(name: &str) -> Result<&'static Architecture, ParamProblem> {
    catalogue::describe(name).ok_or_else(|| {
        let names: Vec<&str> = catalogue::architectures().map(|a| a.name).collect();
        let hint = nearest(name, names.iter().copied());
        let hint = hint.map_or(String::new(), |name| format!("did you mean `{name}`? "));
        let file =
            name.rsplit('.').next().is_some_and(|extension| ["pt", "pth", "ts", "torchscript"].contains(&extension));
        let file = if file { format!("; for a file, write `model: {{ torchscript: {name} }}`") } else { String::new() };
        ParamProblem::at("model", format!("no model `{name}`; {hint}there are {}{file}", names.join(", ")))
    })
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
    use std::ops::Range;
    use std::time::{Duration, Instant};

    use rayon::iter::{IndexedParallelIterator, IntoParallelRefMutIterator, ParallelIterator};
    use tch::Tensor;

    use crate::kind::{Compute, KindError, MatrixSink, Run};
    use crate::libtorch;
    use crate::nets::input::Input;
    use crate::nodes::features::extract_layer::{ExtractLayer, Params};
    use crate::nodes::features::loaded::Loaded;
    use crate::nodes::features::options::{Pool, Precision, Written};
    use crate::runtime::pipeline::{Feed, Forward, stream};
    use crate::value::decode::Decoder;
    use crate::value::images::{Images, PixelState};
    use crate::value::lineage::Lineage;
    use crate::value::matrix;
    use crate::value::stimuli::Stimuli;

    /// Images per batch that any machine has memory for; also those by which a coarser precision is judged.
    const LEAST_BATCH: usize = 4;
    /// Time after which what was computed is marked: at most so much is lost to a kill.
    const BETWEEN_MARKS: Duration = Duration::from_millis(500);

    impl Compute for ExtractLayer {
        fn run(Params(params): Params, run: &mut Run<'_>) -> Result<(), KindError> {
            let layers: Vec<&str> = params.layers.iter().map(String::as_str).collect();
            let images = run.images("images")?;
            let device = libtorch::tensor_device(libtorch::resolve(run.device)?);
            let loaded = Loaded::open(&params, &layers, images.about.size, device, run)?;
            let size = loaded.size.unwrap_or(images.about.size);
            if let Some(squashed) = images.squashed(size) {
                run.note(squashed);
            }
            let pooled =
                layers.iter().zip(&loaded.shapes).map(|(layer, shape)| params.pool.shape(layer, shape.clone()));
            let shapes: Vec<Vec<usize>> = pooled.collect::<Result<_, _>>()?;

            let row: usize = shapes.iter().map(|shape| shape.iter().product::<usize>()).sum();
            check_disk(&params, images.len(), row, run)?;
            let advice = "`pool`, fewer layers at a time, or smaller images need less";
            run.reserve(loaded.needed(size, row, LEAST_BATCH), advice)?;
            let tf32 = params.precision == Precision::TF32 && device != tch::Device::Cpu;
            libtorch::set_tf32(tf32);
            let kind = if params.precision == Precision::BF16 { tch::Kind::BFloat16 } else { tch::Kind::Float };
            let network = loaded.network(&layers, device, kind)?;
            let precision = serde_json::to_value(params.precision).expect("a word");
            let precision = precision.as_str().expect("a word");
            let batch = loaded.batch(&*network, size, precision, device, run)?;
            run.reserve(loaded.needed(size, row, batch), advice)?;

            let (mut sinks, first) = open(&params, &layers, &shapes, &images, (&loaded.lineage, batch), run)?;

            let decode = decoding(&images, &loaded, size, run)?;
            if (tf32 || kind == tch::Kind::BFloat16) && !images.is_empty() {
                let few: Vec<f32> = decode(0..images.len().min(LEAST_BATCH))?;
                let sides = [-1, size.0 as i64, size.1 as i64, 3];
                let few = Tensor::from_slice(&few).to_device(device).view(sides).permute([0, 3, 1, 2]);
                let exact = loaded.network(&layers, device, tch::Kind::Float)?;
                let off = libtorch::guard(|| differences(&*network, &*exact, &few, tf32)).flatten()?;
                let off: Vec<String> =
                    layers.iter().zip(off).map(|(layer, off)| format!("{layer} {off:.1e}")).collect();
                run.note(format!(
                    "{precision} against f32 on the first images, largest difference over largest activation: {}",
                    off.join(", ")
                ));
            }
            drop(loaded);
            let feed = Feed { images: images.len(), first, size, batch, device, decode };
            let (halved, halvings) = std::sync::mpsc::channel();
            let mut marked = Instant::now();
            let mut written = first;
            stream(
                network,
                feed,
                |output| params.pool.apply(output),
                move |most| _ = halved.send(most),
                |range, outputs| {
                    // Side by side, since one layer's bytes wait for the disk while another's are hashed; the first of
                    // several failures is told, whichever came first.
                    let passed: Vec<Result<(), KindError>> = sinks
                        .par_iter_mut()
                        .zip(outputs)
                        .zip(&layers)
                        .map(|(((sink, done), rows), layer)| {
                            finite(layer, rows, &range, &images.about.stimuli)?;
                            // Where one layer is further than another, its rows are known already.
                            if range.start >= *done { sink.write(rows) } else { Ok(()) }
                        })
                        .collect();
                    passed.into_iter().collect::<Result<(), _>>()?;
                    written = range.end;
                    if marked.elapsed() > BETWEEN_MARKS {
                        marked = Instant::now();
                        for (sink, _) in sinks.iter_mut().filter(|(_, done)| written > *done) {
                            sink.mark()?;
                        }
                    }
                    if let Some(most) = halvings.try_iter().last() {
                        run.note(format!(
                            "the device ran out of memory with batches of {batch}; they pass in parts of {most} at most"
                        ));
                    }
                    run.progress(range.end as u64, images.len() as u64, "images");
                    Ok::<_, KindError>(())
                },
            )?;
            libtorch::set_tf32(false);
            sinks.into_iter().try_for_each(|(sink, _)| sink.finish())
        }
    }

    /// What gives a range of images as the network wants them, height × width × channels each.
    fn decoding(
        images: &Images,
        loaded: &Loaded,
        size: (usize, usize),
        run: &Run<'_>,
    ) -> Result<impl Fn(Range<usize>) -> Result<Vec<f32>, String> + Send + use<>, KindError> {
        let decoder = Decoder::open_at(images, &run.sources, size)?;
        let applied = match images.about.state {
            PixelState::Unit => None,
            PixelState::Normalised { mean, std } => Some((mean, std)),
        };
        let input = Input::new(loaded.normalisation, applied).ordered(loaded.order);
        Ok(move |range: Range<usize>| {
            let pixels = decoder.rows(&range.collect::<Vec<_>>())?;
            Ok(input.prepare(&pixels, size.0 * size.1))
        })
    }

    /// Opens a matrix a layer, each after the rows that an earlier run left of it; and the first row that one of them lacks.
    fn open(
        params: &Written,
        layers: &[&str],
        shapes: &[Vec<usize>],
        images: &Images,
        (lineage, batch): (&Lineage, usize),
        run: &mut Run<'_>,
    ) -> Result<(Vec<(MatrixSink, usize)>, usize), KindError> {
        let mut sinks = Vec::with_capacity(layers.len());
        for (layer, shape) in layers.iter().zip(shapes) {
            let about = matrix::About {
                stimuli: Some(images.about.stimuli.clone()),
                columns: None,
                row_shape: shape.clone(),
                lineage: lineage.clone(),
            };
            let size = (images.len(), shape.iter().product());
            let detail = format!("batches of {batch}");
            sinks.push(run.resume_matrix(("activations", Some(layer)), &about, params.stored, size, &detail)?);
        }
        let first = sinks.iter().map(|(_, done)| *done).min().unwrap_or(0);
        if first > 0 {
            run.note(format!("{first} of {} images had passed before a run was stopped", images.len()));
        }
        Ok((sinks, first))
    }

    /// How far a network in coarser floats is from the exact one, by layer.
    fn differences(coarse: &dyn Forward, exact: &dyn Forward, few: &Tensor, tf32: bool) -> Result<Vec<f64>, String> {
        let coarse = coarse.outputs(few)?;
        libtorch::set_tf32(false);
        let exact = exact.outputs(few)?;
        libtorch::set_tf32(tf32);
        Ok(coarse.iter().zip(&exact).map(|(a, b)| difference(a, b)).collect())
    }

    /// The largest difference of two tensors over the largest number of the second.
    fn difference(a: &Tensor, b: &Tensor) -> f64 {
        let largest = b.abs().max().double_value(&[]);
        if largest == 0.0 { 0.0 } else { (a - b).abs().max().double_value(&[]) / largest }
    }

    /// Refuses what is no number, by the stimulus that it came of.
    fn finite(layer: &str, rows: &[f32], range: &Range<usize>, stimuli: &Stimuli) -> Result<(), KindError> {
        let Some(at) = rows.iter().position(|x| !x.is_finite()) else { return Ok(()) };
        let row = range.start + at / (rows.len() / range.len());
        Err(KindError::new(format!(
            "layer `{layer}` gives {} for stimulus `{}`; activations must be finite numbers (do the weights and the images' \
             normalisation fit the network?)",
            rows[at],
            stimuli.get(row).name
        )))
    }

    /// Refuses activations that the disk has no room for, before any is computed.
    fn check_disk(params: &Written, images: usize, row: usize, run: &Run<'_>) -> Result<(), KindError> {
        let (needed, free) = ((images * row * params.stored.size()) as u64, run.host.disk());
        if needed <= free {
            return Ok(());
        }
        Err(KindError::new(format!(
            "{images} images × {row} activations take {:.1} GB of disk, but the cache has {:.1} GB free; `pool`, `stored: \
             f16` or fewer layers take less, and `keep: false` gives the space back when their readers are done",
            needed as f64 / 1e9,
            free as f64 / 1e9
        )))
    }

    impl Pool {
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
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kind::Kind;
    use crate::nodes::golden::{Golden, Sample};
    use crate::nodes::samples;
    use crate::nodes::testing::inputs;

    impl Golden for ExtractLayer {
        fn golden() -> Sample {
            let layers = json!(["features.0", "features.3"]);
            let params = json!({ "model": "squeezenet1_1", "weights": "random", "seed": 2, "layers": layers });
            (inputs().value("images", &samples::pictures()), params)
        }
    }

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
        let error = wrong("resnet51", &["fc"]);
        assert!(
            error.starts_with("model: no model `resnet51`; did you mean `resnet50`? there are alexnet, convnext_base"),
            "{error}"
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
    fn what_is_meant_in_a_file_counts_and_its_path_does_not() {
        let kind = Kind::described::<ExtractLayer>("features");
        let significant = |weights: serde_json::Value| {
            let params = json!({"model": "resnet50", "weights": weights, "layers": ["fc"]});
            let params = kind.normalise(params).expect("it checks");
            let files: Vec<String> = kind.files(&params).into_iter().map(|(name, _)| name).collect();
            (files, kind.significant(&params).get("weights").cloned())
        };
        let plain = (vec!["weights".to_owned()], None);
        assert_eq!(significant(json!("x.pth")), plain);
        assert_eq!(significant(json!({ "path": "x.pth" })), plain);
        let within = |rest| (vec!["weights.path".to_owned()], Some(rest));
        assert_eq!(significant(json!({ "path": "x.pth", "key": "ema" })), within(json!({ "key": "ema" })));
        assert_eq!(significant(json!({ "path": "y.pth", "prefix": "q" })), within(json!({ "prefix": "q." })));
        let params = json!({"model": "resnet50", "weights": { "path": "random", "key": "a" }, "layers": ["fc"]});
        assert!(kind.normalise(params).expect_err("it is drawn").message.starts_with("`random` draws weights"));
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
        assert_eq!(files(json!({ "path": "x.pth", "key": "teacher" })), 1);
        assert!(normalise(json!({"model": "resnet50", "layers": ["fc"], "pool": {"grid": 0}})).is_err());
        assert!(normalise(json!({"model": "resnet50", "layers": ["fc"], "pol": "mean"})).is_err());
        let example: serde_yaml::Value = serde_yaml::from_str(ExtractLayer::EXAMPLE).expect("YAML");
        let with = serde_json::to_value(&example["layers"]["with"]).expect("JSON");
        assert!(normalise(with).is_ok());
    }
}

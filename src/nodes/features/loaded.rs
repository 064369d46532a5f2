//! The network of an extraction, ready to be put on a device: an architecture with its weights, or a program.

use std::sync::Arc;

use tch::{Device, Kind};

use crate::digest::Digest;
use crate::formats::checkpoint::Stored;
use crate::formats::checkpoint::script::Script;
use crate::formats::element;
use crate::formats::element::Element;
use crate::kind::{KindError, Run};
use crate::libtorch;
use crate::nets::blueprint::HEADS;
use crate::nets::graph::Graph;
use crate::nets::init;
use crate::nets::input::{ChannelOrder, Normalisation};
use crate::nets::weights;
use crate::nets::weights::Weights;
use crate::nets::weights::given::Given;
use crate::nets::zoo::catalogue;
use crate::nets::zoo::catalogue::Architecture;
use crate::nodes::features::extraction;
use crate::nodes::features::model::Model;
use crate::nodes::features::options::{TRAINED, Written};
use crate::nodes::training::fit::trained::Rebuilt;
use crate::runtime::network::Network;
use crate::runtime::pipeline::Forward;
use crate::runtime::torchscript::ScriptNetwork;
use crate::text::nearest::nearest;
use crate::value::codec;
use crate::value::lineage::Lineage;
use crate::value::network;

/// The file parameter of a program.
const SCRIPT: &str = "model.torchscript";

/// What gives the layers asked for.
pub struct Loaded {
    network: Source,
    /// The shape of each layer's output for one image.
    pub shapes: Vec<Vec<usize>>,
    /// What its weights were fitted on.
    pub lineage: Lineage,
    pub normalisation: Normalisation,
    pub order: ChannelOrder,
    /// The size of images that it takes, where it takes no other than it was trained on.
    pub size: Option<(usize, usize)>,
}

enum Source {
    Graph {
        graph: Box<Graph>,
        name: String,
        weights: Weights,
    },
    Script {
        network: Arc<ScriptNetwork>,
        digest: Digest,
        bytes: u64,
        /// Whether several images pass at a time.
        together: bool,
    },
}

impl Loaded {
    /// Reads what the parameters name. Errors tell of files, layers and tensors that do not fit, and of images that do not.
    pub fn open(
        params: &Written,
        layers: &[&str],
        size: (usize, usize),
        device: Device,
        run: &mut Run<'_>,
    ) -> Result<Self, KindError> {
        match &params.model {
            Model::Named(name) if name == TRAINED => Self::trained(layers, run),
            Model::Named(name) => {
                let architecture = catalogue::describe(name).expect("`check` found the model");
                let shapes = shapes(architecture, layers, size)?;
                let (weights, lineage) = tensors(params, architecture, layers, run)?;
                let side = architecture.size;
                if size != (side, side) && !params.weights.as_ref().is_some_and(Given::is_random) {
                    run.note(format!("images are {} × {}; {name} was trained at {side} × {side}", size.0, size.1));
                }
                let normalisation = (architecture.mean, architecture.std);
                let graph = Box::new(architecture.graph().clone());
                let network = Source::Graph { graph, name: name.clone(), weights };
                Ok(Self { network, shapes, lineage, normalisation, order: ChannelOrder::Rgb, size: None })
            }
            Model::Script(given) => {
                if run.has("network") {
                    return Err(KindError::new(
                        "`model` is a TorchScript, which has its weights, but `network` is connected too",
                    ));
                }
                let (path, digest) = run.file(SCRIPT);
                let script = Script::open(path)?;
                let network = Arc::new(ScriptNetwork::load(&script, layers, device)?);
                let shapes = network.shapes(size, device)?;
                if !shapes.together {
                    run.note(format!("{} takes one image at a time, and more slowly so", script.name));
                }
                let (bytes, together) = (script.bytes(), shapes.together);
                let (normalisation, order) = (given.normalisation(), given.channel_order);
                let (network, lineage) = (Source::Script { network, digest, bytes, together }, Lineage::default());
                Ok(Self { network, shapes: shapes.each, lineage, normalisation, order, size: None })
            }
        }
    }

    /// The network at the port, by the layers that its training gave it.
    fn trained(layers: &[&str], run: &Run<'_>) -> Result<Self, KindError> {
        if !run.has("network") {
            return Err(KindError::new("`model` is `network`, the one that is connected, but none is"));
        }
        let network = run.network("network")?;
        let rebuilt = Rebuilt::of(&network)?;
        let (height, width) = rebuilt.size;
        let all = rebuilt.graph.shapes(height, width);
        let known = rebuilt.layers();
        let shape = |layer: &&str| {
            let wire = known.contains(layer).then(|| rebuilt.graph.wire(layer)).flatten();
            wire.and_then(|wire| all[wire].clone()).ok_or_else(|| {
                let hint = nearest(layer, known.iter().copied());
                let hint = hint.map_or(String::new(), |name| format!("did you mean `{name}`? "));
                KindError::new(format!("the network has no layer `{layer}`; {hint}there are {}", known.join(", ")))
            })
        };
        let shapes = layers.iter().map(shape).collect::<Result<_, _>>()?;
        let name = format!("{} {}", network.about.architecture, run.arrivals("network")[0].digest);
        Ok(Self {
            shapes,
            lineage: network.about.lineage,
            normalisation: rebuilt.normalisation,
            order: ChannelOrder::Rgb,
            size: Some(rebuilt.size),
            network: Source::Graph { graph: Box::new(rebuilt.graph), name, weights: rebuilt.weights },
        })
    }

    /// Bytes of memory of a pass in batches, whose rows have so many numbers.
    pub fn needed(&self, size: (usize, usize), row: usize, batch: usize) -> u64 {
        match &self.network {
            Source::Graph { graph, .. } => extraction::needed(graph, size, row, batch),
            Source::Script { bytes, .. } => {
                let widest = self.shapes.iter().map(|shape| shape.iter().product()).max().unwrap_or(0);
                extraction::needed_by_script(*bytes, size, widest, row, batch)
            }
        }
    }

    /// Puts it on a device, computing in floats of a kind.
    pub fn network(&self, layers: &[&str], device: Device, kind: Kind) -> Result<Box<dyn Forward>, String> {
        match &self.network {
            Source::Graph { graph, weights, .. } => {
                let network = libtorch::guard(|| Network::load_for_features(graph, layers, weights, device, kind))?;
                Ok(Box::new(network))
            }
            Source::Script { network, .. } => Ok(Box::new(Arc::clone(network))),
        }
    }

    /// The batch that is fastest on this machine.
    pub fn batch(
        &self,
        network: &dyn Forward,
        size: (usize, usize),
        precision: &str,
        device: Device,
        run: &mut Run<'_>,
    ) -> Result<usize, KindError> {
        match &self.network {
            Source::Graph { name, .. } => extraction::batch(name, network, size, precision, device, run),
            Source::Script { together: false, .. } => Ok(1),
            Source::Script { digest, .. } => {
                extraction::batch(&format!("TorchScript {digest}"), network, size, precision, device, run)
            }
        }
    }
}

/// The shape of each layer's output, or why these images do not fit.
fn shapes(architecture: &Architecture, layers: &[&str], size: (usize, usize)) -> Result<Vec<Vec<usize>>, KindError> {
    let shape = |layer: &&str| {
        architecture.shape(layer, size).ok_or_else(|| {
            let least = architecture.minimum(layer).unwrap_or(architecture.size);
            KindError::new(format!(
                "`images` are {} × {} but layer `{layer}` of {} needs {least} × {least}; smaller ones leave it nothing \
                 to look at",
                size.0, size.1, architecture.name
            ))
        })
    };
    layers.iter().map(shape).collect()
}

/// The tensors that the layers need, from a file, a generator or the port, and what they have seen.
fn tensors(
    params: &Written,
    architecture: &Architecture,
    layers: &[&str],
    run: &mut Run<'_>,
) -> Result<(Weights, Lineage), KindError> {
    match (&params.weights, run.has("network")) {
        (Some(_), true) => Err(KindError::new("`weights` and `network` are both given; a network has one set")),
        (None, false) => Err(KindError::new(
            "neither `weights` nor `network` is given; name a file of weights or `random`, or connect a network",
        )),
        (Some(given), false) if given.is_random() => {
            Ok((init::random(architecture, layers, params.seed), Lineage::default()))
        }
        (Some(given), false) => {
            let path = run.file(given.parameter()).0;
            let taken = weights::file::read(path, given.asked(), architecture, layers)?;
            taken.notes.iter().for_each(|note| run.note(note));
            Ok((taken.weights, Lineage::default()))
        }
        (None, true) => {
            let network = run.network("network")?;
            let network::About { architecture: given, lineage, trained } = network.about;
            if given != architecture.name {
                return Err(KindError::new(format!(
                    "`network` is a {given} but `model` is {}; they must be the same",
                    architecture.name
                )));
            }
            // Its heads are no part of the architecture.
            let own = |name: &&str| trained.is_none() || !HEADS.iter().any(|head| name.starts_with(head));
            let names: Vec<&str> = network.tensors.keys().map(String::as_str).filter(own).collect();
            let weights = weights::gather(architecture, layers, &names, |name| {
                let array = network.tensors.get(name)?;
                Some(Stored {
                    element: Element::little(element::Kind::Float, 4),
                    shape: array.shape(),
                    strides: None,
                    bytes: codec::bytes_of(array.as_slice()?),
                })
            })
            .map_err(|problem| format!("`network`: {problem}"))?;
            Ok((weights, lineage))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::{Path, PathBuf};

    use ndarray::Array2;
    use serde::Deserialize;
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::nodes::features::extract_layer::ExtractLayer;
    use crate::nodes::fixtures::fixture;
    use crate::nodes::saved::Saved;
    use crate::nodes::testing::{Outputs, inputs, stimuli};
    use crate::value::Value;
    use crate::value::images::Images;

    /// What tests/fixtures/make_torchscript.py got in Python of a layer for the same images.
    #[derive(Deserialize)]
    struct Theirs {
        shape: Vec<usize>,
        numbers: Vec<f32>,
    }

    fn theirs(program: &str) -> BTreeMap<String, Theirs> {
        let text = std::fs::read_to_string(fixture("torchscript.json")).expect("a fixture");
        let mut all: BTreeMap<String, BTreeMap<String, Theirs>> = serde_json::from_str(&text).expect("JSON");
        all.remove(program).expect("it is described")
    }

    fn program(name: &str) -> PathBuf {
        fixture(&format!("torchscript_{name}.pt"))
    }

    fn extract(path: &Path, layers: &[&str], side: usize, more: Json) -> Result<Outputs, KindError> {
        let pixels = (0..2 * side * side * 3).map(|k: usize| ((k * k) / 97 % 256) as u8).collect();
        let images = Value::Images(Images::rendered(stimuli(2), (side, side), pixels));
        let mut params = json!({ "model": { "torchscript": path }, "layers": layers });
        for (name, value) in more.as_object().expect("a map") {
            params[name] = value.clone();
        }
        inputs().value("images", &images).file(SCRIPT, path.to_owned()).run::<ExtractLayer>(params)
    }

    fn refusal(path: &Path, layers: &[&str], side: usize) -> String {
        match extract(path, layers, side, json!({})) {
            Ok(_) => panic!("{} passes", path.display()),
            Err(error) => error.message,
        }
    }

    #[test]
    fn every_layer_gives_what_it_gives_in_python() {
        for (name, passed_over) in [("traced", vec![]), ("scripted", vec![]), ("frozen", vec!["stem"])] {
            let theirs = theirs(name);
            let layers: Vec<&str> =
                theirs.keys().map(String::as_str).filter(|layer| !passed_over.contains(layer)).collect();
            assert!(layers.len() > 1);
            let made = extract(&program(name), &layers, 8, json!({})).expect("it runs");
            for layer in &layers {
                let Theirs { shape, numbers } = &theirs[*layer];
                let matrix = made.matrix_of("activations", layer);
                assert_eq!(&matrix.about.row_shape, shape, "{name}: {layer}");
                let ours: Vec<f32> = matrix.as_slice().to_vec();
                let scale = numbers.iter().fold(0_f32, |most, x| most.max(x.abs()));
                for (at, &number) in numbers.iter().enumerate() {
                    let own = ours[at * (ours.len() - 1) / 15];
                    assert!((own - number).abs() <= 1e-5 * scale, "{name}: {layer}: {own} for {number}");
                }
                // Alone, where the program ends early, the numbers are the same.
                let alone = extract(&program(name), &[layer], 8, json!({})).expect("it runs");
                assert_eq!(
                    alone.matrix_of("activations", layer).view().to_owned(),
                    matrix.view().to_owned(),
                    "{name}: {layer}"
                );
            }
        }
    }

    /// What a layer gives with weights from a file, and what is said of them.
    fn with_weights(path: &Path, weights: Json) -> Result<(Array2<f32>, Vec<String>), KindError> {
        let pixels = (0..2 * 32 * 32 * 3).map(|k: usize| ((k * k) / 97 % 256) as u8).collect();
        let images = Value::Images(Images::rendered(stimuli(2), (32, 32), pixels));
        let params = json!({ "model": "squeezenet1_1", "layers": ["features.3.squeeze"], "weights": weights });
        let inputs = inputs().value("images", &images);
        let inputs = inputs.file("weights", path.to_owned()).file("weights.path", path.to_owned());
        let made = inputs.run::<ExtractLayer>(params)?;
        Ok((made.matrix_of("activations", "features.3.squeeze").view().to_owned(), made.notes))
    }

    #[test]
    fn a_network_among_others_gives_what_it_gives_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let squeezenet = catalogue::describe("squeezenet1_1").expect("it ships");
        let state = |prefix: &str, seed| {
            let named = init::random(squeezenet, &["features.3.squeeze"], seed).into_iter();
            Saved::dict(named.map(|(name, t)| (format!("{prefix}{name}"), Saved::Tensor(t.shape, t.data))))
        };
        let put = |name: &str, saved: Saved| {
            std::fs::write(folder.path().join(name), saved.bytes()).expect("written");
            folder.path().join(name)
        };
        let extract = |path: &Path, more: Json| {
            let mut weights = json!({ "path": path });
            weights.as_object_mut().expect("a map").extend(more.as_object().expect("a map").clone());
            with_weights(path, weights).expect("it runs")
        };
        let [raw, other] = [1, 2].map(|seed| extract(&put(&format!("{seed}.pth"), state("", seed)), json!({})).0);
        assert_ne!(raw, other);
        let path = put("dino.pth", Saved::dict([("student", state("module.b.", 2)), ("teacher", state("b.", 1))]));
        let (taken, notes) = extract(&path, json!({}));
        assert_eq!(taken, raw);
        assert!(notes[0].starts_with("dino.pth: tensors are taken from under `b.` in key `teacher`"), "{notes:?}");
        assert_eq!(extract(&path, json!({ "key": "student" })).0, other);
        assert_eq!(extract(&path, json!({ "prefix": "module.b." })).0, other);
        let error = with_weights(&path, json!({ "path": path, "key": "x" })).expect_err("it has none").message;
        assert!(
            error.contains("dino.pth: has no tensors under key `x`; tensors stand under `student`, `teacher`"),
            "{error}"
        );
    }

    #[test]
    fn images_are_normalised_as_the_recipe_says() {
        let run = |model: Json| {
            let made = extract(&program("traced"), &["stem"], 8, json!({ "model": model })).expect("it runs");
            made.matrix_of("activations", "stem").view().to_owned()
        };
        let path = program("traced");
        let usual = run(json!({ "torchscript": path }));
        assert_eq!(
            run(json!({ "torchscript": path, "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225] })),
            usual
        );
        let bare = run(json!({ "torchscript": path, "mean": null, "std": null }));
        let half = run(json!({ "torchscript": path, "mean": null, "std": [0.5, 0.5, 0.5] }));
        let reversed = run(json!({ "torchscript": path, "mean": null, "std": null, "channel_order": "bgr" }));
        // A convolution is linear but for its bias: twice the pixels are twice the way from what none gives.
        let none = run(json!({ "torchscript": path, "mean": null, "std": [1e9, 1e9, 1e9] }));
        let far = |a: &ndarray::Array2<f32>, b: &ndarray::Array2<f32>| (a - b).mapv(f32::abs).sum();
        assert!(far(&usual, &bare) > 1.0 && far(&reversed, &bare) > 1.0);
        assert!(far(&(&half - &none), &((&bare - &none) * 2.0)) < 1e-3);
        let pooled =
            extract(&program("traced"), &["stem"], 8, json!({ "pool": "mean", "stored": "f16" })).expect("it runs");
        assert_eq!(pooled.matrix_of("activations", "stem").about.row_shape, [4]);
    }

    #[test]
    fn what_is_not_to_be_had_is_told_with_what_is() {
        let error = refusal(&program("traced"), &["layer1.0.conv3"], 8);
        assert_eq!(
            error,
            "torchscript_traced.pt has no layer `layer1.0.conv3` to be had; there are `output` of the whole, and stem, \
             layer1, layer1.0, layer1.1, head, and 4 within, such as layer1.0.conv1; a layer is a module that the program \
             calls and that gives one tensor"
        );
        let error = refusal(&program("frozen"), &["stem"], 8);
        assert!(
            error.contains("there are `output.0`, `output.2` of the whole, and no module of it (frozen"),
            "{error}"
        );
        // It gives two tensors; a list of modules is never called.
        for layer in ["pair", "blocks", "output.", "output.a\"b"] {
            let error = refusal(&program("scripted"), &[layer], 8);
            assert!(error.contains(&format!("has no layer `{layer}` to be had")), "{error}");
            assert!(
                error.contains("`output.KEY` of the whole, by its dictionary's keys, and stem, blocks.0"),
                "{error}"
            );
        }
        let error = refusal(&program("scripted"), &["aux"], 8);
        assert!(error.contains("layer `aux` of torchscript_scripted.pt is not given for these images"), "{error}");
        let error = refusal(&program("scripted"), &["output.aux"], 8);
        assert!(error.contains("layer `output.aux` of torchscript_scripted.pt is not given"), "{error}");
        let error = refusal(&program("traced"), &["stem", "head"], 16);
        assert_eq!(
            error,
            "an image of 16 × 16 does not pass: torchscript_traced.pt: libtorch: mat1 and mat2 shapes cannot be multiplied \
             (1x256 and 64x5)"
        );
    }

    #[test]
    fn files_that_are_no_programs_are_told_what_they_are() {
        for (name, words) in [
            ("weights_zip.pth", "holds tensors but no program: a state dict"),
            ("weights_legacy.pth", "is no TorchScript; torch.jit.script(model).save(FILE)"),
            ("weights_half.safetensors", "is no TorchScript"),
            ("weights_model.pth", "holds tensors but no program"),
            ("v73.mat", "is no TorchScript"),
        ] {
            let error = refusal(&fixture(name), &["output"], 8);
            assert!(error.starts_with(name) && error.contains(words), "{error}");
        }
    }

    #[test]
    fn damaged_programs_are_refused_in_words() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("net.pt");
        let whole = std::fs::read(program("traced")).expect("a fixture");
        let refused = |bytes: &[u8]| {
            std::fs::write(&path, bytes).expect("written");
            extract(&path, &["stem"], 8, json!({})).err().map(|error| error.message)
        };
        for length in (0..whole.len()).step_by(997) {
            let error = refused(&whole[..length]).expect("it is cut");
            assert!(error.starts_with("net.pt is "), "{length}: {error}");
        }
        // Bytes here and there: it is refused in words, or what is hit does not matter.
        for at in (0..whole.len()).step_by(331) {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x5a;
            if let Some(error) = refused(&bytes) {
                assert!(error.contains("net.pt") && !error.contains("internal error"), "{at}: {error}");
            }
        }
        assert_eq!(refused(&whole), None);
    }
}

//! A trained network from its value: rebuilt, run on images, and its layers.

use std::collections::BTreeMap;
use std::path::PathBuf;

use ndarray::Array2;
use tch::{Device, Kind};

use crate::digest::Digest;
use crate::libtorch;
use crate::nets::blueprint::{Blueprint, CLASSES, RESPONSES};
use crate::nets::graph::Graph;
use crate::nets::input::{Input, Normalisation};
use crate::nets::weights::{Tensor, Weights};
use crate::runtime::network;
use crate::runtime::pipeline::{Feed, stream};
use crate::value::decode::Decoder;
use crate::value::images::{Images, PixelState};
use crate::value::network::Network;

/// A trained network, ready to be put on a device.
pub struct Rebuilt {
    pub blueprint: Blueprint,
    pub graph: Graph,
    pub weights: Weights,
    /// Height and width of the images that it takes.
    pub size: (usize, usize),
    pub normalisation: Normalisation,
}

/// What a trained network gives for images, a row per image.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outputs {
    /// Images × units, in the order of `Trained::units`; absent where it was not trained on responses.
    pub responses: Option<Array2<f32>>,
    /// Images × classes, in the order of `Trained::classes`; absent where it was not trained on labels.
    pub probabilities: Option<Array2<f32>>,
}

impl Rebuilt {
    /// Rebuilds a network that a training made. Errors tell what is not of such a network.
    pub fn of(network: &Network) -> Result<Self, String> {
        let Some(trained) = &network.about.trained else {
            return Err(format!("the network ({}) was not trained here; it has no heads", network.about.architecture));
        };
        let blueprint: Blueprint = serde_json::from_value(trained.blueprint.clone())
            .map_err(|e| format!("the network's description does not read: {e}"))?;
        let graph = blueprint.graph(trained.size)?;
        let weights: Weights = network
            .tensors
            .iter()
            .map(|(name, array)| {
                (name.clone(), Tensor { shape: array.shape().to_vec(), data: array.iter().copied().collect() })
            })
            .collect();
        for step in crate::nets::weights::needed(&graph, &blueprint.outputs()) {
            for (part, shape) in step.op.tensors() {
                let name = step.tensor(part);
                match weights.get(&name) {
                    Some(tensor) if tensor.shape == shape => {}
                    Some(tensor) => return Err(format!("tensor {name} is {:?}, not {shape:?}", tensor.shape)),
                    None => return Err(format!("tensor {name} is absent")),
                }
            }
        }
        Ok(Self { blueprint, graph, weights, size: trained.size, normalisation: (trained.mean, trained.std) })
    }

    /// The layers that can be extracted: those whose tensors it holds.
    pub fn layers(&self) -> Vec<&str> {
        let wires: Vec<usize> = self.blueprint.outputs().iter().filter_map(|layer| self.graph.wire(layer)).collect();
        let needed = self.graph.needed(&wires);
        self.graph.layers().filter(|(_, wire)| *wire == 0 || needed[wire - 1]).map(|(name, _)| name).collect()
    }

    /// How images become what it sees.
    pub fn input(&self, images: &Images) -> Input {
        Input::new(self.normalisation, applied(images))
    }
}

/// The normalisation that images come with.
fn applied(images: &Images) -> Option<Normalisation> {
    match images.about.state {
        PixelState::Unit => None,
        PixelState::Normalised { mean, std } => Some((mean, std)),
    }
}

/// What a trained network gives for all images, in evaluation mode and 32-bit floats. Images of another size are resized to
/// that which it was trained on. `sources` tells where what the images refer to lies; `batch` images pass at a time.
pub fn predict(
    network: &Network,
    images: &Images,
    sources: &BTreeMap<Digest, PathBuf>,
    device: Device,
    batch: usize,
) -> Result<Outputs, String> {
    let rebuilt = Rebuilt::of(network)?;
    let decoder = Decoder::open_at(images, sources, rebuilt.size)?;
    let input = rebuilt.input(images);
    let (height, width) = rebuilt.size;
    let decode = move |range: std::ops::Range<usize>| {
        let pixels = decoder.rows(&range.collect::<Vec<_>>())?;
        Ok(input.prepare(&pixels, height * width))
    };
    let layers = rebuilt.blueprint.outputs();
    let ready =
        libtorch::guard(|| network::Network::load_as(&rebuilt.graph, &layers, &rebuilt.weights, device, Kind::Float))?;
    let feed = Feed { images: images.len(), first: 0, size: rebuilt.size, batch, device, decode };
    let mut rows: Vec<Vec<f32>> = vec![Vec::new(); layers.len()];
    stream(
        Box::new(ready),
        feed,
        |output| output,
        |_| (),
        |_, outputs: &[Vec<f32>]| {
            for (all, some) in rows.iter_mut().zip(outputs) {
                all.extend_from_slice(some);
            }
            Ok::<_, String>(())
        },
    )?;
    let mut outputs = Outputs::default();
    for (layer, numbers) in layers.into_iter().zip(rows) {
        let heads = [(RESPONSES, &rebuilt.blueprint.responses), (CLASSES, &rebuilt.blueprint.classes)];
        let head = heads.into_iter().find(|(name, _)| *name == layer).and_then(|(_, head)| head.as_ref());
        let width = head.expect("an output has a head").outputs;
        let array = Array2::from_shape_vec((images.len(), width), numbers).expect("a row per image");
        if layer == RESPONSES { outputs.responses = Some(array) } else { outputs.probabilities = Some(array) }
    }
    Ok(outputs)
}

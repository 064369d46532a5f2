//! Norms.

use rand_chacha::ChaCha12Rng;

use crate::nets::op::operation::{Learning, Operation};

/// Shift and scale per channel by running statistics; ε is added to the variance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BatchNorm {
    pub channels: usize,
    pub epsilon: f64,
}

/// Per position, to mean 0 and variance 1 over the features, then scale and shift. The features are the last axis, or
/// the channels of maps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LayerNorm {
    pub features: usize,
    pub maps: bool,
}

/// A batch norm's tensors: scale, shift, mean and variance.
pub const NORM: [&str; 4] = ["weight", "bias", "running_mean", "running_var"];
/// The constant ε of every layer norm here.
pub const LAYER_NORM_EPSILON: f64 = 1e-6;

impl Operation for BatchNorm {
    fn tensors(&self) -> Vec<(&'static str, Vec<usize>)> {
        NORM.map(|name| (name, vec![self.channels])).to_vec()
    }

    fn shape(&self, inputs: &[&[usize]]) -> Option<Vec<usize>> {
        Some(inputs[0].to_vec())
    }

    fn draw(&self, part: &str, shape: &[usize], _: &mut ChaCha12Rng) -> Vec<f32> {
        identity(part, shape)
    }

    fn learning(&self, part: &str) -> Learning {
        if part.starts_with("running") { Learning::Fixed } else { Learning::Decayed }
    }
}

impl Operation for LayerNorm {
    fn tensors(&self) -> Vec<(&'static str, Vec<usize>)> {
        vec![("weight", vec![self.features]), ("bias", vec![self.features])]
    }

    fn shape(&self, inputs: &[&[usize]]) -> Option<Vec<usize>> {
        Some(inputs[0].to_vec())
    }

    fn draw(&self, part: &str, shape: &[usize], _: &mut ChaCha12Rng) -> Vec<f32> {
        identity(part, shape)
    }
}

/// Norms start as an identity: mean 0, variance 1, scale 1, shift 0.
fn identity(part: &str, shape: &[usize]) -> Vec<f32> {
    vec![if matches!(part, "weight" | "running_var") { 1.0 } else { 0.0 }; shape.iter().product()]
}

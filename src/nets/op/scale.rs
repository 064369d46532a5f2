//! Products with numbers of its own.

use rand_chacha::ChaCha12Rng;

use crate::nets::op::operation::Operation;

/// A product with numbers of its own, one a feature: along the channels of maps, or the last axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// The tensor's name.
    pub part: &'static str,
    pub features: usize,
    pub maps: bool,
    /// What each starts as.
    pub init: f32,
}

impl Operation for Scale {
    fn tensors(&self) -> Vec<(&'static str, Vec<usize>)> {
        vec![(self.part, if self.maps { vec![self.features, 1, 1] } else { vec![self.features] })]
    }

    fn shape(&self, inputs: &[&[usize]]) -> Option<Vec<usize>> {
        Some(inputs[0].to_vec())
    }

    fn draw(&self, _: &str, shape: &[usize], _: &mut ChaCha12Rng) -> Vec<f32> {
        vec![self.init; shape.iter().product()]
    }
}

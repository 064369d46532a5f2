//! Patches as tokens, and attention among them.

use rand_chacha::ChaCha12Rng;

use crate::nets::op::draw::normal;
use crate::nets::op::operation::Operation;

/// Maps to n × (1 + height · width) × channels: a token before them, and a number of its own added to each.
///
/// How patches become tokens: the tensors' names, and the square grid of patches that positions were learned for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tokens {
    pub class: &'static str,
    pub position: &'static str,
    pub features: usize,
    pub grid: usize,
    /// Whether other grids are taken, with positions interpolated (bicubic).
    pub interpolate: bool,
}

/// Multi-head attention (Vaswani et al. 2017, arXiv:1706.03762) from queries, keys and values side by side, n × tokens
/// × 3 features, to n × tokens × features.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Attention {
    pub heads: usize,
}

impl Operation for Tokens {
    fn tensors(&self) -> Vec<(&'static str, Vec<usize>)> {
        let (features, grid) = (self.features, self.grid);
        vec![(self.class, vec![1, 1, features]), (self.position, vec![1, 1 + grid * grid, features])]
    }

    fn shape(&self, inputs: &[&[usize]]) -> Option<Vec<usize>> {
        let first = inputs[0];
        (self.interpolate || first[1..] == [self.grid; 2]).then(|| vec![1 + first[1] * first[2], self.features])
    }

    fn draw(&self, part: &str, shape: &[usize], rng: &mut ChaCha12Rng) -> Vec<f32> {
        let count = shape.iter().product();
        if part == self.class { vec![0.0; count] } else { normal(0.02, count, rng) }
    }
}

impl Operation for Attention {
    fn shape(&self, inputs: &[&[usize]]) -> Option<Vec<usize>> {
        Some(vec![inputs[0][0], inputs[0][1] / 3])
    }
}

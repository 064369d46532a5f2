//! What is done to each number alone.

use crate::nets::op::operation::Operation;

/// What is done to each number alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    Relu,
    /// min(max(x, 0), 6).
    Relu6,
    /// x · min(max(x + 3, 0), 6) / 6.
    HardSwish,
    /// min(max(x + 3, 0), 6) / 6.
    HardSigmoid,
    /// x / (1 + exp(−x)).
    Silu,
    Sigmoid,
    /// x · Φ(x), the normal distribution function, not its approximation.
    Gelu,
    /// x where positive, else exp(x) − 1.
    Elu,
}

impl Operation for Activation {
    fn shape(&self, inputs: &[&[usize]]) -> Option<Vec<usize>> {
        Some(inputs[0].to_vec())
    }
}

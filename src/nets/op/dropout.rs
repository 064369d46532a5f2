//! Noise of training.

use crate::nets::op::operation::Operation;

/// Sets each number to zero with this probability in training; does nothing in evaluation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dropout {
    pub rate: f64,
}

impl Operation for Dropout {
    fn shape(&self, inputs: &[&[usize]]) -> Option<Vec<usize>> {
        Some(inputs[0].to_vec())
    }

    fn is_fresh(&self) -> bool {
        false
    }
}

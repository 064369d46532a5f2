//! One wire of several.

use crate::nets::op::operation::Operation;

/// The sum of two wires of one shape.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Add;

impl Operation for Add {
    fn shape(&self, inputs: &[&[usize]]) -> Option<Vec<usize>> {
        Some(inputs[0].to_vec())
    }
}

/// The product of two wires, the first n × channels × 1 × 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gate;

impl Operation for Gate {
    fn shape(&self, inputs: &[&[usize]]) -> Option<Vec<usize>> {
        Some(inputs[1].to_vec())
    }
}

/// Wires of one height and width, channel after channel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Concat;

impl Operation for Concat {
    fn shape(&self, inputs: &[&[usize]]) -> Option<Vec<usize>> {
        Some(vec![inputs.iter().map(|shape| shape[0]).sum(), inputs[0][1], inputs[0][2]])
    }
}

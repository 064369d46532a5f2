//! What an operation computes, with its tensors at hand.

use tch::Tensor;

use crate::nets::op::Op;

/// A step's tensors, by the last part of their names.
pub struct Tensors(Vec<(&'static str, Tensor)>);

impl Tensors {
    /// What `get` gives for every tensor of an operation.
    pub fn of(op: &Op, get: impl Fn(&str) -> Tensor) -> Self {
        Self(op.tensors().into_iter().map(|(part, _)| (part, get(part))).collect())
    }

    /// A weight, and a bias if there is one.
    pub fn weighted(weight: Tensor, bias: Option<Tensor>) -> Self {
        Self(std::iter::once(("weight", weight)).chain(bias.map(|bias| ("bias", bias))).collect())
    }

    /// A tensor that the operation has.
    pub fn get(&self, part: &str) -> &Tensor {
        self.find(part).expect("a tensor of the operation's")
    }

    /// One that it may have.
    pub fn find(&self, part: &str) -> Option<&Tensor> {
        self.0.iter().find(|(name, _)| *name == part).map(|(_, tensor)| tensor)
    }
}

/// The arithmetic of an operation.
pub trait Arithmetic {
    /// Its output for the wires it reads, in evaluation.
    fn run(&self, tensors: &Tensors, inputs: Vec<Tensor>) -> Tensor;

    /// The same in training, where noise and a batch's own statistics play a part; gradients flow where they are turned on.
    fn train(&self, tensors: &Tensors, inputs: Vec<Tensor>) -> Tensor {
        self.run(tensors, inputs)
    }

    /// Whether it multiplies inputs by weights: what coarser floats make fast, and what heads share last.
    fn multiplies(&self) -> bool {
        false
    }
}

/// The only wire of an operation that reads one.
pub fn only(inputs: Vec<Tensor>) -> Tensor {
    inputs.into_iter().next().expect("every step reads a wire")
}

/// The wires of an operation that reads two.
pub fn both(inputs: Vec<Tensor>) -> [Tensor; 2] {
    inputs.try_into().expect("the step reads two wires")
}

//! Fully connected steps.

use tch::Tensor;

use crate::nets::op::linear::Linear;
use crate::runtime::kernel::arithmetic::{Arithmetic, Tensors, only};

impl Arithmetic for Linear {
    fn run(&self, tensors: &Tensors, inputs: Vec<Tensor>) -> Tensor {
        let [weight, bias] = self.parts.map(|part| tensors.get(part));
        only(inputs).linear(weight, Some(bias))
    }

    fn multiplies(&self) -> bool {
        true
    }
}

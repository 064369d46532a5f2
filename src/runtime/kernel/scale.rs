//! Products with numbers of its own.

use tch::Tensor;

use crate::nets::op::scale::Scale;
use crate::runtime::kernel::arithmetic::{Arithmetic, Tensors, only};

impl Arithmetic for Scale {
    fn run(&self, tensors: &Tensors, inputs: Vec<Tensor>) -> Tensor {
        only(inputs) * tensors.get(self.part)
    }
}

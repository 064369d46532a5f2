//! Noise of training.

use tch::Tensor;

use crate::nets::op::dropout::Dropout;
use crate::runtime::kernel::arithmetic::{Arithmetic, Tensors, only};

impl Arithmetic for Dropout {
    fn run(&self, _: &Tensors, inputs: Vec<Tensor>) -> Tensor {
        only(inputs)
    }

    fn train(&self, _: &Tensors, inputs: Vec<Tensor>) -> Tensor {
        only(inputs).dropout(self.rate, true)
    }
}

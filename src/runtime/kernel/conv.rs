//! Convolutions by libtorch.

use tch::Tensor;

use crate::nets::op::conv::Conv;
use crate::runtime::kernel::arithmetic::{Arithmetic, Tensors, only};

impl Arithmetic for Conv {
    fn run(&self, tensors: &Tensors, inputs: Vec<Tensor>) -> Tensor {
        let padding = self.padding.map(|side| side as i64);
        let (weight, bias) = (tensors.get("weight"), tensors.find("bias"));
        only(inputs).conv2d(weight, bias, [self.stride as i64; 2], padding, [1, 1], self.groups as i64)
    }

    fn multiplies(&self) -> bool {
        true
    }
}

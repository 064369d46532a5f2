//! What is done to each number alone.

use tch::Tensor;

use crate::nets::op::activation::Activation;
use crate::runtime::kernel::arithmetic::{Arithmetic, Tensors, only};

impl Arithmetic for Activation {
    fn run(&self, _: &Tensors, inputs: Vec<Tensor>) -> Tensor {
        let x = only(inputs);
        match self {
            Activation::Relu => x.relu(),
            Activation::Relu6 => x.clamp(0.0, 6.0),
            Activation::HardSwish => x.hardswish(),
            Activation::HardSigmoid => x.hardsigmoid(),
            Activation::Silu => x.silu(),
            Activation::Sigmoid => x.sigmoid(),
            Activation::Gelu => x.gelu("none"),
            Activation::Elu => x.elu(),
        }
    }
}

/// The same, over its input.
pub fn overwrite(activation: Activation, x: &mut Tensor) -> Tensor {
    match activation {
        Activation::Relu => x.relu_(),
        Activation::Relu6 => x.clamp_(0.0, 6.0),
        Activation::HardSwish => x.hardswish_(),
        Activation::HardSigmoid => x.hardsigmoid_(),
        Activation::Silu => x.silu_(),
        Activation::Sigmoid => x.sigmoid_(),
        Activation::Gelu => x.gelu_("none"),
        Activation::Elu => x.elu_(),
    }
}

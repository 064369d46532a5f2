//! One wire of several.

use tch::Tensor;

use crate::nets::op::join::{Add, Concat, Gate};
use crate::runtime::kernel::arithmetic::{Arithmetic, Tensors, both};

impl Arithmetic for Add {
    fn run(&self, _: &Tensors, inputs: Vec<Tensor>) -> Tensor {
        let [a, b] = both(inputs);
        a + b
    }
}

impl Arithmetic for Gate {
    fn run(&self, _: &Tensors, inputs: Vec<Tensor>) -> Tensor {
        let [a, b] = both(inputs);
        a * b
    }
}

impl Arithmetic for Concat {
    fn run(&self, _: &Tensors, inputs: Vec<Tensor>) -> Tensor {
        Tensor::cat(&inputs, 1)
    }
}

/// ReLU on the way into the concatenation: the same numbers as one after the other, with half the traffic.
pub fn concat_relu(inputs: &[Tensor]) -> Tensor {
    let (n, _, height, width) = inputs[0].size4().expect("maps have four axes");
    let channels: i64 = inputs.iter().map(|x| x.size()[1]).sum();
    let whole =
        Tensor::empty([n, height, width, channels], (inputs[0].kind(), inputs[0].device())).permute([0, 3, 1, 2]);
    let mut from = 0;
    for x in inputs {
        let count = x.size()[1];
        let _ = x.clamp_min_out(&whole.narrow(1, from, count), 0.0);
        from += count;
    }
    whole
}

//! Norms.

use tch::Tensor;

use crate::nets::op::norm::{BatchNorm, LAYER_NORM_EPSILON, LayerNorm, NORM};
use crate::runtime::kernel::arithmetic::{Arithmetic, Tensors, only};
use crate::runtime::kernel::layout::last;

/// How much of a batch's mean and variance enters the running ones (PyTorch's default).
const MOMENTUM: f64 = 0.1;

impl Arithmetic for BatchNorm {
    fn run(&self, tensors: &Tensors, inputs: Vec<Tensor>) -> Tensor {
        let [weight, bias, mean, variance] = NORM.map(|part| Some(tensors.get(part)));
        only(inputs).batch_norm(weight, bias, mean, variance, false, 0.0, self.epsilon, true)
    }

    /// By the batch's own statistics, which enter the running ones.
    fn train(&self, tensors: &Tensors, inputs: Vec<Tensor>) -> Tensor {
        let [weight, bias, mean, variance] = NORM.map(|part| Some(tensors.get(part)));
        only(inputs).batch_norm(weight, bias, mean, variance, true, MOMENTUM, self.epsilon, true)
    }
}

impl Arithmetic for LayerNorm {
    fn run(&self, tensors: &Tensors, inputs: Vec<Tensor>) -> Tensor {
        let (weight, bias) = (tensors.get("weight"), tensors.get("bias"));
        let norm = |x: &Tensor| x.layer_norm(weight.size(), Some(weight), Some(bias), LAYER_NORM_EPSILON, true);
        let x = only(inputs);
        if self.maps { norm(&last(&x)).permute([0, 3, 1, 2]) } else { norm(&x) }
    }
}

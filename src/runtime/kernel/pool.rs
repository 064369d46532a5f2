//! Numbers over windows of maps.

use tch::Tensor;

use crate::nets::op::pool::{AveragePool, AverageWindow, MaxPool};
use crate::runtime::kernel::arithmetic::{Arithmetic, Tensors, only};

impl Arithmetic for MaxPool {
    fn run(&self, _: &Tensors, inputs: Vec<Tensor>) -> Tensor {
        let [kernel, stride, padding] = [self.kernel, self.stride, self.padding].map(|x| [x as i64; 2]);
        only(inputs).max_pool2d(kernel, stride, padding, [1, 1], self.ceil)
    }
}

impl Arithmetic for AveragePool {
    fn run(&self, _: &Tensors, inputs: Vec<Tensor>) -> Tensor {
        only(inputs).adaptive_avg_pool2d([self.size as i64; 2])
    }
}

impl Arithmetic for AverageWindow {
    fn run(&self, _: &Tensors, inputs: Vec<Tensor>) -> Tensor {
        let [kernel, stride, padding] = [self.kernel, self.stride, self.padding].map(|x| [x as i64; 2]);
        only(inputs).avg_pool2d(kernel, stride, padding, false, true, None)
    }
}

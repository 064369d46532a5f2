//! The same numbers along other axes.

use tch::Tensor;

use crate::nets::op::layout::{ChannelsFirst, ChannelsLast, FirstToken, Flatten, Sequence};
use crate::runtime::kernel::arithmetic::{Arithmetic, Tensors, only};

impl Arithmetic for Flatten {
    fn run(&self, _: &Tensors, inputs: Vec<Tensor>) -> Tensor {
        only(inputs).flatten(1, -1)
    }
}

impl Arithmetic for ChannelsLast {
    fn run(&self, _: &Tensors, inputs: Vec<Tensor>) -> Tensor {
        last(&only(inputs))
    }
}

impl Arithmetic for ChannelsFirst {
    fn run(&self, _: &Tensors, inputs: Vec<Tensor>) -> Tensor {
        only(inputs).permute([0, 3, 1, 2])
    }
}

impl Arithmetic for Sequence {
    fn run(&self, _: &Tensors, inputs: Vec<Tensor>) -> Tensor {
        only(inputs).flatten(2, -1).transpose(1, 2)
    }
}

impl Arithmetic for FirstToken {
    fn run(&self, _: &Tensors, inputs: Vec<Tensor>) -> Tensor {
        only(inputs).select(1, 0)
    }
}

/// Maps with their channels as the last axis.
pub fn last(maps: &Tensor) -> Tensor {
    maps.permute([0, 2, 3, 1])
}

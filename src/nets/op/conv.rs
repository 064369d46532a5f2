//! Convolutions.

use rand_chacha::ChaCha12Rng;

use crate::nets::op::draw::Init;
use crate::nets::op::operation::Operation;
use crate::nets::op::windows::windows;

/// A two-dimensional convolution. Sides are height, width.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Conv {
    pub inputs: usize,
    pub outputs: usize,
    pub kernel: [usize; 2],
    pub stride: usize,
    pub padding: [usize; 2],
    pub groups: usize,
    pub bias: bool,
    pub init: Init,
}

impl Conv {
    /// A square kernel, stride 1, no padding, one group, with a bias, drawn as PyTorch draws by default.
    pub const fn new(inputs: usize, outputs: usize, kernel: usize) -> Self {
        let kernel = [kernel; 2];
        Self { inputs, outputs, kernel, stride: 1, padding: [0; 2], groups: 1, bias: true, init: Init::TORCH }
    }

    /// Zeros around the image such that stride 1 keeps its size.
    pub const fn same(self) -> Self {
        Self { padding: [self.kernel[0] / 2, self.kernel[1] / 2], ..self }
    }

    pub const fn stride(self, stride: usize) -> Self {
        Self { stride, ..self }
    }

    /// Each of so many groups of outputs sees its own group of inputs.
    pub const fn groups(self, groups: usize) -> Self {
        Self { groups, ..self }
    }

    /// Without a bias, as before a batch norm, which has one.
    pub const fn unbiased(self) -> Self {
        Self { bias: false, ..self }
    }

    pub const fn init(self, init: Init) -> Self {
        Self { init, ..self }
    }
}

impl Operation for Conv {
    fn tensors(&self) -> Vec<(&'static str, Vec<usize>)> {
        let [high, wide] = self.kernel;
        let mut tensors = vec![("weight", vec![self.outputs, self.inputs / self.groups, high, wide])];
        if self.bias {
            tensors.push(("bias", vec![self.outputs]));
        }
        tensors
    }

    fn shape(&self, inputs: &[&[usize]]) -> Option<Vec<usize>> {
        let side =
            |axis: usize| windows(inputs[0][axis + 1], self.kernel[axis], self.stride, self.padding[axis], false);
        Some(vec![self.outputs, side(0)?, side(1)?])
    }

    fn draw(&self, part: &str, shape: &[usize], rng: &mut ChaCha12Rng) -> Vec<f32> {
        let draw = if part == "bias" { self.init.bias } else { self.init.weight };
        draw.numbers(&self.tensors()[0].1, shape.iter().product(), rng)
    }
}

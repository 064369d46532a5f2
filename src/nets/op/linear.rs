//! Fully connected steps.

use rand_chacha::ChaCha12Rng;

use crate::nets::op::draw::Init;
use crate::nets::op::operation::Operation;

/// Fully connected along the last axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Linear {
    pub inputs: usize,
    pub outputs: usize,
    pub init: Init,
    /// The names of the weights and of the biases.
    pub parts: [&'static str; 2],
}

impl Linear {
    /// `weight` and `bias`, drawn as PyTorch draws by default.
    pub const fn new(inputs: usize, outputs: usize) -> Self {
        Self { inputs, outputs, init: Init::TORCH, parts: ["weight", "bias"] }
    }

    pub const fn init(self, init: Init) -> Self {
        Self { init, ..self }
    }
}

impl Operation for Linear {
    fn tensors(&self) -> Vec<(&'static str, Vec<usize>)> {
        let [weight, bias] = self.parts;
        vec![(weight, vec![self.outputs, self.inputs]), (bias, vec![self.outputs])]
    }

    fn shape(&self, inputs: &[&[usize]]) -> Option<Vec<usize>> {
        let (last, before) = inputs[0].split_last()?;
        (*last == self.inputs).then(|| [before, &[self.outputs]].concat())
    }

    fn draw(&self, part: &str, shape: &[usize], rng: &mut ChaCha12Rng) -> Vec<f32> {
        let draw = if part == self.parts[1] { self.init.bias } else { self.init.weight };
        draw.numbers(&self.tensors()[0].1, shape.iter().product(), rng)
    }
}

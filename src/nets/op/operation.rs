//! What every operation says of itself: its tensors, how they start and learn, and the shape of what it gives.

use rand_chacha::ChaCha12Rng;

/// An operation without its tensors. What it computes with them is `runtime::kernel`.
pub trait Operation {
    /// The tensors it holds: the last part of the name, and the shape.
    fn tensors(&self) -> Vec<(&'static str, Vec<usize>)> {
        Vec::new()
    }

    /// The shape of a row of its output; none where the inputs' maps are too small, or not of the size it takes.
    fn shape(&self, inputs: &[&[usize]]) -> Option<Vec<usize>>;

    /// The first numbers of one of its tensors, where none are given.
    fn draw(&self, part: &str, _shape: &[usize], _rng: &mut ChaCha12Rng) -> Vec<f32> {
        unreachable!("an operation without a tensor `{part}`")
    }

    /// How one of its tensors is trained.
    fn learning(&self, _part: &str) -> Learning {
        Learning::Decayed
    }

    /// Whether its output shares no memory with its inputs.
    fn is_fresh(&self) -> bool {
        true
    }
}

/// What training does to a tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Learning {
    /// Gradients move it, and weight decay where it is of two axes or more: biases and norms are spared.
    Decayed,
    /// Gradients alone move it.
    Spared,
    /// No gradient does.
    Fixed,
}

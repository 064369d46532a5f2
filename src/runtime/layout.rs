//! How maps lie in memory: those of a pixel side by side, which libtorch's convolutions on the CPU prefer.

use tch::Tensor;

/// The same numbers, with those of a pixel side by side in memory.
pub fn channels_last(tensor: &Tensor) -> Tensor {
    tensor.permute([0, 2, 3, 1]).contiguous().permute([0, 3, 1, 2])
}

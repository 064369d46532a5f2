//! Arrays and tensors in, arrays and tensors out: the numerics, which know no node, recipe or cache.

pub mod learn;
pub mod linear;
pub mod similarity;
pub mod tensor;
pub mod winograd;

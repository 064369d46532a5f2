//! What operations compute, a file for each family of `nets::op`: in evaluation, and in training where that differs.

mod activation;
mod arithmetic;
mod conv;
mod dropout;
mod join;
mod layout;
mod linear;
mod norm;
mod pool;
mod readout;
mod scale;
mod tokens;

use crate::nets::op::Op;
pub use crate::runtime::kernel::activation::overwrite;
pub use crate::runtime::kernel::arithmetic::{Arithmetic, Tensors, both, only};
pub use crate::runtime::kernel::join::concat_relu;
pub use crate::runtime::kernel::readout::linked;

/// The arithmetic of an operation.
pub fn kernel(op: &Op) -> &dyn Arithmetic {
    match op {
        Op::Activation(op) => op,
        Op::Add(op) => op,
        Op::Attention(op) => op,
        Op::AveragePool(op) => op,
        Op::AverageWindow(op) => op,
        Op::BatchNorm(op) => op,
        Op::ChannelsFirst(op) => op,
        Op::ChannelsLast(op) => op,
        Op::Concat(op) => op,
        Op::Conv(op) => op,
        Op::Dropout(op) => op,
        Op::Factorised(op) => op,
        Op::FirstToken(op) => op,
        Op::Flatten(op) => op,
        Op::Gate(op) => op,
        Op::Gaussian(op) => op,
        Op::LayerNorm(op) => op,
        Op::Linear(op) => op,
        Op::MaxPool(op) => op,
        Op::Scale(op) => op,
        Op::Sequence(op) => op,
        Op::Softmax(op) => op,
        Op::Tokens(op) => op,
        Op::Unscale(op) => op,
    }
}

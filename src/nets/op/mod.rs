//! The operations of networks, one file a family: parameters, shapes and first numbers. What they compute is `runtime::kernel`.

pub mod activation;
pub mod conv;
pub mod draw;
pub mod dropout;
pub mod join;
pub mod layout;
pub mod linear;
pub mod norm;
pub mod operation;
pub mod pool;
pub mod readout;
pub mod scale;
pub mod tokens;
pub mod windows;

use rand_chacha::ChaCha12Rng;

use crate::nets::op::activation::Activation;
use crate::nets::op::conv::Conv;
use crate::nets::op::dropout::Dropout;
use crate::nets::op::join::{Add, Concat, Gate};
use crate::nets::op::layout::{ChannelsFirst, ChannelsLast, FirstToken, Flatten, Sequence};
use crate::nets::op::linear::Linear;
use crate::nets::op::norm::{BatchNorm, LayerNorm};
use crate::nets::op::operation::{Learning, Operation};
use crate::nets::op::pool::{AveragePool, AverageWindow, MaxPool};
use crate::nets::op::readout::{Factorised, Gaussian, Softmax, Unscale};
use crate::nets::op::scale::Scale;
use crate::nets::op::tokens::{Attention, Tokens};

macro_rules! operations {
    // A macro, so that the variants and what is asked of each are one list.
    ($($name:ident),* $(,)?) => {
        /// What a step computes, from maps (n × channels × height × width) unless it says otherwise.
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub enum Op {
            $($name($name)),*
        }

        impl Op {
            fn operation(&self) -> &dyn Operation {
                match self {
                    $(Self::$name(operation) => operation),*
                }
            }
        }

        $(impl From<$name> for Op {
            fn from(operation: $name) -> Self {
                Self::$name(operation)
            }
        })*
    };
}

operations! {
    Activation,
    Add,
    Attention,
    AveragePool,
    AverageWindow,
    BatchNorm,
    ChannelsFirst,
    ChannelsLast,
    Concat,
    Conv,
    Dropout,
    Factorised,
    FirstToken,
    Flatten,
    Gate,
    Gaussian,
    LayerNorm,
    Linear,
    MaxPool,
    Scale,
    Sequence,
    Softmax,
    Tokens,
    Unscale,
}

impl Op {
    /// The tensors it holds: the last part of the name, and the shape.
    pub fn tensors(&self) -> Vec<(&'static str, Vec<usize>)> {
        self.operation().tensors()
    }

    /// The shape of a row of its output; none where the inputs' maps are too small, or not of the size it takes.
    pub fn shape(&self, inputs: &[&[usize]]) -> Option<Vec<usize>> {
        self.operation().shape(inputs)
    }

    /// The first numbers of one of its tensors, where none are given.
    pub fn draw(&self, part: &str, shape: &[usize], rng: &mut ChaCha12Rng) -> Vec<f32> {
        self.operation().draw(part, shape, rng)
    }

    /// How one of its tensors is trained.
    pub fn learning(&self, part: &str) -> Learning {
        self.operation().learning(part)
    }

    /// Whether its output shares no memory with its inputs.
    pub fn is_fresh(&self) -> bool {
        self.operation().is_fresh()
    }
}

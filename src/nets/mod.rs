//! Networks as data: named steps, their weights, and how a pass through them yields the layers asked for.
//!
//! What an architecture is (its layers, shapes and tensors) needs no libtorch, so that a recipe can be checked
//! without one; only `network` and `stream` compute.

pub mod catalogue;
pub mod graph;
pub mod init;
pub mod input;
#[cfg(feature = "torch")]
pub mod network;
#[cfg(all(test, feature = "torch"))]
mod parity;
mod resnet;
mod squeezenet;
#[cfg(feature = "torch")]
pub mod stream;
pub mod weights;

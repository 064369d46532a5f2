//! Networks as data: named steps, their weights, and how a pass through them yields the layers asked for.
//!
//! What an architecture is (its layers, shapes and tensors) needs no libtorch, so that a recipe can be checked
//! without one; only `network`, `trainable`, `stream`, `winograd` and `torchscript::network` compute.

#[cfg(feature = "torch")]
pub mod action;
mod alexnet;
pub mod blueprint;
pub mod catalogue;
mod convnext;
mod cornet;
mod densenet;
mod efficientnet;
pub mod graph;
mod inception;
pub mod init;
pub mod input;
mod mobilenet;
#[cfg(feature = "torch")]
pub mod network;
#[cfg(all(test, feature = "torch"))]
mod parity;
pub mod published;
mod resnet;
mod squeezenet;
#[cfg(feature = "torch")]
pub mod stream;
pub mod torchscript;
#[cfg(feature = "torch")]
pub mod trainable;
mod transformer;
mod vgg;
pub mod weights;
#[cfg(feature = "torch")]
pub mod winograd;

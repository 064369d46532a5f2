//! Networks as data: named steps, their weights, and how a pass through them yields the layers asked for.
//!
//! What an architecture is (its layers, shapes and tensors) needs no libtorch, so that a recipe can be checked
//! without one; only `network`, `trainable`, `stream`, `winograd` and `torchscript::network` compute.

pub mod blueprint;
pub mod graph;
pub mod init;
pub mod input;
pub mod learn;
pub mod torchscript;
pub mod weights;
pub mod zoo;

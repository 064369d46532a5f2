//! Networks as data: named steps, their weights, and how a pass through them yields the layers asked for.
//!
//! What an architecture is (its layers, shapes and tensors) needs no libtorch, so that a recipe can be checked
//! without one; what they compute is the room `runtime`.

pub mod blueprint;
pub mod builder;
pub mod graph;
pub mod init;
pub mod input;
pub mod learn;
pub mod op;
pub mod torchscript;
pub mod weights;
pub mod zoo;

//! Networks that run: kernels, passes that yield layers, passes with gradients.

pub mod kernel;
pub mod layout;
pub mod network;
#[cfg(test)]
mod parity;
pub mod pipeline;
#[cfg(test)]
mod tests;
pub mod torchscript;
pub mod trainable;
pub mod winograd;

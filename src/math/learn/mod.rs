//! Numerics of training: losses, optimizers, augmentation.

pub mod augment;
pub mod loss;
pub mod optim;

//! Kinds of the domain `regression`.

#[cfg(feature = "torch")]
mod gaps;
pub mod linear;
pub mod pca;
pub(super) mod ports;
#[cfg(feature = "torch")]
pub(super) mod products;
#[cfg(feature = "torch")]
pub(super) mod readout;
pub mod ridge;
#[cfg(feature = "torch")]
mod task;

#[cfg(test)]
use crate::nodes::golden::Case;
use crate::nodes::kinds::kinds;

kinds! { "regression":
    linear::Linear,
    pca::Pca,
    ridge::Ridge,
}

//! Kinds of the domain `regression`.

pub mod linear;
pub mod pca;
mod ports;
#[cfg(feature = "torch")]
mod products;
#[cfg(feature = "torch")]
pub(super) mod readout;
pub mod ridge;

#[cfg(test)]
use crate::nodes::golden::Case;
use crate::nodes::kinds::kinds;

kinds! { "regression":
    linear::Linear,
    pca::Pca,
    ridge::Ridge,
}

//! Kinds of the domain `regression`.

pub mod banded_ridge;
#[cfg(feature = "torch")]
mod gaps;
pub mod linear;
pub mod pca;
pub mod pls;
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
    banded_ridge::BandedRidge,
    linear::Linear,
    pca::Pca,
    pls::Pls,
    ridge::Ridge,
}

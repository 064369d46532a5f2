//! Kinds of the domain `regression`.

pub mod linear;
pub mod pca;
mod ports;
#[cfg(feature = "torch")]
mod products;
#[cfg(feature = "torch")]
pub(super) mod readout;
pub mod ridge;

use crate::kind::registry::Registry;
use crate::nodes::register::register;

pub(super) fn register(registry: &mut Registry) {
    register!(registry, "regression": linear::Linear, pca::Pca, ridge::Ridge);
}

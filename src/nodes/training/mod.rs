//! Networks that learn: from responses, from labels, or from both.

pub mod co_train;
#[cfg(feature = "torch")]
pub mod fit;
pub mod options;
mod parameters;
mod ports;
#[cfg(test)]
mod tests;
pub mod train_cnn;

use crate::kind::registry::Registry;
use crate::nodes::register::register;

pub(super) fn register(registry: &mut Registry) {
    register!(registry, "training": train_cnn::TrainCnn, co_train::CoTrain);
}

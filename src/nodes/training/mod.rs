//! Networks that learn: from responses, from labels, or from both.

#[cfg(feature = "torch")]
mod balance;
#[cfg(feature = "torch")]
mod checkpoint;
pub mod co_train;
#[cfg(feature = "torch")]
mod fitting;
#[cfg(feature = "torch")]
mod history;
pub mod options;
mod parameters;
#[cfg(feature = "torch")]
mod pictures;
#[cfg(feature = "torch")]
mod resuming;
#[cfg(feature = "torch")]
mod rounds;
#[cfg(feature = "torch")]
mod start;
#[cfg(feature = "torch")]
mod targets;
#[cfg(all(test, feature = "torch"))]
mod tests;
pub mod train_cnn;
#[cfg(feature = "torch")]
pub mod trained;

use crate::kind::registry::Registry;

pub(super) fn register(registry: &mut Registry) {
    crate::nodes::register!(registry, "training": train_cnn::TrainCnn, co_train::CoTrain);
}

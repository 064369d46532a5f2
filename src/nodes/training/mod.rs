//! Networks that learn: from responses, from labels, or from both.

pub mod co_train;
pub mod curves;
#[cfg(feature = "torch")]
pub mod fit;
pub mod options;
mod parameters;
mod ports;
#[cfg(test)]
mod tests;
pub mod train_cnn;

#[cfg(test)]
use crate::nodes::golden::Case;
use crate::nodes::kinds::kinds;

kinds! { "training":
    train_cnn::TrainCnn,
    co_train::CoTrain,
}

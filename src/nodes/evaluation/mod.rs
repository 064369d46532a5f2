//! Kinds of the domain `evaluation`.

pub mod agreement;
#[cfg(feature = "torch")]
mod ceiling_rows;
pub mod compare;
pub mod convention;
pub mod decode;
pub mod evaluate;
#[cfg(feature = "torch")]
pub(super) mod held_out;
pub mod noise_ceiling;
pub mod on;
#[cfg(feature = "torch")]
mod over_draws;
pub mod predict;
#[cfg(feature = "torch")]
mod scores;
pub mod select;
#[cfg(feature = "torch")]
mod sums;
#[cfg(feature = "torch")]
mod variant;

#[cfg(test)]
use crate::nodes::golden::Case;
use crate::nodes::kinds::kinds;

kinds! { "evaluation":
    agreement::Agreement,
    compare::Compare,
    decode::Decode,
    evaluate::Evaluate,
    noise_ceiling::NoiseCeiling,
    predict::Predict,
    select::Select,
}

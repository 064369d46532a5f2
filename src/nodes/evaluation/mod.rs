//! Kinds of the domain `evaluation`.

pub mod compare;
pub mod decode;
pub mod evaluate;
pub mod held_out;
pub mod noise_ceiling;
pub mod predict;
pub mod select;
#[cfg(feature = "torch")]
mod variant;

use crate::kind::registry::Registry;

pub(super) fn register(registry: &mut Registry) {
    crate::nodes::register!(registry, "evaluation":
        compare::Compare,
        decode::Decode,
        evaluate::Evaluate,
        noise_ceiling::NoiseCeiling,
        predict::Predict,
        select::Select,
    );
}

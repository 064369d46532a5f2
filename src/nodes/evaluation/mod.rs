//! Kinds of the domain `evaluation`.

pub mod compare;
pub mod decode;
pub mod evaluate;
#[cfg(feature = "torch")]
mod held_out;
pub mod noise_ceiling;
pub mod on;
pub mod predict;
pub mod select;
#[cfg(feature = "torch")]
mod variant;

use crate::kind::registry::Registry;
use crate::nodes::register::register;

pub(super) fn register(registry: &mut Registry) {
    register!(registry, "evaluation":
        compare::Compare,
        decode::Decode,
        evaluate::Evaluate,
        noise_ceiling::NoiseCeiling,
        predict::Predict,
        select::Select,
    );
}

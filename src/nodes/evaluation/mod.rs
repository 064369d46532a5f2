//! Kinds of the domain `evaluation`.

pub mod compare;
pub mod evaluate;
pub mod noise_ceiling;

use crate::registry::Registry;

pub(super) fn register(registry: &mut Registry) {
    super::register!(registry, "evaluation":
        compare::Compare,
        evaluate::Evaluate,
        noise_ceiling::NoiseCeiling,
    );
}

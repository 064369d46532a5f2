//! Kinds of the domain `data`: where stimuli, responses and features come from, and how they are split.

#[cfg(feature = "torch")]
mod alike;
mod given_ceiling;
#[cfg(feature = "torch")]
mod given_draws;
#[cfg(feature = "torch")]
mod hold_out;
#[cfg(feature = "torch")]
mod joining;
#[cfg(feature = "torch")]
mod labelled;
pub(super) mod layout;
pub mod load_features;
pub mod load_majaj;
pub mod load_recordings;
pub mod load_units;
#[cfg(feature = "torch")]
pub(super) mod named;
#[cfg(feature = "torch")]
mod per_unit;
#[cfg(feature = "torch")]
mod pictures;
#[cfg(feature = "torch")]
pub(super) mod reading;
#[cfg(feature = "torch")]
mod recorded;
#[cfg(feature = "torch")]
pub(super) mod rows;
pub mod shuffle;
pub mod split;
#[cfg(feature = "torch")]
mod synthetic;
pub mod synthetic_it;
#[cfg(test)]
pub(super) mod testing;
#[cfg(feature = "torch")]
mod whole_groups;
#[cfg(feature = "torch")]
mod without_pictures;

#[cfg(test)]
use crate::nodes::golden::Case;
use crate::nodes::kinds::kinds;

kinds! { "data":
    load_features::LoadFeatures,
    load_majaj::LoadMajaj,
    load_recordings::LoadRecordings,
    load_units::LoadUnits,
    shuffle::Shuffle,
    split::Split,
    synthetic_it::SyntheticIt,
}

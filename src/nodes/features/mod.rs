//! Kinds of the domain `features`.

pub mod concat;
pub mod extract_layer;
#[cfg(feature = "torch")]
mod extraction;
#[cfg(feature = "torch")]
mod loaded;
mod model;
pub(super) mod options;
pub mod pixels;
pub mod random_projection;
pub mod select_units;
pub mod standardize;

#[cfg(test)]
use crate::nodes::golden::Case;
use crate::nodes::kinds::kinds;

kinds! { "features":
    concat::Concat,
    extract_layer::ExtractLayer,
    pixels::Pixels,
    random_projection::RandomProjection,
    select_units::SelectUnits,
    standardize::Standardize,
}

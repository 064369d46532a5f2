//! Kinds of the domain `features`.

pub mod concat;
pub mod extract_layer;
pub mod pixels;
pub mod select_units;
pub mod standardize;

use crate::registry::Registry;

pub(super) fn register(registry: &mut Registry) {
    super::register!(registry, "features":
        concat::Concat,
        extract_layer::ExtractLayer,
        pixels::Pixels,
        select_units::SelectUnits,
        standardize::Standardize,
    );
}

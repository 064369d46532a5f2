//! The node kinds, one folder per domain and one file per kind.

#[cfg(feature = "torch")]
mod ceilings;
pub mod data;
pub mod drawn;
pub mod evaluation;
pub mod features;
#[cfg(test)]
#[path = "../../tests/fixtures/mod.rs"]
pub(crate) mod fixtures;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod kept;
mod kinds;
pub mod measures;
pub mod own;
mod parts;
pub mod regression;
#[cfg(feature = "torch")]
mod rows;
#[cfg(test)]
mod samples;
#[cfg(test)]
#[path = "../../tests/fixtures/saved.rs"]
pub(crate) mod saved;
#[cfg(feature = "torch")]
mod sides;
pub mod similarity;
#[cfg(test)]
pub mod testing;
pub mod training;

use crate::kind::registry::Registry;

/// Every kind that ships.
pub fn registry() -> Registry {
    let mut registry = Registry::new();
    data::register(&mut registry);
    features::register(&mut registry);
    regression::register(&mut registry);
    similarity::register(&mut registry);
    training::register(&mut registry);
    evaluation::register(&mut registry);
    own::register(&mut registry);
    registry
}

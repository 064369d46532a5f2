//! The node kinds, one folder per domain and one file per kind.

pub mod data;
pub mod evaluation;
pub mod features;
#[cfg(all(test, feature = "torch"))]
#[path = "../../tests/fixtures/mod.rs"]
pub(crate) mod fixtures;
#[cfg(all(test, feature = "torch"))]
mod golden;
#[cfg(all(test, feature = "torch"))]
mod kept;
pub mod regression;
#[cfg(all(test, feature = "torch"))]
pub mod testing;
pub mod training;

use crate::kind::registry::Registry;

/// Every kind that ships.
pub fn registry() -> Registry {
    let mut registry = Registry::new();
    data::register(&mut registry);
    features::register(&mut registry);
    regression::register(&mut registry);
    training::register(&mut registry);
    evaluation::register(&mut registry);
    registry
}

/// Adds kinds to a registry under the name of their domain, with their computation where this build holds it.
macro_rules! register {
    // A macro, since a function cannot require `Compute` in one build and not in the other.
    ($registry:expr, $domain:literal: $($kind:ty),* $(,)?) => {
        $(
            #[cfg(feature = "torch")]
            $registry.add($crate::kind::Kind::computed::<$kind>($domain));
            #[cfg(not(feature = "torch"))]
            $registry.add($crate::kind::Kind::described::<$kind>($domain));
        )*
    };
}
pub(crate) use register;

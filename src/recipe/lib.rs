//! Recipes: text to plan.

pub use ventral_base::{device, diagnostic, digest, stats, text};
pub use ventral_kind::{kind, plan};
pub use ventral_value::{formats, value};

#[path = "mod.rs"]
pub mod recipe;

//! Networks as data.

pub use ventral_base::{bounds, device, diagnostic, digest, stats, text};
pub use ventral_value::{formats, value};

#[path = "mod.rs"]
pub mod nets;

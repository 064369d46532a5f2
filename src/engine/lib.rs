//! Incremental execution.

pub use ventral_base::{device, diagnostic, digest, stats, system, text};
pub use ventral_kind::{kind, plan};
pub use ventral_value::{formats, value};

#[path = "mod.rs"]
pub mod engine;

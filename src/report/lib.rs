//! Report pages.

pub use ventral_base::{device, diagnostic, digest, stats, text};
pub use ventral_engine::engine;
pub use ventral_kind::{kind, plan};
pub use ventral_value::{formats, value};

#[path = "mod.rs"]
pub mod report;

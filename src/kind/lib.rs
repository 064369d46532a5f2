//! What a kind and a plan are.

pub use ventral_base::{device, diagnostic, digest, stats, system, text};
pub use ventral_value::{formats, value};

#[path = "mod.rs"]
pub mod kind;
#[path = "../plan/mod.rs"]
pub mod plan;

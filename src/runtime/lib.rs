//! Networks that run.

pub use ventral_base::{bounds, device, diagnostic, digest, stats, system, text};
pub use ventral_math::{libtorch, math};
pub use ventral_nets::nets;
pub use ventral_value::{formats, value};

#[path = "mod.rs"]
pub mod runtime;

//! Numerics with libtorch.

pub use ventral_base::{bounds, device, diagnostic, digest, stats, system, text};
pub use ventral_nets::nets;
pub use ventral_value::{formats, value};

#[path = "../libtorch/mod.rs"]
pub mod libtorch;
#[path = "mod.rs"]
pub mod math;

//! The node kinds.

// Its tests are of computations, which ventral-nodes-torch has.
#![cfg(any(not(test), feature = "torch"))]

pub use ventral_base::{bounds, device, diagnostic, digest, stats, text};
pub use ventral_kind::{kind, plan};
#[cfg(feature = "torch")]
pub use ventral_math::{libtorch, math};
pub use ventral_nets::nets;
#[cfg(feature = "torch")]
pub use ventral_runtime::runtime;
pub use ventral_value::{formats, value};

// Tests are of the computations: without them, a build for tests holds nothing, and no test needs a condition of its own.
#[cfg(any(feature = "torch", not(test)))]
#[path = "mod.rs"]
pub mod nodes;

//! Encoding-model studies of visual cortex as cached, typed recipes.

pub use ventral_base::{device, diagnostic, digest, stats, system, text};
pub use ventral_engine::engine;
pub use ventral_kind::{kind, plan};
pub use ventral_nets::nets;
pub use ventral_nodes::nodes;
pub use ventral_recipe::recipe;
pub use ventral_report::report;
pub use ventral_value::{formats, value};

#[cfg(feature = "command")]
pub mod cli;
#[cfg(feature = "command")]
pub use cli::run_with;
pub mod live;
pub mod prelude;
pub mod repl;
pub mod workspace;

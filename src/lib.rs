//! Encoding-model studies of visual cortex as cached, typed recipes.

#[cfg(feature = "command")]
pub mod cli;
pub mod contrast;
pub mod device;
pub mod diagnostic;
pub mod digest;
pub mod engine;
pub mod formats;
pub mod kind;
pub mod live;
pub mod math;
pub mod nets;
pub mod nodes;
pub mod plan;
pub mod prelude;
pub mod publish;
pub mod recipe;
pub mod registry;
pub mod repl;
pub mod report;
pub mod value;
pub mod versus;
pub mod workspace;

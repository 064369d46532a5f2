//! Incremental execution: keys, the store, the scheduler and the worker's door.

pub mod event;
pub mod executor;
pub mod files;
pub mod fingerprint;
pub mod job;
pub mod machine;
pub mod memory;
pub mod record;
#[cfg(feature = "torch")]
pub mod serve;
pub mod store;
pub mod walk;
pub mod workers;

//! Incremental execution: keys, the store, the scheduler and the worker's door.

pub mod away;
mod dispatch;
pub mod event;
pub mod executor;
pub mod files;
pub mod fingerprint;
mod leak;
pub mod machine;
mod prepare;
mod progress;
mod receipt;
pub mod record;
mod schedule;
pub mod store;
pub mod walk;
pub mod worker;

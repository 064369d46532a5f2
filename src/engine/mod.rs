//! Incremental execution: keys, the store, the scheduler and the worker's door.

pub mod event;
pub mod executor;
pub mod files;
pub mod fingerprint;
pub mod machine;
pub mod record;
pub mod store;
pub mod walk;
pub mod worker;

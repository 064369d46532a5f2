//! Below every room: numbers with limits, digests, diagnostics, devices by name, statistics and words.

pub mod bounds;
pub mod device;
pub mod diagnostic;
pub mod digest;
pub mod stats;
pub mod text;

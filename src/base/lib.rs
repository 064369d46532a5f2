//! Below every room: digests, diagnostics, devices by name, statistics and words.

pub mod device;
pub mod diagnostic;
pub mod digest;
pub mod stats;
pub mod text;

//! Below every room: numbers with limits, digests, diagnostics, devices by name, the operating system, statistics and words.

pub mod bounds;
pub mod device;
pub mod diagnostic;
pub mod digest;
pub mod stats;
pub mod system;
pub mod text;

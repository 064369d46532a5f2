//! Processes that compute: what they are told, how many there are, what memory they share.

pub mod installed;
pub mod job;
pub mod memory;
pub mod pool;
pub mod resources;

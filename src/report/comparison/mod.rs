//! Two studies beside each other.

pub mod outcome;
pub mod page;

//! How a training proceeds, as data.

pub mod looks;
pub mod rule;
pub mod schedule;

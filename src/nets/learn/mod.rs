//! How a training proceeds, as data.

pub mod schedule;

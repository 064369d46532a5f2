//! Words about numbers, and the name that was most likely meant.

pub mod amount;
pub mod nearest;
pub mod quantity;

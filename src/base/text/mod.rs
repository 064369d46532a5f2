//! Words about numbers, words for a shell, and the name that was most likely meant.

pub mod address;
pub mod amount;
pub mod markup;
pub mod matching;
pub mod nearest;
pub mod quantity;
pub mod shell;

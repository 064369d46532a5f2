//! What `synthetic_it` shows and how its units answer, in arithmetic that gives the same bytes on every machine.
//!
//! Only `+ − × ÷ √` on 64-bit floats are used, which IEEE 754 rounds alike everywhere; sines and exponentials are
//! series of our own. Every stimulus and every unit draws from a stream of its own, so threads change nothing.

mod filters;
mod fruits;
mod numbers;
mod objects;
mod pieces;
mod render;
mod shapes;
mod units;

pub use objects::{OBJECTS, category_name, object_name};
pub use render::render;
pub use units::respond;

//! What recipes may say: the JSON Schema, and the kinds in words.

pub mod kinds;
pub mod schema;

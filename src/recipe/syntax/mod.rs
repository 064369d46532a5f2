//! A recipe as text: read into a tree with places, and edited without losing comments.

pub mod edit;
pub mod read;
pub mod template;
pub mod tree;
pub mod values;

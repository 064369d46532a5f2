//! What a kind says of itself that computations of other kinds go by.

use crate::value::fit::Form;

/// What is known of a kind by its name, which lineages and fits carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Declared {
    /// Whether it chooses among models: then a test row that it looked at is no test row any more.
    pub chooses: bool,
    /// How its fits map features to predictions, where they do.
    pub fit: Option<Form>,
}

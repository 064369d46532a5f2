//! The parameter `on`: which rows are compared.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::value::split::Part;

/// Rows to compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum On {
    Train,
    Val,
    Test,
    All,
}

impl On {
    /// What the rows are called in a sentence.
    pub fn word(self) -> &'static str {
        self.part().map_or("all", Part::name)
    }

    /// The part of a split that is meant.
    pub fn part(self) -> Option<Part> {
        match self {
            Self::Train => Some(Part::Train),
            Self::Val => Some(Part::Val),
            Self::Test => Some(Part::Test),
            Self::All => None,
        }
    }
}

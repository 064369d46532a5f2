//! The parameter `on`: which rows are scored.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::nodes::parts::Asked;

/// Rows to score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum On {
    Train,
    Val,
    Test,
    Folds,
}

impl On {
    /// As a recipe writes it.
    pub fn written(self) -> &'static str {
        match self {
            Self::Folds => "folds",
            other => other.word(),
        }
    }

    /// What it asks of a split.
    pub fn asked(self) -> Asked {
        match self {
            Self::Train => Asked::Train,
            Self::Val => Asked::Val,
            Self::Test => Asked::Test,
            Self::Folds => Asked::Folds,
        }
    }

    /// What the rows are called in a sentence.
    pub fn word(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Val => "val",
            Self::Test => "test",
            Self::Folds => "held-out",
        }
    }
}

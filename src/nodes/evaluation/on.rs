//! The parameter `on`: which rows are scored.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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

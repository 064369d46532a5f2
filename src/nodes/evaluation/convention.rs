//! The parameter `convention`: whose way of taking scores and ceilings together.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Another program's way of taking units and splits together, for numbers that stand beside its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Convention {
    /// Brain-Score's: the median over units of each split, averaged over splits; r² over the ceiling.
    BrainScore,
    /// That of the course NX-414 at EPFL: the mean over units of r over the root of its ceiling.
    #[serde(rename = "nx414")]
    Nx414,
}

impl Convention {
    /// As a recipe writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::BrainScore => "brain_score",
            Self::Nx414 => "nx414",
        }
    }
}

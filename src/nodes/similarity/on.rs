//! The parameter `on`: which rows are compared.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind::ahead::{Ahead, Misfit};
use crate::nodes::parts::{Asked, Takes, refuse_absent, refuse_unconnected};
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

    /// Refuses a part of a split that is not connected, or has none.
    pub fn fits(self, ahead: &Ahead<'_>) -> Result<(), Misfit> {
        let asked = match self {
            Self::Train => Asked::Train,
            Self::Val => Asked::Val,
            Self::Test => Asked::Test,
            Self::All => return Ok(()),
        };
        refuse_unconnected("on", asked, "compare `on: all`", ahead)?;
        refuse_absent("on", asked, Takes::HoldOuts, ahead)
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

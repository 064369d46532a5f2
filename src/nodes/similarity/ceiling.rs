//! The parameter `ceiling`: whether subjects' likeness to one another bounds what is compared with them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where a ceiling is from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Ceiling {
    /// Subjects, where there are three or more.
    #[default]
    Auto,
    /// Subjects, of which three are needed.
    Subjects,
    /// None.
    None,
}

//! The rule by which a training takes its steps; `math::learn::optim` is its arithmetic.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The rule by which steps are taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Rule {
    Sgd,
    Adam,
    #[default]
    AdamW,
}

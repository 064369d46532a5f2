//! Which axis of an array of responses is which.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which axis of an array of responses is which.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Layout {
    UnitsByStimuli,
    StimuliByUnits,
}

//! A measure in draws of stimuli with replacement: what several kinds give at a port, and `agreement` reads.

#[cfg(feature = "torch")]
pub mod table;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::bounds::Whole;

/// The port.
pub const PORT: &str = "drawn";

/// Draws of stimuli with replacement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Bootstrap {
    /// How many draws.
    #[serde(default = "thousand")]
    pub draws: Whole<20, 1_000_000>,
}

fn thousand() -> Whole<20, 1_000_000> {
    Whole::new(1000)
}

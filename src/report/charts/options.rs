//! Options that several charts take.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde_json::{Map, Value as Json};

use crate::report::charts::brackets::Which;

/// Of a chart that has none.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub struct Nothing {}

/// Of a chart of scores.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub struct OfScores {
    /// The column or variable along x.
    pub x: Option<String>,
    /// The column or measure along y.
    pub y: Option<String>,
    /// Published values to draw beside one's own, by what they are called.
    #[serde(default)]
    pub reference: Published,
}

/// Of a chart of scores that were compared.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub struct OfCompared {
    /// The column or variable along x.
    pub x: Option<String>,
    /// The column or measure along y.
    pub y: Option<String>,
    /// Published values to draw beside one's own, by what they are called.
    #[serde(default)]
    pub reference: Published,
    /// Which significant differences of a comparison have brackets, six at most: those of the best variant and others (`best`, unless
    /// given), then those of any two, or none.
    #[serde(default)]
    pub brackets: Which,
}

impl OfCompared {
    /// The same without brackets.
    pub fn plain(of: &OfScores) -> Self {
        let OfScores { x, y, reference } = of;
        Self { x: x.clone(), y: y.clone(), reference: reference.clone(), brackets: Which::None }
    }
}

/// Of a chart of one measure.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub struct OfMeasure {
    /// The column or measure along y.
    pub y: Option<String>,
}

/// Of a chart of units.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub struct OfUnits {
    /// Units to show.
    #[serde(default)]
    pub units: Vec<String>,
}

/// Published values by what they are called.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(from = "Map<String, Json>")]
pub struct Published(pub Vec<(String, f64)>);

impl From<Map<String, Json>> for Published {
    fn from(map: Map<String, Json>) -> Self {
        Self(map.into_iter().filter_map(|(name, value)| Some((name, value.as_f64()?))).collect())
    }
}

impl JsonSchema for Published {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Published".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "object", "additionalProperties": { "type": "number" } })
    }
}

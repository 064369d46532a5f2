//! What a page is to answer, as its recipe asks it.

use serde::{Deserialize, Serialize};

use crate::plan::NodeIndex;

/// A question, and of which scores it is asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Question {
    pub ask: Ask,
    /// The evaluations that it is asked of, every variant.
    pub of: Vec<NodeIndex>,
    /// The measure in question; absent, that which the scores are read by first.
    pub measure: Option<String>,
}

/// What is asked. Variables are swept ones, and their values as the recipe calls them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ask {
    /// How much higher one value of a variable scores than another, over all or for each value of `by`.
    Contrast { of: String, plus: String, minus: String, by: Option<String> },
    /// Which value of a variable scores highest.
    Best(String),
    /// Whether scores rise or fall along a variable.
    Trend(String),
    /// How far the best lies above a baseline.
    Against(Baseline),
}

/// What scores are held against.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Baseline {
    /// Other evaluations of the study: their node's name, and every variant meant.
    Scores(String, Vec<NodeIndex>),
    /// A value from elsewhere.
    Published(f64),
}

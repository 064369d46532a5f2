//! Charts, one file each.

pub mod confusion;
pub mod curves;
pub mod distribution;
pub mod histogram;
pub mod learning;
pub mod overview;
pub mod pairs;
pub mod penalties;
pub mod pictures;
pub mod responses;
pub mod scatter;
pub mod stimuli;

/// The charts that a recipe may ask for.
pub const CHART_KINDS: &[&str] = &[
    "bar",
    "box",
    "confusion",
    "histogram",
    "images",
    "learning",
    "line",
    "pairs",
    "penalties",
    "profile",
    "responses",
    "scatter",
    "spectrum",
    "stimuli",
    "strip",
    "sweep",
    "violin",
];

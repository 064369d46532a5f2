//! Charts, one file each, and the one list of them.

pub mod against_ceiling;
pub mod bar;
pub mod boxes;
pub mod brackets;
pub mod chart;
pub mod confusion;
pub mod curves;
pub mod distribution;
pub mod heatmap;
pub mod histogram;
pub mod images;
pub mod learning;
pub mod line;
pub mod map;
pub mod options;
pub mod pairs;
pub mod penalties;
pub mod pictures;
pub mod profile;
pub mod rankings;
pub mod responses;
pub mod scatter;
pub mod shaded;
pub mod shades;
pub mod shares;
pub mod similarity;
pub mod spectrum;
pub mod stimuli;
pub mod strip;
pub mod sweep;
pub mod violin;

use std::sync::LazyLock;

use crate::kind::Role;
use crate::kind::chart::Charts;
use crate::report::charts::chart::Chart;

/// Every chart; where a role has two usual ones, the first.
static ALL: &[Chart] = &[
    Chart::of::<against_ceiling::AgainstCeiling>(),
    Chart::of::<bar::Bar>(),
    Chart::of::<boxes::Boxes>(),
    Chart::of::<confusion::Confusion>(),
    Chart::of::<heatmap::Heatmap>(),
    Chart::of::<histogram::Histogram>(),
    Chart::of::<images::ContactSheet>(),
    Chart::of::<learning::Learning>(),
    Chart::of::<line::Line>(),
    Chart::of::<map::Map>(),
    Chart::of::<pairs::Pairs>(),
    Chart::of::<penalties::Penalties>(),
    Chart::of::<profile::Profile>(),
    Chart::of::<rankings::Rankings>(),
    Chart::of::<responses::ResponseProfiles>(),
    Chart::of::<scatter::Scatter>(),
    Chart::of::<shares::StackedShares>(),
    Chart::of::<similarity::Similarity>(),
    Chart::of::<spectrum::Spectrum>(),
    Chart::of::<stimuli::Stimuli>(),
    Chart::of::<strip::Strip>(),
    Chart::of::<sweep::Sweep>(),
    Chart::of::<violin::Violin>(),
];

/// What recipes know of them.
pub fn charts() -> &'static Charts {
    static CHARTS: LazyLock<Charts> = LazyLock::new(|| Charts::of(ALL.iter().map(Chart::kind)));
    &CHARTS
}

/// The chart of that name.
pub fn named(name: &str) -> Option<&'static Chart> {
    ALL.iter().find(|chart| chart.name == name)
}

/// The chart that a role has where none is named.
pub fn usual(role: Role) -> Option<&'static Chart> {
    named(charts().iter().find(|chart| chart.usual.contains(&role))?.name)
}

//! Measures that several kinds give, each with its one definition.

use crate::kind::Measure;
use crate::kind::measure::{Ceiling, Part, Weight};

/// The column of ceilings beside scores.
pub const CEILING: &str = "ceiling";

pub const EXPLAINED_VARIANCE: Measure = Measure {
    name: "explained_variance",
    definition: "1 − Var(y − ŷ) / Var(y) over the scored stimuli, per unit",
    label: "explained variance",
    unit: "fraction of variance",
    sign: "EV",
    share: true,
    weight: Weight::First,
    ceiling: Ceiling::Column(CEILING),
    ..Measure::PLAIN
};

pub const EXPLAINED_VARIANCE_NC: Measure = Measure {
    name: "explained_variance_nc",
    definition: "explained_variance divided by the unit's ceiling",
    label: "noise-corrected explained variance",
    unit: "fraction of explainable variance",
    share: true,
    weight: Weight::Charted,
    ceiling: Ceiling::Corrected,
    ..Measure::PLAIN
};

pub const R: Measure = Measure {
    name: "r",
    definition: "Pearson's correlation of y and ŷ over the scored stimuli, per unit",
    label: "correlation",
    unit: "Pearson r",
    sign: "r",
    share: true,
    weight: Weight::Charted,
    ceiling: Ceiling::Root(CEILING),
    ..Measure::PLAIN
};

pub const R_NC: Measure = Measure {
    name: "r_nc",
    definition: "r divided by the square root of the unit's ceiling",
    label: "noise-corrected correlation",
    unit: "Pearson r over its ceiling",
    share: true,
    ceiling: Ceiling::Corrected,
    ..Measure::PLAIN
};

pub const R2_NC: Measure = Measure {
    name: "r2_nc",
    definition: "the square of r (of a negative r too), divided by the unit's ceiling",
    label: "noise-corrected squared correlation",
    unit: "r² over its ceiling",
    share: true,
    ceiling: Ceiling::Corrected,
    ..Measure::PLAIN
};

pub const R2: Measure = Measure {
    name: "r2",
    definition: "1 − Σ(y − ŷ)² / Σ(y − ȳ)² over the scored stimuli, per unit; punishes bias",
    label: "R²",
    unit: "1 − residual over total sum of squares",
    share: true,
    ..Measure::PLAIN
};

pub const FEVE: Measure = Measure {
    name: "feve",
    definition: "fraction of explainable variance explained: 1 − (MSE − σ²) / (Var(y) − σ²) over single trials, with σ² the variance \
        over repeats (Cadena et al. 2019)",
    label: "fraction of explainable variance explained",
    unit: "fraction of explainable variance",
    share: true,
    ceiling: Ceiling::Corrected,
    ..Measure::PLAIN
};

pub const R_TRIAL: Measure = Measure {
    name: "r_trial",
    definition: "Pearson's correlation of single trials and ŷ over the scored stimuli, per unit",
    label: "single-trial correlation",
    unit: "Pearson r",
    share: true,
    ..Measure::PLAIN
};

pub const BRAIN_SCORE: Measure = Measure {
    name: "brain_score",
    definition: "the median over units of r, averaged over splits, squared, over the median ceiling (Brain-Score)",
    label: "Brain-Score",
    unit: "r² over its ceiling",
    share: true,
    ceiling: Ceiling::Corrected,
    ..Measure::PLAIN
};

pub const NX414: Measure = Measure {
    name: "nx414",
    definition: "the mean over units of r / √(ceiling + 1e-6) (NX-414)",
    label: "noise-corrected correlation (NX-414)",
    unit: "Pearson r over its ceiling",
    share: true,
    ceiling: Ceiling::Corrected,
    ..Measure::PLAIN
};

/// What scores of predictions are made of, in the order in which a page speaks of them.
pub const SCORES: &[Measure] =
    &[EXPLAINED_VARIANCE, EXPLAINED_VARIANCE_NC, R, R_NC, R2_NC, R2, FEVE, R_TRIAL, BRAIN_SCORE, NX414];

/// How a column of ceilings is called, wherever it stands.
pub const EXPLAINABLE: Measure = Measure {
    name: CEILING,
    definition: "the share of a unit's variance that repeats of a stimulus have in common, which no model can exceed",
    label: "noise ceiling",
    unit: "fraction of variance",
    share: true,
    ..Measure::PLAIN
};

/// A measure of a spectrum.
pub const fn of_spectrum(name: &'static str, label: &'static str, definition: &'static str, part: Part) -> Measure {
    Measure { name, definition, label, unit: "fraction of variance", share: true, part, ..Measure::PLAIN }
}

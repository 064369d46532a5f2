//! The columns by which tables of each role are read, whichever kind made them.

/// The unit that a row of scores, ceilings or penalties is about.
pub const UNIT: &str = "unit";
/// Where a unit is from: who was recorded, and in which region.
pub const SUBJECT: &str = "subject";
pub const REGION: &str = "region";
/// Over how many subjects a mean is.
pub const SUBJECTS: &str = "subjects";
/// The band of features, or the set of bands, that a share is of.
pub const BAND: &str = "band";
/// The name of the measure that a row summarises.
pub const MEASURE: &str = "measure";
/// Of a summary: the mean over units, its standard error, the median, and how many units there are.
pub const MEAN: &str = "mean";
pub const SEM: &str = "sem";
pub const MEDIAN: &str = "median";
pub const UNITS: &str = "units";
/// Of a summary that is not over units: the value, and the ends of its interval.
pub const VALUE: &str = "value";
pub const LOW: &str = "low";
pub const HIGH: &str = "high";
/// How many rows of a split a number is over.
pub const ROWS: &str = "rows";
/// Of pairs: both variants (of similarities: both representations), their mean difference, and the test's p.
pub const A: &str = "a";
pub const B: &str = "b";
pub const DIFFERENCE: &str = "difference";
pub const P: &str = "p";
/// The same, corrected for how many comparisons there are.
pub const P_ADJUSTED: &str = "p_adjusted";
/// Of a choice: each variant's score, and whether it was chosen.
pub const SCORE: &str = "score";
pub const SELECTED: &str = "selected";
/// The fold that a row is of.
pub const FOLD: &str = "fold";
/// The epoch of a history.
pub const EPOCH: &str = "epoch";
/// The component of a spectrum.
pub const COMPONENT: &str = "component";
/// Of penalties: the penalty, and whether it lies at the edge of its grid.
pub const ALPHA: &str = "alpha";
pub const AT_EDGE: &str = "at_edge";
/// Of a confusion: the true class, the predicted one, and how often.
pub const TRUE: &str = "true";
pub const PREDICTED: &str = "predicted";
pub const COUNT: &str = "count";
/// Of rankings: the place, by which measure, and what is ranked.
pub const PLACE: &str = "place";
pub const RANKED_BY: &str = "ranked_by";
pub const VARIANT: &str = "variant";
/// What tells variants apart that no variable does.
pub const LABEL: &str = "label";

/// Columns that say what a row is or how it was summarised: never a measure.
const NO_MEASURES: &[&str] =
    &[UNIT, MEASURE, MEAN, MEDIAN, SEM, UNITS, FOLD, COMPONENT, AT_EDGE, LABEL, "repeats", "folds", "draws"];

/// Whether a column may hold a measure.
pub fn may_measure(column: &str) -> bool {
    // Standard errors stand beside what they are of.
    !NO_MEASURES.contains(&column) && !column.ends_with("_sem") && !column.ends_with("_se")
}

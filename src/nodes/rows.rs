//! Rows of features as every kind that fits takes them: those of train, all of them finite.

use crate::kind::KindError;
use crate::math::linear::gram;
use crate::value::matrix::Matrix;
use crate::value::split::{Round, Split};
use crate::value::stimuli::Stimuli;

/// The rows of a port that a round may fit on, ascending; every train stimulus of the split must be there.
pub fn train_rows(split: &Split, round: &Round, stimuli: &Stimuli, port: &str) -> Result<Vec<usize>, KindError> {
    let mut rows = split.stimuli.select(&round.train).align(stimuli, "train", port)?;
    rows.sort_unstable();
    Ok(rows)
}

/// Refuses features that are no finite numbers, and says where.
pub fn check_finite(features: &Matrix) -> Result<(), KindError> {
    check_finite_at("features", features)
}

/// The same of what arrives at a port.
pub fn check_finite_at(port: &str, features: &Matrix) -> Result<(), KindError> {
    let Some((row, column)) = gram::first_not_finite(features.raw()) else { return Ok(()) };
    let name = &features.stimuli(port)?.get(row).name;
    Err(KindError::new(format!(
        "`{port}` is {} at stimulus `{name}`, column {column}; every feature is a finite number",
        features.view()[[row, column]]
    )))
}

/// Names in a sentence, the first ten of them.
pub fn listed(names: &[&str]) -> String {
    let shown = names[..names.len().min(10)].join(", ");
    if names.len() > 10 { format!("{shown}, …") } else { shown }
}

//! Units that were not recorded for every train stimulus: each is fitted on the rows it has, together with the units that
//! have the same ones.

use std::collections::BTreeMap;
use std::rc::Rc;

use ndarray::{Array2, Axis};

use crate::kind::{KindError, Run};
use crate::nodes::regression::task::Task;
use crate::nodes::rows::listed;

/// The least rows that a fit of a line with an intercept can be judged on.
const FEWEST: usize = 3;

/// A fit of all units as one for each pattern of missing (NaN) responses, in the order of their first units; of a full
/// matrix it stays one. A unit with fewer than three responses is refused.
pub fn apart(whole: Task, run: &mut Run<'_>) -> Result<Vec<Task>, KindError> {
    if !whole.y.iter().any(|value| value.is_nan()) {
        return Ok(vec![whole]);
    }
    let mut patterns: BTreeMap<Vec<bool>, Vec<usize>> = BTreeMap::new();
    for (unit, column) in whole.y.columns().into_iter().enumerate() {
        patterns.entry(column.iter().map(|value| !value.is_nan()).collect()).or_default().push(unit);
    }
    let mut patterns: Vec<(Vec<usize>, Vec<usize>)> = patterns
        .into_iter()
        .map(|(known, units)| ((0..known.len()).filter(|&row| known[row]).collect(), units))
        .collect();
    patterns.sort_by_key(|(_, units)| units[0]);
    let all = whole.train.len();
    let mut few: Vec<usize> =
        patterns.iter().filter(|(rows, _)| rows.len() < FEWEST).flat_map(|(_, units)| units.clone()).collect();
    few.sort_unstable();
    if let Some(&first) = few.first() {
        let names: Vec<&str> = few.iter().map(|&unit| whole.units[unit].as_str()).collect();
        return Err(KindError::new(format!(
            "{} of {} units have fewer than {FEWEST} responses among the {all} train stimuli, which no readout can be fitted \
             on: {} (the first has {}); leave them out (`select_units` with `missing` or `drop`)",
            few.len(),
            whole.units.len(),
            listed(&names),
            whole.y.column(first).iter().filter(|value| !value.is_nan()).count()
        )));
    }
    note(&whole, &patterns, run);
    let task = |(rows, units): (Vec<usize>, Vec<usize>)| Task {
        fold: whole.fold,
        features: Rc::clone(&whole.features),
        train: rows.iter().map(|&row| whole.train[row]).collect(),
        y: whole.y.select(Axis(0), &rows).select(Axis(1), &units),
        units: units.iter().map(|&unit| whole.units[unit].clone()).collect(),
        place: units,
        lineage: whole.lineage.clone(),
    };
    Ok(patterns.into_iter().map(task).collect())
}

fn note(whole: &Task, patterns: &[(Vec<usize>, Vec<usize>)], run: &mut Run<'_>) {
    let all = whole.train.len();
    let with_gaps: Vec<&(Vec<usize>, Vec<usize>)> = patterns.iter().filter(|(rows, _)| rows.len() < all).collect();
    let counts = || with_gaps.iter().map(|(rows, _)| rows.len());
    let (least, most) = (counts().min().unwrap_or(all), counts().max().unwrap_or(all));
    let rows = if least == most { format!("{least}") } else { format!("{least} to {most}") };
    let fold = whole.fold.map_or(String::new(), |fold| format!("fold {fold}: "));
    run.note(format!(
        "{fold}{} of {} units have no response to some of the {all} train stimuli and are fitted on those that they have, \
         {rows} of {all}; units that lack the same stimuli share a fit, {} in all",
        with_gaps.iter().map(|(_, units)| units.len()).sum::<usize>(),
        whole.units.len(),
        patterns.len()
    ));
}

/// Values per unit of several fits, in the order that units have in the responses.
pub fn together<T>(tasks: &[Task], values: Vec<Vec<T>>) -> Vec<T> {
    let mut all: Vec<(usize, T)> =
        tasks.iter().zip(values).flat_map(|(task, values)| task.place.iter().copied().zip(values)).collect();
    all.sort_by_key(|(place, _)| *place);
    all.into_iter().map(|(_, value)| value).collect()
}

/// Matrices with a column per unit of several fits as one, with its columns in the order that units have in the responses.
pub fn columns_together(tasks: &[Task], mut parts: Vec<Array2<f32>>) -> Array2<f32> {
    if parts.len() == 1 {
        return parts.remove(0);
    }
    let units = tasks.iter().map(|task| task.units.len()).sum();
    let mut all = Array2::zeros((parts[0].nrows(), units));
    for (task, part) in tasks.iter().zip(&parts) {
        for (&place, column) in task.place.iter().zip(part.columns()) {
            all.column_mut(place).assign(&column);
        }
    }
    all
}

/// The rows of the features that any unit is fitted on, ascending.
pub fn rows_of_any(tasks: &[Task]) -> Vec<usize> {
    let mut rows: Vec<usize> = tasks.iter().flat_map(|task| task.train.iter().copied()).collect();
    rows.sort_unstable();
    rows.dedup();
    rows
}

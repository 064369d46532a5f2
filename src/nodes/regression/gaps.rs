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

/// Refuses units without a response to some train stimulus, for a fit that couples all units.
pub fn refuse(whole: &Task) -> Result<(), KindError> {
    let known = |unit: usize| whole.y.column(unit).iter().filter(|value| !value.is_nan()).count();
    let all = whole.train.len();
    let with_gaps: Vec<usize> = (0..whole.units.len()).filter(|&unit| known(unit) < all).collect();
    let Some(&first) = with_gaps.first() else { return Ok(()) };
    let names: Vec<&str> = with_gaps.iter().map(|&unit| whole.units[unit].as_str()).collect();
    let fold = whole.fold.map_or(String::new(), |fold| format!("fold {fold}: "));
    Err(KindError::new(format!(
        "{fold}{} of {} units have no response to some of the {all} train stimuli: {} (the first has {}); this fit is one of all \
         units together and needs every response: leave these units out (`select_units` with `missing: 0`), or fit each on the \
         stimuli it has by `ridge`",
        with_gaps.len(),
        whole.units.len(),
        listed(&names),
        known(first)
    )))
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

#[cfg(test)]
mod tests {
    use ndarray::{Array2, Ix2, s};
    use rand::{Rng, SeedableRng};
    use serde_json::json;

    use crate::nodes::regression::ridge::Ridge;
    use crate::nodes::testing::{hold_out, inputs, matrix, responses, stimuli};

    /// Features, and three units that follow them, with noise.
    fn random(height: usize, width: usize) -> (Array2<f32>, Array2<f32>) {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(7);
        let mut normal = |height, width| {
            Array2::from_shape_fn((height, width), |_| rng.sample::<f32, _>(rand_distr::StandardNormal))
        };
        let (x, weights, noise) = (normal(height, width) + 5.0, normal(width, 3), normal(height, 3));
        let y = x.dot(&weights) + noise * 2.0;
        (x, y)
    }

    #[test]
    fn a_unit_is_fitted_on_the_rows_it_has_as_if_it_were_alone() {
        for (height, width) in [(30, 4), (16, 24)] {
            let (x, full) = random(height, width);
            let train = height - 4;
            let split = hold_out(&stimuli(height), &("t".repeat(train) + "eeee"));
            let mut y = full;
            y.slice_mut(s![2..6, 1]).fill(f32::NAN);
            y[[height - 1, 0]] = f32::NAN;
            let of_grid = |folds| json!({ "alphas": [1.0, 10.0, 100.0, 1000.0], "extend": false, "folds": folds });
            for params in [of_grid(json!(null)), of_grid(json!(3)), json!({ "alphas": 30.0 })] {
                let rows = stimuli(height);
                let job = inputs()
                    .value("features", &matrix(&rows, x.clone()))
                    .value("responses", &responses(&rows, y.clone()))
                    .value("split", &split);
                let made = job.run::<Ridge>(params.clone()).unwrap();
                let predictions = made.matrix("predictions");
                let rows: Vec<usize> = (0..height).filter(|row| !(2..6).contains(row)).collect();
                // A unit's own stimuli, with the rest of them test.
                let parts: String =
                    (0..height).map(|row| if row < train && rows.contains(&row) { 't' } else { 'e' }).collect();
                let own = hold_out(&stimuli(height), &parts);
                for (unit, split) in [(0, &split), (1, &own), (2, &split)] {
                    let alone = inputs()
                        .value("features", &matrix(&stimuli(height), x.clone()))
                        .value(
                            "responses",
                            &responses(
                                &stimuli(height),
                                y.slice(s![.., unit..=unit]).mapv(|v| if v.is_nan() { 0.0 } else { v }),
                            ),
                        )
                        .value("split", split)
                        .run::<Ridge>(params.clone())
                        .unwrap();
                    let expected = alone.matrix("predictions");
                    for row in 0..height {
                        let (got, expected) = (predictions.view()[[row, unit]], expected.view()[[row, 0]]);
                        assert!(
                            (got - expected).abs() < 1e-4 * (1.0 + expected.abs()),
                            "{params} {unit} {row}: {got}, {expected}"
                        );
                    }
                    assert_eq!(made.numbers("alphas", "alpha")[unit], alone.numbers("alphas", "alpha")[0], "{params}");
                }
                let table = made.table("alphas");
                let fitted: Vec<u32> = table.column("rows").unwrap().u32().unwrap().iter().flatten().collect();
                assert_eq!(fitted, [train as u32, train as u32 - 4, train as u32]);
                assert!(
                    made.notes[0]
                        .contains(&format!("1 of 3 units have no response to some of the {train} train stimuli")),
                    "{:?}",
                    made.notes
                );
                let fit = made.fit("fit");
                let weights = fit.arrays["weights"].view().into_dimensionality::<Ix2>().unwrap();
                let mut by_weights = x.dot(&weights);
                by_weights += &fit.arrays["intercept"].view().into_dimensionality::<ndarray::Ix1>().unwrap();
                assert!((&by_weights - &predictions.view()).iter().all(|difference| difference.abs() < 1e-3));
            }
        }
    }
}

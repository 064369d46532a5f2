//! The kind `linear`: ordinary least squares.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind::ahead::{Ahead, Misfit};
use crate::kind::{Input, Measure, NodeKind, Output, Product, Threads};
use crate::nodes::parts::refuse_nameless;
use crate::nodes::regression::ports::{INPUTS, MEASURES, OUTPUTS, stand_ins};
use crate::value::fit::Form;

/// Ordinary least squares with an intercept.
pub struct Linear;

/// `linear` takes no parameters.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Params {}

impl NodeKind for Linear {
    const NAME: &'static str = "linear";
    const VERSION: u32 = 2;
    const ABOUT: &'static str = "Ordinary least squares from features to every unit, fitted on train.\n\n\
        The intercept is fitted. Where features are as many as train rows, or depend on one another, many weights fit \
        equally well; those of least norm are taken, and a note says so. `ridge` predicts better there.";
    const EXAMPLE: &'static str = "\
readout:
  kind: linear
  in: { features: pcs, responses: it.responses, split: it.split }
";
    type Params = Params;
    const INPUTS: &'static [Input] = &INPUTS;
    const MEASURES: &'static [Measure] = MEASURES;
    const OUTPUTS: &'static [Output] = &OUTPUTS;
    const LAZY: &'static [&'static str] = &["fit"];
    const FIT: Option<Form> = Some(Form::Weights);
    const THREADS: Threads = Threads::Team;

    fn stand_ins(_params: &Params, wanted: &BTreeSet<String>) -> Vec<(&'static str, Product)> {
        stand_ins(wanted, Self::LAZY)
    }

    fn fits(_: &Params, ahead: &Ahead<'_>) -> Result<(), Misfit> {
        refuse_nameless("features", ahead)
    }
}

#[cfg(feature = "torch")]
mod compute {
    use crate::kind::{Compute, KindError, Run};
    use crate::math::linear::basis::Basis;
    use crate::math::linear::ridge::Judge;
    use crate::math::tensor::{column_means, from_array, place};
    use crate::nodes::regression::linear::{Linear, Params};
    use crate::nodes::regression::readout::{Design, Found, Penalties, Solved, emit};
    use crate::nodes::regression::task::Task;

    impl Compute for Linear {
        fn run(_params: Params, run: &mut Run<'_>) -> Result<(), KindError> {
            let split = run.split("split")?;
            let responses = run.responses("responses")?;
            let rounds = split.rounds();
            let mut penalties = Penalties::default();
            for (done, round) in rounds.iter().enumerate() {
                let tasks = Task::join("linear", &split, round, &responses, run)?;
                let mut solved = Vec::with_capacity(tasks.len());
                let mut found = Vec::with_capacity(tasks.len());
                let mut ranks = Vec::with_capacity(tasks.len());
                for task in &tasks {
                    let design = Design::of(task, 0, run)?;
                    let basis = match design.eigen(task, run)? {
                        None => Basis::singular(&design.inside),
                        Some(eigen) => Basis::dual(&eigen).above(design.noise),
                    };
                    let y = from_array(&task.y, place(run.device));
                    let mean = column_means(&y);
                    let y = y - &mean;
                    let alpha = vec![0.0; task.units.len()];
                    let explained = Judge::LeaveOneOut(&basis).explained(&y, 0.0);
                    solved.push(Solved::of(task, &design, &basis.coefficients(&y, &alpha), &mean, run));
                    found.push(Found { at_edge: vec![false; alpha.len()], alpha, explained });
                    ranks.push(basis.rank());
                }
                note_rank(&tasks, &ranks, run);
                penalties.add(&tasks, found);
                emit("linear", &tasks, solved, run)?;
                run.progress(done as u64 + 1, rounds.len() as u64, "fits");
            }
            penalties.emit(run, &[0.0], false, "leave-one-out", "no penalty: always 0")
        }
    }

    /// Says where weights are not determined; of several fits, for the one of least rank.
    fn note_rank(tasks: &[Task], ranks: &[usize], run: &mut Run<'_>) {
        let short = tasks.iter().zip(ranks).filter(|(task, rank)| **rank < task.features.columns);
        let count = short.clone().count();
        let Some((task, rank)) = short.min_by_key(|(_, rank)| **rank) else { return };
        let which = if tasks.len() == 1 { String::new() } else { format!(" (so in {count} of {} fits)", tasks.len()) };
        run.note(format!(
            "{} features over {} train rows have rank {rank}, so many weights fit equally well; those of least norm are \
             taken{which}",
            task.features.columns,
            task.train.len(),
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::Linear;
    use crate::nodes::golden::{Golden, Sample};
    use crate::nodes::samples;
    use crate::nodes::testing::{hold_out, inputs, matrix, responses, stimuli};
    use ndarray::{Array2, array};
    use serde_json::Value as Json;

    impl Golden for Linear {
        fn golden() -> Sample {
            (samples::readout(), Json::Null)
        }
    }

    #[test]
    fn a_line_is_found() {
        // y = 2x + 1 but for the third point: slope Σ(x − 2)(y − ȳ)/Σ(x − 2)², by hand.
        let rows = stimuli(6);
        let x = array![[0.0], [1.0], [2.0], [3.0], [4.0], [10.0]];
        let y = array![[1.0], [3.0], [6.0], [7.0], [9.0], [0.0]];
        let made = inputs()
            .value("features", &matrix(&rows, x))
            .value("responses", &responses(&rows, y))
            .value("split", &hold_out(&rows, "ttttte"))
            .run::<Linear>(Json::Null)
            .unwrap();
        let fit = made.fit("fit");
        assert!((fit.arrays["weights"][[0, 0]] - 2.0).abs() < 1e-6);
        assert!((fit.arrays["intercept"][0] - 1.2).abs() < 1e-6);
        assert!((made.matrix("predictions").view()[[5, 0]] - 21.2).abs() < 1e-5);
        // Residuals −.2 −.2 .8 −.2 −.2 over 1 − leverage (leverage 1/5 + (x − 2)²/10); Var(y) = 40.8/5.
        let left_out = [-0.2 / 0.4, -0.2 / 0.7, 0.8 / 0.8, -0.2 / 0.7, -0.2 / 0.4];
        let expected = 1.0 - crate::stats::summary::variance(&left_out) / (40.8 / 5.0);
        assert!((made.numbers("alphas", "explained_variance")[0] - expected).abs() < 1e-12);
        assert!(made.notes.is_empty());
    }

    #[test]
    fn more_features_than_rows_interpolate_and_say_so() {
        let rows = stimuli(5);
        let x = Array2::from_shape_fn((5, 8), |(i, j)| ((i * 7 + j * 3) % 11) as f32 + if i == j { 4.0 } else { 0.0 });
        let y = array![[1.0], [0.0], [2.0], [5.0], [0.0]];
        let made = inputs()
            .value("features", &matrix(&rows, x.clone()))
            .value("responses", &responses(&rows, y.clone()))
            .value("split", &hold_out(&rows, "tttte"))
            .run::<Linear>(Json::Null)
            .unwrap();
        let predictions = made.matrix("predictions");
        for row in 0..4 {
            assert!((predictions.view()[[row, 0]] - y[[row, 0]]).abs() < 1e-4);
        }
        assert!(made.notes[0].contains("8 features over 4 train rows have rank 3"), "{:?}", made.notes);
        assert!(made.numbers("alphas", "explained_variance")[0].is_nan(), "a row decides its own prediction");
        let fit = made.fit("fit");
        let weights = fit.arrays["weights"].view().into_dimensionality::<ndarray::Ix2>().unwrap();
        let by_weights = x.dot(&weights)[[4, 0]] + fit.arrays["intercept"][0];
        assert!((by_weights - predictions.view()[[4, 0]]).abs() < 1e-4);
    }
}

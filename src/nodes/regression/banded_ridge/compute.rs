//! How `banded_ridge` goes: round by round, the fit of all bands, what each adds, and what it explains.

use polars::prelude::{Column, DataFrame};
use serde_json::json;

use crate::kind::fact;
use crate::kind::{Compute, KindError, Run};
use crate::math::linear::gram;
use crate::math::tensor::{to_array, wide_vec};
use crate::nodes::regression::banded_ridge::bands::{Arriving, Bands};
use crate::nodes::regression::banded_ridge::fitted::{Fitted, Fitting};
use crate::nodes::regression::banded_ridge::parts::{self, Parted, Rows, Scored};
use crate::nodes::regression::banded_ridge::{BandedRidge, Method, Params};
use crate::nodes::regression::gaps;
use crate::nodes::regression::readout::{Solved, emit_centred, weights};
use crate::nodes::regression::task::Task;
use crate::value::Value;
use crate::value::lineage::Lineage;
use crate::value::table::Table;

impl Compute for BandedRidge {
    fn run(params: Params, run: &mut Run<'_>) -> Result<(), KindError> {
        let split = run.split("split")?;
        let responses = run.responses("responses")?;
        let arriving = Arriving::of(run)?;
        let (on, scoring) = parts::scored(params.on, &split);
        let scoring = scoring?;
        let sets = parts::sets(params.shares, &arriving.names)?;
        let (mut table, mut shares) = (Weights::default(), Rows::default());
        for round in &split.rounds() {
            let bands = arriving.bands(round.fold, run)?;
            let features = std::rc::Rc::clone(&bands.features[0]);
            let mut tasks = Task::join_to(features, "banded_ridge", &split, round, &responses, run)?;
            for task in &mut tasks {
                task.lineage = Lineage::merge([&task.lineage, &bands.lineage()]);
            }
            let scored = scoring.iter().find(|scored| scored.fold == round.fold).expect("a round of the same split");
            let scored = Scored::of(on, scored, &split, &tasks[0], &responses, run)?;
            let (mut solved, mut fits, mut parted) = (Vec::new(), Vec::new(), Vec::<Parted>::new());
            for task in &tasks {
                let fitting = Fitting::of(&params, &bands, task, run)?;
                let every: Vec<usize> = (0..bands.count()).collect();
                let fitted = fitting.fit(&every, run)?;
                solved.push(predicted(&bands, &fitting, &fitted, task, run));
                parted.push(parts::split(params.shares, &fitting, &fitted, &scored, task, run)?);
                fits.push(fitted);
            }
            note_edges(&fits, round.fold, run);
            let rows = gaps::rows_of_any(&tasks);
            emit_centred("banded_ridge", &tasks, solved, || means(&bands, &rows), run)?;
            shares.add(&tasks, parted, &sets, scored.count());
            table.add(&tasks, fits, &bands.names);
        }
        table.emit(&params, run)?;
        shares.emit(params.shares, on, &responses.recording(), run)
    }
}

/// Train means of the columns of all bands, one band after the other.
fn means(bands: &Bands, train: &[usize]) -> Vec<f32> {
    let of = |at: usize| gram::mean(bands.features[at].raw(), &bands.rows_of(at, train));
    (0..bands.count()).flat_map(of).collect()
}

/// Predictions of all rows, and weights of the columns of all bands where somebody reads them.
fn predicted(bands: &Bands, fitting: &Fitting, fitted: &Fitted, task: &Task, run: &Run<'_>) -> Solved {
    let every: Vec<usize> = (0..bands.count()).collect();
    let added = fitting.added(&every, fitted, None);
    let mut sum = added[0].copy();
    added[1..].iter().for_each(|more| sum += more);
    let predictions = to_array(&(sum + &fitted.mean));
    if !run.wants("fit") {
        return Solved::from_parts(predictions, None);
    }
    let of_bands: Vec<ndarray::Array2<f32>> = (0..bands.count())
        .map(|at| {
            let train = bands.rows_of(at, &task.train);
            weights(&bands.features[at], &train, &(&fitted.coefficients[at] * fitting.kernels[at].scale), run)
        })
        .collect();
    let views: Vec<_> = of_bands.iter().map(|band| band.view()).collect();
    let all = ndarray::concatenate(ndarray::Axis(0), &views).expect("as many units each");
    let centre = ndarray::Array1::from_vec(means(bands, &task.train)).mapv(f64::from);
    let shift = all.mapv(f64::from).t().dot(&centre);
    let intercept = wide_vec(&fitted.mean).iter().zip(&shift).map(|(mean, shift)| (mean - shift) as f32).collect();
    Solved::from_parts(predictions, Some((all, intercept)))
}

/// Says where penalties lie at an end of those tried.
fn note_edges(fits: &[Fitted], fold: Option<usize>, run: &mut Run<'_>) {
    let all: Vec<&Vec<bool>> = fits.iter().flat_map(|fit| &fit.at_edge).collect();
    let count = all.iter().filter(|edges| edges.contains(&true)).count();
    if count > 0 {
        let fold = fold.map_or(String::new(), |fold| format!("fold {fold}: "));
        run.note(format!(
            "{fold}for {count} of {} units the best penalty is the smallest or largest tried; widen `alphas` where that matters",
            all.len()
        ));
    }
}

/// The table `weights`: a row per unit and band, and per fold under folds.
#[derive(Default)]
struct Weights {
    fold: Vec<u32>,
    unit: Vec<String>,
    band: Vec<String>,
    rows: Vec<u32>,
    gaps: bool,
    weight: Vec<f64>,
    alpha: Vec<f64>,
    penalty: Vec<Option<f64>>,
    at_edge: Vec<bool>,
    explained: Vec<Option<f64>>,
    lineage: Lineage,
}

/// What one unit's rows of the table hold.
struct OfUnit {
    rows: u32,
    weights: Vec<f64>,
    alpha: Vec<f64>,
    at_edge: Vec<bool>,
    explained: Option<f64>,
    scales: Vec<f64>,
}

impl Weights {
    fn add(&mut self, tasks: &[Task], fits: Vec<Fitted>, names: &[String]) {
        let units = gaps::together(tasks, tasks.iter().map(|task| task.units.clone()).collect());
        let of_task = |(task, fit): (&Task, Fitted)| -> Vec<OfUnit> {
            let Fitted { weights, alpha, at_edge, explained, scales, .. } = fit;
            let all = weights.into_iter().zip(alpha).zip(at_edge).zip(explained);
            all.map(|(((weights, alpha), at_edge), explained)| OfUnit {
                rows: task.train.len() as u32,
                weights,
                alpha,
                at_edge,
                explained,
                scales: scales.clone(),
            })
            .collect()
        };
        let all = gaps::together(tasks, tasks.iter().zip(fits).map(of_task).collect());
        for (unit, of) in units.iter().zip(all) {
            for (band, name) in names.iter().enumerate() {
                self.fold.extend(tasks[0].fold.map(|fold| fold as u32));
                self.unit.push(unit.clone());
                self.band.push(name.clone());
                self.rows.push(of.rows);
                self.weight.push(of.weights[band]);
                self.alpha.push(of.alpha[band]);
                let penalty = of.alpha[band] / (of.weights[band] * of.scales[band]);
                self.penalty.push(penalty.is_finite().then_some(penalty));
                self.at_edge.push(of.at_edge[band]);
                self.explained.push(of.explained);
            }
        }
        self.gaps |= tasks.len() > 1;
        self.lineage = Lineage::merge([&self.lineage, &tasks[0].lineage]);
    }

    fn emit(self, params: &Params, run: &mut Run<'_>) -> Result<(), KindError> {
        let mut frame = Vec::new();
        if !self.fold.is_empty() {
            frame.push(Column::new("fold".into(), self.fold));
        }
        frame.push(Column::new("unit".into(), self.unit));
        frame.push(Column::new("band".into(), self.band));
        if self.gaps {
            frame.push(Column::new("rows".into(), self.rows));
        }
        frame.push(Column::new("weight".into(), self.weight));
        frame.push(Column::new("alpha".into(), self.alpha));
        if params.method == Method::Search {
            frame.push(Column::new("penalty".into(), self.penalty));
        }
        frame.push(Column::new("at_edge".into(), self.at_edge));
        frame.push(Column::new("explained_variance".into(), self.explained));
        let mut table = Table::new(DataFrame::new_infer_height(frame).expect("columns of equal length"));
        let (weight, method) = match params.method {
            Method::Search => (
                "the band's weight γ in K = Σ_b γ_b K_b, bands scaled to trace n; weights of a unit sum to 1",
                "search",
            ),
            Method::Stack => {
                ("the weight of the band's own ridge in the prediction; weights of a unit sum to 1", "stack")
            }
        };
        let definitions = [
            ("weight", weight),
            ("alpha", "the penalty α of K + αI, bands scaled to trace n"),
            (
                "penalty",
                "the penalty of ‖w_b‖² of the band's weights, features not scaled: α / (γ_b · scale); none where γ_b is 0",
            ),
            ("at_edge", "whether α is the smallest or largest penalty tried"),
            (
                "explained_variance",
                "1 − Var(y − ŷ)/Var(y) over train rows, ŷ by leave-one-out; weights and penalties were chosen by it",
            ),
            ("rows", "train rows that the unit has a response to, and is fitted on"),
        ];
        let there = |name: &str| table.column(name).is_ok();
        table.about.definitions = definitions
            .into_iter()
            .filter(|(name, _)| there(name))
            .map(|(name, text)| (name.to_owned(), text.to_owned()))
            .collect();
        table.about.facts = [(fact::METHOD.to_owned(), json!(method))].into();
        table.about.lineage = self.lineage;
        run.emit("weights", Value::Table(table))
    }
}

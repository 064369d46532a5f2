//! What linear readouts share: joining features with responses, the smaller of two forms, and their outputs.

use std::rc::Rc;

use ndarray::{Array2, Axis};
use polars::prelude::{Column, DataFrame};
use serde_json::{Value as Json, json};
use tch::Tensor;

use crate::kind::fact;
use crate::kind::{KindError, Run};
use crate::math::linear::eigen::Eigen;
use crate::math::linear::gram;
use crate::math::linear::gram::{Blocks, Precision};
use crate::math::tensor::{index, narrow_vec, place, rows, scalar, to_array, wide, wide_vec};
use crate::nodes::regression::gaps;
use crate::nodes::regression::products::{Dual, Features};
use crate::nodes::regression::task::Task;
use crate::nodes::rows::{check_finite, listed, train_rows};
use crate::value::Value;
use crate::value::fit;
use crate::value::fit::Fit;
use crate::value::lineage::{Exposure, Lineage};
use crate::value::matrix;
use crate::value::matrix::Matrix;
use crate::value::responses::Responses;
use crate::value::split::{Round, Split};
use crate::value::table::Table;

impl Task {
    /// Joins a round's inputs for fits by `kind`: one of all units, or, where some were not recorded for every train stimulus,
    /// one for the units of each pattern of missing rows.
    pub fn join(
        kind: &str,
        split: &Split,
        round: &Round,
        responses: &Responses,
        run: &mut Run<'_>,
    ) -> Result<Vec<Self>, KindError> {
        let features = Rc::new(Features::at("features", round.fold, run)?);
        Self::join_to(features, kind, split, round, responses, run)
    }

    /// The same with features that were read before.
    pub fn join_to(
        features: Rc<Features>,
        kind: &str,
        split: &Split,
        round: &Round,
        responses: &Responses,
        run: &mut Run<'_>,
    ) -> Result<Vec<Self>, KindError> {
        let tasks = gaps::apart(Self::whole(features, kind, split, round, responses)?, run)?;
        note_constant(&tasks, run);
        Ok(tasks)
    }

    /// Joins a round's inputs for one fit of all units, which need responses to every train stimulus.
    pub fn join_whole(
        kind: &str,
        split: &Split,
        round: &Round,
        responses: &Responses,
        run: &mut Run<'_>,
    ) -> Result<Self, KindError> {
        let features = Rc::new(Features::at("features", round.fold, run)?);
        let task = Self::whole(features, kind, split, round, responses)?;
        gaps::refuse(&task)?;
        note_constant(std::slice::from_ref(&task), run);
        Ok(task)
    }

    fn whole(
        features: Rc<Features>,
        kind: &str,
        split: &Split,
        round: &Round,
        responses: &Responses,
    ) -> Result<Self, KindError> {
        let stimuli = features.stimuli.clone();
        let train = train_rows(split, round, &stimuli, "features")?;
        let seen = stimuli.select(&train);
        let at = seen.align(responses.stimuli(), "train", "responses")?;
        if train.len() < 3 {
            return Err(KindError::new(format!("{} rows are train, and a readout needs 3 or more", train.len())));
        }
        let y = responses.mean.select(Axis(0), &at).mapv(f64::from);
        if let Some(((row, unit), value)) = y.indexed_iter().find(|(_, value)| value.is_infinite()) {
            return Err(KindError::new(format!(
                "`responses` is {value} for unit `{}` at train stimulus `{}`; a response is a finite number, or NaN where \
                 the unit was not recorded",
                responses.units()[unit],
                seen.get(row).name
            )));
        }
        let lineage = Lineage::merge([&features.lineage, &responses.about.lineage])
            .fitted_on(Exposure::new(kind, &stimuli, &train))
            .to_responses_of(responses.about.recording.as_ref());
        let units = responses.units().to_vec();
        let place = (0..units.len()).collect();
        Ok(Self { fold: round.fold, features, train, y, units, place, lineage })
    }
}

fn note_constant(tasks: &[Task], run: &mut Run<'_>) {
    let of = |task: &'_ Task| -> Vec<(usize, String)> {
        (0..task.units.len())
            .filter(|&unit| task.y.column(unit).iter().all(|&value| value == task.y[[0, unit]]))
            .map(|unit| (task.place[unit], task.units[unit].clone()))
            .collect()
    };
    let mut constant: Vec<(usize, String)> = tasks.iter().flat_map(of).collect();
    constant.sort();
    if constant.is_empty() {
        return;
    }
    let names: Vec<&str> = constant.iter().map(|(_, name)| name.as_str()).collect();
    run.note(format!(
        "{} of {} units are constant over the train rows and are predicted by that constant: {}",
        names.len(),
        tasks.iter().map(|task| task.units.len()).sum::<usize>(),
        listed(&names)
    ));
}

/// Features in the smaller of two forms, centred by the train rows' means.
pub struct Design {
    /// All rows × columns (primal), or all rows × train rows (dual): rows · coefficients + mean = predictions.
    pub all: Tensor,
    /// The train rows of `all`.
    pub inside: Tensor,
    /// What the dual form is of; none in the primal.
    pub dual: Option<Dual>,
    /// The sum of the eigenvalues of XᵀX.
    pub trace: f64,
    /// Eigenvalues of XᵀX below this may stem from rounding alone.
    pub noise: f64,
}

impl Design {
    /// Chooses the form by size, XᵀX for fewer columns than train rows and XXᵀ for more, and computes it. `more` are square
    /// matrices of all rows that the dual form needs beside what its eigendecomposition does.
    pub fn of(task: &Task, more: usize, run: &mut Run<'_>) -> Result<Self, KindError> {
        let Task { features, train, .. } = task;
        let design = if features.columns + 1 < train.len() {
            check_finite(features.matrix())?;
            let (rows_, columns_) = (features.rows as u64, features.columns as u64);
            let square = columns_ * columns_;
            // Folds hold the rows twice more, each fit its own basis.
            run.reserve(8 * (8 * rows_ * columns_ + 6 * square), "fewer features, by `pca` or `pool`, need less")?;
            let raw = wide(features.view(), place(run.device));
            let inside = rows(&raw, train);
            let mean = crate::math::tensor::column_means(&inside);
            let inside = inside - &mean;
            let trace = scalar(&inside.square().sum(tch::Kind::Double));
            let square = trace + scalar(&mean.square().sum(tch::Kind::Double)) * train.len() as f64;
            let (height, width) = (train.len() as f64, features.columns as f64);
            let noise = gram::rounding_noise(square / (height * width), height, width);
            Self { all: raw - mean, inside, dual: None, trace, noise }
        } else {
            Self::by_products(task, false, more, run)?
        };
        if design.trace <= design.noise {
            return Err(KindError::new(format!(
                "all {} train rows of `features` are the same; a readout needs features that vary",
                train.len()
            )));
        }
        Ok(design)
    }

    fn by_products(task: &Task, finer: bool, more: usize, run: &mut Run<'_>) -> Result<Self, KindError> {
        let dual = task.features.dual(&task.train, finer, more, run)?;
        let inside = rows(&dual.to_train, &task.train);
        let (trace, noise) = (dual.trace, dual.noise);
        Ok(Self { all: dual.to_train.shallow_clone(), inside, dual: Some(dual), trace, noise })
    }

    /// The same of products in 64 bits; none where they are so already, or the features are no longer there.
    pub fn finer(&self, task: &Task, run: &mut Run<'_>) -> Result<Option<Self>, KindError> {
        let rounded = self.dual.as_ref().is_some_and(|dual| dual.precision == Precision::Single);
        (rounded && task.features.are_there()).then(|| Self::by_products(task, true, 0, run)).transpose()
    }

    /// The decomposition of the dual form; none in the primal.
    pub fn eigen(&self, task: &Task, run: &mut Run<'_>) -> Result<Option<Eigen>, KindError> {
        self.dual.as_ref().map(|dual| dual.eigen(&self.inside, &task.train, run)).transpose()
    }

    /// The most directions that centred train rows can vary along.
    pub fn most_rank(&self, task: &Task) -> usize {
        (task.train.len() - 1).min(task.features.columns)
    }
}

/// What a fit gives its units.
pub struct Solved {
    /// All rows × units.
    predictions: Array2<f32>,
    /// Weights, columns × units, and an intercept per unit; none where nobody asks for them and they cost a reading.
    fit: Option<(Array2<f32>, Vec<f32>)>,
}

impl Solved {
    /// Predictions and a fit that were made already.
    pub fn from_parts(predictions: Array2<f32>, fit: Option<(Array2<f32>, Vec<f32>)>) -> Self {
        Self { predictions, fit }
    }

    /// Predicts all rows; `coefficients` belong to the design's columns, `mean` to the units.
    pub fn of(task: &Task, design: &Design, coefficients: &Tensor, mean: &Tensor, run: &Run<'_>) -> Self {
        let predictions = to_array(&(design.all.matmul(coefficients) + mean));
        // Of few features it costs nothing; of many, it reads them all again.
        if design.dual.is_some() && !run.wants("fit") {
            return Self { predictions, fit: None };
        }
        let weights = match &design.dual {
            None => to_array(coefficients),
            Some(_) => weights(&task.features, &task.train, coefficients, run),
        };
        let centre = ndarray::Array1::from_vec(gram::mean(task.features.raw(), &task.train)).mapv(f64::from);
        let shift = weights.mapv(f64::from).t().dot(&centre);
        let intercept = wide_vec(mean).iter().zip(&shift).map(|(mean, shift)| (mean - shift) as f32).collect();
        Self { predictions, fit: Some((weights, intercept)) }
    }
}

/// Emits predictions of all rows and units, and the fit.
pub fn emit(kind: &str, tasks: &[Task], solved: Vec<Solved>, run: &mut Run<'_>) -> Result<(), KindError> {
    let rows = || gaps::rows_of_any(tasks);
    emit_centred(kind, tasks, solved, || gram::mean(tasks[0].features.raw(), &rows()), run)
}

/// The same with train means of the features that are made where the fit is.
pub fn emit_centred(
    kind: &str,
    tasks: &[Task],
    solved: Vec<Solved>,
    centre: impl FnOnce() -> Vec<f32>,
    run: &mut Run<'_>,
) -> Result<(), KindError> {
    let Task { fold, features, lineage, .. } = &tasks[0];
    let units = gaps::together(tasks, tasks.iter().map(|task| task.units.clone()).collect());
    let mut predictions = Vec::with_capacity(tasks.len());
    let mut fits = Vec::with_capacity(tasks.len());
    for one in solved {
        predictions.push(one.predictions);
        fits.extend(one.fit);
    }
    let about = matrix::About {
        stimuli: Some(features.stimuli.clone()),
        columns: Some(units.clone()),
        row_shape: Vec::new(),
        lineage: lineage.clone(),
    };
    let predictions = gaps::columns_together(tasks, predictions);
    run.emit_round("predictions", *fold, Value::Matrix(Matrix::new(predictions, about)))?;
    if fits.len() < tasks.len() {
        return Ok(());
    }
    let (weights, intercepts): (Vec<_>, Vec<_>) = fits.into_iter().unzip();
    let centre = ndarray::Array1::from_vec(centre());
    let arrays = [
        ("intercept".to_owned(), ndarray::Array1::from_vec(gaps::together(tasks, intercepts)).into_dyn()),
        ("mean".to_owned(), centre.into_dyn()),
        ("weights".to_owned(), gaps::columns_together(tasks, weights).into_dyn()),
    ];
    let about = fit::About { kind: kind.to_owned(), units: Some(units), lineage: lineage.clone() };
    run.emit_round("fit", *fold, Value::Fit(Fit { about, arrays: arrays.into() }))
}

/// Weights of the features, columns × units, by those of train rows (train × units): Xᵀa, a block of columns at a time.
pub fn weights(features: &Features, train: &[usize], coefficients: &Tensor, run: &Run<'_>) -> Array2<f32> {
    let x = features.raw();
    let units = coefficients.size()[1] as usize;
    let device = place(run.device);
    let precision = Precision::of(x.rows, x.columns);
    let blocks = Blocks::new(x, train, precision, device);
    let at: Vec<i64> = train.iter().map(|&row| index(row)).collect();
    let spread = Tensor::zeros([index(x.rows), index(units)], (tch::Kind::Double, device));
    let spread = spread.index_copy(0, &Tensor::from_slice(&at).to_device(device), coefficients);
    let mut out = Array2::zeros((x.columns, units));
    for block in (0..blocks.len()).map(|at| blocks.get(at)) {
        let product = narrow_vec(&block.shifted.tr().matmul(&spread.to_kind(block.shifted.kind())));
        let from = block.start * units;
        out.as_slice_mut().expect("row-major")[from..from + product.len()].copy_from_slice(&product);
    }
    out
}

/// What was found for the units of one fit.
pub struct Found {
    pub alpha: Vec<f64>,
    pub at_edge: Vec<bool>,
    pub explained: Vec<Option<f64>>,
}

/// Penalties as a table: a row per unit, and per fold under folds.
#[derive(Default)]
pub struct Penalties {
    fold: Vec<u32>,
    unit: Vec<String>,
    /// Train rows of the unit.
    rows: Vec<u32>,
    gaps: bool,
    alpha: Vec<f64>,
    at_edge: Vec<bool>,
    explained: Vec<Option<f64>>,
    lineage: Lineage,
}

impl Penalties {
    /// Adds the penalties of a round's fits.
    pub fn add(&mut self, tasks: &[Task], found: Vec<Found>) {
        let units = gaps::together(tasks, tasks.iter().map(|task| task.units.clone()).collect());
        self.fold.extend(tasks[0].fold.map(|fold| fold as u32).into_iter().cycle().take(units.len()));
        self.unit.extend(units);
        self.gaps |= tasks.len() > 1;
        let rows = tasks.iter().map(|task| vec![task.train.len() as u32; task.units.len()]).collect();
        self.rows.extend(gaps::together(tasks, rows));
        let mut of = (Vec::new(), Vec::new(), Vec::new());
        for one in found {
            of.0.push(one.alpha);
            of.1.push(one.at_edge);
            of.2.push(one.explained);
        }
        self.alpha.extend(gaps::together(tasks, of.0));
        self.at_edge.extend(gaps::together(tasks, of.1));
        self.explained.extend(gaps::together(tasks, of.2));
        self.lineage = Lineage::merge([&self.lineage, &tasks[0].lineage]);
    }

    /// Emits the table with the facts that a report needs.
    pub fn emit(
        self,
        run: &mut Run<'_>,
        grid: &[f64],
        extended: bool,
        method: &str,
        penalty: &str,
    ) -> Result<(), KindError> {
        let mut frame = Vec::new();
        if !self.fold.is_empty() {
            frame.push(Column::new("fold".into(), self.fold));
        }
        frame.push(Column::new("unit".into(), self.unit));
        if self.gaps {
            frame.push(Column::new("rows".into(), self.rows));
        }
        frame.push(Column::new("alpha".into(), self.alpha));
        frame.push(Column::new("at_edge".into(), self.at_edge));
        frame.push(Column::new("explained_variance".into(), self.explained));
        let mut table = Table::new(DataFrame::new_infer_height(frame).expect("columns of equal length"));
        let definitions = [
            ("alpha", penalty.to_owned()),
            ("at_edge", "whether it is the smallest or largest penalty tried".to_owned()),
            ("explained_variance", format!("1 − Var(y − ŷ)/Var(y) over train rows, ŷ by {method}")),
        ];
        table.about.definitions = definitions.map(|(name, text)| (name.to_owned(), text)).into();
        if self.gaps {
            let text = "train rows that the unit has a response to, and is fitted on";
            table.about.definitions.insert("rows".to_owned(), text.to_owned());
        }
        let facts: [(&str, Json); 3] =
            [(fact::GRID, json!(grid)), (fact::EXTENDED, json!(extended)), (fact::METHOD, json!(method))];
        table.about.facts = facts.map(|(name, fact)| (name.to_owned(), fact)).into();
        table.about.lineage = self.lineage;
        run.emit("alphas", Value::Table(table))
    }
}

//! What linear readouts share: joining features with responses, the smaller of two forms, and their outputs.

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
use crate::nodes::regression::products::{Dual, Features};
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

/// One fit: features, the rows of them that are train, and the responses to these.
pub struct Task {
    pub fold: Option<usize>,
    pub features: Features,
    /// Rows of `features`, ascending.
    pub train: Vec<usize>,
    /// Train rows × units.
    pub y: Array2<f64>,
    pub units: Vec<String>,
    /// Everything that features and responses have seen, and this fit.
    pub lineage: Lineage,
}

impl Task {
    /// Joins a round's inputs for a fit by `kind`.
    pub fn join(
        kind: &str,
        split: &Split,
        round: &Round,
        responses: &Responses,
        run: &mut Run<'_>,
    ) -> Result<Self, KindError> {
        let features = Features::at("features", round.fold, run)?;
        let stimuli = features.stimuli.clone();
        let train = train_rows(split, round, &stimuli, "features")?;
        let seen = stimuli.select(&train);
        let at = seen.align(responses.stimuli(), "train", "responses")?;
        if train.len() < 3 {
            return Err(KindError::new(format!("{} rows are train, and a readout needs 3 or more", train.len())));
        }
        let y = responses.mean.select(Axis(0), &at).mapv(f64::from);
        if let Some(((row, unit), value)) = y.indexed_iter().find(|(_, value)| !value.is_finite()) {
            return Err(KindError::new(format!(
                "`responses` is {value} for unit `{}` at train stimulus `{}`; a fit needs every train response, so leave \
                 the unit out (`select_units`) or the stimulus",
                responses.units()[unit],
                seen.get(row).name
            )));
        }
        let constant: Vec<&str> = (0..y.ncols())
            .filter(|&unit| y.column(unit).iter().all(|&value| value == y[[0, unit]]))
            .map(|unit| responses.units()[unit].as_str())
            .collect();
        if !constant.is_empty() {
            run.note(format!(
                "{} of {} units are constant over the train rows and are predicted by that constant: {}",
                constant.len(),
                y.ncols(),
                listed(&constant)
            ));
        }
        let lineage = Lineage::merge([&features.lineage, &responses.about.lineage])
            .fitted_on(Exposure::new(kind, &stimuli, &train));
        Ok(Self { fold: round.fold, features, train, y, units: responses.units().to_vec(), lineage })
    }
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
            let dual = features.dual(train, false, more, run)?;
            let inside = rows(&dual.to_train, train);
            let (trace, noise) = (dual.trace, dual.noise);
            Self { all: dual.to_train.shallow_clone(), inside, dual: Some(dual), trace, noise }
        };
        if design.trace <= design.noise {
            return Err(KindError::new(format!(
                "all {} train rows of `features` are the same; a readout needs features that vary",
                train.len()
            )));
        }
        Ok(design)
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

/// Emits predictions of all rows and the fit; `coefficients` belong to the design's columns, `mean` to the units.
pub fn emit(
    kind: &str,
    task: &Task,
    design: &Design,
    coefficients: &Tensor,
    mean: &Tensor,
    run: &mut Run<'_>,
) -> Result<(), KindError> {
    let about = matrix::About {
        stimuli: Some(task.features.stimuli.clone()),
        columns: Some(task.units.clone()),
        row_shape: Vec::new(),
        lineage: task.lineage.clone(),
    };
    let predictions = to_array(&(design.all.matmul(coefficients) + mean));
    run.emit_round("predictions", task.fold, Value::Matrix(Matrix::new(predictions, about)))?;
    // Of few features it costs nothing; of many, it reads them all again.
    if design.dual.is_some() && !run.wants("fit") {
        return Ok(());
    }
    let weights = weights(task, design, coefficients, run);
    let centre = gram::mean(task.features.raw(), &task.train);
    let centre = ndarray::Array1::from_vec(centre);
    let shift = weights.mapv(f64::from).t().dot(&centre.mapv(f64::from));
    let intercept: Vec<f32> = wide_vec(mean).iter().zip(&shift).map(|(mean, shift)| (mean - shift) as f32).collect();
    let arrays = [
        ("intercept".to_owned(), ndarray::Array1::from_vec(intercept).into_dyn()),
        ("mean".to_owned(), centre.into_dyn()),
        ("weights".to_owned(), weights.into_dyn()),
    ];
    let about = fit::About { kind: kind.to_owned(), units: Some(task.units.clone()), lineage: task.lineage.clone() };
    run.emit_round("fit", task.fold, Value::Fit(Fit { about, arrays: arrays.into() }))
}

/// Weights of the features, columns × units: in the dual form Xᵀa, a block of columns at a time.
fn weights(task: &Task, design: &Design, coefficients: &Tensor, run: &Run<'_>) -> Array2<f32> {
    if design.dual.is_none() {
        return to_array(coefficients);
    }
    let x = task.features.raw();
    let device = place(run.device);
    let precision = Precision::of(x.rows, x.columns);
    let blocks = Blocks::new(x, &task.train, precision, device);
    let at: Vec<i64> = task.train.iter().map(|&row| index(row)).collect();
    let spread = Tensor::zeros([index(x.rows), index(task.units.len())], (tch::Kind::Double, device));
    let spread = spread.index_copy(0, &Tensor::from_slice(&at).to_device(device), coefficients);
    let mut out = Array2::zeros((x.columns, task.units.len()));
    for block in (0..blocks.len()).map(|at| blocks.get(at)) {
        let product = narrow_vec(&block.shifted.tr().matmul(&spread.to_kind(block.shifted.kind())));
        let from = block.start * task.units.len();
        out.as_slice_mut().expect("row-major")[from..from + product.len()].copy_from_slice(&product);
    }
    out
}

/// Penalties as a table: a row per unit, and per fold under folds.
#[derive(Default)]
pub struct Penalties {
    fold: Vec<u32>,
    unit: Vec<String>,
    alpha: Vec<f64>,
    at_edge: Vec<bool>,
    explained: Vec<Option<f64>>,
    lineage: Lineage,
}

impl Penalties {
    /// Adds the penalties of one fit.
    pub fn add(&mut self, task: &Task, alpha: &[f64], at_edge: &[bool], explained: &[Option<f64>]) {
        self.fold.extend(task.fold.map(|fold| fold as u32).into_iter().cycle().take(task.units.len()));
        self.unit.extend(task.units.iter().cloned());
        self.alpha.extend(alpha);
        self.at_edge.extend(at_edge);
        self.explained.extend(explained);
        self.lineage = Lineage::merge([&self.lineage, &task.lineage]);
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
        let facts: [(&str, Json); 3] =
            [(fact::GRID, json!(grid)), (fact::EXTENDED, json!(extended)), (fact::METHOD, json!(method))];
        table.about.facts = facts.map(|(name, fact)| (name.to_owned(), fact)).into();
        table.about.lineage = self.lineage;
        run.emit("alphas", Value::Table(table))
    }
}

//! How `pls` fits: all components at once, of which rows that a fit has not seen choose.

use ndarray::Axis;
use polars::prelude::{Column, DataFrame};
use serde_json::json;
use tch::{Kind, Tensor};

use crate::kind::fact;
use crate::kind::{Compute, KindError, Run};
use crate::math::linear::pls::{End, Form, Path, squares, trace, without};
use crate::math::linear::ridge::variances;
use crate::math::tensor::{column_means, from_array, place, rows};
use crate::nodes::measures::R2;
use crate::nodes::regression::pls::{Choose, Params, Pls, SHARES};
use crate::nodes::regression::readout::{Design, Solved, emit};
use crate::nodes::regression::task::Task;
use crate::value::Value;
use crate::value::lineage::{Exposure, Lineage};
use crate::value::responses::Responses;
use crate::value::split::{Part, Split};
use crate::value::table::Table;

impl Compute for Pls {
    fn run(params: Params, run: &mut Run<'_>) -> Result<(), KindError> {
        let split = run.split("split")?;
        let responses = run.responses("responses")?;
        let rounds = split.rounds();
        let counts = params.components.counts();
        let mut table = Components::default();
        for (done, round) in rounds.iter().enumerate() {
            let mut task = Task::join_whole("pls", &split, round, &responses, run)?;
            check_rank(&counts, &task)?;
            let judges = match (counts.as_slice(), params.choose) {
                ([_], _) => None,
                (_, Choose::Folds) => Some(Judges::Folds(task.dealt(params.folds.get(), round.train.len())?)),
                (_, Choose::Val) => Some(Judges::Rows(val_rows(&split, &task, &responses)?)),
            };
            if let Some(Judges::Rows(val)) = &judges {
                let exposure = Exposure::new("pls", &task.features.stimuli, &val.rows);
                task.lineage = task.lineage.selected_by(exposure);
            }
            let (design, fit) = Fit::of(&params, &task, &counts, judges.as_ref(), run)?;
            let coefficients = fit.path.coefficients(fit.chosen) * &fit.scale;
            let solved = Solved::of(&task, &design, &coefficients, &fit.mean, run);
            table.add(&task, &fit, &counts);
            emit("pls", std::slice::from_ref(&task), vec![solved], run)?;
            run.progress(done as u64 + 1, rounds.len() as u64, "fits");
        }
        table.emit(&params, &counts, run)
    }
}

/// Rows that no fit has seen, by which components are chosen.
enum Judges {
    /// The fold of each train row.
    Folds(Vec<usize>),
    Rows(Val),
}

struct Val {
    /// Rows of the features.
    rows: Vec<usize>,
    /// Their responses, rows × units; NaN where there is none.
    y: ndarray::Array2<f64>,
}

fn val_rows(split: &Split, task: &Task, responses: &Responses) -> Result<Val, KindError> {
    let rows = split.rows(Part::Val);
    if rows.is_empty() {
        return Err(KindError::new(
            "`split` has no val rows to choose components by; give it a fraction `val`, or take `choose: folds`",
        ));
    }
    let stimuli = split.stimuli.select(&rows);
    let at = stimuli.align(responses.stimuli(), "val", "responses")?;
    let rows = stimuli.align(&task.features.stimuli, "val", "features")?;
    let y = responses.mean.select(Axis(0), &at).mapv(f64::from);
    if let Some(((row, unit), value)) = y.indexed_iter().find(|(_, value)| value.is_infinite()) {
        let (unit, name) = (&responses.units()[unit], &stimuli.get(row).name);
        return Err(KindError::new(format!(
            "`responses` is {value} for unit `{unit}` at val stimulus `{name}`; a response is a finite number, or NaN where \
             the unit was not recorded"
        )));
    }
    Ok(Val { rows, y })
}

/// No fit has more components than its centred rows have directions.
fn check_rank(counts: &[usize], task: &Task) -> Result<(), KindError> {
    let (most, rows, columns) = (counts[counts.len() - 1], task.train.len(), task.features.columns);
    if most <= (rows - 1).min(columns) {
        return Ok(());
    }
    Err(KindError::new(format!(
        "`components` is {most}, but {rows} centred train rows of {columns} features have rank {} at most; there are no more \
         components than the rank",
        (rows - 1).min(columns)
    )))
}

/// One fit, every number of components of it.
struct Fit {
    path: Path,
    /// The train means of the responses, and what they were divided by, 1 × units.
    mean: Tensor,
    scale: Tensor,
    /// R² per number of components tried, in the mean over units.
    r2: Option<Vec<f64>>,
    chosen: usize,
}

impl Fit {
    /// Fits by the products there are, and where components cannot be told from their rounding, by those in 64 bits.
    fn of(
        params: &Params,
        task: &Task,
        counts: &[usize],
        judges: Option<&Judges>,
        run: &mut Run<'_>,
    ) -> Result<(Design, Self), KindError> {
        let design = Design::of(task, 0, run)?;
        match Self::by(params, task, &design, counts, judges, run) {
            Ok(fit) => Ok((design, fit)),
            Err(refusal) => {
                let finer = design.finer(task, run)?.ok_or(refusal)?;
                drop(design);
                let fit = Self::by(params, task, &finer, counts, judges, run)?;
                Ok((finer, fit))
            }
        }
    }

    fn by(
        params: &Params,
        task: &Task,
        design: &Design,
        counts: &[usize],
        judges: Option<&Judges>,
        run: &Run<'_>,
    ) -> Result<Self, KindError> {
        let y = from_array(&task.y, place(run.device));
        let mean = column_means(&y);
        let scale = scales(&(&y - &mean), params.scale);
        let y = (y - &mean) / &scale;
        let form = if design.dual.is_some() { Form::Dual } else { Form::Primal };
        let most = counts[counts.len() - 1];
        let path = Path::of(&design.inside, form, &y, most, (design.trace, design.noise));
        refuse_short(&path, most, task.train.len(), task, "")?;
        let r2 = match judges {
            None => None,
            Some(Judges::Folds(fold)) => Some(by_folds(design, form, &y, fold, counts, task)?),
            Some(Judges::Rows(val)) => {
                let target = (from_array(&val.y, y.device()) - &mean) / &scale;
                Some(by_rows(&path, &rows(&design.all, &val.rows), &target, counts))
            }
        };
        let chosen = r2.as_ref().map_or(most, |r2| best(counts, r2));
        Ok(Self { path, mean, scale, r2, chosen })
    }
}

/// What units are divided by, 1 × units: their standard deviations (n − 1), or 1.
fn scales(y: &Tensor, scale: bool) -> Tensor {
    let ones = Tensor::ones([1, y.size()[1]], (Kind::Double, y.device()));
    if !scale {
        return ones;
    }
    let freedom = y.size()[0] as f64 - 1.0;
    let deviations = (y.square().sum_dim_intlist([0i64].as_slice(), true, Kind::Double) / freedom).sqrt();
    deviations.where_self(&deviations.gt(0.0), &ones)
}

fn refuse_short(path: &Path, most: usize, rows: usize, task: &Task, which: &str) -> Result<(), KindError> {
    let Some(end) = path.end else { return Ok(()) };
    let (found, columns, units) = (path.len(), task.features.columns, task.units.len());
    if found == 0 && end == End::Responses {
        return Err(KindError::new(format!(
            "all {units} units are constant over the {rows} train rows{which}; components need responses that vary"
        )));
    }
    let left = match end {
        End::Features => format!("what is left of {columns} features over {rows} train rows may be rounding alone"),
        End::Responses => {
            format!("what is left of the responses of {units} units to {rows} train stimuli may be rounding alone")
        }
    };
    Err(KindError::new(format!(
        "`components` is {most}, but after {found} of them{which} {left}; ask for {} at most",
        found.max(1)
    )))
}

/// The mean R² over units per number of components, of every fold by the fit without it.
fn by_folds(
    design: &Design,
    form: Form,
    y: &Tensor,
    fold: &[usize],
    counts: &[usize],
    task: &Task,
) -> Result<Vec<f64>, KindError> {
    let folds = fold.iter().max().map_or(0, |last| last + 1);
    let most = counts[counts.len() - 1];
    let mut losses = vec![vec![0.0; task.units.len()]; counts.len()];
    for left_out in 0..folds {
        let (unseen, seen): (Vec<usize>, Vec<usize>) = (0..fold.len()).partition(|&row| fold[row] == left_out);
        let (inside, outside) = without(&design.inside, form, &seen, &unseen);
        let target = rows(y, &seen);
        let mean = column_means(&target);
        let path = Path::of(&inside, form, &(target - &mean), most, (trace(&inside, form), design.noise));
        refuse_short(&path, most, seen.len(), task, &format!(", fitted without inner fold {left_out},"))?;
        path.errors(&outside, &(rows(y, &unseen) - mean), counts, |at, errors| add(&mut losses[at], &squares(errors)));
    }
    let rows = y.size()[0] as f64;
    let totals: Vec<f64> = variances(y).iter().map(|variance| variance * rows).collect();
    Ok(losses.iter().map(|losses| mean_r2(losses, &totals)).collect())
}

/// The same of rows apart, by the fit to all train rows; `y` is less the train means, NaN where it is not known.
fn by_rows(path: &Path, a: &Tensor, y: &Tensor, counts: &[usize]) -> Vec<f64> {
    let known = y.isnan().logical_not().to_kind(Kind::Double);
    let sum = |x: &Tensor| x.sum_dim_intlist([0i64].as_slice(), true, Kind::Double);
    let mean = sum(&y.nan_to_num(0.0, 0.0, 0.0)) / sum(&known);
    let totals = squares(&(y - mean));
    let mut out = vec![0.0; counts.len()];
    path.errors(a, y, counts, |at, errors| out[at] = mean_r2(&squares(errors), &totals));
    out
}

fn add(to: &mut [f64], more: &[f64]) {
    to.iter_mut().zip(more).for_each(|(to, more)| *to += more);
}

/// The mean of 1 − loss/total over the units that vary; NaN where none does.
fn mean_r2(losses: &[f64], totals: &[f64]) -> f64 {
    let of: Vec<f64> =
        losses.iter().zip(totals).filter(|(_, total)| **total > 0.0).map(|(loss, total)| 1.0 - loss / total).collect();
    of.iter().sum::<f64>() / of.len() as f64
}

/// The number of components with the best R², of equal ones the fewest.
fn best(counts: &[usize], r2: &[f64]) -> usize {
    let better = |best: usize, at: usize| if r2[at] > r2[best] { at } else { best };
    counts[(1..counts.len()).fold(0, better)]
}

/// The table `components`: a row per component, and per fold under folds.
#[derive(Default)]
struct Components {
    fold: Vec<u32>,
    component: Vec<u32>,
    /// As `SHARES` has them.
    shares: [Vec<f64>; 4],
    r2: Vec<Option<f64>>,
    selected: Vec<bool>,
    lineage: Lineage,
}

impl Components {
    fn add(&mut self, task: &Task, fit: &Fit, counts: &[usize]) {
        let count = fit.path.len();
        self.fold.extend(task.fold.map(|fold| fold as u32).into_iter().cycle().take(count));
        self.component.extend(1..=count as u32);
        for (at, shares) in [&fit.path.of_features, &fit.path.of_responses].into_iter().enumerate() {
            let mut sum = 0.0;
            for share in shares {
                sum += share;
                self.shares[2 * at].push(*share);
                self.shares[2 * at + 1].push(sum);
            }
        }
        for number in 1..=count {
            let tried = counts.iter().position(|&count| count == number);
            self.r2.push(fit.r2.as_ref().zip(tried).map(|(r2, at)| r2[at]));
            self.selected.push(number == fit.chosen);
        }
        self.lineage = Lineage::merge([&self.lineage, &task.lineage]);
    }

    fn emit(self, params: &Params, counts: &[usize], run: &mut Run<'_>) -> Result<(), KindError> {
        let mut frame = Vec::new();
        if !self.fold.is_empty() {
            frame.push(Column::new("fold".into(), self.fold));
        }
        frame.push(Column::new("component".into(), self.component));
        for ((name, _), shares) in SHARES.iter().zip(self.shares) {
            frame.push(Column::new((*name).into(), shares));
        }
        let chosen = counts.len() > 1;
        if chosen {
            frame.push(Column::new(R2.name.into(), self.r2));
        }
        frame.push(Column::new(SHARES[4].0.into(), self.selected));
        let mut table = Table::new(DataFrame::new_infer_height(frame).expect("columns of equal length"));
        table.about.definitions = SHARES.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        if chosen {
            let of = match params.choose {
                Choose::Folds => {
                    format!("train rows by {} fits, each without the fold that it predicts", params.folds.get())
                }
                Choose::Val => "val rows".to_owned(),
            };
            let text = format!(
                "1 − Σ(y − ŷ)² / Σ(y − ȳ)² over {of}, in the mean over units, by the components up to this one"
            );
            table.about.definitions.insert(R2.name.to_owned(), text);
            let method = match params.choose {
                Choose::Folds => format!("{}-fold", params.folds.get()),
                Choose::Val => "val".to_owned(),
            };
            table.about.facts =
                [(fact::GRID.to_owned(), json!(counts)), (fact::METHOD.to_owned(), json!(method))].into();
        }
        table.about.lineage = self.lineage;
        run.emit("components", Value::Table(table))
    }
}

//! What bands explain of held-out rows, by unit: shares of the product measure, or parts that sets of bands have in common.

use polars::prelude::{Column, DataFrame};
use serde_json::json;

use crate::kind::fact;
use crate::kind::{KindError, Run};
use crate::math::tensor::wide_vec;
use crate::nodes::evaluation::held_out;
use crate::nodes::evaluation::on::On;
use crate::nodes::measures::EXPLAINED_VARIANCE;
use crate::nodes::regression::banded_ridge::fitted::{Fitted, Fitting};
use crate::nodes::regression::banded_ridge::{MOST_SETS, SHARE, Shares};
use crate::nodes::regression::gaps;
use crate::nodes::regression::task::Task;
use crate::stats::partition::{commonality, product_shares};
use crate::stats::summary::explained_variance;
use crate::value::Value;
use crate::value::lineage::Lineage;
use crate::value::responses::Responses;
use crate::value::split::{Assignment, Round, Split};
use crate::value::table::Table;

/// Which rows are scored: as told, else those left out under folds, and test under a hold-out.
pub fn scored(on: Option<On>, split: &Split) -> (On, Result<Vec<Round>, KindError>) {
    let on = on.unwrap_or(match split.assignment {
        Assignment::Folds { .. } => On::Folds,
        Assignment::Parts(_) => On::Test,
    });
    (on, held_out::rounds(on, split))
}

/// Rows that are scored by one fit, and the responses to them.
pub struct Scored {
    /// Rows of the features.
    rows: Vec<usize>,
    /// Units × rows; NaN where there is none.
    truth: Vec<Vec<f64>>,
}

impl Scored {
    /// Joins the rows that a round scores; no fit may have seen them, unless they are train rows by name.
    pub fn of(
        on: On,
        round: &Round,
        split: &Split,
        task: &Task,
        responses: &Responses,
        run: &Run<'_>,
    ) -> Result<Self, KindError> {
        if on != On::Train {
            held_out::refuse_seen(on, &split.stimuli, &round.held_out, &task.lineage, &run.declared)?;
        }
        let stimuli = split.stimuli.select(&round.held_out);
        let rows = stimuli.align(&task.features.stimuli, on.word(), "features")?;
        let at = stimuli.align(responses.stimuli(), on.word(), "responses")?;
        let of_unit = |unit: usize| at.iter().map(|&row| f64::from(responses.mean[[row, unit]])).collect();
        Ok(Self { rows, truth: (0..responses.units().len()).map(of_unit).collect() })
    }

    /// How many rows are scored.
    pub fn count(&self) -> usize {
        self.rows.len()
    }
}

/// What one task's units have: a number per set of bands, and what all explain.
pub struct Parted {
    shares: Vec<Option<Vec<f64>>>,
    explained: Vec<Option<f64>>,
}

/// The sets of bands that shares are of, by name; of no more bands than can be told apart set by set.
pub fn sets(shares: Shares, names: &[String]) -> Result<Vec<String>, KindError> {
    let count = names.len();
    match shares {
        Shares::Product => Ok(names.to_vec()),
        Shares::Commonality if count > MOST_SETS => Err(KindError::new(format!(
            "{count} bands arrive, and `shares: commonality` fits every set of them; it takes {MOST_SETS} at most: join some by \
             `concat`, or take `shares: product`"
        ))),
        Shares::Commonality => {
            let every = 1..1usize << count;
            Ok(every.map(|set| members(set, count)).map(|set| named(&set, names)).collect())
        }
    }
}

fn named(set: &[usize], names: &[String]) -> String {
    set.iter().map(|&band| names[band].as_str()).collect::<Vec<_>>().join(" & ")
}

fn members(set: usize, bands: usize) -> Vec<usize> {
    (0..bands).filter(|band| (set >> band) & 1 == 1).collect()
}

/// Numbers per unit of predictions by band, rows × units each: what each band adds, of the rows that a unit has responses to.
struct PerUnit {
    truth: Vec<f64>,
    added: Vec<Vec<f64>>,
}

fn per_unit(fitting: &Fitting, set: &[usize], fitted: &Fitted, scored: &Scored, task: &Task) -> Vec<PerUnit> {
    let added: Vec<Vec<f64>> = fitting.added(set, fitted, Some(&scored.rows)).iter().map(wide_vec).collect();
    let width = task.units.len();
    let of = |(at, &place): (usize, &usize)| {
        let truth = &scored.truth[place];
        let known: Vec<usize> = (0..truth.len()).filter(|&row| !truth[row].is_nan()).collect();
        PerUnit {
            truth: known.iter().map(|&row| truth[row]).collect(),
            added: added.iter().map(|band| known.iter().map(|&row| band[row * width + at]).collect()).collect(),
        }
    };
    task.place.iter().enumerate().map(of).collect()
}

fn explained_by(unit: &PerUnit) -> Option<f64> {
    let predicted: Vec<f64> = (0..unit.truth.len()).map(|row| unit.added.iter().map(|band| band[row]).sum()).collect();
    if unit.truth.len() < 2 { None } else { explained_variance(&unit.truth, &predicted) }
}

/// Splits what a task's fit of all bands explains.
pub fn split(
    shares: Shares,
    fitting: &Fitting,
    all: &Fitted,
    scored: &Scored,
    task: &Task,
    run: &mut Run<'_>,
) -> Result<Parted, KindError> {
    let bands = fitting.kernels.len();
    let every: Vec<usize> = (0..bands).collect();
    let units = per_unit(fitting, &every, all, scored, task);
    let explained: Vec<Option<f64>> = units.iter().map(explained_by).collect();
    let shares = match shares {
        Shares::Product => units.iter().map(|unit| product_shares(&unit.truth, &unit.added)).collect(),
        Shares::Commonality => {
            let last = (1usize << bands) - 1;
            let mut of_sets: Vec<Vec<Option<f64>>> = Vec::with_capacity(last);
            for set in 1..last {
                let set = members(set, bands);
                let fitted = fitting.fit(&set, run)?;
                of_sets.push(per_unit(fitting, &set, &fitted, scored, task).iter().map(explained_by).collect());
            }
            of_sets.push(explained.clone());
            let of_unit = |unit: usize| {
                let explained: Option<Vec<f64>> = of_sets.iter().map(|set| set[unit]).collect();
                explained.map(|explained| commonality(&explained))
            };
            (0..units.len()).map(of_unit).collect()
        }
    };
    Ok(Parted { shares, explained })
}

/// The table `shares`.
#[derive(Default)]
pub struct Rows {
    fold: Vec<u32>,
    unit: Vec<String>,
    band: Vec<String>,
    share: Vec<Option<f64>>,
    explained: Vec<Option<f64>>,
    scored: usize,
    lineage: Lineage,
}

impl Rows {
    /// Adds a round's units.
    pub fn add(&mut self, tasks: &[Task], splits: Vec<Parted>, sets: &[String], scored: usize) {
        let units = gaps::together(tasks, tasks.iter().map(|task| task.units.clone()).collect());
        let (shares, explained) = splits.into_iter().map(|split| (split.shares, split.explained)).unzip();
        let (shares, explained) = (gaps::together(tasks, shares), gaps::together(tasks, explained));
        for ((unit, shares), explained) in units.into_iter().zip(shares).zip(explained) {
            for (at, set) in sets.iter().enumerate() {
                self.fold.extend(tasks[0].fold.map(|fold| fold as u32));
                self.unit.push(unit.clone());
                self.band.push(set.clone());
                self.share.push(shares.as_ref().map(|shares| shares[at]));
                self.explained.push(explained);
            }
        }
        self.scored += scored;
        self.lineage = Lineage::merge([&self.lineage, &tasks[0].lineage]);
    }

    pub fn emit(self, shares: Shares, on: On, recording: &str, run: &mut Run<'_>) -> Result<(), KindError> {
        let mut frame = Vec::new();
        if !self.fold.is_empty() {
            frame.push(Column::new("fold".into(), self.fold));
        }
        frame.push(Column::new("unit".into(), self.unit));
        frame.push(Column::new("band".into(), self.band));
        frame.push(Column::new(SHARE.name.into(), self.share));
        frame.push(Column::new(EXPLAINED_VARIANCE.name.into(), self.explained));
        let mut table = Table::new(DataFrame::new_infer_height(frame).expect("columns of equal length"));
        let (method, text) = match shares {
            Shares::Product => (
                "product",
                "Σ(2yŷ_b − ŷ_b Σ_c ŷ_c) / Σy² over the scored stimuli, y and each band's ŷ_b less their means: the product measure, \
                 which adds up to the explained variance over bands",
            ),
            Shares::Commonality => (
                "commonality",
                "of one band, what the explained variance loses without it; of several, what they have in common and no other band \
                 explains: by inclusion and exclusion of fits of every set of bands, adding up to the explained variance of all; a \
                 negative part is one that bands explain only together",
            ),
        };
        table.about.definitions = [
            (SHARE.name.to_owned(), text.to_owned()),
            (
                EXPLAINED_VARIANCE.name.to_owned(),
                "1 − Var(y − ŷ) / Var(y) over the scored stimuli, ŷ of all bands".to_owned(),
            ),
        ]
        .into();
        table.about.facts = [
            (fact::SCORED_ON.to_owned(), json!(on)),
            (fact::ROWS_SCORED.to_owned(), json!(self.scored)),
            (fact::METHOD.to_owned(), json!(method)),
            (fact::RECORDING.to_owned(), json!(recording)),
        ]
        .into();
        table.about.lineage = self.lineage;
        run.emit("shares", Value::Table(table))
    }
}

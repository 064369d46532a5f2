//! Scores taken together over units and folds.

use polars::prelude::{Column, DataFrame};

use crate::kind::KindError;
use crate::nodes::evaluation::convention::Convention;
use crate::nodes::evaluation::evaluate::scored::Scored;
use crate::nodes::evaluation::evaluate::scores::Scores;
use crate::nodes::measures;
use crate::stats::summary::{self, Summary, mean, median, summarise};

/// One measure of all units.
pub struct Row {
    pub measure: String,
    pub of: Summary,
    /// How many folds there are, and the standard error of their means over units.
    pub folds: Option<(usize, Option<f64>)>,
}

impl Row {
    /// A measure over the units that have it.
    pub fn of(scores: &Scores) -> Self {
        let means: Vec<Option<f64>> = scores.folds.iter().map(|of_fold| summarise(of_fold).mean).collect();
        let folds = (!means.is_empty()).then(|| (means.len(), summarise(&means).sem));
        Self { measure: scores.measure.name.to_owned(), of: summarise(&scores.values), folds }
    }

    /// The one number that another program makes of them.
    pub fn by(
        convention: Convention,
        r: &Scores,
        ceilings: &[Option<f64>],
        aggregate: Option<f64>,
    ) -> Result<Self, KindError> {
        let (name, value, units) = match convention {
            Convention::BrainScore => {
                let once = [r.values.clone()];
                let folds = if r.folds.is_empty() { &once[..] } else { &r.folds[..] };
                let of_fold = |all: &Vec<Option<f64>>| median(&all.iter().copied().flatten().collect::<Vec<_>>());
                let medians: Vec<f64> = folds.iter().filter_map(of_fold).collect();
                let known: Vec<f64> = ceilings.iter().copied().flatten().collect();
                let ceiling =
                    aggregate.or_else(|| median(&known)).filter(|ceiling| *ceiling > 0.0).ok_or_else(|| {
                        KindError::new("`convention: brain_score` divides by the median ceiling, and it is not above 0")
                    })?;
                let score = (!medians.is_empty()).then(|| mean(&medians).powi(2) / ceiling);
                (measures::BRAIN_SCORE.name, score, known.len())
            }
            Convention::Nx414 => {
                let pairs = r.values.iter().zip(ceilings);
                let divided: Vec<f64> =
                    pairs.filter_map(|(r, c)| Some((*r)? / (c.filter(|c| *c > 0.0)? + 1e-6).sqrt())).collect();
                (measures::NX414.name, (!divided.is_empty()).then(|| mean(&divided)), divided.len())
            }
        };
        let of = Summary { mean: value, median: None, sem: None, units };
        Ok(Self { measure: name.to_owned(), of, folds: r.folds.first().map(|_| (r.folds.len(), None)) })
    }
}

/// The table of them; `before` are columns in front.
pub fn table(before: Vec<Column>, rows: &[Row], scored: &Scored) -> Result<DataFrame, KindError> {
    let of = |number: fn(&Summary) -> Option<f64>| rows.iter().map(|row| number(&row.of)).collect::<Vec<_>>();
    let mut columns = before;
    columns.push(Column::new("measure".into(), rows.iter().map(|row| row.measure.as_str()).collect::<Vec<_>>()));
    columns.push(Column::new("mean".into(), of(|s| s.mean)));
    columns.push(Column::new("median".into(), of(|s| s.median)));
    columns.push(Column::new("sem".into(), of(|s| s.sem)));
    columns.push(Column::new("units".into(), rows.iter().map(|row| row.of.units as u32).collect::<Vec<_>>()));
    if rows.iter().any(|row| row.folds.is_some()) {
        let counts: Vec<Option<u32>> = rows.iter().map(|row| row.folds.map(|(count, _)| count as u32)).collect();
        let times = if scored.draws { "draws" } else { "folds" };
        columns.push(Column::new(times.into(), counts));
        let errors: Vec<Option<f64>> = rows.iter().map(|row| row.folds.and_then(|(_, sem)| sem)).collect();
        columns.push(Column::new(format!("{times}_sem").into(), errors));
    }
    if scored.selected > 0 {
        columns.push(Column::new("selected".into(), vec![true; rows.len()]));
    }
    DataFrame::new(rows.len(), columns).map_err(|e| KindError::new(e.to_string()))
}

/// Scores divided by what can be explained.
pub fn corrected(scores: &[Scores], ceilings: &[Option<f64>], least: f64) -> Vec<Scores> {
    let usable: Vec<Option<f64>> = ceilings.iter().map(|ceiling| ceiling.filter(|c| *c > 0.0 && *c >= least)).collect();
    let of = |name: &str| scores.iter().find(|scores| scores.measure.name == name).expect("always scored");
    let divided = |measure, from: &Scores, by: fn(f64, f64) -> f64| {
        let each = |all: &Vec<Option<f64>>| -> Vec<Option<f64>> {
            all.iter().zip(&usable).map(|(score, ceiling)| Some(by((*score)?, (*ceiling)?))).collect()
        };
        let folds: Vec<Vec<Option<f64>>> = from.folds.iter().map(each).collect();
        let over = |unit: usize| summary::summarise(&folds.iter().map(|of_fold| of_fold[unit]).collect::<Vec<_>>());
        let sem = if folds.is_empty() { Vec::new() } else { (0..usable.len()).map(|unit| over(unit).sem).collect() };
        Scores { measure, values: each(&from.values), sem, folds }
    };
    let (explained, r) = (of(measures::EXPLAINED_VARIANCE.name), of(measures::R.name));
    vec![
        divided(measures::EXPLAINED_VARIANCE_NC, explained, |score, ceiling| score / ceiling),
        divided(measures::R_NC, r, |score, ceiling| score / ceiling.sqrt()),
        divided(measures::R2_NC, r, |score, ceiling| score * score / ceiling),
    ]
}

//! Measures of every unit: of the rows that one fit left out, or of all; averaged over fits.

use crate::kind::Measure;
use crate::nodes::evaluation::evaluate::scored::{OfUnit, Part, Scored};
use crate::nodes::measures;
use crate::stats::summary::{self, mean, pearson, variance};
use crate::value::responses::Responses;

/// Scores of one measure.
pub struct Scores {
    pub measure: Measure,
    /// Per unit; nothing where it is undefined.
    pub values: Vec<Option<f64>>,
    /// Per unit, the standard error over folds; empty where there are none.
    pub sem: Vec<Option<f64>>,
    /// Per fold and unit; empty where there are none.
    pub folds: Vec<Vec<Option<f64>>>,
}

impl Scores {
    /// The same of some units.
    pub fn of_units(&self, units: &[usize]) -> Self {
        let of = |all: &Vec<Option<f64>>| -> Vec<Option<f64>> {
            units.iter().filter_map(|&unit| all.get(unit).copied()).collect()
        };
        Self {
            measure: self.measure,
            values: of(&self.values),
            sem: of(&self.sem),
            folds: self.folds.iter().map(of).collect(),
        }
    }
}

/// What is told of the units beside their scores.
#[derive(Default)]
pub struct Told {
    /// Units of which no response varies.
    pub constant: usize,
    /// Units of which some fit predicts one number.
    pub flat: usize,
    /// Rows that each unit with gaps has.
    pub gapped: Vec<usize>,
}

/// Scores all units over the rows that `wanted` has.
pub fn scores(scored: &Scored, responses: &Responses, wanted: &dyn Fn(usize) -> bool) -> (Vec<Scores>, Told) {
    let units = responses.units().len();
    let parts: Vec<&[Part]> = match scored.apart {
        true => scored.fits.chunks(1).collect(),
        false => vec![&scored.fits[..]],
    };
    let list = list(responses);
    let mut by_part: Vec<Vec<Vec<Option<f64>>>> = vec![vec![Vec::with_capacity(units); parts.len()]; list.len()];
    let rows = scored.all().0.into_iter().filter(|&row| wanted(row)).count();
    let mut told = Told::default();
    for unit in 0..units {
        let (mut flat, mut have) = (false, 0);
        let mut kept = std::collections::BTreeSet::new();
        for (at, fits) in parts.iter().enumerate() {
            let of_fit = |part: &Part| part.of_unit(unit, responses, wanted);
            let all = fits.iter().map(of_fit).reduce(OfUnit::with).unwrap_or_default();
            kept.extend(all.measured.iter().copied());
            have = kept.len();
            flat |= is_flat(&all);
            for (measure, by_part) in list.iter().zip(&mut by_part) {
                by_part[at].push(value(measure, &all, unit, responses));
            }
        }
        if have < rows {
            told.gapped.push(have);
        }
        told.flat += usize::from(flat);
    }
    let scores: Vec<Scores> = list
        .into_iter()
        .zip(by_part)
        .map(|(measure, folds)| match scored.apart {
            false => {
                Scores { measure, values: folds.into_iter().next().unwrap_or_default(), sem: vec![], folds: vec![] }
            }
            true => {
                let over =
                    |unit: usize| summary::summarise(&folds.iter().map(|of_fold| of_fold[unit]).collect::<Vec<_>>());
                let all: Vec<summary::Summary> = (0..units).map(over).collect();
                Scores {
                    measure,
                    values: all.iter().map(|s| s.mean).collect(),
                    sem: all.iter().map(|s| s.sem).collect(),
                    folds,
                }
            }
        })
        .collect();
    told.constant = scores[0].values.iter().filter(|score| score.is_none()).count();
    (scores, told)
}

fn list(responses: &Responses) -> Vec<Measure> {
    let mut list = vec![measures::EXPLAINED_VARIANCE, measures::R, measures::R2];
    if responses.repeats.is_some() {
        list.extend([measures::FEVE, measures::R_TRIAL]);
    }
    list
}

fn is_flat(of: &OfUnit) -> bool {
    of.truth.len() > 1 && variance(&of.truth) > 0.0 && variance(&of.predicted) < summary::FLAT * variance(&of.truth)
}

fn value(measure: &Measure, of: &OfUnit, unit: usize, responses: &Responses) -> Option<f64> {
    if of.truth.len() < 2 {
        return None;
    }
    match measure.name {
        name if name == measures::EXPLAINED_VARIANCE.name => summary::explained_variance(&of.truth, &of.predicted),
        name if name == measures::R2.name => summary::r_squared(&of.truth, &of.predicted),
        name if name == measures::R.name => match is_flat(of) {
            true => Some(0.0),
            false => pearson(&of.truth, &of.predicted),
        },
        name if name == measures::FEVE.name => Trials::of(of, unit, responses)?.feve(),
        _ => {
            let trials = Trials::of(of, unit, responses)?;
            match is_flat(of) {
                true => (variance(&trials.measured) > 0.0).then_some(0.0),
                false => pearson(&trials.measured, &trials.predicted),
            }
        }
    }
}

/// Single trials of one unit.
struct Trials {
    measured: Vec<f64>,
    /// What is predicted of each.
    predicted: Vec<f64>,
    /// The mean over stimuli of the variance over repeats (m − 1 in the denominator); nothing where no stimulus has two.
    noise: Option<f64>,
}

impl Trials {
    fn of(of: &OfUnit, unit: usize, responses: &Responses) -> Option<Self> {
        let repeats = responses.repeats.as_ref()?;
        let (mut measured, mut predicted, mut noises) = (Vec::new(), Vec::new(), Vec::new());
        for (&row, &guess) in of.measured.iter().zip(&of.predicted) {
            let trials = repeats.slice(ndarray::s![row, unit, ..]);
            let known: Vec<f64> = trials.iter().filter(|x| !x.is_nan()).map(|&x| f64::from(x)).collect();
            let count = known.len() as f64;
            if known.len() > 1 {
                noises.push(variance(&known) * count / (count - 1.0));
            }
            predicted.extend(known.iter().map(|_| guess));
            measured.extend(known);
        }
        let noise = (!noises.is_empty()).then(|| mean(&noises));
        Some(Self { measured, predicted, noise })
    }

    /// Fraction of explainable variance explained; nothing where no variance is explainable.
    fn feve(&self) -> Option<f64> {
        let noise = self.noise?;
        let count = self.measured.len() as f64;
        let total = variance(&self.measured) * count / (count - 1.0);
        let squares = self.measured.iter().zip(&self.predicted).map(|(y, p)| (y - p).powi(2));
        let error = squares.sum::<f64>() / count;
        (total > noise).then(|| 1.0 - (error - noise) / (total - noise))
    }
}

//! Scores of every unit in every draw of stimuli, from sums over the scored rows: nothing is fitted again.

use ndarray::{Array2, Axis, s};
use tch::Tensor;

use crate::kind::{KindError, Run};
use crate::math::tensor::place;
use crate::nodes::evaluation::compare::{Over, Params};
use crate::nodes::evaluation::scores::Scores;
use crate::nodes::evaluation::sums;
use crate::nodes::measures;
use crate::stats::resampling;
use crate::value::Value;
use crate::value::matrix::Matrix;
use crate::value::stimuli::Stimuli;

/// Numbers of 64 bits that a draw of a unit takes at once: five sums, their parts, and what is made of them.
const NUMBERS: u64 = 20;

/// What a variant scored: rows in the order of the first variant's.
pub struct Scored {
    stimuli: Stimuli,
    pub fold: Vec<usize>,
    /// Rows × units; NaN where a unit was not recorded.
    pub measured: Array2<f64>,
    pub predicted: Array2<f64>,
}

impl Scored {
    /// Reads what every variant scored, where parameters need it.
    pub fn read(params: &Params, all: &[Scores], means: bool, run: &Run<'_>) -> Result<Option<Vec<Self>>, KindError> {
        let stimuli = params.over.contains(&Over::Stimuli);
        let wanted = match (stimuli, params.permutations) {
            (true, _) => "`over` draws stimuli",
            (false, Some(_)) => "`permutations` permutes stimuli",
            (false, None) => return Ok(None),
        };
        if means && stimuli {
            return Err(KindError::new(format!(
                "{wanted}, and pairs are of means over draws, each of which scores stimuli of its own; say `draws: []`, or draw units"
            )));
        }
        let mut list: Vec<Self> = Vec::with_capacity(all.len());
        for scores in all {
            let arrival = run
                .arrivals("scored")
                .iter()
                .find(|arrival| arrival.label == scores.label || (arrival.label.is_empty() && all.len() == 1));
            let Some(arrival) = arrival else {
                return Err(KindError::new(format!(
                    "{wanted}, and nothing of `{}` arrives at `scored`; connect `evaluate`'s `scored` of the same variants",
                    scores.name()
                )));
            };
            let Value::Matrix(matrix) = Value::read(arrival.ty, &arrival.path)? else {
                return Err(KindError::new(format!("`scored` takes Matrix, but {} arrives", arrival.ty)));
            };
            list.push(Self::of(&matrix, scores, list.first(), stimuli)?);
        }
        Ok(Some(list))
    }

    fn of(matrix: &Matrix, scores: &Scores, first: Option<&Self>, same: bool) -> Result<Self, KindError> {
        let units = scores.units.len();
        let wrong = || {
            KindError::new(format!(
                "`scored` of `{}` is not what `evaluate` scored of its {units} units",
                scores.name()
            ))
        };
        let stimuli = matrix.stimuli("scored")?.clone();
        let named = matrix.about.columns.as_deref().unwrap_or_default();
        if named.len() != 1 + 2 * units
            || (0..units).any(|at| named[1 + at] != format!("measured {}", scores.units[at]))
        {
            return Err(wrong());
        }
        let order: Vec<usize> = match first.filter(|_| same) {
            None => (0..stimuli.len()).collect(),
            Some(first) if first.stimuli.len() != stimuli.len() => {
                return Err(KindError::new(format!(
                    "`over` draws stimuli, but `{}` was scored on {} and the first variant on {}; one draw is of the same for all",
                    scores.name(),
                    stimuli.len(),
                    first.stimuli.len()
                )));
            }
            Some(first) => first.stimuli.align(&stimuli, "the first variant's stimuli", &scores.name())?,
        };
        let view = matrix.view();
        let columns = |from: usize| {
            Array2::from_shape_fn((order.len(), units), |(row, unit)| f64::from(view[[order[row], from + unit]]))
        };
        Ok(Self {
            stimuli: stimuli.select(&order),
            fold: order.iter().map(|&row| view[[row, 0]] as usize).collect(),
            measured: columns(1),
            predicted: columns(1 + units),
        })
    }

    /// Rows of each fold.
    pub fn folds(&self) -> Vec<Vec<usize>> {
        let count = self.fold.iter().max().map_or(0, |last| last + 1);
        let rows = |fold| (0..self.fold.len()).filter(|&row| self.fold[row] == fold).collect();
        (0..count).map(rows).collect()
    }
}

/// Draws of stimuli, within each fold, that all variants share.
pub struct Drawn {
    folds: Vec<(Vec<usize>, Tensor)>,
    draws: usize,
    stimuli: usize,
    device: tch::Device,
}

impl Drawn {
    /// Draws.
    pub fn new(scored: &[Scored], params: &Params, run: &mut Run<'_>) -> Result<Self, KindError> {
        let first = &scored[0];
        let (draws, stimuli) = (params.resamples.get(), first.fold.len());
        if let Some(other) = scored.iter().position(|other| other.fold != first.fold) {
            return Err(KindError::new(format!(
                "`over` draws stimuli within folds, and variant {} has other folds than the first; score them on one split",
                other + 1
            )));
        }
        let units = scored.iter().map(|scored| scored.measured.ncols()).max().unwrap_or(0);
        let numbers = (draws as u64) * (units as u64) * (NUMBERS + scored.len() as u64) + (draws * stimuli) as u64;
        run.reserve(
            numbers * 8,
            &format!("{draws} draws of {units} units are held at once; fewer `resamples` need less"),
        )?;
        let device = place(run.device);
        let mut rng = resampling::seeded(params.seed);
        let folds = first.folds().into_iter().map(|rows| {
            let drawn = resampling::counts(rows.len(), draws, &mut rng);
            (rows, sums::weights(&drawn, device))
        });
        Ok(Self { folds: folds.collect(), draws, stimuli, device })
    }

    /// How many stimuli are drawn.
    pub fn stimuli(&self) -> usize {
        self.stimuli
    }

    /// A measure of every unit in every draw, draws × units; NaN where it is undefined. Over folds, their mean.
    pub fn scores(&self, measure: &str, scores: &Scores, scored: &Scored) -> Array2<f64> {
        let units = scores.units.len();
        let mut total = Array2::<f64>::zeros((self.draws, units));
        let mut count = Array2::<f64>::zeros((self.draws, units));
        for (rows, weights) in &self.folds {
            let (y, p) = (scored.measured.select(Axis(0), rows), scored.predicted.select(Axis(0), rows));
            let of_fold = sums::scores(measure, weights, (&y, &p), self.device);
            total.zip_mut_with(&of_fold, |sum, x| *sum += if x.is_nan() { 0.0 } else { *x });
            count.zip_mut_with(&of_fold, |count, x| *count += if x.is_nan() { 0.0 } else { 1.0 });
        }
        total.zip_mut_with(&count, |sum, count| *sum /= count);
        let ceilings = scores.column(measures::CEILING);
        let corrected = scores.column(measure).unwrap_or_default();
        for unit in 0..units {
            // A unit that has no such score has none in any draw.
            let usable = corrected.get(unit).copied().flatten().is_some();
            let ceiling = ceilings.and_then(|all| all[unit]);
            total.slice_mut(s![.., unit]).mapv_inplace(|x| match (usable, ceiling) {
                (false, _) => f64::NAN,
                (true, Some(ceiling)) => sums::corrected(measure, x, ceiling),
                (true, None) => x,
            });
        }
        total
    }
}

//! Whether a unit is predicted at all: its r beside those with stimuli permuted.

use polars::prelude::{Column, DataFrame};
use rand::seq::SliceRandom;
use tch::{Kind, Tensor};

use crate::kind::{KindError, Run};
use crate::math::tensor::{from_array, index, place, wide_vec};
use crate::nodes::evaluation::compare::resampled::Scored;
use crate::nodes::evaluation::scores::{Scores, labels};
use crate::nodes::evaluation::variant;
use crate::stats::multiple::benjamini_hochberg;
use crate::stats::resampling;
use crate::stats::summary::FLAT;

/// The largest corrected p of a unit that counts as predicted.
const LEVEL: f64 = 0.05;

/// A row per variant and unit: how large an r comes about by chance.
pub fn significance(
    all: &[Scores],
    names: &[String],
    scored: &[Scored],
    permutations: usize,
    seed: u64,
    run: &mut Run<'_>,
) -> Result<DataFrame, KindError> {
    let (mut r, mut p, mut adjusted) = (Vec::new(), Vec::new(), Vec::new());
    for (done, (scores, scored)) in all.iter().zip(scored).enumerate() {
        let (own, of_units) = of_variant(scored, permutations, seed, place(run.device));
        let known: Vec<usize> = (0..of_units.len()).filter(|&unit| of_units[unit].is_some()).collect();
        let corrected = benjamini_hochberg(&of_units.iter().copied().flatten().collect::<Vec<_>>());
        let mut of_all = vec![None; of_units.len()];
        known.iter().zip(corrected).for_each(|(&unit, p)| of_all[unit] = Some(p));
        let count = of_all.iter().flatten().filter(|p| **p < LEVEL).count();
        run.note(format!(
            "`{}`: {count} of {} units are predicted better than with stimuli permuted (Benjamini–Hochberg, {LEVEL})",
            scores.name(),
            scores.units.len()
        ));
        r.extend(own);
        p.extend(of_units);
        adjusted.extend(of_all);
        run.progress(done as u64 + 1, all.len() as u64, "variants");
    }
    let height = p.len();
    let mut columns: Vec<Column> =
        names.iter().map(|name| variant::column(name, &labels(all, name, |scores| scores.units.len()))).collect();
    let units: Vec<&str> = all.iter().flat_map(|scores| scores.units.iter().map(String::as_str)).collect();
    columns.push(Column::new("unit".into(), units));
    columns.push(Column::new("r".into(), r));
    columns.push(Column::new("p".into(), p));
    let significant: Vec<Option<bool>> = adjusted.iter().map(|p| p.map(|p| p < LEVEL)).collect();
    columns.push(Column::new("p_adjusted".into(), adjusted));
    columns.push(Column::new("significant".into(), significant));
    DataFrame::new(height, columns).map_err(|e| KindError::new(e.to_string()))
}

/// Each unit's r, the mean over folds, and its one-sided p. Stimuli are permuted within their fold, the same for all units.
fn of_variant(
    scored: &Scored,
    permutations: usize,
    seed: u64,
    device: tch::Device,
) -> (Vec<Option<f64>>, Vec<Option<f64>>) {
    let units = scored.measured.ncols();
    let mut rng = resampling::seeded(seed);
    let folds: Vec<(Tensor, Tensor)> = scored
        .folds()
        .into_iter()
        .map(|rows| {
            let y = scored.measured.select(ndarray::Axis(0), &rows);
            let p = scored.predicted.select(ndarray::Axis(0), &rows);
            (from_array(&y, device), from_array(&p, device))
        })
        .collect();
    let r = |orders: Option<&[Tensor]>| {
        let of_fold = |(at, (y, p)): (usize, &(Tensor, Tensor))| {
            let p = orders.map_or_else(|| p.shallow_clone(), |orders| p.index_select(0, &orders[at]));
            correlation(y, &p)
        };
        let all: Vec<Tensor> = folds.iter().enumerate().map(of_fold).collect();
        Tensor::stack(&all, 0).nanmean([0i64].as_slice(), false, Kind::Double)
    };
    let own = r(None);
    let mut reached = Tensor::zeros([index(units)], (Kind::Double, device));
    for _ in 0..permutations {
        let orders: Vec<Tensor> = folds
            .iter()
            .map(|(y, _)| {
                let mut order: Vec<i64> = (0..y.size()[0]).collect();
                order.shuffle(&mut rng);
                Tensor::from_slice(&order).to_device(device)
            })
            .collect();
        reached += r(Some(&orders)).ge_tensor(&(&own - 1e-12)).to_kind(Kind::Double);
    }
    let own = wide_vec(&own);
    let p = wide_vec(&reached)
        .into_iter()
        .zip(&own)
        .map(|(reached, r)| (!r.is_nan()).then(|| (1.0 + reached) / (1.0 + permutations as f64)));
    let p = p.collect();
    (own.into_iter().map(|r| (!r.is_nan()).then_some(r)).collect(), p)
}

/// Pearson's correlation of each column over the rows that it has; NaN where the responses do not vary, 0 where predictions do not.
fn correlation(y: &Tensor, p: &Tensor) -> Tensor {
    let mask = y.isnan().logical_not().to_kind(Kind::Double);
    let n = mask.sum_dim_intlist([0i64].as_slice(), true, Kind::Double);
    let centred = |x: &Tensor| {
        let x = x.nan_to_num(0.0, None, None) * &mask;
        let mean = x.sum_dim_intlist([0i64].as_slice(), true, Kind::Double) / &n;
        (x - mean) * &mask
    };
    let (y, p) = (centred(y), centred(p));
    let dot = |a: &Tensor, b: &Tensor| (a * b).sum_dim_intlist([0i64].as_slice(), false, Kind::Double);
    let (yy, pp) = (dot(&y, &y), dot(&p, &p));
    let flat = pp.lt_tensor(&(&yy * FLAT)).logical_and(&yy.gt(0.0));
    (dot(&y, &p) / (&yy * &pp).sqrt()).masked_fill(&flat, 0.0)
}

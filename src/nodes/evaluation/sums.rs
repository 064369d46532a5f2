//! Scores in draws of stimuli, from sums over the scored rows: nothing is fitted again.

use ndarray::Array2;
use tch::{Kind, Tensor};

use crate::math::tensor::{from_array, index, wide_vec};
use crate::nodes::measures;
use crate::stats::summary::FLAT;

/// Whether a measure is a function of sums over stimuli.
pub fn known(measure: &str) -> bool {
    [
        measures::EXPLAINED_VARIANCE,
        measures::EXPLAINED_VARIANCE_NC,
        measures::R,
        measures::R_NC,
        measures::R2_NC,
        measures::R2,
    ]
    .iter()
    .any(|known| known.name == measure)
}

/// A score before any ceiling, as the measure has it after.
pub fn corrected(measure: &str, score: f64, ceiling: f64) -> f64 {
    match measure {
        name if name == measures::EXPLAINED_VARIANCE_NC.name => score / ceiling,
        name if name == measures::R_NC.name => score / ceiling.sqrt(),
        name if name == measures::R2_NC.name => score * score / ceiling,
        _ => score,
    }
}

/// How often each row stands in each draw, draws × rows.
pub fn weights(counts: &[Vec<u32>], device: tch::Device) -> Tensor {
    let flat: Vec<f64> = counts.iter().flatten().copied().map(f64::from).collect();
    let rows = counts.first().map_or(0, Vec::len);
    Tensor::from_slice(&flat).reshape([index(counts.len()), index(rows)]).to_device(device)
}

/// A measure of every unit in every draw before any ceiling, draws × units; NaN where it is undefined.
///
/// `weights` is draws × rows; measured (NaN where a unit was not recorded) and predicted are rows × units.
pub fn scores(
    measure: &str,
    weights: &Tensor,
    (measured, predicted): (&Array2<f64>, &Array2<f64>),
    device: tch::Device,
) -> Array2<f64> {
    let mask = measured.mapv(|y| if y.is_nan() { 0.0 } else { 1.0 });
    // About each unit's mean, so that sums of squares keep their digits.
    let centre: Vec<f64> = measured
        .columns()
        .into_iter()
        .map(|column| {
            let known: Vec<f64> = column.iter().copied().filter(|y| !y.is_nan()).collect();
            known.iter().sum::<f64>() / known.len().max(1) as f64
        })
        .collect();
    let centred = |from: &Array2<f64>| {
        Array2::from_shape_fn(from.dim(), |(row, unit)| match mask[[row, unit]] {
            0.0 => 0.0,
            _ => from[[row, unit]] - centre[unit],
        })
    };
    let (y, p) = (from_array(&centred(measured), device), from_array(&centred(predicted), device));
    let n = weights.matmul(&from_array(&mask, device));
    let (sy, sp) = (weights.matmul(&y), weights.matmul(&p));
    let (yy, pp, yp) = (weights.matmul(&(&y * &y)), weights.matmul(&(&p * &p)), weights.matmul(&(&y * &p)));
    let vy = &yy - &sy * &sy / &n;
    let vp = &pp - &sp * &sp / &n;
    let cov = &yp - &sy * &sp / &n;
    // Of equal responses rounding is all that is left.
    let varies = vy.gt_tensor(&(&yy * 1e-12)).logical_and(&n.ge(2.0));
    let found = match measure {
        name if [measures::EXPLAINED_VARIANCE.name, measures::EXPLAINED_VARIANCE_NC.name].contains(&name) => {
            1.0f64 - (&vy + &vp - &cov * 2.0) / &vy
        }
        name if name == measures::R2.name => 1.0f64 - (&yy + &pp - &yp * 2.0) / &vy,
        _ => {
            let flat = vp.lt_tensor(&(&vy * FLAT));
            (&cov / (&vy * &vp).sqrt()).clamp(-1.0, 1.0).masked_fill(&flat, 0.0)
        }
    };
    let found = found.masked_fill(&varies.logical_not(), f64::NAN).to_kind(Kind::Double);
    let shape = (weights.size()[0] as usize, measured.ncols());
    Array2::from_shape_vec(shape, wide_vec(&found)).expect("draws × units")
}

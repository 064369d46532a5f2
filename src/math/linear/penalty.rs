//! The choice of a penalty for every unit out of a grid, which grows where the best lies at its edge.

use tch::Tensor;

use crate::math::linear::ridge::{Judge, explained, variances};
use crate::math::tensor::columns;

/// How many penalties a decade holds where a grid is made here, or one penalty is extended to a grid.
pub const PER_DECADE: usize = 4;
/// How many penalties a grid that fits the features has.
pub const AUTO: usize = 10 * PER_DECADE + 1;
/// How many decades a grid is extended at either end, at most.
pub const MOST_DECADES: usize = 12;
/// The multiple of the largest eigenvalue from which on a penalty leaves a prediction less than a millionth from the mean.
const MEAN_ALONE: f64 = 1e6;

/// The penalties chosen, per unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    pub alpha: Vec<f64>,
    /// 1 − Var(y − ŷ)/Var(y) over train rows by fits that have not seen them; nothing for a constant unit.
    pub explained: Vec<Option<f64>>,
    /// Whether the best penalty is the grid's smallest or largest, extended as far as it was.
    pub at_edge: Vec<bool>,
    /// Every penalty that was tried, ascending.
    pub grid: Vec<f64>,
    pub extended: bool,
}

/// The best of a grid for every unit by mean squared error, the larger of two that are equal.
///
/// `y` is centred, n × units. With `extend`, about a decade at a time is added at either end, in the steps that the grid
/// has there, while the best of any unit lies there, and at the upper end no further than where a penalty leaves nothing
/// but the mean. A unit that is constant takes the grid's largest penalty.
pub fn choose(judge: &Judge<'_>, y: &Tensor, grid: &[f64], extend: bool) -> Choice {
    let mut grid = grid.to_vec();
    grid.sort_by(f64::total_cmp);
    grid.dedup();
    let (given_low, given_high) = (grid[0], grid[grid.len() - 1]);
    let total = variances(y);
    let varies: Vec<usize> = (0..total.len()).filter(|&unit| total[unit] > 0.0).collect();
    let mut best = vec![Best { loss: f64::INFINITY, spread: f64::INFINITY, alpha: given_high }; total.len()];
    try_all(judge, y, &varies, grid.iter().rev().copied(), &mut best);
    if extend {
        for end in [End::High, End::Low] {
            let step = end.step(&grid);
            let (at_once, most) =
                ((1.0 / step).round().max(1.0) as usize, (MOST_DECADES as f64 / step).ceil() as usize);
            for first in (0..most).step_by(at_once) {
                let edge = end.of(&grid);
                let there: Vec<usize> = varies.iter().copied().filter(|&unit| best[unit].alpha == edge).collect();
                if there.is_empty() || (end == End::High && edge >= MEAN_ALONE * judge.largest()) {
                    break;
                }
                let given = if end == End::High { given_high } else { given_low };
                let more: Vec<f64> = (1..=at_once)
                    .map(|at| {
                        let decades = (first + at) as f64 * step;
                        given * 10f64.powf(if end == End::High { decades } else { -decades })
                    })
                    .collect();
                match end {
                    End::High => try_all(judge, y, &there, more.iter().rev().copied(), &mut best),
                    End::Low => try_all(judge, y, &there, more.iter().copied(), &mut best),
                }
                grid.extend(more);
                grid.sort_by(f64::total_cmp);
            }
        }
    }
    let (low, high) = (grid[0], grid[grid.len() - 1]);
    Choice {
        alpha: best.iter().map(|best| best.alpha).collect(),
        explained: best.iter().zip(&total).map(|(best, &total)| explained(best.spread, total)).collect(),
        at_edge: (0..total.len())
            .map(|unit| total[unit] > 0.0 && grid.len() > 1 && (best[unit].alpha == low || best[unit].alpha == high))
            .collect(),
        extended: low < given_low || high > given_high,
        grid,
    }
}

#[derive(Clone, Copy)]
struct Best {
    loss: f64,
    spread: f64,
    alpha: f64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Low,
    High,
}

impl End {
    fn of(self, grid: &[f64]) -> f64 {
        match self {
            Self::Low => grid[0],
            Self::High => grid[grid.len() - 1],
        }
    }

    /// The grid's spacing at this end in decades, free of rounding.
    fn step(self, grid: &[f64]) -> f64 {
        let (a, b) = match (self, grid) {
            (_, [] | [_]) => return 1.0 / PER_DECADE as f64,
            (Self::Low, [a, b, ..]) | (Self::High, [.., a, b]) => (a, b),
        };
        (((b / a).log10() * 1e9).round() / 1e9).clamp(0.01, MOST_DECADES as f64)
    }
}

/// Tries penalties for some units; of equal losses the larger penalty stands.
fn try_all(judge: &Judge<'_>, y: &Tensor, units: &[usize], alphas: impl Iterator<Item = f64>, best: &mut [Best]) {
    if units.is_empty() {
        return;
    }
    let y = columns(y, units);
    let projections = judge.projections(&y);
    let alphas: Vec<f64> = alphas.collect();
    for (&alpha, losses) in alphas.iter().zip(judge.losses(&y, &projections, &alphas)) {
        for (&unit, (loss, spread)) in units.iter().zip(losses) {
            let known = &mut best[unit];
            if loss < known.loss || (loss == known.loss && alpha > known.alpha) {
                *known = Best { loss, spread, alpha };
            }
        }
    }
}

/// Penalties fit for features whose centred products have the given trace and rank: four a decade from 1e-6 to 1e4 times
/// the power of ten nearest to the mean eigenvalue.
pub fn scaled_grid(trace: f64, rank: usize) -> Vec<f64> {
    let middle = (trace / rank as f64).log10().round();
    log_grid(10f64.powf(middle - 6.0), 10f64.powf(middle + 4.0), AUTO)
}

/// `count` penalties from `low` to `high`, evenly spaced in logarithm; ends exact.
pub fn log_grid(low: f64, high: f64, count: usize) -> Vec<f64> {
    let (from, to) = (low.log10(), high.log10());
    (0..count)
        .map(|at| match at {
            0 => low,
            at if at + 1 == count => high,
            at => 10f64.powf(from + (to - from) * at as f64 / (count - 1) as f64),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::linear::basis::Basis;
    use crate::math::linear::ridge::tests::{centred, normal};
    use crate::math::tensor::from_array;
    use ndarray::Array2;

    const CPU: tch::Device = tch::Device::Cpu;

    #[test]
    fn a_grid_grows_until_the_best_lies_inside() {
        let x = normal(60, 5, 7);
        let noise = normal(60, 2, 8);
        let mut y = Array2::zeros((60, 3));
        y.column_mut(0).assign(&(&x.column(0) * 0.5 + noise.column(0)));
        y.column_mut(1).assign(&noise.column(1));
        let (xt, yt) = (from_array(&centred(&x), CPU), from_array(&centred(&y), CPU));
        let basis = Basis::primal(&xt);
        let judge = Judge::LeaveOneOut(&basis);
        let narrow = choose(&judge, &yt, &[1e-3, 1e-2], false);
        assert_eq!((narrow.alpha[0], narrow.at_edge[0], narrow.extended), (1e-2, true, false));
        let wide = choose(&judge, &yt, &[1e-3, 1e-2], true);
        assert!(wide.extended && !wide.at_edge[0] && wide.alpha[0] >= 1.0, "{wide:?}");
        assert!(wide.explained[0] > narrow.explained[0]);
        assert_eq!((wide.at_edge[2], wide.explained[2]), (false, None), "a constant unit");
        assert!(wide.grid.windows(2).all(|pair| pair[0] < pair[1]));
        // In its own steps: the list's decades stay decades, quarters stay quarters.
        assert!(wide.grid.iter().all(|alpha| (alpha.log10() - alpha.log10().round()).abs() < 1e-12), "{wide:?}");
        let quarters = choose(&judge, &yt, &[1e-2, 10f64.powf(-1.75)], true);
        assert!(quarters.grid.windows(2).all(|pair| ((pair[1] / pair[0]).log10() - 0.25).abs() < 1e-9));
    }

    #[test]
    fn a_grid_ends_where_nothing_but_the_mean_is_left() {
        // Units whose best penalty is infinite: features say the contrary of what they say of the rows left out.
        let x = normal(40, 3, 1);
        let noise = normal(40, 8, 2);
        let (xt, yt) = (from_array(&centred(&x), CPU), from_array(&centred(&noise), CPU));
        let basis = Basis::primal(&xt);
        let judge = Judge::LeaveOneOut(&basis);
        let choice = choose(&judge, &yt, &[1.0, 10.0], true);
        let last = choice.grid[choice.grid.len() - 1];
        let end = MEAN_ALONE * judge.largest();
        assert!(choice.at_edge.contains(&true) && last >= end && last < 10.0 * end, "{last} for {end}: {choice:?}");
    }

    #[test]
    fn grids_have_exact_ends() {
        let grid = scaled_grid(5e6, 10);
        assert_eq!(grid.len(), 41);
        assert!((grid[0] / 1.0 - 1.0).abs() < 1e-12 && (grid[40] / 1e10 - 1.0).abs() < 1e-12);
        assert_eq!(log_grid(0.3, 7.0, 3)[2], 7.0);
    }
}

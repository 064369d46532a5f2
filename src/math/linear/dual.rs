//! Ridge regression in the dual form where penalties are judged on folds: by a fit without each, and one to all rows.
//!
//! For centred products of rows K, dual coefficients are a = (K + αI)⁻¹y. A fit of K reduces it to a band once, after which
//! every penalty is a band's system; predictions of the rows left out are their products with the rows seen, turned into
//! the band's axes once, times its solutions. A penalty so small that rounding decides whether K + αI is positive definite
//! goes by an eigendecomposition of all rows instead, none of whose values is taken for negative.

use std::sync::OnceLock;

use tch::{Kind, Tensor};

use crate::math::linear::band::Band;
use crate::math::linear::basis::Basis;
use crate::math::linear::blocks::Blocks;
use crate::math::linear::eigen::{Eigen, WithoutMean};
use crate::math::linear::parallel::side_by_side;
use crate::math::tensor::{column_means, columns, index, rows, scalar, wide_vec};

/// Fits that are made side by side, at most: each holds its products.
const SIDE_BY_SIDE: usize = 4;
/// Penalties of a fold that are tried at once, at most, and the numbers of their solutions.
const AT_ONCE: usize = 10;
const MOST_NUMBERS: usize = 4 << 20;
/// Steps of the power iteration for the largest eigenvalue.
const STEPS: usize = 30;

/// Products of rows with rows, reduced to a band in axes without the mean.
struct Fit {
    axes: WithoutMean,
    band: Band,
}

impl Fit {
    fn of(products: Tensor) -> Self {
        let axes = WithoutMean::of(products.size()[0], products.device());
        let within = axes.within(&products);
        drop(products);
        Self { axes, band: Band::of(within) }
    }

    /// x, rows × any, less its column means, in the band's axes.
    fn turn(&self, x: &Tensor) -> Tensor {
        self.band.turn(&self.axes.down(x))
    }
}

/// A fit to all folds but one, and the rows it is judged on.
struct Fold {
    fit: Fit,
    /// Rows of train that it is fitted to.
    seen: Vec<usize>,
    /// Rows of train that it leaves out.
    unseen: Vec<usize>,
    /// unseen × axes.
    turned: Tensor,
}

/// Fits to train rows without each fold, and to all of them; each is made when it is first asked for.
pub struct Bands {
    folds: Vec<OnceLock<Fold>>,
    whole: OnceLock<Fit>,
    /// The decomposition of all rows, for penalties within rounding.
    basis: OnceLock<Basis>,
    /// Train rows in the order of folds.
    order: Vec<usize>,
    /// Where each fold begins there, and the end.
    ends: Vec<usize>,
    /// n × n, in that order.
    products: Tensor,
}

/// Whether `penalties` are judged on `folds` of `rows` faster by bands than by an eigendecomposition and blocks; decided by
/// sizes alone, from operations in units of rows³ as they were timed on two cores.
pub fn by_bands(rows: usize, units: usize, folds: usize, penalties: usize) -> bool {
    let (n, u, k, penalties) = (rows as f64, units as f64, folds as f64, penalties as f64);
    let (part, share) = (1.0 - 1.0 / k, u / n);
    // Of a band: its reduction, and turning the rows left out; of a penalty: predictions for these.
    let bands = 2.2 + k * (2.2 * part.powi(3) + 2.0 * part.powi(2) / k) + penalties * 4.0 * share * part;
    // The decomposition; of a penalty: the blocks' products, and fitted values.
    let blocks = 11.0 + penalties * (1.6 / k + 3.0 * share);
    bands < blocks
}

impl Bands {
    /// From centred products of train rows (n × n); `fold` tells each row's, of `count`.
    pub fn of(products: &Tensor, fold: &[usize], count: usize) -> Self {
        let mut order: Vec<usize> = (0..fold.len()).collect();
        order.sort_by_key(|&row| fold[row]);
        let products = columns(&rows(products, &order), &order);
        let ends = (0..=count).map(|at| order.iter().filter(|&&row| fold[row] < at).count()).collect();
        let folds = (0..count).map(|_| OnceLock::new()).collect();
        Self { folds, whole: OnceLock::new(), basis: OnceLock::new(), order, ends, products }
    }

    fn fold(&self, at: usize) -> &Fold {
        self.folds[at].get_or_init(|| {
            let (from, to) = (self.ends[at], self.ends[at + 1]);
            let but = |x: &Tensor, axis: i64| {
                let rest = index(self.order.len() - to);
                Tensor::cat(&[x.narrow(axis, 0, index(from)), x.narrow(axis, index(to), rest)], axis)
            };
            let to_seen = but(&self.products, 1);
            let within = but(&to_seen, 0);
            // Rows left out are centred by the mean of the rows seen.
            let outside = to_seen.narrow(0, index(from), index(to - from)) - column_means(&within);
            drop(to_seen);
            let fit = Fit::of(within);
            Fold {
                turned: fit.turn(&outside.tr()).tr(),
                fit,
                seen: [&self.order[..from], &self.order[to..]].concat(),
                unseen: self.order[from..to].to_vec(),
            }
        })
    }

    fn whole(&self) -> &Fit {
        self.whole.get_or_init(|| Fit::of(self.products.shallow_clone()))
    }

    fn basis(&self) -> &Basis {
        self.basis.get_or_init(|| Basis::dual(&Eigen::of(&self.products)))
    }

    /// The mean squared error and the variance of the errors of every train row by the fit without its fold, per penalty and
    /// unit. `y` is centred, n × units.
    pub fn losses(&self, y: &Tensor, alphas: &[f64]) -> Vec<Vec<(f64, f64)>> {
        let (n, units) = (self.order.len(), y.size()[1]);
        let most = index((MOST_NUMBERS / n).max(1));
        let mut losses = vec![Vec::new(); alphas.len()];
        for from in (0..units).step_by(most as usize) {
            let some = self.losses_of(&y.narrow(1, from, most.min(units - from)), alphas);
            losses.iter_mut().zip(some).for_each(|(all, some)| all.extend(some));
        }
        losses
    }

    fn losses_of(&self, y: &Tensor, alphas: &[f64]) -> Vec<Vec<(f64, f64)>> {
        let (n, units) = (self.order.len(), y.size()[1] as usize);
        let at_once = (MOST_NUMBERS / (n * units).max(1)).clamp(1, AT_ONCE);
        let judge = |task: usize| {
            let Some(at) = task.checked_sub(1) else {
                // The largest goes first, to be there later.
                self.whole();
                return None;
            };
            let Fold { fit, seen, unseen, turned } = self.fold(at);
            let of_seen = rows(y, seen);
            let right = rows(y, unseen) - column_means(&of_seen);
            let projected = fit.turn(&of_seen);
            drop(of_seen);
            let definite = fit.band.definite(alphas);
            let kept: Vec<f64> = alphas.iter().zip(&definite).filter(|(_, kept)| **kept).map(|(&at, _)| at).collect();
            let mut sums = kept.chunks(at_once).flat_map(|alphas| {
                let solutions = fit.band.solve(&projected, alphas);
                let sums = (0..alphas.len()).map(|penalty| {
                    let errors = &right - turned.matmul(&solutions.get(index(penalty)));
                    let sum = |x: &Tensor| wide_vec(&x.sum_dim_intlist([0i64].as_slice(), false, Kind::Double));
                    (sum(&errors.square()), sum(&errors))
                });
                sums.collect::<Vec<_>>()
            });
            Some(definite.into_iter().map(|definite| definite.then(|| sums.next().expect("of each"))).collect())
        };
        // SAFETY: products and responses are only read; fits are made behind locks.
        let sums = unsafe { side_by_side(self.folds.len() + 1, SIDE_BY_SIDE, y.device(), judge) };
        let sums: Vec<Vec<Option<(Vec<f64>, Vec<f64>)>>> = sums.into_iter().flatten().collect();
        let of = |at: usize| -> Option<Vec<(f64, f64)>> {
            let mut total = vec![(0.0, 0.0); units];
            for fold in &sums {
                let (square, mean) = fold[at].as_ref()?;
                for (unit, total) in total.iter_mut().enumerate() {
                    *total = (total.0 + square[unit] / n as f64, total.1 + mean[unit] / n as f64);
                }
            }
            Some(total.into_iter().map(|(square, mean)| (square, square - mean * mean)).collect())
        };
        let mut losses: Vec<_> = (0..alphas.len()).map(of).collect();
        let left: Vec<usize> = (0..alphas.len()).filter(|&at| losses[at].is_none()).collect();
        if !left.is_empty() {
            let fold: Vec<usize> =
                (0..self.folds.len()).flat_map(|at| vec![at; self.ends[at + 1] - self.ends[at]]).collect();
            let blocks = Blocks::of(self.basis(), &fold, self.folds.len());
            let y = rows(y, &self.order);
            let alphas: Vec<f64> = left.iter().map(|&at| alphas[at]).collect();
            let found = blocks.losses(&y, &self.basis().project(&y), &alphas);
            left.into_iter().zip(found).for_each(|(at, found)| losses[at] = Some(found));
        }
        losses.into_iter().map(|losses| losses.expect("one way or the other")).collect()
    }

    /// The largest eigenvalue of the products to some hundredths, by power iteration.
    pub fn largest(&self) -> f64 {
        let first = self.products.diagonal(0, 0, 1).argmax(None, false).int64_value(&[]);
        let mut x = self.products.narrow(1, first, 1).copy();
        let mut value = 0.0;
        for _ in 0..STEPS {
            let length = scalar(&x.norm());
            if length == 0.0 {
                break;
            }
            x = self.products.matmul(&(x / length));
            value = scalar(&x.norm());
        }
        value
    }

    /// Weights of train rows, n × units, for a penalty per unit, by the fit to all of them. `y` is centred, n × units.
    pub fn coefficients(&self, y: &Tensor, alpha: &[f64]) -> Tensor {
        let (whole, y) = (self.whole(), rows(y, &self.order));
        let turned = whole.turn(&y);
        let mut distinct = alpha.to_vec();
        distinct.sort_by(f64::total_cmp);
        distinct.dedup();
        let definite = whole.band.definite(&distinct);
        let units_of =
            |at: usize| -> Vec<usize> { (0..alpha.len()).filter(|&unit| alpha[unit] == distinct[at]).collect() };
        let solve = |at: usize| {
            definite[at].then(|| whole.band.solve(&columns(&turned, &units_of(at)), &distinct[at..=at]).get(0))
        };
        // SAFETY: responses and the fit are only read.
        let solved = unsafe { side_by_side(distinct.len(), usize::MAX, y.device(), solve) };
        let found = y.zeros_like();
        for (at, solved) in solved.into_iter().enumerate() {
            let units = units_of(at);
            let solved = match solved {
                Some(solved) => whole.axes.up(&whole.band.turn_back(&solved)),
                None => self.basis().coefficients(&columns(&y, &units), &vec![distinct[at]; units.len()]),
            };
            let units: Vec<i64> = units.into_iter().map(index).collect();
            let _ = found.shallow_clone().index_copy_(1, &Tensor::from_slice(&units).to_device(y.device()), &solved);
        }
        let mut place = vec![0; self.order.len()];
        self.order.iter().enumerate().for_each(|(at, &row)| place[row] = at);
        rows(&found, &place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::linear::ridge::Judge;
    use crate::math::linear::ridge::tests::{centred, normal};
    use crate::math::tensor::from_array;

    const CPU: tch::Device = tch::Device::Cpu;

    fn case(height: usize, width: usize) -> (Tensor, Tensor, Vec<usize>) {
        let (x, y) = (centred(&normal(height, width, 5)), centred(&normal(height, 4, 6)));
        let x = from_array(&x, CPU);
        (x.matmul(&x.tr()), from_array(&y, CPU), (0..height).map(|row| row * 7 % 5).collect())
    }

    #[test]
    fn bands_equal_an_eigendecomposition() {
        for (height, width) in [(21, 40), (200, 300), (640, 900)] {
            let (products, y, fold) = case(height, width);
            let bands = Bands::of(&products, &fold, 5);
            let basis = Basis::dual(&Eigen::of(&products));
            let (by_bands, by_blocks) = (Judge::Bands(&bands), Judge::blocks(&basis, &fold, 5));
            let alphas = [1e-6, 0.3, 20.0, 5e3];
            let losses = |judge: &Judge<'_>| judge.losses(&y, &judge.projections(&y), &alphas);
            for (a, b) in losses(&by_bands).iter().flatten().zip(losses(&by_blocks).iter().flatten()) {
                let off = (a.0 / b.0 - 1.0).abs().max((a.1 / b.1 - 1.0).abs());
                assert!(off < 1e-8, "{height} × {width}: {a:?} by bands, {b:?} by blocks");
            }
            let alpha = [0.3, 5e3, 1e-6, 0.3];
            let difference = bands.coefficients(&y, &alpha) - basis.coefficients(&y, &alpha);
            assert!(scalar(&difference.abs().max()) < 1e-10, "{height} × {width}");
        }
    }

    #[test]
    fn penalties_within_rounding_go_by_eigenvectors() {
        // Rank 4, with noise of the products as of 32 bits.
        let x = from_array(&centred(&normal(60, 4, 1)), CPU);
        let noise = from_array(&normal(60, 60, 2), CPU) * 1e-7 + 1.0;
        let products = x.matmul(&x.tr()) * (&noise + noise.tr()) * 0.5;
        let products = crate::math::linear::gram::to_train(&products, &(0..60).collect::<Vec<_>>());
        let y = from_array(&centred(&normal(60, 3, 3)), CPU);
        let fold: Vec<usize> = (0..60).map(|row| row % 4).collect();
        let bands = Bands::of(&products, &fold, 4);
        let basis = Basis::dual(&Eigen::of(&products));
        let (by_bands, by_blocks) = (Judge::Bands(&bands), Judge::blocks(&basis, &fold, 4));
        let losses = |judge: &Judge<'_>| judge.losses(&y, &judge.projections(&y), &[1.0, 1e-8]);
        let (a, b) = (losses(&by_bands), losses(&by_blocks));
        assert!(bands.basis.get().is_some());
        for (a, b) in a.iter().flatten().zip(b.iter().flatten()) {
            assert!((a.0 / b.0 - 1.0).abs() < 1e-6 && (a.1 / b.1 - 1.0).abs() < 1e-6, "{a:?} {b:?}");
        }
        let alpha = [1e-8, 1.0, 1e-8];
        let (a, b) = (bands.coefficients(&y, &alpha), basis.coefficients(&y, &alpha));
        assert!(scalar(&(&a - &b).abs().max()) < 1e-6 * scalar(&b.abs().max()));
    }

    #[test]
    fn the_largest_eigenvalue_is_found_to_some_hundredths() {
        let (products, _, fold) = case(60, 90);
        let largest = Bands::of(&products, &fold, 5).largest();
        let exact = scalar(&Eigen::of(&products).values.max());
        assert!((largest / exact - 1.0).abs() < 0.05, "{largest} for {exact}");
        assert_eq!(Bands::of(&Tensor::zeros_like(&products), &fold, 5).largest(), 0.0);
    }

    #[test]
    fn few_folds_go_by_bands_and_many_by_blocks() {
        assert!(by_bands(2592, 168, 5, 20) && by_bands(2592, 168, 2, 41) && by_bands(2592, 168, 5, 1));
        assert!(!by_bands(2592, 168, 10, 20) && !by_bands(2592, 168, 100, 41));
    }
}

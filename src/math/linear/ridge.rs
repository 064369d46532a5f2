//! Ridge regression with an intercept and a penalty of its own for every unit, exact.
//!
//! Over n train rows, ŷ = ȳ + (x − m)w minimises Σ(y − ŷ)² + α‖w‖²: XᵀXw + αw = XᵀY for centred X (n × p) and Y
//! (n × units). One eigendecomposition, of XᵀX (p × p) or of XXᵀ (n × n), whichever is smaller, serves every α and unit:
//! with XᵀX = VΛVᵀ, w = V(VᵀXᵀY / (λ + α)); with XXᵀ = QΛQᵀ, w = Xᵀa and a = Q(QᵀY / (λ + α)). All in 64 bits.
//!
//! Penalties are judged on rows that a fit has not seen: by leaving out one (leverages), or folds by the fit to all rows
//! (blocks), by fits without each fold, or by such fits in the dual form (`dual`).

use tch::{Kind, Tensor};

use crate::math::linear::basis::Basis;
use crate::math::linear::blocks::{Blocks, spread};
use crate::math::linear::dual::Bands;
use crate::math::tensor::{column_means, rows, wide_vec};

/// Who judges penalties: rows of train that a fit has not seen.
pub enum Judge<'a> {
    LeaveOneOut(&'a Basis),
    Folds(Vec<Fold>),
    Blocks(Blocks<'a>),
    Bands(&'a Bands),
}

/// A fit to all folds but one, and the rows it is judged on.
pub struct Fold {
    basis: Basis,
    /// Rows of train that it is fitted to.
    seen: Vec<usize>,
    /// Rows of train that it leaves out.
    unseen: Vec<usize>,
    /// unseen × r: the left-out rows turned into the basis.
    turned: Tensor,
}

impl<'a> Judge<'a> {
    /// The largest eigenvalue of any fit; of bands to some hundredths.
    pub fn largest(&self) -> f64 {
        let of = |basis: &Basis| basis.lambda.max().double_value(&[]);
        match self {
            Self::LeaveOneOut(basis) | Self::Blocks(Blocks { basis, .. }) => of(basis),
            Self::Folds(folds) => folds.iter().map(|fold| of(&fold.basis)).fold(0.0, f64::max),
            Self::Bands(bands) => bands.largest(),
        }
    }

    /// k folds of centred features, n × p with p < n (`fold` tells each row's), by the fit to all rows, or by a fit without
    /// each fold where so many penalties are judged faster so. Which, is decided by sizes alone: a block takes 2n²r/k
    /// operations a penalty, a decomposition as long as some 40 products of its size.
    pub fn folds_primal(x: &Tensor, basis: &'a Basis, fold: &[usize], count: usize, penalties: usize) -> Self {
        let (n, r, k) = (fold.len() as f64, basis.rank() as f64, count as f64);
        if penalties as f64 * 2.0 * n * n * r / k > k * 40.0 * r.powi(3) {
            Self::fits(x, fold, count)
        } else {
            Self::blocks(basis, fold, count)
        }
    }

    /// k folds by the fit to all rows.
    pub fn blocks(basis: &'a Basis, fold: &[usize], count: usize) -> Self {
        Self::Blocks(Blocks::of(basis, fold, count))
    }

    /// k folds of centred features, n × p, by a fit without each.
    fn fits(x: &Tensor, fold: &[usize], count: usize) -> Self {
        let folds = (0..count).map(|left_out| {
            let (unseen, seen): (Vec<usize>, Vec<usize>) = (0..fold.len()).partition(|&row| fold[row] == left_out);
            let inside = rows(x, &seen);
            let mean = column_means(&inside);
            let basis = Basis::primal(&(inside - &mean));
            let turned = (rows(x, &unseen) - mean).matmul(&basis.turn);
            Fold { basis, seen, unseen, turned }
        });
        Self::Folds(folds.collect())
    }

    /// What all penalties share for some units: y (centred, n × units) in every fit's basis.
    pub fn projections(&self, y: &Tensor) -> Vec<Tensor> {
        match self {
            Self::LeaveOneOut(basis) | Self::Blocks(Blocks { basis, .. }) => vec![basis.project(y)],
            Self::Folds(folds) => folds
                .iter()
                .map(|fold| {
                    let seen = rows(y, &fold.seen);
                    fold.basis.project(&(&seen - column_means(&seen)))
                })
                .collect(),
            // Each fit's, made with it.
            Self::Bands(_) => Vec::new(),
        }
    }

    /// The errors of every train row by a fit that has not seen it, n × units, in an order of rows of its own.
    fn errors(&self, y: &Tensor, projections: &[Tensor], alpha: f64) -> Tensor {
        match self {
            Self::LeaveOneOut(basis) => basis.leave_one_out_of(y, &projections[0], alpha),
            Self::Folds(folds) => {
                let errors: Vec<Tensor> = folds
                    .iter()
                    .zip(projections)
                    .map(|(fold, c)| {
                        let mean = column_means(&rows(y, &fold.seen));
                        rows(y, &fold.unseen) - mean - fold.turned.matmul(&(c * fold.basis.shrunk(alpha)))
                    })
                    .collect();
                Tensor::cat(&errors, 0)
            }
            Self::Blocks(_) | Self::Bands(_) => unreachable!("`losses` asks them for all penalties at once"),
        }
    }

    /// The mean squared error and the variance of the errors, per penalty and unit.
    pub fn losses(&self, y: &Tensor, projections: &[Tensor], alphas: &[f64]) -> Vec<Vec<(f64, f64)>> {
        match self {
            Self::Bands(bands) => bands.losses(y, alphas),
            Self::Blocks(blocks) => blocks.losses(y, &projections[0], alphas),
            _ => alphas.iter().map(|&alpha| spread(&self.errors(y, projections, alpha))).collect(),
        }
    }

    /// 1 − Var(y − ŷ)/Var(y) of the errors at one penalty, per unit; nothing where it is undefined.
    pub fn explained(&self, y: &Tensor, alpha: f64) -> Vec<Option<f64>> {
        let total = variances(y);
        let losses = self.losses(y, &self.projections(y), &[alpha]).swap_remove(0);
        losses.iter().zip(total).map(|(&(_, spread), total)| explained(spread, total)).collect()
    }
}

/// Population variances of centred columns; exactly 0 where a column is.
pub fn variances(y: &Tensor) -> Vec<f64> {
    wide_vec(&y.square().mean_dim([0i64].as_slice(), false, Kind::Double))
}

pub fn explained(spread: f64, total: f64) -> Option<f64> {
    (total > 0.0 && spread.is_finite()).then(|| 1.0 - spread / total)
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::math::linear::eigen::Eigen;
    use crate::math::tensor::from_array;
    use ndarray::Array2;
    use rand::{Rng, SeedableRng};

    const CPU: tch::Device = tch::Device::Cpu;

    pub fn normal(height: usize, width: usize, seed: u64) -> Array2<f64> {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
        Array2::from_shape_fn((height, width), |_| rng.sample::<f64, _>(rand_distr::StandardNormal))
    }

    pub fn centred(x: &Array2<f64>) -> Array2<f64> {
        x - &x.mean_axis(ndarray::Axis(0)).unwrap()
    }

    fn as_array(tensor: &Tensor) -> Array2<f64> {
        let (height, width) = tensor.size2().unwrap();
        Array2::from_shape_vec((height as usize, width as usize), wide_vec(tensor)).unwrap()
    }

    /// Solves Ab = c by elimination with pivoting: an oracle that shares no code with the solver.
    fn solve(mut a: Array2<f64>, mut c: Vec<f64>) -> Vec<f64> {
        let n = c.len();
        for at in 0..n {
            let pivot = (at..n).max_by(|&i, &j| a[[i, at]].abs().total_cmp(&a[[j, at]].abs())).unwrap();
            for column in 0..n {
                a.swap([at, column], [pivot, column]);
            }
            c.swap(at, pivot);
            for row in at + 1..n {
                let factor = a[[row, at]] / a[[at, at]];
                for column in at..n {
                    a[[row, column]] -= factor * a[[at, column]];
                }
                c[row] -= factor * c[at];
            }
        }
        for at in (0..n).rev() {
            for column in at + 1..n {
                c[at] -= a[[at, column]] * c[column];
            }
            c[at] /= a[[at, at]];
        }
        c
    }

    /// The prediction of one row by a ridge regression with an unpenalised intercept on some rows of one unit.
    fn predict(x: &Array2<f64>, y: &Array2<f64>, unit: usize, fit: &[usize], row: usize, alpha: f64) -> f64 {
        let inside = x.select(ndarray::Axis(0), fit);
        let truth: Vec<f64> = fit.iter().map(|&at| y[[at, unit]]).collect();
        let mean_y = truth.iter().sum::<f64>() / truth.len() as f64;
        let c = centred(&inside);
        let mut normal = c.t().dot(&c);
        normal.diag_mut().iter_mut().for_each(|value| *value += alpha);
        let right = c.t().dot(&ndarray::Array1::from_iter(truth.iter().map(|value| value - mean_y)));
        let w = solve(normal, right.to_vec());
        let mean_x = inside.mean_axis(ndarray::Axis(0)).unwrap();
        mean_y + (0..w.len()).map(|column| (x[[row, column]] - mean_x[column]) * w[column]).sum::<f64>()
    }

    #[test]
    fn weights_satisfy_the_normal_equations_in_both_forms() {
        for (height, width) in [(40, 12), (12, 40)] {
            let (x, y) = (centred(&normal(height, width, 1)), centred(&normal(height, 3, 2)));
            let alpha = [0.01, 3.0, 1e4];
            let (xt, yt) = (from_array(&x, CPU), from_array(&y, CPU));
            let w = if width < height {
                as_array(&Basis::primal(&xt).coefficients(&yt, &alpha))
            } else {
                x.t().dot(&as_array(&Basis::dual(&Eigen::of(&xt.matmul(&xt.tr()))).coefficients(&yt, &alpha)))
            };
            let mut gradient = x.t().dot(&(x.dot(&w) - &y));
            for (unit, alpha) in alpha.iter().enumerate() {
                gradient.column_mut(unit).scaled_add(*alpha, &w.column(unit));
            }
            let worst = gradient.iter().fold(0.0f64, |worst, g| worst.max(g.abs()));
            assert!(worst < 1e-10, "{height} × {width}: {worst}");
        }
    }

    #[test]
    fn leaving_one_out_equals_refitting_without_it() {
        for (height, width) in [(20, 6), (14, 30)] {
            let (x, y) = (normal(height, width, 3), normal(height, 2, 4));
            let (xt, yt) = (from_array(&centred(&x), CPU), from_array(&centred(&y), CPU));
            let basis =
                if width < height - 1 { Basis::primal(&xt) } else { Basis::dual(&Eigen::of(&xt.matmul(&xt.tr()))) };
            for alpha in [1e-7, 0.5, 1e3] {
                let errors = as_array(&basis.leave_one_out(&yt, alpha));
                for row in 0..height {
                    let others: Vec<usize> = (0..height).filter(|&at| at != row).collect();
                    let expected = y[[row, 1]] - predict(&x, &y, 1, &others, row, alpha);
                    let got = errors[[row, 1]];
                    assert!((got - expected).abs() < 1e-6 * (1.0 + expected.abs()), "{got} against {expected}");
                }
            }
        }
    }

    #[test]
    fn the_dual_form_stays_exact_for_penalties_near_nothing() {
        let (x, y) = (normal(14, 30, 3), normal(14, 1, 4));
        let xt = from_array(&centred(&x), CPU);
        let basis = Basis::dual(&Eigen::of(&xt.matmul(&xt.tr())));
        let at = |alpha| as_array(&basis.leave_one_out(&from_array(&centred(&y), CPU), alpha));
        assert!((at(1e-9) - at(1e-15)).iter().all(|difference| difference.abs() < 1e-8));
    }

    #[test]
    fn folds_equal_refitting_without_them() {
        for (height, width) in [(20, 6), (14, 30)] {
            let (x, y) = (normal(height, width, 5), normal(height, 2, 6));
            let fold: Vec<usize> = (0..height).map(|row| row % 3).collect();
            let (xt, yt) = (from_array(&centred(&x), CPU), from_array(&centred(&y), CPU));
            let products = xt.matmul(&xt.tr());
            let bands = Bands::of(&products, &fold, 3);
            let judge = if width < height { Judge::fits(&xt, &fold, 3) } else { Judge::Bands(&bands) };
            let got = judge.explained(&yt, 2.0)[0].unwrap();
            let basis = if width < height { Basis::primal(&xt) } else { Basis::dual(&Eigen::of(&products)) };
            let blocks = Judge::blocks(&basis, &fold, 3);
            for alpha in [1e-5, 2.0, 1e5] {
                let (a, b) = (blocks.explained(&yt, alpha)[0].unwrap(), judge.explained(&yt, alpha)[0].unwrap());
                assert!((a - b).abs() < 1e-7, "{a} by blocks, {b} by fits");
            }
            let of = |penalties| Judge::folds_primal(&xt, &basis, &fold, 3, penalties);
            assert!(width > height || matches!((of(10), of(10_000)), (Judge::Blocks(_), Judge::Folds(_))));
            let errors: Vec<f64> = (0..height)
                .map(|row| {
                    let others: Vec<usize> = (0..height).filter(|&at| fold[at] != fold[row]).collect();
                    y[[row, 0]] - predict(&x, &y, 0, &others, row, 2.0)
                })
                .collect();
            let truth: Vec<f64> = y.column(0).to_vec();
            let expected = 1.0 - crate::stats::summary::variance(&errors) / crate::stats::summary::variance(&truth);
            assert!((got - expected).abs() < 1e-10, "{got} against {expected}");
        }
    }

    #[test]
    fn penalties_side_by_side_are_what_they_are_alone() {
        let (x, y) = (from_array(&centred(&normal(70, 90, 5)), CPU), from_array(&centred(&normal(70, 3, 6)), CPU));
        let basis = Basis::dual(&Eigen::of(&x.matmul(&x.tr())));
        let fold: Vec<usize> = (0..70).map(|row| row % 3).collect();
        let judge = Judge::blocks(&basis, &fold, 3);
        let (projections, alphas) = (judge.projections(&y), [1e-3, 0.1, 1.0, 20.0, 4e3]);
        let together = judge.losses(&y, &projections, &alphas);
        for (alpha, together) in alphas.into_iter().zip(together) {
            for ((a, b), (c, d)) in together.into_iter().zip(judge.losses(&y, &projections, &[alpha]).swap_remove(0)) {
                assert!((a / c - 1.0).abs() < 1e-10 && (b / d - 1.0).abs() < 1e-10, "{alpha}: {a} {c}, {b} {d}");
            }
        }
    }

    #[test]
    fn least_squares_leaves_no_gradient_and_rank_is_counted() {
        let (mut x, y) = (centred(&normal(30, 4, 9)), centred(&normal(30, 2, 10)));
        let copy = x.column(0).to_owned();
        x.column_mut(3).assign(&copy);
        let basis = Basis::singular(&from_array(&x, CPU));
        assert_eq!(basis.rank(), 3);
        let w = as_array(&basis.coefficients(&from_array(&y, CPU), &[0.0, 0.0]));
        let gradient = x.t().dot(&(x.dot(&w) - &y));
        assert!(gradient.iter().all(|g| g.abs() < 1e-12));
        assert!((w[[0, 0]] - w[[3, 0]]).abs() < 1e-12, "least norm shares a weight between equal columns");
    }
}

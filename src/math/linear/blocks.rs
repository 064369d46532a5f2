//! Errors of folds by the fit to all rows: leave-one-out for more than one row at a time.

use tch::{Kind, Tensor};

use crate::math::linear::basis::{Basis, Form};
use crate::math::linear::parallel::side_by_side;
use crate::math::tensor::{index, rows, wide_vec};

/// Penalties that are tried side by side, at most: each holds as much as the basis.
const SIDE_BY_SIDE: usize = 4;
/// Rows of a product's part below which parts cost more than they save.
const LEAST_SQUARE: i64 = 64;

/// The fit to all rows, whose rows are put in order of their folds.
pub struct Blocks<'a> {
    pub(super) basis: &'a Basis,
    order: Vec<usize>,
    /// n × r: `left` in that order.
    left: Tensor,
    /// Rows of each fold.
    sizes: Vec<i64>,
}

impl<'a> Blocks<'a> {
    /// k folds (`fold` tells each row's) by the fit to all rows.
    pub fn of(basis: &'a Basis, fold: &[usize], count: usize) -> Self {
        let mut order: Vec<usize> = (0..fold.len()).collect();
        order.sort_by_key(|&row| fold[row]);
        let sizes = (0..count).map(|at| index(fold.iter().filter(|&&fold| fold == at).count())).collect();
        Self { basis, left: rows(&basis.left, &order), order, sizes }
    }

    /// The mean squared error and the variance of the errors, per penalty and unit; `c` is the basis's projection of `y`. Blocks
    /// are small beside a machine of several cores, so that penalties are shared out among them.
    pub fn losses(&self, y: &Tensor, c: &Tensor, alphas: &[f64]) -> Vec<Vec<(f64, f64)>> {
        let loss = |at: usize| spread(&self.errors(y, c, alphas[at]));
        // SAFETY: what penalties share is only read; blocks make no use of the cell in their basis.
        unsafe { side_by_side(alphas.len(), SIDE_BY_SIDE, y.device(), loss) }
    }

    /// The errors of every fold by the fit without it, in the order of folds.
    ///
    /// For a block B they are (I − H_BB)⁻¹e_B, leave-one-out for more than one row: exact for a fixed penalty, the intercept
    /// refitted. In the dual form e and I − H are both divided by α, which leaves M_BB⁻¹a_B with M = Q(Λ + α)⁻¹Qᵀ and
    /// a = My, so that neither cancels.
    fn errors(&self, y: &Tensor, c: &Tensor, alpha: f64) -> Tensor {
        let root = self.basis.shrunk(alpha).sqrt();
        let scaled = &self.left * root.tr();
        let fitted = scaled.matmul(&(c * &root));
        let dual = self.basis.form == Form::Dual;
        let errors = if dual { fitted } else { rows(y, &self.order) - fitted };
        let mean = 1.0 / self.order.len() as f64;
        let mut from = 0;
        let solved = self.sizes.iter().map(|&size| {
            let (within, right) = (scaled.narrow(0, from, size), errors.narrow(0, from, size));
            from += size;
            let within = lower_square(&within);
            let within = if dual { within } else { Tensor::eye(size, (Kind::Double, y.device())) - within - mean };
            // Reads the lower triangle.
            let (factor, failed) = within.linalg_cholesky_ex(false, false);
            if failed.int64_value(&[]) == 0 {
                right.cholesky_solve(&factor, false)
            } else {
                // So near to singular that rounding shows; elimination with pivots still gives the errors.
                Tensor::linalg_solve(&(within.tril(0) + within.tril(-1).tr()), &right, true)
            }
        });
        Tensor::cat(&solved.collect::<Vec<_>>(), 0)
    }
}

/// xxᵀ where its lower triangle is, and zeros in most of the rest: of large blocks, three eighths of the products are left
/// out.
fn lower_square(x: &Tensor) -> Tensor {
    let size = x.size()[0];
    let out = Tensor::zeros([size, size], (x.kind(), x.device()));
    let step = (size / 4).max(LEAST_SQUARE);
    let mut from = 0;
    while from < size {
        let tall = step.min(size - from);
        let (below, across) = (x.narrow(0, from, size - from), x.narrow(0, from, tall));
        out.narrow(0, from, size - from).narrow(1, from, tall).copy_(&below.matmul(&across.tr()));
        from += tall;
    }
    out
}

/// The mean square and the variance of errors (n × units), per unit.
pub fn spread(errors: &Tensor) -> Vec<(f64, f64)> {
    let square = wide_vec(&errors.square().mean_dim([0i64].as_slice(), false, Kind::Double));
    let mean = wide_vec(&errors.mean_dim([0i64].as_slice(), false, Kind::Double));
    square.into_iter().zip(mean).map(|(square, mean)| (square, square - mean * mean)).collect()
}

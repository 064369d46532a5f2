//! The eigendecomposition that serves every penalty and unit of a ridge regression, and what it predicts of rows left out one by one.
//!
//! XᵀX = VΛVᵀ (p × p) gives w = V(VᵀXᵀY / (λ + α)); XXᵀ = QΛQᵀ (n × n) gives w = Xᵀa with a = Q(QᵀY / (λ + α)). All in 64 bits.

use std::cell::OnceCell;

use tch::{Kind, Tensor};

use crate::math::linear::eigen::Eigen;
use crate::math::tensor::{columns, index, wide_vec};

/// A row of which the fit leaves less than this share of freedom cannot be left out in 64 bits.
const LEAST_FREEDOM: f64 = 1e-9;

/// The eigendecomposition behind all penalties.
pub struct Basis {
    pub(super) form: Form,
    /// Eigenvalues of the smaller product, none negative; r.
    pub(super) lambda: Tensor,
    /// n × r: c = leftᵀy.
    pub(super) left: Tensor,
    /// The squares of `left`, which every penalty's leverages need; made when first asked for.
    left_square: OnceCell<Tensor>,
    /// p × r or n × r: coefficients = turn · (c / (λ + α)).
    pub(super) turn: Tensor,
}

/// Which of the two products was decomposed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// XᵀX.
    Primal,
    /// XXᵀ.
    Dual,
}

impl Basis {
    /// From centred features, n × p with p < n: coefficients are weights, p × units.
    pub fn primal(x: &Tensor) -> Self {
        let (lambda, vectors) = x.tr().matmul(x).linalg_eigh("U");
        Self::new(Form::Primal, lambda.clamp_min(0.0), x.matmul(&vectors), vectors)
    }

    /// From the decomposition of centred products of rows, for p ≥ n: coefficients are weights of train rows, n × units.
    pub fn dual(eigen: &Eigen) -> Self {
        Self::new(
            Form::Dual,
            eigen.values.shallow_clone(),
            eigen.vectors.shallow_clone(),
            eigen.vectors.shallow_clone(),
        )
    }

    /// From centred features, n × p, by singular values, leaving out those that 32-bit rounding may cause: for ordinary
    /// least squares (α = 0), of least norm where columns depend on one another.
    pub fn singular(x: &Tensor) -> Self {
        let (u, s, v) = x.svd(true, true);
        let all = wide_vec(&s);
        let (height, width) = x.size2().expect("a matrix");
        let floor = all.first().copied().unwrap_or(0.0) * 6e-8 * (height.max(width) as f64).sqrt();
        let rank = index(all.iter().filter(|&&value| value > floor).count());
        let s = s.narrow(0, 0, rank);
        Self::new(Form::Primal, s.square(), u.narrow(1, 0, rank) * s.unsqueeze(0), v.narrow(1, 0, rank))
    }

    /// The same without eigenvalues at or below `floor`.
    pub fn above(self, floor: f64) -> Self {
        let kept: Vec<usize> =
            wide_vec(&self.lambda).iter().enumerate().filter(|&(_, &value)| value > floor).map(|(at, _)| at).collect();
        let lambda = columns(&self.lambda.unsqueeze(0), &kept).squeeze_dim(0);
        Self::new(self.form, lambda, columns(&self.left, &kept), columns(&self.turn, &kept))
    }

    fn new(form: Form, lambda: Tensor, left: Tensor, turn: Tensor) -> Self {
        Self { form, lambda, left_square: OnceCell::new(), left, turn }
    }

    fn squares(&self) -> &Tensor {
        self.left_square.get_or_init(|| self.left.square())
    }

    /// 1 / (λ + α), r × 1.
    pub(super) fn shrunk(&self, alpha: f64) -> Tensor {
        (&self.lambda + alpha).reciprocal().unsqueeze(1)
    }

    /// c = leftᵀy, r × units.
    pub(super) fn project(&self, y: &Tensor) -> Tensor {
        self.left.tr().matmul(y)
    }

    /// How many directions the train rows vary along.
    pub fn rank(&self) -> usize {
        self.lambda.size()[0] as usize
    }

    /// Coefficients for a penalty per unit: weights (p × units) in the primal form, weights of train rows (n × units)
    /// in the dual. `y` is centred, n × units; `alpha` has a penalty per unit.
    pub fn coefficients(&self, y: &Tensor, alpha: &[f64]) -> Tensor {
        let alpha = Tensor::from_slice(alpha).to_device(y.device()).unsqueeze(0);
        self.turn.matmul(&(self.project(y) / (self.lambda.unsqueeze(1) + alpha)))
    }

    /// The errors y − ŷ of every train row, predicted by the fit to all others, n × units, for one penalty.
    ///
    /// e/(1 − h) with h the leverage (Allen 1974, PRESS; not the generalised form of Craven and Wahba 1979, which has the mean leverage), the
    /// intercept refitted: no approximation. In the dual form e and 1 − h are both divided by α, so that neither cancels
    /// however small it is. Infinite where a row decides its own prediction.
    pub fn leave_one_out(&self, y: &Tensor, alpha: f64) -> Tensor {
        self.leave_one_out_of(y, &self.project(y), alpha)
    }

    pub(super) fn leave_one_out_of(&self, y: &Tensor, c: &Tensor, alpha: f64) -> Tensor {
        let shrunk = self.shrunk(alpha);
        let leverage = self.squares().matmul(&shrunk);
        let fitted = self.left.matmul(&(c * &shrunk));
        match self.form {
            Form::Dual if alpha > 0.0 => fitted / leverage,
            Form::Dual => self.interpolating(y, c),
            Form::Primal => self.divided(&(y - fitted), &leverage),
        }
    }

    /// α = 0 in the dual form: fitted values are QQᵀy.
    fn interpolating(&self, y: &Tensor, c: &Tensor) -> Tensor {
        let fitted = self.left.matmul(c);
        self.divided(&(y - fitted), &self.squares().sum_dim_intlist([1i64].as_slice(), true, Kind::Double))
    }

    fn divided(&self, errors: &Tensor, leverage: &Tensor) -> Tensor {
        let freedom = 1.0 - 1.0 / self.left.size()[0] as f64 - leverage;
        let certain = freedom.le(LEAST_FREEDOM);
        (errors / freedom).masked_fill(&certain, f64::INFINITY)
    }
}

//! The covariance of units' noise over repeats, shrunk towards its diagonal, and dissimilarities in units of it.
//!
//! With R the residuals of m presentations from their stimulus's mean (m × p), d their degrees of freedom and S = RᵀR/d:
//!
//! ```text
//! Σ_jk = (1 − λ) S_jk for j ≠ k,  Σ_jj = S_jj,  λ = Σ_{j≠k} Var(r_jk)/Σ_{j≠k} r_jk², clipped to [0, 1]
//! ```
//!
//! r the correlations (Ledoit & Wolf 2004; Schäfer & Strimmer 2005; as rsatoolbox's `shrinkage_diag`). With Σ = LLᵀ, patterns L⁻¹x have
//! noise of variance 1, and their squared Euclidean distance is Mahalanobis's.

use ndarray::Array2;
use tch::{Kind, Tensor};

use crate::math::similarity::pairs;
use crate::math::tensor::{from_array, index, wide_vec};

/// Presentations of n stimuli to p units.
pub struct Noise {
    /// p × p, lower triangular: Σ = LLᵀ.
    lower: Tensor,
}

/// Why nothing is known in units of noise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A unit's responses do not vary over repeats.
    Silent(usize),
    /// Σ has no inverse.
    Singular,
}

impl Noise {
    /// From residuals (m × p) of so many degrees of freedom.
    pub fn of(residuals: &Array2<f64>, freedom: usize) -> Result<Self, Refusal> {
        let covariance = from_array(&covariance(residuals, freedom)?, tch::Device::Cpu);
        Ok(Self { lower: covariance.f_linalg_cholesky(false).map_err(|_| Refusal::Singular)? })
    }

    /// Patterns (rows × p) in units of noise.
    pub fn whitened(&self, patterns: &Array2<f64>) -> Tensor {
        let patterns = from_array(patterns, tch::Device::Cpu);
        self.lower.linalg_solve_triangular(&patterns.tr(), false, true, false).tr()
    }
}

/// Σ, p × p.
pub fn covariance(residuals: &Array2<f64>, freedom: usize) -> Result<Array2<f64>, Refusal> {
    let (many, units) = residuals.dim();
    let r = from_array(residuals, tch::Device::Cpu);
    // They sum to zero over each stimulus's repeats but for rounding.
    let r = &r - r.mean_dim([0i64].as_slice(), true, Kind::Double);
    let squares = r.square();
    let product = |x: &Tensor| Array2::from_shape_vec((units, units), wide_vec(&x.tr().matmul(x))).expect("p × p");
    let (sum, sum_of_squares) = (product(&r), product(&squares));
    let (m, d) = (many as f64, freedom as f64);
    let mut covariance = sum.mapv(|value| value / d);
    let variances = covariance.diag().to_owned();
    if let Some(silent) = variances.iter().position(|&variance| variance <= 0.0) {
        return Err(Refusal::Silent(silent));
    }
    let (mut spread, mut strength) = (0.0, 0.0);
    for (j, k) in (0..units).flat_map(|j| (0..units).map(move |k| (j, k))).filter(|(j, k)| j != k) {
        let scale = (variances[j] * variances[k]).sqrt();
        let correlation = sum[[j, k]] / scale / (m - 1.0);
        let square = sum_of_squares[[j, k]] / (scale * scale) / (m - 1.0);
        spread += m / (d * d) * (square - correlation * correlation);
        strength += correlation * correlation;
    }
    let shrink = if strength > 0.0 { (spread / strength).clamp(0.0, 1.0) } else { 1.0 };
    covariance.indexed_iter_mut().filter(|((j, k), _)| j != k).for_each(|(_, value)| *value *= 1.0 - shrink);
    Ok(covariance)
}

/// Squared distances of patterns (n × p), by columns; condensed.
pub fn mahalanobis(whitened: &Tensor) -> Vec<f64> {
    distances(&whitened.matmul(&whitened.tr()), whitened.size()[1])
}

/// The same of which noise has no part: products of differences between repeats k ≠ l alone, averaged (crossnobis; Walther et al. 2016).
/// `folds` are patterns (n × p) of one repeat each, two or more.
pub fn crossnobis(folds: &[Tensor]) -> Vec<f64> {
    let count = folds.len() as f64;
    let mut sum = folds[0].zeros_like();
    let n = folds[0].size()[0];
    let mut within = Tensor::zeros([n, n], (Kind::Double, folds[0].device()));
    for fold in folds {
        sum += fold;
        within += fold.matmul(&fold.tr());
    }
    distances(&((sum.matmul(&sum.tr()) - within) / (count * (count - 1.0))), folds[0].size()[1])
}

/// From products (n × n) of patterns of so many columns.
fn distances(products: &Tensor, columns: i64) -> Vec<f64> {
    let n = usize::try_from(products.size()[0]).expect("a size");
    assert_eq!(products.size(), [index(n), index(n)]);
    let (products, width) = (wide_vec(products), columns as f64);
    let at = |i: usize, j: usize| products[i * n + j];
    pairs::each(n).map(|(i, j)| (at(i, i) + at(j, j) - at(i, j) - at(j, i)) / width).collect()
}

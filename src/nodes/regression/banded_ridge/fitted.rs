//! One fit of the bands: by a search for weights, or by stacking a ridge a band.

use tch::{Kind, Tensor};

use crate::kind::{KindError, Run};
use crate::math::linear::banded::{Best, candidates, search};
use crate::math::linear::penalty::log_grid;
use crate::math::linear::ridge::{explained, variances};
use crate::math::linear::stacking;
use crate::math::tensor::{column_means, from_array, place, wide_vec};
use crate::nodes::regression::banded_ridge::bands::{Bands, Kernel};
use crate::nodes::regression::banded_ridge::{Method, Params};
use crate::nodes::regression::ridge::Alphas;
use crate::nodes::regression::task::Task;

/// What units are given, n train rows and some bands.
pub struct Fitted {
    /// Per band, the weights of its products with train rows, n × units: ŷ = Σ_b K_b c_b + ȳ.
    pub coefficients: Vec<Tensor>,
    /// ȳ, 1 × units.
    pub mean: Tensor,
    /// units × bands.
    pub weights: Vec<Vec<f64>>,
    /// α, units × bands.
    pub alpha: Vec<Vec<f64>>,
    pub at_edge: Vec<Vec<bool>>,
    /// By leave-one-out.
    pub explained: Vec<Option<f64>>,
    pub scales: Vec<f64>,
}

/// The products of a task's bands, and what sets of them are fitted with.
pub struct Fitting {
    pub kernels: Vec<Kernel>,
    /// Centred, n × units.
    y: Tensor,
    mean: Tensor,
    candidates: Vec<Vec<f64>>,
    alphas: Vec<f64>,
    method: Method,
    /// Each band's own ridge, where they are stacked.
    apart: Vec<Best>,
}

impl Fitting {
    pub fn of(params: &Params, bands: &Bands, task: &Task, run: &mut Run<'_>) -> Result<Self, KindError> {
        let kernels = bands.kernels(&task.train, run)?;
        let y = from_array(&task.y, place(run.device));
        let mean = column_means(&y);
        let alphas = match &params.alphas {
            Alphas::Auto => log_grid(1e-5, 1e5, 21),
            Alphas::One(alpha) => vec![*alpha],
            Alphas::List(list) => list.clone(),
            Alphas::Grid(grid) => log_grid(grid.low, grid.high, grid.count),
        };
        let y = y - &mean;
        let apart = match params.method {
            Method::Search => Vec::new(),
            Method::Stack => {
                let one = |kernel: &Kernel| {
                    search(&[kernel.inside.shallow_clone()], &y, &[vec![1.0]], &alphas, &mut |_, _| ())
                };
                kernels.iter().map(one).collect()
            }
        };
        let candidates = candidates(params.candidates.get(), bands.count(), &params.concentrations, params.seed);
        Ok(Self { kernels, y, mean, candidates, alphas, method: params.method, apart })
    }

    /// Fits some of the bands.
    pub fn fit(&self, set: &[usize], run: &mut Run<'_>) -> Result<Fitted, KindError> {
        match self.method {
            Method::Search => self.searched(set, run),
            Method::Stack => {
                set.iter().try_for_each(|&band| self.check(&self.apart[band]))?;
                Ok(self.stacked(set))
            }
        }
    }

    /// Penalties within the rounding of products fit nothing.
    fn check(&self, best: &Best) -> Result<(), KindError> {
        if best.loss.iter().all(|loss| loss.is_finite()) {
            return Ok(());
        }
        let (least, most) = self.alphas.iter().fold((f64::INFINITY, 0.0f64), |(a, b), &x| (a.min(x), b.max(x)));
        Err(KindError::new(format!(
            "the penalties tried, {least:e} to {most:e}, are within the rounding of the bands' products, whose mean eigenvalue is 1; \
             take larger ones"
        )))
    }

    /// The candidates of some bands: those of all, without the others.
    fn searched(&self, set: &[usize], run: &mut Run<'_>) -> Result<Fitted, KindError> {
        let inside: Vec<Tensor> = set.iter().map(|&band| self.kernels[band].inside.shallow_clone()).collect();
        let candidates: Vec<Vec<f64>> = match set {
            [_] => vec![vec![1.0]],
            _ => self.candidates.iter().filter_map(|all| among(all, set)).collect(),
        };
        let mut progress = |done, total| run.progress(done, total, "weightings");
        let best = search(&inside, &self.y, &candidates, &self.alphas, &mut progress);
        self.check(&best)?;
        let weight = |band: usize| {
            let of: Vec<f64> = best.weights.iter().map(|weights| weights[band]).collect();
            Tensor::from_slice(&of).to_device(self.y.device()).unsqueeze(0)
        };
        Ok(Fitted {
            coefficients: (0..set.len()).map(|band| &best.coefficients * weight(band)).collect(),
            mean: self.mean.shallow_clone(),
            alpha: best.alpha.iter().map(|&alpha| vec![alpha; set.len()]).collect(),
            at_edge: best.at_edge.iter().map(|&edge| vec![edge; set.len()]).collect(),
            weights: best.weights,
            explained: best.explained,
            scales: set.iter().map(|&band| self.kernels[band].scale).collect(),
        })
    }

    /// Weights on the simplex of each band's own ridge, by the errors of leave-one-out.
    fn stacked(&self, set: &[usize]) -> Fitted {
        let apart: Vec<&Best> = set.iter().map(|&band| &self.apart[band]).collect();
        let (count, units) = (set.len(), self.y.size()[1] as usize);
        let of_pairs: Vec<Vec<f64>> = apart
            .iter()
            .flat_map(|a| {
                apart
                    .iter()
                    .map(|b| wide_vec(&(&a.errors * &b.errors).sum_dim_intlist([0i64].as_slice(), false, Kind::Double)))
            })
            .collect();
        let weights: Vec<Vec<f64>> = (0..units)
            .map(|unit| stacking::weights(&of_pairs.iter().map(|pair| pair[unit]).collect::<Vec<_>>(), count))
            .collect();
        let weight = |band: usize| {
            let of: Vec<f64> = weights.iter().map(|weights| weights[band]).collect();
            Tensor::from_slice(&of).to_device(self.y.device()).unsqueeze(0)
        };
        let mut errors = self.y.zeros_like();
        for (band, best) in apart.iter().enumerate() {
            errors += &best.errors * weight(band);
        }
        let mean = wide_vec(&errors.mean_dim([0i64].as_slice(), false, Kind::Double));
        let square = wide_vec(&errors.square().mean_dim([0i64].as_slice(), false, Kind::Double));
        let total = variances(&self.y);
        let of_unit = |unit: usize| explained(square[unit] - mean[unit] * mean[unit], total[unit]);
        Fitted {
            coefficients: apart.iter().enumerate().map(|(band, best)| &best.coefficients * weight(band)).collect(),
            mean: self.mean.shallow_clone(),
            alpha: (0..units).map(|unit| apart.iter().map(|best| best.alpha[unit]).collect()).collect(),
            at_edge: (0..units).map(|unit| apart.iter().map(|best| best.at_edge[unit]).collect()).collect(),
            explained: (0..units).map(of_unit).collect(),
            weights,
            scales: set.iter().map(|&band| self.kernels[band].scale).collect(),
        }
    }

    /// What each band of a fit adds to predictions of some rows: a matrix a band, rows × units.
    pub fn added(&self, set: &[usize], fitted: &Fitted, rows: Option<&[usize]>) -> Vec<Tensor> {
        set.iter()
            .zip(&fitted.coefficients)
            .map(|(&band, coefficients)| match rows {
                None => self.kernels[band].all.matmul(coefficients),
                Some(rows) => crate::math::tensor::rows(&self.kernels[band].all, rows).matmul(coefficients),
            })
            .collect()
    }
}

/// A weighting of all bands for some of them; none where these have no weight.
fn among(all: &[f64], set: &[usize]) -> Option<Vec<f64>> {
    let sum: f64 = set.iter().map(|&band| all[band]).sum();
    (sum > 1e-300).then(|| set.iter().map(|&band| all[band] / sum).collect())
}

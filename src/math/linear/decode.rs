//! Class decisions: multinomial logistic regression on z-scored features, and what decisions are worth.
//!
//! With z-scored features X (n × p), classes y and weights W (p × c), b (c), what is minimised is
//! `−Σᵢ log softmax(xᵢW + b)[yᵢ] + α/2·‖W‖²` (L-BFGS, linfa-logistic); b is not penalised.

use linfa::traits::Fit;
use ndarray::{Array1, Array2, ArrayView2, Axis};

/// A decoder of features as they come: log-odds of classes are x·weights + intercept.
pub struct Decoder {
    /// Columns × classes.
    pub weights: Array2<f64>,
    /// Classes.
    pub intercept: Array1<f64>,
}

/// Fits a decoder: `x` rows × columns of the train rows, `y` a class of `0..classes` per row, each class at least once.
///
/// Columns are z-scored over these rows, and the scaling is folded into the weights; a column that does not vary gets
/// none. Errors are linfa's, in words.
pub fn fit(x: ArrayView2<'_, f64>, y: &[usize], alpha: f64, iterations: u64) -> Result<Decoder, String> {
    let rows = x.nrows() as f64;
    let mean = x.mean_axis(Axis(0)).expect("train rows");
    let mut scale = Array1::<f64>::zeros(x.ncols());
    for row in x.outer_iter() {
        scale += &(&row - &mean).mapv(|d| d * d);
    }
    scale.mapv_inplace(|sum| (sum / rows).sqrt());
    let varies: Vec<usize> = (0..x.ncols()).filter(|&c| scale[c] > f64::from(f32::EPSILON) * mean[c].abs()).collect();
    if varies.is_empty() {
        return Err("no column of `features` varies over the train rows".to_owned());
    }
    let mut z = x.select(Axis(1), &varies);
    for (at, &column) in varies.iter().enumerate() {
        z.column_mut(at).mapv_inplace(|value| (value - mean[column]) / scale[column]);
    }
    let data = linfa::Dataset::new(z, Array1::from_vec(y.to_vec()));
    let fitted = linfa_logistic::MultiLogisticRegression::default()
        .alpha(alpha)
        .max_iterations(iterations)
        .fit(&data)
        .map_err(|e| e.to_string())?;
    let classes = fitted.classes().len();
    let mut weights = Array2::zeros((x.ncols(), classes));
    for (at, &column) in varies.iter().enumerate() {
        weights.row_mut(column).assign(&(&fitted.params().row(at) / scale[column]));
    }
    let intercept = fitted.intercept() - &mean.dot(&weights);
    Ok(Decoder { weights, intercept })
}

/// Probabilities of classes: the softmax of `logits`, rows × classes, row by row.
pub fn softmax(mut logits: Array2<f64>) -> Array2<f64> {
    for mut row in logits.outer_iter_mut() {
        let top = row.fold(f64::NEG_INFINITY, |top, &x| top.max(x));
        row.mapv_inplace(|x| (x - top).exp());
        let sum = row.sum();
        row.mapv_inplace(|x| x / sum);
    }
    logits
}

/// The 95 % interval of a share of `of` independent trials (Wilson 1927, J. Am. Stat. Assoc. 22:209).
pub fn wilson(share: f64, of: usize) -> (f64, f64) {
    let (n, z) = (of as f64, 1.959_963_984_540_054_f64);
    let centre = (share + z * z / (2.0 * n)) / (1.0 + z * z / n);
    let half = z / (1.0 + z * z / n) * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
    (centre - half, centre + half)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, SeedableRng};

    #[test]
    fn the_gradient_vanishes_at_the_fit() {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(3);
        let x = Array2::from_shape_fn((90, 4), |(row, column)| {
            rng.sample::<f64, _>(rand_distr::StandardNormal) + f64::from(u8::from(row % 3 == column)) + 5.0
        });
        let y: Vec<usize> = (0..90).map(|row| row % 3).collect();
        let decoder = fit(x.view(), &y, 2.0, 500).unwrap();
        let p = softmax(x.dot(&decoder.weights) + &decoder.intercept);
        let mut residual = p;
        for (row, &class) in y.iter().enumerate() {
            residual[[row, class]] -= 1.0;
        }
        assert!(residual.sum_axis(Axis(0)).iter().all(|g| g.abs() < 0.02), "the intercept is not penalised");
        // In z-scored columns: Zᵀ(P − Y) + αV = 0 with V = scale·W.
        let (mean, scale) = (x.mean_axis(Axis(0)).unwrap(), x.std_axis(Axis(0), 0.0));
        let z = (&x - &mean) / &scale;
        let gradient = z.t().dot(&residual) + (&decoder.weights * &scale.insert_axis(Axis(1))) * 2.0;
        assert!(gradient.iter().all(|g| g.abs() < 0.02), "{gradient}");
    }

    #[test]
    fn columns_that_do_not_vary_weigh_nothing() {
        let x = Array2::from_shape_fn((8, 2), |(row, column)| if column == 0 { 7.0 } else { row as f64 });
        let decoder = fit(x.view(), &[0, 0, 0, 0, 1, 1, 1, 1], 1.0, 100).unwrap();
        assert_eq!(decoder.weights.row(0).to_vec(), [0.0, 0.0]);
        assert!(decoder.weights[[1, 1]] > decoder.weights[[1, 0]]);
        assert!(fit(Array2::ones((4, 2)).view(), &[0, 1, 0, 1], 1.0, 10).is_err());
    }

    #[test]
    fn an_interval_is_wilsons() {
        // statsmodels.stats.proportion.proportion_confint(7, 10, method="wilson")
        let (low, high) = wilson(0.7, 10);
        assert!((low - 0.396_778_1).abs() < 1e-6 && (high - 0.892_208_7).abs() < 1e-6, "{low} {high}");
    }
}

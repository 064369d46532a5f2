//! Means and variances of columns in one pass over the rows.

use ndarray::ArrayView2;
use rayon::prelude::*;

/// Columns that one task sums up, so that its sums stay in the processor's cache.
const BLOCK: usize = 4096;

/// The mean and the variance (n in the denominator) of each column of `x` (rows × columns) over `rows`.
///
/// With d = x − x₀, x₀ the first of the rows, the mean is x₀ + Σd/n and the variance Σd²/n − (Σd/n)², in 64 bits; the
/// shift keeps the difference of squares from cancelling (Chan, Golub & LeVeque 1983), and leaves a column of equal
/// numbers exactly 0. `rows` has one row or more.
pub fn column_moments(x: ArrayView2<'_, f32>, rows: &[usize]) -> (Vec<f64>, Vec<f64>) {
    let count = rows.len() as f64;
    let blocks: Vec<(Vec<f64>, Vec<f64>)> = (0..x.ncols())
        .step_by(BLOCK)
        .collect::<Vec<_>>()
        .into_par_iter()
        .map(|from| {
            let to = (from + BLOCK).min(x.ncols());
            let part = |row: usize| x.slice(ndarray::s![row, from..to]);
            let first: Vec<f64> = part(rows[0]).iter().map(|&value| f64::from(value)).collect();
            let (mut sums, mut squares) = (vec![0.0; to - from], vec![0.0; to - from]);
            for &row in &rows[1..] {
                for (at, &value) in part(row).iter().enumerate() {
                    let d = f64::from(value) - first[at];
                    sums[at] += d;
                    squares[at] += d * d;
                }
            }
            let variances = sums.iter().zip(&squares).map(|(s, q)| (q / count - (s / count).powi(2)).max(0.0));
            let variances = variances.collect();
            let means = first.iter().zip(&sums).map(|(first, sum)| first + sum / count).collect();
            (means, variances)
        })
        .collect();
    let (means, variances): (Vec<Vec<f64>>, Vec<Vec<f64>>) = blocks.into_iter().unzip();
    (means.concat(), variances.concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, array};

    #[test]
    fn moments_by_hand_over_some_rows() {
        let x = array![[1.0, 5.0, 0.1], [9.0, 9.0, 9.0], [3.0, 5.0, 0.1], [5.0, 8.0, 0.1]];
        let (means, variances) = column_moments(x.view(), &[0, 2, 3]);
        assert_eq!((means[0], means[1]), (3.0, 6.0));
        assert!((variances[0] - 8.0 / 3.0).abs() < 1e-12 && (variances[1] - 2.0).abs() < 1e-12);
        assert_eq!(variances[2], 0.0, "equal numbers have no variance, rounded or not");
    }

    #[test]
    fn a_large_offset_does_not_cancel() {
        let x = Array2::from_shape_fn((100, 5000), |(row, column)| 1e6 + (row % 2) as f32 + column as f32);
        let (means, variances) = column_moments(x.view(), &(0..100).collect::<Vec<_>>());
        assert!(variances.iter().all(|variance| (variance - 0.25).abs() < 1e-9));
        assert!((means[4999] - (1e6 + 4999.5)).abs() < 1e-6);
    }
}

//! Random projection: Y = XR with R (columns × d) drawn, not fitted, so that distances between rows are nearly kept.
//!
//! R's entries are independent of mean 0 and variance 1/d (Johnson and Lindenstrauss 1984): normal, or, sparse, ±√s/√d with
//! probability 1/2s each and else 0, s = √columns (Achlioptas 2003; Li, Hastie and Church 2006). linfa-reduction draws R up
//! to a factor, which is put right here. A wide R is drawn for a block of columns at a time.

use linfa::DatasetBase;
use linfa::traits::{Fit, Transformer};
use linfa_reduction::random_projection::{GaussianRandomProjection, SparseRandomProjection};
use ndarray::{Array2, ArrayView2, Axis, ShapeBuilder, s};
use rand_xoshiro::Xoshiro256Plus;
use rand_xoshiro::rand_core::SeedableRng;
use rayon::prelude::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};

/// Bytes of a normal R that are drawn at a time.
const BLOCK_BYTES: usize = 256 << 20;
/// Rows that are projected together; copied column by column, each of their columns lies in two cache lines.
const CHUNK: usize = 32;

/// How R is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    Sparse,
    Gaussian,
}

/// The least d that keeps the squared distances between n rows to a factor of 1 ± eps with high probability:
/// 4 ln n / (eps²/2 − eps³/3) (Dasgupta and Gupta 2003, as scikit-learn and linfa count it).
pub fn safe_dimension(rows: usize, eps: f64) -> usize {
    (4.0 * (rows as f64).ln() / (eps.powi(2) / 2.0 - eps.powi(3) / 3.0)) as usize
}

/// Bytes of memory that a projection takes beside the mapped features.
pub fn needed(rows: usize, columns: usize, d: usize, method: Method, threads: usize) -> u64 {
    let [rows, columns, d, threads] = [rows, columns, d, threads].map(|count| count as u64);
    let drawn = match method {
        // Three numbers an entry on the way to compressed columns, and two after.
        Method::Sparse => (columns as f64).sqrt() as u64 * d * 40 + threads * CHUNK as u64 * columns * 4,
        Method::Gaussian => 2 * (BLOCK_BYTES as u64).max(8 * d * d),
    };
    8 * rows * d + drawn
}

/// Projects rows × columns to rows × d, d ≤ columns; `progress` is told parts done and in all.
pub fn project(
    x: ArrayView2<'_, f32>,
    d: usize,
    method: Method,
    seed: u64,
    progress: &mut dyn FnMut(u64, u64),
) -> Array2<f32> {
    assert!(0 < d && d <= x.ncols(), "the caller checked the dimension");
    match method {
        Method::Sparse => sparse(x, d, seed, progress),
        Method::Gaussian => gaussian(x, d, seed, progress),
    }
}

fn sparse(x: ArrayView2<'_, f32>, d: usize, seed: u64, progress: &mut dyn FnMut(u64, u64)) -> Array2<f32> {
    let rng = Xoshiro256Plus::seed_from_u64(seed);
    let drawn = SparseRandomProjection::<f32>::params_with_rng(rng).target_dim(d).fit(&DatasetBase::from(x));
    let drawn = drawn.expect("d is no more than the columns");
    // linfa's entries are ±√columns.
    let factor = (1.0 / (d as f64 * (x.ncols() as f64).sqrt())).sqrt() as f32;
    let mut out = Array2::zeros((x.nrows(), d));
    let side_by_side = CHUNK * rayon::current_num_threads();
    for top in (0..x.nrows()).step_by(side_by_side) {
        let bottom = (top + side_by_side).min(x.nrows());
        let rows = x.slice(s![top..bottom, ..]);
        let chunks: Vec<_> = rows.axis_chunks_iter(Axis(0), CHUNK).collect();
        let projected: Vec<Array2<f32>> = chunks
            .into_par_iter()
            .with_max_len(1)
            .map(|chunk| {
                let mut columns = Array2::zeros(chunk.dim().f());
                columns.assign(&chunk);
                drawn.transform(&columns) * factor
            })
            .collect();
        for (mut target, rows) in out.slice_mut(s![top..bottom, ..]).axis_chunks_iter_mut(Axis(0), CHUNK).zip(projected)
        {
            target.assign(&rows);
        }
        progress(bottom as u64, x.nrows() as u64);
    }
    out
}

fn gaussian(x: ArrayView2<'_, f32>, d: usize, seed: u64, progress: &mut dyn FnMut(u64, u64)) -> Array2<f32> {
    let mut rng = Xoshiro256Plus::seed_from_u64(seed);
    let mut out = Array2::<f32>::zeros((x.nrows(), d));
    // linfa draws no more dimensions than a block has columns; the last block takes what would be too narrow a rest.
    let width = (BLOCK_BYTES / (4 * d)).max(d);
    let blocks = (x.ncols() / width).max(1);
    for block in 0..blocks {
        let from = block * width;
        let to = if block + 1 == blocks { x.ncols() } else { from + width };
        let part = x.slice(s![.., from..to]);
        let fit =
            GaussianRandomProjection::<f32>::params_with_rng(rng.clone()).target_dim(d).fit(&DatasetBase::from(part));
        let drawn = fit.expect("a block has as many columns");
        // Blocks draw from streams of their own.
        rng.jump();
        // linfa's deviation is 1/√(columns of the block).
        let factor = ((to - from) as f64 / d as f64).sqrt() as f32;
        let chunks: Vec<_> = part.axis_chunks_iter(Axis(0), CHUNK).collect();
        let projected: Vec<Array2<f32>> = chunks.into_par_iter().map(|rows| drawn.transform(rows)).collect();
        for (mut target, rows) in out.axis_chunks_iter_mut(Axis(0), CHUNK).zip(projected) {
            target.scaled_add(factor, &rows);
        }
        progress(block as u64 + 1, blocks as u64);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, SeedableRng as _};

    fn noisy(rows: usize, columns: usize) -> Array2<f32> {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(6);
        Array2::from_shape_fn((rows, columns), |_| rng.random::<f32>())
    }

    fn square(a: ndarray::ArrayView1<'_, f32>, b: ndarray::ArrayView1<'_, f32>) -> f64 {
        a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2)).sum()
    }

    #[test]
    fn distances_between_rows_are_nearly_kept() {
        let x = noisy(40, 5000);
        for method in [Method::Sparse, Method::Gaussian] {
            let y = project(x.view(), 1500, method, 1, &mut |_, _| ());
            assert_eq!(y.dim(), (40, 1500));
            let mut sum = 0.0;
            for i in 0..40 {
                for j in 0..i {
                    let ratio = square(y.row(i), y.row(j)) / square(x.row(i), x.row(j));
                    assert!((ratio - 1.0).abs() < 0.25, "{method:?}: {ratio}");
                    sum += ratio / 780.0;
                }
            }
            assert!((sum - 1.0).abs() < 0.03, "{method:?}: {sum} on average");
        }
    }

    #[test]
    fn a_projection_is_linear_and_repeats_itself() {
        let x = noisy(70, 400);
        for method in [Method::Sparse, Method::Gaussian] {
            let y = project(x.view(), 50, method, 1, &mut |_, _| ());
            assert_eq!(y, project(x.view(), 50, method, 1, &mut |_, _| ()));
            assert_ne!(y, project(x.view(), 50, method, 2, &mut |_, _| ()));
            // Of the same rows in another place among others, as in a test set.
            let others = project(x.slice(s![33..60, ..]), 50, method, 1, &mut |_, _| ());
            let worst = (&others - &y.slice(s![33..60, ..])).iter().fold(0.0_f32, |worst, x| worst.max(x.abs()));
            assert!(worst < 1e-4, "{method:?}: {worst}");
            let doubled = project((&x * 2.0).view(), 50, method, 1, &mut |_, _| ());
            assert!((doubled - &y * 2.0).iter().all(|difference| difference.abs() < 1e-3));
        }
    }

    #[test]
    fn wide_features_are_projected_in_blocks() {
        // R of 4 million entries a block: several blocks of columns.
        let x = noisy(4, 3 * (BLOCK_BYTES / (4 * 2000)) + 100);
        let y = project(x.view(), 2000, Method::Gaussian, 3, &mut |_, _| ());
        let ratio = square(y.row(0), y.row(1)) / square(x.row(0), x.row(1));
        assert!((ratio - 1.0).abs() < 0.2, "{ratio}");
    }

    #[test]
    fn the_dimension_is_that_of_the_lemma() {
        // As scikit-learn's johnson_lindenstrauss_min_dim and the field count it.
        assert_eq!([safe_dimension(2592, 0.1), safe_dimension(1000, 0.1), safe_dimension(100, 0.5)], [6737, 5920, 221]);
    }
}

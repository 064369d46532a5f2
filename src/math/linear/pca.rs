//! Principal components: the directions of largest variance over the train rows, exact or by random projection.
//!
//! With X_c = X − 1m (train rows × columns, m their mean), X_cᵀX_c v = λv gives components v and variances λ/(n − 1).
//! The same λ belong to X_c X_cᵀ u = λu with v = X_cᵀu/√λ, so the smaller of the two matrices is decomposed. Scores are
//! (x − m)·v for every row, train or not. Signs: of a component's scores on the train rows, the one of largest absolute
//! value is positive.

use ndarray::{Array2, ArrayView2};
use tch::{Kind, Tensor};

use crate::math::linear::eigen::Eigen;
use crate::math::linear::gram::{Blocks, Precision, rounding_noise};
use crate::math::tensor::{column_means, index, narrow_vec, rows, scalar, wide, wide_vec};
use crate::value::matrix::Raw;

/// Extra directions of the random projection, and how often the spectrum is sharpened: with these the leading
/// components agree with exact ones to working precision unless the spectrum is nearly flat.
const OVERSAMPLING: usize = 10;
const POWER_ITERATIONS: usize = 6;
/// The random projection draws from a constant seed: equal input gives equal output.
const SEED: u64 = 0x5eed;
/// Rows that the covariance path holds in 64 bits at a time.
const ROW_BLOCK: usize = 4096;

/// A decomposition, to `k` components.
pub struct Principal {
    /// Variances along the components, n − 1 in the denominator, descending; k.
    pub variances: Vec<f64>,
    /// The variance of all columns together.
    pub total: f64,
    /// Scores of all rows, train or not: rows × k, 64-bit.
    pub scores: Tensor,
    pub loadings: Loadings,
}

/// What makes components out of the data.
pub enum Loadings {
    /// The components themselves, columns × k.
    Primal(Tensor),
    /// All rows × k, zero outside train: components = loadingsᵀ(X − 1m).
    Dual(Tensor),
}

/// Why there is no decomposition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// All train rows are the same.
    Constant,
    /// The centred train rows span fewer dimensions than components are asked for.
    Rank(usize),
    /// linfa's iteration (LOBPCG) did not converge: it wants some five rows and columns per component.
    Failed,
}

/// From centred products of all rows with train rows (`Gram::to_train`) and their decomposition: exact, for more columns
/// than rows. Eigenvalues below `noise` count as none.
pub fn from_gram(
    to_train: &Tensor,
    eigen: &Eigen,
    noise: f64,
    train: &[usize],
    k: usize,
) -> Result<Principal, Refusal> {
    match eigen.rank(noise) {
        0 => return Err(Refusal::Constant),
        rank if rank < k => return Err(Refusal::Rank(rank)),
        _ => {}
    }
    let (values, vectors) = eigen.leading(k);
    let total = scalar(&rows(to_train, train).trace()) / (train.len() as f64 - 1.0);
    let roots = values.sqrt().unsqueeze(0);
    // Of train rows they are Q√Λ; only the others are projected.
    let seen: std::collections::HashSet<usize> = train.iter().copied().collect();
    let others: Vec<usize> = (0..to_train.size()[0] as usize).filter(|row| !seen.contains(row)).collect();
    let scores = spread_over(to_train.size()[0], &(&vectors * &roots), train);
    let scores = put(scores, &others, &(rows(to_train, &others).matmul(&vectors) / roots));
    Ok(finish(scores, &vectors, train, &values, total))
}

/// From the covariance of the columns: exact, for more rows than columns. `x` is rows × columns.
pub fn from_covariance(
    x: ArrayView2<'_, f32>,
    train: &[usize],
    k: usize,
    device: tch::Device,
) -> Result<Principal, Refusal> {
    let mean = mean_over(x, train, device);
    let width = index(x.ncols());
    let scatter = Tensor::zeros([width, width], (Kind::Double, device));
    let mut square = 0.0;
    for chunk in train.chunks(ROW_BLOCK) {
        let raw = wide(x.select(ndarray::Axis(0), chunk).view(), device);
        square += scalar(&raw.square().sum(Kind::Double));
        let centred = raw - &mean;
        let _ = scatter.shallow_clone().g_add_(&centred.tr().matmul(&centred));
    }
    let (height, wide_columns) = (train.len() as f64, x.ncols() as f64);
    let noise = rounding_noise(square / (height * wide_columns), height, wide_columns);
    let (values, vectors) = descending(&scatter);
    let (values, vectors) = leading(&values, &vectors, k, noise)?;
    let total = scalar(&scatter.trace()) / (height - 1.0);
    let scores = project(x, &mean, &vectors, device);
    Ok(finish_primal(scores, vectors, train, wide_vec(&(values / (height - 1.0))), total))
}

/// By random projection of the train products, which are never formed (Halko, Martinsson and Tropp 2011, SIAM Review
/// 53(2):217, algorithm 4.4 with Rayleigh–Ritz), for data whose Gram matrix and covariance both exceed memory.
pub fn randomized(
    x: Raw<'_>,
    train: &[usize],
    k: usize,
    device: tch::Device,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Principal, Refusal> {
    use rand::{Rng, SeedableRng};
    let limit = (train.len() - 1).min(x.columns);
    if k > limit {
        return Err(Refusal::Rank(limit));
    }
    let width = (k + OVERSAMPLING).min(limit);
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(SEED);
    let start = Array2::from_shape_fn((train.len(), width), |_| rng.sample::<f64, _>(rand_distr::StandardNormal));
    let mut basis = crate::math::tensor::from_array(&start, device);
    let blocks = Blocks::new(x, train, Precision::Single, device);
    let passes = POWER_ITERATIONS + 2;
    let mut trace = 0.0;
    let mut square = 0.0;
    // (X_c X_cᵀ) q for all rows, read from the data one block of columns at a time.
    let mut apply = |q: &Tensor, pass: usize| {
        let spread = spread_over(index(x.rows), q, train).to_kind(Kind::Float);
        let out = Tensor::zeros([index(x.rows), q.size()[1]], (Kind::Double, device));
        for at in 0..blocks.len() {
            let block = blocks.get(at);
            let _ = out.shallow_clone().g_add_(&block.shifted.matmul(&block.shifted.tr().matmul(&spread)));
            if pass == 0 {
                let inside = rows(&block.shifted, train);
                trace += scalar(&inside.square().sum(Kind::Double));
                let shift = block.shift.as_ref().expect("centred");
                square += scalar(&shift.to_kind(Kind::Double).square().sum(Kind::Double));
            }
            let done = pass * x.columns + blocks.columns_before(at + 1);
            progress(done as u64, (passes * x.columns) as u64);
        }
        out
    };
    for pass in 0..=POWER_ITERATIONS {
        let image = rows(&apply(&basis, pass), train);
        let centred = &image - column_means(&image);
        (basis, _) = Tensor::linalg_qr(&centred, "reduced");
    }
    let to_basis = apply(&basis, passes - 1);
    let image = rows(&to_basis, train);
    let small = basis.tr().matmul(&(&image - column_means(&image)));
    let (values, turn) = descending(&((&small + small.tr()) / 2.0));
    let (height, columns) = (train.len() as f64, x.columns as f64);
    let noise = rounding_noise((trace / height + square) / columns, height, columns);
    let (values, turn) = leading(&values, &turn, k, noise.max(1e-7 * trace / height))?;
    let vectors = basis.matmul(&turn);
    let scores = to_basis.matmul(&turn) / values.sqrt().unsqueeze(0);
    Ok(finish(scores, &vectors, train, &values, trace / (height - 1.0)))
}

/// linfa-reduction's PCA, to compare with: an iterative decomposition of a dense 64-bit copy.
pub fn linfa(x: ArrayView2<'_, f32>, train: &[usize], k: usize, device: tch::Device) -> Result<Principal, Refusal> {
    use ::linfa::traits::Fit;
    let limit = (train.len() - 1).min(x.ncols());
    if k > limit {
        return Err(Refusal::Rank(limit));
    }
    let dense = x.select(ndarray::Axis(0), train).mapv(f64::from);
    let centred = &dense - &dense.mean_axis(ndarray::Axis(0)).expect("two rows or more");
    let total = centred.mapv(|value| value * value).sum() / (train.len() as f64 - 1.0);
    if total == 0.0 {
        return Err(Refusal::Constant);
    }
    let fitted =
        linfa_reduction::Pca::params(k).fit(&::linfa::DatasetBase::from(dense)).map_err(|_| Refusal::Failed)?;
    let components = fitted.components();
    if components.nrows() < k || components.iter().any(|value| !value.is_finite()) {
        return Err(Refusal::Failed);
    }
    let vectors = crate::math::tensor::from_array(components, device).narrow(0, 0, index(k)).tr();
    let values = Tensor::from_slice(fitted.singular_values().as_slice().expect("contiguous")).to_device(device);
    let values = values.narrow(0, 0, index(k)).square();
    if !leads(&crate::math::tensor::from_array(&centred, device), &vectors, &values) {
        return Err(Refusal::Failed);
    }
    let variances = wide_vec(&(values / (train.len() as f64 - 1.0)));
    let scores = project(x, &mean_over(x, train, device), &vectors, device);
    Ok(finish_primal(scores, vectors, train, variances, total))
}

/// Whether pairs are eigenpairs of X_cᵀX_c, and no other has a larger value: linfa returns its best guess where the
/// iteration fails, or pairs from the middle of the spectrum. Others are sought by power iteration beside the pairs.
fn leads(x: &Tensor, vectors: &Tensor, values: &Tensor) -> bool {
    let apply = |v: &Tensor| x.tr().matmul(&x.matmul(v));
    let residual = apply(vectors) - vectors * values;
    if scalar(&residual.abs().max()) > 1e-3 * scalar(&values.max()) {
        return false;
    }
    let beside = |v: &Tensor| v - vectors.matmul(&vectors.tr().matmul(v));
    let mut other = beside(&x.square().sum_dim_intlist([0i64].as_slice(), false, Kind::Double).unsqueeze(1));
    let mut value = 0.0;
    for _ in 0..30 {
        let length = scalar(&other.norm());
        if length == 0.0 {
            return true;
        }
        other = beside(&apply(&(other / length)));
        value = scalar(&other.norm());
    }
    value <= scalar(&values.min()) * (1.0 + 1e-3)
}

/// Some components as rows (count × columns), from the loadings' columns `first..first + count`.
pub fn components(
    x: Raw<'_>,
    train: &[usize],
    loadings: &Loadings,
    first: usize,
    count: usize,
    device: tch::Device,
) -> Vec<f32> {
    match loadings {
        Loadings::Primal(vectors) => narrow_vec(&vectors.narrow(1, index(first), index(count)).tr()),
        Loadings::Dual(dual) => {
            let dual = dual.narrow(1, index(first), index(count)).tr().to_kind(Kind::Float);
            let blocks = Blocks::new(x, train, Precision::Single, device);
            let out = Tensor::zeros([index(count), index(x.columns)], (Kind::Float, tch::Device::Cpu));
            for at in 0..blocks.len() {
                let block = blocks.get(at);
                let product = dual.matmul(&block.shifted);
                out.narrow(1, index(block.start), product.size()[1]).copy_(&product);
            }
            narrow_vec(&out)
        }
    }
}

/// Eigenvalues, largest first, and eigenvectors as columns.
fn descending(symmetric: &Tensor) -> (Tensor, Tensor) {
    let (values, vectors) = symmetric.linalg_eigh("U");
    (values.flip([0i64].as_slice()), vectors.flip([1i64].as_slice()))
}

/// The k leading pairs, or how many stand above the noise.
fn leading(values: &Tensor, vectors: &Tensor, k: usize, noise: f64) -> Result<(Tensor, Tensor), Refusal> {
    let all = wide_vec(values);
    let rank = all.iter().filter(|&&value| value > noise && value > 0.0).count();
    match rank {
        0 => Err(Refusal::Constant),
        rank if rank < k => Err(Refusal::Rank(rank)),
        _ => Ok((values.narrow(0, 0, index(k)), vectors.narrow(1, 0, index(k)))),
    }
}

/// Rows of train put back among all rows, zero elsewhere.
fn spread_over(height: i64, train_rows: &Tensor, train: &[usize]) -> Tensor {
    let out = Tensor::zeros([height, train_rows.size()[1]], (train_rows.kind(), train_rows.device()));
    put(out, train, train_rows)
}

/// Rows written to their places.
fn put(mut out: Tensor, places: &[usize], rows: &Tensor) -> Tensor {
    let at: Vec<i64> = places.iter().map(|&row| index(row)).collect();
    out.index_copy_(0, &Tensor::from_slice(&at).to_device(rows.device()), rows)
}

/// Signs, and loadings out of the train products' eigenvectors (train × k).
fn finish(scores: Tensor, vectors: &Tensor, train: &[usize], values: &Tensor, total: f64) -> Principal {
    let signs = signs(&scores, train);
    let loadings = vectors * &signs / values.sqrt().unsqueeze(0);
    let loadings = spread_over(scores.size()[0], &loadings, train);
    let variances = wide_vec(values).iter().map(|value| value / (train.len() as f64 - 1.0)).collect();
    Principal { variances, total, scores: scores * signs, loadings: Loadings::Dual(loadings) }
}

fn finish_primal(scores: Tensor, vectors: Tensor, train: &[usize], variances: Vec<f64>, total: f64) -> Principal {
    let signs = signs(&scores, train);
    Principal { variances, total, scores: scores * &signs, loadings: Loadings::Primal(vectors * signs) }
}

/// 1 or −1 for each component, 1 × k: the train score of largest absolute value becomes positive.
fn signs(scores: &Tensor, train: &[usize]) -> Tensor {
    let train = rows(scores, train);
    let largest = train.abs().argmax(0, true);
    train.gather(0, &largest, false).sign()
}

/// (X − 1m)V for all rows, in 64 bits, a block of rows at a time.
fn project(x: ArrayView2<'_, f32>, mean: &Tensor, vectors: &Tensor, device: tch::Device) -> Tensor {
    let parts: Vec<Tensor> = (0..x.nrows())
        .step_by(ROW_BLOCK)
        .map(|top| {
            let bottom = (top + ROW_BLOCK).min(x.nrows());
            (wide(x.slice(ndarray::s![top..bottom, ..]), device) - mean).matmul(vectors)
        })
        .collect();
    Tensor::cat(&parts, 0)
}

/// The mean over some rows in 64 bits, 1 × columns.
fn mean_over(x: ArrayView2<'_, f32>, train: &[usize], device: tch::Device) -> Tensor {
    let sum = Tensor::zeros([1, index(x.ncols())], (Kind::Double, device));
    for chunk in train.chunks(ROW_BLOCK) {
        let raw = wide(x.select(ndarray::Axis(0), chunk).view(), device);
        let _ = sum.shallow_clone().g_add_(&raw.sum_dim_intlist([0i64].as_slice(), true, Kind::Double));
    }
    sum / train.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::linear::gram::{Gram, raw};
    use rand::{Rng, SeedableRng};
    use serde_json::Value as Json;

    const CPU: tch::Device = tch::Device::Cpu;

    struct Oracle {
        x: Array2<f32>,
        train: Vec<usize>,
        variances: Vec<f64>,
        total: f64,
        components: Array2<f64>,
        scores: Array2<f64>,
    }

    fn numbers(json: &Json) -> Vec<f64> {
        json.as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
    }

    fn matrix(json: &Json) -> Array2<f64> {
        let rows: Vec<Vec<f64>> = json.as_array().unwrap().iter().map(numbers).collect();
        Array2::from_shape_vec((rows.len(), rows[0].len()), rows.concat()).unwrap()
    }

    /// By numpy's SVD: see tests/oracles/pca.py.
    fn oracle(name: &str) -> Oracle {
        let all: Json = serde_json::from_str(include_str!("../../../tests/oracles/pca.json")).unwrap();
        let case = &all[name];
        Oracle {
            x: matrix(&case["x"]).mapv(|value| value as f32),
            train: numbers(&case["train"]).iter().map(|&row| row as usize).collect(),
            variances: numbers(&case["variances"]),
            total: case["total"].as_f64().unwrap(),
            components: matrix(&case["components"]),
            scores: matrix(&case["scores"]),
        }
    }

    fn check(oracle: &Oracle, got: &Principal, tolerance: f64) {
        let k = oracle.variances.len();
        for (a, b) in got.variances.iter().zip(&oracle.variances) {
            assert!((a / b - 1.0).abs() < tolerance, "variance {a} against {b}");
        }
        assert!((got.total / oracle.total - 1.0).abs() < tolerance);
        let scores = wide_vec(&got.scores);
        assert_eq!(scores.len(), oracle.scores.len());
        for (a, b) in scores.iter().zip(&oracle.scores) {
            assert!((a - b).abs() < tolerance * 10.0, "score {a} against {b}");
        }
        // Taken in two pieces, as a kind streams them.
        let mut rows = components(raw(oracle.x.view()), &oracle.train, &got.loadings, 0, 2, CPU);
        rows.extend(components(raw(oracle.x.view()), &oracle.train, &got.loadings, 2, k - 2, CPU));
        for (a, b) in rows.iter().zip(&oracle.components) {
            assert!((f64::from(*a) - b).abs() < 1e-6 + tolerance, "loading {a} against {b}");
        }
    }

    fn by_gram(x: &Array2<f32>, train: &[usize], precision: Precision, k: usize) -> Result<Principal, Refusal> {
        let gram = Gram::of(raw(x.view()), precision, CPU, &mut |_, _| ());
        let to_train = gram.to_train(train);
        let within = rows(&to_train, train);
        from_gram(&to_train, &Eigen::of(&within), gram.noise(train), train, k)
    }

    #[test]
    fn every_solver_agrees_with_numpy() {
        for name in ["wide", "tall"] {
            let oracle = oracle(name);
            let (x, train, k) = (oracle.x.view(), &oracle.train, oracle.variances.len());
            check(&oracle, &by_gram(&oracle.x, train, Precision::Double, k).ok().unwrap(), 1e-12);
            check(&oracle, &by_gram(&oracle.x, train, Precision::Single, k).ok().unwrap(), 1e-5);
            check(&oracle, &from_covariance(x, train, k, CPU).ok().unwrap(), 1e-12);
            check(&oracle, &randomized(raw(x), train, k, CPU, &mut |_, _| ()).ok().unwrap(), 1e-5);
        }
    }

    fn low_rank(height: usize, width: usize, rank: usize) -> Array2<f32> {
        decaying(height, width, rank, 1.0)
    }

    /// Directions of variance decay² each, about a mean of 20.
    fn decaying(height: usize, width: usize, rank: usize, decay: f64) -> Array2<f32> {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(2);
        let mut normal = |a, b| Array2::from_shape_fn((a, b), |_| rng.sample::<f64, _>(rand_distr::StandardNormal));
        let scale = Array2::from_shape_fn((1, rank), |(_, at)| decay.powi(at as i32));
        ((normal(height, rank) * scale).dot(&normal(rank, width)) + 20.0).mapv(|value| value as f32)
    }

    #[test]
    fn rank_is_told_from_rounding() {
        let x = low_rank(60, 900, 7);
        let train: Vec<usize> = (0..50).collect();
        for precision in [Precision::Double, Precision::Single] {
            assert_eq!(by_gram(&x, &train, precision, 8).err(), Some(Refusal::Rank(7)), "{precision:?}");
            assert!(by_gram(&x, &train, precision, 7).is_ok());
        }
        assert_eq!(from_covariance(low_rank(300, 40, 7).view(), &train, 8, CPU).err(), Some(Refusal::Rank(7)));
        let full = low_rank(60, 900, 400);
        assert_eq!(by_gram(&full, &train, Precision::Single, 50).err(), Some(Refusal::Rank(49)));
        assert!(by_gram(&full, &train, Precision::Single, 49).is_ok());
    }

    #[test]
    fn constant_rows_have_no_components() {
        let x = Array2::from_elem((6, 9), 0.1f32);
        let train = [0, 1, 2, 3];
        assert_eq!(by_gram(&x, &train, Precision::Double, 1).err(), Some(Refusal::Constant));
        assert_eq!(by_gram(&x, &train, Precision::Single, 1).err(), Some(Refusal::Constant));
        assert_eq!(from_covariance(x.view(), &train, 1, CPU).err(), Some(Refusal::Constant));
    }

    #[test]
    fn iterative_solvers_find_the_leading_components_of_many_columns() {
        let x = decaying(300, 900, 100, 0.95);
        let train: Vec<usize> = (0..250).collect();
        let exact = by_gram(&x, &train, Precision::Double, 20).ok().unwrap();
        let random = randomized(raw(x.view()), &train, 20, CPU, &mut |_, _| ()).ok().unwrap();
        let iterated = linfa(x.view(), &train, 20, CPU).ok().unwrap();
        for (got, tolerance) in [(random, 1e-5), (iterated, 1e-4)] {
            for (a, b) in got.variances.iter().zip(&exact.variances) {
                assert!((a / b - 1.0).abs() < tolerance, "{a} against {b}");
            }
            assert!((got.total / exact.total - 1.0).abs() < 1e-5);
            let spread = exact.variances[0].sqrt();
            for (a, b) in wide_vec(&got.scores).iter().zip(wide_vec(&exact.scores)) {
                assert!((a - b).abs() < spread * tolerance.sqrt(), "{a} against {b}");
            }
        }
    }

    #[test]
    fn an_iteration_that_does_not_converge_is_no_result() {
        let oracle = oracle("tall");
        assert_eq!(linfa(oracle.x.view(), &oracle.train, 3, CPU).err(), Some(Refusal::Failed));
    }
}

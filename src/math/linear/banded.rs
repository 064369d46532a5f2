//! Banded ridge regression: a penalty per band of features and unit, by random search (Dupré la Tour et al. 2022).
//!
//! With centred products K_b of each band's train rows (n × n), of trace n so that bands weigh alike, and band weights γ on the
//! simplex, K(γ) = Σ_b γ_b K_b and ŷ = K(γ) a + ȳ with a = (K(γ) + αI)⁻¹ y: a ridge whose penalty of band b is α/γ_b. Each unit takes
//! the (γ, α) of least squared error by leave-one-out, which is exact: with G = (K(γ) + αI)⁻¹ without the direction of the mean,
//! errors are `[Gy]_i / G_ii`, the intercept refitted. One decomposition of K(γ) serves all penalties and units, so that a candidate takes
//! none per fold; of many rows it is one in 32 bits. What is chosen so is solved in 64.

use std::collections::BTreeMap;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::Gamma;
use tch::{Kind, Tensor};

use crate::math::linear::band::Band;
use crate::math::linear::eigen::WithoutMean;
use crate::math::linear::ridge::{explained, variances};
use crate::math::tensor::{columns, index, scalar, wide_vec};

/// Every which penalty is tried for all units; those between, next to the best of these.
const COARSE: usize = 4;
/// How much more than the best of these a loss may be for the penalties next to it to be tried as well.
const NEARLY: f64 = 1.05;
/// From how many rows on candidates are decomposed in 32 bits.
const SINGLE: i64 = 512;
/// By how much a penalty must exceed the rounding of the largest eigenvalue: then small eigenvalues and it have three digits in common.
const DIGITS: f64 = 1000.0;
/// How many penalties of a candidate are solved by an inverse each.
const ONCE: usize = 3;
/// How many standard errors of the difference a candidate's loss may be above the best so far before it is given up.
const WORSE: f64 = 3.0;

/// Band weights to try: the first uniform, the others drawn from Dirichlet distributions whose concentrations take turns.
pub fn candidates(count: usize, bands: usize, concentrations: &[f64], seed: u64) -> Vec<Vec<f64>> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let drawn = (1..count).map(|at| dirichlet(concentrations[at % concentrations.len()], bands, &mut rng));
    std::iter::once(vec![1.0 / bands as f64; bands]).chain(drawn).collect()
}

/// One draw of a symmetric Dirichlet distribution, of Gamma draws in logarithm: those of a small concentration are often below the
/// smallest float (Marsaglia & Tsang 2000: a draw of shape a is one of shape a + 1 times U^(1/a)).
fn dirichlet(concentration: f64, bands: usize, rng: &mut ChaCha8Rng) -> Vec<f64> {
    let gamma = Gamma::new(concentration + 1.0, 1.0).expect("a concentration is above 0");
    let logs: Vec<f64> =
        (0..bands).map(|_| rng.sample(gamma).ln() + (1.0 - rng.random::<f64>()).ln() / concentration).collect();
    let largest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let parts: Vec<f64> = logs.iter().map(|log| (log - largest).exp()).collect();
    let sum: f64 = parts.iter().sum();
    parts.into_iter().map(|part| part / sum).collect()
}

/// The best that was found, per unit.
#[derive(Debug)]
pub struct Best {
    /// γ of each band; units × bands.
    pub weights: Vec<Vec<f64>>,
    pub alpha: Vec<f64>,
    /// The mean squared error of leave-one-out.
    pub loss: Vec<f64>,
    /// 1 − Var(e)/Var(y) of its errors; nothing for a constant unit.
    pub explained: Vec<Option<f64>>,
    /// Whether the penalty is the smallest or largest tried.
    pub at_edge: Vec<bool>,
    /// a: n × units.
    pub coefficients: Tensor,
    /// Errors of leave-one-out, n × units.
    pub errors: Tensor,
}

/// K(γ) of one candidate, reduced: exact at every penalty.
struct Reduced {
    axes: WithoutMean,
    band: Band,
    /// QᵀI in the axes without the mean: (n − 1) × n.
    turned: Tensor,
}

impl Reduced {
    fn of(products: &Tensor) -> Self {
        let n = products.size()[0];
        let axes = WithoutMean::of(n, products.device());
        let band = Band::of(axes.within(products));
        let turned = band.turn(&axes.down(&Tensor::eye(n, (Kind::Double, products.device()))));
        Self { axes, band, turned }
    }

    /// Gy and the errors of leave-one-out, n × units each, for y n × units.
    fn solve(&self, y: &Tensor, alpha: f64) -> (Tensor, Tensor) {
        let half = self.band.whiten(&self.turned, alpha);
        let image = half.tr().matmul(&self.band.whiten(&self.band.turn(&self.axes.down(y)), alpha));
        let diagonal = half.norm_scalaropt_dim(2, [0i64].as_slice(), false).square().unsqueeze(1);
        let errors = &image / diagonal;
        (image, errors)
    }
}

/// The same by one inverse; nothing where the matrix is not definite.
fn solve_once(products: &Tensor, y: &Tensor, alpha: f64) -> Option<(Tensor, Tensor)> {
    let axes = WithoutMean::of(products.size()[0], products.device());
    let inner = axes.within(products).contiguous();
    let _ = inner.diagonal(0, 0, 1).g_add_scalar_(alpha);
    let inverse = inner.f_linalg_cholesky(false).ok()?.cholesky_inverse(false);
    let half = axes.up(&inverse);
    let image = half.matmul(&axes.down(y));
    // The diagonal of the inverse with H on either side.
    let diagonal = axes.up(&half.tr()).diagonal(0, 0, 1).copy().unsqueeze(1);
    let errors = &image / diagonal;
    Some((image, errors))
}

/// K(γ) of one candidate, decomposed, with what it takes to leave each row out at any penalty that rounding leaves alone. From some
/// hundred rows on in 32 bits, in which a decomposition takes less than half the time: what is chosen by it is computed anew in 64.
struct Decomposed {
    values: Tensor,
    /// n × (n − 1).
    vectors: Tensor,
    squares: Tensor,
    /// Vᵀy, (n − 1) × units.
    turned: Tensor,
    /// Smaller penalties are told from 0 by too few digits.
    least: f64,
}

impl Decomposed {
    /// Of products in either floats.
    fn of(products: &Tensor, y: &Tensor) -> Self {
        let kind = products.kind();
        let epsilon = if kind == Kind::Float { f64::from(f32::EPSILON) } else { f64::EPSILON };
        let axes = WithoutMean::of(products.size()[0], products.device()).to_kind(kind);
        let (values, vectors) = axes.within(products).linalg_eigh("L");
        let vectors = axes.up(&vectors);
        let values = values.clamp_min(0.0);
        let least = DIGITS * epsilon * scalar(&values.max());
        let turned = vectors.tr().matmul(&y.to_kind(kind));
        Self { squares: vectors.square(), values, vectors, turned, least }
    }

    /// Errors of leave-one-out for some units, n × units, in 64 bits.
    fn errors(&self, units: &[usize], alpha: f64) -> Tensor {
        let scale = (&self.values + alpha).reciprocal().unsqueeze(1);
        let turned = if units.len() == self.turned.size()[1] as usize {
            &self.turned * &scale
        } else {
            columns(&self.turned, units) * &scale
        };
        (self.vectors.matmul(&turned) / self.squares.matmul(&scale)).to_kind(Kind::Double)
    }
}

/// What one candidate comes to for each unit.
struct Tried {
    loss: Vec<f64>,
    /// The position of the penalty.
    at: Vec<usize>,
    errors: Tensor,
}

impl Tried {
    fn new(y: &Tensor) -> Self {
        let units = y.size()[1] as usize;
        Self { loss: vec![f64::INFINITY; units], at: vec![0; units], errors: y.zeros_like() }
    }

    /// Takes one penalty's errors for some units, and gives their losses; the larger of two penalties of equal loss stands.
    fn penalty(&mut self, errors: &Tensor, units: &[usize], at: usize) -> Vec<f64> {
        let losses = wide_vec(&errors.square().mean_dim([0i64].as_slice(), false, Kind::Double));
        let better = |&place: &usize| {
            let unit = units[place];
            losses[place] < self.loss[unit] || (losses[place] == self.loss[unit] && at > self.at[unit])
        };
        let won: Vec<usize> = (0..units.len()).filter(better).collect();
        let to: Vec<usize> = won.iter().map(|&place| units[place]).collect();
        put(&mut self.errors, &to, errors, &won);
        for (&place, &unit) in won.iter().zip(&to) {
            (self.loss[unit], self.at[unit]) = (losses[place], at);
        }
        losses
    }
}

/// Copies columns `from` of a matrix to columns `to` of another.
fn put(target: &mut Tensor, to: &[usize], source: &Tensor, from: &[usize]) {
    if !to.is_empty() {
        let places: Vec<i64> = to.iter().map(|&at| index(at)).collect();
        let places = Tensor::from_slice(&places).to_device(target.device());
        let _ = target.index_copy_(1, &places, &columns(source, from));
    }
}

/// K(γ) of some bands.
pub fn mixed(bands: &[Tensor], weights: &[f64]) -> Tensor {
    let mut out = &bands[0] * weights[0];
    for (band, &weight) in bands.iter().zip(weights).skip(1) {
        let _ = out.g_add_(&(band * weight));
    }
    out
}

/// The best candidate and penalty for every unit. `bands` are centred products of trace n, n × n each; y is centred, n × units;
/// `candidates` are band weights, `alphas` penalties. A unit that is constant takes the first candidate and the largest penalty.
///
/// Of penalties, every fourth is tried for all units, and those between next to the best of these and to those within a twentieth of
/// it, unless the candidate is worse there than the best so far by three standard errors of the difference. `progress` is told candidates done.
pub fn search(
    bands: &[Tensor],
    y: &Tensor,
    candidates: &[Vec<f64>],
    alphas: &[f64],
    progress: &mut dyn FnMut(u64, u64),
) -> Best {
    let mut alphas = alphas.to_vec();
    alphas.sort_by(f64::total_cmp);
    alphas.dedup();
    let total = variances(y);
    let units = total.len();
    let varies: Vec<usize> = (0..units).filter(|&unit| total[unit] > 0.0).collect();
    let of_varying = columns(y, &varies);
    let mut best = Tried::new(&of_varying);
    let mut chosen = vec![0; varies.len()];
    let kind = if y.size()[0] >= SINGLE { Kind::Float } else { Kind::Double };
    let quick: Vec<Tensor> = bands.iter().map(|band| band.to_kind(kind)).collect();
    for (candidate, weights) in candidates.iter().enumerate() {
        if varies.is_empty() {
            break;
        }
        let exact = || mixed(bands, weights);
        let tried = try_penalties(&mixed(&quick, weights), &exact, &of_varying, &alphas, &best);
        let won: Vec<usize> = (0..varies.len()).filter(|&unit| tried.loss[unit] < best.loss[unit]).collect();
        put(&mut best.errors, &won, &tried.errors, &won);
        for unit in won {
            (best.loss[unit], best.at[unit], chosen[unit]) = (tried.loss[unit], tried.at[unit], candidate);
        }
        progress(candidate as u64 + 1, candidates.len() as u64);
    }
    let exact = settle(bands, &of_varying, candidates, &alphas, &best, &chosen);
    spread_out(best, exact, &chosen, &varies, y, &total, candidates, &alphas)
}

/// Coefficients, and errors of leave-one-out in 64 bits, of what was chosen: n × units each.
fn settle(
    bands: &[Tensor],
    y: &Tensor,
    candidates: &[Vec<f64>],
    alphas: &[f64],
    best: &Tried,
    chosen: &[usize],
) -> (Tensor, Tensor) {
    let mut units: BTreeMap<usize, BTreeMap<usize, Vec<usize>>> = BTreeMap::new();
    let found = chosen.iter().zip(&best.at).enumerate().filter(|(unit, _)| best.loss[*unit].is_finite());
    for (unit, (&candidate, &at)) in found {
        units.entry(candidate).or_default().entry(at).or_default().push(unit);
    }
    let (mut coefficients, mut errors) = (y.zeros_like(), y.zeros_like());
    for (candidate, by_penalty) in units {
        let products = mixed(bands, &candidates[candidate]);
        // A reduction takes as long as some three inverses, and serves all penalties.
        let reduced = std::cell::LazyCell::new(|| Reduced::of(&products));
        let once = by_penalty.len() <= ONCE;
        for (at, units) in by_penalty {
            let own = columns(y, &units);
            let solved = if once { solve_once(&products, &own, alphas[at]) } else { None };
            let (image, left_out) = solved.unwrap_or_else(|| reduced.solve(&own, alphas[at]));
            let all: Vec<usize> = (0..units.len()).collect();
            put(&mut coefficients, &units, &image, &all);
            put(&mut errors, &units, &left_out, &all);
        }
    }
    (coefficients, errors)
}

fn try_penalties(products: &Tensor, exact: &dyn Fn() -> Tensor, y: &Tensor, alphas: &[f64], best: &Tried) -> Tried {
    let mut tried = Tried::new(y);
    let decomposed = Decomposed::of(products, y);
    let first = alphas.partition_point(|&alpha| alpha < decomposed.least);
    let all: Vec<usize> = (0..tried.loss.len()).collect();
    let last = alphas.len() - 1;
    let coarse: Vec<usize> =
        (first..alphas.len()).filter(|at| (last - at).is_multiple_of(COARSE) || *at == first).collect();
    let losses: Vec<(usize, Vec<f64>)> =
        coarse.iter().rev().map(|&at| (at, tried.penalty(&decomposed.errors(&all, alphas[at]), &all, at))).collect();
    let best_coarse = tried.loss.clone();
    let hopeful = if coarse.is_empty() { all } else { hopeful(&tried, best) };
    for at in (first..alphas.len()).rev().filter(|at| !coarse.contains(at)) {
        let beside: Vec<&Vec<f64>> =
            losses.iter().filter(|(coarse, _)| coarse.abs_diff(at) < COARSE).map(|(_, losses)| losses).collect();
        let near = |unit: &usize| beside.iter().any(|losses| losses[*unit] <= NEARLY * best_coarse[*unit]);
        let there: Vec<usize> = hopeful.iter().copied().filter(near).collect();
        if !there.is_empty() {
            tried.penalty(&decomposed.errors(&there, alphas[at]), &there, at);
        }
    }
    let at_the_end = |unit: &usize| first == alphas.len() || tried.at[*unit] == first;
    let smaller: Vec<usize> = hopeful.into_iter().filter(at_the_end).collect();
    if first > 0 && !smaller.is_empty() {
        try_smaller(&exact(), y, (&alphas[..first], &smaller), &mut tried);
    }
    tried
}

/// Penalties that a decomposition cannot tell from 0, for units whose best may be among them: exactly, as far as the products do.
fn try_smaller(products: &Tensor, y: &Tensor, (alphas, units): (&[f64], &[usize]), tried: &mut Tried) {
    let reduced = Reduced::of(products);
    let definite = reduced.band.definite(alphas);
    let own = columns(y, units);
    for at in (0..alphas.len()).rev().filter(|&at| definite[at]) {
        tried.penalty(&reduced.solve(&own, alphas[at]).1, units, at);
    }
}

/// The units for which a candidate is not yet clearly worse than the best so far, by its coarse penalties.
fn hopeful(tried: &Tried, best: &Tried) -> Vec<usize> {
    let difference = tried.errors.square() - best.errors.square();
    let mean = wide_vec(&difference.mean_dim([0i64].as_slice(), false, Kind::Double));
    let square = wide_vec(&difference.square().mean_dim([0i64].as_slice(), false, Kind::Double));
    let rows = difference.size()[0] as f64;
    let clearly = |unit: usize| {
        let error = ((square[unit] - mean[unit] * mean[unit]).max(0.0) / rows).sqrt();
        best.loss[unit].is_finite() && mean[unit] > WORSE * error
    };
    (0..mean.len()).filter(|&unit| !clearly(unit)).collect()
}

/// What was found for the units that vary, with the others between them.
fn spread_out(
    best: Tried,
    (coefficients, errors): (Tensor, Tensor),
    chosen: &[usize],
    varies: &[usize],
    y: &Tensor,
    total: &[f64],
    candidates: &[Vec<f64>],
    alphas: &[f64],
) -> Best {
    let units = total.len();
    let (low, high) = (alphas[0], alphas[alphas.len() - 1]);
    let mut out = Best {
        weights: vec![candidates[0].clone(); units],
        alpha: vec![high; units],
        loss: vec![0.0; units],
        explained: vec![None; units],
        at_edge: vec![false; units],
        coefficients: y.zeros_like(),
        errors: y.zeros_like(),
    };
    let all: Vec<usize> = (0..varies.len()).collect();
    put(&mut out.coefficients, varies, &coefficients, &all);
    put(&mut out.errors, varies, &errors, &all);
    let of_rows = |x: &Tensor| wide_vec(&x.mean_dim([0i64].as_slice(), false, Kind::Double));
    let (mean, loss) = (of_rows(&errors), of_rows(&errors.square()));
    for (place, &unit) in varies.iter().enumerate() {
        let alpha = alphas[best.at[place]];
        out.weights[unit].clone_from(&candidates[chosen[place]]);
        out.alpha[unit] = alpha;
        // Of a unit for which no penalty was clear of rounding, nothing was found.
        let loss = if best.loss[place].is_finite() { loss[place] } else { f64::INFINITY };
        out.loss[unit] = loss;
        out.explained[unit] = explained(loss - mean[place] * mean[place], total[unit]);
        out.at_edge[unit] = alphas.len() > 1 && (alpha == low || alpha == high);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::linear::basis::Basis;
    use crate::math::linear::eigen::Eigen;
    use crate::math::linear::ridge::tests::{centred, normal};
    use crate::math::tensor::{column_means, from_array};
    use ndarray::Array2;
    use serde_json::Value as Json;

    const CPU: tch::Device = tch::Device::Cpu;

    fn read<T: serde::de::DeserializeOwned>(json: &Json) -> T {
        serde_json::from_value(json.clone()).unwrap()
    }

    fn array(json: &Json) -> Array2<f64> {
        let rows: Vec<Vec<f64>> = read(json);
        Array2::from_shape_vec((rows.len(), rows[0].len()), rows.concat()).unwrap()
    }

    fn worst(a: &Tensor, b: &Tensor) -> f64 {
        scalar(&(a - b).abs().max())
    }

    /// Products of all rows with train rows, less the train means, of trace n.
    fn kernel(x: &Array2<f64>, train: i64) -> Tensor {
        let x = from_array(x, CPU);
        let x = &x - column_means(&x.narrow(0, 0, train));
        let k = x.matmul(&x.narrow(0, 0, train).tr());
        let trace = scalar(&k.narrow(0, 0, train).trace());
        k * (train as f64 / trace)
    }

    /// By himalaya, which refits without each row: see tests/oracles/banded.py.
    #[test]
    fn the_best_candidates_are_those_of_himalaya() {
        let all: Json = serde_json::from_str(include_str!("../../../tests/oracles/banded.json")).unwrap();
        let train = all["train"].as_i64().unwrap();
        let bands: Vec<Tensor> =
            all["bands"].as_array().unwrap().iter().map(|band| kernel(&array(band), train)).collect();
        let inside: Vec<Tensor> = bands.iter().map(|band| band.narrow(0, 0, train)).collect();
        let y = from_array(&array(&all["y"]), CPU).narrow(0, 0, train);
        let mean = column_means(&y);
        let (candidates, alphas): (Vec<Vec<f64>>, Vec<f64>) = (read(&all["gammas"]), read(&all["alphas"]));
        let mut told = 0;
        let best = search(&inside, &(&y - &mean), &candidates, &alphas, &mut |done, of| told = done * 100 + of);
        assert_eq!(told, 505);
        let (weights, alpha): (Vec<Vec<f64>>, Vec<f64>) = (read(&all["weights"]), read(&all["best"]));
        let losses: Vec<Vec<f64>> = read(&all["losses"]);
        for (unit, alpha) in alpha.iter().enumerate() {
            assert!((best.alpha[unit] / alpha - 1.0).abs() < 1e-9, "{unit}");
            assert!(best.weights[unit].iter().zip(&weights[unit]).all(|(a, b)| (a - b).abs() < 1e-9), "{unit}");
            let loss = losses.iter().map(|of| of[unit]).fold(f64::INFINITY, f64::min);
            assert!((best.loss[unit] / loss - 1.0).abs() < 1e-9, "{unit}: {}, {loss}", best.loss[unit]);
        }
        let mut predicted = mean;
        for (at, band) in bands.iter().enumerate() {
            let weights: Vec<f64> = best.weights.iter().map(|of| of[at]).collect();
            let part = band.matmul(&(&best.coefficients * Tensor::from_slice(&weights).unsqueeze(0)));
            let expected = from_array(&array(&all["by_band"][at]), CPU);
            assert!(worst(&part, &expected) < 1e-8, "band {at}: {}", worst(&part, &expected));
            predicted = &predicted + part;
        }
        assert!(worst(&predicted, &from_array(&array(&all["predicted"]), CPU)) < 1e-8);
    }

    #[test]
    fn leaving_one_out_is_that_of_the_decomposition_at_every_size() {
        for (height, width, units) in [(12, 30, 2), (49, 5, 3), (50, 80, 3), (120, 300, 4)] {
            let x = from_array(&centred(&normal(height, width, 3)), CPU);
            let y = from_array(&centred(&normal(height, units, 4)), CPU);
            let products = x.matmul(&x.tr());
            let (basis, reduced) = (Basis::dual(&Eigen::of(&products)), Reduced::of(&products));
            for alpha in [0.3, 30.0, 1e5] {
                let (image, errors) = reduced.solve(&y, alpha);
                let expected = basis.leave_one_out(&y, alpha);
                assert!(worst(&errors, &expected) < 1e-9, "{height} × {width}, {alpha}: {}", worst(&errors, &expected));
                let expected = basis.coefficients(&y, &vec![alpha; units]);
                assert!(worst(&image, &expected) < 1e-10, "{height} × {width}, {alpha}");
            }
        }
    }

    #[test]
    fn penalties_between_are_tried_where_they_may_be_best() {
        let x = from_array(&centred(&normal(40, 60, 3)), CPU);
        let y = x.matmul(&from_array(&normal(60, 6, 5), CPU)) + from_array(&centred(&normal(40, 6, 4)), CPU) * 6.0;
        let y = &y - column_means(&y);
        let products = x.matmul(&x.tr());
        let products = &products * (40.0 / scalar(&products.trace()));
        let alphas = crate::math::linear::penalty::log_grid(1e-4, 1e4, 33);
        let found = search(&[products.shallow_clone()], &y, &[vec![1.0]], &alphas, &mut |_, _| ());
        let basis = Basis::dual(&Eigen::of(&products));
        let choice = crate::math::linear::penalty::choose(
            &crate::math::linear::ridge::Judge::LeaveOneOut(&basis),
            &y,
            &alphas,
            false,
        );
        assert_eq!(found.alpha, choice.alpha);
        for (got, expected) in found.explained.iter().zip(&choice.explained) {
            assert!((got.unwrap() - expected.unwrap()).abs() < 1e-9);
        }
    }

    /// The best of all candidates and penalties, each by its own reduction in 64 bits.
    fn exhaustive(bands: &[Tensor], y: &Tensor, candidates: &[Vec<f64>], alphas: &[f64]) -> Vec<f64> {
        let mut best = vec![f64::INFINITY; y.size()[1] as usize];
        for weights in candidates {
            let reduced = Reduced::of(&mixed(bands, weights));
            for &alpha in alphas {
                let errors = reduced.solve(y, alpha).1;
                let losses = wide_vec(&errors.square().mean_dim([0i64].as_slice(), false, Kind::Double));
                best.iter_mut().zip(losses).for_each(|(best, loss)| *best = best.min(loss));
            }
        }
        best
    }

    #[test]
    fn many_rows_are_searched_in_32_bits_and_settled_in_64() {
        let rows = SINGLE as usize + 8;
        let of = |columns: usize, seed: u64| {
            let x = from_array(&centred(&normal(rows, columns, seed)), CPU);
            (&x * (1.0 / (columns as f64).sqrt()), x)
        };
        let ((one, x), (other, z)) = (of(40, 3), of(700, 4));
        let bands: Vec<Tensor> = [one, other].iter().map(|x| x.matmul(&x.tr())).collect();
        let signal = x.matmul(&from_array(&normal(40, 3, 5), CPU)) + z.narrow(1, 0, 3) * 4.0;
        // The first unit is noise; the last has none, so that its best penalty is below what 32 bits tell from 0.
        let noise = from_array(&centred(&normal(rows, 3, 6)), CPU) * Tensor::from_slice(&[1.0, 8.0, 0.0]);
        let y = signal * Tensor::from_slice(&[0.0, 1.0, 1.0]) + noise;
        let candidates = candidates(3, 2, &[0.5, 1.0], 1);
        let alphas = crate::math::linear::penalty::log_grid(1e-7, 1e5, 9);
        let best = search(&bands, &y, &candidates, &alphas, &mut |_, _| ());
        for (unit, least) in exhaustive(&bands, &y, &candidates, &alphas).into_iter().enumerate() {
            assert!(best.loss[unit] <= least * (1.0 + 1e-4), "{unit}: {} {least}", best.loss[unit]);
            let own = y.narrow(1, index(unit), 1);
            let (image, errors) = Reduced::of(&mixed(&bands, &best.weights[unit])).solve(&own, best.alpha[unit]);
            let apart = |a: &Tensor, b: &Tensor| worst(&a.narrow(1, index(unit), 1), b) / scalar(&b.abs().max());
            assert!(apart(&best.coefficients, &image) < 1e-8 && apart(&best.errors, &errors) < 1e-8, "{unit}");
        }
        assert!(best.alpha[2] < 1e-2, "{:?}", best.alpha);
    }

    #[test]
    fn a_constant_unit_is_predicted_by_its_mean_and_edges_are_told() {
        let x = from_array(&centred(&normal(20, 30, 3)), CPU);
        let products = x.matmul(&x.tr()) / 30.0;
        let y = Tensor::cat(&[Tensor::zeros([20, 1], (Kind::Double, CPU)), x.narrow(1, 0, 1)], 1);
        let best = search(&[products], &y, &[vec![1.0]], &[1.0, 100.0], &mut |_, _| ());
        assert_eq!((best.alpha[0], best.explained[0], best.at_edge[0]), (100.0, None, false));
        assert_eq!(scalar(&best.coefficients.narrow(1, 0, 1).abs().max()), 0.0);
        assert!(best.at_edge[1] && best.alpha[1] == 1.0 && best.explained[1].is_some());
        let none = Tensor::zeros([20, 1], (Kind::Double, CPU));
        assert_eq!(search(&[x.matmul(&x.tr())], &none, &[vec![1.0]], &[1.0], &mut |_, _| ()).loss, [0.0]);
    }

    #[test]
    fn candidates_lie_on_the_simplex_as_their_concentrations_say() {
        let drawn = candidates(2001, 4, &[0.1, 1.0], 7);
        assert_eq!(drawn[0], [0.25; 4]);
        assert!(
            drawn
                .iter()
                .all(|w| (w.iter().sum::<f64>() - 1.0).abs() < 1e-12 && w.iter().all(|&w| (0.0..=1.0).contains(&w)))
        );
        // Of a symmetric Dirichlet, Var(w) = (1/k)(1 − 1/k)/(kc + 1).
        let variance = |from: usize| {
            let of: Vec<f64> = drawn[1..].iter().skip(from).step_by(2).flatten().copied().collect();
            of.iter().map(|w| (w - 0.25) * (w - 0.25)).sum::<f64>() / of.len() as f64
        };
        for (from, concentration) in [(0, 1.0), (1, 0.1)] {
            let expected = 0.25 * 0.75 / (4.0 * concentration + 1.0);
            assert!((variance(from) / expected - 1.0).abs() < 0.06, "{concentration}: {}, {expected}", variance(from));
        }
        assert_eq!(drawn[..50], candidates(50, 4, &[0.1, 1.0], 7)[..]);
        assert_ne!(drawn[1], candidates(2, 4, &[0.1, 1.0], 8)[1]);
        assert!(candidates(3, 2, &[1e-4], 1).iter().flatten().all(|w| w.is_finite()));
    }
}

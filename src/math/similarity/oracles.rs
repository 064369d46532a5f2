//! Similarity as rsatoolbox has it: tests/oracles/similarity.py made the numbers.

use std::path::PathBuf;

use ndarray::{Array2, Array3, Axis};
use serde_json::Value as Json;

use crate::formats::npy::read_npz;
use crate::math::linear::gram::{Gram, Precision, raw, row_sums};
use crate::math::similarity::ceiling::{Pool, bounds};
use crate::math::similarity::cka::{Form, alignment};
use crate::math::similarity::compare::{Comparator, Drawn, Side, counted, pair_weights};
use crate::math::similarity::noise::{Noise, covariance, crossnobis, mahalanobis};
use crate::math::similarity::pairs;
use crate::math::similarity::rdm::{Dissimilarity, Products};
use crate::math::similarity::resample::{Variances, permutation};
use crate::math::tensor::wide_vec;

const N: usize = 40;
const COMPARATORS: [(&str, Comparator); 7] = [
    ("spearman", Comparator::Spearman),
    ("pearson", Comparator::Pearson),
    ("cosine", Comparator::Cosine),
    ("rho_a", Comparator::RhoA),
    ("tau_a", Comparator::TauA),
    ("cosine_cov", Comparator::CosineCov),
    ("corr_cov", Comparator::CorrCov),
];
const DISSIMILARITIES: [(&str, Dissimilarity); 3] = [
    ("correlation", Dissimilarity::Correlation),
    ("euclidean", Dissimilarity::Euclidean),
    ("cosine", Dissimilarity::Cosine),
];

fn oracle() -> Json {
    serde_json::from_str(include_str!("../../../tests/oracles/similarity.json")).expect("JSON")
}

fn array(key: &str) -> ndarray::ArrayD<f32> {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/oracles/similarity.npz"));
    let array = read_npz(&path, Some(key), None).expect("the oracle's patterns");
    ndarray::ArrayD::from_shape_vec(array.shape, array.data).expect("as many numbers")
}

fn patterns(key: &str) -> Array2<f32> {
    array(key).into_dimensionality().expect("two axes")
}

fn numbers(json: &Json) -> Vec<f64> {
    json.as_array().expect("numbers").iter().map(|x| x.as_f64().expect("a number")).collect()
}

/// The products and row sums of patterns.
fn products(x: &Array2<f32>, precision: Precision) -> (Vec<f64>, Vec<f64>) {
    let gram = Gram::of(raw(x.view()), precision, tch::Device::Cpu, &mut |_, _| ());
    (wide_vec(&gram.products), row_sums(raw(x.view())))
}

fn rdm(x: &Array2<f32>, of: Dissimilarity) -> Vec<f64> {
    let (side, columns, precision) = (x.nrows(), x.ncols(), Precision::Double);
    let (products, sums) = products(x, precision);
    let all: Vec<usize> = (0..side).collect();
    Products { products: &products, side, sums: &sums, columns, precision }.dissimilarities(&all, of).values
}

fn narrow(x: &[f64]) -> Vec<f32> {
    x.iter().map(|&value| value as f32).collect()
}

/// As the script makes it: dissimilarities with ties.
fn tied() -> Vec<f32> {
    rdm(&patterns("x"), Dissimilarity::Correlation).iter().map(|value| (4.0 * value).round_ties_even() as f32).collect()
}

fn near(got: f64, right: &Json, tolerance: f64, what: &str) {
    let right = right.as_f64().expect("a number");
    assert!((got - right).abs() <= tolerance, "{what}: {got} for {right}");
}

fn similarity(comparator: Comparator, n: usize, a: &[f64], b: &[f64]) -> f64 {
    let side = |x: &[f64]| Side::of_dissimilarities(comparator, n, x);
    side(a).similarity(&side(b)).expect("both vary")
}

#[test]
fn dissimilarities_and_their_comparisons_are_rsatoolbox_s() {
    let oracle = oracle();
    for (name, of) in DISSIMILARITIES {
        let (x, y) = (rdm(&patterns("x"), of), rdm(&patterns("y"), of));
        for (got, right) in x.iter().zip(numbers(&oracle["rdm"][name])) {
            assert!((got - right).abs() < 1e-12, "{name}: {got} for {right}");
        }
        for (comparator, kind) in COMPARATORS.iter().filter(|_| oracle[name].is_object()) {
            // The oracle's second side has 64 bits.
            near(similarity(*kind, N, &x, &y), &oracle[name][comparator], 2e-8, &format!("{name} {comparator}"));
        }
    }
}

#[test]
fn ties_count_as_rsatoolbox_counts_them() {
    let oracle = oracle();
    let y = narrow(&rdm(&patterns("y"), Dissimilarity::Correlation));
    for (name, kind) in COMPARATORS {
        let side = |x: &[f32]| Side::of(kind, N, counted(kind, x));
        let got = side(&tied()).similarity(&side(&y)).unwrap();
        near(got, &oracle["tied"][name], 2e-8, name);
    }
}

#[test]
fn draws_of_stimuli_are_rsatoolbox_s() {
    let oracle = oracle();
    let y = narrow(&rdm(&patterns("y"), Dissimilarity::Correlation));
    for draw in oracle["draws"].as_array().unwrap() {
        let weights = pair_weights(&numbers(&draw["counts"]).iter().map(|&x| x as u32).collect::<Vec<_>>());
        for (name, kind) in COMPARATORS.iter().filter(|(_, kind)| !kind.is_whitened()) {
            let (a, b) = (Drawn::of(*kind, &tied()), Drawn::of(*kind, &y));
            let got = a.similarity(&a.counted(&weights), &b.counted(&weights), &weights).unwrap();
            near(got, &draw["scores"][name], 2e-8, name);
        }
    }
    for case in oracle["variances"].as_array().unwrap() {
        let of = numbers(&case[0]);
        let variances = Variances { subjects: of[0], stimuli: of[1], both: of[2] };
        let count = |at: usize| case[at].as_u64().unwrap() as usize;
        near(variances.corrected(count(1), count(2)), &case[3], 1e-15, "variance");
    }
}

#[test]
fn distances_in_units_of_noise_are_rsatoolbox_s() {
    let oracle = &oracle()["noise"];
    let repeats: Array3<f32> = array("repeats").index_axis(Axis(0), 0).to_owned().into_dimensionality().unwrap();
    let repeats = repeats.mapv(f64::from);
    let mean = repeats.mean_axis(Axis(2)).unwrap();
    let residuals = (&repeats - &mean.view().insert_axis(Axis(2))).permuted_axes([0, 2, 1]);
    let residuals = residuals.as_standard_layout().into_owned().into_shape_with_order((4 * N, 12)).unwrap();
    let shrunk = covariance(&residuals, 3 * N).unwrap();
    for (got, right) in shrunk.rows().into_iter().zip(oracle["covariance"].as_array().unwrap()) {
        got.iter().zip(numbers(right)).for_each(|(got, right)| assert!((got - right).abs() < 1e-12));
    }
    let noise = Noise::of(&residuals, 3 * N).unwrap();
    let folds: Vec<tch::Tensor> =
        (0..4).map(|at| noise.whitened(&repeats.index_axis(Axis(2), at).to_owned())).collect();
    for (name, got) in [("mahalanobis", mahalanobis(&noise.whitened(&mean))), ("crossnobis", crossnobis(&folds))] {
        let right = numbers(&oracle[name]);
        assert_eq!(got.len(), right.len());
        got.iter().zip(right).for_each(|(got, right)| assert!((got - right).abs() < 1e-11, "{name}: {got} {right}"));
    }
}

#[test]
fn ceilings_are_rsatoolbox_s_and_brain_score_s() {
    let oracle = oracle();
    let repeats = array("repeats");
    let of = |at: usize| -> Vec<f64> {
        let one: Array3<f32> = repeats.index_axis(Axis(0), at).to_owned().into_dimensionality().unwrap();
        // The mean in 64 bits, as the script has it.
        let mean = one.mapv(f64::from).mean_axis(Axis(2)).unwrap();
        let (wide, n) = (mean.ncols() as f64, mean.nrows());
        let centred = &mean - &mean.mean_axis(Axis(1)).unwrap().insert_axis(Axis(1));
        let products = centred.dot(&centred.t()) / wide;
        let values = pairs::each(n)
            .map(|(i, j)| 1.0 - products[[i, j]] / (products[[i, i]] * products[[j, j]]).sqrt())
            .map(|value| f64::from(value as f32));
        values.collect()
    };
    let subjects: Vec<Vec<f64>> = (0..3).map(of).collect();
    for (name, kind) in COMPARATORS {
        let (lower, upper) = bounds(kind, Pool::Normalised, N, &subjects).unwrap();
        near(lower, &oracle["ceilings"][name][0], 1e-9, name);
        near(upper, &oracle["ceilings"][name][1], 1e-9, name);
    }
    let (lower, upper) = bounds(Comparator::Spearman, Pool::Plain, N, &subjects).unwrap();
    near(lower, &oracle["plain"][0], 1e-9, "plain");
    near(upper, &oracle["plain"][1], 1e-9, "plain");
    assert_eq!(bounds(Comparator::Spearman, Pool::Plain, N, &subjects[..1]), None);
}

#[test]
fn alignments_and_their_errors_are_those_of_kernels_made_anew() {
    let oracle = &oracle()["cka"];
    let all: Vec<usize> = (0..N).collect();
    for (name, form) in [("unbiased", Form::Unbiased), ("biased", Form::Biased)] {
        let kernel = |key: &str| {
            let (products, _) = products(&patterns(key), Precision::Double);
            form.centred(&products, N, &all, true).unwrap()
        };
        let made = alignment(&kernel("x"), &kernel("y"), N, form).unwrap();
        near(made.value, &oracle[name], 2e-8, name);
        near(made.se.unwrap(), &oracle[format!("se_{name}")], 1e-7, name);
        let itself = alignment(&kernel("x"), &kernel("x"), N, form).unwrap();
        assert!((itself.value - 1.0).abs() < 1e-12);
    }
    // Four stimuli have an unbiased estimate and no error of it.
    let (products, _) = products(&patterns("x"), Precision::Double);
    let few = Form::Unbiased.centred(&products, N, &[3, 1, 30, 7], true).unwrap();
    assert_eq!(alignment(&few, &few, 4, Form::Unbiased).unwrap().se, None);
    // Patterns that are all the same leave nothing.
    assert_eq!(Form::Unbiased.centred(&[2.5; 25], 5, &[0, 1, 2, 3, 4], true), None);
}

#[test]
fn a_permuted_side_is_the_side_of_permuted_patterns() {
    let x = patterns("x");
    let order = permutation(N, 1, 2);
    let y = rdm(&patterns("y"), Dissimilarity::Correlation);
    let moved = rdm(&x.select(Axis(0), &order), Dissimilarity::Correlation);
    for (name, kind) in COMPARATORS {
        let side = Side::of_dissimilarities(kind, N, &rdm(&x, Dissimilarity::Correlation));
        let mut out = side.clone();
        side.permute(&order, &mut out);
        let got = out.similarity(&Side::of_dissimilarities(kind, N, &y)).unwrap();
        assert!((got - similarity(kind, N, &moved, &y)).abs() < 1e-12, "{name}");
    }
}

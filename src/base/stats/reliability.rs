//! How reliable a unit's mean response is: the share of its variance over stimuli that stimuli explain.
//!
//! Both estimates are ceilings of explained variance for the mean over repeats. Per unit and stimulus, missing repeats
//! (NaN) do not count, and a stimulus with fewer than two repeats is left out.

use ndarray::{ArrayView2, ArrayView3, Axis};
use rand::SeedableRng;
use rand::seq::SliceRandom;

use crate::stats::summary::{mean, pearson, variance};

/// Spearman–Brown corrected split-half reliability of each unit, or nothing where it is undefined.
///
/// `repeats` is stimuli × units × repeats. For each of `halves` random orders of the repeats (drawn per stimulus, the
/// same for all units), the first ⌊m/2⌋ of a unit's m available repeats and the others are averaged, and r is Pearson's
/// correlation of the two averages over stimuli. With r̄ the mean over orders the result is 2r̄/(1 + r̄), and 0 where r̄
/// is negative (Spearman 1910; Brown 1910).
pub fn split_half(repeats: ArrayView3<'_, f32>, halves: usize, seed: u64) -> Vec<Option<f64>> {
    let (stimuli, units, count) = repeats.dim();
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
    let mut correlations: Vec<Vec<f64>> = vec![Vec::new(); units];
    for _ in 0..halves {
        let orders: Vec<Vec<usize>> = (0..stimuli)
            .map(|_| {
                let mut order: Vec<usize> = (0..count).collect();
                order.shuffle(&mut rng);
                order
            })
            .collect();
        for (unit, found) in correlations.iter_mut().enumerate() {
            let halves: Vec<(f64, f64)> = repeats
                .index_axis(Axis(1), unit)
                .outer_iter()
                .zip(&orders)
                .filter_map(|(trials, order)| {
                    let known: Vec<f64> =
                        order.iter().map(|&at| f64::from(trials[at])).filter(|value| !value.is_nan()).collect();
                    let (one, other) = known.split_at(known.len() / 2);
                    (!one.is_empty()).then(|| (mean(one), mean(other)))
                })
                .collect();
            let (one, other): (Vec<f64>, Vec<f64>) = halves.into_iter().unzip();
            if one.len() > 1 {
                found.extend(pearson(&one, &other));
            }
        }
    }
    correlations.iter().map(|found| (!found.is_empty()).then(|| spearman_brown(mean(found)))).collect()
}

/// 2r/(1 + r): the reliability of twice as many repeats; 0 for r < 0.
pub fn spearman_brown(r: f64) -> f64 {
    let r = r.max(0.0);
    2.0 * r / (1.0 + r)
}

/// The variance-based ceiling of one unit, `repeats` stimuli × repeats, or nothing where it is undefined.
///
/// The noise variance is the mean over stimuli of the variance over repeats (m − 1 in the denominator); the signal
/// variance is that of the mean responses over stimuli less the noise left in them, at least 0. With snr their ratio and
/// 1/m averaged over stimuli the ceiling is snr/(snr + 1/m) (Allen et al. 2022, Nature Neuroscience 25:116).
pub fn variance_based(repeats: ArrayView2<'_, f32>) -> Option<f64> {
    let mut means = Vec::new();
    let mut noises = Vec::new();
    let mut shares = Vec::new();
    for trials in repeats.outer_iter() {
        let known: Vec<f64> = trials.iter().map(|&value| f64::from(value)).filter(|value| !value.is_nan()).collect();
        if known.len() > 1 {
            let count = known.len() as f64;
            means.push(mean(&known));
            noises.push(variance(&known) * count / (count - 1.0));
            shares.push(1.0 / count);
        }
    }
    if means.len() < 2 {
        return None;
    }
    let count = means.len() as f64;
    let (noise, share) = (mean(&noises), mean(&shares));
    let signal = (variance(&means) * count / (count - 1.0) - noise * share).max(0.0);
    let all = signal + noise * share;
    (all > 0.0).then(|| signal / all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array3, array};
    use rand::Rng;

    #[test]
    fn the_variance_based_ceiling_by_hand() {
        // Means 1, 4, 7: variance 9. Noise variances 2, 2, 2; two repeats each: signal 9 − 1 = 8; 8/(8 + 1).
        let repeats =
            array![[0.0, 2.0, f32::NAN], [3.0, 5.0, f32::NAN], [6.0, f32::NAN, 8.0], [1.0, f32::NAN, f32::NAN]];
        assert_eq!(variance_based(repeats.view()), Some(8.0 / 9.0));
        assert_eq!(variance_based(array![[1.0, 1.0], [1.0, 1.0]].view()), None);
        assert_eq!(variance_based(array![[1.0, 2.0], [f32::NAN, 1.0]].view()), None);
    }

    #[test]
    fn two_repeats_have_one_pair_of_halves() {
        // Halves are the two columns whatever the order; r is symmetric in them only if no stimulus is swapped, so the
        // columns here differ by a swap that leaves Σxy and the sums of both sides alike.
        let repeats = Array3::from_shape_vec((3, 1, 2), vec![1.0, 1.0, 2.0, 2.0, 4.0, 4.0]).unwrap();
        assert_eq!(split_half(repeats.view(), 3, 0), vec![Some(1.0)]);
        assert!((spearman_brown(0.5) - 2.0 / 3.0).abs() < 1e-15);
        assert_eq!(spearman_brown(-0.3), 0.0);
    }

    #[test]
    fn both_recover_a_known_ceiling() {
        // Signal variance 1, noise variance 4, eight repeats: 1/(1 + 4/8) = 2/3.
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(3);
        let mut normal = || rng.sample::<f64, _>(rand_distr::StandardNormal);
        let signal: Vec<f64> = (0..3000).map(|_| normal()).collect();
        let mut repeats = Array3::from_shape_fn((3000, 2, 8), |(stimulus, unit, _)| {
            (signal[stimulus] * if unit == 0 { 1.0 } else { 0.0 } + 2.0 * normal()) as f32
        });
        let halves = split_half(repeats.view(), 20, 7);
        assert!((halves[0].unwrap() - 2.0 / 3.0).abs() < 0.03, "{halves:?}");
        assert!(halves[1].unwrap() < 0.1, "{halves:?}");
        assert_eq!(halves, split_half(repeats.view(), 20, 7));
        let by_variance = variance_based(repeats.index_axis(Axis(1), 0)).unwrap();
        assert!((by_variance - 2.0 / 3.0).abs() < 0.03, "{by_variance}");
        repeats.slice_mut(ndarray::s![.., .., 6..]).fill(f32::NAN);
        let fewer = split_half(repeats.view(), 20, 7)[0].unwrap();
        assert!((fewer - 1.0 / (1.0 + 4.0 / 6.0)).abs() < 0.03, "{fewer}");
    }
}

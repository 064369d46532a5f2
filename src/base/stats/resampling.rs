//! Intervals and p by resampling: with replacement, and by turning signs.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::stats::summary::{mean, quantile, variance};

/// How often each of `count` things is drawn, in each of `draws` draws of as many with replacement; draws × things.
pub fn counts(count: usize, draws: usize, rng: &mut ChaCha8Rng) -> Vec<Vec<u32>> {
    (0..draws)
        .map(|_| {
            let mut drawn = vec![0; count];
            (0..count).for_each(|_| drawn[rng.random_range(0..count)] += 1);
            drawn
        })
        .collect()
}

/// A generator of one seed.
pub fn seeded(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

/// The ends of the middle `level` of what was drawn (percentile interval).
pub fn interval(mut drawn: Vec<f64>, level: f64) -> (f64, f64) {
    drawn.sort_by(f64::total_cmp);
    (quantile(&drawn, (1.0 - level) / 2.0), quantile(&drawn, (1.0 + level) / 2.0))
}

/// The interval of the mean by resampling with replacement (percentile bootstrap).
pub fn of_mean(x: &[f64], draws: usize, level: f64, seed: u64) -> (f64, f64) {
    let mut rng = seeded(seed);
    let mut drawn = || (0..x.len()).map(|_| x[rng.random_range(0..x.len())]).sum::<f64>() / x.len() as f64;
    interval((0..draws).map(|_| drawn()).collect(), level)
}

/// Two-sided p that a drawn difference is 0: twice the share beyond it on the rarer side, the draws' own resolution at least.
pub fn two_sided(drawn: &[f64]) -> f64 {
    let below = drawn.iter().filter(|x| **x <= 0.0).count();
    let above = drawn.iter().filter(|x| **x >= 0.0).count();
    (2.0 * (1 + below.min(above)) as f64 / (drawn.len() + 1) as f64).min(1.0)
}

/// Two-sided p of each comparison, alone and by the largest statistic of all (Nichols & Holmes 2002), by turning signs at random.
///
/// A comparison is a list of (what the difference is of, difference); a sign is drawn for each thing, the same in every comparison. The
/// statistic is the mean over its standard error. p = (1 + turns that reach it) / (1 + turns). Nothing where fewer than two differ.
pub fn sign_flips(comparisons: &[Vec<(usize, f64)>], turns: usize, seed: u64) -> Vec<Option<(f64, f64)>> {
    let things = comparisons.iter().flatten().map(|(thing, _)| thing + 1).max().unwrap_or(0);
    let mut rng = seeded(seed);
    let statistic = |of: &[(usize, f64)], sign: &[f64]| {
        let x: Vec<f64> = of.iter().map(|&(thing, x)| sign[thing] * x).collect();
        let spread = (variance(&x) / (x.len() as f64 - 1.0)).sqrt();
        let mean = mean(&x).abs();
        // All equal: beyond any other.
        if spread > 0.0 {
            mean / spread
        } else if mean > 0.0 {
            f64::INFINITY
        } else {
            0.0
        }
    };
    let usable: Vec<bool> = comparisons.iter().map(|of| of.len() > 1 && of.iter().any(|&(_, x)| x != 0.0)).collect();
    let own: Vec<f64> = comparisons.iter().map(|of| statistic(of, &vec![1.0; things])).collect();
    let mut reached = vec![(0_usize, 0_usize); comparisons.len()];
    for _ in 0..turns {
        let sign: Vec<f64> = (0..things).map(|_| if rng.random::<bool>() { 1.0 } else { -1.0 }).collect();
        let turned: Vec<f64> = comparisons
            .iter()
            .zip(&usable)
            .map(|(of, usable)| if *usable { statistic(of, &sign) } else { 0.0 })
            .collect();
        let largest = turned.iter().copied().fold(0.0, f64::max);
        // Rounding must not tell a turn of all signs from none.
        let near = |x: f64, own: f64| x >= own * (1.0 - 1e-12);
        for ((reached, own), turned) in reached.iter_mut().zip(&own).zip(&turned) {
            reached.0 += usize::from(near(*turned, *own));
            reached.1 += usize::from(near(largest, *own));
        }
    }
    let p = |reached: usize| (1 + reached) as f64 / (1 + turns) as f64;
    usable.iter().zip(reached).map(|(usable, (alone, all))| usable.then(|| (p(alone), p(all)))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_of_a_mean_is_near_the_normal_one_and_repeats_itself() {
        let x: Vec<f64> = (0..200).map(|i| f64::from(i % 17)).collect();
        let (low, high) = of_mean(&x, 1000, 0.95, 0);
        let half = 1.96 * (variance(&x) / 200.0).sqrt();
        assert!((high - low - 2.0 * half).abs() < 0.3 * half, "{low} {high} {half}");
        assert_eq!(of_mean(&x, 1000, 0.95, 0), (low, high));
        assert_ne!(of_mean(&x, 1000, 0.95, 1), (low, high), "the seed counts");
        let (inner, _) = of_mean(&x, 1000, 0.5, 0);
        assert!(inner > low);
    }

    #[test]
    fn draws_are_as_many_as_there_are_things() {
        let drawn = counts(7, 50, &mut seeded(1));
        assert!(drawn.iter().all(|draw| draw.iter().sum::<u32>() == 7) && drawn.len() == 50);
        assert_eq!((two_sided(&[1.0; 99]), two_sided(&[1.0, -1.0])), (0.02, 1.0));
    }

    /// All 2^6 turns by hand: six positive differences have the largest statistic, with its mirror, 2 in 64.
    #[test]
    fn turning_signs_comes_to_the_exact_p() {
        let one: Vec<(usize, f64)> = [0.5, 0.6, 0.4, 0.55, 0.45, 0.7].into_iter().enumerate().collect();
        let none: Vec<(usize, f64)> = [0.1, -0.1, 0.2, -0.2, 0.3, -0.3].into_iter().enumerate().collect();
        let found = sign_flips(&[one, none, vec![(0, 1.0)], vec![(0, 0.0), (1, 0.0)]], 20_000, 3);
        let (alone, all) = found[0].unwrap();
        assert!((alone - 2.0 / 64.0).abs() < 0.005 && all >= alone && all < 0.06, "{alone} {all}");
        assert!(found[1].unwrap().1 > 0.9);
        assert_eq!((found[2], found[3]), (None, None));
    }
}

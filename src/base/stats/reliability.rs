//! How reliable a unit's mean response is: the share of its variance over stimuli that stimuli explain.
//!
//! All estimates are ceilings of explained variance for a mean over repeats. Per unit and stimulus, missing repeats (NaN) do not
//! count, and a stimulus with fewer than two repeats is left out. An estimate of a unit that is pure noise is below 0 as often as
//! above it, and stays so: cut off at 0, such units would average more.

use ndarray::{ArrayView2, ArrayView3, Axis};
use rand::SeedableRng;
use rand::seq::SliceRandom;

use crate::stats::jackknife;
use crate::stats::summary::{mean, median, variance};

/// Of how many repeats the mean is whose ceiling is asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Repeats {
    /// Of those that each stimulus has.
    Actual,
    /// Of so many, for every stimulus.
    Of(f64),
}

/// How repeats are halved, and what becomes of the correlations.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Halving {
    /// Random halvings that are averaged.
    pub count: usize,
    pub seed: u64,
    /// Halves of one size: the odd repeat is left out.
    pub equal: bool,
    /// One order of the repeats for all stimuli, rather than one for each.
    pub shared: bool,
    /// The step up of each halving's r is averaged, rather than the mean r stepped up.
    pub each: bool,
    /// 2r/(1 + r) whatever the halves' sizes are.
    pub plain: bool,
}

/// The ceiling of one unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// A share of variance, −1 to 1.
    pub ceiling: f64,
    /// Its standard error over stimuli, by the jackknife; nothing for fewer than three stimuli.
    pub se: Option<f64>,
}

/// Split-half reliabilities.
#[derive(Clone, Debug, PartialEq)]
pub struct SplitHalf {
    /// Per unit; nothing where it is undefined.
    pub units: Vec<Option<Estimate>>,
    /// The median over units of each halving's ceilings, averaged over halvings, as Brain-Score aggregates them.
    pub median: Option<f64>,
}

/// Split-half reliability of each unit, stepped up to the repeats asked for.
///
/// `repeats` is stimuli × units × repeats. For each random order of the repeats, the first ⌊m/2⌋ of a unit's m available repeats and
/// the others are averaged, and r is Pearson's correlation of the two averages over stimuli (Spearman 1910; Brown 1910).
pub fn split_half(repeats: ArrayView3<'_, f32>, halving: &Halving, at: Repeats) -> SplitHalf {
    let (stimuli, units, count) = repeats.dim();
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(halving.seed);
    let mut order = || {
        let mut order: Vec<usize> = (0..count).collect();
        order.shuffle(&mut rng);
        order
    };
    let mut all: Vec<Option<Halves>> =
        (0..units).map(|unit| Halves::of(repeats.index_axis(Axis(1), unit), halving, at)).collect();
    let mut medians = Vec::with_capacity(halving.count);
    for _ in 0..halving.count {
        let orders: Vec<Vec<usize>> = match halving.shared {
            true => vec![order(); stimuli],
            false => (0..stimuli).map(|_| order()).collect(),
        };
        let mut ceilings = Vec::with_capacity(units);
        for (unit, halves) in all.iter_mut().enumerate() {
            let Some(halves) = halves else { continue };
            let trials = repeats.index_axis(Axis(1), unit);
            let means = halves.rows.iter().map(|&row| half_means(trials.row(row), &orders[row], halving.equal));
            let pairs = jackknife::Pairs::new(means.collect());
            if let Some(r) = pairs.correlation() {
                halves.sum.add(halves.term(r));
                ceilings.push(halves.up(r));
            }
            for row in 0..halves.rows.len() {
                if let Some(r) = pairs.correlation_without(row) {
                    let term = halves.term(r);
                    halves.without[row].add(term);
                }
            }
        }
        medians.extend(median(&ceilings));
    }
    let units = all.iter().map(|halves| halves.as_ref()?.estimate()).collect();
    SplitHalf { units, median: (!medians.is_empty()).then(|| mean(&medians)) }
}

/// A mean in the making.
#[derive(Clone, Copy, Default)]
struct Mean {
    sum: f64,
    count: f64,
}

impl Mean {
    fn add(&mut self, x: f64) {
        self.sum += x;
        self.count += 1.0;
    }

    fn get(self) -> Option<f64> {
        (self.count > 0.0).then(|| self.sum / self.count)
    }
}

/// One unit's halves, over halvings.
struct Halves {
    /// The stimuli that have two repeats or more.
    rows: Vec<usize>,
    /// 1/repeats, averaged over stimuli, of either half and of the mean that is asked about.
    shares: ((f64, f64), f64),
    each: bool,
    sum: Mean,
    /// The same without each of the stimuli.
    without: Vec<Mean>,
}

impl Halves {
    fn of(trials: ArrayView2<'_, f32>, halving: &Halving, at: Repeats) -> Option<Self> {
        let counts: Vec<usize> =
            trials.rows().into_iter().map(|row| row.iter().filter(|x| !x.is_nan()).count()).collect();
        let rows: Vec<usize> = (0..counts.len()).filter(|&row| counts[row] > 1).collect();
        if rows.len() < 2 {
            return None;
        }
        let share = |size: fn(usize) -> usize| {
            let of: Vec<f64> = rows.iter().map(|&row| 1.0 / size(counts[row]) as f64).collect();
            mean(&of)
        };
        let smaller = share(|m| m / 2);
        let larger = if halving.equal { smaller } else { share(|m| m - m / 2) };
        let scale = match at {
            Repeats::Actual => share(|m| m),
            Repeats::Of(count) => 1.0 / count,
        };
        let without = vec![Mean::default(); rows.len()];
        // Halves of one repeat each, and a mean of two.
        let shares = if halving.plain { ((1.0, 1.0), 0.5) } else { ((smaller, larger), scale) };
        Some(Self { rows, shares, each: halving.each, sum: Mean::default(), without })
    }

    fn up(&self, r: f64) -> f64 {
        step_up(r, self.shares.0, self.shares.1)
    }

    /// What is averaged over halvings.
    fn term(&self, r: f64) -> f64 {
        if self.each { self.up(r) } else { r }
    }

    fn estimate(&self) -> Option<Estimate> {
        let of = |mean: &Mean| mean.get().map(|x| if self.each { x } else { self.up(x) });
        Some(Estimate { ceiling: of(&self.sum)?, se: jackknife::se(self.without.iter().map(of)) })
    }
}

/// The means of the first half of the repeats that are there, and of the rest.
fn half_means(trials: ndarray::ArrayView1<'_, f32>, order: &[usize], equal: bool) -> (f64, f64) {
    let known: Vec<f64> = order.iter().map(|&at| f64::from(trials[at])).filter(|value| !value.is_nan()).collect();
    let half = known.len() / 2;
    let (one, other) = known.split_at(half);
    (mean(one), mean(if equal { &other[..half] } else { other }))
}

/// The reliability of means of 1/`share` repeats, given the correlation `r` of means over two halves of `1/a` and `1/b`.
///
/// With x the noise's variance over the signal's, r² = 1/((1 + x/a)(1 + x/b)); solved for x with the sign of r, the reliability is
/// 1/(1 + x · share). Halves of one size give Spearman's and Brown's 2r/(1 + r) for twice as many repeats. At least −1.
pub fn step_up(r: f64, (a, b): (f64, f64), share: f64) -> f64 {
    if r == 0.0 {
        return 0.0;
    }
    let (sum, product) = (a + b, a * b);
    let root = (sum * sum + 4.0 * product * (1.0 / (r * r) - 1.0)).sqrt();
    let noise = (r.signum() * root - sum) / (2.0 * product);
    let below = 1.0 + noise * share;
    // Close to r = −1 the formula passes through −∞ and turns its sign.
    if r < 0.0 && below >= 0.0 { -1.0 } else { (1.0 / below).max(-1.0) }
}

/// The variance-based ceiling of one unit, `repeats` stimuli × repeats, or nothing where it is undefined.
///
/// The variance of the mean responses over stimuli holds the signal's and, of each stimulus with m repeats, 1/m of the variance over
/// them (m − 1 in the denominator): ceiling = (Var − noise)/Var, exact whatever the counts are. At another count the noise of one
/// repeat is pooled over stimuli by their degrees of freedom (Allen et al. 2022, Nature Neuroscience 25:116, for equal counts).
pub fn variance_based(repeats: ArrayView2<'_, f32>, at: Repeats) -> Option<Estimate> {
    let mut stimuli: Vec<Trials> = repeats.outer_iter().filter_map(Trials::of).collect();
    // Sums of squares keep their digits where means lie close to one another and far from 0.
    let shift = stimuli.first()?.mean;
    stimuli.iter_mut().for_each(|one| one.mean -= shift);
    let sums = stimuli.iter().fold(Sums::default(), Sums::with);
    let ceiling = sums.ceiling(at)?;
    let without = stimuli.iter().map(|left| sums.without(left).ceiling(at));
    Some(Estimate { ceiling, se: jackknife::se(without) })
}

/// What a stimulus says of a unit's noise.
struct Trials {
    mean: f64,
    variance: f64,
    count: f64,
}

impl Trials {
    fn of(trials: ndarray::ArrayView1<'_, f32>) -> Option<Self> {
        let known: Vec<f64> = trials.iter().map(|&value| f64::from(value)).filter(|value| !value.is_nan()).collect();
        let count = known.len() as f64;
        (known.len() > 1).then(|| Self {
            mean: mean(&known),
            variance: variance(&known) * count / (count - 1.0),
            count,
        })
    }
}

/// Sums over stimuli.
#[derive(Clone, Copy, Default)]
struct Sums {
    stimuli: f64,
    means: f64,
    squares: f64,
    /// Of each stimulus's variance over its count.
    left: f64,
    freedom: f64,
    pooled: f64,
}

impl Sums {
    fn with(self, one: &Trials) -> Self {
        self.changed(one, 1.0)
    }

    fn without(self, one: &Trials) -> Self {
        self.changed(one, -1.0)
    }

    fn changed(self, one: &Trials, sign: f64) -> Self {
        Self {
            stimuli: self.stimuli + sign,
            means: self.means + sign * one.mean,
            squares: self.squares + sign * one.mean * one.mean,
            left: self.left + sign * one.variance / one.count,
            freedom: self.freedom + sign * (one.count - 1.0),
            pooled: self.pooled + sign * (one.count - 1.0) * one.variance,
        }
    }

    fn ceiling(&self, at: Repeats) -> Option<f64> {
        if self.stimuli < 2.0 {
            return None;
        }
        let all = (self.squares - self.means * self.means / self.stimuli) / (self.stimuli - 1.0);
        let signal = all - self.left / self.stimuli;
        let all = match at {
            Repeats::Actual => all,
            Repeats::Of(count) => signal + self.pooled / self.freedom / count,
        };
        (all > 0.0).then(|| (signal / all).max(-1.0))
    }
}

/// The variance-based ceiling of one unit whose repeats are each z-scored over stimuli, `repeats` stimuli × repeats, or nothing where
/// it is undefined.
///
/// Noise is the mean over stimuli of the variance over repeats (m − 1 in the denominator), signal what is left of 1, at least 0, and
/// the ceiling signal/(signal + noise/m), with 1/m averaged over stimuli (Allen et al. 2022, who z-score within sessions).
pub fn variance_standardised(repeats: ArrayView2<'_, f32>, at: Repeats) -> Option<Estimate> {
    let mut scored = repeats.mapv(f64::from);
    for mut column in scored.columns_mut() {
        let known: Vec<f64> = column.iter().copied().filter(|x| !x.is_nan()).collect();
        if known.len() < 2 {
            column.fill(f64::NAN);
            continue;
        }
        let (centre, spread) = (mean(&known), variance(&known).sqrt());
        column.mapv_inplace(|x| if spread > 0.0 { (x - centre) / spread } else { f64::NAN });
    }
    let noises: Vec<(f64, f64)> = scored
        .outer_iter()
        .filter_map(|trials| {
            let known: Vec<f64> = trials.iter().copied().filter(|x| !x.is_nan()).collect();
            let count = known.len() as f64;
            (known.len() > 1).then(|| (variance(&known) * count / (count - 1.0), 1.0 / count))
        })
        .collect();
    let count = noises.len() as f64;
    let (noise, share) = noises.iter().fold((0.0, 0.0), |(noise, share), one| (noise + one.0, share + one.1));
    let of = |noise: f64, share: f64| {
        let share = match at {
            Repeats::Actual => share,
            Repeats::Of(count) => 1.0 / count,
        };
        let signal = (1.0 - noise).max(0.0);
        let all = signal + noise * share;
        (all > 0.0).then(|| signal / all)
    };
    if noises.len() < 2 {
        return None;
    }
    let ceiling = of(noise / count, share / count)?;
    let without = noises.iter().map(|one| of((noise - one.0) / (count - 1.0), (share - one.1) / (count - 1.0)));
    Some(Estimate { ceiling, se: jackknife::se(without) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array3, array};
    use rand::Rng;

    const PLAIN: Halving = Halving { count: 20, seed: 7, equal: false, shared: false, each: false, plain: false };

    fn variance_of(repeats: ndarray::Array2<f32>) -> Option<f64> {
        variance_based(repeats.view(), Repeats::Actual).map(|found| found.ceiling)
    }

    #[test]
    fn the_variance_based_ceiling_by_hand() {
        let nan = f32::NAN;
        // Means 1, 4, 7: variance 9. Noise variances 2, 2, 2; two repeats each: signal 9 − 1 = 8; 8/9.
        let repeats = array![[0.0, 2.0, nan], [3.0, 5.0, nan], [6.0, nan, 8.0], [1.0, nan, nan]];
        assert_eq!(variance_of(repeats.clone()), Some(8.0 / 9.0));
        // Of one repeat: 8/(8 + 2); of four: 8/(8 + 2/4).
        let at = |count| variance_based(repeats.view(), Repeats::Of(count)).unwrap().ceiling;
        assert_eq!((at(1.0), at(4.0)), (0.8, 8.0 / 8.5));
        assert_eq!(variance_of(array![[1.0, 1.0], [1.0, 1.0]]), None);
        assert_eq!(variance_of(array![[1.0, 2.0], [nan, 1.0]]), None);
        // Unequal counts: means 1, 4; variance 4.5; own noises 2/2 and 1/3, halved: signal 4.5 − 2/3.
        let unequal = variance_of(array![[0.0, 2.0, nan], [3.0, 4.0, 5.0]]).unwrap();
        assert!((unequal - (4.5 - 2.0 / 3.0) / 4.5).abs() < 1e-15, "{unequal}");
        // Noise alone: means 1 and 1, noise 2 each. Nothing is explained, and no less than nothing is said.
        assert_eq!(variance_of(array![[0.0, 2.0], [2.0, 0.0]]), None);
        assert_eq!(variance_of(array![[0.0, 2.0], [2.0, 0.5]]), Some(-1.0));
    }

    #[test]
    fn repeats_that_are_z_scored_first_by_hand() {
        // Each repeat is ±1 after z-scoring, the two repeats agree on every stimulus.
        let agree =
            variance_standardised(array![[1.0, 10.0], [3.0, 30.0], [1.0, 10.0], [3.0, 30.0]].view(), Repeats::Actual);
        assert_eq!(agree.unwrap().ceiling, 1.0);
        // One of four disagrees with both: 1 1, −1 −1, 1 −1, −1 1: noise (0 + 0 + 2 + 2)/4 = 1, signal 0.
        let half = array![[1.0, 1.0], [-1.0, -1.0], [1.0, -1.0], [-1.0, 1.0]];
        assert_eq!(variance_standardised(half.view(), Repeats::Actual).unwrap().ceiling, 0.0);
        // Five of six agree on ±1 of variance 1: noise 2/6·… by hand: two of eight disagree, noise 4/8 = .5, signal .5, mean of 2: .25.
        let most = array![
            [1.0, 1.0],
            [1.0, 1.0],
            [1.0, 1.0],
            [-1.0, -1.0],
            [-1.0, -1.0],
            [-1.0, -1.0],
            [1.0, -1.0],
            [-1.0, 1.0]
        ];
        let found = variance_standardised(most.view(), Repeats::Actual).unwrap().ceiling;
        assert!((found - 0.5 / 0.75).abs() < 1e-12, "{found}");
        assert_eq!(variance_standardised(array![[1.0, 1.0]].view(), Repeats::Actual), None);
    }

    #[test]
    fn the_step_up_is_spearman_s_and_brown_s_for_halves_of_one_size() {
        for r in [-0.3, -0.1, 0.05, 0.5, 0.9, 1.0] {
            for m in [2.0, 4.0, 30.0] {
                let up = step_up(r, (2.0 / m, 2.0 / m), 1.0 / m);
                assert!((up - 2.0 * r / (1.0 + r)).abs() < 1e-12, "{r} {m} {up}");
            }
        }
        assert_eq!(step_up(0.0, (0.5, 0.5), 0.25), 0.0);
        // Three repeats, one against two: a true .5 has noise 3 times the signal's variance, and r² = 1/((1 + 3)(1 + 1.5)).
        let r = (1.0_f64 / (4.0 * 2.5)).sqrt();
        assert!((step_up(r, (1.0, 0.5), 1.0 / 3.0) - 0.5).abs() < 1e-12);
        assert!((2.0 * r / (1.0 + r) - 0.4805).abs() < 1e-4, "where the formula for equal halves is off");
        assert_eq!((step_up(-1.0, (0.5, 0.5), 0.25), step_up(-0.9, (0.5, 0.5), 0.25)), (-1.0, -1.0));
    }

    #[test]
    fn two_repeats_have_one_pair_of_halves() {
        let repeats = Array3::from_shape_vec((3, 1, 2), vec![1.0, 1.0, 2.0, 2.0, 4.0, 4.0]).unwrap();
        let found = split_half(repeats.view(), &Halving { count: 3, ..PLAIN }, Repeats::Actual);
        assert_eq!(found.units, [Some(Estimate { ceiling: 1.0, se: Some(0.0) })]);
        assert_eq!(found.median, Some(1.0));
    }

    /// Signal variance 1, noise variance 4; a second unit is noise alone.
    fn simulated(stimuli: usize, repeats: usize, seed: u64) -> Array3<f32> {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
        let mut normal = || rng.sample::<f64, _>(rand_distr::StandardNormal);
        let signal: Vec<f64> = (0..stimuli).map(|_| normal()).collect();
        Array3::from_shape_fn((stimuli, 2, repeats), |(stimulus, unit, _)| {
            (signal[stimulus] * if unit == 0 { 1.0 } else { 0.0 } + 2.0 * normal()) as f32
        })
    }

    #[test]
    fn all_recover_a_known_ceiling_at_even_and_odd_and_other_counts() {
        for (repeats, at, truth) in [
            (8, Repeats::Actual, 2.0 / 3.0),
            (3, Repeats::Actual, 3.0 / 7.0),
            (3, Repeats::Of(1.0), 0.2),
            (8, Repeats::Of(80.0), 80.0 / 84.0),
        ] {
            let trials = simulated(4000, repeats, 3);
            let halves = split_half(trials.view(), &PLAIN, at);
            let of = |found: Option<Estimate>| found.unwrap().ceiling;
            let own = trials.index_axis(Axis(1), 0);
            for found in [of(halves.units[0]), of(variance_based(own, at)), of(variance_standardised(own, at))] {
                assert!((found - truth).abs() < 0.03, "{found} of {truth} with {repeats}");
            }
            assert!(of(halves.units[1]).abs() < 0.2 || at == Repeats::Of(80.0), "{halves:?}");
            assert_eq!(halves, split_half(trials.view(), &PLAIN, at));
        }
    }

    /// Cut off at 0, or with the sign of r lost on the way, noise would average well above nothing.
    #[test]
    fn units_of_pure_noise_average_nothing() {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(5);
        let noise = Array3::from_shape_fn((60, 400, 4), |_| rng.sample::<f32, _>(rand_distr::StandardNormal));
        let averaged =
            |all: Vec<Option<Estimate>>| mean(&all.iter().flatten().map(|one| one.ceiling).collect::<Vec<_>>());
        let halves = averaged(split_half(noise.view(), &PLAIN, Repeats::Actual).units);
        let by_variance = (0..400).map(|unit| variance_based(noise.index_axis(Axis(1), unit), Repeats::Actual));
        let by_variance = averaged(by_variance.collect());
        assert!(halves.abs() < 0.05 && by_variance.abs() < 0.05, "{halves} {by_variance}");
    }

    #[test]
    fn standard_errors_are_the_spread_of_estimates_over_stimuli() {
        let spread = |of: &dyn Fn(&Array3<f32>) -> Estimate| {
            let all: Vec<Estimate> = (0..60).map(|seed| of(&simulated(200, 4, seed))).collect();
            let ceilings: Vec<f64> = all.iter().map(|one| one.ceiling).collect();
            let errors: Vec<f64> = all.iter().filter_map(|one| one.se).collect();
            (variance(&ceilings).sqrt(), mean(&errors))
        };
        let halves = spread(&|trials| split_half(trials.view(), &PLAIN, Repeats::Actual).units[0].unwrap());
        let by_variance = spread(&|trials| variance_based(trials.index_axis(Axis(1), 0), Repeats::Actual).unwrap());
        for (seen, said) in [halves, by_variance] {
            assert!((said / seen - 1.0).abs() < 0.3, "{said} said of {seen}");
        }
    }
}

//! Scores of predictions, and summaries over units, in 64 bits.

/// A prediction that varies by so much less than what was measured, in variance, is one number: its correlation counts as 0.
pub const FLAT: f64 = 1e-10;

/// The arithmetic mean of one number or more.
pub fn mean(x: &[f64]) -> f64 {
    x.iter().sum::<f64>() / x.len() as f64
}

/// The mean squared distance from the mean: n in the denominator. Exactly 0 for equal numbers.
pub fn variance(x: &[f64]) -> f64 {
    deviations(x).iter().map(|d| d * d).sum::<f64>() / x.len() as f64
}

/// Distances from the mean, taken from the first number, so that equal numbers have none.
fn deviations(x: &[f64]) -> Vec<f64> {
    let shifted: Vec<f64> = x.iter().map(|value| value - x[0]).collect();
    let mean = mean(&shifted);
    shifted.iter().map(|value| value - mean).collect()
}

/// 1 − Var(y − ŷ)/Var(y); nothing where y is constant. A constant bias costs nothing.
pub fn explained_variance(truth: &[f64], predicted: &[f64]) -> Option<f64> {
    let residual: Vec<f64> = truth.iter().zip(predicted).map(|(y, p)| y - p).collect();
    let total = variance(truth);
    (total > 0.0).then(|| 1.0 - variance(&residual) / total)
}

/// 1 − Σ(y − ŷ)²/Σ(y − ȳ)²; nothing where y is constant.
pub fn r_squared(truth: &[f64], predicted: &[f64]) -> Option<f64> {
    let total = variance(truth) * truth.len() as f64;
    let error: f64 = truth.iter().zip(predicted).map(|(y, p)| (y - p).powi(2)).sum();
    (total > 0.0).then(|| 1.0 - error / total)
}

/// Pearson's correlation; nothing where either side is constant.
pub fn pearson(a: &[f64], b: &[f64]) -> Option<f64> {
    let (a, b) = (deviations(a), deviations(b));
    let dot = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>();
    let product = dot(&a, &b);
    let scale = (dot(&a, &a) * dot(&b, &b)).sqrt();
    (scale > 0.0).then(|| (product / scale).clamp(-1.0, 1.0))
}

/// The middle value, or the mean of the two middle ones; nothing of nothing.
pub fn median(x: &[f64]) -> Option<f64> {
    let mut sorted = x.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        odd if odd % 2 == 1 => Some(sorted[middle]),
        _ => Some((sorted[middle - 1] + sorted[middle]) / 2.0),
    }
}

/// What is said about a measure over units.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    pub mean: Option<f64>,
    pub median: Option<f64>,
    /// The standard error of the mean, √(s²/n) with n − 1 in s²; nothing for fewer than two units.
    pub sem: Option<f64>,
    /// How many units have the measure.
    pub units: usize,
}

/// Summarises the units that have a value.
pub fn summarise(values: &[Option<f64>]) -> Summary {
    let known: Vec<f64> = values.iter().copied().flatten().collect();
    let count = known.len() as f64;
    Summary {
        mean: (!known.is_empty()).then(|| mean(&known)),
        median: median(&known),
        sem: (known.len() > 1).then(|| (variance(&known) / (count - 1.0)).sqrt()),
        units: known.len(),
    }
}

/// The quantile q in [0, 1] of sorted numbers, interpolated linearly between neighbours.
pub fn quantile(sorted: &[f64], q: f64) -> f64 {
    let place = q * (sorted.len() - 1) as f64;
    let below = place.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (place - below as f64) * (sorted[above] - sorted[below])
}

#[cfg(test)]
mod tests {
    use super::*;

    // Worked by hand: y = 1 2 3 4, ŷ = 2 2 4 4. Residuals −1 0 −1 0: variance 1/4, of y 5/4; squares 2 of 5.
    const TRUTH: [f64; 4] = [1.0, 2.0, 3.0, 4.0];
    const PREDICTED: [f64; 4] = [2.0, 2.0, 4.0, 4.0];

    #[test]
    fn scores_follow_their_definitions() {
        assert_eq!(explained_variance(&TRUTH, &PREDICTED), Some(1.0 - 0.25 / 1.25));
        assert_eq!(r_squared(&TRUTH, &PREDICTED), Some(1.0 - 2.0 / 5.0));
        // Σ(y − 2.5)(ŷ − 3) = 1.5 + .5 + .5 + 1.5 = 4; √(5 · 4).
        let r = pearson(&TRUTH, &PREDICTED).unwrap();
        assert!((r - 4.0 / 20.0f64.sqrt()).abs() < 1e-15);
    }

    #[test]
    fn arguments_are_not_interchangeable() {
        assert_ne!(explained_variance(&TRUTH, &PREDICTED), explained_variance(&PREDICTED, &TRUTH));
    }

    #[test]
    fn a_bias_costs_r_squared_only() {
        let biased = TRUTH.map(|y| y + 10.0);
        assert_eq!(explained_variance(&TRUTH, &biased), Some(1.0));
        assert_eq!(r_squared(&TRUTH, &biased), Some(1.0 - 400.0 / 5.0));
    }

    #[test]
    fn what_is_constant_has_no_score() {
        assert_eq!(explained_variance(&[0.1; 3], &[1.0, 2.0, 3.0]), None);
        assert_eq!(r_squared(&[0.1; 3], &[1.0, 2.0, 3.0]), None);
        assert_eq!(pearson(&[1.0, 2.0, 3.0], &[0.5; 3]), None);
        assert_eq!(explained_variance(&[1.0, 2.0, 3.0], &[0.5; 3]), Some(0.0));
    }

    #[test]
    fn summaries_leave_out_units_without_a_value() {
        let summary = summarise(&[Some(1.0), None, Some(3.0), Some(8.0)]);
        // Mean 4, squares 9 + 1 + 16 = 26, s² = 13, √(13/3).
        assert_eq!((summary.mean, summary.median, summary.units), (Some(4.0), Some(3.0), 3));
        assert!((summary.sem.unwrap() - (13.0f64 / 3.0).sqrt()).abs() < 1e-15);
        assert_eq!(summarise(&[None]), Summary { mean: None, median: None, sem: None, units: 0 });
        assert_eq!(summarise(&[Some(2.0)]).sem, None);
    }

    #[test]
    fn quantiles_interpolate() {
        assert_eq!(quantile(&[0.0, 1.0, 2.0, 3.0], 0.5), 1.5);
        assert_eq!(quantile(&[7.0], 0.975), 7.0);
    }
}

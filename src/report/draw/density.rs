//! How a sample is summarised in a chart: mean and standard error, quartiles, density, bins.

/// A sample's summary.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    pub n: usize,
    pub mean: f64,
    /// Standard error of the mean, s / √n; absent for a single value.
    pub sem: Option<f64>,
}

/// Quartiles, and whiskers to the furthest values within 1.5 interquartile ranges.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Box {
    pub low: f64,
    pub q1: f64,
    pub median: f64,
    pub q3: f64,
    pub high: f64,
}

/// Mean and standard error of finite values; none without values.
pub fn summary(values: &[f64]) -> Option<Summary> {
    let n = values.len();
    if n == 0 {
        return None;
    }
    let mean = values.iter().sum::<f64>() / n as f64;
    let squares = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>();
    let sem = (n > 1).then(|| (squares / (n - 1) as f64 / n as f64).sqrt());
    Some(Summary { n, mean, sem })
}

/// The quantile of sorted values, interpolated linearly.
pub fn quantile(sorted: &[f64], q: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let at = q.clamp(0.0, 1.0) * last as f64;
    let (low, high) = (at.floor() as usize, at.ceil() as usize);
    sorted[low] + (sorted[high] - sorted[low]) * (at - low as f64)
}

/// The values in order.
pub fn sorted(values: impl IntoIterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values
}

/// The box of sorted values; none without values.
pub fn boxed(sorted: &[f64]) -> Option<Box> {
    if sorted.is_empty() {
        return None;
    }
    let (q1, median, q3) = (quantile(sorted, 0.25), quantile(sorted, 0.5), quantile(sorted, 0.75));
    let reach = 1.5 * (q3 - q1);
    let low = sorted.iter().copied().find(|&x| x >= q1 - reach).unwrap_or(q1).min(q1);
    let high = sorted.iter().rev().copied().find(|&x| x <= q3 + reach).unwrap_or(q3).max(q3);
    Some(Box { low, q1, median, q3, high })
}

/// A Gaussian kernel density of sorted values on an even grid that covers them, scaled to a highest value of 1.
/// The bandwidth is Silverman's, .9 min(s, IQR / 1.34) n^(−1/5).
pub fn density(sorted: &[f64], points: usize) -> Vec<(f64, f64)> {
    let (Some(&low), Some(&high)) = (sorted.first(), sorted.last()) else { return Vec::new() };
    let width = bandwidth(sorted);
    if width <= 0.0 || points < 2 {
        return Vec::new();
    }
    let step = (high - low) / (points - 1) as f64;
    let curve: Vec<(f64, f64)> = (0..points)
        .map(|at| {
            let x = low + step * at as f64;
            (x, height(sorted, x, width))
        })
        .collect();
    let top = curve.iter().map(|(_, y)| *y).fold(0.0, f64::max);
    curve.into_iter().map(|(x, y)| (x, y / top)).collect()
}

/// Offsets between −1 and 1 that spread points of equal value apart and keep them inside the density's outline;
/// `values` need not be sorted.
pub fn spread(values: &[f64]) -> Vec<f64> {
    let ordered = sorted(values.iter().copied());
    let width = bandwidth(&ordered);
    let top = ordered.iter().map(|&x| height(&ordered, x, width)).fold(0.0, f64::max);
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]).then(a.cmp(&b)));
    let mut offsets = vec![0.0; values.len()];
    for (rank, &at) in order.iter().enumerate() {
        let room = if width > 0.0 { height(&ordered, values[at], width) / top } else { 1.0 };
        offsets[at] = if values.len() == 1 { 0.0 } else { room * (2.0 * halton(rank as u32 + 1) - 1.0) };
    }
    offsets
}

/// Even bins of a round width that hold all values: their edges and counts. By Freedman and Diaconis, some 6 to 40 of them.
pub fn bins(sorted: &[f64]) -> Vec<(f64, f64, usize)> {
    let (Some(&low), Some(&high)) = (sorted.first(), sorted.last()) else { return Vec::new() };
    let range = high - low;
    if range <= low.abs().max(high.abs()) * 1e-9 {
        let half = if low == 0.0 { 0.05 } else { low.abs() * 0.05 };
        return vec![(low - half, low + half, sorted.len())];
    }
    let iqr = quantile(sorted, 0.75) - quantile(sorted, 0.25);
    let wanted = 2.0 * iqr / (sorted.len() as f64).cbrt();
    let width = crate::report::draw::axis::nice_step(wanted.clamp(range / 40.0, range / 12.0));
    let first = (low / width + 1e-9).floor();
    let count = ((high / width).floor() - first) as usize + 1;
    let mut bins: Vec<(f64, f64, usize)> =
        (0..count).map(|at| ((first + at as f64) * width, (first + at as f64 + 1.0) * width, 0)).collect();
    for x in sorted {
        let at = ((x / width + 1e-9).floor() - first).max(0.0) as usize;
        bins[at.min(count - 1)].2 += 1;
    }
    bins
}

fn bandwidth(sorted: &[f64]) -> f64 {
    let n = sorted.len() as f64;
    let Some(Summary { sem: Some(sem), .. }) = summary(sorted) else { return 0.0 };
    let deviation = sem * n.sqrt();
    let iqr = (quantile(sorted, 0.75) - quantile(sorted, 0.25)) / 1.34;
    let scale = if iqr > 0.0 { deviation.min(iqr) } else { deviation };
    if scale.is_finite() { 0.9 * scale * n.powf(-0.2) } else { 0.0 }
}

fn height(sorted: &[f64], x: f64, width: f64) -> f64 {
    sorted.iter().map(|value| (-0.5 * ((x - value) / width).powi(2)).exp()).sum()
}

/// The van der Corput sequence in base 2: evenly spread at any length.
fn halton(at: u32) -> f64 {
    f64::from(at.reverse_bits()) / 4_294_967_296.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summaries_agree_with_hand_counts() {
        let one_to_five = [1.0, 2.0, 3.0, 4.0, 5.0];
        let Some(Summary { n: 5, mean, sem: Some(sem) }) = summary(&one_to_five) else { panic!("five values") };
        assert_eq!(mean, 3.0);
        assert!((sem - 0.5f64.sqrt()).abs() < 1e-12, "s² is 2.5 and n is 5");
        let b = boxed(&[1.0, 2.0, 3.0, 4.0, 50.0]).unwrap();
        assert_eq!((b.low, b.q1, b.median, b.q3, b.high), (1.0, 2.0, 3.0, 4.0, 4.0));
        assert_eq!(summary(&[]), None);
        assert_eq!(summary(&[7.0]).unwrap().sem, None);
    }

    #[test]
    fn bins_hold_every_value_once() {
        let values = sorted((0..89).map(|i| (f64::from(i) * 0.37).sin() * 0.4 + 0.3));
        let bins = bins(&values);
        assert_eq!(bins.iter().map(|b| b.2).sum::<usize>(), 89);
        assert!(bins[0].0 <= values[0] && bins.last().unwrap().1 >= values[88]);
        assert!((8..=41).contains(&bins.len()), "{}", bins.len());
        assert_eq!(super::bins(&[0.2; 4]).len(), 1);
    }

    #[test]
    fn equal_values_are_spread_and_one_is_not() {
        assert_eq!(spread(&[0.3]), [0.0]);
        let offsets = spread(&[0.5; 6]);
        assert!(offsets.iter().all(|o| o.abs() <= 1.0) && offsets[0] != offsets[1]);
        assert!(density(&[1.0; 5], 20).is_empty(), "no spread, no curve");
        let curve = density(&sorted([0.0, 1.0, 1.0, 2.0]), 21);
        assert_eq!(curve[10].1, 1.0, "highest in the middle, {curve:?}");
    }
}

//! Wilcoxon's signed-rank test of paired differences, two-sided.

/// The largest sample for which the exact distribution is used, where there are no ties.
const EXACT_LIMIT: usize = 50;

/// The two-sided p of the hypothesis that differences are symmetric about zero, or nothing where all are zero.
///
/// Zeros are left out (Wilcoxon 1945). Without ties among at most 50 differences, and none left out, p is exact; else it
/// is the normal approximation with the correction of the variance for ties, and none for continuity, as in SciPy.
pub fn signed_rank(differences: &[f64]) -> Option<f64> {
    let mut kept: Vec<f64> = differences.iter().copied().filter(|&d| d != 0.0).collect();
    if kept.is_empty() {
        return None;
    }
    kept.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
    let count = kept.len();
    let mut positive = 0.0;
    let mut ties = 0.0;
    let mut start = 0;
    while start < count {
        let end = (start..count).find(|&at| kept[at].abs() > kept[start].abs()).unwrap_or(count);
        let rank = (start + end + 1) as f64 / 2.0;
        positive += rank * kept[start..end].iter().filter(|&&d| d > 0.0).count() as f64;
        let tied = (end - start) as f64;
        ties += tied.powi(3) - tied;
        start = end;
    }
    let n = count as f64;
    let smaller = positive.min(n * (n + 1.0) / 2.0 - positive);
    if ties == 0.0 && count <= EXACT_LIMIT && count == differences.len() {
        return Some((2.0 * exact_tail(smaller as usize, count)).min(1.0));
    }
    let spread = (n * (n + 1.0) * (2.0 * n + 1.0) / 24.0 - ties / 48.0).sqrt();
    let z = (n * (n + 1.0) / 4.0 - smaller) / spread;
    Some((2.0 * normal_tail(z)).min(1.0))
}

/// P(W ≤ w) for the sum of positive ranks 1..=n under the hypothesis, by counting subsets of each sum.
fn exact_tail(w: usize, n: usize) -> f64 {
    let mut ways = vec![0.0; n * (n + 1) / 2 + 1];
    ways[0] = 1.0;
    for rank in 1..=n {
        for sum in (rank..ways.len()).rev() {
            // Halved at each rank, so that counts are probabilities.
            ways[sum] = 0.5 * (ways[sum] + ways[sum - rank]);
        }
        ways[..rank].iter_mut().for_each(|way| *way *= 0.5);
    }
    ways[..=w].iter().sum()
}

/// P(Z > z) of a standard normal variable, z ≥ 0, to some 14 digits: by the series of the area from 0 where it converges
/// fast, else by Laplace's continued fraction (Abramowitz and Stegun 26.2.11 and 26.2.14).
fn normal_tail(z: f64) -> f64 {
    let density = (-z * z / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
    if z < 3.0 {
        let (mut term, mut sum) = (z, z);
        for step in 1..100 {
            term *= z * z / f64::from(2 * step + 1);
            sum += term;
        }
        0.5 - density * sum
    } else {
        density / (1..=100).rev().fold(z, |below, step| z + f64::from(step) / below)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // from scipy.stats import wilcoxon   (SciPy 1.17.1)
    // a = [.3, -.1, .45, .7, -.2, .9, 1.1]
    // wilcoxon(a).pvalue                                                        -> EXACT
    // b = [1, 1, -1, 2, 2, 0, 3, -2, 4, 5, 5, 6]
    // wilcoxon(b, method="asymptotic", correction=False).pvalue                 -> TIED
    // c = [((i * 7919) % 101 - 35) / 10 + i / 1e4 for i in range(80)]
    // wilcoxon(c, method="asymptotic", correction=False).pvalue                 -> LARGE
    // norm.sf([.5, 2.9, 3.1, 8])                                                -> TAILS
    const EXACT: f64 = 0.078125;
    const TIED: f64 = 0.020231306339527272;
    const LARGE: f64 = 0.0002132887216355889;
    const TAILS: [f64; 4] = [0.3085375387259869, 0.0018658133003840375, 0.0009676032132183563, 6.22096057427174e-16];

    fn close(got: f64, expected: f64) {
        assert!((got / expected - 1.0).abs() < 1e-11, "{got} against {expected}");
    }

    #[test]
    fn agrees_with_scipy() {
        close(signed_rank(&[0.3, -0.1, 0.45, 0.7, -0.2, 0.9, 1.1]).unwrap(), EXACT);
        close(signed_rank(&[1., 1., -1., 2., 2., 0., 3., -2., 4., 5., 5., 6.]).unwrap(), TIED);
        let large: Vec<f64> = (0..80).map(|i| f64::from((i * 7919) % 101 - 35) / 10.0 + f64::from(i) / 1e4).collect();
        close(signed_rank(&large).unwrap(), LARGE);
        for (z, expected) in [0.5, 2.9, 3.1, 8.0].into_iter().zip(TAILS) {
            close(normal_tail(z), expected);
        }
    }

    #[test]
    fn no_difference_says_nothing() {
        assert_eq!(signed_rank(&[0.0, 0.0]), None);
        assert_eq!(signed_rank(&[1.0, -1.0]), Some(1.0));
    }
}

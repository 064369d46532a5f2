//! Correction of p for how many comparisons there are.

/// Holm's step-down p (1979), which bound the chance of any false claim: p̃ of the j-th smallest of m is the largest, up to it, of
/// (m − i + 1) p, at most 1. In the order given.
pub fn holm(p: &[f64]) -> Vec<f64> {
    let order = ascending(p);
    let mut adjusted = vec![0.0; p.len()];
    let mut largest: f64 = 0.0;
    for (at, &place) in order.iter().enumerate() {
        largest = largest.max((p.len() - at) as f64 * p[place]).min(1.0);
        adjusted[place] = largest;
    }
    adjusted
}

/// Benjamini's and Hochberg's step-up p (1995), which bound the expected share of false claims: p̃ of the j-th smallest of m is the
/// smallest, from it on, of m p / i, at most 1. In the order given.
pub fn benjamini_hochberg(p: &[f64]) -> Vec<f64> {
    let order = ascending(p);
    let mut adjusted = vec![0.0; p.len()];
    let mut smallest: f64 = 1.0;
    for (at, &place) in order.iter().enumerate().rev() {
        smallest = smallest.min(p.len() as f64 * p[place] / (at + 1) as f64);
        adjusted[place] = smallest;
    }
    adjusted
}

fn ascending(p: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    // from statsmodels.stats.multitest import multipletests   (statsmodels 0.15.0)
    // p = [.01, .04, .03, .005, .2, .9, .03]
    // multipletests(p, method="holm")[1], multipletests(p, method="fdr_bh")[1]
    const P: [f64; 7] = [0.01, 0.04, 0.03, 0.005, 0.2, 0.9, 0.03];
    const HOLM: [f64; 7] = [0.06, 0.15, 0.15, 0.035, 0.4, 0.9, 0.15];
    const BH: [f64; 7] = [0.035, 0.056, 0.0525, 0.035, 0.23333333333333334, 0.9, 0.0525];

    #[test]
    fn agrees_with_statsmodels() {
        for (got, expected) in [(holm(&P), HOLM), (benjamini_hochberg(&P), BH)] {
            assert!(got.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{got:?}");
        }
        assert_eq!((holm(&[]), benjamini_hochberg(&[0.3])), (vec![], vec![0.3]));
    }
}

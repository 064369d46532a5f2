//! Kendall's rank correlation of short lists.

/// τ_b of x and y of one length: (concordant − discordant)/√((pairs untied in x)(pairs untied in y)) (Kendall 1945); O(n²). Nothing where
/// all of one side are tied.
pub fn tau_b(x: &[f64], y: &[f64]) -> Option<f64> {
    let (mut score, mut of_x, mut of_y) = (0i64, 0i64, 0i64);
    let order = |a: f64, b: f64| a.partial_cmp(&b).map_or(0, |order| order as i64);
    for i in 0..x.len() {
        for j in 0..i {
            let (a, b) = (order(x[i], x[j]), order(y[i], y[j]));
            score += a * b;
            of_x += a.abs();
            of_y += b.abs();
        }
    }
    (of_x > 0 && of_y > 0).then(|| score as f64 / ((of_x as f64) * (of_y as f64)).sqrt())
}

/// Ranks from the highest, 1 first; ties share the mean of theirs.
pub fn ranks(x: &[f64]) -> Vec<f64> {
    let rank = |&value: &f64| {
        let above = x.iter().filter(|other| **other > value).count();
        let same = x.iter().filter(|other| **other == value).count();
        above as f64 + (same as f64 + 1.0) / 2.0
    };
    x.iter().map(rank).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `scipy.stats.kendalltau` 1.17.
    #[test]
    fn tau_is_scipy_s() {
        let x = [12.0, 2.0, 1.0, 12.0, 2.0];
        assert!((tau_b(&x, &[1.0, 4.0, 7.0, 1.0, 0.0]).unwrap() + 0.471_404_520_791_031_7).abs() < 1e-15);
        let (a, b) = ([0.1, 0.4, 0.2, 0.9, 0.7], [1.0, 3.0, 2.0, 4.0, 5.0]);
        assert!((tau_b(&a, &b).unwrap() - 0.8).abs() < 1e-15);
        assert_eq!(tau_b(&[1.0, 1.0], &[1.0, 2.0]), None);
        assert_eq!(ranks(&[0.3, 0.9, 0.3, 0.1]), [2.5, 1.0, 2.5, 4.0]);
    }
}

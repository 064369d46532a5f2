//! Pairs of patterns in the order of condensed matrices, as SciPy's `squareform` has them: (0, 1), (0, 2), …, (n − 2, n − 1).

/// How many pairs n patterns have.
pub fn count(n: usize) -> usize {
    n * n.saturating_sub(1) / 2
}

/// How many patterns have so many pairs; none where no number of them has.
pub fn patterns(pairs: usize) -> Option<usize> {
    let near = ((1.0 + (1.0 + 8.0 * pairs as f64).sqrt()) / 2.0).round() as usize;
    (near.saturating_sub(1)..=near + 1).find(|&n| n > 0 && count(n) == pairs)
}

/// Where the pairs of pattern i with those after it begin.
pub fn start(n: usize, i: usize) -> usize {
    i * (2 * n - i - 1) / 2
}

/// Where the pair of two patterns, in either order, lies.
pub fn place(n: usize, i: usize, j: usize) -> usize {
    let (i, j) = if i < j { (i, j) } else { (j, i) };
    start(n, i) + (j - i - 1)
}

/// All pairs in order.
pub fn each(n: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..n).flat_map(move |i| (i + 1..n).map(move |j| (i, j)))
}

/// The whole matrix, n × n, row-major, zero on its diagonal.
pub fn square(condensed: &[f32], n: usize) -> Vec<f32> {
    assert_eq!(condensed.len(), count(n), "pairs of n patterns");
    let mut whole = vec![0.0; n * n];
    for ((i, j), &value) in each(n).zip(condensed) {
        whole[i * n + j] = value;
        whole[j * n + i] = value;
    }
    whole
}

/// The pairs among some of n patterns, in the order given.
pub fn select(condensed: &[f32], n: usize, patterns: &[usize]) -> Vec<f32> {
    each(patterns.len()).map(|(i, j)| condensed[place(n, patterns[i], patterns[j])]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_lie_in_squareform_s_order() {
        for n in [1, 2, 5, 92] {
            assert_eq!(each(n).count(), count(n));
            assert!(each(n).enumerate().all(|(at, (i, j))| place(n, i, j) == at && place(n, j, i) == at));
            assert_eq!(patterns(count(n)), Some(n));
        }
        assert_eq!((patterns(2), patterns(4186)), (None, Some(92)));
        let whole = square(&[1.0, 2.0, 3.0], 3);
        assert_eq!(whole, [0.0, 1.0, 2.0, 1.0, 0.0, 3.0, 2.0, 3.0, 0.0]);
        assert_eq!(select(&[1.0, 2.0, 3.0], 3, &[2, 0]), [2.0]);
    }
}

//! A fixed shuffle into folds, from identities and no seed, so that an ordered recording is cut fairly.

/// The fold of each row in 0..folds: rows are ordered by their identity's hash and dealt in turn.
///
/// The order of rows does not matter, and sizes differ by at most one.
pub fn deal(identities: &[u64], folds: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..identities.len()).collect();
    order.sort_by_key(|&row| identities[row]);
    let mut fold = vec![0; identities.len()];
    for (place, row) in order.into_iter().enumerate() {
        fold[row] = place % folds;
    }
    fold
}

#[cfg(test)]
mod tests {
    use super::deal;

    #[test]
    fn folds_are_even_and_follow_the_stimulus() {
        let identities: Vec<u64> = (0..11).map(|i| u64::wrapping_mul(i, 0x9E37_79B9_7F4A_7C15)).collect();
        let fold = deal(&identities, 3);
        let mut sizes = [0; 3];
        fold.iter().for_each(|&f| sizes[f] += 1);
        assert_eq!(sizes.iter().max().unwrap() - sizes.iter().min().unwrap(), 1);
        let reversed: Vec<u64> = identities.iter().rev().copied().collect();
        assert!(deal(&reversed, 3).iter().rev().eq(fold.iter()));
    }
}

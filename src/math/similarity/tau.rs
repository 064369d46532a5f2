//! Kendall's tau-a by merge sort, in O(N log N) (Knight 1966): (concordant − discordant)/(W(W − 1)/2), ties counted as neither.
//!
//! Entries may have weights, whole numbers that say how often each stands; copies of one are ties of both sides.

/// Chunks this short are sorted by insertion.
const SHORT: usize = 16;

/// Tau-a of x and y of one length; none of fewer than two entries. `weights` are one each unless given.
pub fn tau_a(x: &[f64], y: &[f64], weights: Option<&[u32]>) -> Option<f64> {
    let weight = |at: u32| weights.map_or(1, |weights| u64::from(weights[at as usize]));
    let mut order: Vec<u32> = (0..x.len() as u32).filter(|&at| weight(at) > 0).collect();
    let by = |side: &[f64], a: u32, b: u32| side[a as usize].total_cmp(&side[b as usize]);
    order.sort_unstable_by(|&a, &b| by(x, a, b).then_with(|| by(y, a, b)));
    let all: u64 = order.iter().map(|&at| weight(at)).sum();
    let pairs = |count: u64| i128::from(count) * (i128::from(count) - 1) / 2;
    if all < 2 {
        return None;
    }
    let tied = |order: &[u32], same: &dyn Fn(u32, u32) -> bool| -> i128 {
        order.chunk_by(|&a, &b| same(a, b)).map(|run| pairs(run.iter().map(|&at| weight(at)).sum())).sum()
    };
    let equal = |side: &[f64], a: u32, b: u32| side[a as usize] == side[b as usize];
    let of_x = tied(&order, &|a, b| equal(x, a, b));
    let of_both = tied(&order, &|a, b| equal(x, a, b) && equal(y, a, b));
    let mut entries: Vec<(f64, u64)> = order.iter().map(|&at| (y[at as usize], weight(at))).collect();
    let discordant = i128::from(inversions(&mut entries));
    let of_y: i128 = entries.chunk_by(|a, b| a.0 == b.0).map(|run| pairs(run.iter().map(|entry| entry.1).sum())).sum();
    let difference = pairs(all) - of_x - of_y + of_both - 2 * discordant;
    Some(difference as f64 / pairs(all) as f64)
}

/// Sorts entries by number, and gives the summed products of the weights of those that stood in the wrong order.
fn inversions(entries: &mut Vec<(f64, u64)>) -> u64 {
    let mut count = 0;
    for chunk in entries.chunks_mut(SHORT) {
        for at in 1..chunk.len() {
            let mut place = at;
            while place > 0 && chunk[place - 1].0 > chunk[place].0 {
                count += chunk[place - 1].1 * chunk[place].1;
                chunk.swap(place - 1, place);
                place -= 1;
            }
        }
    }
    let mut merged = Vec::with_capacity(entries.len());
    let mut width = SHORT;
    while width < entries.len() {
        merged.clear();
        for pair in entries.chunks(2 * width) {
            let (left, right) = pair.split_at(width.min(pair.len()));
            let mut ahead: u64 = left.iter().map(|entry| entry.1).sum();
            let (mut a, mut b) = (0, 0);
            while a < left.len() && b < right.len() {
                if left[a].0 <= right[b].0 {
                    ahead -= left[a].1;
                    merged.push(left[a]);
                    a += 1;
                } else {
                    count += ahead * right[b].1;
                    merged.push(right[b]);
                    b += 1;
                }
            }
            merged.extend_from_slice(&left[a..]);
            merged.extend_from_slice(&right[b..]);
        }
        std::mem::swap(entries, &mut merged);
        width *= 2;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, SeedableRng};

    /// By the definition, over all pairs of entries.
    fn by_pairs(x: &[f64], y: &[f64]) -> f64 {
        let sign = |a: f64, b: f64| f64::from(i8::from(a > b) - i8::from(a < b));
        let n = x.len();
        let sum: f64 = (0..n).flat_map(|i| (0..i).map(move |j| sign(x[i], x[j]) * sign(y[i], y[j]))).sum();
        sum / (n * (n - 1) / 2) as f64
    }

    #[test]
    fn tau_equals_the_count_over_all_pairs_with_ties_and_weights() {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(4);
        for values in [3, 20, 10_000] {
            let mut draw = |n: usize| (0..n).map(|_| f64::from(rng.random_range(0..values))).collect::<Vec<f64>>();
            let (x, y) = (draw(150), draw(150));
            assert_eq!(tau_a(&x, &y, None), Some(by_pairs(&x, &y)));
            let weights: Vec<u32> = (0..150).map(|_| rng.random_range(0..4)).collect();
            let many = |x: &[f64]| -> Vec<f64> {
                x.iter().zip(&weights).flat_map(|(&x, &w)| std::iter::repeat_n(x, w as usize)).collect()
            };
            let right = by_pairs(&many(&x), &many(&y));
            assert!((tau_a(&x, &y, Some(&weights)).unwrap() - right).abs() < 1e-15);
        }
        assert_eq!(tau_a(&[1.0], &[1.0], None), None);
    }
}

//! Draws of stimuli and subjects, permutations of stimuli, and the variance that two bootstraps have together.

use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A generator for one draw of many.
fn stream(seed: u64, of: u64, at: usize) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed ^ of);
    rng.set_stream(at as u64);
    rng
}

/// How often each of n stands in draw `at` of n with replacement.
pub fn stimuli(n: usize, seed: u64, at: usize) -> Vec<u32> {
    let mut rng = stream(seed, 0x5374_696d, at);
    let mut counts = vec![0; n];
    (0..n).for_each(|_| counts[rng.random_range(0..n)] += 1);
    counts
}

/// Draw `at` of that many subjects with replacement.
pub fn subjects(count: usize, seed: u64, at: usize) -> Vec<usize> {
    let mut rng = stream(seed, 0x5375_626a, at);
    (0..count).map(|_| rng.random_range(0..count)).collect()
}

/// Permutation `at` of n.
pub fn permutation(n: usize, seed: u64, at: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    order.shuffle(&mut stream(seed, 0x5065_726d, at));
    order
}

/// Variances of one number over draws: of subjects, of stimuli, and of both at once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Variances {
    pub subjects: f64,
    pub stimuli: f64,
    pub both: f64,
}

impl Variances {
    /// The variance over subjects and stimuli, of S and P: that of draws of both counts each source's noise about twice, so
    ///
    /// ```text
    /// V = S/(S−1)·V_s + P/(P−1)·V_p − PS/((P−1)(S−1))·(V_sp − V_s − V_p)
    /// ```
    ///
    /// no less than either alone, no more than that of both (Schütt et al. 2023; rsatoolbox `_dual_bootstrap`).
    pub fn corrected(self, subjects: usize, stimuli: usize) -> f64 {
        let more = |count: usize| count as f64 / (count as f64 - 1.0);
        let (of_subjects, of_stimuli) = (more(subjects) * self.subjects, more(stimuli) * self.stimuli);
        let together = more(subjects) * more(stimuli) * (self.both - self.subjects - self.stimuli);
        (of_subjects + of_stimuli - together).max(of_subjects).max(of_stimuli).min(self.both)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_repeat_themselves_and_differ_from_one_another() {
        let counts = stimuli(50, 3, 7);
        assert_eq!((counts.iter().sum::<u32>(), &counts), (50, &stimuli(50, 3, 7)));
        assert_ne!(counts, stimuli(50, 3, 8));
        assert_ne!(counts, stimuli(50, 4, 7));
        let mut order = permutation(9, 1, 0);
        assert_ne!(order, permutation(9, 1, 1));
        order.sort_unstable();
        assert!(order.into_iter().eq(0..9) && subjects(4, 0, 0).into_iter().all(|at| at < 4));
    }
}

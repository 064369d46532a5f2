//! Mid-ranks: places in ascending order from 1, of which equal numbers share the mean.

use rayon::slice::ParallelSliceMut;

/// The order of numbers, and where those that are equal begin and end in it.
#[derive(Clone, Debug)]
pub struct Order {
    /// Places of the numbers, ascending by number.
    pub sorted: Vec<u32>,
    /// Where each run of equal numbers ends in `sorted`.
    pub ends: Vec<u32>,
}

impl Order {
    /// Of numbers, none of which is NaN; −0 and 0 are equal.
    pub fn of(x: &[f32]) -> Self {
        // One integer for number and place sorts faster than a pair.
        let mut keys: Vec<u64> =
            x.iter().enumerate().map(|(at, &value)| u64::from(key(value)) << 32 | at as u64).collect();
        keys.par_sort_unstable();
        let end = |at: &usize| *at == keys.len() || keys[*at] >> 32 != keys[*at - 1] >> 32;
        let ends = (1..=keys.len()).filter(end).map(|at| at as u32).collect();
        Self { sorted: keys.iter().map(|&key| key as u32).collect(), ends }
    }

    /// The runs of equal numbers, ascending.
    pub fn runs(&self) -> impl Iterator<Item = &[u32]> {
        let mut start = 0;
        self.ends.iter().map(move |&end| &self.sorted[std::mem::replace(&mut start, end as usize)..end as usize])
    }

    /// Mid-ranks.
    pub fn ranks(&self) -> Vec<f64> {
        let mut ranks = vec![0.0; self.sorted.len()];
        let mut before = 0;
        for run in self.runs() {
            let rank = before as f64 + (run.len() + 1) as f64 / 2.0;
            run.iter().for_each(|&at| ranks[at as usize] = rank);
            before += run.len();
        }
        ranks
    }
}

/// A number as an integer of the same order.
fn key(x: f32) -> u32 {
    let bits = (x + 0.0).to_bits();
    if bits >> 31 == 1 { !bits } else { bits | 1 << 31 }
}

/// Mid-ranks of numbers, none of which is NaN.
pub fn mid_ranks(x: &[f32]) -> Vec<f64> {
    Order::of(x).ranks()
}

/// The same of 64-bit numbers.
pub fn mid_ranks_wide(x: &[f64]) -> Vec<f64> {
    let mut sorted: Vec<u32> = (0..x.len() as u32).collect();
    sorted.sort_unstable_by(|&a, &b| x[a as usize].total_cmp(&x[b as usize]));
    let end = |at: &usize| *at == x.len() || x[sorted[*at] as usize] != x[sorted[*at - 1] as usize];
    let ends = (1..=x.len()).filter(end).map(|at| at as u32).collect();
    Order { sorted, ends }.ranks()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_numbers_share_the_mean_of_their_places() {
        let x = [0.5, -1.0, 0.5, 3.0, -0.0, 0.0, 0.5, -2.5];
        let ranks = [6.0, 2.0, 6.0, 8.0, 3.5, 3.5, 6.0, 1.0];
        assert_eq!(mid_ranks(&x), ranks);
        assert_eq!(mid_ranks_wide(&x.map(f64::from)), ranks);
        assert_eq!(mid_ranks(&[]), [0.0; 0]);
        assert_eq!(Order::of(&x).runs().count(), 5);
    }
}

//! How alike subjects are: the most that any model can be like them (Nili et al. 2014).
//!
//! Each subject's RDM is normalised as the comparison has it, and pooled by the mean. The upper bound is the mean similarity of subjects
//! with the mean of all, themselves included; the lower bound that with the mean of the others.

use crate::math::similarity::compare::{Comparator, Side};
use crate::math::similarity::ranks::mid_ranks_wide;

/// How subjects' RDMs become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pool {
    /// The mean of what the comparison looks at: ranks, or dissimilarities of equal mean and length.
    Normalised,
    /// The mean of dissimilarities as they are.
    Plain,
}

/// The lower and the upper bound for two subjects or more, each with the dissimilarities of n patterns; none where a comparison has no
/// value.
pub fn bounds(comparator: Comparator, pool: Pool, n: usize, subjects: &[Vec<f64>]) -> Option<(f64, f64)> {
    if subjects.len() < 2 {
        return None;
    }
    let normalised: Vec<Vec<f64>> = match pool {
        Pool::Plain => subjects.to_vec(),
        Pool::Normalised => subjects.iter().map(|one| normalise(comparator, n, one)).collect(),
    };
    let sides: Vec<Side> = subjects.iter().map(|one| Side::of_dissimilarities(comparator, n, one)).collect();
    let pooled = |but: Option<usize>| {
        let mut sum = vec![0.0; subjects[0].len()];
        for (_, one) in normalised.iter().enumerate().filter(|(at, _)| Some(*at) != but) {
            sum.iter_mut().zip(one).for_each(|(sum, value)| *sum += value);
        }
        Side::of_dissimilarities(comparator, n, &sum)
    };
    let all = pooled(None);
    let (mut lower, mut upper) = (0.0, 0.0);
    for (at, side) in sides.iter().enumerate() {
        upper += side.similarity(&all)?;
        lower += side.similarity(&pooled(Some(at)))?;
    }
    let count = sides.len() as f64;
    Some((lower / count, upper / count))
}

fn normalise(comparator: Comparator, n: usize, one: &[f64]) -> Vec<f64> {
    if comparator.by_ranks() {
        return mid_ranks_wide(one);
    }
    Side::of(comparator, n, one.to_vec()).unit()
}

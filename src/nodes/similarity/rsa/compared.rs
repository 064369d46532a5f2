//! All that is compared, and how alike it is.

use crate::math::similarity::compare::{Comparator, Side};
use crate::nodes::similarity::patterns::Pairs;
use crate::nodes::similarity::rsa::Params;
use crate::nodes::similarity::sides::Pairing;
use crate::nodes::similarity::tables::Sets;

/// The dissimilarities of one side's groups.
pub struct Dissimilarities {
    /// As they are, by group.
    pub given: Vec<Pairs>,
    /// Made ready for comparison.
    pub sides: Vec<Side>,
}

/// All that is compared, and how alike it is.
pub struct Comparisons<'a> {
    pub params: &'a Params,
    pub comparator: Comparator,
    pub pairing: &'a Pairing,
    pub sets: &'a Sets,
    pub stimuli: usize,
    pub a: &'a Dissimilarities,
    pub b: &'a Dissimilarities,
    /// By pair.
    pub found: Vec<f64>,
}

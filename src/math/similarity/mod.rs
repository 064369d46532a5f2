//! How alike two representations are: dissimilarities of patterns, comparisons of them, and centred kernels.
//!
//! A representational dissimilarity matrix (RDM) of n patterns is held condensed: its n(n − 1)/2 pairs in the order of
//! `pairs`. Everything is made from products of rows (XXᵀ) and sums of rows, so that features are read once for all of it.

pub mod ceiling;
pub mod cka;
pub mod cka_drawn;
pub mod compare;
pub mod noise;
#[cfg(test)]
mod oracles;
pub mod pairs;
pub mod ranks;
pub mod rdm;
pub mod resample;
pub mod tau;

//! Numbers about numbers: scores, summaries over units, reliability, shares, standard errors, resampling, signed ranks, many comparisons.

pub mod jackknife;
pub mod kendall;
pub mod multiple;
pub mod partition;
pub mod reliability;
pub mod resampling;
pub mod student;
pub mod summary;
pub mod wilcoxon;

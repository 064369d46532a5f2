//! Numbers about numbers: scores, summaries over units, reliability, shares, signed ranks.

pub mod partition;
pub mod reliability;
pub mod summary;
pub mod wilcoxon;

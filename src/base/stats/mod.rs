//! Numbers about numbers: scores, summaries over units, reliability, signed ranks.

pub mod reliability;
pub mod student;
pub mod summary;
pub mod wilcoxon;

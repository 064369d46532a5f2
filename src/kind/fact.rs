//! The facts of a table by which who reads it knows how its numbers came about, whichever kind made it.

/// The part of a split that was scored.
pub const SCORED_ON: &str = "on";
/// How many rows were scored.
pub const ROWS_SCORED: &str = "rows_scored";
/// How many rows were fitted on.
pub const ROWS_FITTED: &str = "rows_fitted";
/// Whether the rows scored are also those by which something was chosen.
pub const SELECTED: &str = "selected";
/// Which recording the scored units are of: only units of one are the same neurons.
pub const RECORDING: &str = "recording";
/// Of penalties: those tried, whether their grid grew, and what estimates the error.
pub const GRID: &str = "grid";
pub const EXTENDED: &str = "extended";
pub const METHOD: &str = "method";
/// Of means over variants that are draws of one study: how many, and by which variables they were drawn.
pub const DRAWS: &str = "draws";
pub const DRAWN_BY: &str = "drawn_by";
/// Of ceilings: of how many repeats a response is the mean that they are the ceiling of (1 over the mean of 1/m); the convention by which
/// they were estimated; and the one number that it makes of them all.
pub const REPEATS: &str = "repeats";
pub const CONVENTION: &str = "convention";
pub const AGGREGATE: &str = "aggregate";
/// Of means over the folds of a split: how many there are.
pub const FOLDS: &str = "folds";
/// Of pairs, as a caption says it: what interval they have, by which test, and how its p are corrected.
pub const INTERVAL: &str = "interval";
pub const TEST: &str = "test";
pub const CORRECTION: &str = "correction";

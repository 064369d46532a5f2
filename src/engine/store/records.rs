//! The seam for records: what a place that keeps them by key must do.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::digest::Digest;
use crate::engine::record::Record;
use crate::engine::store::error::StoreError;
use crate::engine::store::history::History;

/// A record that is there and cannot be believed; it counts as not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordProblem {
    pub key: Digest,
    pub problem: String,
}

impl std::fmt::Display for RecordProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "its record {} in the cache is damaged and counts as not there: {}", self.key.short(), self.problem)
    }
}

/// Records of computations by key, and what each recipe's nodes last were.
///
/// The local folder is one, and a store elsewhere would be another: `tests` runs one suite over whatever implements this. Such
/// a store promises:
/// - *A record comes last.* Whoever publishes one has stored every object that it names; so whoever finds one may believe that
///   they were there. They may have been dropped or swept since.
/// - *Published once.* Of several that publish under one key, one stands and all others are told which: keys of readers
///   hold its digests. Only who names the record that stands, and found it wanting, replaces it. Elsewhere that is a conditional
///   write, on which nothing but its answer is believed.
/// - *Whole or not there*, and checked: what does not read, or disagrees with its checksum, is a `RecordProblem`, and is
///   replaced by whatever is published next. An answer that cannot be had is one too: an error is no absence.
/// - *Nothing of a host* is in a record: one computed anywhere reads alike everywhere.
/// - *Histories* are of one writer at a time; the last stands.
pub trait Records: Send + Sync {
    /// The record of an action that ended well before.
    fn find(&self, key: Digest) -> Result<Option<Record>, RecordProblem>;

    /// Publishes a record: the computation is done from here on. Gives the record that stands, which is another's where
    /// somebody was first. `over` is the one that stood when the computation began and did not do: it is replaced.
    fn publish(&self, record: Record, over: Option<&Record>) -> Result<Record, StoreError>;

    /// All records that read, in no order.
    fn all(&self) -> Vec<Record>;

    /// Deletes a record; one that is not there is deleted.
    fn forget(&self, key: Digest) -> Result<(), StoreError>;

    /// Reads every record and sets aside those that do not read; gives where they lie now.
    fn verify(&self) -> Result<Vec<PathBuf>, StoreError>;

    /// What a recipe's nodes last were.
    fn history(&self, recipe: &str) -> History;

    /// Of all recipes that ran here.
    fn histories(&self) -> BTreeMap<String, History>;

    /// Remembers what a recipe's nodes last were.
    fn write_history(&self, recipe: &str, history: &History) -> Result<(), StoreError>;
}

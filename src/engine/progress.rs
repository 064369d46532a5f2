//! A node on its way through a run.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

use crate::digest::Digest;
use crate::engine::receipt::Receipt;
use crate::engine::record::{Outcome, Record, State};
use crate::engine::store::ActionLock;
use crate::plan::NodeIndex;

/// One node on its way.
#[derive(Default)]
pub struct Progress {
    /// How it ended, once it has.
    pub state: Option<State>,
    pub records: Vec<Record>,
    pub message: Option<String>,
    /// Of a node that was skipped since another failed: that one.
    pub because: Option<NodeIndex>,
    /// Its dropped objects are needed again.
    pub demand: bool,
    pub force: bool,
    /// What a dispatched computation was given.
    pub under_way: Option<UnderWay>,
}

impl Progress {
    /// Nothing is known of the node yet.
    pub fn new(force: bool) -> Self {
        Self { force, ..Self::default() }
    }

    /// How the node came out, with the state that it has where it never settled.
    pub fn outcome(self, unsettled: State) -> Outcome {
        Outcome { state: self.state.unwrap_or(unsettled), records: self.records, message: self.message }
    }
}

/// A computation under way.
pub struct UnderWay {
    /// What it was given, and what it told so far.
    pub receipt: Receipt,
    /// The records of the node's other actions, which need no computation.
    pub found: Vec<Record>,
    /// The node's keys by entry.
    pub keys: BTreeMap<String, Digest>,
    /// The files that it reads, as they were when it began.
    pub files: Vec<(PathBuf, Digest)>,
    pub started: Instant,
    pub _locks: Vec<ActionLock>,
}

//! What the executor asks of a worker, and what comes back; as JSON lines between processes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::device::Device;
use crate::digest::Digest;
use crate::engine::record::Stored;
use crate::kind::{Arrival, Limits, Signal};

/// One computation: a node, or some entries of its keyed output.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Job {
    /// The node's name, for messages.
    pub node: String,
    pub kind: String,
    pub version: u32,
    pub params: Json,
    pub inputs: BTreeMap<String, Vec<Arrival>>,
    pub files: BTreeMap<String, (PathBuf, Digest)>,
    pub sources: BTreeMap<Digest, PathBuf>,
    pub wanted: BTreeSet<String>,
    /// The keys of the actions that are computed, by entry.
    pub keys: BTreeMap<String, Digest>,
    pub device: Device,
    /// What the computation may take, where it heeds that.
    #[serde(default)]
    pub limits: Limits,
    pub threads: usize,
    pub batch: usize,
    /// Whether it is computed anew though it was before (`--force`): no checkpoint is gone on from.
    #[serde(default)]
    pub fresh: bool,
    /// The cache folder, and this run's scratch folder in it.
    pub cache: PathBuf,
    pub scratch: PathBuf,
}

/// What a worker is told.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    Compute(Box<Job>),
    /// The answer to `Reply::Reserve`: granted, or refused since the run has only so many bytes in all.
    Memory(Result<(), u64>),
}

/// What a worker says while it computes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "reply", rename_all = "snake_case")]
pub enum Reply {
    /// The first line of a worker: who it is, and the versions of the kinds it computes.
    Hello {
        ventral: String,
        libtorch: String,
        kinds: BTreeMap<String, u32>,
    },
    /// What the computation tells whoever watches.
    Signal {
        signal: Signal,
    },
    Output {
        stored: Stored,
    },
    /// It needs so many bytes of memory until its job ends, and waits for the answer.
    Reserve {
        bytes: u64,
    },
    Done {
        done: Done,
    },
    Failed {
        failure: JobFailure,
    },
}

/// A computation that ended well.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Done {
    pub seconds: f64,
    /// Where it computed, once `auto` is resolved.
    pub device: String,
    pub hardware: String,
    pub peak_bytes: u64,
    pub libtorch: String,
}

/// A computation that did not.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct JobFailure {
    pub message: String,
    /// The kind of the upstream fit that has seen rows to be scored.
    #[serde(default)]
    pub leak: Option<String>,
    /// Whether the run was cancelled under it.
    #[serde(default)]
    pub cancelled: bool,
}

impl JobFailure {
    /// A failure in words.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), ..Self::default() }
    }
}

/// What a runner can have under way at once; the schedule starts no more.
///
/// Memory is no part of it: what a job needs is known once it has begun, and the runner grants it then (`Reply::Reserve`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// Threads that jobs have together. One that is given more runs alone.
    pub threads: usize,
    /// GPUs, each of which one tensor computation at a time has.
    pub gpus: usize,
    /// At most so many jobs at a time, where there is a limit.
    pub jobs: Option<usize>,
}

/// Whoever computes jobs: worker processes here, this process in tests of the engine, or machines elsewhere.
///
/// The schedule says what may start; a runner computes it, and its word is never the result. A runner promises:
/// - *`Ok` after the objects.* Every output that it told of lies in the store that the job names, under its digest, before
///   `run` ends well. Records are not its business: they are published of what it told by `receipt::publish`, wherever it ran.
/// - *The bytes of the job's threads, batch and device*, and no other: keys hold nothing of a machine. Where these cannot be
///   had, it refuses.
/// - *A death is a failure in words*, with what the job last said; it is not tried again under a new name, and leaves nothing
///   but scratch files behind.
/// - *`cancel` ends everything at once*, and `run` then fails as cancelled. Nothing of another run is touched.
/// - *`capacity` is what it can do now*, known without starting anything: a run with nothing to do starts no worker.
///
/// One thread waits in `run` for each job under way. A runner with thousands of them elsewhere will rather be told and
/// asked: it takes the place of `dispatch.rs`, which is all that knows of these threads.
pub trait Runner: Sync {
    /// What it can have under way at once.
    fn capacity(&self) -> Capacity;
    /// Computes a job, telling replies as they come.
    fn run(&self, job: &Job, receive: &mut dyn FnMut(Reply)) -> Result<Done, JobFailure>;
    /// Stops every computation under way, at once.
    fn cancel(&self);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::Epoch;

    #[test]
    fn what_a_computation_says_survives_the_way_between_processes() {
        let epoch = Epoch { epoch: 3, values: [("train_loss".to_owned(), 0.25)].into() };
        let all = [
            Signal::Progress { done: 1, total: 2, what: "images".to_owned() },
            Signal::Note { text: "a note".to_owned() },
            Signal::Version { name: "numpy".to_owned(), version: "2.0".to_owned() },
            Signal::Metric(epoch.clone()),
            Signal::Resumed { epochs: vec![epoch] },
        ];
        for signal in all {
            let reply = Reply::Signal { signal };
            let line = serde_json::to_string(&reply).expect("it serialises");
            assert_eq!(serde_json::from_str::<Reply>(&line).expect("it reads"), reply, "{line}");
        }
    }
}

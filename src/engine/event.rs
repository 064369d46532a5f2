//! What happens during a run, for whoever watches: the terminal, `--events`, a page.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::engine::record::State;
use crate::kind::{Epoch, Signal};

/// One thing that happened; a line of `--events`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    RunStarted {
        recipe: String,
        nodes: usize,
    },
    NodeStarted {
        node: String,
        kind: String,
        device: String,
    },
    NodeProgress {
        node: String,
        done: u64,
        total: u64,
        what: String,
    },
    NodeNote {
        node: String,
        text: String,
    },
    /// The version of something that computes with it, such as an interpreter.
    NodeVersion {
        node: String,
        name: String,
        version: String,
    },
    /// What a training's epoch came to, by name, such as `train_loss`; the curve as it grows.
    Metric {
        node: String,
        epoch: u64,
        values: BTreeMap<String, f64>,
    },
    /// A training goes on from an earlier one, whose epochs these are; those that follow are told as they are done.
    TrainingResumed {
        node: String,
        epochs: Vec<Epoch>,
    },
    NodeFinished {
        node: String,
        state: State,
        seconds: f64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        key: Option<Digest>,
        outputs: BTreeMap<String, OutputEvent>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
        /// Of a node that was skipped since it needs what another would have given: the node that failed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        because: Option<String>,
    },
    RunFinished {
        ran: usize,
        cached: usize,
        failed: usize,
        skipped: usize,
        seconds: f64,
    },
}

impl Event {
    /// What a node's computation says, as an event. A new thing to say is a variant of `Signal` and one here; then whoever
    /// shows it does.
    pub fn of(node: String, signal: Signal) -> Self {
        match signal {
            Signal::Progress { done, total, what } => Self::NodeProgress { node, done, total, what },
            Signal::Note { text } => Self::NodeNote { node, text },
            Signal::Version { name, version } => Self::NodeVersion { node, name, version },
            Signal::Metric(Epoch { epoch, values }) => Self::Metric { node, epoch, values },
            Signal::Resumed { epochs } => Self::TrainingResumed { node, epochs },
        }
    }
}

/// An output as `node_finished` tells it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OutputEvent {
    pub digest: Digest,
    pub bytes: u64,
}

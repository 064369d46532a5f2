//! What becomes of a finished job: of what it told, the records of its actions, wherever it ran.

use std::collections::BTreeMap;

use crate::digest::Digest;
use crate::engine::fingerprint::Action;
use crate::engine::record::{Provenance, Record, Stored};
use crate::engine::store::{Records, StoreError};
use crate::engine::worker::job::Done;
use crate::kind::Kind;

/// An action that a job computes.
#[derive(Clone, Debug)]
pub struct Missing {
    pub action: Action,
    /// The record that stood when the job began and did not do: its objects are gone, it lacks a lazy port, or it was forced.
    pub stood: Option<Record>,
}

/// What a job was given and what it told until it ended.
#[derive(Clone, Debug, Default)]
pub struct Receipt {
    /// The actions it computes.
    pub missing: Vec<Missing>,
    pub threads: usize,
    /// The lazy ports that it was asked for.
    pub lazy: Vec<String>,
    /// What it stored.
    pub outputs: Vec<Stored>,
    pub notes: Vec<String>,
    /// Versions of what else computed with it, by name.
    pub software: BTreeMap<String, String>,
}

/// Publishes the records of a job that ended well: from here on it is done. Gives those that stand, by key: where another
/// computed the same at the same time and was first, they are that one's.
pub fn publish(
    records: &dyn Records,
    kind: &Kind,
    receipt: Receipt,
    done: &Done,
) -> Result<BTreeMap<Digest, Record>, StoreError> {
    let port_rank = |stored: &Stored| kind.outputs.iter().position(|port| port.name == stored.port);
    let Receipt { missing, threads, lazy, outputs, notes, software } = receipt;
    let share = 1.0 / missing.len() as f64;
    let mut published = BTreeMap::new();
    for Missing { action, stood } in missing {
        let mine = |stored: &&Stored| action.entry.is_empty() || stored.key.as_ref() == Some(&action.entry);
        let mut outputs: Vec<Stored> = outputs.iter().filter(mine).cloned().collect();
        outputs.sort_by_key(port_rank);
        let record = Record {
            key: action.key,
            kind: kind.name.to_owned(),
            version: kind.version,
            ingredients: action.ingredients,
            outputs,
            provenance: Provenance {
                at: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
                seconds: done.seconds * share,
                device: done.device.clone(),
                threads,
                peak_bytes: done.peak_bytes,
                ventral: env!("CARGO_PKG_VERSION").to_owned(),
                libtorch: done.libtorch.clone(),
                hardware: done.hardware.clone(),
                software: software.clone(),
            },
            lazy: lazy.clone(),
            notes: notes.clone(),
        };
        published.insert(action.key, records.publish(record, stood.as_ref())?);
    }
    Ok(published)
}

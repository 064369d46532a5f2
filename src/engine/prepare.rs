//! From a node that must compute to its job: the actions that are missing, their locks, what arrives.

use std::collections::BTreeMap;
use std::time::Instant;

use crate::digest::Digest;
use crate::engine::machine::Machine;
use crate::engine::progress::UnderWay;
use crate::engine::receipt::{Missing, Receipt};
use crate::engine::record::Record;
use crate::engine::schedule::Needs;
use crate::engine::store::{ActionLock, Store, StoreError};
use crate::engine::walk::{Look, Walk};
use crate::engine::worker::job::Job;
use crate::kind::Arrival;
use crate::plan::NodeIndex;

/// Locks the actions of a look that lack a record, or all of them; `None` where another process computes one.
pub fn lock(store: &Store, look: &Look, force: bool) -> Result<Option<Vec<ActionLock>>, StoreError> {
    let missing = look.actions.iter().zip(&look.found).filter(|(_, found)| found.is_none() || force);
    let mut keys: Vec<Digest> = missing.map(|(action, _)| action.key).collect();
    // In one order everywhere, so that two runs never wait for each other.
    keys.sort();
    keys.dedup();
    let mut locks = Vec::with_capacity(keys.len());
    for key in keys {
        match store.try_lock(key)? {
            Some(lock) => locks.push(lock),
            None => return Ok(None),
        }
    }
    Ok(Some(locks))
}

/// A node whose actions are locked.
pub struct Locked<'a> {
    pub at: NodeIndex,
    pub look: Look,
    pub force: bool,
    pub needs: Needs,
    pub machine: &'a Machine,
    /// Where the files lie that images refer to.
    pub sources: &'a BTreeMap<Digest, std::path::PathBuf>,
    pub locks: Vec<ActionLock>,
}

impl Locked<'_> {
    /// The job that computes what is missing, and what is to be remembered until it ends; `Err` has why an object that it
    /// reads cannot be had. `upstream` gives the records of the nodes it reads.
    pub fn job<'r>(
        self,
        walk: &Walk<'_>,
        upstream: &dyn Fn(NodeIndex) -> &'r [Record],
    ) -> Result<(Job, UnderWay), String> {
        let node = &walk.plan.nodes[self.at];
        if let Some((param, (path, _))) = self.look.files.iter().find(|(_, (path, _))| !path.exists()) {
            return Err(format!(
                "`{param}`: {} is not here: the study was packed without it. Put the file there (`ventral fetch` does so where `data:` names \
                 its source), and run again",
                path.display()
            ));
        }
        let inputs = arrivals(walk, self.at, upstream)?;
        let keys = self.look.keys();
        let (mut missing, mut found) = (Vec::new(), Vec::new());
        for (action, record) in self.look.actions.into_iter().zip(self.look.found) {
            match record {
                Some(record) if !self.force => found.push(record),
                _ => missing.push(Missing { stood: walk.store.record(action.key), action }),
            }
        }
        let entries: Vec<String> =
            missing.iter().map(|one| one.action.entry.clone()).filter(|entry| !entry.is_empty()).collect();
        let params = if entries.is_empty() { node.params.clone() } else { node.kind.narrow(&node.params, &entries) };
        let Needs { threads, device, .. } = self.needs;
        let job = Job {
            node: node.id.to_string(),
            kind: node.kind.name.to_owned(),
            version: node.kind.version,
            params,
            inputs,
            files: self.look.files.clone(),
            sources: self.sources.clone(),
            wanted: walk.ports(self.at),
            keys: missing.iter().map(|one| (one.action.entry.clone(), one.action.key)).collect(),
            device,
            limits: node.limits,
            threads,
            batch: self.machine.batch,
            fresh: self.force,
            cache: walk.store.root().to_owned(),
            scratch: walk.store.scratch().to_owned(),
        };
        let lazy = walk.wanted[self.at].iter().cloned().collect();
        let under_way = UnderWay {
            receipt: Receipt { missing, threads, lazy, ..Receipt::default() },
            found,
            keys,
            files: self.look.files.into_values().collect(),
            started: Instant::now(),
            _locks: self.locks,
        };
        Ok((job, under_way))
    }
}

/// What each port of a node receives.
fn arrivals<'r>(
    walk: &Walk<'_>,
    at: NodeIndex,
    upstream: &dyn Fn(NodeIndex) -> &'r [Record],
) -> Result<BTreeMap<String, Vec<Arrival>>, String> {
    let mut inputs: BTreeMap<String, Vec<Arrival>> = BTreeMap::new();
    for (edge, found) in walk.plan.nodes[at].edges.iter().zip(walk.inputs(at, upstream)?) {
        for stored in found {
            let path = walk.store.objects().get(stored);
            inputs.entry(edge.port.clone()).or_default().push(Arrival {
                label: edge.label.clone(),
                key: if edge.key.is_none() { stored.key.clone() } else { None },
                ty: stored.ty,
                digest: stored.digest,
                path: path.map_err(|error| format!("`{}` cannot be had: {error}", stored.name()))?,
            });
        }
    }
    Ok(inputs)
}

//! Looking a node up: its keys, what the store has for them, and why that is not enough.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use typed_index_collections::TiVec;

use crate::digest::Digest;
use crate::engine::files::Files;
use crate::engine::fingerprint;
use crate::engine::fingerprint::{Action, FileUses};
use crate::engine::record::{Outcome, Record, State, Stored};
use crate::engine::store::{History, Last, RecordProblem, Store};
use crate::plan::{NodeIndex, Plan, ReportItem};

/// A plan beside the cache it runs in.
pub struct Walk<'a> {
    pub plan: &'a Plan,
    pub store: &'a Store,
    pub history: &'a History,
    /// Per node, the lazy ports that something reads.
    pub wanted: TiVec<NodeIndex, BTreeSet<String>>,
    /// Per node, the nodes that read it.
    pub readers: TiVec<NodeIndex, Vec<NodeIndex>>,
}

/// A node whose inputs are known.
pub struct Look {
    pub actions: Vec<Action>,
    pub files: FileUses,
    /// Per action, the record that can be used as it is.
    pub found: Vec<Option<Record>>,
    /// Whether the records stand but objects were dropped on purpose (`keep: false`).
    pub dropped: bool,
    /// Records that are there and cannot be believed.
    pub problems: Vec<RecordProblem>,
}

impl Look {
    /// Whether nothing needs to be computed.
    pub fn complete(&self) -> bool {
        self.found.iter().all(Option::is_some)
    }

    /// The records of a complete look.
    pub fn into_records(self) -> Vec<Record> {
        self.found.into_iter().flatten().collect()
    }

    /// The keys by entry, as history keeps them.
    pub fn keys(&self) -> BTreeMap<String, Digest> {
        self.actions.iter().map(|action| (action.entry.clone(), action.key)).collect()
    }
}

impl<'a> Walk<'a> {
    /// Prepares to walk a plan. `requested` names lazy ports that somebody asks for beyond the plan's own readers,
    /// which the charts of its report are too.
    pub fn new(
        plan: &'a Plan,
        store: &'a Store,
        history: &'a History,
        requested: &BTreeSet<(NodeIndex, String)>,
    ) -> Self {
        let mut wanted: TiVec<NodeIndex, _> = vec![BTreeSet::new(); plan.nodes.len()].into();
        let mut readers: TiVec<NodeIndex, _> = vec![Vec::new(); plan.nodes.len()].into();
        for (at, node) in plan.nodes.iter_enumerated() {
            for edge in &node.edges {
                if plan.nodes[edge.from].kind.lazy.contains(&edge.output.as_str()) {
                    wanted[edge.from].insert(edge.output.clone());
                }
                if readers[edge.from].last() != Some(&at) {
                    readers[edge.from].push(at);
                }
            }
        }
        let charted = plan.report.iter().filter_map(|item| match item {
            ReportItem::Chart(chart) => Some((chart.nodes.as_slice(), chart.port.clone()?)),
            _ => None,
        });
        let charted = charted.flat_map(|(nodes, port)| nodes.iter().map(move |&node| (node, port.clone())));
        let charted: BTreeSet<(NodeIndex, String)> = charted.collect();
        for (node, port) in requested.union(&charted) {
            if plan.nodes[*node].kind.lazy.contains(&port.as_str()) {
                wanted[*node].insert(port.clone());
            }
        }
        Self { plan, store, history, wanted, readers }
    }

    /// The node's last actions.
    pub fn last(&self, at: NodeIndex) -> Option<&Last> {
        self.history.nodes.get(&self.plan.nodes[at].id.to_string())
    }

    /// The ports that a computation of the node is asked for.
    pub fn ports(&self, at: NodeIndex) -> BTreeSet<String> {
        let kind = self.plan.nodes[at].kind;
        let always = kind.outputs.iter().map(|port| port.name).filter(|port| !kind.lazy.contains(port));
        always.map(str::to_owned).chain(self.wanted[at].iter().cloned()).collect()
    }

    /// Looks a node up. `upstream` gives the records of the nodes it reads. With `demand`, dropped objects count as
    /// missing.
    pub fn look<'r>(
        &self,
        at: NodeIndex,
        upstream: &dyn Fn(NodeIndex) -> &'r [Record],
        files: &mut Files,
        demand: bool,
    ) -> Result<Look, String> {
        let node = &self.plan.nodes[at];
        let uses = fingerprint::files(self.plan, node, files).map_err(|problem| problem.to_string())?;
        let inputs = self.inputs(at, upstream)?;
        let actions = fingerprint::actions(node, &inputs, &uses);
        let mut dropped = false;
        let mut problems = Vec::new();
        let found = actions
            .iter()
            .map(|action| {
                let record = self.store.records().find(action.key).unwrap_or_else(|problem| {
                    problems.push(problem);
                    None
                })?;
                if !self.wanted[at].iter().all(|port| record.lazy.contains(port)) {
                    return None;
                }
                // Every object is looked at, so that every damaged one is set aside.
                let mut held = true;
                for stored in &record.outputs {
                    held &= self.store.objects().holds(stored);
                }
                if !held {
                    let left_out = &files.away(&self.plan.workspace).results_left_out;
                    let there = |stored: &Stored| self.store.objects().holds(stored);
                    let on_purpose =
                        record.outputs.iter().all(|stored| left_out.contains(&stored.digest) || there(stored));
                    if (node.keep && !on_purpose) || demand {
                        return None;
                    }
                    dropped = true;
                }
                Some(record)
            })
            .collect();
        Ok(Look { actions, files: uses, found, dropped, problems })
    }

    /// What each edge of a node brings.
    pub fn inputs<'r>(
        &self,
        at: NodeIndex,
        upstream: &dyn Fn(NodeIndex) -> &'r [Record],
    ) -> Result<Vec<Vec<&'r Stored>>, String> {
        let node = &self.plan.nodes[at];
        (0..node.edges.len())
            .map(|edge| {
                let from = node.edges[edge].from;
                fingerprint::arrivals(node, edge, upstream(from)).map_err(|problem| {
                    format!("`{}`, from `{}`, {problem}", node.edges[edge].port, self.plan.nodes[from].id)
                })
            })
            .collect()
    }

    /// The nodes whose objects a computation of this one reads: all but those for which products stand in.
    pub fn needs<'r>(&self, at: NodeIndex, upstream: &dyn Fn(NodeIndex) -> &'r [Record]) -> BTreeSet<NodeIndex> {
        let node = &self.plan.nodes[at];
        let stand_ins = node.kind.stand_ins(&node.params, &self.ports(at));
        let stood_in_for = |edge: usize| {
            let port = node.edges[edge].port.as_str();
            let products: Vec<_> = stand_ins.iter().filter(|(name, _)| *name == port).map(|(_, one)| one).collect();
            let Ok(arrivals) = fingerprint::arrivals(node, edge, upstream(node.edges[edge].from)) else { return false };
            let there = |of| products.iter().all(|one| self.store.product(&one.ingredients(of, None)).is_some());
            !products.is_empty() && arrivals.iter().all(|stored| there(stored.digest))
        };
        (0..node.edges.len()).filter(|&edge| !stood_in_for(edge)).map(|edge| node.edges[edge].from).collect()
    }

    /// How every node stands, without running any.
    pub fn survey(&self, files: &mut Files) -> Survey {
        let mut outcomes: TiVec<NodeIndex, Outcome> = TiVec::with_capacity(self.plan.nodes.len());
        let mut actions = TiVec::with_capacity(self.plan.nodes.len());
        let mut sources = BTreeMap::new();
        for (at, node) in self.plan.nodes.iter_enumerated() {
            let waiting = node.edges.iter().map(|edge| edge.from).find(|&from| !current(&outcomes[from]));
            let last = self.last(at);
            let not_current = if last.is_some_and(|last| !last.keys.is_empty()) { State::Stale } else { State::New };
            let nothing = |state, message| Outcome { state, records: Vec::new(), message };
            if let Some(from) = waiting {
                let message = format!("`{}` is {}", self.plan.nodes[from].id, outcomes[from].state.name());
                outcomes.push(nothing(not_current, Some(message)));
                actions.push(None);
                continue;
            }
            let upstream = |from: NodeIndex| outcomes[from].records.as_slice();
            let looked = self.look(at, &upstream, files, false);
            match looked {
                Err(message) => {
                    outcomes.push(nothing(State::Failed, Some(message)));
                    actions.push(None);
                }
                Ok(look) => {
                    sources.extend(look.files.values().map(|(path, digest)| (*digest, path.clone())));
                    actions.push(Some(look.actions.clone()));
                    let failure = last.and_then(|last| last.failure.as_ref()).filter(|f| f.keys == look.keys());
                    outcomes.push(if look.complete() {
                        let state = if look.dropped { State::Dropped } else { State::Cached };
                        Outcome { state, records: look.into_records(), message: None }
                    } else if let Some(failure) = failure {
                        nothing(State::Failed, Some(failure.message.clone()))
                    } else {
                        nothing(not_current, look.problems.first().map(ToString::to_string))
                    });
                }
            }
        }
        Survey { outcomes, actions, sources }
    }
}

/// How every node of a plan stands.
pub struct Survey {
    pub outcomes: TiVec<NodeIndex, Outcome>,
    /// The actions of nodes whose inputs are known.
    pub actions: TiVec<NodeIndex, Option<Vec<Action>>>,
    /// Where the files lie that upstream images may refer to.
    pub sources: BTreeMap<Digest, PathBuf>,
}

fn current(outcome: &Outcome) -> bool {
    matches!(outcome.state, State::Cached | State::Ran | State::Dropped)
}

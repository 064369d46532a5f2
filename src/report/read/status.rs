//! Where nodes stand, as a page says it: results that are there are done, whether this run made them or an earlier one.

use typed_index_collections::TiSlice;

use crate::engine::record::State;
use crate::plan::{Node, NodeId, NodeIndex};
use crate::report::read::study::Study;

/// A state in the order of what a reader must know first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    Failed,
    Skipped,
    Stale,
    New,
    Dropped,
    Done,
}

impl Status {
    /// A node's status; a node without an outcome is new.
    pub fn of(study: &Study<'_>, node: NodeIndex) -> Self {
        match study.outcomes.get(node).map(|outcome| outcome.state) {
            Some(State::Ran | State::Cached) => Self::Done,
            Some(State::Stale) => Self::Stale,
            Some(State::New) | None => Self::New,
            Some(State::Failed) => Self::Failed,
            Some(State::Skipped) => Self::Skipped,
            Some(State::Dropped) => Self::Dropped,
        }
    }

    /// As the page and its style sheet spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Stale => "stale",
            Self::New => "new",
            Self::Dropped => "dropped",
            Self::Done => "done",
        }
    }
}

/// The variants of one name, in the order of the plan.
pub struct Family<'a> {
    pub name: &'a str,
    pub kind: &'a str,
    pub nodes: Vec<NodeIndex>,
}

/// Nodes by name, in the order in which names first stand in the plan.
pub fn families(nodes: &TiSlice<NodeIndex, Node>) -> Vec<Family<'_>> {
    let mut places = std::collections::HashMap::new();
    let mut families: Vec<Family<'_>> = Vec::new();
    for (at, node) in nodes.iter_enumerated() {
        let place = *places.entry(node.id.name.as_str()).or_insert_with(|| {
            families.push(Family { name: &node.id.name, kind: node.kind.name, nodes: Vec::new() });
            families.len() - 1
        });
        families[place].nodes.push(at);
    }
    families
}

impl Family<'_> {
    /// The status a reader must know first.
    pub fn status(&self, study: &Study<'_>) -> Status {
        self.nodes.iter().map(|&node| Status::of(study, node)).min().unwrap_or(Status::New)
    }

    /// Seconds of computation behind the results of all variants.
    pub fn seconds(&self, study: &Study<'_>) -> f64 {
        self.nodes.iter().filter_map(|&node| study.outcomes.get(node)).map(|outcome| outcome.seconds()).sum()
    }
}
/// What a title adds to tell a variant: `, layer features.9`; nothing for a node without variants.
pub fn told(id: &NodeId) -> String {
    id.variant.iter().map(|(name, value)| format!(", {} {value}", name.replace('_', " "))).collect()
}

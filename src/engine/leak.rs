//! The way by which rows that were held out came to a fit, for the words of a refusal.

use std::collections::{BTreeMap, VecDeque};

use crate::plan::{NodeIndex, Plan};

/// The chain of nodes from the nearest upstream node of a kind down to this one.
pub fn path(plan: &Plan, at: NodeIndex, kind: &str) -> Option<String> {
    let mut came: BTreeMap<NodeIndex, NodeIndex> = BTreeMap::new();
    let mut queue = VecDeque::from([at]);
    while let Some(node) = queue.pop_front() {
        if node != at && plan.nodes[node].kind.name == kind {
            let mut chain = vec![format!("`{}`", plan.nodes[node].id)];
            let mut here = node;
            while let Some(&next) = came.get(&here) {
                chain.push(format!("`{}`", plan.nodes[next].id));
                here = next;
            }
            return Some(chain.join(" → "));
        }
        for edge in &plan.nodes[node].edges {
            if edge.from != at && !came.contains_key(&edge.from) {
                came.insert(edge.from, node);
                queue.push_back(edge.from);
            }
        }
    }
    None
}

//! Which swept variables are draws: variants differ by them in nothing but seeds.

use std::collections::HashMap;

use serde_json::Value as Json;
use typed_index_collections::TiSlice;

use crate::plan::{Edge, Node, NodeId, NodeIndex};
use crate::value::ty::Type;

/// The parameter that random numbers are drawn from, of every kind that draws.
const SEED: &str = "seed";

/// A swept variable by which variants are draws of one study.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draw {
    pub variable: String,
    /// Whether all that is drawn are splits.
    pub of_splits: bool,
}

/// The variables that reach nothing but seeds. A seed of what has no inputs, such as simulated responses, makes another study.
pub fn draws(nodes: &TiSlice<NodeIndex, Node>) -> Vec<Draw> {
    let mut variables: Vec<&str> = Vec::new();
    for (variable, _) in nodes.iter().flat_map(|node| &node.id.variant) {
        if !variables.contains(&variable.as_str()) {
            variables.push(variable);
        }
    }
    variables.into_iter().filter_map(|variable| draw(nodes, variable)).collect()
}

fn draw(nodes: &TiSlice<NodeIndex, Node>, variable: &str) -> Option<Draw> {
    let mut first: HashMap<(&str, Vec<&(String, String)>), &Node> = HashMap::new();
    let (mut drawn, mut of_splits) = (false, true);
    for node in nodes.iter().filter(|node| node.id.variant.iter().any(|(name, _)| name == variable)) {
        let one = *first.entry(but(&node.id, variable)).or_insert(node);
        let seeds = [one, node].map(|node| node.params.get(SEED));
        if !same_but_seeds(&one.params, &node.params) || !same_edges(nodes, one, node, variable) {
            return None;
        }
        if seeds[0] != seeds[1] {
            if node.kind.inputs.is_empty() {
                return None;
            }
            drawn = true;
            of_splits &= node.kind.outputs.iter().all(|output| output.ty == Type::Split);
        }
    }
    drawn.then(|| Draw { variable: variable.to_owned(), of_splits })
}

/// A node's identity without one of its variables.
fn but<'a>(id: &'a NodeId, variable: &str) -> (&'a str, Vec<&'a (String, String)>) {
    (&id.name, id.variant.iter().filter(|(name, _)| name != variable).collect())
}

fn same_but_seeds(a: &Json, b: &Json) -> bool {
    let rest = |params: &Json| {
        let fields = params.as_object().into_iter().flatten();
        fields.filter(|(name, _)| *name != SEED).map(|(name, value)| (name.clone(), value.clone())).collect::<Vec<_>>()
    };
    a == b || rest(a) == rest(b)
}

fn same_edges(nodes: &TiSlice<NodeIndex, Node>, a: &Node, b: &Node, variable: &str) -> bool {
    let same = |(a, b): (&Edge, &Edge)| {
        let of = |edge: &Edge| (edge.port.clone(), edge.output.clone(), edge.key.clone(), edge.label.clone());
        of(a) == of(b) && but(&nodes[a.from].id, variable) == but(&nodes[b.from].id, variable)
    };
    a.edges.len() == b.edges.len() && a.edges.iter().zip(&b.edges).all(same)
}

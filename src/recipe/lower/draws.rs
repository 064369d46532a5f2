//! What a recipe leaves unsaid of draws: a kind that asks for the variables that are draws is told those that reach nothing but seeds.

use serde_json::{Value as Json, json};
use typed_index_collections::TiVec;

use crate::plan::draws::{Draw, draws};
use crate::plan::{Node, NodeIndex};

/// Fills lists of swept variables that are null where a kind marks them with `x-draws`: with draws by which what the node reads differs.
pub fn fill(nodes: &mut TiVec<NodeIndex, Node>) {
    let asks = |node: &Node| {
        let marked = node.kind.param_schemas().find(|(_, schema)| schema.get("x-draws") == Some(&Json::Bool(true)));
        marked.map(|(name, _)| name.to_owned()).filter(|name| node.params.get(name).is_none_or(Json::is_null))
    };
    let asking: Vec<(NodeIndex, String)> =
        nodes.iter_enumerated().filter_map(|(at, node)| Some((at, asks(node)?))).collect();
    if asking.is_empty() {
        return;
    }
    let all: Vec<Draw> = draws(nodes);
    for (at, param) in asking {
        let node = &mut nodes[at];
        let differs =
            |draw: &&Draw| node.edges.iter().flat_map(|edge| &edge.label).any(|(name, _)| *name == draw.variable);
        let names: Vec<&str> = all.iter().filter(differs).map(|draw| draw.variable.as_str()).collect();
        if !names.is_empty()
            && let Json::Object(params) = &mut node.params
        {
            params.insert(param, json!(names));
        }
    }
}

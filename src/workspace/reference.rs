//! What a person means by `scores`, `scores.summary@layer=features.9` or `layers[features.9]`.

use crate::plan::NodeIndex;
use crate::text::nearest::nearest;
use crate::workspace::Session;

/// Nodes (several where variants are meant), one of their ports, and a key.
#[derive(Debug, PartialEq)]
pub struct Target {
    pub nodes: Vec<NodeIndex>,
    pub port: String,
    pub key: Option<String>,
}

/// Resolves a reference against a recipe; an error names the nearest that exists.
pub fn resolve(session: &Session, text: &str) -> Result<Target, String> {
    let (text, variant) = match text.split_once('@') {
        Some((text, variant)) => (text, Some(variant)),
        None => (text, None),
    };
    let (text, key) = match text.split_once('[') {
        Some((text, key)) => {
            let key = key.strip_suffix(']').ok_or_else(|| format!("`{text}[{key}` lacks its `]`"))?;
            (text, Some(key.to_owned()))
        }
        None => (text, None),
    };
    let (name, port) = match text.split_once('.') {
        Some((name, port)) => (name, Some(port)),
        None => (text, None),
    };
    let all = session.nodes(name)?;
    let nodes = match variant {
        None | Some("*") => all,
        Some(variant) => matching(session, &all, name, variant)?,
    };
    let kind = session.plan.nodes[nodes[0]].kind;
    let port = match port {
        None => {
            let edges = &session.plan.nodes[nodes[0]].edges;
            kind.first_output(|input| edges.iter().any(|edge| edge.port == input)).name.to_owned()
        }
        Some(port) => match kind.output(port) {
            Some(port) => port.name.to_owned(),
            None => {
                let names: Vec<&str> = kind.outputs.iter().map(|output| output.name).collect();
                let hint = nearest(port, names.iter().copied())
                    .map_or_else(|| format!("it has {}", names.join(", ")), |near| format!("did you mean `{near}`?"));
                return Err(format!("`{name}` ({}) has no port `{port}`; {hint}", kind.name));
            }
        },
    };
    Ok(Target { nodes, port, key })
}

/// The variants that agree with `layer=features.9,components=100`, of which any part may be left out or `*`.
fn matching(session: &Session, all: &[NodeIndex], name: &str, variant: &str) -> Result<Vec<NodeIndex>, String> {
    let mut wanted = Vec::new();
    for part in variant.split(',') {
        let pair =
            part.split_once('=').ok_or_else(|| format!("`{part}` is no variant; write `{name}@VARIABLE=VALUE`"))?;
        wanted.push(pair);
    }
    let agrees = |&&at: &&NodeIndex| {
        let own = &session.plan.nodes[at].id.variant;
        wanted.iter().all(|(variable, value)| own.iter().any(|(n, v)| n == variable && (*value == "*" || v == value)))
    };
    let found: Vec<NodeIndex> = all.iter().filter(agrees).copied().collect();
    if found.is_empty() {
        let known: Vec<String> = all.iter().map(|&at| session.plan.nodes[at].id.to_string()).collect();
        return Err(format!("`{name}` has no variant `{variant}`; there are {}", known.join(", ")));
    }
    Ok(found)
}

//! A part of a recipe, put where it belongs in a whole one.

use serde_yaml::{Mapping, Value};

/// The sections of a recipe, as its schema lists them.
fn sections() -> Vec<String> {
    let schema = ventral::recipe::manual::schema::schema(&ventral::nodes::registry(), ventral::report::charts());
    let sections = schema["properties"].as_object().expect("sections");
    sections.keys().cloned().collect()
}

/// What a node has.
const OF_NODE: [&str; 7] = ["kind", "in", "with", "about", "device", "keep", "resources"];

/// Whether a text is a recipe by itself.
pub fn is_whole(text: &str) -> bool {
    text.lines().any(|line| line.starts_with("version:")) && text.lines().any(|line| line.starts_with("nodes:"))
}

/// The recipe that a part makes of another one; `node` is the node that the part is of.
pub fn within(base: &str, part: &str, node: Option<&str>) -> Result<String, String> {
    let mut whole: Mapping = serde_yaml::from_str(base).map_err(|e| format!("the base: {e}"))?;
    let part: Mapping = serde_yaml::from_str(&outdented(part)).map_err(|e| e.to_string())?;
    let sections = sections();
    let all = |known: &dyn Fn(&str) -> bool| part.keys().all(|key| key.as_str().is_some_and(known));
    if let Some(name) = node {
        let body = whole["nodes"].get_mut(name).and_then(Value::as_mapping_mut);
        let body = body.ok_or_else(|| format!("the recipe that this is a part of has no node `{name}`"))?;
        if all(&|key| OF_NODE.contains(&key)) {
            part.iter().for_each(|(key, value)| put(body, key, value));
        } else {
            put(body, &"with".into(), &Value::Mapping(part));
        }
    } else if all(&|key| sections.iter().any(|section| section == key)) {
        for (key, value) in part {
            match key.as_str() {
                Some("search") => drop(whole.remove("sweep")),
                Some("sweep") => drop(whole.remove("search")),
                _ => {}
            }
            if key.as_str() == Some("nodes") { put(&mut whole, &key, &value) } else { drop(whole.insert(key, value)) }
        }
    } else if part.values().all(|value| value.get("kind").is_some()) {
        put(&mut whole, &"nodes".into(), &Value::Mapping(part));
    } else {
        return Err(
            "is no recipe, no sections of one and no nodes; `<!-- test: in NODE -->` says whose parameters it has"
                .to_owned(),
        );
    }
    serde_yaml::to_string(&whole).map_err(|e| e.to_string())
}

/// Puts a value at a key; a map joins the map that is there.
fn put(map: &mut Mapping, key: &Value, value: &Value) {
    match (map.get_mut(key).and_then(Value::as_mapping_mut), value.as_mapping()) {
        (Some(there), Some(more)) => {
            more.iter().for_each(|(key, value)| drop(there.insert(key.clone(), value.clone())))
        }
        _ => drop(map.insert(key.clone(), value.clone())),
    }
}

fn outdented(text: &str) -> String {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let least = text.lines().filter(|line| !line.trim().is_empty()).map(indent).min().unwrap_or(0);
    text.lines().map(|line| format!("{}\n", line.get(least..).unwrap_or_default())).collect()
}

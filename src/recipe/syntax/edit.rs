//! A recipe's text with some values changed, everything else as it was written: comments, order, style.

use std::path::Path;
use std::sync::Arc;

use crate::diagnostic::{Problems, Source};
use crate::recipe::syntax::read;
use crate::recipe::syntax::tree::{Entry, Tree, Value};

/// A value to put at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Keys from the top: `vars`, `components`.
    pub keys: Vec<String>,
    /// The value, in flow style.
    pub yaml: String,
}

/// The text with each change made, in order. A key that is not there is added to the map that lacks it. Nothing where the
/// text does not read, or where a key leads through something that is no map.
pub fn edited(name: &Path, text: &str, changes: &[Change]) -> Option<String> {
    let mut text = text.to_owned();
    for change in changes {
        text = changed(name, &text, &change.keys, &change.yaml)?;
    }
    Some(text)
}

fn changed(name: &Path, text: &str, keys: &[String], yaml: &str) -> Option<String> {
    let source = Arc::new(Source::new(name.to_string_lossy(), text));
    let mut tree = &read::read(&source, &mut Problems::new(&source)).ok()?;
    for (at, key) in keys.iter().enumerate() {
        let Value::Map(entries) = &tree.value else { return None };
        match entries.iter().find(|entry| entry.key == *key) {
            Some(entry) if entry.value.is_null() => {
                // After `key:` nothing stands; `~` would.
                let rest =
                    keys[at + 1..].iter().rev().fold(yaml.to_owned(), |inner, key| format!("{{ {key}: {inner} }}"));
                return splice(text, entry, &rest);
            }
            Some(entry) => tree = &entry.value,
            None => {
                let value =
                    keys[at + 1..].iter().rev().fold(yaml.to_owned(), |inner, key| format!("{{ {key}: {inner} }}"));
                return Some(added(text, tree, entries, &format!("{key}: {value}")));
            }
        }
    }
    let (start, end) = bounds(text, tree);
    Some(format!("{}{yaml}{}", &text[..start], &text[end..]))
}

/// A value's bytes, without the blanks and comments that the parser counts to a map or list of lines.
fn bounds(text: &str, tree: &Tree) -> (usize, usize) {
    let start = tree.place.start;
    let last = match &tree.value {
        Value::Scalar(_) => return (start, start + text[tree.place.clone()].trim_end().len()),
        Value::List(items) => items.last().map(|item| bounds(text, item).1),
        Value::Map(entries) => entries.last().map(|entry| entry_end(text, entry)),
    };
    let close = match text[start..].chars().next() {
        Some('{') => '}',
        Some('[') => ']',
        _ => return (start, last.unwrap_or(tree.place.end)),
    };
    let mut comment = false;
    for (at, c) in text[last.unwrap_or(start + 1)..].char_indices() {
        match c {
            '#' => comment = true,
            '\n' => comment = false,
            c if c == close && !comment => return (start, last.unwrap_or(start + 1) + at + 1),
            _ => {}
        }
    }
    (start, tree.place.end)
}

/// Where an entry ends: its value, or the colon after its key.
fn entry_end(text: &str, entry: &Entry) -> usize {
    if entry.value.is_null() && entry.value.place.is_empty() {
        return text[entry.place.end..].find(':').map_or(entry.place.end, |at| entry.place.end + at + 1);
    }
    bounds(text, &entry.value).1
}

/// Puts a value after a key that has none.
fn splice(text: &str, entry: &Entry, yaml: &str) -> Option<String> {
    let after = entry.place.end;
    let colon = after + text[after..].find(':')? + 1;
    if !entry.value.place.is_empty() {
        let (start, end) = bounds(text, &entry.value);
        return Some(format!("{}{yaml}{}", &text[..start], &text[end..]));
    }
    Some(format!("{} {yaml}{}", &text[..colon], &text[colon..]))
}

/// Adds an entry to a map, in the map's own style.
fn added(text: &str, map: &Tree, entries: &[Entry], entry: &str) -> String {
    let (start, end) = bounds(text, map);
    if text[start..end].starts_with('{') {
        let inner = text[start..end - 1].trim_end();
        let comma = if entries.is_empty() || inner.ends_with(',') { "" } else { "," };
        let at = start + inner.len();
        return format!("{}{comma} {entry} {}", &text[..at], &text[end - 1..]);
    }
    let first = entries.first().map_or(start, |entry| entry.place.start);
    let column = first - text[..first].rfind('\n').map_or(0, |at| at + 1);
    let last = entries.last().map_or(end, |entry| entry_end(text, entry));
    // A comment at the end of the last line stays there.
    let line_end = text[last..].find('\n').map_or(text.len(), |at| last + at);
    format!("{}\n{:column$}{entry}{}", &text[..line_end], "", &text[line_end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(text: &str, keys: &[&str], yaml: &str) -> String {
        let keys = keys.iter().map(|key| (*key).to_owned()).collect();
        edited(Path::new("a.yaml"), text, &[Change { keys, yaml: yaml.to_owned() }]).expect("it reads")
    }

    #[test]
    fn only_the_value_changes() {
        let flow = "vars: { a: 1, b: [x, y] }   # why\nnodes: {}\n";
        assert_eq!(change(flow, &["vars", "a"], "20"), "vars: { a: 20, b: [x, y] }   # why\nnodes: {}\n");
        assert_eq!(change(flow, &["vars", "b"], "z"), "vars: { a: 1, b: z }   # why\nnodes: {}\n");
        let block = "vars:\n  a: 1 # one\n  b:\n    - x\n    - y\n\n# next\nnodes: {}\n";
        assert_eq!(change(block, &["vars", "a"], "2"), block.replace("a: 1 #", "a: 2 #"));
        assert_eq!(change(block, &["vars", "b"], "[z]"), "vars:\n  a: 1 # one\n  b:\n    [z]\n\n# next\nnodes: {}\n");
    }

    #[test]
    fn what_is_missing_is_added_in_the_maps_style() {
        let flow = "nodes:\n  a: { kind: pca } # note\n  b:\n    kind: pca # note\n    with:\n  c: {}\n";
        assert_eq!(
            change(flow, &["nodes", "a", "with", "components"], "3"),
            flow.replace("{ kind: pca }", "{ kind: pca, with: { components: 3 } }")
        );
        assert_eq!(
            change(flow, &["nodes", "b", "with", "components"], "3"),
            flow.replace("with:\n", "with: { components: 3 }\n")
        );
        assert_eq!(
            change(flow, &["nodes", "b", "keep"], "false"),
            flow.replace("    with:\n", "    with:\n    keep: false\n")
        );
        assert_eq!(change(flow, &["nodes", "c", "kind"], "pca"), flow.replace("{}", "{ kind: pca }"));
        assert_eq!(change("nodes: {}\n", &["vars", "k"], "1"), "nodes: {}\nvars: { k: 1 }\n");
    }

    #[test]
    fn a_key_leads_through_maps_only() {
        let change = Change { keys: vec!["a".to_owned(), "b".to_owned()], yaml: "1".to_owned() };
        assert_eq!(edited(Path::new("a.yaml"), "a: [1]\n", &[change]), None);
    }
}

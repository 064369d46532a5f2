//! The nodes' names and kinds: what must be known of all before any is read.

use std::collections::HashMap;
use std::ops::Range;

use serde_json::Value as Json;

use crate::diagnostic::{Problems, quoted};
use crate::kind::Kind;
use crate::kind::registry::Registry;
use crate::recipe::lower::suggest::suggest;
use crate::recipe::lower::variables::Variables;
use crate::recipe::syntax::template::is_name;
use crate::recipe::syntax::tree::{Entry, Value};
use crate::recipe::wording;

/// A node's name and kind: what others must know to read from it.
pub struct Head<'t> {
    pub name: &'t str,
    pub place: Range<usize>,
    /// Absent where it is wrong, which is reported.
    pub kind: Option<&'static Kind>,
    pub body: &'t [Entry],
}

/// Every node's head, by position and by name.
pub struct Heads<'t> {
    pub all: Vec<Head<'t>>,
    pub by_name: HashMap<&'t str, usize>,
    /// The kinds that read a file, whether the recipe has one or not.
    pub loaders: Vec<&'static Kind>,
}

impl<'t> Heads<'t> {
    /// Reads names and kinds of the section `nodes`.
    pub fn read(nodes: &'t Entry, registry: &Registry, variables: &Variables, problems: &mut Problems) -> Self {
        let loaders = registry.iter().filter(|kind| loads(kind)).collect();
        let mut heads = Self { all: Vec::new(), by_name: HashMap::new(), loaders };
        let Value::Map(entries) = &nodes.value.value else {
            let what = if nodes.value.is_null() { "empty".to_owned() } else { nodes.value.describe() };
            problems
                .error(nodes.place.clone(), format!("`nodes` is {what}; it is a map of names and nodes"))
                .help("as in `nodes: { it: { kind: synthetic_it } }`");
            return heads;
        };
        if entries.is_empty() {
            problems.error(nodes.place.clone(), "`nodes` is empty; a recipe has a node at least");
        }
        for Entry { key, place, value } in entries {
            if !is_name(key) {
                problems
                    .error(place.clone(), format!("{} cannot name a node", quoted(key)))
                    .help("a name has letters, digits, `_` and `-`, and begins with a letter");
            }
            let body: &[Entry] = match &value.value {
                Value::Map(body) => body,
                _ => {
                    let what = value.describe();
                    problems
                        .error(place.clone(), format!("the node {} is {what}; it is a map with a `kind`", quoted(key)))
                        .help("as in `pcs: { kind: pca, in: { ... }, with: { ... } }`");
                    &[]
                }
            };
            let kind = match &value.value {
                Value::Map(_) => read_kind(key, place, body, registry, variables, problems),
                _ => None,
            };
            heads.by_name.insert(key, heads.all.len());
            heads.all.push(Head { name: key, place: place.clone(), kind, body });
        }
        heads
    }

    /// The names of all nodes.
    pub fn names(&self) -> impl Iterator<Item = &'t str> + Clone {
        self.all.iter().map(|head| head.name)
    }

    /// The names of all nodes, each with those of its parameters.
    pub fn params(&self) -> impl Iterator<Item = (&'t str, Vec<&'static str>)> + Clone {
        let params = |kind: &'static Kind| kind.param_schemas().map(|(name, _)| name).collect();
        self.all.iter().map(move |head| (head.name, head.kind.map(params).unwrap_or_default()))
    }
}

/// Whether a kind cannot do without a file.
pub fn loads(kind: &Kind) -> bool {
    let required = kind.schema.get("required").and_then(Json::as_array);
    let needs = |name: &str| required.is_some_and(|names| names.iter().any(|one| one.as_str() == Some(name)));
    kind.param_schemas().any(|(name, schema)| schema.get("x-file") == Some(&Json::Bool(true)) && needs(name))
}

fn read_kind(
    name: &str,
    place: &Range<usize>,
    body: &[Entry],
    registry: &Registry,
    variables: &Variables,
    problems: &mut Problems,
) -> Option<&'static Kind> {
    let kinds = registry.iter().map(|kind| kind.name).collect::<Vec<_>>();
    let Some(entry) = body.iter().find(|entry| entry.key == "kind") else {
        let problem = problems.error(place.clone(), format!("the node {} has no `kind`", quoted(name)));
        match kinds.contains(&name) {
            true => problem.help(format!("add `kind: {name}`, as the node's name suggests")),
            false => problem.help("`ventral kinds` lists what there is"),
        };
        return None;
    };
    if !variables.check_fixed(&entry.value, problems) {
        return None;
    }
    let value = variables.expand(&entry.value, &[])?;
    let found = value.as_str().and_then(|kind| registry.get(kind));
    if found.is_none() {
        let message = match &value {
            Json::String(kind) => format!("there is no kind {}", quoted(kind)),
            other => format!("`kind` is {}; it is a kind's name", wording::given(other)),
        };
        let place = if entry.value.is_null() { &entry.place } else { &entry.value.place };
        let problem = problems.error(place.clone(), message);
        suggest(problem, value.as_str().unwrap_or_default(), kinds.into_iter(), "the kinds are");
    }
    found.map(|kind| with_ports(kind, body, variables, problems))
}

/// The kind with the ports that the node's own text names, where it is one of these.
fn with_ports(kind: &'static Kind, body: &[Entry], variables: &Variables, problems: &mut Problems) -> &'static Kind {
    if !kind.is_shaped() {
        return kind;
    }
    let section = |name: &str| -> &[Entry] {
        match body.iter().find(|entry| entry.key == name).map(|entry| &entry.value.value) {
            Some(Value::Map(entries)) => entries,
            _ => &[],
        }
    };
    let inputs: Vec<&str> = section("in").iter().map(|entry| entry.key.as_str()).collect();
    let mut params = serde_json::Map::new();
    for entry in section("with") {
        // What names ports is the same in every variant.
        if kind.names_ports(&entry.key) && variables.check_fixed(&entry.value, problems) {
            params.extend(variables.expand(&entry.value, &[]).map(|value| (entry.key.clone(), value)));
        }
    }
    // What is wrong with the parameters is told where they are read.
    kind.shaped(&inputs, &Json::Object(params))
}

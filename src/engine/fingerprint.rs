//! Action keys and their ingredients: one list feeds both the key and `why`, so that they cannot disagree.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;

use serde_json::{Value as Json, json};

use crate::digest::Digest;
use crate::engine::away::{Away, Input};
use crate::engine::files::Files;
use crate::engine::record::{Record, Stored};
use crate::kind::Ingredients;
use crate::plan::{Node, Plan};
use crate::system;
use crate::text::nearest::nearest_path;

/// One action of a node: the whole node, or one entry of its keyed output.
#[derive(Clone, Debug)]
pub struct Action {
    /// The entry; empty for a node without a keyed output.
    pub entry: String,
    pub key: Digest,
    pub ingredients: Ingredients,
}

/// Where each file parameter of a node lies, and its content's digest.
pub type FileUses = BTreeMap<String, (PathBuf, Digest)>;

/// A file parameter that cannot be read.
#[derive(Debug)]
pub struct FileProblem {
    pub param: String,
    pub path: PathBuf,
    pub error: io::Error,
    /// Whether the recipe says where it comes from.
    pub fetchable: bool,
}

impl std::fmt::Display for FileProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let why = match self.error.kind() {
            io::ErrorKind::NotFound if self.fetchable => {
                "there is no such file; `ventral fetch` gets it, as `data` says from where".to_owned()
            }
            io::ErrorKind::NotFound => match nearest_path(&self.path) {
                Some(near) => format!("there is no such file or folder; did you mean {}?", near.display()),
                None => "there is no such file or folder".to_owned(),
            },
            _ => self.error.to_string(),
        };
        write!(f, "`{}`: {}: {why}", self.param, self.path.display())
    }
}

/// A file that a node names and that is not there.
#[derive(Clone, Debug, PartialEq)]
pub struct Absent {
    /// As the recipe writes it.
    pub written: String,
    pub path: PathBuf,
    /// Nodes and their parameters.
    pub readers: BTreeSet<(String, String)>,
    /// Whether the recipe says where it comes from.
    pub fetchable: bool,
}

/// The files that are not there, in the order of the recipe; nothing is read. What an unpacked study says to lie elsewhere counts as there.
pub fn absent(plan: &Plan) -> Vec<Absent> {
    let away = Away::of(&plan.workspace);
    let mut found: Vec<Absent> = Vec::new();
    for node in &plan.nodes {
        for (param, written) in node.kind.files(&node.params) {
            let path = place(plan, node, &param, written);
            if away.input(written).is_some() || path.exists() {
                continue;
            }
            let reader = (node.id.name.clone(), param);
            match found.iter_mut().find(|known| known.written == written) {
                Some(known) => drop(known.readers.insert(reader)),
                None => found.push(Absent {
                    written: written.to_owned(),
                    path,
                    readers: BTreeSet::from([reader]),
                    fetchable: plan.origins.iter().any(|origin| origin.path == written),
                }),
            }
        }
    }
    found
}

/// The digests of the files that a node names; paths are relative to the workspace. What an unpacked study says to lie elsewhere, or not
/// here, is taken as it says.
pub fn files(plan: &Plan, node: &Node, files: &mut Files) -> Result<FileUses, FileProblem> {
    node.kind
        .files(&node.params)
        .into_iter()
        .map(|(param, written)| {
            let away = files.away(&plan.workspace).input(written).cloned();
            let path = match away.as_ref().and_then(Input::at) {
                Some(at) => plan.workspace.join(at),
                None => place(plan, node, &param, written),
            };
            match (files.digest(&path), away) {
                (Ok(digest), _) => Ok((param, (path, digest))),
                (Err(error), Some(away)) if error.kind() == io::ErrorKind::NotFound => Ok((param, (path, away.digest))),
                (Err(error), _) => {
                    let fetchable = plan.origins.iter().any(|origin| origin.path == written);
                    Err(FileProblem { param, path, error, fetchable })
                }
            }
        })
        .collect()
}

/// Where the file of a parameter lies. A program keeps the name that the recipe gives it: links to it may tell it what to do.
fn place(plan: &Plan, node: &Node, param: &str, written: &str) -> PathBuf {
    match node.kind.starts(param) {
        true => plan.workspace.join(written),
        false => system::resolve(&plan.workspace, written),
    }
}

/// What a node's edge brings: the outputs it names, as they are stored upstream.
pub fn arrivals<'a>(node: &Node, edge: usize, upstream: &'a [Record]) -> Result<Vec<&'a Stored>, String> {
    let edge = &node.edges[edge];
    let all = upstream.iter().flat_map(|record| &record.outputs).filter(|stored| stored.port == edge.output);
    let found: Vec<&Stored> = match &edge.key {
        None => all.collect(),
        Some(key) => all.filter(|stored| stored.key.as_ref() == Some(key)).collect(),
    };
    if found.is_empty() {
        let name = match &edge.key {
            None => edge.output.clone(),
            Some(key) => format!("{}[{key}]", edge.output),
        };
        return Err(format!("reads `{name}`, which its source has not given: the data do not hold it"));
    }
    Ok(found)
}

/// The actions of a node whose inputs are known.
///
/// `inputs` has the arrivals of each edge, in edge order.
pub fn actions(node: &Node, inputs: &[Vec<&Stored>], files: &FileUses) -> Vec<Action> {
    let entries = node.kind.entries(&node.params);
    let mut shared = Ingredients::new();
    shared.insert("kind".to_owned(), json!(node.kind.name));
    shared.insert("version".to_owned(), json!(node.kind.version));
    if let Some(decoders) = node.kind.decoders {
        shared.insert("decoders".to_owned(), json!(decoders));
    }
    for (param, (_, digest)) in files {
        shared.insert(format!("file.{param}"), json!(digest));
    }
    let mut ports: BTreeMap<&str, Vec<Json>> = BTreeMap::new();
    for (edge, found) in node.edges.iter().zip(inputs) {
        for stored in found {
            let mut arrival = serde_json::Map::new();
            if !edge.label.is_empty() {
                arrival.insert("label".to_owned(), json!(edge.label));
            }
            // A fold's number says which fit it is; a key that the reference names says nothing beyond the content.
            if let (None, Some(key)) = (&edge.key, &stored.key) {
                arrival.insert("key".to_owned(), json!(key));
            }
            arrival.insert("digest".to_owned(), json!(stored.digest));
            ports.entry(&edge.port).or_default().push(Json::Object(arrival));
        }
    }
    for (port, arrivals) in ports {
        let value = match <[Json; 1]>::try_from(arrivals) {
            Ok([Json::Object(one)]) if one.len() == 1 => one["digest"].clone(),
            Ok([one]) => json!([one]),
            Err(many) => Json::Array(many),
        };
        shared.insert(format!("input.{port}"), value);
    }
    let of_entry = |entry: &str| {
        let narrowed;
        let params = if entry.is_empty() {
            &node.params
        } else {
            narrowed = node.kind.narrow(&node.params, &[entry.to_owned()]);
            &narrowed
        };
        let mut ingredients = shared.clone();
        for (name, value) in node.kind.significant(params) {
            ingredients.insert(format!("param.{name}"), value);
        }
        let key = Digest::of_json(&json!(ingredients));
        Action { entry: entry.to_owned(), key, ingredients }
    };
    if entries.is_empty() { vec![of_entry("")] } else { entries.iter().map(|entry| of_entry(entry)).collect() }
}

/// How two ingredient lists differ: name, old value, new value.
pub fn differences<'a>(
    old: &'a Ingredients,
    new: &'a Ingredients,
) -> Vec<(&'a str, Option<&'a Json>, Option<&'a Json>)> {
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    names
        .into_iter()
        .filter(|name| old.get(*name) != new.get(*name))
        .map(|name| (name.as_str(), old.get(name), new.get(name)))
        .collect()
}

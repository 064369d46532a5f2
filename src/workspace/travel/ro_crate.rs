//! A pack described for machines: a Workflow Run RO-Crate, by its profile for provenance (Process, Workflow and Provenance Run Crate 0.5).
//!
//! The recipe is the workflow, a kind of node a tool, a node a step; each step's action names what it read and what it gave. Results that
//! are not files of the pack are named by their digests.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json, json};
use typed_index_collections::TiSlice;

use crate::engine::record::{Outcome, Stored};
use crate::engine::store::Store;
use crate::plan::{Node, NodeIndex, Plan};
use crate::workspace::travel::manifest::{CACHE, Manifest};

pub const METADATA: &str = "ro-crate-metadata.json";
const CONTEXT: &str = "https://w3id.org/ro/crate/1.1/context";
const CRATE: &str = "https://w3id.org/ro/crate/1.1";
const WORKFLOW: &str = "https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE";
const PROFILES: [(&str, &str, &str); 4] = [
    ("https://w3id.org/ro/wfrun/process/0.5", "Process Run Crate", "0.5"),
    ("https://w3id.org/ro/wfrun/workflow/0.5", "Workflow Run Crate", "0.5"),
    ("https://w3id.org/ro/wfrun/provenance/0.5", "Provenance Run Crate", "0.5"),
    ("https://w3id.org/workflowhub/workflow-ro-crate/1.0", "Workflow RO-Crate", "1.0"),
];
/// Where nobody said under which licence.
const NO_LICENCE: &str = "Not stated: ask the authors before you use it";

/// A pack that is described.
pub struct Crate<'a> {
    pub plan: &'a Plan,
    pub outcomes: &'a TiSlice<NodeIndex, Outcome>,
    pub manifest: &'a Manifest,
    /// The inputs' names in the pack, by what the recipe writes; folders end in a slash.
    pub inputs: &'a BTreeMap<String, String>,
    /// The pack's name of each table, by its content's digest.
    pub tables: &'a BTreeMap<String, String>,
    /// When the newest result was made.
    pub finished: &'a str,
    pub license: Option<&'a str>,
}

impl Crate<'_> {
    /// The document; the same for the same pack.
    pub fn text(&self) -> String {
        let mut graph = Graph::default();
        self.root(&mut graph);
        self.workflow(&mut graph);
        self.run(&mut graph);
        for (at, node) in self.plan.nodes.iter_enumerated() {
            self.step(at, node, &mut graph);
        }
        self.files(&mut graph);
        let mut entities: Vec<Json> = graph.entities.into_values().map(compact).collect();
        // What readers look for first.
        entities.sort_by_key(|entity| match entity["@id"].as_str() {
            Some(METADATA) => 0,
            Some("./") => 1,
            _ => 2,
        });
        let context = json!([CONTEXT, { "sha256": "http://schema.org/sha256" }]);
        let document = json!({ "@context": context, "@graph": entities });
        let mut text = serde_json::to_string_pretty(&document).expect("JSON values serialise");
        text.push('\n');
        text
    }

    fn root(&self, graph: &mut Graph) {
        graph.add(json!({
            "@id": METADATA, "@type": "CreativeWork", "about": link("./"),
            "conformsTo": [link(CRATE), link(PROFILES[3].0)],
        }));
        for (id, name, version) in PROFILES {
            graph.add(json!({ "@id": id, "@type": "CreativeWork", "name": name, "version": version }));
        }
        let about = self.plan.about.trim();
        let description = if about.is_empty() { "An encoding-model study of visual cortex." } else { about };
        let runs = self.plan.nodes.keys().map(action);
        let mentions: Vec<Json> =
            ["#run".to_owned(), "#engine-run".to_owned()].into_iter().chain(runs).map(|id| link(&id)).collect();
        let folders = self.inputs.values().filter(|name| name.ends_with('/'));
        let parts: Vec<Json> = self
            .manifest
            .files
            .keys()
            .filter(|name| *name != METADATA)
            .chain(folders)
            .map(|name| link(&id_of(name)))
            .collect();
        let license = match self.license {
            Some(address) if address.starts_with("https://") || address.starts_with("http://") => {
                graph.add(json!({ "@id": address, "@type": "CreativeWork", "name": address }));
                link(address)
            }
            words => json!(words.unwrap_or(NO_LICENCE)),
        };
        graph.add(json!({
            "@id": "./", "@type": "Dataset",
            "name": self.plan.title, "description": description, "datePublished": self.finished,
            "license": license,
            "conformsTo": PROFILES.map(|(id, ..)| link(id)),
            "mainEntity": link(&id_of(&self.manifest.recipe)),
            "hasPart": parts, "mentions": mentions,
        }));
    }

    /// The recipe, its language, its steps' tools, and what goes in and comes out.
    fn workflow(&self, graph: &mut Graph) {
        let kinds: BTreeMap<&str, &Node> = self.plan.nodes.iter().map(|node| (node.kind.name, node)).collect();
        let steps = self.plan.nodes.keys().map(step).map(|id| link(&id));
        let tools = kinds.keys().map(|kind| link(&tool(kind)));
        let inputs: Vec<String> = self.inputs.keys().map(|written| formal("input", written)).collect();
        let report = formal("output", "report");
        graph.add(json!({
            "@id": id_of(&self.manifest.recipe),
            "@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow", "HowTo"],
            "conformsTo": link(WORKFLOW), "name": self.plan.title, "programmingLanguage": link("#recipes"), "version": "1",
            "input": inputs.iter().map(|id| link(id)).collect::<Vec<_>>(), "output": [link(&report)],
            "hasPart": tools.collect::<Vec<_>>(), "step": steps.collect::<Vec<_>>(),
        }));
        graph.add(json!({ "@id": "#recipes", "@type": "ComputerLanguage", "name": "Recipes of ventral (YAML)", "version": "1" }));
        for (kind, node) in kinds {
            let about = node.kind.about.lines().next().unwrap_or_default();
            graph.add(json!({
                "@id": tool(kind), "@type": "SoftwareApplication", "name": format!("{kind} (ventral)"),
                "description": about, "softwareVersion": format!("{} (kind version {})", self.manifest.ventral, node.kind.version),
            }));
        }
        for (written, name) in self.inputs {
            let ty = if name.ends_with('/') { "Dataset" } else { "File" };
            let parameter = formal("input", written);
            graph.add(json!({
                "@id": parameter, "@type": "FormalParameter", "name": written, "additionalType": ty, "workExample": link(&id_of(name)),
            }));
            graph.examples.entry(name.clone()).or_default().insert(parameter);
        }
        let page = &self.manifest.report;
        graph.add(json!({
            "@id": report, "@type": "FormalParameter", "name": "report", "additionalType": "File", "workExample": link(&id_of(page)),
        }));
        graph.examples.entry(page.clone()).or_default().insert(report);
    }

    /// The run of the whole, by the program.
    fn run(&self, graph: &mut Graph) {
        let read: Vec<Json> = self.inputs.values().map(|name| link(&id_of(name))).collect();
        let tables = self.tables.values().map(String::as_str).collect::<BTreeSet<_>>();
        let gave: Vec<Json> =
            [self.manifest.report.as_str()].into_iter().chain(tables).map(|name| link(&id_of(name))).collect();
        let command = self.manifest.commands.get(&self.manifest.report).map_or("", String::as_str);
        graph.add(json!({
            "@id": "#run", "@type": "CreateAction", "name": format!("The run of {}", self.manifest.recipe), "description": command,
            "instrument": link(&id_of(&self.manifest.recipe)), "object": read, "result": gave, "endTime": offset(self.finished),
            "actionStatus": "http://schema.org/CompletedActionStatus",
        }));
        let made = &self.manifest.made_with;
        let versions: Vec<&str> = made.get("ventral").into_iter().flatten().map(String::as_str).collect();
        graph.add(json!({
            "@id": "#ventral", "@type": "SoftwareApplication", "name": "ventral", "softwareVersion": versions.join(", "),
            "description": "Encoding-model studies of visual cortex as cached, typed recipes.",
            "softwareRequirements": made.get("libtorch").into_iter().flatten().map(|version| format!("libtorch {version}")).collect::<Vec<_>>(),
        }));
        let controls: Vec<Json> = self.plan.nodes.keys().map(|at| link(&control(at))).collect();
        graph.add(json!({
            "@id": "#engine-run", "@type": "OrganizeAction", "name": "What ventral did", "instrument": link("#ventral"),
            "object": controls, "result": link("#run"), "endTime": offset(self.finished),
        }));
    }

    /// A node: its step in the workflow, and what it read and gave.
    fn step(&self, at: NodeIndex, node: &Node, graph: &mut Graph) {
        let name = node.id.to_string();
        graph.add(json!({
            "@id": step(at), "@type": "HowToStep", "name": name, "position": (usize::from(at) + 1).to_string(),
            "workExample": link(&tool(node.kind.name)),
        }));
        graph.add(json!({
            "@id": control(at), "@type": "ControlAction", "name": format!("Run of {name}"), "instrument": link(&step(at)),
            "object": link(&action(at)),
        }));
        let files = node.kind.files(&node.params).into_iter().map(|(_, written)| self.input(written, graph));
        let mut read: BTreeSet<String> = files.collect();
        for edge in &node.edges {
            let of_edge =
                |stored: &&Stored| stored.port == edge.output && (edge.key.is_none() || stored.key == edge.key);
            read.extend(
                self.outcomes[edge.from].outputs().filter(of_edge).map(|stored| self.result(edge.from, stored, graph)),
            );
        }
        let outcome = &self.outcomes[at];
        let gave: BTreeSet<String> = outcome.outputs().map(|stored| self.result(at, stored, graph)).collect();
        let ended = outcome.records.iter().map(|record| record.provenance.at.as_str()).max().unwrap_or(self.finished);
        let made: BTreeSet<String> = outcome
            .records
            .iter()
            .map(|record| {
                let made = &record.provenance;
                format!("ventral {}, libtorch {}, on {} ({})", made.ventral, made.libtorch, made.hardware, made.device)
            })
            .collect();
        let links = |ids: BTreeSet<String>| ids.iter().map(|id| link(id)).collect::<Vec<_>>();
        graph.add(json!({
            "@id": action(at), "@type": "CreateAction", "name": name, "description": made.into_iter().collect::<Vec<_>>().join("; "),
            "instrument": link(&tool(node.kind.name)), "object": links(read), "result": links(gave), "endTime": offset(ended),
            "actionStatus": "http://schema.org/CompletedActionStatus",
        }));
    }

    /// A file or folder that is read: of the pack, or by its digest where it was left out.
    fn input(&self, written: &str, graph: &mut Graph) -> String {
        if let Some(name) = self.inputs.get(written) {
            return id_of(name);
        }
        let away = self.manifest.away.input(written);
        let id = formal("left-out", written);
        let digest = away.map_or_else(String::new, |input| input.digest.to_string());
        let why = away.and_then(|input| input.left_out.clone()).unwrap_or_default();
        graph.add(json!({
            "@id": id, "@type": "PropertyValue", "name": written, "propertyID": "BLAKE3", "value": digest,
            "description": format!("An input that was left out: {why}"),
        }));
        id
    }

    /// A result: its file in the pack, or its digest.
    fn result(&self, at: NodeIndex, stored: &Stored, graph: &mut Graph) -> String {
        let object = format!("{CACHE}{}", Store::object_name(stored));
        if let Some(table) = self.tables.get(&stored.digest.to_string()) {
            return id_of(table);
        }
        if self.manifest.files.contains_key(&object) {
            return id_of(&object);
        }
        let id = format!("#result-{}", stored.digest);
        graph.add(json!({
            "@id": id, "@type": "PropertyValue", "name": format!("{}: {}", self.plan.nodes[at].id, stored.name()),
            "propertyID": "BLAKE3", "value": stored.digest.to_string(),
        }));
        id
    }

    /// Every file of the pack, with its digest.
    fn files(&self, graph: &mut Graph) {
        for (name, content) in &self.manifest.files {
            let mut file = Map::new();
            file.insert("@id".to_owned(), json!(id_of(name)));
            file.insert("@type".to_owned(), json!("File"));
            file.insert("name".to_owned(), json!(name));
            if name == "README.md" {
                file.insert("about".to_owned(), link("./"));
            }
            if let Some(command) = self.manifest.commands.get(name) {
                file.insert("description".to_owned(), json!(format!("Made by `{command}`")));
            }
            if let Some(format) = format_of(name) {
                file.insert("encodingFormat".to_owned(), json!(format));
            }
            file.insert("contentSize".to_owned(), json!(content.bytes.to_string()));
            file.insert("sha256".to_owned(), json!(content.sha256));
            if let Some(parameters) = graph.examples.get(name) {
                let parameters: Vec<Json> = parameters.iter().map(|id| link(id)).collect();
                file.insert("exampleOfWork".to_owned(), json!(parameters));
            }
            graph.complete(file);
        }
        for name in self.inputs.values().filter(|name| name.ends_with('/')) {
            let parts = self.manifest.files.keys().filter(|file| file.starts_with(name.as_str()));
            let parts: Vec<Json> = parts.map(|file| link(&id_of(file))).collect();
            let parameters: Vec<Json> = graph.examples.get(name).into_iter().flatten().map(|id| link(id)).collect();
            graph.add(json!({
                "@id": id_of(name), "@type": "Dataset", "name": name, "hasPart": parts, "exampleOfWork": parameters,
            }));
        }
    }
}

/// Entities by their identifiers.
#[derive(Default)]
struct Graph {
    entities: BTreeMap<String, Json>,
    /// The parameters of which a file or folder is an example, by its name.
    examples: BTreeMap<String, BTreeSet<String>>,
}

impl Graph {
    fn add(&mut self, entity: Json) {
        let id = entity["@id"].as_str().unwrap_or_default().to_owned();
        self.entities.entry(id).or_insert(entity);
    }

    /// Adds a file, or to what is known of one that is more.
    fn complete(&mut self, file: Map<String, Json>) {
        let id = file["@id"].as_str().unwrap_or_default().to_owned();
        match self.entities.get_mut(&id).and_then(Json::as_object_mut) {
            Some(known) => {
                for (name, value) in file {
                    known.entry(name).or_insert(value);
                }
            }
            None => drop(self.entities.insert(id, Json::Object(file))),
        }
    }
}

/// An entity as RO-Crate writes it: one value stands alone, and none not at all.
fn compact(entity: Json) -> Json {
    let Json::Object(fields) = entity else { return entity };
    let fields = fields.into_iter().filter_map(|(name, value)| match value {
        Json::Array(values) if values.is_empty() => None,
        Json::Array(mut values) if values.len() == 1 => Some((name, values.remove(0))),
        value => Some((name, value)),
    });
    Json::Object(fields.collect())
}

/// A time of a record, which is UTC, with its offset.
fn offset(time: &str) -> String {
    time.strip_suffix('Z').map_or_else(|| time.to_owned(), |time| format!("{time}+00:00"))
}

fn link(id: &str) -> Json {
    json!({ "@id": id })
}

fn tool(kind: &str) -> String {
    format!("#kind-{kind}")
}

fn step(at: NodeIndex) -> String {
    format!("#step-{}", usize::from(at) + 1)
}

fn action(at: NodeIndex) -> String {
    format!("#action-{}", usize::from(at) + 1)
}

fn control(at: NodeIndex) -> String {
    format!("#control-{}", usize::from(at) + 1)
}

fn formal(what: &str, name: &str) -> String {
    format!("#{what}-{}", id_of(name))
}

/// A file's name as an identifier: a relative address.
fn id_of(name: &str) -> String {
    let mut id = String::new();
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => id.push(byte.into()),
            _ => id += &format!("%{byte:02X}"),
        }
    }
    id
}

/// The media type of a file, by its extension.
fn format_of(name: &str) -> Option<&'static str> {
    Some(match name.rsplit_once('.')?.1 {
        "csv" => "text/csv",
        "html" => "text/html",
        "json" => "application/json",
        "md" => "text/markdown",
        "yaml" | "yml" | "lock" => "application/yaml",
        "py" => "text/x-python",
        "png" => "image/png",
        "zip" => "application/zip",
        "parquet" => "application/vnd.apache.parquet",
        "h5" | "hdf5" => "application/x-hdf5",
        _ => return None,
    })
}

//! `ventral check`, `kinds`, `schema` and `graph`: recipes and kinds, with nothing run.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::{Value as Json, json};
use typed_index_collections::TiVec;

use crate::cli::outcome::{Failure, Outcome};
use crate::cli::recipe::{Recipe, assignment, warn};
use crate::cli::terminal;
use crate::cli::weights;
use crate::diagnostic::{Diagnostics, quoted};
use crate::engine::fingerprint::{self, Absent};
use crate::kind::registry::Registry;
use crate::recipe::manual::kinds::Entry;
use crate::recipe::manual::{kinds, schema};
use crate::report::draw::dag;
use crate::text::nearest::nearest_path;
use crate::workspace::Session;

/// Read and type-check recipes; nothing runs
///
/// Every problem of every recipe is told, each with its place, the line and a hint. Exit status 2 if there is any. Files and weights
/// that are not there are told as well, with what fetches them; they are problems under `--strict` alone.
#[derive(Args)]
pub struct Check {
    /// Recipe files
    #[arg(required = true)]
    recipes: Vec<PathBuf>,
    /// Override a variable, or replace a sweep
    #[arg(long, value_name = "K=V", value_parser = assignment)]
    set: Vec<(String, String)>,
    /// Count files that are not there as problems
    #[arg(long)]
    strict: bool,
    /// Print problems as JSON
    #[arg(long)]
    json: bool,
}

impl Check {
    pub fn execute(self, registry: &Registry) -> Outcome {
        let mut wrong = false;
        let mut problems = Vec::new();
        for path in &self.recipes {
            match Session::open(path, registry, &self.set) {
                Ok(session) => {
                    let told = session.warnings.refusing();
                    if told.refuse() {
                        wrong = true;
                        self.tell(&told, &mut problems);
                        continue;
                    }
                    warn(&session);
                    let absent = fingerprint::absent(&session.plan);
                    wrong |= self.strict && !absent.is_empty();
                    if self.json {
                        problems.extend(self.strict.then(|| json!(absent.iter().map(as_json).collect::<Vec<_>>())));
                        continue;
                    }
                    let word = if self.strict { "error" } else { "warning" };
                    absent.iter().for_each(|file| terminal::note(&format!("{word}: {}", words(file, &session))));
                    let said = match absent.len() {
                        0 => "nothing wrong".to_owned(),
                        1 => "nothing wrong but a file that is not there".to_owned(),
                        n => format!("nothing wrong but {n} files that are not there"),
                    };
                    terminal::print(&format!("{}: {} nodes, {said}", path.display(), session.plan.nodes.len()));
                }
                Err(diagnostics) => {
                    wrong = true;
                    self.tell(&diagnostics, &mut problems);
                }
            }
        }
        if self.json {
            let all: Vec<_> =
                problems.into_iter().flat_map(|list| list.as_array().cloned().unwrap_or_default()).collect();
            terminal::print_json(&json!(all));
        }
        if wrong { Err(Failure::Reported(2)) } else { Ok(()) }
    }
}

impl Check {
    fn tell(&self, diagnostics: &Diagnostics, problems: &mut Vec<Json>) {
        if self.json {
            problems.push(diagnostics.to_json());
        } else {
            terminal::note(&diagnostics.render(terminal::colour()));
        }
    }
}

/// A file that is not there, who reads it, and what fetches it or may have been meant.
fn words(file: &Absent, session: &Session) -> String {
    let workspace = &session.plan.workspace;
    let readers = file.readers.iter().map(|(node, param)| format!("{} ({param})", quoted(node)));
    let near = || {
        let near = nearest_path(&file.path)?;
        let shown = near.strip_prefix(workspace).unwrap_or(&near).display().to_string();
        Some(format!("; did you mean {shown}?"))
    };
    let way = match (file.fetchable, weights::fetched_by(&file.path, workspace)) {
        (true, _) => "; `ventral fetch` gets it".to_owned(),
        (_, Some(model)) => format!("; `ventral weights get {model}` gets it"),
        _ => near().or_else(|| weights::published_instead(file, &session.plan)).unwrap_or_default(),
    };
    format!("{} is not there; {} reads it{way}", file.written, readers.collect::<Vec<_>>().join(", "))
}

fn as_json(file: &Absent) -> Json {
    let readers = file.readers.iter().map(|(node, param)| json!({ "node": node, "parameter": param }));
    json!({ "severity": "error", "message": format!("{} is not there", file.written), "readers": readers.collect::<Vec<_>>() })
}

/// How a graph is written.
#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// A line per node
    Text,
    /// For Graphviz
    Dot,
    /// For Markdown pages that draw Mermaid
    Mermaid,
    /// A picture
    Svg,
}

/// The recipe as a graph
#[derive(Args)]
pub struct Graph {
    #[command(flatten)]
    recipe: Recipe,
    /// How it is written
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Print JSON: nodes with their kinds, states and inputs
    #[arg(long)]
    json: bool,
}

impl Graph {
    pub fn execute(self, registry: &Registry) -> Outcome {
        let session = self.recipe.open(registry)?;
        let survey = session.survey();
        let plan = &session.plan;
        if self.json {
            let nodes: Vec<_> = plan
                .nodes
                .iter()
                .zip(&survey.outcomes)
                .map(|(node, outcome)| {
                    let inputs: Vec<_> = node
                        .edges
                        .iter()
                        .map(|edge| {
                            json!({ "port": edge.port, "node": plan.nodes[edge.from].id.to_string(), "output": edge.output, "key": edge.key })
                        })
                        .collect();
                    json!({ "node": node.id.to_string(), "kind": node.kind.name, "state": outcome.state, "inputs": inputs })
                })
                .collect();
            terminal::print_json(&json!(nodes));
            return Ok(());
        }
        let format = match self.format {
            Format::Text => dag::Format::Text,
            Format::Dot => dag::Format::Dot,
            Format::Mermaid => dag::Format::Mermaid,
            Format::Svg => dag::Format::Svg,
        };
        let states: TiVec<_, _> = survey.outcomes.iter().map(|outcome| Some(outcome.state.name().to_owned())).collect();
        terminal::print(&dag::draw(plan, format, &states));
        Ok(())
    }
}

/// The node kinds, or one kind's ports, parameters and example
///
/// `ventral kinds charts` lists the charts of a report, and `ventral kinds heatmap` prints the options of one.
#[derive(Args)]
pub struct Kinds {
    /// A kind, such as ridge
    kind: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Kinds {
    pub fn execute(self, registry: &Registry) -> Outcome {
        let charts = crate::report::charts();
        match &self.kind {
            None if self.json => terminal::print_json(&kinds::list_json(registry)),
            None => terminal::print(&kinds::list(registry)),
            Some(word) if word == "charts" && self.json => {
                terminal::print_json(&charts.iter().map(kinds::chart_json).collect());
            }
            Some(word) if word == "charts" => terminal::print(&kinds::charts(charts)),
            Some(name) => match kinds::find(registry, charts, name).map_err(Failure::Usage)? {
                Entry::Kind(kind) if self.json => terminal::print_json(&kinds::kind_json(kind)),
                Entry::Kind(kind) => terminal::print(&kinds::kind(kind)),
                Entry::Chart(chart) if self.json => terminal::print_json(&kinds::chart_json(chart)),
                Entry::Chart(chart) => terminal::print(&kinds::chart(chart)),
            },
        }
        Ok(())
    }
}

/// The JSON Schema of every recipe, for editors that complete and check as one types
///
/// Save it beside the recipes and name it in their first line:
/// `# yaml-language-server: $schema=schema.json`
#[derive(Args)]
pub struct Schema {}

impl Schema {
    pub fn execute(self, registry: &Registry) -> Outcome {
        terminal::print_json(&schema::schema(registry, crate::report::charts()));
        Ok(())
    }
}

//! `ventral init` and `ventral doctor`: a new workspace, and what this machine offers.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;
use serde_json::{Map, Value as Json, json};

use crate::cli::outcome::{Failure, Outcome};
use crate::cli::shipped::{self, Named};
use crate::cli::terminal;
use crate::diagnostic::{listed, quoted};
use crate::engine::machine::Machine;
use crate::engine::worker::memory;
use crate::engine::worker::pool::Workers;
use crate::kind::registry::Registry;
use crate::recipe::manual::schema;
use crate::system;
use crate::text::amount;

const CACHE_PAGE: &str = include_str!("../../cache/README.md");
const PAGES: &str = include_str!("pages.yml");
const REPORTS_PAGE: &str = include_str!("../../reports/README.md");

/// Make a new workspace with a recipe that runs
#[derive(Args)]
pub struct Init {
    /// The folder to make; files that are there already stay as they are
    dir: PathBuf,
    /// The recipe to begin with instead of the quickstart: one that comes with ventral, such as `similarity`; several, or `all`
    #[arg(long, value_name = "NAME")]
    from: Vec<String>,
    /// Add a workflow that puts the site of `ventral publish site` on GitHub Pages
    #[arg(long)]
    pages: bool,
}

impl Init {
    pub fn execute(self, registry: &Registry) -> Outcome {
        let schema = serde_json::to_string_pretty(&schema::schema(registry, crate::report::charts()))
            .expect("JSON values serialise");
        let pages = self.pages.then_some((".github/workflows/pages.yml", PAGES));
        let recipes = self.recipes()?;
        let of_recipes = recipes.iter().map(|(name, text)| (format!("recipes/{name}.yaml"), *text));
        let of_recipes: Vec<(String, &str)> = of_recipes.collect();
        let files: [(&str, &str); 4] = [
            ("recipes/schema.json", &schema),
            ("cache/README.md", CACHE_PAGE),
            ("reports/README.md", REPORTS_PAGE),
            (".gitignore", "/cache/*\n!/cache/README.md\n/reports/*\n!/reports/README.md\n/weights/\n"),
        ];
        let of_recipes = of_recipes.iter().map(|(name, text)| (name.as_str(), *text));
        for (name, text) in of_recipes.chain(files).chain(pages) {
            let path = self.dir.join(name);
            let made = write_new(&path, text).map_err(|e| Failure::Failed(format!("{}: {e}", path.display())))?;
            terminal::note(&format!("{} {}", if made { "made" } else { "kept" }, path.display()));
        }
        let first =
            recipes.iter().find(|(name, _)| *name == shipped::FIRST).or(recipes.first()).map_or("", |(name, _)| name);
        terminal::print(&format!("now: ventral run {}", self.dir.join(format!("recipes/{first}.yaml")).display()));
        Ok(())
    }

    /// The recipes asked for, each once.
    fn recipes(&self) -> Result<Vec<Named>, Failure> {
        if self.from.iter().any(|name| name == "all") {
            return Ok(shipped::RECIPES.to_vec());
        }
        let mut found: Vec<Named> = Vec::new();
        let asked = self.from.iter().map(String::as_str);
        for name in asked.chain(self.from.is_empty().then_some(shipped::FIRST)) {
            let one = shipped::RECIPES.iter().find(|(known, _)| *known == name.trim_end_matches(".yaml"));
            let one = one.ok_or_else(|| {
                let known = listed(shipped::RECIPES.iter().map(|(name, _)| *name));
                Failure::Usage(format!("no recipe {} comes with ventral; there are {known}, and `all`", quoted(name)))
            })?;
            if !found.contains(one) {
                found.push(*one);
            }
        }
        Ok(found)
    }
}

fn write_new(path: &Path, text: &str) -> std::io::Result<bool> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    match fs::OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(mut file) => std::io::Write::write_all(&mut file, text.as_bytes()).map(|()| true),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

/// What this machine offers: libtorch, devices, threads, disk
///
/// Exit status 1 where nodes could not be computed.
#[derive(Args)]
pub struct Doctor {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Doctor {
    pub fn execute(self) -> Outcome {
        let machine = Machine::here();
        let workspace = crate::recipe::workspace_of(Path::new("recipe.yaml"));
        let mut facts = Map::new();
        facts.insert("ventral".into(), json!(env!("CARGO_PKG_VERSION")));
        facts.insert("workspace".into(), json!(workspace));
        facts.insert("threads".into(), json!(machine.threads));
        facts.insert("threads_per_tensor_node".into(), json!(machine.team));
        facts.insert("memory".into(), json!(system::memory()));
        facts.insert("disk_free".into(), json!(memory::free_disk(&workspace)));
        let worker = Workers::find();
        let described = worker.clone().and_then(|program| describe(&program));
        match &worker {
            Ok(program) => facts.insert("worker".into(), json!(program)),
            Err(message) => facts.insert("worker".into(), json!(message)),
        };
        match &described {
            Ok(Json::Object(libtorch)) => facts.extend(libtorch.clone()),
            Ok(other) => drop(facts.insert("libtorch".into(), other.clone())),
            Err(message) => drop(facts.insert("libtorch".into(), json!(message))),
        }
        if self.json {
            terminal::print_json(&Json::Object(facts));
        } else {
            let text = facts.iter().map(|(name, value)| {
                let value = match value {
                    Json::Number(bytes) if matches!(name.as_str(), "memory" | "disk_free") => {
                        amount::bytes(bytes.as_u64().unwrap_or(0))
                    }
                    Json::String(text) => text.clone(),
                    other => other.to_string(),
                };
                format!("{:<24} {value}\n", name.replace('_', " "))
            });
            terminal::print(&text.collect::<String>());
        }
        if described.is_ok() { Ok(()) } else { Err(Failure::Reported(1)) }
    }
}

/// What a worker's program says of its libtorch.
pub fn describe(program: &Path) -> Result<Json, String> {
    let output = Command::new(program)
        .arg("--describe")
        .output()
        .map_err(|e| format!("cannot start {}: {e}", program.display()))?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        return Err(format!("the worker does not start: {}", errors.lines().last().unwrap_or("no reason given")));
    }
    serde_json::from_slice(&output.stdout).map_err(|e| format!("the worker's answer does not read: {e}"))
}

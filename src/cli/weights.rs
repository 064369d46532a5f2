//! `ventral weights list|get`: pretrained weights, which the recipes want, where they are, and fetching them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::{Value as Json, json};

use crate::cli::coming::Coming;
use crate::cli::download::{Download, Other};
use crate::cli::outcome::{Failure, Outcome};
use crate::cli::recipe::in_workspace;
use crate::cli::terminal;
use crate::engine::fingerprint::Absent;
use crate::formats::checkpoint::index;
use crate::kind::registry::Registry;
use crate::nets::zoo::published;
use crate::nets::zoo::published::Published;
use crate::plan::{Node, Plan};
use crate::text::amount;
use crate::text::nearest::nearest;
use crate::workspace::Session;

/// The folder of the workspace that `get` fetches into.
const FOLDER: &str = "weights";
/// The variable that names a mirror.
const MIRROR: &str = "VENTRAL_WEIGHTS_FROM";
/// The parameters by which kinds take weights, alone or within a program, and the one that says of what.
const PARAMETERS: ([&str; 3], &str) = (["weights", "weights.path", "model.torchscript"], "model");

/// Pretrained weights: which the recipes want, where they are; fetch them
#[derive(Args)]
pub struct Weights {
    #[command(subcommand)]
    command: Command,
    /// The workspace, or a folder in it
    #[arg(long, global = true, default_value = ".")]
    workspace: PathBuf,
}

#[derive(Subcommand)]
enum Command {
    /// The weights that the workspace's recipes want, and those that can be fetched
    List {
        /// Print JSON: an array with an object per file
        #[arg(long)]
        json: bool,
    },
    /// Fetch published weights into weights/, and check them
    ///
    /// The file comes from its publisher, goes on where an earlier attempt ended, and is put in its place only when its
    /// SHA-256 begins as its name says (0676ba61 of resnet50-0676ba61.pth). HTTPS_PROXY and NO_PROXY are followed.
    #[command(after_help = "Examples:\n  ventral weights get resnet50\n  \
        ventral weights get resnet50-11ad3fa6.pth     (torchvision's second version, by its file's name)\n  \
        ventral weights get resnet50 --from https://mirror.example/torchvision")]
    Get {
        /// A model, such as resnet50, or a published file's name
        name: String,
        /// A mirror: the address of a folder with files of the same names; VENTRAL_WEIGHTS_FROM says so for good
        #[arg(long, value_name = "URL")]
        from: Option<String>,
    },
}

impl Weights {
    pub fn execute(self, registry: &Registry) -> Outcome {
        let workspace = crate::recipe::workspace_of(&self.workspace.join("recipe.yaml"));
        if !workspace.join("recipes").is_dir() {
            return Err(Failure::Usage(format!(
                "{} has no recipes/; run this in a workspace, or name it with --workspace",
                workspace.display()
            )));
        }
        match self.command {
            Command::List { json } => list(&workspace, registry, json),
            Command::Get { name, from } => get(&workspace, &name, from),
        }
    }
}

/// A file of weights that somebody wants or that is published.
struct Row {
    model: Option<String>,
    path: PathBuf,
    /// Recipe and node.
    wanted_by: BTreeSet<(String, String)>,
    /// What `get` would be asked for.
    get: Option<&'static str>,
}

impl Row {
    /// Bytes of the file, of an index and its parts, or of a folder's files; none where it is not there.
    fn bytes(&self) -> Option<u64> {
        let length = |path: &Path| fs::metadata(path).ok().filter(fs::Metadata::is_file).map(|metadata| metadata.len());
        if self.path.is_dir() {
            let entries = fs::read_dir(&self.path).ok()?.flatten();
            return Some(entries.filter_map(|entry| length(&entry.path())).sum());
        }
        let parts = index::parts_of(&self.path);
        Some(length(&self.path)? + parts.iter().filter_map(|part| length(part)).sum::<u64>())
    }

    /// The path as recipes of the workspace write it.
    fn shown(&self, workspace: &Path) -> String {
        self.path.strip_prefix(workspace).unwrap_or(&self.path).display().to_string()
    }
}

/// What `ventral weights get` would be asked for, for a file.
pub fn fetched_by(path: &Path, workspace: &Path) -> Option<&'static str> {
    let fetched = |published: &Published| workspace.join(FOLDER).join(&published.file) == path;
    published::files().find(fetched).and_then(|published| published.model)
}

/// What gets weights that a recipe names otherwise than they are published, where there are such for the node's model.
pub fn published_instead(file: &Absent, plan: &Plan) -> Option<String> {
    let reads = |node: &&Node| {
        file.readers.iter().any(|(name, param)| *name == node.id.name && PARAMETERS.0.contains(&param.as_str()))
    };
    let model = plan.nodes.iter().find(reads)?.params.get(PARAMETERS.1)?.as_str()?;
    let published = published::find(model)?;
    let words = if file.written.contains(['/', '.']) { "" } else { "`weights` is a file, or `random`: " };
    Some(format!("; {words}`ventral weights get {model}` gets {FOLDER}/{}", published.file))
}

fn list(workspace: &Path, registry: &Registry, as_json: bool) -> Outcome {
    let (mut rows, unread) = wanted(workspace, registry);
    let known: Vec<Published> = published::files().collect();
    for row in &mut rows {
        row.get = fetched_by(&row.path, workspace);
    }
    let wanted = rows.len();
    for published in known {
        let path = workspace.join(FOLDER).join(&published.file);
        if !rows.iter().any(|row| row.path == path) {
            let model = published.model.map(str::to_owned);
            rows.push(Row { model, path, wanted_by: BTreeSet::new(), get: published.model });
        }
    }
    if as_json {
        terminal::print_json(&json!(rows.iter().map(|row| json_of(row, workspace)).collect::<Vec<_>>()));
    } else {
        print(workspace, &rows[..wanted], &rows[wanted..]);
    }
    for path in &unread {
        terminal::note(&format!("{} is left out: it has mistakes, which `ventral check` shows", path.display()));
    }
    if unread.is_empty() { Ok(()) } else { Err(Failure::Reported(2)) }
}

/// What the recipes of a workspace want, and the recipes that do not check.
fn wanted(workspace: &Path, registry: &Registry) -> (Vec<Row>, Vec<PathBuf>) {
    let mut rows: BTreeMap<(PathBuf, Option<String>), Row> = BTreeMap::new();
    let mut unread = Vec::new();
    for recipe in in_workspace(workspace) {
        let Ok(session) = Session::open(&recipe, registry, &[]) else {
            unread.push(recipe);
            continue;
        };
        for node in &session.plan.nodes {
            let files = node.kind.files(&node.params);
            for (_, path) in files.into_iter().filter(|(parameter, _)| PARAMETERS.0.contains(&parameter.as_str())) {
                let path = session.plan.workspace.join(path);
                let model = node.params.get(PARAMETERS.1).and_then(Json::as_str).map(str::to_owned);
                let row = rows.entry((path.clone(), model.clone())).or_insert_with(|| Row {
                    model,
                    path,
                    wanted_by: BTreeSet::new(),
                    get: None,
                });
                row.wanted_by.insert((session.plan.name.clone(), node.id.name.clone()));
            }
        }
    }
    (rows.into_values().collect(), unread)
}

fn json_of(row: &Row, workspace: &Path) -> Json {
    let wanted_by: Vec<Json> =
        row.wanted_by.iter().map(|(recipe, node)| json!({ "recipe": recipe, "node": node })).collect();
    let bytes = row.bytes();
    json!({
        "model": row.model,
        "file": row.shown(workspace),
        "path": row.path,
        "present": bytes.is_some(),
        "bytes": bytes,
        "wanted_by": wanted_by,
        "get": row.get,
    })
}

fn print(workspace: &Path, wanted: &[Row], known: &[Row]) {
    let cells = |row: &Row| {
        let bytes = row.bytes();
        let state = if bytes.is_some() { "present" } else { "absent" };
        let size = bytes.map_or_else(String::new, amount::bytes);
        vec![row.model.clone().unwrap_or_default(), row.shown(workspace), state.to_owned(), size]
    };
    if wanted.is_empty() {
        terminal::print("No recipe here wants weights from a file.");
    } else {
        let lines = wanted.iter().map(|row| {
            let readers: Vec<String> = row.wanted_by.iter().map(|(recipe, node)| format!("{recipe}: {node}")).collect();
            let get = row.get.map_or_else(String::new, |model| format!("ventral weights get {model}"));
            [cells(row), vec![readers.join(", "), get]].concat()
        });
        let header = ["model", "file", "state", "size", "wanted by", "fetched by"];
        terminal::print(&terminal::table(&header, &["size"], lines.collect()));
    }
    terminal::print("\nPublished, for `ventral weights get MODEL`:\n");
    let header = ["model", "file", "state", "size"];
    terminal::print(&terminal::table(&header, &["size"], known.iter().map(cells).collect()));
}

fn get(workspace: &Path, name: &str, from: Option<String>) -> Outcome {
    let published = published::find(name).ok_or_else(|| unknown(name))?;
    let folder = from.or_else(|| std::env::var(MIRROR).ok().filter(|url| !url.is_empty()));
    let folder = folder.unwrap_or(published.folder);
    if !folder.starts_with("https://") && !folder.starts_with("http://") {
        return Err(Failure::Usage(format!("`{folder}` is no address of a mirror; it begins with https://")));
    }
    let url = format!("{}/{}", folder.trim_end_matches('/'), published.file);
    let to = workspace.join(FOLDER).join(&published.file);
    let shown = format!("{FOLDER}/{}", published.file);
    let mut progress = Coming::new(&url);
    let fetched = Download { url: &url, sha256: &published.sha256, bytes: None, other: Other::SetAside, to: &to }
        .fetch(&mut |event| progress.show(event));
    progress.finish();
    let fetched = fetched.map_err(Failure::Failed)?;
    let bytes = fs::metadata(&to).map_or(0, |metadata| metadata.len());
    let what = if fetched { "fetched" } else { "is there already" };
    terminal::print(&format!("{shown}: {what}, {}, whole by its hash {}", amount::bytes(bytes), published.sha256));
    Ok(())
}

fn unknown(name: &str) -> Failure {
    let known: Vec<Published> = published::files().collect();
    let names = known.iter().flat_map(|published| published.model.into_iter().chain([published.file.as_str()]));
    let hint = nearest(name, names).map_or_else(String::new, |near| format!("did you mean `{near}`? "));
    Failure::Usage(format!(
        "no weights are known as `{name}`; {hint}`ventral weights list` names them, and a file of another name must carry \
         its hash, as resnet50-11ad3fa6.pth does"
    ))
}

//! The recipe as a whole: its sections in order, and the plan that comes of them.

pub mod ahead;
pub mod called;
pub mod data;
pub mod draws;
pub mod grid;
pub mod halving;
pub mod heads;
pub mod limits;
pub mod link;
pub mod loaded;
pub mod name;
pub mod node;
pub mod page;
pub mod params;
pub mod ports;
pub mod question;
pub mod reference;
pub mod search;
pub mod settings;
pub mod suggest;
pub mod sweep;
pub mod variables;

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value as Json;
use typed_index_collections::TiVec;

use crate::diagnostic::{Diagnostics, Problems, Source, quoted};
use crate::kind::chart::Charts;
use crate::kind::registry::Registry;
use crate::plan::{Node, NodeId, NodeIndex, Plan};
use crate::recipe::lower::heads::{Head, Heads};
use crate::recipe::lower::link::Linked;
use crate::recipe::lower::loaded::{Loaded, Options};
use crate::recipe::lower::name::plan_name;
use crate::recipe::lower::node::Draft;
use crate::recipe::lower::page::Page;
use crate::recipe::lower::search::Search;
use crate::recipe::lower::settings::Settings;
use crate::recipe::lower::suggest::{meant, suggest};
use crate::recipe::lower::sweep::{Level, Swept};
use crate::recipe::lower::variables::Variables;
use crate::recipe::root::workspace_of;
use crate::recipe::syntax::read;
use crate::recipe::syntax::tree::{Entry, Tree, Value};
use crate::recipe::wording;
use crate::value::ty::Type;

/// The sections of a recipe.
const SECTIONS: [&str; 12] =
    ["version", "title", "about", "seed", "private", "data", "vars", "sweep", "search", "question", "nodes", "report"];
/// The version of the language that this program reads.
const VERSION: u64 = 1;
/// Under `private:` it stands for every node that has images.
const STIMULI: &str = "stimuli";

/// Makes a plan of a text, or tells everything that is wrong.
pub fn lower(
    name: &Path,
    source: &Arc<Source>,
    registry: &Registry,
    charts: &Charts,
    options: &Options,
) -> Result<Loaded, Diagnostics> {
    let mut problems = Problems::new(source);
    let mut tree = match read::read(source, &mut problems) {
        Ok(tree) => tree,
        Err(unreadable) => {
            problems.push(unreadable);
            return Err(problems.finish().0);
        }
    };
    if let Value::Scalar(Json::Null) = tree.value {
        return Err(read::empty(source).into());
    }
    let mut settings = Settings::read(&options.set, &mut problems);
    let replaced = settings.put(&mut tree, &mut problems);
    let Value::Map(sections) = &tree.value else {
        let message = format!("a recipe is a map that begins with `version: 1`, not {}", tree.describe());
        problems.error(tree.place.clone(), message).help("`ventral init DIR` writes one to start from");
        return Err(problems.finish().0);
    };
    check_sections(sections, &tree, &mut problems);
    let section = |key: &str| sections.iter().find(|entry| entry.key == key);
    let drawn_by = section("seed").and_then(|entry| match &entry.value.value {
        Value::Scalar(value) => value.as_u64(),
        _ => None,
    });
    let (variables, search) = read_variables(&section, drawn_by.unwrap_or(0), options, &mut settings, &mut problems);
    variables.excuse(replaced.iter().map(String::as_str));
    let read_text = |key: &str, problems: &mut Problems| {
        section(key).and_then(|entry| page::text(key, entry, &variables, problems))
    };
    let title = read_text("title", &mut problems);
    let about = read_text("about", &mut problems).unwrap_or_default();
    let seed = section("seed").map_or(0, |entry| read_seed(entry, &variables, &mut problems));
    let Some(nodes) = section("nodes") else {
        if !misspelt(sections, "nodes") {
            let place = sections.first().map_or(0..0, |entry| entry.place.clone());
            problems.error(place, "the recipe has no `nodes`").help("as in `nodes: { it: { kind: synthetic_it } }`");
        }
        return Err(problems.finish().0);
    };
    let heads = Heads::read(nodes, registry, &variables, &mut problems);
    settings.refuse_rest(variables.names(), heads.params(), &mut problems);
    let drafts: Vec<Draft<'_>> =
        heads.all.iter().map(|head| Draft::read(head, &heads, seed, &variables, &mut problems)).collect();
    let linked = link::link(&heads, &drafts, &variables, &mut problems);
    let workspace = workspace(name, options);
    if !options.ran {
        ahead::check(&linked, &heads, &drafts, &workspace, &mut problems);
    }
    let rung = search
        .as_ref()
        .and_then(|search| search.next(&options.survivors, &heads, &linked, &variables.sweep, &mut problems));
    let private = section("private").map(|entry| read_private(entry, &heads, &variables, &mut problems));
    let origins = section("data").map_or(Vec::new(), |entry| data::read(entry, &variables, &mut problems));
    let page = Page { charts, heads: &heads, variables: &variables, linked: &linked };
    let question = section("question").and_then(|entry| question::read(entry, &page, &mut problems));
    let report = section("report").map_or(Vec::new(), |entry| page.read(entry, &mut problems));
    let about_nodes = about_nodes(&linked, &drafts, &variables);
    variables.finish(&mut problems);
    let (errors, warnings) = problems.finish();
    if !errors.is_empty() {
        return Err(errors);
    }
    let name_of_plan = plan_name(name, &options.set);
    let mut nodes = nodes_of(linked, &heads, &drafts, about_nodes, &variables);
    draws::fill(&mut nodes);
    let plan = Plan {
        title: title.unwrap_or_else(|| name_of_plan.clone()),
        name: name_of_plan,
        recipe: None,
        set: options.set.clone(),
        source: source.text.clone(),
        seed,
        about,
        workspace,
        sweep: variables.sweep.variables.iter().map(labelled).collect(),
        rung,
        private,
        origins,
        nodes,
        question,
        report,
    };
    Ok(Loaded { plan, warnings })
}

/// The folder against which paths are resolved.
fn workspace(name: &Path, options: &Options) -> PathBuf {
    match &options.workspace {
        Some(folder) => std::path::absolute(folder).unwrap_or_else(|_| folder.clone()),
        None => workspace_of(name),
    }
}

/// A swept variable with what its values are called.
fn labelled(swept: &Swept) -> (String, Vec<Json>) {
    (swept.name.clone(), swept.levels.iter().map(Level::label).collect())
}

/// Reports sections that there are none of, and a version that is another.
fn check_sections(sections: &[Entry], tree: &Tree, problems: &mut Problems) {
    for entry in sections.iter().filter(|entry| !SECTIONS.contains(&entry.key.as_str())) {
        let problem = problems.error(entry.place.clone(), format!("a recipe has no section {}", quoted(&entry.key)));
        suggest(problem, &entry.key, SECTIONS.into_iter(), "its sections are");
    }
    let version = sections.iter().find(|entry| entry.key == "version");
    if version.is_some() || !misspelt(sections, "version") {
        check_version(version, tree, problems);
    }
}

/// Whether a section was most likely meant by a name that is none: what is misspelt is told once.
fn misspelt(sections: &[Entry], key: &str) -> bool {
    let strange = sections.iter().filter(|entry| !SECTIONS.contains(&entry.key.as_str()));
    strange.into_iter().any(|entry| meant(&entry.key, SECTIONS.into_iter()) == Some(key))
}

/// Reads the sections `vars`, `sweep` and `search`. `seed` is the recipe's.
fn read_variables<'t>(
    section: &impl Fn(&str) -> Option<&'t Entry>,
    seed: u64,
    options: &Options,
    settings: &mut Settings,
    problems: &mut Problems,
) -> (Variables, Option<Search>) {
    let sweep = section("sweep");
    let search = section("search").filter(|entry| !entry.value.is_null());
    let mut swept = sweep.map(|entry| grid::names(&entry.value)).unwrap_or_default();
    swept.extend(search.map(search::names).into_iter().flatten().map(|entry| entry.key.as_str()));
    let mut variables = Variables::read(section("vars"), &swept, settings, problems);
    if let Some(entry) = sweep {
        variables.sweep = grid::read(entry, &mut variables, settings, problems);
    }
    let Some(entry) = search else { return (variables, None) };
    if !variables.sweep.variables.is_empty() {
        problems
            .error(entry.place.clone(), "a recipe has a `sweep` or a `search`, not both")
            .help("a list of values under `over` is searched like a sweep's");
    }
    let search = search::read(entry, seed, &mut variables, settings, problems);
    if let Some(search) = &search {
        variables.sweep = search.sweep(&options.survivors);
    }
    (variables, search)
}

/// The nodes' `about` texts, which may name a swept variable.
fn about_nodes(linked: &Linked, drafts: &[Draft<'_>], variables: &Variables) -> TiVec<NodeIndex, String> {
    let about = |placed: &link::Placed| match drafts[placed.node].about {
        Some(tree) if !tree.is_null() => variables.expand(tree, &placed.row).map(|value| wording::scalar_text(&value)),
        _ => None,
    };
    linked.placed.iter().map(|placed| about(placed).unwrap_or_default()).collect()
}

fn nodes_of(
    linked: Linked,
    heads: &Heads<'_>,
    drafts: &[Draft<'_>],
    about: TiVec<NodeIndex, String>,
    variables: &Variables,
) -> TiVec<NodeIndex, Node> {
    let nodes = linked.placed.into_iter().zip(about).map(|(placed, about)| {
        let (head, draft) = (&heads.all[placed.node], &drafts[placed.node]);
        Node {
            id: NodeId { name: head.name.to_owned(), variant: variables.sweep.variant(&placed.row) },
            kind: head.kind.expect("a recipe without errors has a kind for every node"),
            params: placed.params.expect("a recipe without errors has params for every node"),
            device: draft.device,
            limits: draft.limits,
            keep: draft.keep,
            about,
            edges: placed.edges,
            place: Some(head.place.clone()),
        }
    });
    nodes.collect()
}

fn check_version(entry: Option<&Entry>, tree: &Tree, problems: &mut Problems) {
    match entry {
        None => {
            let start = tree.place.start;
            problems.error(start..start, "the recipe has no `version`").help("add `version: 1` as its first line");
        }
        Some(entry) if entry.value.value == Value::Scalar(Json::from(VERSION)) => {}
        Some(entry) => {
            let place = if entry.value.is_null() { &entry.place } else { &entry.value.place };
            let what = entry.value.describe();
            problems
                .error(place.clone(), format!("the recipe's version is {what}; this program reads version {VERSION}"))
                .help("write `version: 1`");
        }
    }
}

fn read_seed(entry: &Entry, variables: &Variables, problems: &mut Problems) -> u64 {
    if !variables.check_fixed(&entry.value, problems) {
        return 0;
    }
    let value = variables.expand(&entry.value, &[]).unwrap_or_default();
    value.as_u64().unwrap_or_else(|| {
        let place: &Range<usize> = if entry.value.is_null() { &entry.place } else { &entry.value.place };
        let message = format!("`seed` is {}; it takes a whole number, at least 0", wording::given(&value));
        problems.error(place.clone(), message);
        0
    })
}

fn read_private(entry: &Entry, heads: &Heads<'_>, variables: &Variables, problems: &mut Problems) -> Vec<String> {
    let items = match &entry.value.value {
        Value::List(items) => items.as_slice(),
        Value::Scalar(Json::Null) => &[],
        Value::Scalar(_) => std::slice::from_ref(&entry.value),
        Value::Map(_) => {
            problems.error(entry.place.clone(), "`private` is a map; it is a list of nodes' names");
            &[]
        }
    };
    let mut names = Vec::new();
    for item in items {
        if !variables.check_fixed(item, problems) {
            continue;
        }
        match variables.expand(item, &[]) {
            Some(Json::String(name)) if heads.by_name.contains_key(name.as_str()) => names.push(name),
            Some(Json::String(word)) if word == STIMULI => names.extend(with_images(heads)),
            Some(other) => {
                let text = wording::scalar_text(&other);
                let problem = problems.error(item.place.clone(), format!("there is no node {}", quoted(&text)));
                suggest(problem, &text, heads.names().chain([STIMULI]), "there are");
            }
            None => {}
        }
    }
    names
}

/// The nodes whose outputs are images.
fn with_images(heads: &Heads<'_>) -> impl Iterator<Item = String> {
    let has_images =
        |head: &&Head<'_>| head.kind.is_some_and(|kind| kind.outputs.iter().any(|output| output.ty == Type::Images));
    heads.all.iter().filter(has_images).map(|head| head.name.to_owned())
}

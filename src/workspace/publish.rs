//! A static site of all reports of a workspace: every page for everyone's eyes, and an index over them.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::diagnostic::listed;
use crate::digest::Digest;
use crate::engine::record::State;
use crate::engine::store::{History, Store};
use crate::engine::walk::Survey;
use crate::kind::registry::Registry;
use crate::report;
use crate::report::{Audience, Card};
use crate::text::nearest::nearest;
use crate::workspace::Session;

/// Lists what was published, so that the next time what is gone can go and nothing else is touched.
const MANIFEST: &str = "ventral-site.json";
/// Tells GitHub Pages to serve the files as they are.
const PLAIN: &str = ".nojekyll";

/// What publishing did.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Published {
    /// Recipes whose pages the site has.
    pub studies: Vec<String>,
    /// Files that are new or have other bytes than before.
    pub written: usize,
    pub unchanged: usize,
    /// Pages that the site no longer has.
    pub removed: Vec<String>,
    /// Recipes that ran here and have no page in the site, with the reason.
    pub left_out: Vec<(String, String)>,
    /// Recipes of which a node failed: their cards say so.
    pub failed: Vec<String>,
    /// Recipes of which pictures were left out.
    pub private: Vec<String>,
}

/// Files by their path within the site, with the digests of what was written.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Manifest {
    ventral: String,
    files: BTreeMap<String, Digest>,
}

/// A page that can be published.
struct Ready {
    card: Card,
    html: String,
}

/// Publishes every recipe that ran in a workspace and has current results or a failure to show; those named `only`, where any are. Equal results give equal bytes, and a file
/// whose bytes stand is not touched.
///
/// Fails where the folder holds another's pages, or cannot be written.
pub fn publish(
    workspace: &Path,
    site: &Path,
    title: &str,
    only: &[String],
    registry: &Registry,
) -> Result<Published, String> {
    let histories = Store::of_workspace(workspace).records().histories();
    let before = read_manifest(site)?;
    let mut done = Published::default();
    let mut pages = BTreeMap::new();
    let mut cards = Vec::new();
    let chosen = |name: &String| only.is_empty() || only.contains(name);
    for (name, history) in histories.into_iter().filter(|(name, _)| chosen(name)) {
        match ready(&name, &history, registry) {
            Ok(Ready { card, html }) => {
                if card.problem.is_some() {
                    done.failed.push(name.clone());
                }
                if card.private > 0 {
                    done.private.push(name.clone());
                }
                pages.insert(format!("{name}/index.html"), html);
                cards.push(card);
                done.studies.push(name);
            }
            Err(why) => done.left_out.push((name, why)),
        }
    }
    pages.insert("index.html".to_owned(), report::index(title, &cards).map_err(|e| e.to_string())?);
    pages.insert(PLAIN.to_owned(), String::new());
    let files = pages.iter().map(|(path, text)| (path.clone(), Digest::of(text.as_bytes()))).collect();
    let manifest = Manifest { ventral: env!("CARGO_PKG_VERSION").to_owned(), files };
    let told = serde_json::to_string_pretty(&manifest).expect("a manifest serialises") + "\n";
    // First what is there, then what lists it: a kill between leaves pages that the next time takes over.
    for (path, text) in pages.iter().map(|(path, text)| (path.as_str(), text)).chain([(MANIFEST, &told)]) {
        let file = site.join(path);
        let at = |error: io::Error| format!("{}: {error}", file.display());
        if fs::read(&file).is_ok_and(|old| old == text.as_bytes()) {
            done.unchanged += 1;
            continue;
        }
        let folder = file.parent().expect("a site's files lie in its folder");
        fs::create_dir_all(folder).map_err(at)?;
        let scratch = folder.join(".new");
        fs::write(&scratch, text).and_then(|()| fs::rename(&scratch, &file)).map_err(at)?;
        done.written += 1;
    }
    for (path, digest) in &before.files {
        let file = site.join(path);
        // A page that somebody changed since is theirs.
        let ours = fs::read(&file).is_ok_and(|bytes| Digest::of(&bytes) == *digest);
        if !manifest.files.contains_key(path) && ours && inside(path) {
            fs::remove_file(&file).map_err(|error| format!("{}: {error}", file.display()))?;
            let _ = file.parent().map(fs::remove_dir);
            done.removed.push(path.clone());
        }
    }
    Ok(done)
}

/// Refuses names that no study of a workspace has.
pub fn known(workspace: &Path, names: &[String]) -> Result<(), String> {
    let histories = Store::of_workspace(workspace).records().histories();
    match names.iter().find(|name| !histories.contains_key(*name)) {
        Some(unknown) => Err(no_study(unknown, histories.keys().map(String::as_str))),
        None => Ok(()),
    }
}

/// Says that no study is called so, and which there are.
fn no_study<'a>(name: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    // Whoever names the file means the study.
    let stem = Path::new(name).file_stem().and_then(|stem| stem.to_str()).unwrap_or(name);
    let near = [name, stem].into_iter().find_map(|word| nearest(word, known.clone()));
    let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    match listed(known) {
        none if none == "none" => format!("no study ran in this workspace, so there is no `{name}` to publish"),
        all => format!("no study of this workspace is called `{name}`{hint}; there are {all}"),
    }
}

/// What an earlier publishing left; nothing for a new folder. A folder of other files is refused.
fn read_manifest(site: &Path) -> Result<Manifest, String> {
    match fs::read(site.join(MANIFEST)) {
        Ok(text) => serde_json::from_slice(&text).map_err(|e| format!("{}: {e}", site.join(MANIFEST).display())),
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(format!("{}: {error}", site.display())),
        Err(_) => {
            let mut entries = match fs::read_dir(site) {
                Ok(entries) => entries.flatten(),
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Manifest::default()),
                Err(error) => return Err(format!("{}: {error}", site.display())),
            };
            match entries.find(|entry| entry.file_name().to_str().is_none_or(|name| !name.starts_with('.'))) {
                None => Ok(Manifest::default()),
                Some(entry) => Err(format!(
                    "{} holds other files (`{}`); publish to a new folder",
                    site.display(),
                    entry.file_name().display()
                )),
            }
        }
    }
}

/// Whether a path of a manifest stays in its site: manifests are files, and files can be edited.
fn inside(path: &str) -> bool {
    Path::new(path).components().all(|part| matches!(part, std::path::Component::Normal(_)))
}

/// A recipe's page as it stands, or why there is none.
fn ready(name: &str, history: &History, registry: &Registry) -> Result<Ready, String> {
    let (session, survey) = current(name, history, registry)?;
    session.with_study(&survey.outcomes, &survey.sources, Audience::Everyone, |study| {
        let html = report::render(study).map_err(|e| e.to_string())?;
        Ok(Ready { card: report::card(study), html })
    })
}

/// A recipe's card as it stands, or why there is none.
pub fn card_of(name: &str, history: &History, registry: &Registry) -> Result<Card, String> {
    let (session, survey) = current(name, history, registry)?;
    Ok(session.with_study(&survey.outcomes, &survey.sources, Audience::Here, report::card))
}

fn current(name: &str, history: &History, registry: &Registry) -> Result<(Session, Survey), String> {
    if !history.path.is_file() {
        return Err("its recipe is gone".to_owned());
    }
    let session = Session::open(&history.path, registry, &history.set).map_err(|diagnostics| {
        let first = diagnostics.iter().next().map(|one| one.message.clone()).unwrap_or_default();
        format!("its recipe has an error: {first}")
    })?;
    if session.plan.name != name {
        return Err("what it was set to is not known any more; run it again".to_owned());
    }
    let survey = session.survey();
    let has = |wanted: fn(State) -> bool| survey.outcomes.iter().any(|outcome| wanted(outcome.state));
    // A study whose last run came to nothing but a failure is shown as failed; one whose files are away is not.
    let ran_and_failed = history.nodes.values().any(|last| last.failure.is_some());
    let failed = ran_and_failed && has(|state| state == State::Failed);
    if !failed && !has(|state| matches!(state, State::Cached | State::Dropped)) {
        return Err("it has no current result; run it again".to_owned());
    }
    Ok((session, survey))
}

/// The workspace of a folder, where the folder lies in one that has a cache.
pub fn workspace_at(folder: &Path) -> Result<PathBuf, String> {
    let workspace = crate::recipe::workspace_of(&folder.join("recipe.yaml"));
    let named = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let named = named.canonicalize().unwrap_or(named);
    let within = named.starts_with(workspace.canonicalize().unwrap_or_else(|_| workspace.clone()));
    if Store::place(&workspace).is_dir() && within {
        return Ok(workspace);
    }
    Err(format!("{} lies in no workspace; run this in one, or name it with --workspace", named.display()))
}

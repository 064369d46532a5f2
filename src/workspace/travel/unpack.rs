//! A pack made into a workspace: whole and as it was packed, or not at all.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use crate::engine::record::State;
use crate::engine::store::{History, Last, Store};
use crate::engine::worker::memory;
use crate::kind::registry::Registry;
use crate::text::amount;
use crate::workspace::Session;
use crate::workspace::travel::archive::Opened;
use crate::workspace::travel::manifest::{CACHE, Manifest};

/// What was unpacked.
#[derive(Clone, Debug)]
pub struct Unpacked {
    pub manifest: Manifest,
    pub folder: PathBuf,
    /// With results: how many nodes need no computation, of how many; or why nobody can tell.
    pub cached: Option<Result<(usize, usize), String>>,
}

/// Unpacks into a folder that is empty or not there. Nothing is left behind where the pack is refused.
pub fn unpack(
    pack: &Path,
    folder: &Path,
    up_to: Option<u64>,
    registry: &Registry,
    interrupted: &AtomicBool,
) -> Result<Unpacked, String> {
    let there = refuse_filled(folder)?;
    let mut opened = Opened::open(pack, up_to)?;
    let folder = std::path::absolute(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let cannot = |error: &dyn std::fmt::Display| format!("cannot unpack to {}: {error}", folder.display());
    // Inside a folder that is there, else beside the one to be: both lie where a rename can bring it.
    let above = if there { folder.as_path() } else { folder.parent().ok_or_else(|| cannot(&"it is no folder"))? };
    if !above.is_dir() {
        return Err(cannot(&format!("there is no folder {}", above.display())));
    }
    refuse_without_room(above, &opened.manifest)?;
    let staging = tempfile::Builder::new().prefix(".ventral-unpack-").tempdir_in(above).map_err(|e| cannot(&e))?;
    fill(&mut opened, staging.path(), interrupted, &cannot)?;
    if there {
        let entries: io::Result<Vec<_>> = fs::read_dir(staging.path()).and_then(Iterator::collect);
        for entry in entries.map_err(|e| cannot(&e))? {
            fs::rename(entry.path(), folder.join(entry.file_name())).map_err(|e| cannot(&e))?;
        }
    } else {
        fs::set_permissions(staging.path(), fs::Permissions::from_mode(0o755)).map_err(|e| cannot(&e))?;
        fs::rename(staging.path(), &folder).map_err(|e| cannot(&e))?;
        // It has no folder to remove any more.
        let _ = staging.keep();
    }
    let manifest = opened.manifest;
    let cached = manifest.with_cache.then(|| settle(&folder, &manifest, registry));
    Ok(Unpacked { manifest, folder, cached })
}

/// Whether the folder is there; one with files is refused.
fn refuse_filled(folder: &Path) -> Result<bool, String> {
    match fs::read_dir(folder) {
        Ok(mut entries) => match entries.next() {
            None => Ok(true),
            Some(_) => Err(format!("{} is not empty; unpack to a new folder", folder.display())),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(format!("cannot unpack to {}: {error}", folder.display())),
    }
}

fn refuse_without_room(above: &Path, manifest: &Manifest) -> Result<(), String> {
    let needed: u64 = manifest.files.values().fold(0, |all, content| all.saturating_add(content.bytes));
    match memory::free_disk(above) {
        Some(free) if free < needed => Err(format!(
            "it needs {} of disk, and {} has {} free",
            amount::bytes(needed),
            above.display(),
            amount::bytes(free)
        )),
        _ => Ok(()),
    }
}

/// Writes every file, checked on its way; results go through the store.
fn fill(
    opened: &mut Opened,
    root: &Path,
    interrupted: &AtomicBool,
    cannot: &dyn Fn(&dyn std::fmt::Display) -> String,
) -> Result<(), String> {
    // What makes the folder a workspace.
    fs::create_dir(root.join("recipes")).map_err(|e| cannot(&e))?;
    let store = match opened.manifest.with_cache {
        true => Some(Store::open(&Store::place(root)).map_err(|e| cannot(&e))?),
        false => None,
    };
    opened.each(interrupted, &mut |name, starts, content| {
        if let Some(file) = name.strip_prefix(CACHE) {
            let store =
                store.as_ref().ok_or_else(|| format!("the pack has `{name}`, and says that it has no results"))?;
            store.take_in(file, content).map_err(|why| format!("`{name}` is refused: {why}. Nothing was unpacked"))?;
            // To the end, so that all of it is hashed.
            return io::copy(content, &mut io::sink()).map(drop).map_err(|error| error.to_string());
        }
        write(&root.join(name), starts, content).map_err(|error| format!("`{name}` cannot be unpacked: {error}"))
    })
}

fn write(path: &Path, starts: bool, content: &mut dyn Read) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut file = fs::OpenOptions::new().write(true).create_new(true).open(path)?;
    io::copy(content, &mut file)?;
    file.set_permissions(fs::Permissions::from_mode(if starts { 0o755 } else { 0o644 }))
}

/// Writes down what the nodes last were and of what the report is, so that everything here takes the study for one that ran; gives how
/// many nodes need no computation.
fn settle(folder: &Path, manifest: &Manifest, registry: &Registry) -> Result<(usize, usize), String> {
    let recipe = folder.join(&manifest.recipe);
    let session = Session::open(&recipe, registry, &manifest.set).map_err(|diagnostics| {
        let first = diagnostics.iter().next().map(|one| one.message.clone()).unwrap_or_default();
        format!("this ventral ({}) does not read its recipe: {first}", env!("CARGO_PKG_VERSION"))
    })?;
    let survey = session.survey();
    let current = |state| matches!(state, State::Cached | State::Dropped);
    let nodes = session.plan.nodes.iter().zip(&survey.outcomes).zip(&survey.actions);
    let nodes: BTreeMap<String, Last> = nodes
        .filter(|((_, outcome), _)| current(outcome.state))
        .filter_map(|((node, _), actions)| {
            let keys = actions.as_ref()?.iter().map(|action| (action.entry.clone(), action.key)).collect();
            Some((node.id.to_string(), Last { keys, failure: None }))
        })
        .collect();
    let (known, all) = (nodes.len(), session.plan.nodes.len());
    let store = Store::open(&Store::place(&session.plan.workspace)).map_err(|error| error.to_string())?;
    let history = History { path: recipe, set: manifest.set.clone(), nodes };
    store.records().write_history(&session.plan.name, &history).map_err(|error| error.to_string())?;
    if session.plan.name == manifest.name {
        store.write_page(&manifest.name, manifest.page).map_err(|error| error.to_string())?;
    }
    Ok((known, all))
}

//! Recipes: YAML → plan, with everything that is wrong told at once.
//!
//! `syntax` reads text into a tree with places. `lower` makes a plan of it: `settings` puts in what `--set` says, `variables`,
//! `grid` and `search` know what `${name}` means, `node`, `params` and `ports` check each node as far as it stands alone,
//! `link` makes variants and edges of them, `page` resolves the report. `manual` shows kinds and plans.

mod lower;
pub mod manual;
mod root;
mod syntax;
mod wording;

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Diagnostics, Source, listed};
use crate::kind::chart::Charts;
use crate::kind::registry::Registry;
use crate::text::nearest::nearest;

pub use crate::recipe::lower::loaded::{Loaded, Options};
pub use crate::recipe::lower::name::plan_name;
pub use crate::recipe::lower::settings::Target;
pub use crate::recipe::root::workspace_of;
pub use crate::recipe::syntax::edit::{Change, edited};
use crate::recipe::syntax::read;

/// Reads a recipe file into a plan, or tells everything that is wrong with it.
pub fn load(path: &Path, registry: &Registry, charts: &Charts, options: &Options) -> Result<Loaded, Diagnostics> {
    let text = text(path)?;
    let mut loaded = read(path, &text, registry, charts, options)?;
    loaded.plan.recipe = Some(std::path::absolute(path).unwrap_or_else(|_| path.to_owned()));
    Ok(loaded)
}

/// Reads a recipe's text into a plan; `name` is what diagnostics call it and where its workspace is sought.
pub fn read(
    name: &Path,
    text: &str,
    registry: &Registry,
    charts: &Charts,
    options: &Options,
) -> Result<Loaded, Diagnostics> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.len() > read::MAX_BYTES {
        return Err(read::too_large(&name.to_string_lossy(), text.len() as u64).into());
    }
    let source = Arc::new(Source::new(name.to_string_lossy(), text));
    lower::lower(name, &source, registry, charts, options)
}

/// The text of a recipe file, or why it cannot be had, with the recipe that is meant most likely.
pub fn text(path: &Path) -> Result<String, Diagnostic> {
    let name = path.to_string_lossy();
    let refuse = |e: &io::Error| {
        let mut refusal = Diagnostic::whole(name.clone(), format!("cannot read {name}: {e}"));
        if e.kind() == io::ErrorKind::NotFound {
            neighbours(path, &mut refusal);
        }
        refusal
    };
    let file = File::open(path).map_err(|e| refuse(&e))?;
    let metadata = file.metadata().map_err(|e| refuse(&e))?;
    if metadata.is_dir() {
        let mut refusal = Diagnostic::whole(name.clone(), format!("{name} is a folder; a recipe is a YAML file"));
        let mut there: Vec<String> = std::fs::read_dir(path)
            .into_iter()
            .flatten()
            .flatten()
            .map(|file| file.path())
            .filter(|file| file.extension().is_some_and(|e| e == "yaml" || e == "yml"))
            .map(|file| file.display().to_string())
            .collect();
        there.sort();
        if !there.is_empty() {
            refusal.help(format!("in it are {}", listed(there.iter().map(String::as_str))));
        }
        return Err(refusal);
    }
    if metadata.len() > read::MAX_BYTES as u64 {
        return Err(read::too_large(&name, metadata.len()));
    }
    let mut bytes = Vec::new();
    // A pipe tells no size, so the bound holds here too.
    file.take(read::MAX_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(|e| refuse(&e))?;
    String::from_utf8(bytes).map_err(|e| {
        let at = e.utf8_error().valid_up_to();
        let byte = e.as_bytes()[at];
        let source = Arc::new(Source::new(name, String::from_utf8_lossy(&e.into_bytes())));
        let mut refusal = Diagnostic::error(&source, at..at, format!("the byte 0x{byte:02x} here is no UTF-8 text"));
        refusal.help("save the recipe as UTF-8");
        refusal
    })
}

/// Names the recipe that was most likely meant.
fn neighbours(path: &Path, refusal: &mut Diagnostic) {
    let own = workspace_of(path).join("recipes");
    let folders = [path.parent().map(Path::to_owned), Some(own.clone())];
    let typed = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let mut there: Vec<String> = Vec::new();
    for folder in folders.into_iter().flatten() {
        let files = std::fs::read_dir(if folder.as_os_str().is_empty() { Path::new(".") } else { &folder });
        let paths = files.into_iter().flatten().flatten().map(|file| file.path());
        let recipes = paths.filter(|path| path.extension().is_some_and(|e| e == "yaml" || e == "yml"));
        let mut stems: Vec<(String, PathBuf)> =
            recipes.filter_map(|path| Some((path.file_stem()?.to_str()?.to_owned(), path.clone()))).collect();
        stems.sort();
        let near = nearest(&typed, stems.iter().map(|(stem, _)| stem.as_str()));
        if let Some((_, meant)) = near.and_then(|near| stems.iter().find(|(stem, _)| stem == near)) {
            let current = std::env::current_dir().unwrap_or_default();
            let shown = meant.strip_prefix(&current).unwrap_or(meant);
            refusal.help(format!("did you mean {}?", shown.display()));
            return;
        }
        if folder == own {
            there = stems.into_iter().map(|(stem, _)| stem).collect();
        }
    }
    match &there[..] {
        [] => refusal.help("no recipe is there; `ventral init` writes one"),
        some => refusal.help(format!("the recipes here are {}", listed(some.iter().map(String::as_str)))),
    };
}

#[cfg(test)]
mod tests;

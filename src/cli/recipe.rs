//! The recipe that a command is about, and what is set in it.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::outcome::Failure;
use crate::cli::terminal;
use crate::kind::registry::Registry;
use crate::workspace::Session;

/// What is set in a recipe.
#[derive(Args)]
pub struct Set {
    /// Set a variable, a sweep or a node's parameter: --set layer=layer4, --set components=[100,500], --set readout.alphas=[1,10]
    #[arg(long, value_name = "K=V", value_parser = assignment)]
    pub set: Vec<(String, String)>,
}

/// A recipe, and what is set in it.
#[derive(Args)]
pub struct Recipe {
    /// The recipe file, such as recipes/quickstart.yaml
    pub recipe: PathBuf,
    #[command(flatten)]
    pub set: Set,
}

impl Recipe {
    /// Reads it, and tells what is hardly meant in it.
    pub fn open(&self, registry: &Registry) -> Result<Session, Failure> {
        open(&self.recipe, registry, &self.set.set)
    }
}

/// Reads a recipe, and tells what is hardly meant in it.
pub fn open(path: &Path, registry: &Registry, set: &[(String, String)]) -> Result<Session, Failure> {
    let session = Session::open(path, registry, set)?;
    warn(&session);
    Ok(session)
}

/// The recipe that was named, or all of the workspace around the current folder.
pub fn chosen(recipe: Option<PathBuf>) -> Result<Vec<PathBuf>, String> {
    if let Some(recipe) = recipe {
        return Ok(vec![recipe]);
    }
    let workspace = crate::recipe::workspace_of(Path::new("recipe.yaml"));
    let recipes = in_workspace(&workspace);
    if recipes.is_empty() {
        return Err(format!("{} has no recipes; name one, or run this in a workspace", workspace.display()));
    }
    // As people type them, where they stand in the workspace.
    let here = std::env::current_dir().unwrap_or_default();
    Ok(recipes.into_iter().map(|path| path.strip_prefix(&here).map(Path::to_owned).unwrap_or(path)).collect())
}

/// The recipe files of a workspace, in order.
pub fn in_workspace(workspace: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(workspace.join("recipes")).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|e| e == "yaml" || e == "yml"));
    paths.sort();
    paths
}

/// Tells what is hardly meant in a recipe.
pub fn warn(session: &Session) {
    if !session.warnings.is_empty() {
        terminal::note(&session.warnings.render(terminal::colour()));
    }
}

/// A setting as it is typed.
pub fn assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("expected NAME=VALUE, such as components=100".to_owned()),
    }
}

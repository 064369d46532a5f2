//! `ventral lock`, and what `ventral run --locked` asks.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value as Json, json};

use crate::cli::init::describe;
use crate::cli::outcome::{Failure, Outcome};
use crate::cli::recipe::{chosen, open};
use crate::cli::terminal;
use crate::engine::worker::pool::Workers;
use crate::kind::registry::Registry;
use crate::workspace::Session;
use crate::workspace::travel::lock;

/// Write down what a recipe is run with, so that `run --locked` refuses anything else
///
/// The lock is a file beside the recipe (recipes/v4.lock): the versions of ventral, libtorch, the kinds and the interpreters of
/// one's own steps, and digests of the recipe and of every file that it reads.
#[derive(Args)]
#[command(after_help = "Examples:\n  ventral lock recipes/v4.yaml\n  ventral run recipes/v4.yaml --locked")]
pub struct Lock {
    /// The recipe file; all of the workspace's recipes unless given
    recipe: Option<PathBuf>,
    /// Print JSON: an array with an object per lock
    #[arg(long)]
    json: bool,
}

impl Lock {
    pub fn execute(self, registry: &Registry) -> Outcome {
        let recipes = chosen(self.recipe).map_err(Failure::Usage)?;
        let sessions: Result<Vec<Session>, Failure> = recipes.iter().map(|path| open(path, registry, &[])).collect();
        let sessions = sessions?;
        let libtorch = libtorch().map_err(Failure::Failed)?;
        // What cannot be locked is told before anything is written.
        let cannot = |recipe: &Path, why: String| Failure::Failed(format!("cannot lock {}: {why}", recipe.display()));
        let locks: Result<Vec<_>, Failure> = recipes
            .iter()
            .zip(&sessions)
            .map(|(recipe, session)| lock::Lock::of(session, &libtorch).map_err(|why| cannot(recipe, why)))
            .collect();
        let mut told = Vec::new();
        for (recipe, lock) in recipes.iter().zip(locks?) {
            let path = lock::Lock::place(recipe);
            let before = lock::Lock::read(&path).unwrap_or_default();
            let changed = lock.write(&path).map_err(Failure::Failed)?;
            let differences = before.map_or_else(Vec::new, |before| before.differences(&lock, false));
            if !self.json {
                for difference in &differences {
                    terminal::note(&format!("  {difference}"));
                }
                let what = if changed { "written" } else { "stands" };
                let files = if lock.files.len() == 1 { "file" } else { "files" };
                terminal::print(&format!(
                    "{}: {what}, {} {files} that the recipe reads",
                    path.display(),
                    lock.files.len()
                ));
            }
            told.push(json!({ "lock": path, "changed": changed, "differences": differences, "holds": lock }));
        }
        if self.json {
            terminal::print_json(&Json::Array(told));
        }
        Ok(())
    }
}

/// Refuses recipes that are not as they were locked, in words that name each difference; nothing has run then.
pub fn refuse_unless_locked(recipes: &[PathBuf], sessions: &[Session]) -> Outcome {
    let libtorch = libtorch().map_err(Failure::Failed)?;
    let mut refusals = Vec::new();
    for (recipe, session) in recipes.iter().zip(sessions) {
        let (recipe, path) = (recipe.display(), lock::Lock::place(recipe));
        let Some(locked) = lock::Lock::read(&path).map_err(Failure::Usage)? else {
            refusals.push(format!("there is no {}; `ventral lock {recipe}` writes it", path.display()));
            continue;
        };
        let now = lock::Lock::of(session, &libtorch).map_err(|why| Failure::Failed(format!("{recipe}: {why}")))?;
        let found = locked.differences(&now, !session.plan.set.is_empty());
        if !found.is_empty() {
            let lines: String = found.iter().map(|difference| format!("  {difference}\n")).collect();
            refusals.push(format!(
                "{recipe} is not as {} says:\n{lines}Bring back what was locked, or accept what is there now by `ventral lock {recipe}`",
                path.display()
            ));
        }
    }
    match refusals.is_empty() {
        true => Ok(()),
        false => Err(Failure::Usage(format!("{}. Nothing was run", refusals.join("\n")))),
    }
}

/// The version of the worker's libtorch.
fn libtorch() -> Result<String, String> {
    let described = describe(&Workers::find()?)?;
    let version = described.get("libtorch").and_then(Json::as_str);
    version.map(str::to_owned).ok_or_else(|| "the worker does not say which libtorch it has".to_owned())
}

//! `ventral import`: a recipe's skeleton of a notebook.

use std::path::PathBuf;
use std::process::Command;

use clap::Args;
use serde::Deserialize;

use crate::cli::outcome::{Failure, Outcome};
use crate::cli::terminal;
use crate::nets::zoo::published;

/// Python reads Python: nothing else knows all of its forms.
const READER: &str = include_str!("../python/ventral_studies/_notebook.py");
const PYTHON: &str = "python3";

/// A recipe's skeleton of a notebook, with the slips that were seen in it
///
/// What it loads, its network, layers, PCA, regression and scores.
/// Found by what the notebook calls; nothing of it is run. What could not be read stands in comments, and so do slips that such notebooks
/// are known for: swapped arguments of a score, an unseeded PCA, test rows in a fit, test rows scored by train statistics. Needs
/// python3, with no package.
#[derive(Args)]
#[command(
    after_help = "Example:\n  ventral import analysis.ipynb > recipes/analysis.yaml && ventral check recipes/analysis.yaml"
)]
pub struct Import {
    /// The notebook (.ipynb), or a Python script
    notebook: PathBuf,
}

/// What the reader prints.
#[derive(Deserialize)]
struct Read {
    recipe: String,
    /// Cells, and what is wrong there.
    warnings: Vec<(usize, String)>,
}

impl Import {
    /// Prints the recipe, and on standard error the slips.
    pub fn execute(self) -> Outcome {
        let made = Command::new(PYTHON).args(["-I", "-c", READER]).arg(&self.notebook).output();
        let made =
            made.map_err(|e| Failure::Usage(format!("a notebook is read by {PYTHON}, which does not start: {e}")))?;
        if !made.status.success() {
            let said = String::from_utf8_lossy(&made.stderr);
            return Err(Failure::Usage(said.lines().last().unwrap_or("the notebook cannot be read").to_owned()));
        }
        let read: Read = serde_json::from_slice(&made.stdout)
            .map_err(|e| Failure::Usage(format!("{} was not read: {e}", self.notebook.display())))?;
        for (cell, slip) in &read.warnings {
            terminal::note(&format!("slip in cell {cell}: {slip}"));
        }
        terminal::print(&with_weights(read.recipe));
        Ok(())
    }
}

/// Puts the file that `ventral weights get` fetches where the reader says that published weights are wanted.
fn with_weights(mut recipe: String) -> String {
    const WANTED: &str = "\"published:";
    while let Some(at) = recipe.find(WANTED) {
        let name = at + WANTED.len();
        let end = recipe[name..].find('"').map_or(recipe.len(), |length| name + length);
        let model = &recipe[name..end];
        let file = published::find(model).map_or_else(|| format!("{model}.safetensors"), |published| published.file);
        recipe.replace_range(at..(end + 1).min(recipe.len()), &format!("weights/{file}"));
    }
    recipe
}

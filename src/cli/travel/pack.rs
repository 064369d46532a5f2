//! `ventral pack` and `ventral unpack`.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Args;
use serde_json::json;

use crate::cli::outcome::{Failure, Outcome};
use crate::cli::recipe::Recipe;
use crate::cli::terminal;
use crate::kind::registry::Registry;
use crate::text::{amount, quantity};
use crate::workspace::travel::manifest::Manifest;
use crate::workspace::travel::{pack, unpack};

/// A study as one file: recipe, scripts, small inputs, scores and report, and what made them
///
/// The archive is a Workflow Run RO-Crate. It has the recipe, the scripts and files that it reads (larger ones are left out, and named with
/// their digests), every table of results as .csv, the report, versions, the SHA-256 of each file and the commands that make
/// them. What the recipe keeps private stays here. Equal studies give equal bytes.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  ventral pack recipes/v4.yaml v4.zip\n  ventral pack recipes/v4.yaml v4.zip --with-cache\n  \
    ventral pack recipes/v4.yaml v4.zip --inputs-up-to 2GB --license https://spdx.org/licenses/CC-BY-4.0\n  \
    ventral unpack v4.zip v4"
)]
pub struct Pack {
    #[command(flatten)]
    recipe: Recipe,
    /// The archive to write; a pack of before is replaced
    file: PathBuf,
    /// Also pack the results of all nodes, so that a run there computes nothing
    #[arg(long)]
    with_cache: bool,
    /// Pack inputs up to this size each
    #[arg(long, value_name = "SIZE", default_value = "20MB", value_parser = quantity::size)]
    inputs_up_to: u64,
    /// Under which licence the study is handed on: an address, or words
    #[arg(long, value_name = "LICENCE")]
    license: Option<String>,
    /// Print JSON: what is in it, and what was left out
    #[arg(long)]
    json: bool,
}

impl Pack {
    pub fn execute(self, registry: &Registry) -> Outcome {
        let session = self.recipe.open(registry)?;
        let Self { with_cache, inputs_up_to: up_to, license, .. } = self;
        let options = pack::Options { with_cache, up_to, license };
        let interrupted = terminal::interruption().map_err(Failure::Failed)?;
        let packed =
            pack::pack(&session, &self.file, &options, &interrupted).map_err(|why| ended(why, &interrupted))?;
        if self.json {
            terminal::print_json(&json!({ "file": self.file, "bytes": packed.bytes, "holds": packed.manifest }));
            return Ok(());
        }
        tell_left_out(&packed.manifest);
        terminal::print(&format!(
            "{}: {} files, {}",
            self.file.display(),
            packed.manifest.files.len() + 1,
            amount::bytes(packed.bytes)
        ));
        Ok(())
    }
}

/// How a command ends that did not do it: by its reason, or because the person said so.
fn ended(why: String, interrupted: &AtomicBool) -> Failure {
    if interrupted.load(Ordering::Relaxed) {
        terminal::note("interrupted; nothing of it is left");
        return Failure::Reported(130);
    }
    Failure::Failed(why)
}

/// Says what a pack came without.
fn tell_left_out(manifest: &Manifest) {
    for input in &manifest.away.inputs {
        if let Some(why) = &input.left_out {
            terminal::note(&format!("left out {} (BLAKE3 {}): {why}", input.path, input.digest));
        }
    }
    if !manifest.away.results_left_out.is_empty() {
        terminal::note(&format!("left out {} results: they are private", manifest.away.results_left_out.len()));
    }
}

/// A workspace of what `ventral pack` packed, each file checked
///
/// Every file is held to its SHA-256, and every result to its name. A pack that is damaged, whose names leave the folder, that has links,
/// doubles or more than it says is refused, and nothing of it is left. The report is that of the study to the byte.
#[derive(Args)]
#[command(after_help = "Examples:\n  ventral unpack v4.zip\n  ventral unpack v4.zip studies/v4")]
pub struct Unpack {
    /// The archive
    file: PathBuf,
    /// A folder that is empty or not there; the archive's name without .zip unless given
    folder: Option<PathBuf>,
    /// Unpack up to this size; a hundred times the archive's unless given
    #[arg(long, value_name = "SIZE", value_parser = quantity::size)]
    up_to: Option<u64>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Unpack {
    pub fn execute(self, registry: &Registry) -> Outcome {
        let folder = match self.folder {
            Some(folder) => folder,
            None if self.file.extension().is_some() => PathBuf::from(self.file.file_stem().unwrap_or_default()),
            None => return Err(Failure::Usage("name the folder to unpack to".to_owned())),
        };
        let interrupted = terminal::interruption().map_err(Failure::Failed)?;
        let done = unpack::unpack(&self.file, &folder, self.up_to, registry, &interrupted);
        let done = done.map_err(|why| ended(why, &interrupted))?;
        if self.json {
            let cached = done.cached.as_ref().and_then(|cached| cached.as_ref().ok());
            let cached = cached.map(|(known, all)| json!({ "nodes": all, "cached": known }));
            terminal::print_json(&json!({ "folder": done.folder, "cache": cached, "holds": done.manifest }));
            return Ok(());
        }
        tell_left_out(&done.manifest);
        match &done.cached {
            Some(Ok((known, all))) => terminal::note(&format!("{known} of {all} nodes have their results")),
            Some(Err(why)) => terminal::note(&format!("the results were unpacked, but {why}")),
            None => {}
        }
        let files = done.manifest.files.len() + 1;
        terminal::print(&format!("{}: {files} files, all as they were packed", folder.display()));
        terminal::print(&format!("report: {}", folder.join(&done.manifest.report).display()));
        terminal::print(&format!("recipe: {}", folder.join(&done.manifest.recipe).display()));
        Ok(())
    }
}

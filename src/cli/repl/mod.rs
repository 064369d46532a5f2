//! `ventral repl`: a recipe's results at hand in evcxr, on a terminal or in Jupyter.

mod files;
mod folder;
mod front;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use clap::Args;
use serde_json::json;

use crate::cli::outcome::{Failure, Outcome};
use crate::cli::recipe::open;
use crate::cli::repl::folder::{Folder, Slot};
use crate::cli::terminal;
use crate::engine::worker::pool::Workers;
use crate::kind::registry::Registry;
use crate::text::amount;

/// Explore a recipe's results in Rust
///
/// Opens evcxr with the recipe as `run`: run.table("by_layer")?, run.chart("by_layer")?, run.set("components", 200)?.run()?
/// and more; `run` alone shows how every node stands. What is computed there goes through the recipe's cache. `make repl`
/// installs evcxr and prepares the library, once; docs/repl.md has ten questions and their answers.
#[derive(Args)]
#[command(
    after_help = "In a session: `:doc run.table` shows what a method does, Tab completes, `:help` lists evcxr's own commands.\n\
    Ctrl-C stops what runs, and loses the variables; Ctrl-D ends."
)]
pub struct Repl {
    /// The recipe; without one, `let run = Run::open("recipes/quickstart.yaml")?;` opens it in the session
    recipe: Option<PathBuf>,
    /// Open Jupyter instead, with a kernel that has the recipe at hand
    #[arg(long, conflicts_with = "prepare")]
    jupyter: bool,
    /// Build what a session needs, and start none
    #[arg(long)]
    prepare: bool,
    /// Passed on to evcxr, as in `ventral repl RECIPE -- --edit-mode vi`
    #[arg(last = true)]
    arguments: Vec<String>,
    /// What Jupyter starts: a kernel that talks through this file
    #[arg(long, hide = true, value_name = "FILE")]
    kernel: Option<PathBuf>,
}

impl Repl {
    pub fn execute(self, registry: &Registry) -> Outcome {
        if let Some(recipe) = &self.recipe {
            open(recipe, registry, &[])?;
        }
        let folder = Folder::here().map_err(Failure::Failed)?;
        let program = if self.jupyter || self.kernel.is_some() { "evcxr_jupyter" } else { "evcxr" };
        // Preparing needs none, so that it can run beside its installation.
        let evcxr = if self.prepare { Ok(PathBuf::new()) } else { folder.program(program) };
        let evcxr = evcxr.map_err(Failure::Failed)?;
        if self.jupyter {
            return self.notebook(&folder);
        }
        if !folder.is_prepared() {
            terminal::note(
                "repl: compiling the library for sessions, without libtorch: once, about 3 minutes on two cores; \
                 later sessions start in seconds",
            );
        }
        if self.prepare {
            let start = Instant::now();
            folder.prepare(terminal::note).map_err(Failure::Failed)?;
            let took = amount::seconds(start.elapsed().as_secs_f64());
            terminal::note(&format!("repl: prepared in {took}; `ventral repl RECIPE` opens a session"));
            return Ok(());
        }
        let slot = folder.slot().map_err(Failure::Failed)?;
        slot.prepare(terminal::note).map_err(Failure::Failed)?;
        if !folder.has_sources() {
            terminal::note(
                "repl: the sources of Rust's standard library are not here (`rustup component add rust-src`); give variables \
                 their types, as in `let table: Table = run.table(\"by_layer\")?;`",
            );
        }
        slot.write_prelude(&prelude(&slot, self.recipe.as_deref())).map_err(Failure::Failed)?;
        let mut command = session(&slot, &evcxr);
        match &self.kernel {
            Some(file) => drop(command.arg("--control_file").arg(file)),
            None => {
                command.args(&self.arguments);
                if let Some(recipe) = &self.recipe {
                    terminal::note(&format!(
                        "repl: `run` is {}; `run` shows its nodes, `run.table(\"…\")?` a table, Ctrl-D ends",
                        recipe.display()
                    ));
                }
            }
        }
        wait(command)
    }

    /// Starts Jupyter where it finds a kernel that has the recipe at hand.
    fn notebook(&self, folder: &Folder) -> Outcome {
        let told = |error: String| Failure::Failed(error);
        let program =
            std::env::current_exe().map_err(|error| told(format!("cannot tell where this program lies: {error}")))?;
        let mut arguments = vec![program.display().to_string(), "repl".to_owned()];
        if let Some(recipe) = &self.recipe {
            arguments.push(std::path::absolute(recipe).unwrap_or_else(|_| recipe.clone()).display().to_string());
        }
        arguments.extend(["--kernel".to_owned(), "{connection_file}".to_owned()]);
        let stem = self.recipe.as_ref().map(|recipe| recipe.file_stem().unwrap_or_default().to_string_lossy());
        let shown = stem.as_ref().map_or_else(|| "ventral".to_owned(), |stem| format!("ventral: {stem}"));
        // Jupyter takes no other characters in the name of a kernel.
        let harmless = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_') { c } else { '-' };
        let name: String = shown.replace(": ", "-").chars().map(harmless).collect();
        let kernel =
            json!({ "argv": arguments, "display_name": shown, "language": "rust", "interrupt_mode": "message" });
        let share = folder.write_kernel(&name, &kernel).map_err(told)?;
        let mut path = share.into_os_string();
        if let Some(known) = std::env::var_os("JUPYTER_PATH") {
            path.push(":");
            path.push(known);
        }
        let jupyter = std::env::var_os("VENTRAL_JUPYTER").unwrap_or_else(|| "jupyter".into());
        let lab = |name: &str| {
            let asked =
                Command::new(&jupyter).args([name, "--version"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
            asked.is_ok_and(|status| status.success())
        };
        let Some(front) = ["lab", "notebook"].into_iter().find(|name| lab(name)) else {
            return Err(told(format!(
                "Jupyter is not here (`pip install jupyterlab`); the kernel is, for any Jupyter started with JUPYTER_PATH={}",
                path.to_string_lossy()
            )));
        };
        let mut command = Command::new(&jupyter);
        command.arg(front).env("JUPYTER_PATH", path);
        wait(command)
    }
}

/// evcxr in a slot's folder, with the worker by which a session computes.
fn session(slot: &Slot, evcxr: &Path) -> Command {
    let mut command = Command::new(evcxr);
    command.envs(slot.environment());
    // The session's own program is evcxr, beside which no worker lies.
    if let Ok(worker) = Workers::find() {
        command.env("VENTRAL_WORKER", worker);
    }
    command
}

/// What a session begins with, in one piece: every piece is compiled by itself.
fn prelude(slot: &Slot, recipe: Option<&Path>) -> String {
    let dependency = slot.dependency();
    let recipe = recipe.map_or_else(
        // A question mark that fails nowhere: evcxr learns to allow them once, and takes the next cell at the first go.
        || "Ok::<(), Refusal>(())?;".to_owned(),
        |path| format!("let run: Run = Run::open({:?})?;", path.display().to_string()),
    );
    format!(":dep {dependency}\nuse ventral::prelude::*;\n{recipe}\n")
}

/// Runs a program to its end. Ctrl-C is the program's own business.
fn wait(mut command: Command) -> Outcome {
    let heard = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(signal_hook::consts::SIGINT, heard)
        .map_err(|error| Failure::Failed(format!("cannot listen for signals: {error}")))?;
    let name = command.get_program().to_string_lossy().into_owned();
    let status = command.status().map_err(|error| Failure::Failed(format!("cannot start {name}: {error}")))?;
    if status.success() { Ok(()) } else { Err(Failure::Failed(format!("{name} ended with {status}"))) }
}

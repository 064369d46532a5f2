//! The command line: one file per command family.

mod cache;
mod coming;
mod compare;
mod completions;
mod download;
mod export;
mod init;
mod inspect;
mod kinds;
mod outcome;
mod pdf;
mod progress;
mod publish;
mod recipe;
mod repl;
mod result;
mod run;
mod serve;
mod show;
mod terminal;
mod travel;
mod watch;
mod weights;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use crate::cli::outcome::Failure;

/// Encoding-model studies of visual cortex as cached, typed recipes.
///
/// A recipe (YAML) names a DAG of nodes. `ventral run` computes what changed, keeps every result in `cache/`, and writes
/// a report page to `reports/`.
#[derive(Parser)]
#[command(name = "ventral", version, propagate_version = true, max_term_width = 100)]
#[command(after_help = "Start with `ventral init my-study`, then `ventral run my-study/recipes/quickstart.yaml`.\n\
    Results go to standard output, progress to standard error. Exit status: 0 done, 1 a node failed,\n\
    2 recipe or usage wrong, 130 interrupted.")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run what changed, then write the report
    Run(run::Run),
    /// Read and type-check recipes; nothing runs
    Check(kinds::Check),
    /// How every node stands: cached, stale, new, failed or dropped, and why
    Status(inspect::Status),
    /// What changed for a node: which part of its key, old and new value, and what rerunning costs
    Why(inspect::Why),
    /// The recipe as a graph
    Graph(kinds::Graph),
    /// Look at a result
    Show(show::Show),
    #[command(about = export::about())]
    Export(export::Export),
    /// The node kinds, or one kind's ports, parameters and example
    Kinds(kinds::Kinds),
    /// The JSON Schema of every recipe, for editors that complete and check as one types
    Schema(kinds::Schema),
    /// Render the report again
    Report(run::Report),
    /// Run a recipe whenever it is saved; its page follows in the browser
    Watch(watch::Watch),
    /// All reports of the workspace in the browser, and what runs now
    Serve(serve::Serve),
    /// What changed between two studies: in what was done, and unit by unit in what came of it
    Compare(compare::Compare),
    /// A static site of all reports: an index, leaderboards, a search
    Publish(publish::Publish),
    /// Write down what a recipe is run with, so that `run --locked` refuses anything else
    Lock(travel::Lock),
    /// A study as one file: recipe, scripts, small inputs, scores and report, and what made them
    Pack(travel::Pack),
    /// A workspace of what `ventral pack` packed, each file checked
    Unpack(travel::Unpack),
    /// Get the files whose sources a recipe names under `data`, each checked
    Fetch(travel::Fetch),
    /// Explore a recipe's results in Rust, in evcxr or Jupyter
    Repl(repl::Repl),
    /// Pretrained weights: which the recipes want, where they are; fetch them
    Weights(weights::Weights),
    /// What the cache keeps; clear it; check it
    Cache(cache::Cache),
    /// Make a new workspace with a recipe that runs
    Init(init::Init),
    /// What this machine offers: libtorch, devices, threads, disk
    Doctor(init::Doctor),
    /// What a shell completes: `ventral completions zsh > ~/.zfunc/_ventral`
    Completions(completions::Completions),
}

/// Runs the command line; the exit status is the contract's.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let registry = crate::nodes::registry();
    let outcome = match arguments.command {
        Command::Run(command) => command.execute(&registry),
        Command::Check(command) => command.execute(&registry),
        Command::Status(command) => command.execute(&registry),
        Command::Why(command) => command.execute(&registry),
        Command::Graph(command) => command.execute(&registry),
        Command::Show(command) => command.execute(&registry),
        Command::Export(command) => command.execute(&registry),
        Command::Kinds(command) => command.execute(&registry),
        Command::Schema(command) => command.execute(&registry),
        Command::Report(command) => command.execute(&registry),
        Command::Watch(command) => command.execute(&registry),
        Command::Serve(command) => command.execute(&registry),
        Command::Compare(command) => command.execute(&registry),
        Command::Publish(command) => command.execute(&registry),
        Command::Lock(command) => command.execute(&registry),
        Command::Pack(command) => command.execute(&registry),
        Command::Unpack(command) => command.execute(&registry),
        Command::Fetch(command) => command.execute(&registry),
        Command::Repl(command) => command.execute(&registry),
        Command::Weights(command) => command.execute(&registry),
        Command::Cache(command) => command.execute(),
        Command::Init(command) => command.execute(&registry),
        Command::Doctor(command) => command.execute(),
        Command::Completions(command) => command.execute(Arguments::command()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Reported(status)) => ExitCode::from(status),
        Err(Failure::Recipe(diagnostics)) => {
            terminal::note(&diagnostics.render(terminal::colour()));
            ExitCode::from(2)
        }
        Err(Failure::Usage(message)) => {
            terminal::note(&format!("error: {message}"));
            ExitCode::from(2)
        }
        Err(Failure::Failed(message)) => {
            terminal::note(&format!("error: {message}"));
            ExitCode::from(1)
        }
    }
}

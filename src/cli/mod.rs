//! The command line: one file per command family.

mod cache;
mod coming;
mod compare;
mod completions;
mod download;
mod export;
mod figure;
mod forecast;
mod glance;
mod help;
mod import;
mod init;
mod inspect;
mod kinds;
mod man;
mod outcome;
mod pdf;
mod progress;
mod publish;
mod recipe;
mod record;
mod repl;
mod result;
mod run;
mod serve;
mod shipped;
mod show;
mod terminal;
mod travel;
mod watch;
mod weights;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use crate::cli::outcome::Failure;
use crate::kind::registry::Registry;

/// Encoding-model studies of visual cortex as cached, typed recipes.
///
/// A recipe (YAML) names a DAG of nodes. `ventral run` computes what changed, keeps every result in `cache/`, and writes
/// a report page to `reports/`.
#[derive(Parser)]
#[command(name = "ventral", version, propagate_version = true, max_term_width = 100, disable_help_subcommand = true)]
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
    Figure(figure::Figure),
    Figures(figure::Figures),
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
    /// A recipe's skeleton of a notebook, with the slips that were seen in it
    Import(import::Import),
    /// Make a new workspace with a recipe that runs
    Init(init::Init),
    /// What this machine offers: libtorch, devices, threads, disk
    Doctor(init::Doctor),
    /// What a shell completes: `ventral completions zsh > ~/.zfunc/_ventral`
    Completions(completions::Completions),
    /// Write the manual's pages, one per command: `ventral man ~/.local/share/man/man1`
    Man(man::Man),
    /// A command's help, or a page of the manual: recipes, data, questions, …
    Help(help::Help),
}

/// Runs the command line, with kinds of one's own beside those that ship; the exit status is the contract's.
///
/// It is the whole of a `main`: whatever `ventral` does, that command does with these kinds too. Recipes name them, `kinds` and the schema list
/// them, hints know them, the cache keeps what they give. They are computed by a worker that knows them as well
/// (`ventral_worker::run_with`), which a command NAME looks for as NAME-worker beside itself. `examples/own_kind/` is one of each; a kind is
/// a type with [`NodeKind`](crate::kind::NodeKind), and [`Compute`](crate::kind::Compute) for its worker.
///
/// ```no_run
/// use schemars::JsonSchema;
/// use serde::{Deserialize, Serialize};
/// use ventral::kind::{Arity, Input, Kind, NodeKind, Output};
/// use ventral::value::ty::Type;
///
/// struct Rectified;
///
/// #[derive(Serialize, Deserialize, JsonSchema)]
/// #[serde(deny_unknown_fields)]
/// struct Params {
///     /// What counts as silence.
///     threshold: f32,
/// }
///
/// impl NodeKind for Rectified {
///     const NAME: &'static str = "rectified";
///     const VERSION: u32 = 1;
///     const ABOUT: &'static str = "Features above a threshold.";
///     const EXAMPLE: &'static str = "x: { kind: rectified, in: { features: layers }, with: { threshold: 0.1 } }";
///     type Params = Params;
///     const INPUTS: &'static [Input] =
///         &[Input { name: "features", types: &[Type::Matrix], arity: Arity::One, about: "Rows are stimuli." }];
///     const OUTPUTS: &'static [Output] =
///         &[Output { name: "features", ty: Type::Matrix, keyed: None, role: None, about: "The same rows." }];
/// }
///
/// fn main() -> std::process::ExitCode {
///     ventral::run_with(|kinds| kinds.add(Kind::described::<Rectified>("own")))
/// }
/// ```
///
/// # Panics
///
/// Where two kinds have one name.
pub fn run_with(add: impl FnOnce(&mut Registry)) -> ExitCode {
    let arguments = Arguments::parse();
    let mut registry = crate::nodes::registry();
    add(&mut registry);
    let outcome = match arguments.command {
        Command::Run(command) => command.execute(&registry),
        Command::Check(command) => command.execute(&registry),
        Command::Status(command) => command.execute(&registry),
        Command::Why(command) => command.execute(&registry),
        Command::Graph(command) => command.execute(&registry),
        Command::Show(command) => command.execute(&registry),
        Command::Export(command) => command.execute(&registry),
        Command::Figure(command) => command.execute(&registry),
        Command::Figures(command) => command.execute(&registry),
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
        Command::Import(command) => command.execute(),
        Command::Init(command) => command.execute(&registry),
        Command::Doctor(command) => command.execute(),
        Command::Completions(command) => command.execute(Arguments::command()),
        Command::Help(command) => command.execute(Arguments::command()),
        Command::Man(command) => command.execute(Arguments::command()),
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

//! `ventral run` and `ventral report`.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use clap::Args;

use crate::cli::forecast::forecast;
use crate::cli::outcome::{Failure, Outcome};
use crate::cli::progress::Progress;
use crate::cli::recipe::{Recipe, Set, open};
use crate::cli::terminal;
use crate::cli::travel;
use crate::device::Device;
use crate::engine::event::Event;
use crate::engine::executor;
use crate::engine::executor::Execution;
use crate::engine::record::State;
use crate::engine::worker::resources::Resources;
use crate::kind::registry::Registry;
use crate::plan::NodeIndex;
use crate::workspace::{Session, reference};

/// Run what changed, then write the report.
///
/// A node runs where its kind, its parameters, its files' contents or its inputs' contents differ from every run that the
/// cache knows. Independent branches run side by side, and go on when another fails.
#[derive(Args)]
#[command(after_help = "Examples:\n  ventral run recipes/quickstart.yaml\n  \
    ventral run recipes/v4.yaml --set components=100\n  ventral run recipes/v4.yaml --dry-run\n  \
    ventral run recipes/v4.yaml --node pcs.components     (a port that nothing in the recipe reads)")]
pub struct Run {
    /// Recipe files
    #[arg(required = true)]
    recipes: Vec<PathBuf>,
    #[command(flatten)]
    set: Set,
    /// Only this node and what it needs; may be given again. A port, as in pcs.components, is made though nothing reads it
    #[arg(long, value_name = "NODE")]
    node: Vec<String>,
    /// Run this node though nothing changed; may be given again
    #[arg(long, value_name = "NODE")]
    force: Vec<String>,
    /// Where nodes compute that do not say: auto, cpu, cuda or cuda:INDEX
    #[arg(long, default_value = "auto")]
    device: Device,
    /// At most so many nodes at a time
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    jobs: Option<u32>,
    /// The memory that nodes may need together, such as 12GB; what the machine has free unless given
    #[arg(long, value_name = "SIZE", value_parser = crate::text::quantity::size)]
    memory: Option<u64>,
    /// Start nothing more once a node has failed
    #[arg(long)]
    fail_fast: bool,
    /// Say what would run, with a forecast of time, memory and disk; run nothing
    #[arg(long)]
    dry_run: bool,
    /// Refuse to run where anything is not as `ventral lock` wrote it down: versions, the recipe, the files that it reads
    #[arg(long)]
    locked: bool,
    /// Write no report
    #[arg(long)]
    no_report: bool,
    /// Write what happens to a file, a JSON object per line
    #[arg(long, value_name = "FILE")]
    events: Option<PathBuf>,
    /// With --dry-run: print JSON
    #[arg(long, requires = "dry_run")]
    json: bool,
}

impl Run {
    pub fn execute(self, registry: &Registry) -> Outcome {
        let sessions: Result<Vec<Session>, Failure> =
            self.recipes.iter().map(|path| open(path, registry, &self.set.set)).collect();
        let sessions = sessions?;
        if self.locked {
            travel::refuse_unless_locked(&self.recipes, &sessions)?;
        }
        // What cannot be in one of several recipes is told before any runs.
        for session in &sessions {
            self.options(session)?;
        }
        if self.dry_run {
            for session in &sessions {
                forecast(session, self.json);
            }
            return Ok(());
        }
        let mut events = match &self.events {
            None => None,
            Some(path) => Some(BufWriter::new(
                File::create(path).map_err(|e| Failure::Usage(format!("--events: {}: {e}", path.display())))?,
            )),
        };
        let interrupted = terminal::interruption().map_err(Failure::Failed)?;
        let mut worst = 0;
        for session in sessions {
            let session = self.search(session, registry, &interrupted, events.as_mut())?;
            let options = self.options(&session)?;
            worst = worst.max(self.one(&session, &options, &interrupted, events.as_mut())?);
        }
        if worst == 0 { Ok(()) } else { Err(Failure::Reported(worst)) }
    }

    fn options(&self, session: &Session) -> Result<executor::Options, Failure> {
        let mut options =
            executor::Options { fail_fast: self.fail_fast, device: self.device, ..executor::Options::default() };
        let mut targets = Vec::new();
        for text in &self.node {
            let target = reference::resolve(session, text).map_err(Failure::Usage)?;
            for at in target.nodes {
                targets.push(at);
                options.requested.insert((at, target.port.clone()));
            }
        }
        if !self.node.is_empty() {
            options.targets = Some(targets);
        }
        for name in &self.force {
            options.force.extend(session.nodes(name).map_err(Failure::Usage)?);
        }
        Ok(options)
    }

    /// Decides a search by halving; gives the recipe with the variants that go on.
    fn search(
        &self,
        session: Session,
        registry: &Registry,
        interrupted: &AtomicBool,
        mut events: Option<&mut BufWriter<File>>,
    ) -> Result<Arc<Session>, Failure> {
        let session = Arc::new(session);
        if !self.node.is_empty() {
            return Ok(session);
        }
        Session::search(session, registry, &mut |session, judges| {
            terminal::note(&format!("search: rung {}, {} trials", session.rungs() + 1, judges.len()));
            let options = executor::Options { targets: Some(judges), ..self.options(session)? };
            let execution = self.execute_plan(session, &options, interrupted, events.as_deref_mut())?;
            Ok(if execution.interrupted { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })
    }

    /// Runs one recipe; gives its exit status.
    fn one(
        &self,
        session: &Session,
        options: &executor::Options,
        interrupted: &AtomicBool,
        events: Option<&mut BufWriter<File>>,
    ) -> Result<u8, Failure> {
        let execution = self.execute_plan(session, options, interrupted, events)?;
        let page = if self.no_report || execution.interrupted {
            None
        } else {
            Some(session.report(&execution.outcomes, &execution.sources, false))
        };
        let chosen = options.targets.as_ref().map(|targets| session.plan.with_needs(targets));
        // Said first: what was computed is kept, whatever becomes of the report.
        terminal::print(&summary(&execution, chosen.as_deref()));
        if let Some(page) = page {
            let (page, _) = page.map_err(|e| Failure::Failed(e.to_string()))?;
            let shown = page.strip_prefix(&session.plan.workspace).unwrap_or(&page);
            terminal::print(&format!("report: {}", shown.display()));
        }
        Ok(match &execution {
            execution if execution.interrupted => 130,
            execution if execution.outcomes.iter().any(|o| o.state == State::Failed) => 1,
            _ => 0,
        })
    }
}

impl Run {
    /// Brings a plan up to date, and tells what happens.
    fn execute_plan(
        &self,
        session: &Session,
        options: &executor::Options,
        interrupted: &AtomicBool,
        mut events: Option<&mut BufWriter<File>>,
    ) -> Result<Execution, Failure> {
        let resources = Resources { memory: self.memory, jobs: self.jobs.map(|jobs| jobs as usize) };
        let runner = resources.runner();
        let mut progress = Progress::new();
        let mut tell = |event: &Event| {
            progress.show(event);
            if let Some(file) = &mut events {
                let line = serde_json::to_string(event).expect("events serialise");
                // Whoever follows the file reads each line as it comes.
                if writeln!(file, "{line}").and_then(|()| file.flush()).is_err() {
                    terminal::note("warning: --events: the file cannot be written");
                }
            }
        };
        session.run(&*runner, options, interrupted, &mut tell).map_err(|e| Failure::Failed(e.to_string()))
    }
}

fn summary(execution: &Execution, chosen: Option<&[NodeIndex]>) -> String {
    let of = |state: State| match chosen {
        None => execution.count(state),
        Some(nodes) => nodes
            .iter()
            .filter(|&&at| {
                let found = execution.outcomes[at].state;
                found == state || (state == State::Cached && found == State::Dropped)
            })
            .count(),
    };
    let nodes = chosen.map_or(execution.outcomes.len(), <[NodeIndex]>::len);
    format!(
        "{nodes} nodes: {} ran, {} cached, {} failed, {} skipped in {:.1} s",
        of(State::Ran),
        of(State::Cached),
        of(State::Failed),
        of(State::Skipped),
        execution.seconds
    )
}

/// Render the report again from what the cache holds; nothing runs.
#[derive(Args)]
pub struct Report {
    #[command(flatten)]
    recipe: Recipe,
    /// Also print it to report.pdf beside it, with the Chromium that is installed (or that VENTRAL_CHROMIUM names)
    #[arg(long)]
    pdf: bool,
}

impl Report {
    pub fn execute(self, registry: &Registry) -> Outcome {
        let session = self.recipe.open(registry)?;
        let survey = session.survey();
        let current = |state| matches!(state, State::Cached | State::Dropped);
        if !survey.outcomes.iter().any(|outcome| current(outcome.state)) {
            return Err(Failure::Failed(format!(
                "the cache has no current result of this recipe; `ventral run {}` makes them",
                self.recipe.recipe.display()
            )));
        }
        let (page, _) =
            session.report(&survey.outcomes, &survey.sources, true).map_err(|e| Failure::Failed(e.to_string()))?;
        terminal::print(&format!("report: {}", relative(&page, &session.plan.workspace)));
        if self.pdf {
            let pdf = crate::cli::pdf::print(&page).map_err(Failure::Failed)?;
            terminal::print(&format!("pdf: {}", relative(&pdf, &session.plan.workspace)));
        }
        Ok(())
    }
}

fn relative(path: &Path, workspace: &Path) -> String {
    path.strip_prefix(workspace).unwrap_or(path).display().to_string()
}

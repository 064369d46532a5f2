//! What one does with a recipe at hand: set, run, look at results by name, save.

use std::fmt;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use typed_index_collections::TiVec;

use crate::diagnostic::Diagnostics;
use crate::engine::event::Event;
use crate::engine::executor::{Execution, Options};
use crate::engine::record::State;
use crate::engine::worker::resources::Resources;
use crate::plan::{NodeIndex, Plan};
use crate::recipe;
use crate::recipe::Loaded;
use crate::repl::browser;
use crate::repl::chart::Chart;
use crate::repl::handle::{Origin, Run};
use crate::repl::images::Images;
use crate::repl::matrix::Matrix;
use crate::repl::node::Node;
use crate::repl::save;
use crate::repl::setting::Setting;
use crate::repl::table::Table;
use crate::repl::{Outcome, Refusal};
use crate::text::amount;
use crate::value::Value;
use crate::workspace::why::View;
use crate::workspace::{Session, reference};

/// How long a computation goes on without a word.
const QUIET: Duration = Duration::from_secs(10);

impl Run {
    /// Opens a recipe; every problem of it is told at once. Nothing runs.
    pub fn open(recipe: impl AsRef<Path>) -> Outcome<Self> {
        let path = recipe.as_ref();
        let session = Session::open(path, &crate::nodes::registry(), &[])?;
        let text = session.plan.source.clone();
        let origin = Origin { path: Some(path.to_owned()), text, set: Vec::new() };
        Ok(Self { session: Arc::new(session), origin: Arc::new(origin) })
    }

    /// A plan built in Rust, such as `Draft` gives.
    pub fn of(plan: Plan) -> Self {
        let origin = Origin { path: plan.recipe.clone(), text: plan.source.clone(), set: Vec::new() };
        let loaded = Loaded { plan, warnings: Diagnostics::new(Vec::new()) };
        Self { session: Arc::new(Session::of(loaded)), origin: Arc::new(origin) }
    }

    /// The same with a variable or a node's parameter set, as `ventral run --set` does it: `run.set("components", 200)?`,
    /// where a list sweeps the variable, and `run.set("readout.folds", 5)?`. Nothing runs until `run()`.
    pub fn set(&self, name: &str, value: impl Into<Setting>) -> Outcome<Self> {
        let mut set = self.origin.set.clone();
        set.retain(|(known, _)| known != name);
        set.push((name.to_owned(), value.into()));
        self.with(self.origin.text.clone(), set)
    }

    /// The recipe as its file stands now, with what was set.
    pub fn reload(&self) -> Outcome<Self> {
        let Some(path) = &self.origin.path else {
            return Err(Refusal::new("this plan was built in Rust; there is no recipe to read again"));
        };
        let text = recipe::text(path).map_err(Diagnostics::from)?;
        self.with(text, self.origin.set.clone())
    }

    fn with(&self, text: String, set: Vec<(String, Setting)>) -> Outcome<Self> {
        let origin = Origin { path: self.origin.path.clone(), text, set };
        let session = save::opened(&self.session.plan, &origin)?;
        let base = self.session.plan.name.split('@').next().unwrap_or_default();
        Ok(Self { session: Arc::new(session.varying(base)), origin: Arc::new(origin) })
    }

    /// Computes what changed, and says what ran; gives the run with everything up to date. A search by halving goes rung by
    /// rung, as `ventral run` does it. A node that fails is a refusal that says why; what did run is kept.
    pub fn run(&self) -> Outcome<Self> {
        let start = Arc::clone(&self.session);
        let session = Session::search(start, &crate::nodes::registry(), &mut |session, judges| {
            println!("search: rung {}, {} trials", session.rungs() + 1, judges.len());
            execute(session, &Options { targets: Some(judges), ..Options::default() })?;
            Ok::<_, Refusal>(ControlFlow::Continue(()))
        })?;
        Self { session, origin: Arc::clone(&self.origin) }.complete(&Options::default())
    }

    /// Computes a result that the recipe does not keep or that nothing in it reads: `run.make("pcs.components")?`.
    pub fn make(&self, reference: &str) -> Outcome<Self> {
        let target = reference::resolve(&self.session, reference)?;
        let survey = self.session.survey();
        let dropped = |&at: &NodeIndex| survey.outcomes[at].state == State::Dropped;
        self.complete(&Options {
            requested: target.nodes.iter().map(|&at| (at, target.port.clone())).collect(),
            force: target.nodes.iter().copied().filter(dropped).collect(),
            targets: Some(target.nodes),
            ..Options::default()
        })
    }

    /// Runs the plan; a node that fails is a refusal.
    fn complete(&self, options: &Options) -> Outcome<Self> {
        let execution = execute(&self.session, options)?;
        let failed: Vec<String> = (self.session.plan.nodes.iter().zip(&execution.outcomes))
            .filter(|(_, outcome)| outcome.state == State::Failed)
            .map(|(node, outcome)| {
                format!("`{}` failed: {}", node.id, outcome.message.as_deref().unwrap_or("no reason was given"))
            })
            .collect();
        if failed.is_empty() { Ok(self.clone()) } else { Err(Refusal::new(failed.join("\n"))) }
    }

    /// A table: `run.table("by_layer")?`, `run.table("scores.per_unit")?`. Those of several variants, or of several folds,
    /// stand one below the other, with what tells them apart in front.
    pub fn table(&self, reference: &str) -> Outcome<Table> {
        let (found, _) = self.find(reference)?;
        Table::gather(self, reference, &found)
    }

    /// A matrix, memory-mapped, with the stimuli of its rows: `run.matrix("pcs@layer=features.9")?`. Responses are a matrix
    /// too: stimuli × units, the mean over repeats.
    pub fn matrix(&self, reference: &str) -> Outcome<Matrix> {
        let (one, value, _) = self.single(reference)?;
        Matrix::of(&one.name, value)
    }

    /// Images: `run.images("it.images")?`.
    pub fn images(&self, reference: &str) -> Outcome<Images> {
        let (one, value, survey) = self.single(reference)?;
        Images::of(&one.name, value, survey.sources)
    }

    /// Any result, as the engine has it.
    pub fn value(&self, reference: &str) -> Outcome<Value> {
        Ok(self.single(reference)?.1)
    }

    /// The chart that a report draws of a node: `run.chart("by_layer")?`. `.kind("violin")?`, `.y("r")?` and others change
    /// it, as a recipe's `chart:` does.
    pub fn chart(&self, reference: &str) -> Outcome<Chart> {
        Chart::of(self, reference)
    }

    /// A node, with all its variants unless one is named; where no node is called so, the nodes of that kind.
    pub fn node(&self, name: &str) -> Outcome<Node> {
        let nodes = self.session.nodes(name).or_else(|refusal| {
            let plan = &self.session.plan;
            let of_kind: Vec<NodeIndex> = plan.nodes.keys().filter(|&at| plan.nodes[at].kind.name == name).collect();
            let same = of_kind.windows(2).all(|two| plan.nodes[two[0]].id.name == plan.nodes[two[1]].id.name);
            if of_kind.is_empty() || !same { Err(refusal) } else { Ok(of_kind) }
        })?;
        Ok(Node::of(self, nodes))
    }

    /// Renders the report from what the cache holds.
    pub fn report(&self) -> Outcome<Report> {
        let survey = self.session.survey();
        let page = self.session.report(&survey.outcomes, &survey.sources, false);
        let (path, _) = page.map_err(|failure| Refusal::new(failure.to_string()))?;
        Ok(Report { path })
    }

    /// The recipe as a graph, with how each node stands.
    pub fn graph(&self) -> Graph {
        Graph { run: self.clone() }
    }

    /// Writes what was tried as a recipe, at a path relative to the workspace. It checks, and its nodes are those of this
    /// run, so that all that is cached here is cached there. An existing file of other content is not overwritten.
    pub fn save_recipe(&self, path: impl AsRef<Path>) -> Outcome<PathBuf> {
        save::save(self, path.as_ref())
    }

    /// The recipe's text, with what was set.
    pub fn recipe(&self) -> Outcome<String> {
        save::text(&self.session.plan, &self.origin)
    }

    /// What is run: nodes, edges, parameters.
    pub fn plan(&self) -> Plan {
        self.session.plan.clone()
    }

    /// How every node stands: name, kind, state, seconds, bytes, and why it would run.
    pub(super) fn standings(&self) -> TiVec<NodeIndex, [String; 6]> {
        let view = View::of(&self.session);
        let rows = self.session.plan.nodes.iter_enumerated().map(|(at, node)| {
            let outcome = &view.survey.outcomes[at];
            let last = view.last_records(at);
            let seconds = (!last.is_empty()).then(|| last.iter().map(|record| record.provenance.seconds).sum());
            let bytes = outcome.bytes();
            [
                node.id.to_string(),
                node.kind.name.to_owned(),
                outcome.state.name().to_owned(),
                seconds.map_or_else(String::new, amount::seconds),
                if bytes == 0 { String::new() } else { amount::bytes(bytes) },
                view.short(at),
            ]
        });
        rows.collect()
    }

    /// What is hardly meant in the recipe; empty where nothing is.
    pub(super) fn warnings(&self) -> String {
        if self.session.warnings.is_empty() { String::new() } else { self.session.warnings.render(false) }
    }
}

/// Brings a plan up to date, and says what runs.
fn execute(session: &Session, options: &Options) -> Outcome<Execution> {
    let (mut done, mut total, mut told) = (0, 0, Instant::now());
    let mut tell = |event: &Event| match event {
        Event::RunStarted { nodes, .. } => total = *nodes,
        Event::NodeFinished { node, state, seconds, message, .. } => {
            done += 1;
            match (state, message) {
                (State::Ran, _) => println!("[{done}/{total}] {node}: ran in {}", amount::seconds(*seconds)),
                (State::Failed, Some(message)) => println!("[{done}/{total}] {node}: failed: {message}"),
                _ => {}
            }
        }
        Event::NodeProgress { node, done, total, what } if told.elapsed() > QUIET => {
            told = Instant::now();
            println!("{node}: {done} of {total} {what}");
        }
        Event::NodeNote { node, text } => println!("{node}: note: {text}"),
        _ => {}
    };
    let runner = Resources::default().runner();
    let ended = session.run(&*runner, options, &AtomicBool::new(false), &mut tell);
    ended.map_err(|error| Refusal::new(error.to_string()))
}

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.session.plan.nodes.len();
        write!(f, "Run of {} ({count} node{})", self.session.plan.name, if count == 1 { "" } else { "s" })
    }
}

/// A rendered report.
#[derive(Clone, Debug)]
pub struct Report {
    pub path: PathBuf,
}

impl Report {
    /// Opens it in the browser, where there is one.
    pub fn open(&self) -> Outcome<()> {
        browser::open(&self.path)
    }
}

/// A recipe as a picture.
#[derive(Clone, Debug)]
pub struct Graph {
    pub(super) run: Run,
}

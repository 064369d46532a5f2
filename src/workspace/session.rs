//! A recipe that was read, beside its cache and its report.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use typed_index_collections::{TiSlice, TiVec};

use crate::diagnostic::Diagnostics;
use crate::digest::Digest;
use crate::engine::event::Event;
use crate::engine::executor;
use crate::engine::executor::Execution;
use crate::engine::files::Files;
use crate::engine::machine::Machine;
use crate::engine::record::{Outcome, State};
use crate::engine::store::{History, Store, StoreError};
use crate::engine::walk::{Survey, Walk};
use crate::engine::worker::job::Runner;
use crate::kind::column;
use crate::kind::registry::Registry;
use crate::plan::{NodeIndex, Plan};
use crate::recipe;
use crate::recipe::Loaded;
use crate::report;
use crate::report::{Audience, ReportError, Study};
use crate::value::Value;

/// A recipe's text and where it belongs.
#[derive(Clone, Debug)]
pub struct Written {
    /// What diagnostics call it, and what its plan is named after.
    pub name: PathBuf,
    pub text: String,
    /// Its file; none for a study that was built in Rust.
    pub file: Option<PathBuf>,
    /// The workspace, where it is not to be found from the name.
    pub workspace: Option<PathBuf>,
}

/// A recipe that was read, beside its cache.
pub struct Session {
    pub plan: Plan,
    pub warnings: Diagnostics,
    /// What it was read from; none for a plan at hand, which stays as it is.
    pub(super) written: Option<Written>,
    pub(super) cache: PathBuf,
    pub(super) set: Vec<(String, String)>,
    /// Of a search by halving, the trials that go on at each rung that is decided.
    pub(super) survivors: Vec<Vec<usize>>,
    /// The plan of which this is a variation: what its nodes last were says what changed where this one's never ran.
    pub(super) varies: Option<String>,
}

impl Session {
    /// Reads a recipe file; every problem at once. A search by halving stands as far as the cache decides it.
    pub fn open(path: &Path, registry: &Registry, set: &[(String, String)]) -> Result<Self, Diagnostics> {
        let text = recipe::text(path)?;
        let file = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let written = Written { name: path.to_owned(), text, file: Some(file), workspace: None };
        Self::read(written, registry, set)
    }

    /// The same of a recipe's text.
    pub fn read(written: Written, registry: &Registry, set: &[(String, String)]) -> Result<Self, Diagnostics> {
        Self::decided(&written, registry, set, Vec::new())
    }

    /// The recipe with the trials of a search that go on, and further as far as the cache decides it.
    fn decided(
        written: &Written,
        registry: &Registry,
        set: &[(String, String)],
        survivors: Vec<Vec<usize>>,
    ) -> Result<Self, Diagnostics> {
        let workspace = written.workspace.clone();
        let mut options = recipe::Options { set: set.to_vec(), workspace, survivors, ran: false };
        loop {
            let mut loaded = recipe::read(&written.name, &written.text, registry, report::charts(), &options)?;
            loaded.plan.recipe.clone_from(&written.file);
            let survivors = options.survivors.clone();
            let written = Some(written.clone());
            let session = Self { written, set: set.to_vec(), survivors, ..Self::of(loaded) };
            match session.next_rung() {
                Some(more) => options.survivors.push(more),
                None => return Ok(session),
            }
        }
    }

    /// Of a search by halving, the recipe with the rungs that are decided by now; nothing where none is since it was read.
    pub fn further(&self, registry: &Registry) -> Result<Option<Self>, Diagnostics> {
        let Some(written) = &self.written else { return Ok(None) };
        let Some(more) = self.next_rung() else { return Ok(None) };
        let survivors = self.survivors.iter().cloned().chain([more]).collect();
        let further = Self::decided(written, registry, &self.set, survivors)?;
        Ok(Some(Self { varies: self.varies.clone(), ..further }))
    }

    /// Decides a search by halving, rung by rung, as far as its trials' scores do; gives the recipe with the variants that
    /// went on, which still are to run as a whole. Any other recipe it gives back as it is.
    ///
    /// `run` brings the nodes that judge a rung up to date, and says whether to go on.
    pub fn search<E: From<Diagnostics>>(
        mut session: Arc<Self>,
        registry: &Registry,
        run: &mut dyn FnMut(&Arc<Self>, Vec<NodeIndex>) -> Result<ControlFlow<()>, E>,
    ) -> Result<Arc<Self>, E> {
        while let Some(judges) = session.undecided() {
            if run(&session, judges)?.is_break() {
                break;
            }
            // Trials that failed decide nothing; the run of the whole tells them.
            let Some(further) = session.further(registry)? else { break };
            session = Arc::new(further);
        }
        Ok(session)
    }

    /// A recipe that was read already, or a plan built in Rust, beside the cache of its workspace.
    pub fn of(Loaded { plan, warnings }: Loaded) -> Self {
        let cache = Store::place(&plan.workspace);
        Self { plan, warnings, written: None, cache, set: Vec::new(), survivors: Vec::new(), varies: None }
    }

    /// The same as a variation of another plan of the workspace, by its name.
    #[must_use]
    pub fn varying(self, name: &str) -> Self {
        Self { varies: Some(name.to_owned()), ..self }
    }

    /// The nodes whose scores decide how a search by halving goes on; nothing once all its rungs are decided.
    pub fn undecided(&self) -> Option<Vec<NodeIndex>> {
        self.plan.rung.as_ref().map(|rung| rung.judges.iter().map(|&(_, node)| node).collect())
    }

    /// How many rungs of a search by halving are decided beyond the first.
    pub fn rungs(&self) -> usize {
        self.survivors.len()
    }

    /// The trials that go on, where every one on the last rung is scored and up to date.
    fn next_rung(&self) -> Option<Vec<usize>> {
        let rung = self.plan.rung.as_ref()?;
        let survey = self.survey();
        let mut scores: Vec<(f64, usize)> = Vec::new();
        for &(trial, node) in &rung.judges {
            let outcome = &survey.outcomes[node];
            if outcome.state != State::Cached {
                return None;
            }
            let stored = outcome.outputs().find(|stored| stored.port == rung.port)?;
            let Ok(Value::Table(table)) = self.store().value(stored) else { return None };
            // A trial without a score loses.
            let score = table.score(&rung.measure, column::MEAN).ok()?.filter(|score| score.is_finite());
            scores.push((score.unwrap_or(f64::NEG_INFINITY), trial));
        }
        scores.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let mut survivors: Vec<usize> = scores.into_iter().take(rung.keep).map(|(_, trial)| trial).collect();
        survivors.sort_unstable();
        Some(survivors)
    }

    /// What the workspace's cache holds, to read.
    pub fn store(&self) -> Store {
        Store::read_only(&self.cache)
    }

    /// Where the recipe's report lies.
    pub fn page(&self) -> PathBuf {
        self.plan.workspace.join("reports").join(&self.plan.name).join("index.html")
    }

    /// What the recipe's nodes last were.
    pub fn history(&self) -> History {
        let store = self.store();
        let mut history = store.history(&self.plan.name);
        if let Some(name) = &self.varies {
            for (node, last) in store.history(name).nodes {
                history.nodes.entry(node).or_insert(last);
            }
        }
        history
    }

    /// How every node stands, without running any.
    pub fn survey(&self) -> Survey {
        self.survey_with(&mut Files::new(self.store().files()))
    }

    /// The same with digests of files that a caller remembers from one time to the next.
    pub fn survey_with(&self, files: &mut Files) -> Survey {
        let (store, history) = (self.store(), self.history());
        Walk::new(&self.plan, &store, &history, &BTreeSet::new()).survey(files)
    }

    /// Brings the plan up to date.
    pub fn run(
        &self,
        runner: &dyn Runner,
        options: &executor::Options,
        interrupted: &AtomicBool,
        emit: &mut dyn FnMut(&Event),
    ) -> Result<Execution, StoreError> {
        let store = Store::open(&self.cache)?;
        store.announce(&self.plan.name)?;
        let machine = Machine::of(&store)?;
        let before = store.history(&self.plan.name);
        let mut history = before.clone();
        if let Some(recipe) = &self.plan.recipe {
            history.path.clone_from(recipe);
        }
        history.set.clone_from(&self.set);
        // Where nothing has to run, as in a workspace that was moved, nothing else is news.
        if !before.nodes.is_empty() && history != before {
            store.records().write_history(&self.plan.name, &history)?;
        }
        let mut files = Files::new(store.files());
        let run = executor::Run {
            plan: &self.plan,
            store: &store,
            history: &mut history,
            files: &mut files,
            machine: &machine,
            runner,
            options,
            interrupted,
        };
        let mut execution = executor::execute(run, emit)?;
        if let Some(news) = files.news() {
            store.write_files(news)?;
        }
        if options.targets.is_some() {
            self.fill_in(&store, &history, &mut files, &mut execution);
        }
        self.remember(&store, &execution)?;
        Ok(execution)
    }

    /// Nodes that were no target stand as they stood: a report shows the whole recipe.
    fn fill_in(&self, store: &Store, history: &History, files: &mut Files, execution: &mut Execution) {
        let survey = Walk::new(&self.plan, store, history, &BTreeSet::new()).survey(files);
        for (outcome, known) in execution.outcomes.iter_mut().zip(survey.outcomes) {
            if outcome.state == State::New {
                *outcome = known;
            }
        }
        execution.sources.extend(survey.sources);
    }

    /// Renders the report unless the page is that of these very results; gives its path and whether it was rendered.
    pub fn report(
        &self,
        outcomes: &TiSlice<NodeIndex, Outcome>,
        sources: &BTreeMap<Digest, PathBuf>,
        always: bool,
    ) -> Result<(PathBuf, bool), ReportFailure> {
        self.with_study(outcomes, sources, Audience::Here, |study| self.write_report(study, always))
    }

    /// What a function makes of the study as it stands after a run or a survey.
    pub fn with_study<T>(
        &self,
        outcomes: &TiSlice<NodeIndex, Outcome>,
        sources: &BTreeMap<Digest, PathBuf>,
        audience: Audience,
        read: impl FnOnce(&Study<'_>) -> T,
    ) -> T {
        // Whether a result is of this run or an earlier one is no part of a report.
        let outcomes: TiVec<NodeIndex, Outcome> = outcomes
            .iter()
            .cloned()
            .map(|mut outcome| {
                if outcome.state == State::Ran {
                    outcome.state = State::Cached;
                }
                outcome
            })
            .collect();
        let made = outcomes.iter().flat_map(|outcome| &outcome.records).map(|record| &record.provenance.at);
        let finished = made.max().cloned().unwrap_or_default();
        let store = self.store();
        let objects = store.objects();
        read(&Study { plan: &self.plan, outcomes: &outcomes, objects, sources, finished, audience })
    }

    fn write_report(&self, study: &Study<'_>, always: bool) -> Result<(PathBuf, bool), ReportFailure> {
        let fingerprint = report::fingerprint(study);
        let page = self.page();
        if !always && self.store().page(&self.plan.name) == Some(fingerprint) && page.is_file() {
            return Ok((page, false));
        }
        let html = report::render(study).map_err(ReportFailure::Render)?;
        let cannot_write = |error| ReportFailure::Write(page.clone(), error);
        let folder = page.parent().expect("a page lies in its folder");
        fs::create_dir_all(folder).map_err(cannot_write)?;
        let scratch = folder.join(".index.html.new");
        fs::write(&scratch, html).and_then(|()| fs::rename(&scratch, &page)).map_err(cannot_write)?;
        let store = Store::open(&self.cache).map_err(ReportFailure::Store)?;
        store.write_page(&self.plan.name, fingerprint).map_err(ReportFailure::Store)?;
        Ok((page, true))
    }

    /// The nodes that a name or reference means, or an error that names the nearest.
    pub fn nodes(&self, reference: &str) -> Result<Vec<NodeIndex>, String> {
        let found = self.plan.find(reference);
        if !found.is_empty() {
            return Ok(found);
        }
        let ids: Vec<String> = self.plan.nodes.iter().map(|node| node.id.to_string()).collect();
        let names = self.plan.nodes.iter().map(|node| node.id.name.as_str());
        let hint = match crate::text::nearest::nearest(reference, names.chain(ids.iter().map(String::as_str))) {
            Some(near) => format!("; did you mean `{near}`?"),
            None => {
                let names: BTreeSet<&str> = self.plan.nodes.iter().map(|node| node.id.name.as_str()).collect();
                format!("; there are {}", names.into_iter().collect::<Vec<_>>().join(", "))
            }
        };
        Err(format!("`{}` has no node `{reference}`{hint}", self.plan.name))
    }
}

/// Why there is no report.
#[derive(Debug)]
pub enum ReportFailure {
    Render(ReportError),
    Write(PathBuf, std::io::Error),
    Store(StoreError),
}

impl std::fmt::Display for ReportFailure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Render(error) => write!(f, "the report cannot be made: {error}"),
            Self::Write(path, error) => write!(f, "the report cannot be written: {}: {error}", path.display()),
            Self::Store(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for ReportFailure {}

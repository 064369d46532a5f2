//! A run: looks at what the store has, has computed what it lacks, and settles node after node.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use typed_index_collections::TiVec;

use crate::device::Device;
use crate::digest::Digest;
use crate::engine::dispatch::{Dispatch, Message};
use crate::engine::event::{Event, OutputEvent};
use crate::engine::files::Files;
use crate::engine::leak;
use crate::engine::machine::Machine;
use crate::engine::prepare;
use crate::engine::prepare::Locked;
use crate::engine::progress::{Progress, UnderWay};
use crate::engine::receipt;
use crate::engine::record::{Outcome, Record, State, Stored};
use crate::engine::schedule::{Needs, Schedule};
use crate::engine::store::{Failure, History, Last, Store, StoreError};
use crate::engine::walk::{Look, Walk};
use crate::engine::worker::job::{Done, Job, JobFailure, Reply, Runner};
use crate::kind::Signal;
use crate::plan::{NodeIndex, Plan};

/// How often at most it is written down what has run: what a kill makes nameless, `cache gc` takes for litter.
const BETWEEN_HISTORIES: Duration = Duration::from_secs(1);
/// How often contended locks are tried again and an interruption is looked for.
const TICK: Duration = Duration::from_millis(50);

/// What a run is asked for.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The nodes to bring up to date, with what they need; all where absent.
    pub targets: Option<Vec<NodeIndex>>,
    /// Lazy ports that are asked for though nothing in the plan reads them.
    pub requested: BTreeSet<(NodeIndex, String)>,
    /// Nodes to compute whatever the store has.
    pub force: Vec<NodeIndex>,
    /// Start nothing more once a node has failed.
    pub fail_fast: bool,
    /// Overrides `auto` (not a device that a node names).
    pub device: Device,
}

/// How a run ended.
#[derive(Debug)]
pub struct Execution {
    /// Per node of the plan.
    pub outcomes: TiVec<NodeIndex, Outcome>,
    pub seconds: f64,
    pub interrupted: bool,
    /// Where the files lie that images refer to.
    pub sources: BTreeMap<Digest, PathBuf>,
}

impl Execution {
    /// How many nodes ended in a state. Dropped ones count as cached.
    pub fn count(&self, state: State) -> usize {
        let same =
            |outcome: &&Outcome| outcome.state == state || (state == State::Cached && outcome.state == State::Dropped);
        self.outcomes.iter().filter(same).count()
    }
}

/// A run's parties: what is brought up to date, from what, and by whom.
pub struct Run<'a> {
    pub plan: &'a Plan,
    pub store: &'a Store,
    /// What the recipe's nodes last were; what they are now, after the run.
    pub history: &'a mut History,
    pub files: &'a mut Files,
    pub machine: &'a Machine,
    pub runner: &'a dyn Runner,
    pub options: &'a Options,
    /// When it turns true, computations under way are stopped and the cache is left consistent.
    pub interrupted: &'a AtomicBool,
}

/// Brings a plan up to date; events are emitted as they happen.
///
/// A failed node is an outcome; only a cache that cannot be written is an error.
pub fn execute(run: Run<'_>, emit: &mut dyn FnMut(&Event)) -> Result<Execution, StoreError> {
    let start = Instant::now();
    let Run { plan, store, history, files, machine, runner, options, interrupted } = run;
    let before = history.clone();
    let walk = Walk::new(plan, store, &before, &options.requested);
    let targets: BTreeSet<NodeIndex> = match &options.targets {
        None => plan.nodes.keys().collect(),
        Some(targets) => plan.with_needs(targets).into_iter().collect(),
    };
    emit(&Event::RunStarted { recipe: plan.name.clone(), nodes: targets.len() });
    let mut executor = Executor {
        walk: &walk,
        options,
        machine,
        nodes: plan.nodes.keys().map(|at| Progress::new(options.force.contains(&at))).collect(),
        schedule: Schedule::new(targets),
        sources: BTreeMap::new(),
        files,
        history,
        written: Instant::now(),
        emit,
    };
    let cancelled = std::thread::scope(|scope| executor.run(&Dispatch::new(scope, runner), interrupted))?;
    let Executor { nodes, sources, schedule, history, .. } = executor;
    let unsettled = |at| if schedule.targets().contains(&at) { State::Skipped } else { State::New };
    let outcomes = nodes.into_iter_enumerated().map(|(at, node)| node.outcome(unsettled(at))).collect();
    if *history != before {
        store.records().write_history(&plan.name, history)?;
    }
    let execution = Execution { outcomes, seconds: start.elapsed().as_secs_f64(), interrupted: cancelled, sources };
    emit(&Event::RunFinished {
        ran: execution.count(State::Ran),
        cached: execution.count(State::Cached),
        failed: execution.count(State::Failed),
        skipped: execution.count(State::Skipped),
        seconds: execution.seconds,
    });
    Ok(execution)
}

struct Executor<'a> {
    walk: &'a Walk<'a>,
    options: &'a Options,
    machine: &'a Machine,
    nodes: TiVec<NodeIndex, Progress>,
    schedule: Schedule,
    sources: BTreeMap<Digest, PathBuf>,
    files: &'a mut Files,
    history: &'a mut History,
    /// When `history` was last written down.
    written: Instant,
    emit: &'a mut dyn FnMut(&Event),
}

/// How a node settles.
#[derive(Default)]
struct Settled {
    records: Vec<Record>,
    message: Option<String>,
    /// The node that failed, where it was skipped for that.
    because: Option<NodeIndex>,
    /// Its keys by entry, where it has results.
    keys: Option<BTreeMap<String, Digest>>,
    took: Duration,
}

impl Settled {
    /// Without results, for a reason.
    fn without(message: impl Into<String>) -> Self {
        Self { message: Some(message.into()), ..Self::default() }
    }

    /// With what a look found.
    fn found(look: Look) -> Self {
        Self { keys: Some(look.keys()), records: look.into_records(), ..Self::default() }
    }
}

impl Executor<'_> {
    /// Works until nothing is left to do; tells whether it was interrupted.
    fn run<'env>(&mut self, jobs: &Dispatch<'_, 'env>, interrupted: &AtomicBool) -> Result<bool, StoreError> {
        let mut cancelled = false;
        loop {
            self.look_at_pending()?;
            if !cancelled {
                self.start_what_may(jobs)?;
            }
            if self.schedule.is_pending() {
                continue;
            }
            if self.schedule.is_idle() {
                return Ok(cancelled);
            }
            if let Some(message) = jobs.next(TICK) {
                self.receive(message).inspect_err(|_| jobs.cancel())?;
            }
            self.schedule.retry(TICK);
            if interrupted.load(Ordering::SeqCst) && !cancelled {
                cancelled = true;
                // What waited for room has no event of its own: it was never begun.
                self.schedule.stop();
                self.schedule.give_up_on_contended();
                jobs.cancel();
            }
        }
    }

    fn plan(&self) -> &Plan {
        self.walk.plan
    }

    /// Looks at every pending node whose needs have settled.
    fn look_at_pending(&mut self) -> Result<(), StoreError> {
        while let Some(at) = self.schedule.next_to_look_at() {
            if self.nodes[at].state.is_some() || self.nodes[at].under_way.is_some() {
                continue;
            }
            let plan = self.walk.plan;
            let needs: Vec<NodeIndex> = plan.nodes[at].edges.iter().map(|edge| edge.from).collect();
            if needs.iter().any(|&from| self.nodes[from].state.is_none()) {
                continue;
            }
            let bad = |&&from: &&NodeIndex| matches!(self.nodes[from].state, Some(State::Failed | State::Skipped));
            if let Some(&from) = needs.iter().find(bad) {
                let how = if self.nodes[from].state == Some(State::Failed) { "failed" } else { "was skipped" };
                let message = format!("it needs `{}`, which {how}", plan.nodes[from].id);
                let because = match self.nodes[from].state {
                    Some(State::Failed) => Some(from),
                    _ => self.nodes[from].because,
                };
                self.settle(at, State::Skipped, Settled { because, ..Settled::without(message) })?;
                continue;
            }
            match self.look(at) {
                Err(message) => self.fail(at, BTreeMap::new(), message)?,
                Ok(look) => self.looked(at, look)?,
            }
        }
        Ok(())
    }

    fn look(&mut self, at: NodeIndex) -> Result<Look, String> {
        let upstream = |from: NodeIndex| self.nodes[from].records.as_slice();
        self.walk.look(at, &upstream, self.files, self.nodes[at].demand)
    }

    /// Settles a node that has what it needs, and lets compute the one that has not.
    fn looked(&mut self, at: NodeIndex, look: Look) -> Result<(), StoreError> {
        self.sources.extend(look.files.values().map(|(path, digest)| (*digest, path.clone())));
        for problem in &look.problems {
            let (node, text) = (self.plan().nodes[at].id.to_string(), problem.to_string());
            (self.emit)(&Event::of(node, Signal::Note { text }));
        }
        if look.complete() && !self.nodes[at].force {
            let state = if look.dropped { State::Dropped } else { State::Cached };
            return self.settle(at, state, Settled::found(look));
        }
        if self.schedule.is_stopped() {
            return self.settle(at, State::Skipped, Settled::without("not started, since the run was stopping"));
        }
        if !self.demand_inputs(at) {
            self.schedule.must_compute(at);
        }
        Ok(())
    }

    /// Whether the node must wait for dropped inputs to be made again. It is looked at again once they have settled.
    fn demand_inputs(&mut self, at: NodeIndex) -> bool {
        let upstream = |from: NodeIndex| self.nodes[from].records.as_slice();
        let mut needs = self.walk.needs(at, &upstream);
        needs.retain(|&from| self.nodes[from].state == Some(State::Dropped));
        for &from in &needs {
            let node = &mut self.nodes[from];
            node.state = None;
            node.demand = true;
        }
        let waits = !needs.is_empty();
        self.schedule.look_again(needs);
        waits
    }

    /// Starts runnable nodes while there is room, in plan order.
    fn start_what_may(&mut self, jobs: &Dispatch<'_, '_>) -> Result<(), StoreError> {
        if !self.schedule.is_waiting() {
            return Ok(());
        }
        // Asked only now: where nothing is to do, nobody counts processors.
        let capacity = jobs.capacity();
        loop {
            let (nodes, auto) = (&self.walk.plan.nodes, self.options.device);
            let needs_of = |at: NodeIndex| Needs::of(&nodes[at], self.machine, auto, &capacity);
            let Some((at, needs)) = self.schedule.next_to_start(&capacity, needs_of) else { return Ok(()) };
            let Some(job) = self.prepare(at, needs)? else { continue };
            self.schedule.started(at, needs);
            (self.emit)(&Event::NodeStarted {
                node: job.node.clone(),
                kind: job.kind.clone(),
                device: needs.device.to_string(),
            });
            jobs.start(at, job);
        }
    }

    /// Locks the node's missing actions and writes down its job; `None` where there is nothing to start now.
    fn prepare(&mut self, at: NodeIndex, needs: Needs) -> Result<Option<Job>, StoreError> {
        let force = self.nodes[at].force;
        let first = match self.look(at) {
            Ok(look) => look,
            Err(message) => return self.fail(at, BTreeMap::new(), message).map(|()| None),
        };
        let Some(locks) = prepare::lock(self.walk.store, &first, force)? else {
            self.schedule.contend(at);
            return Ok(None);
        };
        // Whoever held the lock before may have computed it.
        let look = match self.look(at) {
            Ok(look) => look,
            Err(message) => return self.fail(at, BTreeMap::new(), message).map(|()| None),
        };
        if look.complete() && !force {
            return self.settle(at, State::Cached, Settled::found(look)).map(|()| None);
        }
        let upstream = |from: NodeIndex| self.nodes[from].records.as_slice();
        let locked = Locked { at, look, force, needs, machine: self.machine, sources: &self.sources, locks };
        match locked.job(self.walk, &upstream) {
            Ok((job, under_way)) => {
                self.nodes[at].under_way = Some(under_way);
                Ok(Some(job))
            }
            Err(message) => self.fail(at, BTreeMap::new(), message).map(|()| None),
        }
    }

    fn receive(&mut self, message: Message) -> Result<(), StoreError> {
        match message {
            Message::Reply(at, reply) => {
                let receipt = &mut self.nodes[at].under_way.as_mut().expect("it speaks, so it is under way").receipt;
                match reply {
                    Reply::Signal { signal } => {
                        match &signal {
                            Signal::Note { text } => receipt.notes.push(text.clone()),
                            Signal::Version { name, version } => {
                                receipt.software.insert(name.clone(), version.clone());
                            }
                            Signal::Progress { .. } | Signal::Metric(_) | Signal::Resumed { .. } => {}
                        }
                        (self.emit)(&Event::of(self.walk.plan.nodes[at].id.to_string(), signal));
                    }
                    Reply::Output { stored } => receipt.outputs.push(stored),
                    Reply::Hello { .. } | Reply::Reserve { .. } | Reply::Done { .. } | Reply::Failed { .. } => {}
                }
                Ok(())
            }
            Message::Ended(at, result) => {
                self.schedule.ended(at);
                let under_way = self.nodes[at].under_way.take().expect("it ends, so it was under way");
                match result {
                    Ok(done) => self.finish(at, under_way, &done),
                    Err(failure) => self.give_up(at, under_way.keys, failure),
                }
            }
        }
    }

    /// Publishes the records of a computation that ended well: from here on it is done.
    fn finish(&mut self, at: NodeIndex, under_way: UnderWay, done: &Done) -> Result<(), StoreError> {
        let UnderWay { receipt, found, keys, files, started, .. } = &under_way;
        for (path, digest) in files {
            if self.files.digest(path).ok() != Some(*digest) {
                let message = format!("{} changed while it was read; run again", path.display());
                return self.fail(at, keys.clone(), message);
            }
        }
        let node = &self.walk.plan.nodes[at];
        let mut records = receipt::publish(self.walk.store.records(), node.kind, receipt.clone(), done)?;
        records.extend(found.iter().map(|record| (record.key, record.clone())));
        // In the order of entries, which may name the same action twice no more.
        let entries = node.kind.entries(&node.params);
        let order: Vec<Digest> = if entries.is_empty() {
            keys.values().copied().collect()
        } else {
            entries.iter().filter_map(|entry| keys.get(entry).copied()).collect()
        };
        let records = order.iter().filter_map(|key| records.remove(key)).collect();
        self.nodes[at].force = false;
        let took = started.elapsed();
        self.settle(at, State::Ran, Settled { records, keys: Some(keys.clone()), took, ..Settled::default() })
    }

    /// Settles a node whose computation did not end well.
    fn give_up(
        &mut self,
        at: NodeIndex,
        keys: BTreeMap<String, Digest>,
        failure: JobFailure,
    ) -> Result<(), StoreError> {
        if failure.cancelled {
            return self.settle(at, State::Skipped, Settled::without("interrupted"));
        }
        let mut message = failure.message;
        if let Some(path) = failure.leak.and_then(|kind| leak::path(self.plan(), at, &kind)) {
            message.push_str("; the path of the leak is ");
            message.push_str(&path);
        }
        self.fail(at, keys, message)
    }

    fn fail(&mut self, at: NodeIndex, keys: BTreeMap<String, Digest>, message: String) -> Result<(), StoreError> {
        let last = self.history.nodes.entry(self.walk.plan.nodes[at].id.to_string()).or_default();
        last.failure = Some(Failure { keys, message: message.clone() });
        self.settle(at, State::Failed, Settled::without(message))?;
        if self.options.fail_fast {
            self.stop("not started, since another node failed (`--fail-fast`)")?;
        }
        Ok(())
    }

    /// Starts nothing more; what waited for room is skipped.
    fn stop(&mut self, why: &str) -> Result<(), StoreError> {
        for at in self.schedule.stop() {
            self.settle(at, State::Skipped, Settled::without(why))?;
        }
        Ok(())
    }

    fn settle(&mut self, at: NodeIndex, state: State, settled: Settled) -> Result<(), StoreError> {
        let Settled { records, message, because, keys, took } = settled;
        if let Some(keys) = keys {
            self.remember(at, state, Last { keys, failure: None }, &records)?;
        }
        let outputs = records.iter().flat_map(|record| &record.outputs);
        (self.emit)(&Event::NodeFinished {
            node: self.walk.plan.nodes[at].id.to_string(),
            state: if state == State::Dropped { State::Cached } else { state },
            seconds: took.as_secs_f64(),
            key: records.first().map(|record| record.key),
            outputs: outputs
                .map(|stored| (stored.name(), OutputEvent { digest: stored.digest, bytes: stored.bytes }))
                .collect(),
            message: message.clone(),
            because: because.map(|from| self.walk.plan.nodes[from].id.to_string()),
        });
        let node = &mut self.nodes[at];
        node.state = Some(state);
        node.records = records;
        node.message = message;
        node.because = because;
        self.schedule.look_again(self.walk.readers[at].iter().copied());
        let needs: BTreeSet<NodeIndex> = self.plan().nodes[at].edges.iter().map(|edge| edge.from).chain([at]).collect();
        for from in needs {
            self.drop_if_done(from);
        }
        Ok(())
    }

    /// Links a node's results and remembers its keys, where they are news.
    fn remember(&mut self, at: NodeIndex, state: State, last: Last, records: &[Record]) -> Result<(), StoreError> {
        let (plan, store) = (self.walk.plan, self.walk.store);
        let id = plan.nodes[at].id.to_string();
        if self.history.nodes.get(&id) == Some(&last) && state != State::Ran {
            return Ok(());
        }
        let outputs: Vec<&Stored> = records.iter().flat_map(|record| &record.outputs).collect();
        store.link(&plan.name, &id, &outputs)?;
        self.history.nodes.insert(id, last);
        if self.written.elapsed() > BETWEEN_HISTORIES {
            store.records().write_history(&plan.name, self.history)?;
            self.written = Instant::now();
        }
        Ok(())
    }

    /// Drops the outputs of a `keep: false` node once all who read it have what they need.
    fn drop_if_done(&mut self, at: NodeIndex) {
        let plan = self.walk.plan;
        let readers = &self.walk.readers[at];
        let done = |at: &NodeIndex| matches!(self.nodes[*at].state, Some(State::Ran | State::Cached | State::Dropped));
        // Who asks for a node by name wants to look at it.
        let named = self.options.targets.as_ref().is_some_and(|targets| targets.contains(&at));
        let mut reading = readers.iter().filter(|reader| self.schedule.targets().contains(reader));
        if plan.nodes[at].keep || named || self.nodes[at].state != Some(State::Ran) || !reading.all(done) {
            return;
        }
        let kept: BTreeSet<Digest> = plan
            .nodes
            .iter_enumerated()
            .filter(|(_, other)| other.keep)
            .flat_map(|(other, _)| self.nodes[other].records.iter().flat_map(|record| &record.outputs))
            .map(|stored| stored.digest)
            .collect();
        for stored in self.nodes[at].records.iter().flat_map(|record| &record.outputs) {
            if !kept.contains(&stored.digest) {
                // What cannot be deleted stays; it costs disk, not truth.
                let _ = self.walk.store.objects().remove(stored);
            }
        }
    }
}

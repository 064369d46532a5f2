//! The scheduler: a state machine over the plan that computes what the store lacks, side by side.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::Scope;
use std::time::{Duration, Instant};

use crate::device::Device;
use crate::digest::Digest;
use crate::engine::event::{Event, OutputEvent};
use crate::engine::files::Files;
use crate::engine::fingerprint::Action;
use crate::engine::machine::Machine;
use crate::engine::record::{Made, Outcome, Record, State, Stored};
use crate::engine::store::{ActionLock, Failure, History, Last, Store, StoreError};
use crate::engine::walk::{Look, Walk};
use crate::engine::worker::job::{Done, Job, JobFailure, Reply, Runner};
use crate::kind::{Arrival, Epoch, Threads};
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
    pub asked: BTreeSet<(NodeIndex, String)>,
    /// Nodes to compute whatever the store has.
    pub force: Vec<NodeIndex>,
    /// Start nothing more once a node has failed.
    pub fail_fast: bool,
    /// At most so many nodes at a time.
    pub jobs: Option<usize>,
    /// Overrides `auto` (not a device that a node names).
    pub device: Device,
}

/// How a run ended.
#[derive(Debug)]
pub struct Execution {
    /// Per node of the plan.
    pub outcomes: Vec<Outcome>,
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

/// Brings a plan up to date.
///
/// Events are told as they happen. When `interrupted` turns true, computations under way are stopped and the cache is
/// left consistent. A failed node is an outcome; only a cache that cannot be written is an error.
#[expect(clippy::too_many_arguments, reason = "a run has this many independent parties; one call site each")]
pub fn execute(
    plan: &Plan,
    store: &Store,
    history: &mut History,
    files: &mut Files,
    machine: &Machine,
    runner: &dyn Runner,
    options: &Options,
    interrupted: &AtomicBool,
    tell: &mut dyn FnMut(&Event),
) -> Result<Execution, StoreError> {
    let start = Instant::now();
    let before = history.clone();
    let walk = Walk::new(plan, store, &before, &options.asked);
    let targets: BTreeSet<NodeIndex> = match &options.targets {
        None => (0..plan.nodes.len()).collect(),
        Some(targets) => plan.with_needs(targets).into_iter().collect(),
    };
    tell(&Event::RunStarted { recipe: plan.name.clone(), nodes: targets.len() });
    let mut schedule = Schedule {
        walk: &walk,
        options,
        machine,
        nodes: (0..plan.nodes.len()).map(|at| Progress::new(options.force.contains(&at))).collect(),
        pending: targets.clone(),
        targets,
        runnable: BTreeSet::new(),
        contended: BTreeMap::new(),
        free: machine.threads,
        running: 0,
        gpus_busy: BTreeSet::new(),
        stop: false,
        sources: BTreeMap::new(),
        history,
        written: Instant::now(),
        tell,
    };
    let (sender, messages) = mpsc::channel();
    let mut cancelled = false;
    std::thread::scope(|scope| -> Result<(), StoreError> {
        loop {
            schedule.settle_pending(files)?;
            if !cancelled {
                schedule.dispatch(scope, &sender, runner, files)?;
            }
            if !schedule.pending.is_empty() {
                continue;
            }
            if schedule.running == 0 && schedule.contended.is_empty() {
                return Ok(());
            }
            match messages.recv_timeout(TICK) {
                Ok(message) => schedule.hear(message, files).inspect_err(|_| runner.cancel())?,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => unreachable!("a sender is kept here"),
            }
            schedule.retry_contended();
            if interrupted.load(Ordering::SeqCst) && !cancelled {
                cancelled = true;
                schedule.stop = true;
                schedule.contended.clear();
                runner.cancel();
            }
        }
    })?;
    let Schedule { nodes, sources, targets, .. } = schedule;
    let outcomes: Vec<Outcome> = nodes
        .into_iter()
        .enumerate()
        .map(|(at, node)| Outcome {
            state: node.state.unwrap_or(if targets.contains(&at) { State::Skipped } else { State::New }),
            records: node.records,
            message: node.message,
        })
        .collect();
    if *history != before {
        store.write_history(&plan.name, history)?;
    }
    let execution = Execution { outcomes, seconds: start.elapsed().as_secs_f64(), interrupted: cancelled, sources };
    tell(&Event::RunFinished {
        ran: execution.count(State::Ran),
        cached: execution.count(State::Cached),
        failed: execution.count(State::Failed),
        skipped: execution.count(State::Skipped),
        seconds: execution.seconds,
    });
    Ok(execution)
}

/// One node on its way.
struct Progress {
    state: Option<State>,
    records: Vec<Record>,
    message: Option<String>,
    /// Its dropped objects are needed again.
    demand: bool,
    force: bool,
    /// What a dispatched computation was given.
    under_way: Option<UnderWay>,
}

impl Progress {
    fn new(force: bool) -> Self {
        Self { state: None, records: Vec::new(), message: None, demand: false, force, under_way: None }
    }
}

struct UnderWay {
    missing: Vec<Action>,
    found: Vec<Record>,
    look_keys: BTreeMap<String, Digest>,
    file_digests: Vec<(PathBuf, Digest)>,
    threads: usize,
    gpu: Option<usize>,
    outputs: Vec<Stored>,
    notes: Vec<String>,
    started: Instant,
    _locks: Vec<ActionLock>,
}

/// What a computation's thread tells the scheduler.
enum Message {
    Said(NodeIndex, Reply),
    Ended(NodeIndex, Result<Done, JobFailure>),
}

struct Schedule<'a> {
    walk: &'a Walk<'a>,
    options: &'a Options,
    machine: &'a Machine,
    nodes: Vec<Progress>,
    targets: BTreeSet<NodeIndex>,
    /// Nodes to look at: nothing is known of them yet, or something upstream has settled.
    pending: BTreeSet<NodeIndex>,
    /// Nodes that must compute and wait for threads.
    runnable: BTreeSet<NodeIndex>,
    /// Nodes whose action another process computes, and since when that was last tried.
    contended: BTreeMap<NodeIndex, Instant>,
    free: usize,
    running: usize,
    gpus_busy: BTreeSet<usize>,
    stop: bool,
    sources: BTreeMap<Digest, PathBuf>,
    history: &'a mut History,
    /// When `history` was last written down.
    written: Instant,
    tell: &'a mut dyn FnMut(&Event),
}

impl Schedule<'_> {
    fn plan(&self) -> &Plan {
        self.walk.plan
    }

    /// Looks at every pending node whose needs have settled.
    fn settle_pending(&mut self, files: &mut Files) -> Result<(), StoreError> {
        while let Some(at) = self.pending.pop_first() {
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
                let message = format!(
                    "it needs `{}`, which {}",
                    plan.nodes[from].id,
                    match self.nodes[from].state {
                        Some(State::Failed) => "failed",
                        _ => "was skipped",
                    }
                );
                self.settle(at, State::Skipped, Vec::new(), Some(message), None)?;
                continue;
            }
            match self.look(at, files) {
                Err(message) => self.fail(at, BTreeMap::new(), message)?,
                Ok(look) if look.complete() && !self.nodes[at].force => {
                    self.remember_sources(&look);
                    let state = if look.dropped { State::Dropped } else { State::Cached };
                    let keys = look.keys();
                    self.settle(at, state, look.into_records(), None, Some(keys))?;
                }
                Ok(look) => {
                    self.remember_sources(&look);
                    if self.stop {
                        let message = Some("not started, since the run was stopping".to_owned());
                        self.settle(at, State::Skipped, Vec::new(), message, None)?;
                    } else if !self.demand_inputs(at) {
                        self.runnable.insert(at);
                    }
                }
            }
        }
        Ok(())
    }

    fn look(&self, at: NodeIndex, files: &mut Files) -> Result<Look, String> {
        let upstream = |from: NodeIndex| self.nodes[from].records.as_slice();
        self.walk.look(at, &upstream, files, self.nodes[at].demand)
    }

    fn remember_sources(&mut self, look: &Look) {
        self.sources.extend(look.files.values().map(|(path, digest)| (*digest, path.clone())));
    }

    /// Whether the node must wait for dropped inputs to be made again.
    fn demand_inputs(&mut self, at: NodeIndex) -> bool {
        let upstream = |from: NodeIndex| self.nodes[from].records.as_slice();
        let needs = self.walk.needs(at, &upstream);
        let mut waits = false;
        for from in needs {
            if self.nodes[from].state == Some(State::Dropped) {
                let node = &mut self.nodes[from];
                node.state = None;
                node.demand = true;
                self.pending.insert(from);
                waits = true;
            }
        }
        if waits {
            self.pending.insert(at);
            // Its needs are looked at first: they stand before it in the plan, and it waits until they settle.
            self.pending.remove(&at);
        }
        waits
    }

    /// Starts runnable nodes while threads are free, in plan order.
    fn dispatch<'scope, 'env>(
        &mut self,
        scope: &'scope Scope<'scope, 'env>,
        sender: &mpsc::Sender<Message>,
        runner: &'env dyn Runner,
        files: &mut Files,
    ) -> Result<(), StoreError> {
        for at in self.runnable.clone() {
            if self.stop {
                self.runnable.remove(&at);
                let message = Some("not started, since another node failed (`--fail-fast`)".to_owned());
                self.settle(at, State::Skipped, Vec::new(), message, None)?;
                continue;
            }
            let node = &self.plan().nodes[at];
            let threads = self.machine.threads_of(node.kind.threads).min(self.machine.threads);
            let device = if node.device == Device::Auto { self.options.device } else { node.device };
            let gpu = match (node.kind.threads, device) {
                (Threads::Team, Device::Cuda(index)) => Some(index),
                (Threads::Team, Device::Auto) if self.machine.gpus > 0 => Some(0),
                _ => None,
            };
            if self.options.jobs.is_some_and(|jobs| self.running >= jobs)
                || threads > self.free
                || gpu.is_some_and(|index| self.gpus_busy.contains(&index))
            {
                continue;
            }
            self.runnable.remove(&at);
            let Some(job) = self.prepare(at, threads, device, gpu, files)? else { continue };
            self.free -= threads;
            self.running += 1;
            self.gpus_busy.extend(gpu);
            let id = self.plan().nodes[at].id.to_string();
            (self.tell)(&Event::NodeStarted { node: id, kind: job.kind.clone(), device: device.to_string() });
            let sender = sender.clone();
            scope.spawn(move || {
                let mut say = |reply| {
                    let _ = sender.send(Message::Said(at, reply));
                };
                let result = runner.run(&job, &mut say);
                let _ = sender.send(Message::Ended(at, result));
            });
        }
        Ok(())
    }

    /// Locks the node's missing actions and writes down its job; `None` where there is nothing to start now.
    fn prepare(
        &mut self,
        at: NodeIndex,
        threads: usize,
        device: Device,
        gpu: Option<usize>,
        files: &mut Files,
    ) -> Result<Option<Job>, StoreError> {
        let store = self.walk.store;
        let first = match self.look(at, files) {
            Ok(look) => look,
            Err(message) => {
                self.fail(at, BTreeMap::new(), message)?;
                return Ok(None);
            }
        };
        let force = self.nodes[at].force;
        let mut keys: Vec<Digest> = first
            .actions
            .iter()
            .zip(&first.found)
            .filter(|(_, found)| found.is_none() || force)
            .map(|(action, _)| action.key)
            .collect();
        // In one order everywhere, so that two runs never wait for each other.
        keys.sort();
        keys.dedup();
        let mut locks = Vec::with_capacity(keys.len());
        for key in &keys {
            match store.try_lock(*key)? {
                Some(lock) => locks.push(lock),
                None => {
                    self.contended.insert(at, Instant::now());
                    return Ok(None);
                }
            }
        }
        // Whoever held the lock before may have computed it.
        let look = match self.look(at, files) {
            Ok(look) => look,
            Err(message) => {
                self.fail(at, BTreeMap::new(), message)?;
                return Ok(None);
            }
        };
        if look.complete() && !force {
            let keys = look.keys();
            self.settle(at, State::Cached, look.into_records(), None, Some(keys))?;
            return Ok(None);
        }
        let node = &self.walk.plan.nodes[at];
        let upstream = |from: NodeIndex| self.nodes[from].records.as_slice();
        let arriving = self.walk.inputs(at, &upstream).expect("the look just found them");
        let mut inputs: BTreeMap<String, Vec<Arrival>> = BTreeMap::new();
        for (edge, found) in node.edges.iter().zip(arriving) {
            for stored in found {
                inputs.entry(edge.port.clone()).or_default().push(Arrival {
                    label: edge.label.clone(),
                    key: if edge.key.is_none() { stored.key.clone() } else { None },
                    ty: stored.ty,
                    digest: stored.digest,
                    path: store.path(stored),
                });
            }
        }
        let look_keys = look.keys();
        let (mut missing, mut found) = (Vec::new(), Vec::new());
        for (action, record) in look.actions.into_iter().zip(look.found) {
            match record {
                Some(record) if !force => found.push(record),
                _ => missing.push(action),
            }
        }
        let entries: Vec<String> = missing.iter().map(|a| a.entry.clone()).filter(|entry| !entry.is_empty()).collect();
        let params = if entries.is_empty() { node.params.clone() } else { node.kind.narrow(&node.params, &entries) };
        let job = Job {
            node: node.id.to_string(),
            kind: node.kind.name.to_owned(),
            version: node.kind.version,
            params,
            inputs,
            files: look.files.clone(),
            sources: self.sources.clone(),
            wanted: self.walk.ports(at),
            keys: missing.iter().map(|action| (action.entry.clone(), action.key)).collect(),
            device,
            threads,
            batch: self.machine.batch,
            fresh: force,
            cache: store.root().to_owned(),
            scratch: store.scratch().to_owned(),
        };
        self.nodes[at].under_way = Some(UnderWay {
            missing,
            found,
            look_keys,
            file_digests: look.files.into_values().collect(),
            threads,
            gpu,
            outputs: Vec::new(),
            notes: Vec::new(),
            started: Instant::now(),
            _locks: locks,
        });
        Ok(Some(job))
    }

    fn retry_contended(&mut self) {
        let (again, wait): (BTreeMap<_, _>, BTreeMap<_, _>) =
            std::mem::take(&mut self.contended).into_iter().partition(|(_, since)| since.elapsed() >= TICK);
        self.contended = wait;
        // Looked up again first: most often the other process has finished it.
        self.pending.extend(again.into_keys());
    }

    fn hear(&mut self, message: Message, files: &mut Files) -> Result<(), StoreError> {
        match message {
            Message::Said(at, reply) => {
                let node = self.plan().nodes[at].id.to_string();
                let under_way = self.nodes[at].under_way.as_mut().expect("it speaks, so it is under way");
                match reply {
                    Reply::Progress { done, total, what } => {
                        (self.tell)(&Event::NodeProgress { node, done, total, what });
                    }
                    Reply::Note { text } => {
                        under_way.notes.push(text.clone());
                        (self.tell)(&Event::NodeNote { node, text });
                    }
                    Reply::Metric(Epoch { epoch, values }) => (self.tell)(&Event::Metric { node, epoch, values }),
                    Reply::Resumed { epochs } => (self.tell)(&Event::TrainingResumed { node, epochs }),
                    Reply::Output { stored } => under_way.outputs.push(stored),
                    Reply::Hello { .. } | Reply::Reserve { .. } | Reply::Done { .. } | Reply::Failed { .. } => {}
                }
                Ok(())
            }
            Message::Ended(at, result) => {
                let under_way = self.nodes[at].under_way.take().expect("it ends, so it was under way");
                self.free += under_way.threads;
                self.running -= 1;
                if let Some(gpu) = under_way.gpu {
                    self.gpus_busy.remove(&gpu);
                }
                match result {
                    Ok(done) => self.finish(at, under_way, done, files),
                    Err(failure) if failure.cancelled => {
                        self.settle(at, State::Skipped, Vec::new(), Some("interrupted".to_owned()), None)
                    }
                    Err(failure) => {
                        let mut message = failure.message;
                        if let Some(path) = failure.leak.and_then(|kind| self.path_to(at, &kind)) {
                            message.push_str("; the path of the leak is ");
                            message.push_str(&path);
                        }
                        self.fail(at, under_way.look_keys, message)
                    }
                }
            }
        }
    }

    /// Writes the records of a computation that ended well: from here on it is done.
    fn finish(&mut self, at: NodeIndex, under_way: UnderWay, done: Done, files: &mut Files) -> Result<(), StoreError> {
        for (path, digest) in &under_way.file_digests {
            if files.digest(path).ok() != Some(*digest) {
                let message = format!("{} changed while it was read; run again", path.display());
                return self.fail(at, under_way.look_keys, message);
            }
        }
        let kind = self.plan().nodes[at].kind;
        let port_rank = |stored: &Stored| kind.outputs.iter().position(|port| port.name == stored.port);
        let share = 1.0 / under_way.missing.len() as f64;
        let mut fresh = BTreeMap::new();
        for action in under_way.missing {
            let mine = |stored: &&Stored| action.entry.is_empty() || stored.key.as_ref() == Some(&action.entry);
            let mut outputs: Vec<Stored> = under_way.outputs.iter().filter(mine).cloned().collect();
            outputs.sort_by_key(port_rank);
            let record = Record {
                key: action.key,
                kind: kind.name.to_owned(),
                version: kind.version,
                ingredients: action.ingredients,
                outputs,
                made: Made {
                    at: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
                    seconds: done.seconds * share,
                    device: done.device.clone(),
                    threads: under_way.threads,
                    peak_bytes: done.peak_bytes,
                    ventral: env!("CARGO_PKG_VERSION").to_owned(),
                    libtorch: done.libtorch.clone(),
                    hardware: done.hardware.clone(),
                },
                lazy: self.walk.wanted[at].iter().cloned().collect(),
                notes: under_way.notes.clone(),
            };
            self.walk.store.write_record(&record)?;
            fresh.insert(action.key, record);
        }
        let mut found: BTreeMap<Digest, Record> =
            under_way.found.into_iter().map(|record| (record.key, record)).collect();
        found.append(&mut fresh);
        // In the order of entries, which may name the same action twice no more.
        let entries = kind.entries(&self.plan().nodes[at].params);
        let order: Vec<Digest> = if entries.is_empty() {
            under_way.look_keys.values().copied().collect()
        } else {
            entries.iter().filter_map(|entry| under_way.look_keys.get(entry).copied()).collect()
        };
        let records = order.iter().filter_map(|key| found.remove(key)).collect();
        self.nodes[at].force = false;
        self.settle_timed(at, State::Ran, records, None, Some(under_way.look_keys), under_way.started.elapsed())
    }

    fn fail(&mut self, at: NodeIndex, keys: BTreeMap<String, Digest>, message: String) -> Result<(), StoreError> {
        let last = self.history.nodes.entry(self.walk.plan.nodes[at].id.to_string()).or_default();
        last.failure = Some(Failure { keys, message: message.clone() });
        if self.options.fail_fast {
            self.stop = true;
        }
        self.settle(at, State::Failed, Vec::new(), Some(message), None)
    }

    fn settle(
        &mut self,
        at: NodeIndex,
        state: State,
        records: Vec<Record>,
        message: Option<String>,
        keys: Option<BTreeMap<String, Digest>>,
    ) -> Result<(), StoreError> {
        self.settle_timed(at, state, records, message, keys, Duration::ZERO)
    }

    fn settle_timed(
        &mut self,
        at: NodeIndex,
        state: State,
        records: Vec<Record>,
        message: Option<String>,
        keys: Option<BTreeMap<String, Digest>>,
        took: Duration,
    ) -> Result<(), StoreError> {
        let plan = self.walk.plan;
        let id = plan.nodes[at].id.to_string();
        if let Some(keys) = keys {
            let last = Last { keys, failure: None };
            if self.history.nodes.get(&id) != Some(&last) || state == State::Ran {
                let outputs: Vec<&Stored> = records.iter().flat_map(|record| &record.outputs).collect();
                self.walk.store.link(&plan.name, &id, &outputs)?;
                self.history.nodes.insert(id.clone(), last);
                if self.written.elapsed() > BETWEEN_HISTORIES {
                    self.walk.store.write_history(&plan.name, self.history)?;
                    self.written = Instant::now();
                }
            }
        }
        let outputs = records.iter().flat_map(|record| &record.outputs);
        (self.tell)(&Event::NodeFinished {
            node: id,
            state: if state == State::Dropped { State::Cached } else { state },
            seconds: took.as_secs_f64(),
            key: records.first().map(|record| record.key),
            outputs: outputs
                .map(|stored| (stored.name(), OutputEvent { digest: stored.digest, bytes: stored.bytes }))
                .collect(),
            message: message.clone(),
        });
        let node = &mut self.nodes[at];
        node.state = Some(state);
        node.records = records;
        node.message = message;
        self.pending.extend(self.walk.readers[at].iter().filter(|reader| self.targets.contains(reader)));
        let needs: BTreeSet<NodeIndex> = plan.nodes[at].edges.iter().map(|edge| edge.from).chain([at]).collect();
        for from in needs {
            self.drop_if_done(from);
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
        let mut reading = readers.iter().filter(|reader| self.targets.contains(reader));
        if plan.nodes[at].keep || named || self.nodes[at].state != Some(State::Ran) || !reading.all(done) {
            return;
        }
        let kept: BTreeSet<Digest> = (0..plan.nodes.len())
            .filter(|&other| plan.nodes[other].keep)
            .flat_map(|other| self.nodes[other].records.iter().flat_map(|record| &record.outputs))
            .map(|stored| stored.digest)
            .collect();
        for stored in self.nodes[at].records.iter().flat_map(|record| &record.outputs) {
            if !kept.contains(&stored.digest) {
                // What cannot be deleted stays; it costs disk, not truth.
                let _ = self.walk.store.drop_object(stored);
            }
        }
    }

    /// The chain of nodes from the nearest upstream node of a kind down to this one.
    fn path_to(&self, at: NodeIndex, kind: &str) -> Option<String> {
        let plan = self.plan();
        let mut came: BTreeMap<NodeIndex, NodeIndex> = BTreeMap::new();
        let mut queue = std::collections::VecDeque::from([at]);
        while let Some(node) = queue.pop_front() {
            if node != at && plan.nodes[node].kind.name == kind {
                let mut chain = vec![format!("`{}`", plan.nodes[node].id)];
                let mut here = node;
                while let Some(&next) = came.get(&here) {
                    chain.push(format!("`{}`", plan.nodes[next].id));
                    here = next;
                }
                return Some(chain.join(" → "));
            }
            for edge in &plan.nodes[node].edges {
                if edge.from != at && !came.contains_key(&edge.from) {
                    came.insert(edge.from, node);
                    queue.push_back(edge.from);
                }
            }
        }
        None
    }
}

//! Runs a recipe whenever it is saved, and keeps its page up to date while the run goes on.
//!
//! Three parties: the caller's thread runs the recipe; one answers requests; one renders what is there so far, so that
//! neither the run nor a browser waits for a page. A save that changes what is computed stops the run under way and
//! starts the next; one that does not, such as a comment, lets it go on.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use notify::{RecursiveMode, Watcher};

use crate::diagnostic::Diagnostics;
use crate::engine::event::Event;
use crate::engine::executor;
use crate::engine::executor::Execution;
use crate::engine::files::Files;
use crate::engine::worker::job::Runner;
use crate::kind::registry::Registry;
use crate::live::hub::Hub;
use crate::live::server::{Answer, Bound, within};
use crate::plan::Plan;
use crate::report;
use crate::report::Audience;
use crate::workspace::Session;

/// An editor writes a file in several steps; this long after the last it is taken for saved.
const SETTLE: Duration = Duration::from_millis(12);
/// At most so often a page is rendered while a run goes on.
const BETWEEN_PAGES: Duration = Duration::from_millis(400);
/// How often an interruption is looked for while nothing happens.
const TICK: Duration = Duration::from_millis(100);

/// What is followed.
pub struct Options {
    pub recipe: PathBuf,
    pub set: Vec<(String, String)>,
    pub run: executor::Options,
}

/// What a person at a terminal hears of it.
pub enum Update<'a> {
    Event(&'a Event),
    /// The recipe has mistakes, and what they are.
    Wrong(&'a Diagnostics),
    /// A run ended, and the report was written or not.
    Ended(Result<PathBuf, String>),
}

/// Follows a recipe until `stop` turns true. `runner` makes whatever computes; it is asked again after an interruption.
///
/// Fails where the recipe's folder cannot be watched, or the cache cannot be written.
pub fn watch(
    bound: &Bound,
    options: &Options,
    registry: &Registry,
    runner: &dyn Fn() -> Box<dyn Runner>,
    stop: &AtomicBool,
    emit: &mut dyn FnMut(Update<'_>),
) -> Result<(), String> {
    let (saved, saves) = channel();
    let _watcher = watcher(&options.recipe, saved)?;
    let hub = Arc::new(Hub::default());
    let stopper = bound.stopper();
    std::thread::scope(|scope| {
        scope.spawn(|| bound.answer_all(|path| answer(path, &hub, &options.recipe)));
        let (prints, printing) = channel();
        let (printed, ended) = channel();
        let shown = &hub;
        scope.spawn(move || print(shown, &printing, &printed));
        let followed = Followed { options, registry, hub: &hub, prints };
        let outcome = followed.follow((&saves, &ended), runner, stop, emit);
        stopper();
        outcome
    })
}

/// Reports each save of a file; its folder is watched, since editors rename new files over old ones.
fn watcher(recipe: &Path, saved: Sender<()>) -> Result<impl Watcher, String> {
    let recipe = std::path::absolute(recipe).unwrap_or_else(|_| recipe.to_owned());
    let name = recipe.file_name().map(std::ffi::OsStr::to_owned);
    let folder = recipe.parent().map(Path::to_owned).unwrap_or_default();
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        let Ok(event) = event else { return };
        let ours = event.paths.iter().any(|path| path.file_name().map(std::ffi::OsStr::to_owned) == name);
        if ours && !event.kind.is_access() {
            let _ = saved.send(());
        }
    })
    .map_err(|e| format!("files cannot be watched: {e}"))?;
    watcher
        .watch(&folder, RecursiveMode::NonRecursive)
        .map_err(|e| format!("{} cannot be watched: {e}", folder.display()))?;
    Ok(watcher)
}

fn answer(path: &str, hub: &Hub, recipe: &Path) -> Answer {
    match path {
        "/" | "/page" => {
            let (page, revision) = hub.page();
            let name = recipe.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
            Answer::Page(if revision == 0 { report::waiting(&name) } else { page.to_string() })
        }
        "/events" => Answer::Events(hub.listen()),
        other => {
            let reports = crate::recipe::workspace_of(recipe).join("reports");
            within(&reports, other).map_or(Answer::Nothing, Answer::File)
        }
    }
}

struct Followed<'a> {
    options: &'a Options,
    registry: &'a Registry,
    hub: &'a Hub,
    /// What is to be rendered, beside the run.
    prints: Sender<Print>,
}

/// Something to render.
enum Print {
    /// A node of a run under way has finished.
    Passing(Arc<Session>),
    /// A run has ended, and its report is to be written.
    Ended(Arc<Session>, Execution),
}

/// Renders what there is while runs go on, at most so often, and writes the reports of those that ended; nobody waits
/// for it. Of several things to render, the last ended run counts, else the last that is passing.
fn print(hub: &Hub, printing: &Receiver<Print>, printed: &Sender<Result<PathBuf, String>>) {
    let mut files: Option<Files> = None;
    let mut last: Option<(Instant, Duration)> = None;
    while let Ok(mut next) = printing.recv() {
        // A large page takes no more than a fifth of a core from the run.
        let due = last.map(|(ended, took)| BETWEEN_PAGES.max(took * 4).saturating_sub(ended.elapsed()));
        let deadline = Instant::now() + due.unwrap_or_default();
        while matches!(next, Print::Passing(_)) {
            match printing.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(newer) => next = newer,
                Err(_) => break,
            }
        }
        let start = Instant::now();
        match next {
            Print::Passing(session) => {
                let files = files.get_or_insert_with(|| Files::new(session.store().files()));
                let survey = session.survey_with(files);
                let html = session.with_study(&survey.outcomes, &survey.sources, Audience::Here, report::live);
                if let Ok(html) = html {
                    hub.show(html, true);
                }
            }
            Print::Ended(session, execution) => {
                let (outcomes, sources) = (&execution.outcomes, &execution.sources);
                if let Ok(html) = session.with_study(outcomes, sources, Audience::Here, report::live) {
                    hub.show(html, false);
                }
                let page = session.report(outcomes, sources, false);
                let _ = printed.send(page.map(|(page, _)| page).map_err(|e| e.to_string()));
            }
        }
        last = Some((Instant::now(), start.elapsed()));
    }
}

impl Followed<'_> {
    fn follow(
        &self,
        (saves, ended): (&Receiver<()>, &Receiver<Result<PathBuf, String>>),
        runner: &dyn Fn() -> Box<dyn Runner>,
        stop: &AtomicBool,
        emit: &mut dyn FnMut(Update<'_>),
    ) -> Result<(), String> {
        let mut computing = runner();
        let mut wanted = self.open(emit);
        loop {
            while let Ok(page) = ended.try_recv() {
                emit(Update::Ended(page));
            }
            if let Some(session) = wanted.take() {
                let interrupted = AtomicBool::new(false);
                wanted = self.run(&session, computing.as_ref(), saves, &interrupted, stop, emit)?;
                if interrupted.load(Ordering::SeqCst) {
                    computing = runner();
                }
            } else {
                match saves.recv_timeout(TICK) {
                    Ok(()) => {
                        settle(saves);
                        wanted = self.open(emit);
                    }
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => {
                        return Err("the recipe's folder is not watched any more".into());
                    }
                }
            }
            if stop.load(Ordering::SeqCst) {
                return Ok(());
            }
        }
    }

    /// The recipe as it is saved now; its mistakes go to the page, where the last good report stays.
    fn open(&self, emit: &mut dyn FnMut(Update<'_>)) -> Option<Arc<Session>> {
        match Session::open(&self.options.recipe, self.registry, &self.options.set) {
            Ok(session) => {
                self.hub.problem(None);
                Some(Arc::new(session))
            }
            Err(wrong) => {
                self.hub.problem(Some(wrong.render(false)));
                emit(Update::Wrong(&wrong));
                None
            }
        }
    }

    /// Runs a recipe to its end, or until a save asks for other work, which it gives.
    fn run(
        &self,
        session: &Arc<Session>,
        computing: &dyn Runner,
        saves: &Receiver<()>,
        interrupted: &AtomicBool,
        stop: &AtomicBool,
        emit: &mut dyn FnMut(Update<'_>),
    ) -> Result<Option<Arc<Session>>, String> {
        let (events, received) = channel::<Event>();
        let mut next = None;
        let execution = std::thread::scope(|scope| {
            let running = scope.spawn({
                let session = Arc::clone(session);
                move || {
                    let mut pass = |event: &Event| {
                        let _ = events.send(event.clone());
                    };
                    session.run(computing, &self.options.run, interrupted, &mut pass)
                }
            });
            // Until the run lets go of its end.
            loop {
                match received.recv_timeout(SETTLE) {
                    Ok(event) => {
                        self.hub.event(&event);
                        emit(Update::Event(&event));
                        if matches!(event, Event::NodeFinished { .. }) {
                            let _ = self.prints.send(Print::Passing(Arc::clone(session)));
                        }
                    }
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => break,
                }
                if stop.load(Ordering::SeqCst) {
                    interrupted.store(true, Ordering::SeqCst);
                }
                if saves.try_recv().is_ok() {
                    settle(saves);
                    if let Some(saved) = self.open(emit) {
                        let current = next.as_ref().unwrap_or(session);
                        let other_work = !same_work(&current.plan, &saved.plan);
                        next = Some(saved);
                        if other_work {
                            interrupted.store(true, Ordering::SeqCst);
                        }
                    }
                }
            }
            running.join().expect("a run tells its failures")
        });
        let execution = execution.map_err(|e| e.to_string())?;
        // A save that asks for other work may come when all of this is done already: its results are of another plan.
        if execution.interrupted || interrupted.load(Ordering::SeqCst) {
            self.hub.interrupted();
            return Ok(next);
        }
        // What was saved meanwhile means the same work, but may have another title.
        let shown = next.unwrap_or_else(|| Arc::clone(session));
        let _ = self.prints.send(Print::Ended(Arc::clone(&shown), execution));
        // A search by halving goes on where its rung is decided now.
        let further = shown.further(self.registry).map_err(|wrong| wrong.render(false))?;
        Ok(further.map(Arc::new))
    }
}

/// Waits until no more of one save comes.
fn settle(saves: &Receiver<()>) {
    while saves.recv_timeout(SETTLE).is_ok() {}
}

/// Whether two plans compute the same: a comment or a title is no reason to stop a run.
fn same_work(a: &Plan, b: &Plan) -> bool {
    a.nodes.len() == b.nodes.len()
        && a.nodes.iter().zip(&b.nodes).all(|(x, y)| {
            x.id == y.id
                && x.kind.name == y.kind.name
                && x.params == y.params
                && x.edges == y.edges
                && x.keep == y.keep
                && x.device == y.device
        })
}

//! The command's side of worker processes: start, keep, ask, and tell how one died.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock};

use crate::device;
use crate::engine::machine;
use crate::engine::worker::installed;
use crate::engine::worker::job::{Capacity, Done, Job, JobFailure, Reply, Request, Runner};
use crate::engine::worker::memory::{Memory, Reservation};

/// Worker processes, started when a job needs one and kept for the run.
pub struct Workers {
    program: PathBuf,
    idle: Mutex<Vec<Worker>>,
    /// Process numbers of workers that live.
    alive: Mutex<Vec<u32>>,
    memory: Memory,
    cancelled: AtomicBool,
}

struct Worker {
    child: Child,
    requests: ChildStdin,
    replies: BufReader<ChildStdout>,
    kinds: std::collections::BTreeMap<String, u32>,
    libtorch: String,
    errors: Option<std::thread::JoinHandle<String>>,
}

impl Workers {
    /// Workers of the program that `find` gives, which share some memory.
    pub fn new(program: PathBuf, memory: Memory) -> Self {
        Self { program, idle: Mutex::default(), alive: Mutex::default(), memory, cancelled: AtomicBool::new(false) }
    }

    /// The worker's program: `VENTRAL_WORKER`, or NAME-worker beside this one of that NAME, or ventral-worker there, or this build's other profile.
    pub fn find() -> Result<PathBuf, String> {
        if let Some(path) = std::env::var_os("VENTRAL_WORKER") {
            let path = PathBuf::from(path);
            return if path.is_file() {
                Ok(path)
            } else {
                Err(format!("VENTRAL_WORKER names {}, which is no file", path.display()))
            };
        }
        let here = std::env::current_exe().map_err(|e| format!("cannot tell where this program lies: {e}"))?;
        let folder = here.parent().unwrap_or(Path::new("."));
        // A command with kinds of its own has a worker of its own, which is called after it.
        let mut own = here.file_name().unwrap_or_default().to_owned();
        own.push("-worker");
        let mut candidates = vec![folder.join(own), folder.join("ventral-worker")];
        // Tests lie one folder deeper; `cargo run` builds the command alone, so the other profile's worker serves.
        if let Some(above) = folder.parent() {
            candidates.push(above.join("ventral-worker"));
            if folder.file_name() == Some(OsStr::new("debug")) {
                candidates.push(above.join("release/ventral-worker"));
            }
            if let (Some("debug"), Some(target)) = (above.file_name().and_then(OsStr::to_str), above.parent()) {
                candidates.push(target.join("release/ventral-worker"));
            }
        }
        if let Some(path) = candidates.iter().find(|path| path.is_file()) {
            return Ok(path.clone());
        }
        if let Some(path) = installed::worker(folder) {
            return installed::torch(&path).map(|()| path);
        }
        Err(format!(
            "ventral-worker, which computes nodes, is not beside {}; `make build` (or `cargo build`) makes both, \
             and VENTRAL_WORKER may name another",
            here.display()
        ))
    }

    fn start(&self) -> Result<Worker, String> {
        let mut command = Command::new(&self.program);
        if std::env::var_os("OMP_WAIT_POLICY").is_none() {
            // Threads of a team that spin while they wait starve each other wherever something else runs too: a PCA
            // took three to four times as long beside a compiler.
            command.env("OMP_WAIT_POLICY", "passive");
            // But for some tens of microseconds they do: threads that sleep at once between the short steps of a
            // decomposition make it a tenth slower.
            if std::env::var_os("GOMP_SPINCOUNT").is_none() {
                command.env("GOMP_SPINCOUNT", "5000");
            }
        }
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|e| format!("cannot start {}: {e}", self.program.display()))?;
        self.alive.lock().expect("no thread panics with it").push(child.id());
        let requests = child.stdin.take().expect("piped");
        let replies = BufReader::new(child.stdout.take().expect("piped"));
        let stderr = child.stderr.take().expect("piped");
        // The last words of a worker that dies; a loader's complaint about a missing library comes this way.
        let errors = std::thread::spawn(move || {
            let mut tail = String::new();
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                if tail.len() > 4000 {
                    let lines = tail.lines().count();
                    tail = tail.lines().skip(lines / 2).map(|line| format!("{line}\n")).collect();
                }
                tail.push_str(&line);
                tail.push('\n');
            }
            tail
        });
        let mut worker = Worker {
            child,
            requests,
            replies,
            kinds: Default::default(),
            libtorch: String::new(),
            errors: Some(errors),
        };
        match worker.read() {
            Some(Reply::Hello { ventral, libtorch, kinds }) => {
                if ventral != env!("CARGO_PKG_VERSION") {
                    return Err(format!(
                        "{} is of version {ventral}, this command of {}; build both together",
                        self.program.display(),
                        env!("CARGO_PKG_VERSION")
                    ));
                }
                worker.kinds = kinds;
                worker.libtorch = libtorch;
                Ok(worker)
            }
            _ => Err(format!("{} does not start: {}", self.program.display(), self.bury(worker))),
        }
    }

    /// Has a worker compute a job, and grants it memory; nothing where the worker does not end it.
    fn converse(
        &self,
        worker: &mut Worker,
        job: &Job,
        receive: &mut dyn FnMut(Reply),
    ) -> Option<Result<Done, JobFailure>> {
        let mut reserved: Option<Reservation<'_>> = None;
        worker.send(&Request::Compute(Box::new(job.clone()))).ok()?;
        loop {
            match worker.read()? {
                Reply::Reserve { bytes } => {
                    let mut answer = Ok(());
                    if reserved.as_ref().is_none_or(|held| held.bytes() < bytes) {
                        // Given back first: two that wait for more while they hold some would wait for ever.
                        drop(reserved.take());
                        match self.memory.reserve(bytes, &self.cancelled)? {
                            Err(total) => answer = Err(total),
                            Ok(reservation) => reserved = Some(reservation),
                        }
                    }
                    worker.send(&Request::Memory(answer)).ok()?;
                }
                Reply::Done { mut done } => {
                    done.libtorch.clone_from(&worker.libtorch);
                    return Some(Ok(done));
                }
                Reply::Failed { failure } => return Some(Err(failure)),
                other => receive(other),
            }
        }
    }

    /// Tells how a worker ended.
    fn bury(&self, mut worker: Worker) -> String {
        drop(worker.requests);
        let id = worker.child.id();
        let status = worker.child.wait();
        self.alive.lock().expect("no thread panics with it").retain(|&known| known != id);
        let errors = worker.errors.take().and_then(|thread| thread.join().ok()).unwrap_or_default();
        let last = last_words(&errors);
        let how = status.map_or_else(|e| e.to_string(), |status| ending(&status));
        if last.is_empty() { how } else { format!("{how}; its last words: {last}") }
    }
}

impl Worker {
    fn send(&mut self, request: &Request) -> std::io::Result<()> {
        let mut line = serde_json::to_string(request)?;
        line.push('\n');
        self.requests.write_all(line.as_bytes())?;
        self.requests.flush()
    }

    fn read(&mut self) -> Option<Reply> {
        let mut line = String::new();
        match self.replies.read_line(&mut line) {
            Ok(0) | Err(_) => None,
            Ok(_) => serde_json::from_str(&line).ok(),
        }
    }
}

impl Runner for Workers {
    fn capacity(&self) -> Capacity {
        here(None)
    }

    fn run(&self, job: &Job, receive: &mut dyn FnMut(Reply)) -> Result<Done, JobFailure> {
        let cancelled = || JobFailure { message: "cancelled".to_owned(), cancelled: true, ..JobFailure::default() };
        if self.cancelled.load(Ordering::SeqCst) {
            return Err(cancelled());
        }
        let idle = self.idle.lock().expect("no thread panics with it").pop();
        let mut worker = match idle {
            Some(worker) => worker,
            None => self.start().map_err(|message| {
                if self.cancelled.load(Ordering::SeqCst) { cancelled() } else { JobFailure::new(message) }
            })?,
        };
        if worker.kinds.get(&job.kind) != Some(&job.version) {
            let theirs =
                worker.kinds.get(&job.kind).map_or("does not know it".to_owned(), |v| format!("computes version {v}"));
            return Err(JobFailure::new(format!(
                "the worker {theirs}, this command version {} of `{}`; build both together",
                job.version, job.kind
            )));
        }
        if let Some(ended) = self.converse(&mut worker, job, receive) {
            self.idle.lock().expect("no thread panics with it").push(worker);
            return ended;
        }
        let how = self.bury(worker);
        if self.cancelled.load(Ordering::SeqCst) {
            return Err(cancelled());
        }
        // An allocation that no library catches ends the process.
        let advice = match device::is_short_of_memory(&how) {
            true => "; memory ran out: a smaller `batch` or image size, fewer layers or fewer `--jobs` need less",
            false => "",
        };
        Err(JobFailure::new(format!("the worker that computed it died: {how}{advice}")))
    }

    fn cancel(&self) {
        self.cancelled.store(true, Ordering::SeqCst);
        for id in self.alive.lock().expect("no thread panics with it").drain(..) {
            // SAFETY: a signal to a child that has not been waited for; its number is not reused before.
            unsafe { libc::kill(id.cast_signed(), libc::SIGKILL) };
        }
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        let idle = std::mem::take(self.idle.get_mut().expect("no thread panics with it"));
        for mut worker in idle {
            // Its input ends, so it does.
            drop(worker.requests);
            let _ = worker.child.wait();
        }
    }
}

/// Workers whose program is looked for when a node must compute, and not before.
pub struct LazyWorkers {
    memory: Option<u64>,
    jobs: Option<usize>,
    workers: OnceLock<Result<Workers, String>>,
}

impl LazyWorkers {
    /// Workers that share so many bytes of memory, else what the machine has free; at most so many at a time.
    pub fn new(memory: Option<u64>, jobs: Option<usize>) -> Self {
        Self { memory, jobs, workers: OnceLock::new() }
    }
}

/// What this machine has room for.
fn here(jobs: Option<usize>) -> Capacity {
    Capacity { threads: machine::threads(), gpus: machine::gpus(), jobs }
}

impl Runner for LazyWorkers {
    fn capacity(&self) -> Capacity {
        here(self.jobs)
    }

    fn run(&self, job: &Job, receive: &mut dyn FnMut(Reply)) -> Result<Done, JobFailure> {
        let start =
            || Workers::find().map(|path| Workers::new(path, self.memory.map_or_else(Memory::here, Memory::of)));
        match self.workers.get_or_init(start) {
            Ok(workers) => workers.run(job, receive),
            Err(message) => Err(JobFailure::new(message.clone())),
        }
    }

    fn cancel(&self) {
        if let Some(Ok(workers)) = self.workers.get() {
            workers.cancel();
        }
    }
}

/// What a dying worker said that tells most: that memory ran out, else its last line that is no part of a backtrace.
fn last_words(errors: &str) -> String {
    let frame = |line: &str| {
        let number = line.split(':').next().is_some_and(|at| !at.is_empty() && at.bytes().all(|b| b.is_ascii_digit()));
        number || ["at ", "note:", "stack backtrace:"].iter().any(|start| line.starts_with(start))
    };
    let mut lines = errors.lines().rev().map(str::trim).filter(|line| !line.is_empty());
    let memory = lines.clone().find(|line| device::is_short_of_memory(line));
    memory.or_else(|| lines.find(|line| !frame(line))).unwrap_or_default().to_owned()
}

fn ending(status: &ExitStatus) -> String {
    match (status.signal(), status.code()) {
        (Some(libc::SIGKILL), _) => {
            "killed (signal 9), perhaps by the kernel for want of memory; fewer `--jobs`, fewer layers or `pool` need less"
                .to_owned()
        }
        (Some(libc::SIGSEGV), _) => "segmentation fault (signal 11), a crash inside libtorch".to_owned(),
        (Some(signal), _) => format!("signal {signal}"),
        (None, Some(code)) => format!("exit status {code}"),
        (None, None) => "unknown".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::last_words;

    #[test]
    fn the_last_words_are_no_backtrace() {
        let trace = "stack backtrace:\n   0: __rustc::rust_begin_unwind\n             at /rustc/x.rs:1:2\nnote: Some details are omitted\n";
        let said = |first: &str| last_words(&format!("hello\n{first}\n{trace}"));
        assert_eq!(said("memory allocation of 12 bytes failed"), "memory allocation of 12 bytes failed");
        assert_eq!(
            said("thread caused non-unwinding panic. aborting."),
            "thread caused non-unwinding panic. aborting."
        );
        assert_eq!(last_words("terminate called\n  what():  std::bad_alloc\nAborted\n"), "what():  std::bad_alloc");
        assert_eq!(
            last_words("error while loading shared libraries: libtorch.so\n"),
            "error while loading shared libraries: libtorch.so"
        );
        assert_eq!(last_words(""), "");
    }
}

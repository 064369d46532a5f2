//! The worker's side: reads jobs from standard input, computes them with libtorch, stores what they give.

use std::io::{self, BufRead, Write};
use std::os::fd::FromRawFd;
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use super::job::{Done, Job, JobFailure, Reply};
use super::record::Stored;
use super::store::{Store, StreamedObject};
use crate::device;
use crate::kind::{Host, Run, Sink};
use crate::registry::Registry;
use crate::value::{Type, Value};

/// Serves jobs until standard input ends, which it also does when the command is killed.
pub fn serve(registry: &Registry) -> ! {
    // SAFETY: before any other thread; Ctrl-C in a terminal reaches the whole group, and the command decides.
    unsafe { libc::signal(libc::SIGINT, libc::SIG_IGN) };
    let replies = Replies::new(take_stdout());
    device::start();
    let kinds =
        registry.iter().filter(|kind| kind.computes()).map(|kind| (kind.name.to_owned(), kind.version)).collect();
    replies.say(&Reply::Hello {
        ventral: env!("CARGO_PKG_VERSION").to_owned(),
        libtorch: device::libtorch_version(),
        kinds,
    });
    let (jobs, queue) = mpsc::channel();
    std::thread::spawn(move || {
        for line in io::stdin().lock().lines().map_while(Result::ok) {
            if jobs.send(line).is_err() {
                break;
            }
        }
        // At once, mid-computation too: nobody is left to want the result.
        std::process::exit(0);
    });
    for line in queue {
        let reply = match serde_json::from_str::<Job>(&line) {
            Err(error) => Reply::Failed { failure: JobFailure::new(format!("the job does not read: {error}")) },
            Ok(job) => match compute(registry, &job, &replies) {
                Ok(done) => Reply::Done { done },
                Err(failure) => Reply::Failed { failure },
            },
        };
        replies.say(&reply);
    }
    std::process::exit(0)
}

fn compute(registry: &Registry, job: &Job, replies: &Replies) -> Result<Done, JobFailure> {
    let kind = registry
        .get(&job.kind)
        .filter(|kind| kind.computes())
        .ok_or_else(|| JobFailure::new(format!("this worker does not compute `{}`", job.kind)))?;
    let device = device::resolve(job.device).map_err(JobFailure::new)?;
    device::set_threads(job.threads);
    reset_peak();
    let store = Store::of_run(&job.cache, &job.scratch);
    let start = Instant::now();
    let mut host = StoreHost { store: &store, replies: replies.clone(), told: Instant::now() };
    let mut run = Run {
        inputs: job.inputs.clone(),
        files: job.files.clone(),
        sources: job.sources.clone(),
        device,
        batch: job.batch,
        wanted: Some(job.wanted.clone()),
        host: &mut host,
    };
    let result = device::guard(std::panic::AssertUnwindSafe(|| kind.run(job.params.clone(), &mut run)));
    match result {
        Ok(Ok(())) => Ok(Done {
            seconds: start.elapsed().as_secs_f64(),
            device: device.to_string(),
            hardware: device::hardware(device),
            peak_bytes: peak(),
            libtorch: String::new(),
        }),
        Ok(Err(error)) => Err(JobFailure { message: error.message, leak: error.leak, cancelled: false }),
        Err(panic) => Err(JobFailure::new(panic)),
    }
}

struct StoreHost<'a> {
    store: &'a Store,
    replies: Replies,
    told: Instant,
}

impl Host for StoreHost<'_> {
    fn emit(&mut self, port: &str, key: Option<&str>, value: &Value) -> io::Result<()> {
        let stored = self.store.put(port, key, value)?;
        self.replies.say(&Reply::Output { stored });
        Ok(())
    }

    fn open(&mut self, port: &str, key: Option<&str>, ty: Type) -> io::Result<Box<dyn Sink>> {
        let replies = self.replies.clone();
        let tell = move |stored: Stored| replies.say(&Reply::Output { stored });
        Ok(Box::new(StreamedObject::new(self.store.create(port, key, ty)?, tell)))
    }

    fn progress(&mut self, done: u64, total: u64, what: &str) {
        // A person reads ten a second at most.
        if done == total || self.told.elapsed().as_millis() > 100 {
            self.told = Instant::now();
            self.replies.say(&Reply::Progress { done, total, what: what.to_owned() });
        }
    }

    fn note(&mut self, text: &str) {
        self.replies.say(&Reply::Note { text: text.to_owned() });
    }
}

/// Where replies go; computations may tell from several threads.
#[derive(Clone)]
struct Replies(Arc<Mutex<std::fs::File>>);

impl Replies {
    fn new(file: std::fs::File) -> Self {
        Self(Arc::new(Mutex::new(file)))
    }

    fn say(&self, reply: &Reply) {
        let mut line = serde_json::to_string(reply).expect("replies serialise");
        line.push('\n');
        let mut file = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if file.write_all(line.as_bytes()).is_err() {
            std::process::exit(0);
        }
    }
}

/// Keeps the way to the command for replies alone: what libraries print goes to standard error.
fn take_stdout() -> std::fs::File {
    // SAFETY: the descriptors are this process's own, and nothing else has used them yet.
    unsafe {
        let ours = libc::dup(1);
        libc::dup2(2, 1);
        std::fs::File::from_raw_fd(ours)
    }
}

fn reset_peak() {
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// Peak resident memory in bytes, memory-mapped inputs included.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}

//! The worker's side: reads jobs from standard input, computes them with libtorch, stores what they give.

use std::collections::BTreeMap;
use std::io::{self, BufRead, Write};
use std::os::fd::FromRawFd;
use std::path::PathBuf;
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use crate::device;
use crate::device::Device;
use crate::digest::Digest;
use crate::engine::record::{Provenance, Record, Stored};
use crate::engine::store::{Output, Store, StreamedObject};
use crate::engine::worker::job::{Done, Job, JobFailure, Reply, Request};
use crate::engine::worker::memory::{free_disk, gigabytes};
use crate::kind::registry::Registry;
use crate::kind::{Epoch, Host, Ingredients, Limits, Run, Signal, Sink};
use crate::libtorch;
use crate::system;
use crate::value::Value;
use crate::value::ty::Type;

/// How often a product that another worker makes is looked for again.
const CLAIM_TICK: Duration = Duration::from_millis(20);

/// Serves jobs until standard input ends, which it also does when the command is killed.
pub fn serve(registry: &Registry) -> ! {
    // SAFETY: before any other thread; Ctrl-C in a terminal reaches the whole group, and the command decides.
    unsafe { libc::signal(libc::SIGINT, libc::SIG_IGN) };
    let replies = Replies::new(take_stdout());
    libtorch::keep_memory();
    libtorch::start();
    let kinds =
        registry.iter().filter(|kind| kind.computes()).map(|kind| (kind.name.to_owned(), kind.version)).collect();
    replies.send(&Reply::Hello {
        ventral: env!("CARGO_PKG_VERSION").to_owned(),
        libtorch: libtorch::libtorch_version(),
        kinds,
    });
    let (jobs, queue) = mpsc::channel();
    let (answers, memory) = mpsc::channel();
    std::thread::spawn(move || {
        for line in io::stdin().lock().lines().map_while(Result::ok) {
            let heard = match serde_json::from_str::<Request>(&line) {
                Ok(Request::Compute(job)) => jobs.send(Ok(job)).is_ok(),
                Ok(Request::Memory(answer)) => answers.send(answer).is_ok(),
                Err(error) => jobs.send(Err(error)).is_ok(),
            };
            if !heard {
                break;
            }
        }
        // At once, mid-computation too: nobody is left to want the result.
        std::process::exit(0);
    });
    for job in queue {
        let reply = match job {
            Err(error) => Reply::Failed { failure: JobFailure::new(format!("the job does not read: {error}")) },
            Ok(job) => match compute(registry, &job, &replies, &memory) {
                Ok(done) => Reply::Done { done },
                Err(failure) => Reply::Failed { failure },
            },
        };
        libtorch::return_memory();
        replies.send(&reply);
    }
    std::process::exit(0)
}

fn compute(
    registry: &Registry,
    job: &Job,
    replies: &Replies,
    memory: &mpsc::Receiver<Result<(), u64>>,
) -> Result<Done, JobFailure> {
    let kind = registry
        .get(&job.kind)
        .filter(|kind| kind.computes())
        .ok_or_else(|| JobFailure::new(format!("this worker does not compute `{}`", job.kind)))?;
    let device = libtorch::resolve(job.device).map_err(JobFailure::new)?;
    libtorch::set_threads(job.threads);
    system::reset_peak_memory();
    let store = Store::of_run(&job.cache, &job.scratch);
    let start = Instant::now();
    let mut host = StoreHost { store: &store, job, device, replies: replies.clone(), memory, reported: Instant::now() };
    let mut run = Run {
        inputs: job.inputs.clone(),
        files: job.files.clone(),
        sources: job.sources.clone(),
        device,
        batch: job.batch,
        wanted: Some(job.wanted.clone()),
        declared: registry.declared(),
        host: &mut host,
    };
    let result = libtorch::guard(std::panic::AssertUnwindSafe(|| kind.run(job.params.clone(), &mut run)));
    match result {
        Ok(Ok(())) => Ok(Done {
            seconds: start.elapsed().as_secs_f64(),
            device: device.to_string(),
            hardware: libtorch::hardware(device),
            peak_bytes: system::peak_memory(),
            libtorch: String::new(),
        }),
        Ok(Err(error)) => {
            Err(JobFailure { message: advised(error.message, device), leak: error.leak, cancelled: false })
        }
        Err(panic) => Err(JobFailure::new(advised(panic, device))),
    }
}

/// What would help where memory ran out, unless the kind said so itself.
fn advised(message: String, device: Device) -> String {
    if !device::is_short_of_memory(&message) || message.contains("memory ran out") {
        return message;
    }
    format!(
        "memory ran out on {}: {message}; a smaller `batch` or image size, fewer `layers` or `pool`, or fewer nodes at once \
         (`--jobs`) need less",
        if device == Device::Cpu { "the CPU" } else { "the GPU" }
    )
}

impl StoreHost<'_> {
    /// What a measured number is kept under: it holds for one device and number of threads.
    fn tuning(&self, what: &str) -> String {
        format!("{what} on {}, {} threads", libtorch::hardware(self.device), self.job.threads)
    }

    fn checkpoint_name(&self, of: &Ingredients) -> Digest {
        Digest::of_json(&json!([of, self.device.to_string(), self.job.threads]))
    }
}

struct StoreHost<'a> {
    store: &'a Store,
    job: &'a Job,
    device: Device,
    replies: Replies,
    memory: &'a mpsc::Receiver<Result<(), u64>>,
    reported: Instant,
}

impl Host for StoreHost<'_> {
    fn emit(&mut self, port: &str, key: Option<&str>, value: &Value) -> io::Result<()> {
        let stored = self.store.objects().put(port, key, value)?;
        self.replies.send(&Reply::Output { stored });
        Ok(())
    }

    fn open(&mut self, port: &str, key: Option<&str>, ty: Type) -> io::Result<Box<dyn Sink>> {
        let replies = self.replies.clone();
        let send = move |stored: Stored| replies.send(&Reply::Output { stored });
        let object = self.store.objects().create(Output { port, key, ty })?;
        Ok(Box::new(StreamedObject::new(object, send)))
    }

    fn resume(&mut self, port: &str, key: Option<&str>, ty: Type, detail: &str) -> io::Result<(Box<dyn Sink>, u64)> {
        let Some(action) = self.job.keys.get(key.unwrap_or_default()) else {
            return Ok((self.open(port, key, ty)?, 0));
        };
        let Job { threads, .. } = self.job;
        let name = Digest::of(format!("{action} {port} {threads} {} {detail}", self.device).as_bytes());
        let replies = self.replies.clone();
        let send = move |stored: Stored| replies.send(&Reply::Output { stored });
        let (object, done) = self.store.objects().resume(name, Output { port, key, ty })?;
        Ok((Box::new(StreamedObject::new(object, send)), done))
    }

    fn tuned(&mut self, what: &str) -> Option<usize> {
        self.store.tuned().get(&self.tuning(what)).copied()
    }

    fn tune(&mut self, what: &str, measured: usize) -> io::Result<usize> {
        let name = self.tuning(what);
        let _lock = self.claim(&Ingredients::from([("tuned".to_owned(), json!(true))]))?;
        let mut tuned = self.store.tuned();
        let stands = *tuned.entry(name).or_insert(measured);
        self.store.write_tuned(&tuned).map_err(|e| e.error)?;
        Ok(stands)
    }

    fn find(&mut self, product: &Ingredients) -> Option<(PathBuf, Digest)> {
        let stored = self.store.product(product)?;
        Some((self.store.objects().get(&stored).ok()?, stored.digest))
    }

    fn claim(&mut self, product: &Ingredients) -> io::Result<Box<dyn std::any::Any>> {
        let key = Digest::of_json(&json!(product));
        loop {
            if let Some(lock) = self.store.try_lock(key).map_err(|e| e.error)? {
                return Ok(Box::new(lock));
            }
            std::thread::sleep(CLAIM_TICK);
        }
    }

    fn keep(&mut self, product: &Ingredients, value: &Value, seconds: f64) -> io::Result<Digest> {
        let text = |name: &str| product.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
        let stored = self.store.objects().put(&text("product"), None, value)?;
        let record = Record {
            key: Digest::of_json(&json!(product)),
            kind: text("product"),
            version: product.get("version").and_then(Json::as_u64).map_or(0, |version| version as u32),
            ingredients: product.clone(),
            outputs: vec![stored],
            provenance: Provenance {
                at: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
                seconds,
                device: self.device.to_string(),
                threads: self.job.threads,
                peak_bytes: system::peak_memory(),
                ventral: env!("CARGO_PKG_VERSION").to_owned(),
                libtorch: libtorch::libtorch_version(),
                hardware: libtorch::hardware(self.device),
                software: BTreeMap::new(),
            },
            lazy: Vec::new(),
            notes: Vec::new(),
        };
        let (key, stood) = (record.key, self.store.record(record.key));
        let stands = self.store.records().publish(record, stood.as_ref()).map_err(|e| e.error)?;
        let kept =
            stands.outputs.first().ok_or_else(|| io::Error::other(format!("the record {key} names no object")))?;
        Ok(kept.digest)
    }

    fn checkpoint(&mut self, of: &Ingredients) -> Option<Vec<u8>> {
        if self.job.fresh { None } else { self.store.checkpoint(self.checkpoint_name(of)) }
    }

    fn keep_checkpoint(&mut self, of: &Ingredients, state: &[u8]) -> io::Result<()> {
        self.store.write_checkpoint(self.checkpoint_name(of), state).map_err(|e| e.error)
    }

    fn reserve(&mut self, bytes: u64) -> Result<(), String> {
        self.replies.send(&Reply::Reserve { bytes });
        match self.memory.recv() {
            Ok(Ok(())) => Ok(()),
            Ok(Err(total)) => Err(format!(
                "it needs {} of memory, but {} are free for this run (`--memory` sets another limit)",
                gigabytes(bytes),
                gigabytes(total)
            )),
            Err(_) => std::process::exit(0),
        }
    }

    fn disk(&self) -> u64 {
        free_disk(&self.job.cache).unwrap_or(u64::MAX)
    }

    fn limits(&self) -> Limits {
        self.job.limits
    }

    fn supervisor(&self) -> Option<PathBuf> {
        std::env::current_exe().ok()
    }

    fn signal(&mut self, signal: Signal) {
        let signal = match signal {
            Signal::Progress { done, total, .. } => {
                // A person reads ten a second at most.
                if done != total && self.reported.elapsed().as_millis() <= 100 {
                    return;
                }
                self.reported = Instant::now();
                signal
            }
            Signal::Metric(epoch) => Signal::Metric(finite(epoch)),
            Signal::Resumed { epochs } => Signal::Resumed { epochs: epochs.into_iter().map(finite).collect() },
            other => other,
        };
        self.replies.send(&Reply::Signal { signal });
    }
}

/// Without the numbers that JSON cannot say.
fn finite(mut epoch: Epoch) -> Epoch {
    epoch.values.retain(|_, value| value.is_finite());
    epoch
}

/// Where replies go; computations may tell from several threads.
#[derive(Clone)]
struct Replies(Arc<Mutex<std::fs::File>>);

impl Replies {
    fn new(file: std::fs::File) -> Self {
        Self(Arc::new(Mutex::new(file)))
    }

    fn send(&self, reply: &Reply) {
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

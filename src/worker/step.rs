//! Watches over a program of a person's own: `ventral-worker --step MEMORY SECONDS DISK COMMAND...`, sizes in bytes, 0 where there is no limit.
//!
//! The program and all that it starts end with it, at its limits of memory, time and disk, and when whoever wants its result is gone,
//! which the end of standard input tells. What outlives its parent becomes a child of this process, so that nothing escapes by forking.

use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Command, Stdio, exit};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::engine::worker::memory::free_disk;
use crate::system;

/// How often limits are looked at.
const TICK: Duration = Duration::from_millis(20);
/// Every which tick memory and free disk are looked at.
const MEMORY_TICKS: u32 = 10;
/// How much of the time goes into adding up what it wrote, at most: a folder of many files takes a while.
const ADDING_UP: u32 = 20;
/// Bytes of disk that a program leaves to everybody else; half of what was free, where that was less.
const FLOOR: u64 = 1_000_000_000;
/// Exit statuses that say why a program ended, as `nodes/own/script/started.rs` reads them.
const NO_DISK: i32 = 195;
const TOO_MUCH: i32 = 196;
const NO_PROGRAM: i32 = 197;
const TOO_LONG: i32 = 198;
const TOO_LARGE: i32 = 199;

/// Runs the command to its end, and exits as it did.
pub fn watch() -> ! {
    // SAFETY: no other thread runs yet. Ctrl-C in a terminal reaches the whole group, and the command decides.
    unsafe { libc::signal(libc::SIGINT, libc::SIG_IGN) };
    system::adopt_orphans();
    let mut arguments = std::env::args_os().skip(2);
    let mut number = || arguments.next().and_then(|text| text.to_str()?.parse::<f64>().ok()).unwrap_or(0.0);
    let mut limits = Limits::new(number() as u64, number(), number() as u64);
    let Some(program) = arguments.next() else {
        eprintln!("error: `--step` takes bytes of memory, seconds, bytes of disk and a command");
        exit(2);
    };
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).process_group(0);
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => {
            eprintln!(
                "{}",
                match error.kind() {
                    std::io::ErrorKind::NotFound => "missing",
                    std::io::ErrorKind::PermissionDenied => "denied",
                    _ => "failed",
                }
            );
            exit(NO_PROGRAM);
        }
    };
    let alone = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&alone);
    std::thread::spawn(move || {
        let _ = std::io::stdin().lock().read_to_end(&mut Vec::new());
        told.store(true, Ordering::Relaxed);
    });
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0)),
            Ok(None) => {}
            Err(_) => break 1,
        }
        if alone.load(Ordering::Relaxed) {
            end(child.id());
            // Nobody reads it any more.
            if let Ok(folder) = std::env::current_dir() {
                let _ = std::fs::remove_dir_all(folder);
            }
            exit(1);
        }
        if let Some(why) = limits.passed() {
            end(child.id());
            exit(why);
        }
        std::thread::sleep(TICK);
    };
    let left = system::descendants().len();
    if left > 0 {
        println!("ventral: note the program left {left} processes running, which were ended");
    }
    end(child.id());
    // It may have been quicker than the ticks.
    exit(if status == 0 && limits.wrote_too_much() { TOO_MUCH } else { status })
}

/// What a program may take, and what it took so far.
struct Limits {
    memory: u64,
    seconds: f64,
    /// Bytes that its folder may come to, its inputs included.
    disk: u64,
    floor: u64,
    start: Instant,
    tick: u32,
    /// When the folder is added up again.
    next: Instant,
}

impl Limits {
    fn new(memory: u64, seconds: f64, disk: u64) -> Self {
        let start = Instant::now();
        let disk = if disk > 0 { disk.saturating_add(written(Path::new("."))) } else { 0 };
        let floor = free_disk(Path::new(".")).map_or(0, |free| FLOOR.min(free / 2));
        Self { memory, seconds, disk, floor, start, tick: 0, next: start }
    }

    /// The exit status of the limit that it has passed.
    fn passed(&mut self) -> Option<i32> {
        let every = self.tick.is_multiple_of(MEMORY_TICKS);
        self.tick = self.tick.wrapping_add(1);
        if self.seconds > 0.0 && self.start.elapsed().as_secs_f64() > self.seconds {
            return Some(TOO_LONG);
        }
        if self.memory > 0 && every {
            let held: u64 = system::descendants().iter().map(|process| process.resident).sum();
            if held > self.memory {
                return Some(TOO_LARGE);
            }
        }
        if every && free_disk(Path::new(".")).is_some_and(|free| free < self.floor) {
            return Some(NO_DISK);
        }
        if Instant::now() >= self.next {
            let began = Instant::now();
            if self.wrote_too_much() {
                return Some(TOO_MUCH);
            }
            self.next = Instant::now() + (began.elapsed() * ADDING_UP).max(TICK * MEMORY_TICKS);
        }
        None
    }

    fn wrote_too_much(&self) -> bool {
        self.disk > 0 && written(Path::new(".")) > self.disk
    }
}

/// Bytes of disk that the files under a folder take; holes take none, and links lead nowhere.
fn written(folder: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let of = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(about) if about.is_dir() => written(&entry.path()),
        Ok(about) if about.is_file() => about.blocks() * 512,
        _ => 0,
    };
    entries.flatten().map(of).sum()
}

/// Kills the program's group and every descendant, until there is none.
fn end(group: u32) {
    // SAFETY: signals to processes that this one started, or inherited from them.
    unsafe { libc::kill(-(group as i32), libc::SIGKILL) };
    for _ in 0..200 {
        let all = system::descendants();
        for process in &all {
            // SAFETY: as above.
            unsafe { libc::kill(process.id, libc::SIGKILL) };
        }
        // SAFETY: waits for children of this process alone.
        while unsafe { libc::waitpid(-1, std::ptr::null_mut(), libc::WNOHANG) } > 0 {}
        if all.is_empty() {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

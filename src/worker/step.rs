//! Watches over a program of a person's own: `ventral-worker --step BYTES SECONDS COMMAND...`.
//!
//! The program and all that it starts end with it, at its limits of memory and time, and when whoever wants its result is gone, which the
//! end of standard input tells. What outlives its parent becomes a child of this process, so that nothing escapes by forking.

use std::io::Read;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, Stdio, exit};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How often limits are looked at.
const TICK: Duration = Duration::from_millis(20);
/// Every which tick memory is added up.
const MEMORY_TICKS: u32 = 10;
/// Exit statuses that say why a program ended, as `nodes/own/script/started.rs` reads them.
const NO_PROGRAM: i32 = 197;
const TOO_LONG: i32 = 198;
const TOO_LARGE: i32 = 199;

/// Runs the command to its end, and exits as it did.
pub fn watch() -> ! {
    // SAFETY: no other thread runs yet. Ctrl-C in a terminal reaches the whole group, and the command decides.
    unsafe {
        libc::signal(libc::SIGINT, libc::SIG_IGN);
        #[cfg(target_os = "linux")]
        libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1);
    }
    let mut arguments = std::env::args_os().skip(2);
    let mut number = || arguments.next().and_then(|text| text.to_str()?.parse::<f64>().ok()).unwrap_or(0.0);
    let (bytes, seconds) = (number() as u64, number());
    let Some(program) = arguments.next() else {
        eprintln!("error: `--step` takes bytes, seconds and a command");
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
    let start = Instant::now();
    let mut tick = 0u32;
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
        if seconds > 0.0 && start.elapsed().as_secs_f64() > seconds {
            end(child.id());
            exit(TOO_LONG);
        }
        if bytes > 0
            && tick.is_multiple_of(MEMORY_TICKS)
            && descendants().iter().map(|&pid| resident(pid)).sum::<u64>() > bytes
        {
            end(child.id());
            exit(TOO_LARGE);
        }
        tick += 1;
        std::thread::sleep(TICK);
    };
    let left = descendants().len();
    if left > 0 {
        println!("ventral: note the program left {left} processes running, which were ended");
    }
    end(child.id());
    exit(status)
}

/// Kills the program's group and every descendant, until there is none.
fn end(group: u32) {
    // SAFETY: signals to processes that this one started, or inherited from them.
    unsafe { libc::kill(-(group as i32), libc::SIGKILL) };
    for _ in 0..200 {
        let all = descendants();
        for &pid in &all {
            // SAFETY: as above.
            unsafe { libc::kill(pid, libc::SIGKILL) };
        }
        // SAFETY: waits for children of this process alone.
        while unsafe { libc::waitpid(-1, std::ptr::null_mut(), libc::WNOHANG) } > 0 {}
        if all.is_empty() {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Processes that came of this one. Where the system lists none in /proc, the program's group is all that is known.
fn descendants() -> Vec<i32> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let parents: Vec<(i32, i32)> = pids.filter_map(|pid| Some((pid, parent(pid)?))).collect();
    let mut found = vec![std::process::id() as i32];
    let mut at = 0;
    while at < found.len() {
        let own = found[at];
        found.extend(parents.iter().filter(|(_, parent)| *parent == own).map(|(pid, _)| *pid));
        at += 1;
    }
    found.split_off(1)
}

/// A process's parent, if it still runs.
fn parent(pid: i32) -> Option<i32> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name, in brackets, may hold anything.
    let mut rest = stat.rsplit_once(')')?.1.split_whitespace();
    let state = rest.next()?;
    if state == "Z" { None } else { rest.next()?.parse().ok() }
}

/// Bytes of memory that a process holds.
fn resident(pid: i32) -> u64 {
    let pages = std::fs::read_to_string(format!("/proc/{pid}/statm")).ok();
    let pages = pages.and_then(|text| text.split_whitespace().nth(1)?.parse::<u64>().ok());
    pages.unwrap_or(0) * 4096
}

//! The memory that a run may use: computations say what they need before they start, wait for one another, and are refused
//! what the machine does not have.

use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use crate::system;

/// How often a waiting computation looks whether its run was cancelled.
const TICK: Duration = Duration::from_millis(50);

/// Bytes that a run's computations share.
#[derive(Debug)]
pub struct Memory {
    total: u64,
    held: Mutex<u64>,
    freed: Condvar,
}

/// Bytes set aside for one computation, given back when it is dropped.
#[derive(Debug)]
pub struct Reservation<'a> {
    memory: &'a Memory,
    bytes: u64,
}

impl Memory {
    /// So many bytes in all.
    pub fn of(total: u64) -> Self {
        Self { total, held: Mutex::new(0), freed: Condvar::new() }
    }

    /// What this machine has free now, memory that only caches files included.
    pub fn here() -> Self {
        Self::of(system::available_memory().unwrap_or(u64::MAX))
    }

    /// Sets bytes aside once others have given back enough; `Err` has the bytes in all where those are too few, and
    /// `None` comes where `cancelled` turns true first.
    pub fn reserve(&self, bytes: u64, cancelled: &AtomicBool) -> Option<Result<Reservation<'_>, u64>> {
        if bytes > self.total {
            return Some(Err(self.total));
        }
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        while *held + bytes > self.total {
            if cancelled.load(Ordering::SeqCst) {
                return None;
            }
            held = self.freed.wait_timeout(held, TICK).unwrap_or_else(PoisonError::into_inner).0;
        }
        *held += bytes;
        Some(Ok(Reservation { memory: self, bytes }))
    }
}

impl Reservation<'_> {
    /// How much it sets aside.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        *self.memory.held.lock().unwrap_or_else(PoisonError::into_inner) -= self.bytes;
        self.memory.freed.notify_all();
    }
}

/// Bytes that may still be written under a folder.
pub fn free_disk(folder: &Path) -> Option<u64> {
    let path = CString::new(folder.as_os_str().as_bytes()).ok()?;
    // SAFETY: all-zero bytes are a valid statvfs, which the call fills.
    let mut stat: libc::statvfs = unsafe { std::mem::zeroed() };
    // SAFETY: the path is a string that outlives the call, and `stat` is ours.
    let failed = unsafe { libc::statvfs(path.as_ptr(), &raw mut stat) } != 0;
    (!failed).then(|| stat.f_bavail as u64 * stat.f_frsize as u64)
}

/// `12.3 GB`.
pub fn gigabytes(bytes: u64) -> String {
    format!("{:.1} GB", bytes as f64 / 1e9)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn computations_wait_for_one_another_and_too_much_is_refused() {
        let memory = Memory::of(10);
        let never = AtomicBool::new(false);
        assert_eq!(memory.reserve(11, &never).expect("an answer").err(), Some(10));
        let first = memory.reserve(7, &never).expect("an answer").expect("it fits");
        std::thread::scope(|scope| {
            let second = scope.spawn(|| memory.reserve(4, &never).expect("an answer").is_ok());
            std::thread::sleep(2 * TICK);
            assert!(!second.is_finished(), "it waits");
            drop(first);
            assert!(second.join().expect("no panic"));
        });
        assert_eq!(*memory.held.lock().expect("no panic"), 0);
    }

    #[test]
    fn who_waits_hears_that_the_run_was_cancelled() {
        let memory = Memory::of(10);
        let cancelled = AtomicBool::new(false);
        let _first = memory.reserve(10, &cancelled).expect("an answer").expect("it fits");
        cancelled.store(true, Ordering::SeqCst);
        assert!(memory.reserve(1, &cancelled).is_none());
    }

    #[test]
    fn this_machine_has_disk() {
        assert!(free_disk(Path::new("/")).is_some());
        assert_eq!(free_disk(Path::new("/no/such/folder")), None);
    }
}

//! Computations side by side, each on its share of the threads: for those too small to keep all of them busy alone.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::libtorch;

/// What several threads read.
struct Shared<T>(T);

// SAFETY: `side_by_side` is told so by its caller.
unsafe impl<T> Sync for Shared<T> {}

impl<T> Shared<T> {
    /// A method, so that closures borrow the whole.
    fn get(&self) -> &T {
        &self.0
    }
}

/// The results of some tasks, of which at most `most` run at once, and only one at a time off the CPU.
///
/// # Safety
///
/// Tasks write to nothing that another one reads. libtorch's operations on a tensor that nobody writes to may run in several
/// threads at once.
pub unsafe fn side_by_side<T: Send>(
    count: usize,
    most: usize,
    device: tch::Device,
    task: impl Fn(usize) -> T,
) -> Vec<T> {
    let threads = usize::try_from(tch::get_num_threads()).unwrap_or(1);
    let teams = most.min(threads).min(count);
    if teams < 2 || device != tch::Device::Cpu {
        return (0..count).map(task).collect();
    }
    let (shared, next) = (Shared(task), AtomicUsize::new(0));
    let work = || {
        libtorch::set_threads(threads / teams);
        let task = shared.get();
        let mut done = Vec::new();
        let result = libtorch::guard(|| {
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                if at >= count {
                    break;
                }
                done.push((at, task(at)));
            }
        });
        if result.is_err() {
            next.store(count, Ordering::Relaxed);
        }
        result.map(|()| done)
    };
    let found: Vec<_> = std::thread::scope(|scope| {
        let teams: Vec<_> = (0..teams).map(|_| scope.spawn(work)).collect();
        teams.into_iter().map(|team| team.join().expect("guarded")).collect()
    });
    libtorch::set_threads(threads);
    // What libtorch said there is said again here, where the caller listens.
    let mut found: Vec<(usize, T)> =
        found.into_iter().flat_map(|done| done.unwrap_or_else(|e| panic!("{e}"))).collect();
    found.sort_by_key(|(at, _)| *at);
    found.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::side_by_side;

    #[test]
    fn results_come_in_order_and_threads_as_before() {
        let before = tch::get_num_threads();
        // SAFETY: numbers alone.
        let squares = unsafe { side_by_side(9, 4, tch::Device::Cpu, |at| at * at) };
        assert_eq!(squares, [0, 1, 4, 9, 16, 25, 36, 49, 64]);
        assert_eq!(tch::get_num_threads(), before);
    }

    #[test]
    fn a_panic_of_a_task_is_the_callers() {
        // SAFETY: numbers alone.
        let run = || unsafe { side_by_side(3, 2, tch::Device::Cpu, |at| assert!(at < 2, "the third")) };
        let error = crate::libtorch::guard(run).unwrap_err();
        assert!(error.contains("the third"), "{error}");
    }
}

//! What this machine computes with: fixed once and kept, since bytes depend on thread count and batch. What it has room for at
//! a time is its runner's business (`Runner::capacity`).

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::engine::store::{Store, StoreError};
use crate::kind::Threads;

/// Images per batch on CPU: activations of eight images stay in the processor's cache.
const BATCH: usize = 8;

/// The machine's profile. Equal bytes are promised within one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// Threads in all.
    pub threads: usize,
    /// Threads of one tensor computation. Machines of many cores run several such computations side by side.
    pub team: usize,
    /// Images per batch.
    pub batch: usize,
    /// GPUs it had when this was measured.
    #[serde(default)]
    pub gpus: usize,
}

impl Machine {
    /// The profile that the cache holds; else this machine's, which is then kept.
    pub fn of(store: &Store) -> Result<Self, StoreError> {
        if let Some(machine) = store.profile() {
            return Ok(machine);
        }
        let machine = Self::here();
        store.write_profile(&machine)?;
        Ok(machine)
    }

    /// This machine's profile, from its core count.
    pub fn here() -> Self {
        let threads = threads();
        // Convolutions and matrix products of these sizes gain little beyond 16 threads.
        let team = if threads <= 16 { threads } else { (threads / 4).max(16) };
        Self { threads, team, batch: BATCH, gpus: gpus() }
    }

    /// How many threads a kind's computation gets, on which its bytes depend.
    pub fn threads_of(&self, threads: Threads) -> usize {
        match threads {
            Threads::One => 1,
            Threads::Team => self.team.min(self.threads),
        }
    }
}

/// How many threads this process may use now.
#[expect(clippy::disallowed_methods, reason = "what the runner of this machine says its capacity by")]
pub fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// How many GPUs this machine has.
pub fn gpus() -> usize {
    (0..16).take_while(|index| Path::new(&format!("/dev/nvidia{index}")).exists()).count()
}

//! What a run may take, and where it computes: the one place where a runner is chosen.

use crate::engine::worker::job::Runner;
use crate::engine::worker::pool::LazyWorkers;

/// What a run may take of this machine. Another place to compute would be named here.
#[derive(Clone, Copy, Debug, Default)]
pub struct Resources {
    /// Bytes of memory that nodes may need together; what the machine has free where absent.
    pub memory: Option<u64>,
    /// At most so many nodes at a time.
    pub jobs: Option<usize>,
}

impl Resources {
    /// Who computes with them.
    pub fn runner(&self) -> Box<dyn Runner> {
        Box::new(LazyWorkers::new(self.memory, self.jobs))
    }
}

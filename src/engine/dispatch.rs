//! Mechanism: jobs under way on a runner, a thread of this process waiting for each, and what they say.

use std::cell::OnceCell;
use std::sync::mpsc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::thread::Scope;
use std::time::Duration;

use crate::engine::worker::job::{Capacity, Done, Job, JobFailure, Reply, Runner};
use crate::plan::NodeIndex;

/// What comes of a job that was started.
pub enum Message {
    Reply(NodeIndex, Reply),
    Ended(NodeIndex, Result<Done, JobFailure>),
}

/// Jobs under way.
pub struct Dispatch<'scope, 'env> {
    scope: &'scope Scope<'scope, 'env>,
    runner: &'env dyn Runner,
    sender: Sender<Message>,
    messages: Receiver<Message>,
    capacity: OnceCell<Capacity>,
}

impl<'scope, 'env> Dispatch<'scope, 'env> {
    /// None yet.
    pub fn new(scope: &'scope Scope<'scope, 'env>, runner: &'env dyn Runner) -> Self {
        let (sender, messages) = mpsc::channel();
        Self { scope, runner, sender, messages, capacity: OnceCell::new() }
    }

    /// What can be under way at once; asked of the runner once a run.
    pub fn capacity(&self) -> Capacity {
        *self.capacity.get_or_init(|| self.runner.capacity())
    }

    /// Starts a node's job.
    pub fn start(&self, at: NodeIndex, job: Job) {
        let (sender, runner) = (self.sender.clone(), self.runner);
        self.scope.spawn(move || {
            let mut say = |reply| {
                let _ = sender.send(Message::Reply(at, reply));
            };
            let result = runner.run(&job, &mut say);
            let _ = sender.send(Message::Ended(at, result));
        });
    }

    /// The next that a job says; nothing where none says anything for so long.
    pub fn next(&self, wait: Duration) -> Option<Message> {
        match self.messages.recv_timeout(wait) {
            Ok(message) => Some(message),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => unreachable!("a sender is kept here"),
        }
    }

    /// Stops all jobs; they end as cancelled.
    pub fn cancel(&self) {
        self.runner.cancel();
    }
}

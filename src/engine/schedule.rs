//! Policy: which nodes are looked at, which may start, in which order, and with what. Nothing here looks, starts or waits.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use crate::device::Device;
use crate::engine::machine::Machine;
use crate::engine::worker::job::Capacity;
use crate::kind::Threads;
use crate::plan::{Node, NodeIndex};

/// What a node's computation takes while it is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Needs {
    pub threads: usize,
    /// Where it computes, before `auto` is resolved.
    pub device: Device,
    /// The GPU that it has to itself, if any.
    pub gpu: Option<usize>,
}

impl Needs {
    /// Of a node, where `auto` means a device that a run was told.
    pub fn of(node: &Node, machine: &Machine, auto: Device, capacity: &Capacity) -> Self {
        let device = if node.device == Device::Auto { auto } else { node.device };
        let gpu = match (node.kind.threads, device) {
            (Threads::Team, Device::Cuda(index)) => Some(index),
            (Threads::Team, Device::Auto) if capacity.gpus > 0 => Some(0),
            _ => None,
        };
        Self { threads: machine.threads_of(node.kind.threads), device, gpu }
    }
}

/// The nodes of a run by what is to be done with them next.
#[derive(Debug)]
pub struct Schedule {
    /// The nodes that the run is about.
    targets: BTreeSet<NodeIndex>,
    /// Nodes to look at: nothing is known of them yet, or something upstream has settled.
    pending: BTreeSet<NodeIndex>,
    /// Nodes that must compute and wait for room.
    runnable: BTreeSet<NodeIndex>,
    /// Nodes whose action another process computes, and since when that was last tried.
    contended: BTreeMap<NodeIndex, Instant>,
    running: BTreeMap<NodeIndex, Needs>,
    stopped: bool,
}

impl Schedule {
    /// Everything is to be looked at, and nothing runs.
    pub fn new(targets: BTreeSet<NodeIndex>) -> Self {
        Self {
            pending: targets.clone(),
            targets,
            runnable: BTreeSet::new(),
            contended: BTreeMap::new(),
            running: BTreeMap::new(),
            stopped: false,
        }
    }

    /// The nodes that the run is about.
    pub fn targets(&self) -> &BTreeSet<NodeIndex> {
        &self.targets
    }

    /// The next node to look at, in plan order.
    pub fn next_to_look_at(&mut self) -> Option<NodeIndex> {
        self.pending.pop_first()
    }

    /// Nodes are looked at again, if the run is about them.
    pub fn look_again(&mut self, nodes: impl IntoIterator<Item = NodeIndex>) {
        let targets = &self.targets;
        self.pending.extend(nodes.into_iter().filter(|at| targets.contains(at)));
    }

    /// A node must compute.
    pub fn must_compute(&mut self, at: NodeIndex) {
        self.runnable.insert(at);
    }

    /// Another process computes a node: it is looked up again in a while.
    pub fn contend(&mut self, at: NodeIndex) {
        self.contended.insert(at, Instant::now());
    }

    /// Looks those up again that were contended for so long: most often the other process has finished them.
    pub fn retry(&mut self, after: Duration) {
        let (again, wait): (BTreeMap<_, _>, BTreeMap<_, _>) =
            std::mem::take(&mut self.contended).into_iter().partition(|(_, since)| since.elapsed() >= after);
        self.contended = wait;
        self.pending.extend(again.into_keys());
    }

    /// Whether nodes wait for room.
    pub fn is_waiting(&self) -> bool {
        !self.runnable.is_empty()
    }

    /// Takes the first node, in plan order, for which there is room now.
    pub fn next_to_start(
        &mut self,
        capacity: &Capacity,
        needs: impl Fn(NodeIndex) -> Needs,
    ) -> Option<(NodeIndex, Needs)> {
        let mut waiting = self.runnable.iter().map(|&at| (at, needs(at)));
        let first = waiting.find(|(_, needs)| self.has_room(capacity, needs))?;
        self.runnable.remove(&first.0);
        Some(first)
    }

    fn has_room(&self, capacity: &Capacity, needs: &Needs) -> bool {
        let taken: usize = self.running.values().map(|other| other.threads).sum();
        let fits = self.running.is_empty() || taken + needs.threads <= capacity.threads;
        let allowed = capacity.jobs.is_none_or(|jobs| self.running.len() < jobs);
        let busy = needs.gpu.is_some_and(|gpu| self.running.values().any(|other| other.gpu == Some(gpu)));
        fits && allowed && !busy
    }

    /// A node's computation is under way.
    pub fn started(&mut self, at: NodeIndex, needs: Needs) {
        self.running.insert(at, needs);
    }

    /// A node's computation is over.
    pub fn ended(&mut self, at: NodeIndex) {
        self.running.remove(&at);
    }

    /// Starts nothing more; gives the nodes that had waited for room.
    pub fn stop(&mut self) -> BTreeSet<NodeIndex> {
        self.stopped = true;
        std::mem::take(&mut self.runnable)
    }

    /// Whether nothing more is started.
    pub fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// Waits for no other process any more.
    pub fn give_up_on_contended(&mut self) {
        self.contended.clear();
    }

    /// Whether there are nodes to look at.
    pub fn is_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Whether nothing is under way, here or in another process.
    pub fn is_idle(&self) -> bool {
        self.running.is_empty() && self.contended.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cpu(threads: usize) -> Needs {
        Needs { threads, device: Device::Cpu, gpu: None }
    }

    fn schedule() -> Schedule {
        let mut schedule = Schedule::new((0..4).map(NodeIndex::from).collect());
        while let Some(at) = schedule.next_to_look_at() {
            schedule.must_compute(at);
        }
        schedule
    }

    /// Starts what there is room for.
    fn start(schedule: &mut Schedule, capacity: Capacity, needs: &[Needs; 4]) -> Vec<usize> {
        let mut started = Vec::new();
        while let Some((at, needs)) = schedule.next_to_start(&capacity, |at| needs[usize::from(at)]) {
            schedule.started(at, needs);
            started.push(at.into());
        }
        started
    }

    #[test]
    fn what_has_room_starts_in_plan_order_and_passes_what_has_none() {
        let (mut nodes, four) = (schedule(), Capacity { threads: 4, gpus: 0, jobs: None });
        let needs = [cpu(3), cpu(2), cpu(1), cpu(1)];
        assert_eq!(start(&mut nodes, four, &needs), [0, 2]);
        nodes.ended(0.into());
        assert_eq!(start(&mut nodes, four, &needs), [1, 3]);
    }

    #[test]
    fn who_needs_more_threads_than_there_are_runs_alone() {
        let (mut nodes, two) = (schedule(), Capacity { threads: 2, gpus: 0, jobs: None });
        let needs = [cpu(1), cpu(8), cpu(1), cpu(1)];
        assert_eq!(start(&mut nodes, two, &needs), [0, 2]);
        nodes.ended(0.into());
        assert_eq!(start(&mut nodes, two, &needs), [3]);
        nodes.ended(2.into());
        nodes.ended(3.into());
        assert_eq!(start(&mut nodes, two, &needs), [1]);
    }

    #[test]
    fn a_gpu_and_a_limit_are_kept() {
        let gpu = Needs { threads: 1, device: Device::Auto, gpu: Some(0) };
        let (mut nodes, one) = (schedule(), Capacity { threads: 8, gpus: 1, jobs: None });
        assert_eq!(start(&mut nodes, one, &[gpu, gpu, cpu(1), gpu]), [0, 2]);
        let (mut nodes, limited) = (schedule(), Capacity { threads: 8, gpus: 0, jobs: Some(1) });
        assert_eq!(start(&mut nodes, limited, &[cpu(1); 4]), [0]);
        assert_eq!(nodes.stop(), BTreeSet::from([1, 2, 3].map(NodeIndex::from)));
        nodes.ended(0.into());
        assert!(nodes.is_stopped() && nodes.is_idle() && start(&mut nodes, limited, &[cpu(1); 4]).is_empty());
    }
}

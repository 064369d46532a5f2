//! Building a graph step after step, with names nested as torchvision's modules are.

use crate::nets::graph::{Graph, IMAGES, Step, Wire};
use crate::nets::op::Op;
use crate::nets::op::activation::Activation;
use crate::nets::op::conv::Conv;
use crate::nets::op::join::{Add, Concat};
use crate::nets::op::layout::Flatten;
use crate::nets::op::linear::Linear;
use crate::nets::op::norm::BatchNorm;
use crate::nets::op::pool::{AveragePool, MaxPool};

/// The constant ε of a batch norm, unless the architecture has another (PyTorch's default).
const BATCH_NORM_EPSILON: f64 = 1e-5;
/// Builds a graph, step after step, with names nested as torchvision's modules are.
#[derive(Default)]
pub struct Builder {
    graph: Graph,
    scope: Vec<String>,
}

impl Builder {
    /// A builder that goes on where a graph ends.
    pub fn after(graph: Graph) -> Self {
        Self { graph, scope: Vec::new() }
    }

    /// The graph that was built.
    pub fn finish(self) -> Graph {
        self.graph
    }

    /// A container: what `body` adds is named within it, and the wire that `body` gives is its output.
    pub fn within(&mut self, name: &str, body: impl FnOnce(&mut Self) -> Wire) -> Wire {
        let full = self.name(name);
        let at = self.declare(full);
        self.scope.push(name.to_owned());
        let wire = body(self);
        self.scope.pop();
        self.graph.layers[at].1 = wire;
        wire
    }

    pub fn conv(&mut self, name: &str, from: Wire, conv: Conv) -> Wire {
        self.module(name, conv, from)
    }

    pub fn batch_norm(&mut self, name: &str, from: Wire, channels: usize) -> Wire {
        self.module(name, BatchNorm { channels, epsilon: BATCH_NORM_EPSILON }, from)
    }

    pub fn relu(&mut self, name: &str, from: Wire) -> Wire {
        self.module(name, Activation::Relu, from)
    }

    pub fn activation(&mut self, name: &str, from: Wire, activation: Activation) -> Wire {
        self.module(name, activation, from)
    }

    pub fn max_pool(&mut self, name: &str, from: Wire, pool: MaxPool) -> Wire {
        self.module(name, pool, from)
    }

    pub fn average_pool(&mut self, name: &str, from: Wire, size: usize) -> Wire {
        self.module(name, AveragePool { size }, from)
    }

    pub fn linear(&mut self, name: &str, from: Wire, linear: Linear) -> Wire {
        self.module(name, linear, from)
    }

    /// A module that does nothing in evaluation mode, such as dropout.
    pub fn identity(&mut self, name: &str, from: Wire) -> Wire {
        let full = self.name(name);
        let at = self.declare(full);
        self.graph.layers[at].1 = from;
        from
    }

    pub fn flatten(&mut self, from: Wire) -> Wire {
        self.step(String::new(), Flatten, vec![from])
    }

    pub fn add(&mut self, a: Wire, b: Wire) -> Wire {
        self.step(String::new(), Add, vec![a, b])
    }

    pub fn concat(&mut self, wires: &[Wire]) -> Wire {
        self.step(String::new(), Concat, wires.to_vec())
    }

    /// What is done outside of modules, with tensors under the container's name if it has any.
    pub fn bare(&mut self, op: impl Into<Op>, from: &[Wire]) -> Wire {
        let op = op.into();
        let name = if op.tensors().is_empty() { String::new() } else { self.scope.join(".") };
        self.step(name, op, from.to_vec())
    }

    /// A module of one wire.
    pub fn module(&mut self, name: &str, op: impl Into<Op>, from: Wire) -> Wire {
        let full = self.name(name);
        let at = self.declare(full.clone());
        let wire = self.step(full, op, vec![from]);
        self.graph.layers[at].1 = wire;
        wire
    }

    fn step(&mut self, name: String, op: impl Into<Op>, inputs: Vec<Wire>) -> Wire {
        self.graph.steps.push(Step { name, op: op.into(), inputs });
        self.graph.steps.len()
    }

    fn name(&self, last: &str) -> String {
        self.scope.iter().map(String::as_str).chain([last]).collect::<Vec<_>>().join(".")
    }

    /// The place of a layer in the list: a new one, or that of the same module called before.
    fn declare(&mut self, name: String) -> usize {
        if let Some(&at) = self.graph.by_name.get(&name) {
            return at;
        }
        self.graph.layers.push((name.clone(), IMAGES));
        self.graph.by_name.insert(name, self.graph.layers.len() - 1);
        self.graph.layers.len() - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_leads_to_a_wire_is_needed() {
        let mut builder = Builder::default();
        let a = builder.conv("a", IMAGES, Conv::new(3, 4, 1));
        let b = builder.relu("b", a);
        let c = builder.relu("c", a);
        let sum = builder.add(b, c);
        let graph = builder.finish();
        assert_eq!(graph.needed(&[c]), [true, false, true, false]);
        assert_eq!(graph.needed(&[sum]), [true; 4]);
        assert_eq!(graph.needed(&[]), [false; 4]);
    }

    #[test]
    fn a_module_that_is_called_twice_names_its_last_call() {
        let mut builder = Builder::default();
        let end = builder.within("block", |b| {
            let first = b.relu("relu", IMAGES);
            b.relu("relu", first)
        });
        let graph = builder.finish();
        assert_eq!(graph.layers().collect::<Vec<_>>(), [("block", end), ("block.relu", end)]);
    }
}

//! A network as a list of steps between wires, under the names that torchvision gives its modules.
//!
//! Wire 0 carries the images; step i drives wire i + 1. A layer is a name for a wire: a module's output. A
//! container's output is that of its last step, and a module that is called several times (the `relu` of a residual
//! block) names its last call, which is what a forward hook that overwrites is left with.

use std::collections::HashMap;

use crate::nets::op::Op;

/// A value between steps, by number.
pub type Wire = usize;

/// The wire of the images, 3 × height × width.
pub const IMAGES: Wire = 0;

/// A network's steps in the order in which they run, and its layers.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    pub steps: Vec<Step>,
    pub(super) layers: Vec<(String, Wire)>,
    pub(super) by_name: HashMap<String, usize>,
}

/// One operation; step i of a graph drives wire i + 1.
#[derive(Clone, Debug)]
pub struct Step {
    /// The module's name; empty for what torchvision does outside of modules.
    pub name: String,
    pub op: Op,
    /// The wires it reads, all driven by earlier steps.
    pub inputs: Vec<Wire>,
}

impl Graph {
    /// The layers' names and wires, containers before what they contain.
    pub fn layers(&self) -> impl Iterator<Item = (&str, Wire)> {
        self.layers.iter().map(|(name, wire)| (name.as_str(), *wire))
    }

    /// The wire of a layer.
    pub fn wire(&self, layer: &str) -> Option<Wire> {
        self.by_name.get(layer).map(|&at| self.layers[at].1)
    }

    /// Per step, whether any of the wires depends on it.
    pub fn needed(&self, wires: &[Wire]) -> Vec<bool> {
        let mut needed = vec![false; self.steps.len()];
        for &wire in wires.iter().filter(|&&wire| wire != IMAGES) {
            needed[wire - 1] = true;
        }
        for at in (0..needed.len()).rev() {
            if needed[at] {
                for &input in self.steps[at].inputs.iter().filter(|&&wire| wire != IMAGES) {
                    needed[input - 1] = true;
                }
            }
        }
        needed
    }

    /// The shape of one row on each wire for images of a height and width; none where they are too small.
    pub fn shapes(&self, height: usize, width: usize) -> Vec<Option<Vec<usize>>> {
        let mut shapes = vec![Some(vec![3, height, width])];
        for step in &self.steps {
            let inputs: Option<Vec<&[usize]>> = step.inputs.iter().map(|&wire| shapes[wire].as_deref()).collect();
            shapes.push(inputs.and_then(|inputs| step.op.shape(&inputs)));
        }
        shapes
    }
}

impl Step {
    /// The full name of one of its tensors.
    pub fn tensor(&self, part: &str) -> String {
        if self.name.is_empty() { part.to_owned() } else { format!("{}.{part}", self.name) }
    }
}

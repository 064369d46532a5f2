//! A network with weights, ready to give some of its layers' outputs in one pass.
//!
//! It runs in evaluation mode and stops after the deepest layer asked for. Batch norm is folded into the convolution
//! before it, and ReLU and sums overwrite their input where nobody else reads it. A layer's numbers never depend on
//! which other layers are asked for: a folded convolution whose own output is wanted runs once more as it stands.
//! On the way, tensors lie channels last, which libtorch's convolutions on the CPU prefer; where only features are wanted,
//! convolutions of 3 × 3 go by `winograd`.

use std::collections::HashMap;

use tch::{Device, Kind, Tensor};

use crate::nets::graph::{Graph, IMAGES, Wire};
use crate::nets::op::Op;
use crate::nets::op::activation::Activation;
use crate::nets::op::join::Concat;
use crate::nets::op::norm::{BatchNorm, NORM};
use crate::nets::weights;
use crate::nets::weights::Weights;
use crate::nets::zoo::catalogue::Architecture;
use crate::runtime::kernel::{Tensors, both, concat_relu, kernel, only, overwrite};
use crate::runtime::layout::channels_last;
use crate::runtime::pipeline::Forward;
use crate::runtime::winograd;
use crate::runtime::winograd::Winograd;

/// An architecture's steps up to some layers, with tensors on a device.
pub struct Network {
    steps: Vec<Ready>,
    taps: Vec<Wire>,
    wires: usize,
    kind: Kind,
}

/// A step that can run.
struct Ready {
    kernel: Kernel,
    inputs: Vec<Wire>,
    output: Wire,
    /// Wires that nobody reads after it.
    spent: Vec<Wire>,
}

/// What a step computes, in evaluation.
enum Kernel {
    Plain(Op, Tensors),
    /// A convolution that may go faster, without gradients.
    Winograd(Box<Winograd>),
    /// Overwrites its input.
    Overwriting(Activation),
    /// Adds to its first input.
    Adding,
    /// ReLU of each input, channel after channel.
    ConcatRelu,
}

impl Kernel {
    fn run(&self, inputs: Vec<Tensor>) -> Tensor {
        match self {
            Self::Plain(op, tensors) => kernel(op).run(tensors, inputs),
            Self::Winograd(conv) => conv.run(&only(inputs)),
            Self::Overwriting(activation) => overwrite(*activation, &mut only(inputs)),
            Self::Adding => {
                let [mut sum, other] = both(inputs);
                sum.g_add_(&other)
            }
            Self::ConcatRelu => concat_relu(&inputs),
        }
    }
}

impl Network {
    /// Prepares the steps that `layers` need, in 32-bit floats, for features. `weights` holds their tensors, as
    /// `weights::gather` or `init::random` give them.
    pub fn load(architecture: &Architecture, layers: &[&str], weights: &Weights, device: Device) -> Self {
        Self::load_for_features(architecture.graph(), layers, weights, device, Kind::Float)
    }

    /// The same of any graph, in floats of another kind; whatever is folded is worked out first.
    pub fn load_for_features(graph: &Graph, layers: &[&str], weights: &Weights, device: Device, kind: Kind) -> Self {
        Self::compiled(Compiler::new(graph, wires(graph, layers), weights, device, kind, Convolutions::Fastest))
    }

    /// The same with libtorch's convolutions throughout, which are those that training sees.
    pub fn load_as(graph: &Graph, layers: &[&str], weights: &Weights, device: Device, kind: Kind) -> Self {
        Self::load_wires(graph, wires(graph, layers), weights, device, kind)
    }

    /// The same for wires instead of layers.
    pub fn load_wires(graph: &Graph, taps: Vec<Wire>, weights: &Weights, device: Device, kind: Kind) -> Self {
        Self::compiled(Compiler::new(graph, taps, weights, device, kind, Convolutions::Libtorch))
    }

    fn compiled(compiler: Compiler<'_>) -> Self {
        let mut steps = compiler.compile();
        let Compiler { graph, taps, kind, .. } = compiler;
        let mut last = HashMap::new();
        for (at, step) in steps.iter().enumerate() {
            last.extend(step.inputs.iter().map(|&wire| (wire, at)));
        }
        for (wire, at) in last {
            if !taps.contains(&wire) {
                steps[at].spent.push(wire);
            }
        }
        Self { steps, taps, wires: graph.steps.len() + 1, kind }
    }

    /// The layers' outputs in 32-bit floats, in the order in which they were asked for, for n × 3 × height × width normalised
    /// images.
    ///
    /// Panics as libtorch does where memory runs out or the images are too small; `Architecture::shape` tells the
    /// latter before.
    pub fn forward(&self, images: &Tensor) -> Vec<Tensor> {
        let _guard = tch::no_grad_guard();
        let mut wires: Vec<Option<Tensor>> = (0..self.wires).map(|_| None).collect();
        wires[IMAGES] = Some(channels_last(&images.to_kind(self.kind)));
        for step in &self.steps {
            let inputs: Vec<Tensor> = step.inputs.iter().map(|&wire| held(&wires, wire)).collect();
            let output = step.kernel.run(inputs);
            wires[step.output] = Some(output);
            for &wire in &step.spent {
                wires[wire] = None;
            }
        }
        self.taps.iter().map(|&wire| held(&wires, wire).to_kind(Kind::Float)).collect()
    }
}

impl Forward for Network {
    fn outputs(&self, images: &Tensor) -> Result<Vec<Tensor>, String> {
        Ok(self.forward(images))
    }
}

fn wires(graph: &Graph, layers: &[&str]) -> Vec<Wire> {
    layers.iter().map(|layer| graph.wire(layer).expect("the caller checked the layers")).collect()
}

fn held(wires: &[Option<Tensor>], wire: Wire) -> Tensor {
    wires[wire].as_ref().expect("a wire is driven before it is read").shallow_clone()
}

/// Turns described steps into ready ones.
struct Compiler<'a> {
    graph: &'a Graph,
    taps: Vec<Wire>,
    needed: Vec<bool>,
    /// Per wire, how many steps of the whole graph read it: what is fused must not depend on the layers asked for.
    readers: Vec<usize>,
    weights: &'a Weights,
    device: Device,
    kind: Kind,
    convolutions: Convolutions,
}

/// What convolutions are computed by.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Convolutions {
    Libtorch,
    /// `winograd` where it is faster: rounded otherwise, and without gradients.
    Fastest,
}

impl<'a> Compiler<'a> {
    fn new(
        graph: &'a Graph,
        taps: Vec<Wire>,
        weights: &'a Weights,
        device: Device,
        kind: Kind,
        convolutions: Convolutions,
    ) -> Self {
        let mut readers = vec![0; graph.steps.len() + 1];
        for step in &graph.steps {
            for &wire in &step.inputs {
                readers[wire] += 1;
            }
        }
        let needed = graph.needed(&taps);
        Self { graph, taps, needed, readers, weights, device, kind, convolutions }
    }

    fn compile(&self) -> Vec<Ready> {
        (0..self.graph.steps.len()).filter(|&at| self.needed[at]).filter_map(|at| self.ready(at)).collect()
    }

    /// A step as it runs; none where a later one does its work.
    fn ready(&self, at: usize) -> Option<Ready> {
        let step = &self.graph.steps[at];
        let output = at + 1;
        let first = step.inputs[0];
        let mut inputs = step.inputs.clone();
        let kernel = match step.op {
            Op::Conv(_) if self.folds(output) && !self.taps.contains(&output) => return None,
            Op::Conv(_) => self.conv(at, None),
            Op::BatchNorm(_) if self.folds(first) => {
                inputs.clone_from(&self.graph.steps[first - 1].inputs);
                self.conv(first - 1, Some(at))
            }
            Op::Activation(_) if self.joins(output) => return None,
            Op::Activation(activation) if self.may_overwrite(first) => Kernel::Overwriting(activation),
            Op::Add(_) if self.may_overwrite(first) => Kernel::Adding,
            Op::Concat(_) if inputs.iter().all(|&wire| self.joins(wire)) => {
                inputs = inputs.iter().map(|&wire| self.graph.steps[wire - 1].inputs[0]).collect();
                Kernel::ConcatRelu
            }
            op => Kernel::Plain(op, Tensors::of(&op, |part| self.tensor(at, part))),
        };
        Some(Ready { kernel, inputs, output, spent: Vec::new() })
    }

    fn conv(&self, at: usize, norm: Option<usize>) -> Kernel {
        let Op::Conv(conv) = self.graph.steps[at].op else { unreachable!("the caller saw a convolution") };
        let (weight, bias) = self.conv_tensors(at, norm);
        let weight = channels_last(&weight.to_kind(self.kind)).to_device(self.device);
        let bias = bias.map(|bias| bias.to_kind(self.kind).to_device(self.device));
        let fast = self.convolutions == Convolutions::Fastest && self.device == Device::Cpu && self.kind == Kind::Float;
        if fast && winograd::may(&conv) {
            return Kernel::Winograd(Box::new(Winograd::new(weight, bias, conv)));
        }
        Kernel::Plain(Op::Conv(conv), Tensors::weighted(weight, bias))
    }

    /// Whether the wire goes from a convolution to a batch norm and nowhere else.
    fn folds(&self, wire: Wire) -> bool {
        wire != IMAGES
            && matches!(self.graph.steps[wire - 1].op, Op::Conv(_))
            && self.readers[wire] == 1
            && self.reader(wire).is_some_and(|op| matches!(op, Op::BatchNorm(_)))
    }

    /// Whether the wire goes from a ReLU to a concatenation of nothing but such, and is wanted by nobody else.
    fn joins(&self, wire: Wire) -> bool {
        let lone = |wire: Wire| {
            wire != IMAGES
                && self.graph.steps[wire - 1].op == Op::Activation(Activation::Relu)
                && self.readers[wire] == 1
                && !self.taps.contains(&wire)
        };
        let concat = (0..self.graph.steps.len())
            .find(|&at| self.graph.steps[at].inputs.contains(&wire) && self.graph.steps[at].op == Op::Concat(Concat));
        lone(wire) && concat.is_some_and(|at| self.needed[at] && self.graph.steps[at].inputs.iter().all(|&w| lone(w)))
    }

    fn reader(&self, wire: Wire) -> Option<&Op> {
        self.graph.steps.iter().find(|step| step.inputs.contains(&wire)).map(|step| &step.op)
    }

    /// Whether a step that reads the wire may write over it: nobody else reads it, and it is nobody else's memory.
    fn may_overwrite(&self, wire: Wire) -> bool {
        wire != IMAGES
            && self.readers[wire] == 1
            && !self.taps.contains(&wire)
            && self.graph.steps[wire - 1].op.is_fresh()
    }

    /// A convolution's tensors; those that include the batch norm after it, where its place is given.
    ///
    /// BN(w∗x + b) = (s·w)∗x + (s·(b − mean) + shift) with s = scale / √(variance + ε), worked out in 64 bits.
    fn conv_tensors(&self, at: usize, norm: Option<usize>) -> (Tensor, Option<Tensor>) {
        let Op::Conv(conv) = self.graph.steps[at].op else { unreachable!("the caller saw a convolution") };
        let weight = self.numbers(at, "weight");
        let bias = conv.bias.then(|| self.numbers(at, "bias"));
        let Some(norm) = norm else {
            return (tensor(weight), bias.map(tensor));
        };
        let Op::BatchNorm(BatchNorm { epsilon, .. }) = self.graph.steps[norm].op else {
            unreachable!("the caller saw a batch norm")
        };
        let [scale, shift, mean, variance] = NORM.map(|part| self.numbers(norm, part).data.as_slice());
        let factors: Vec<f64> = scale
            .iter()
            .zip(variance)
            .map(|(&scale, &variance)| f64::from(scale) / (f64::from(variance) + epsilon).sqrt())
            .collect();
        let window = weight.data.len() / factors.len();
        let folded_weight = weight
            .data
            .chunks(window)
            .zip(&factors)
            .flat_map(|(chunk, s)| chunk.iter().map(move |&w| (s * f64::from(w)) as f32))
            .collect();
        let folded_bias = (0..factors.len())
            .map(|c| {
                let bias = bias.map_or(0.0, |bias| f64::from(bias.data[c]));
                (factors[c] * (bias - f64::from(mean[c])) + f64::from(shift[c])) as f32
            })
            .collect();
        let weight = weights::Tensor { shape: weight.shape.clone(), data: folded_weight };
        let bias = weights::Tensor { shape: vec![factors.len()], data: folded_bias };
        (tensor(&weight), Some(tensor(&bias)))
    }

    fn numbers(&self, at: usize, part: &str) -> &'a weights::Tensor {
        self.weights
            .get(&self.graph.steps[at].tensor(part))
            .expect("the weights were gathered or drawn for these layers")
    }

    fn tensor(&self, at: usize, part: &str) -> Tensor {
        tensor(self.numbers(at, part)).to_kind(self.kind).to_device(self.device)
    }
}

/// Numbers as a tensor of the CPU.
pub fn tensor(numbers: &weights::Tensor) -> Tensor {
    let shape: Vec<i64> = numbers.shape.iter().map(|&side| side as i64).collect();
    Tensor::from_slice(&numbers.data).view(shape.as_slice())
}

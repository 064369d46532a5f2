//! A network with weights, ready to give some of its layers' outputs in one pass.
//!
//! It runs in evaluation mode and stops after the deepest layer asked for. Batch norm is folded into the convolution
//! before it, and ReLU and sums overwrite their input where nobody else reads it. A layer's numbers never depend on
//! which other layers are asked for: a folded convolution whose own output is wanted runs once more as it stands.
//! On the way, tensors lie channels last, which libtorch's convolutions on the CPU prefer.

use std::collections::HashMap;

use tch::{Device, Kind, Tensor};

use super::catalogue::Architecture;
use super::graph::{Activation, Conv, Graph, IMAGES, LAYER_NORM_EPSILON, MaxPool, NORM, Op, Tokens, Wire};
use super::stream::Forward;
use super::weights::{self, Weights};

/// An architecture's steps up to some layers, with tensors on a device.
pub struct Network {
    steps: Vec<Ready>,
    taps: Vec<Wire>,
    wires: usize,
    kind: Kind,
}

/// A step that can run.
struct Ready {
    action: Action,
    inputs: Vec<Wire>,
    output: Wire,
    /// Wires that nobody reads after it.
    spent: Vec<Wire>,
}

enum Action {
    Conv {
        weight: Tensor,
        bias: Option<Tensor>,
        conv: Conv,
    },
    BatchNorm {
        /// Scale, shift, mean and variance.
        parts: [Tensor; 4],
        epsilon: f64,
    },
    LayerNorm {
        weight: Tensor,
        bias: Tensor,
        maps: bool,
    },
    Activation(Activation),
    /// Overwrites its input.
    ActivationInPlace(Activation),
    MaxPool(MaxPool),
    AveragePool(i64),
    AverageWindow {
        kernel: i64,
        stride: i64,
        padding: i64,
    },
    Linear {
        weight: Tensor,
        bias: Tensor,
    },
    Flatten,
    Add,
    /// Overwrites its first input.
    AddInPlace,
    Gate,
    Scale(Tensor),
    Concat,
    /// ReLU of each input, channel after channel.
    ConcatRelu,
    ChannelsLast,
    ChannelsFirst,
    Sequence,
    Tokens {
        class: Tensor,
        position: Tensor,
        grid: i64,
    },
    Attention {
        heads: i64,
    },
    FirstToken,
}

impl Network {
    /// Prepares the steps that `layers` need, in 32-bit floats. `weights` holds their tensors, as `weights::gather` or
    /// `init::random` give them.
    pub fn load(architecture: &Architecture, layers: &[&str], weights: &Weights, device: Device) -> Self {
        Self::load_as(architecture, layers, weights, device, Kind::Float)
    }

    /// The same in floats of another kind; whatever is folded is worked out first.
    pub fn load_as(
        architecture: &Architecture,
        layers: &[&str],
        weights: &Weights,
        device: Device,
        kind: Kind,
    ) -> Self {
        let graph = architecture.graph();
        let taps: Vec<Wire> =
            layers.iter().map(|layer| graph.wire(layer).expect("the caller checked the layers")).collect();
        let mut steps = Compiler::new(graph, &taps, weights, device, kind).compile();
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
            let output = step.action.run(inputs);
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

fn held(wires: &[Option<Tensor>], wire: Wire) -> Tensor {
    wires[wire].as_ref().expect("a wire is driven before it is read").shallow_clone()
}

/// The same numbers, with those of a pixel side by side in memory.
fn channels_last(tensor: &Tensor) -> Tensor {
    tensor.permute([0, 2, 3, 1]).contiguous().permute([0, 3, 1, 2])
}

impl Action {
    fn run(&self, inputs: Vec<Tensor>) -> Tensor {
        let mut inputs = inputs.into_iter();
        let mut x = inputs.next().expect("every step reads a wire");
        let mut other = || inputs.next().expect("the step reads two wires");
        match self {
            Self::Conv { weight, bias, conv } => {
                let padding = conv.padding.map(|side| side as i64);
                x.conv2d(weight, bias.as_ref(), [conv.stride as i64; 2], padding, [1, 1], conv.groups as i64)
            }
            Self::BatchNorm { parts: [weight, bias, mean, variance], epsilon } => {
                let (weight, bias, mean, variance) = (Some(weight), Some(bias), Some(mean), Some(variance));
                x.batch_norm(weight, bias, mean, variance, false, 0.0, *epsilon, true)
            }
            Self::LayerNorm { weight, bias, maps } => {
                let norm = |x: &Tensor| {
                    let features = weight.size();
                    x.layer_norm(features, Some(weight), Some(bias), LAYER_NORM_EPSILON, true)
                };
                if *maps { norm(&last(&x)).permute([0, 3, 1, 2]) } else { norm(&x) }
            }
            Self::Activation(activation) => apply(*activation, &x),
            Self::ActivationInPlace(activation) => overwrite(*activation, &mut x),
            Self::MaxPool(pool) => {
                let [kernel, stride, padding] = [pool.kernel, pool.stride, pool.padding].map(|x| [x as i64; 2]);
                x.max_pool2d(kernel, stride, padding, [1, 1], pool.ceil)
            }
            Self::AveragePool(size) => x.adaptive_avg_pool2d([*size; 2]),
            Self::AverageWindow { kernel, stride, padding } => {
                x.avg_pool2d([*kernel; 2], [*stride; 2], [*padding; 2], false, true, None)
            }
            Self::Linear { weight, bias } => x.linear(weight, Some(bias)),
            Self::Flatten => x.flatten(1, -1),
            Self::Add => x + other(),
            Self::AddInPlace => x.g_add_(&other()),
            Self::Gate => x * other(),
            Self::Scale(factors) => x * factors,
            Self::Concat => {
                let all: Vec<Tensor> = std::iter::once(x).chain(inputs).collect();
                Tensor::cat(&all, 1)
            }
            Self::ConcatRelu => {
                let all: Vec<Tensor> = std::iter::once(x).chain(inputs).collect();
                concat_relu(&all)
            }
            Self::ChannelsLast => last(&x),
            Self::ChannelsFirst => x.permute([0, 3, 1, 2]),
            Self::Sequence => x.flatten(2, -1).transpose(1, 2),
            Self::Tokens { class, position, grid } => tokens(&x, class, position, *grid),
            Self::Attention { heads } => attention(&x, *heads),
            Self::FirstToken => x.select(1, 0),
        }
    }
}

fn last(maps: &Tensor) -> Tensor {
    maps.permute([0, 2, 3, 1])
}

fn apply(activation: Activation, x: &Tensor) -> Tensor {
    match activation {
        Activation::Relu => x.relu(),
        Activation::Relu6 => x.clamp(0.0, 6.0),
        Activation::HardSwish => x.hardswish(),
        Activation::HardSigmoid => x.hardsigmoid(),
        Activation::Silu => x.silu(),
        Activation::Sigmoid => x.sigmoid(),
        Activation::Gelu => x.gelu("none"),
    }
}

fn overwrite(activation: Activation, x: &mut Tensor) -> Tensor {
    match activation {
        Activation::Relu => x.relu_(),
        Activation::Relu6 => x.clamp_(0.0, 6.0),
        Activation::HardSwish => x.hardswish_(),
        Activation::HardSigmoid => x.hardsigmoid_(),
        Activation::Silu => x.silu_(),
        Activation::Sigmoid => x.sigmoid_(),
        Activation::Gelu => x.gelu_("none"),
    }
}

/// Adds this to a grid's sides before they are divided by those of the grid that positions were learned for, as
/// DINOv2 does against rounding.
const GRID_OFFSET: f64 = 0.1;

/// A class token before the patches, and positions added; those of another grid are interpolated.
fn tokens(maps: &Tensor, class: &Tensor, position: &Tensor, grid: i64) -> Tensor {
    let (n, features, height, width) = maps.size4().expect("maps have four axes");
    let patches = maps.flatten(2, -1).transpose(1, 2);
    let tokens = Tensor::cat(&[class.expand([n, 1, features], false), patches], 1);
    if (height, width) == (grid, grid) {
        return tokens + position;
    }
    let learned = position.narrow(1, 1, grid * grid).reshape([1, grid, grid, features]).permute([0, 3, 1, 2]);
    let scale = |side: i64| Some((side as f64 + GRID_OFFSET) / grid as f64);
    let there = learned.upsample_bicubic2d([height, width], false, scale(height), scale(width));
    let there = there.flatten(2, -1).transpose(1, 2);
    tokens + Tensor::cat(&[position.narrow(1, 0, 1), there], 1)
}

fn attention(joint: &Tensor, heads: i64) -> Tensor {
    let (n, tokens, triple) = joint.size3().expect("n × tokens × features");
    let features = triple / 3;
    let split = joint.view([n, tokens, 3, heads, features / heads]).permute([2, 0, 3, 1, 4]);
    let [query, key, value] = [0, 1, 2].map(|at| split.select(0, at));
    let mixed = Tensor::scaled_dot_product_attention(&query, &key, &value, None::<&Tensor>, 0.0, false, None, false);
    mixed.transpose(1, 2).reshape([n, tokens, features])
}

/// ReLU on the way into the concatenation: the same numbers as one after the other, with half the traffic.
fn concat_relu(inputs: &[Tensor]) -> Tensor {
    let (n, _, height, width) = inputs[0].size4().expect("maps have four axes");
    let channels: i64 = inputs.iter().map(|x| x.size()[1]).sum();
    let whole =
        Tensor::empty([n, height, width, channels], (inputs[0].kind(), inputs[0].device())).permute([0, 3, 1, 2]);
    let mut from = 0;
    for x in inputs {
        let count = x.size()[1];
        let _ = x.clamp_min_out(&whole.narrow(1, from, count), 0.0);
        from += count;
    }
    whole
}

/// Turns described steps into ready ones.
struct Compiler<'a> {
    graph: &'a Graph,
    taps: &'a [Wire],
    needed: Vec<bool>,
    /// Per wire, how many steps of the whole graph read it: what is fused must not depend on the layers asked for.
    readers: Vec<usize>,
    weights: &'a Weights,
    device: Device,
    kind: Kind,
}

impl<'a> Compiler<'a> {
    fn new(graph: &'a Graph, taps: &'a [Wire], weights: &'a Weights, device: Device, kind: Kind) -> Self {
        let mut readers = vec![0; graph.steps.len() + 1];
        for step in &graph.steps {
            for &wire in &step.inputs {
                readers[wire] += 1;
            }
        }
        Self { graph, taps, needed: graph.needed(taps), readers, weights, device, kind }
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
        let action = match step.op {
            Op::Conv(_) if self.folds(output) && !self.taps.contains(&output) => return None,
            Op::Conv(_) => self.conv(at, None),
            Op::BatchNorm { .. } if self.folds(first) => {
                inputs.clone_from(&self.graph.steps[first - 1].inputs);
                self.conv(first - 1, Some(at))
            }
            Op::BatchNorm { epsilon, .. } => {
                Action::BatchNorm { parts: NORM.map(|part| self.tensor(at, part)), epsilon }
            }
            Op::LayerNorm { maps, .. } => {
                Action::LayerNorm { weight: self.tensor(at, "weight"), bias: self.tensor(at, "bias"), maps }
            }
            Op::Activation(_) if self.joins(output) => return None,
            Op::Activation(activation) if self.may_overwrite(first) => Action::ActivationInPlace(activation),
            Op::Activation(activation) => Action::Activation(activation),
            Op::MaxPool(pool) => Action::MaxPool(pool),
            Op::AveragePool { size } => Action::AveragePool(size as i64),
            Op::AverageWindow { kernel, stride, padding } => {
                Action::AverageWindow { kernel: kernel as i64, stride: stride as i64, padding: padding as i64 }
            }
            Op::Linear(linear) => {
                let [weight, bias] = linear.parts.map(|part| self.tensor(at, part));
                Action::Linear { weight, bias }
            }
            Op::Flatten => Action::Flatten,
            Op::Add if self.may_overwrite(first) => Action::AddInPlace,
            Op::Add => Action::Add,
            Op::Gate => Action::Gate,
            Op::Scale { part, .. } => Action::Scale(self.tensor(at, part)),
            Op::Concat if inputs.iter().all(|&wire| self.joins(wire)) => {
                inputs = inputs.iter().map(|&wire| self.graph.steps[wire - 1].inputs[0]).collect();
                Action::ConcatRelu
            }
            Op::Concat => Action::Concat,
            Op::ChannelsLast => Action::ChannelsLast,
            Op::ChannelsFirst => Action::ChannelsFirst,
            Op::Sequence => Action::Sequence,
            Op::Tokens(Tokens { class, position, grid, .. }) => {
                let [class, position] = [class, position].map(|part| self.tensor(at, part));
                Action::Tokens { class, position, grid: grid as i64 }
            }
            Op::Attention { heads } => Action::Attention { heads: heads as i64 },
            Op::FirstToken => Action::FirstToken,
        };
        Some(Ready { action, inputs, output, spent: Vec::new() })
    }

    fn conv(&self, at: usize, norm: Option<usize>) -> Action {
        let Op::Conv(conv) = self.graph.steps[at].op else { unreachable!("the caller saw a convolution") };
        let (weight, bias) = self.conv_tensors(at, norm);
        let weight = channels_last(&weight.to_kind(self.kind)).to_device(self.device);
        let bias = bias.map(|bias| bias.to_kind(self.kind).to_device(self.device));
        Action::Conv { weight, bias, conv }
    }

    /// Whether the wire goes from a convolution to a batch norm and nowhere else.
    fn folds(&self, wire: Wire) -> bool {
        wire != IMAGES
            && matches!(self.graph.steps[wire - 1].op, Op::Conv(_))
            && self.readers[wire] == 1
            && self.reader(wire).is_some_and(|op| matches!(op, Op::BatchNorm { .. }))
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
            .find(|&at| self.graph.steps[at].inputs.contains(&wire) && self.graph.steps[at].op == Op::Concat);
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
        let Op::BatchNorm { epsilon, .. } = self.graph.steps[norm].op else {
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

fn tensor(numbers: &weights::Tensor) -> Tensor {
    let shape: Vec<i64> = numbers.shape.iter().map(|&side| side as i64).collect();
    Tensor::from_slice(&numbers.data).view(shape.as_slice())
}

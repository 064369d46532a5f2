//! A network as a list of steps between wires, under the names that torchvision gives its modules.
//!
//! Wire 0 carries the images; step i drives wire i + 1. A layer is a name for a wire: a module's output. A
//! container's output is that of its last step, and a module that is called several times (the `relu` of a residual
//! block) names its last call, which is what a forward hook that overwrites is left with.

use std::collections::HashMap;

/// A value between steps, by number.
pub type Wire = usize;

/// The wire of the images, 3 × height × width.
pub const IMAGES: Wire = 0;

/// A network's steps in the order in which they run, and its layers.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    pub steps: Vec<Step>,
    layers: Vec<(String, Wire)>,
    by_name: HashMap<String, usize>,
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

/// What a step computes, in evaluation mode, from maps (n × channels × height × width) unless it says otherwise.
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    Conv(Conv),
    /// Shift and scale per channel by running statistics; ε is added to the variance.
    BatchNorm {
        channels: usize,
        epsilon: f64,
    },
    /// Per position, to mean 0 and variance 1 over the features, then scale and shift. The features are the last axis, or
    /// the channels of maps.
    LayerNorm {
        features: usize,
        maps: bool,
    },
    Activation(Activation),
    MaxPool(MaxPool),
    /// Average pooling to size × size, whatever the input's size.
    AveragePool {
        size: usize,
    },
    /// The mean over square windows; padding counts as zeros.
    AverageWindow {
        kernel: usize,
        stride: usize,
        padding: usize,
    },
    Linear(Linear),
    /// n × channels × height × width to n × (channels · height · width).
    Flatten,
    /// The sum of two wires of one shape.
    Add,
    /// The product of two wires, the first n × channels × 1 × 1.
    Gate,
    /// A product with numbers of its own, one a feature: along the channels of maps, or the last axis.
    Scale {
        part: &'static str,
        features: usize,
        maps: bool,
        init: f32,
    },
    /// Wires of one height and width, channel after channel.
    Concat,
    /// Maps to n × height × width × channels.
    ChannelsLast,
    /// n × height × width × channels to maps.
    ChannelsFirst,
    /// Maps to n × (height · width) × channels.
    Sequence,
    /// Maps to n × (1 + height · width) × channels: a token before them, and a number of its own added to each.
    Tokens(Tokens),
    /// Multi-head attention (Vaswani et al. 2017, arXiv:1706.03762) from queries, keys and values side by side, n × tokens
    /// × 3 features, to n × tokens × features.
    Attention {
        heads: usize,
    },
    /// n × tokens × features to n × features of the first token.
    FirstToken,
    /// Sets each number to zero with this probability in training; does nothing in evaluation.
    Dropout {
        rate: f64,
    },
    Factorised(Factorised),
    Gaussian(Gaussian),
    /// Numbers of units from the scale on which a readout was trained to that of the responses.
    Unscale {
        units: usize,
        link: Link,
    },
    /// Logits to probabilities along the last axis.
    Softmax,
}

/// A readout with a spatial mask and feature weights per unit (Klindt et al. 2017, arXiv:1711.02653): maps to n × units.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Factorised {
    pub channels: usize,
    pub height: usize,
    pub width: usize,
    pub units: usize,
}

/// A readout of the features at one place per unit, learned as the mean of a Gaussian (Lurz et al. 2021): maps to n × units.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gaussian {
    pub channels: usize,
    pub units: usize,
}

/// What stands between a readout's sum and a unit's response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// Any number.
    Identity,
    /// log(1 + exp(x)): a rate, above 0.
    Softplus,
}

/// What is done to each number alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    Relu,
    /// min(max(x, 0), 6).
    Relu6,
    /// x · min(max(x + 3, 0), 6) / 6.
    HardSwish,
    /// min(max(x + 3, 0), 6) / 6.
    HardSigmoid,
    /// x / (1 + exp(−x)).
    Silu,
    Sigmoid,
    /// x · Φ(x), the normal distribution function, not its approximation.
    Gelu,
    /// x where positive, else exp(x) − 1.
    Elu,
}

/// A two-dimensional convolution. Sides are height, width.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Conv {
    pub inputs: usize,
    pub outputs: usize,
    pub kernel: [usize; 2],
    pub stride: usize,
    pub padding: [usize; 2],
    pub groups: usize,
    pub bias: bool,
    pub init: Init,
}

impl Conv {
    /// A square kernel, stride 1, no padding, one group, with a bias, drawn as PyTorch draws by default.
    pub const fn new(inputs: usize, outputs: usize, kernel: usize) -> Self {
        let kernel = [kernel; 2];
        Self { inputs, outputs, kernel, stride: 1, padding: [0; 2], groups: 1, bias: true, init: Init::TORCH }
    }

    /// Zeros around the image such that stride 1 keeps its size.
    pub const fn same(self) -> Self {
        Self { padding: [self.kernel[0] / 2, self.kernel[1] / 2], ..self }
    }

    pub const fn stride(self, stride: usize) -> Self {
        Self { stride, ..self }
    }

    /// Each of so many groups of outputs sees its own group of inputs.
    pub const fn groups(self, groups: usize) -> Self {
        Self { groups, ..self }
    }

    /// Without a bias, as before a batch norm, which has one.
    pub const fn unbiased(self) -> Self {
        Self { bias: false, ..self }
    }

    pub const fn init(self, init: Init) -> Self {
        Self { init, ..self }
    }
}

/// Fully connected along the last axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Linear {
    pub inputs: usize,
    pub outputs: usize,
    pub init: Init,
    /// The names of the weights and of the biases.
    pub parts: [&'static str; 2],
}

impl Linear {
    /// `weight` and `bias`, drawn as PyTorch draws by default.
    pub const fn new(inputs: usize, outputs: usize) -> Self {
        Self { inputs, outputs, init: Init::TORCH, parts: ["weight", "bias"] }
    }

    pub const fn init(self, init: Init) -> Self {
        Self { init, ..self }
    }
}

/// A maximum over square windows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MaxPool {
    pub kernel: usize,
    pub stride: usize,
    pub padding: usize,
    /// Whether a last window that is not full counts.
    pub ceil: bool,
}

impl MaxPool {
    /// Full windows without padding.
    pub const fn new(kernel: usize, stride: usize) -> Self {
        Self { kernel, stride, padding: 0, ceil: false }
    }
}

/// How patches become tokens: the tensors' names, and the square grid of patches that positions were learned for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tokens {
    pub class: &'static str,
    pub position: &'static str,
    pub features: usize,
    pub grid: usize,
    /// Whether other grids are taken, with positions interpolated (bicubic).
    pub interpolate: bool,
}

/// How a step's weights and biases are drawn where none are given.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Init {
    pub weight: Draw,
    pub bias: Draw,
}

impl Init {
    /// PyTorch's default.
    pub const TORCH: Self = Self { weight: Draw::FanIn, bias: Draw::FanIn };

    /// Weights so drawn, and biases 0.
    pub const fn of(weight: Draw) -> Self {
        Self { weight, bias: Draw::Zero }
    }
}

/// A distribution. `fan_in` is the number of inputs of an output, `fan_out` of outputs of an input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Draw {
    Zero,
    /// Uniform within 1/√fan_in.
    FanIn,
    /// He et al. 2015 (arXiv:1502.01852), uniform within √(6/fan_in).
    KaimingUniform,
    /// He et al. 2015, normal with variance 2/fan_in.
    KaimingIn,
    /// He et al. 2015, normal with variance 2/fan_out.
    KaimingOut,
    /// Glorot and Bengio 2010, uniform within √(6/(fan_in + fan_out)).
    Xavier,
    /// Uniform within this bound.
    Uniform(f32),
    /// Normal with this deviation.
    Normal(f32),
}

/// The constant ε of a batch norm, unless the architecture has another (PyTorch's default).
const BATCH_NORM_EPSILON: f64 = 1e-5;
/// The constant ε of every layer norm here.
pub const LAYER_NORM_EPSILON: f64 = 1e-6;

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

/// A batch norm's tensors: scale, shift, mean and variance.
pub const NORM: [&str; 4] = ["weight", "bias", "running_mean", "running_var"];

impl Op {
    /// The tensors it holds: the last part of the name, and the shape.
    pub fn tensors(&self) -> Vec<(&'static str, Vec<usize>)> {
        match *self {
            Self::Conv(Conv { inputs, outputs, kernel: [high, wide], groups, bias, .. }) => {
                let mut tensors = vec![("weight", vec![outputs, inputs / groups, high, wide])];
                if bias {
                    tensors.push(("bias", vec![outputs]));
                }
                tensors
            }
            Self::Linear(Linear { inputs, outputs, parts: [weight, bias], .. }) => {
                vec![(weight, vec![outputs, inputs]), (bias, vec![outputs])]
            }
            Self::BatchNorm { channels, .. } => NORM.map(|name| (name, vec![channels])).to_vec(),
            Self::LayerNorm { features, .. } => vec![("weight", vec![features]), ("bias", vec![features])],
            Self::Scale { part, features, maps, .. } => {
                vec![(part, if maps { vec![features, 1, 1] } else { vec![features] })]
            }
            Self::Tokens(Tokens { class, position, features, grid, .. }) => {
                vec![(class, vec![1, 1, features]), (position, vec![1, 1 + grid * grid, features])]
            }
            Self::Activation(_)
            | Self::MaxPool(_)
            | Self::AveragePool { .. }
            | Self::AverageWindow { .. }
            | Self::Flatten
            | Self::Add
            | Self::Gate
            | Self::Concat
            | Self::ChannelsLast
            | Self::ChannelsFirst
            | Self::Sequence
            | Self::Attention { .. }
            | Self::FirstToken
            | Self::Dropout { .. }
            | Self::Softmax => Vec::new(),
            Self::Factorised(Factorised { channels, height, width, units }) => {
                vec![("mask", vec![units, height, width]), ("weight", vec![units, channels]), ("bias", vec![units])]
            }
            Self::Gaussian(Gaussian { channels, units }) => vec![
                ("position", vec![units, 2]),
                ("spread", vec![units, 2]),
                ("weight", vec![units, channels]),
                ("bias", vec![units]),
            ],
            Self::Unscale { units, .. } => vec![("scale", vec![units]), ("shift", vec![units])],
        }
    }

    /// Whether its output shares no memory with its inputs.
    pub fn is_fresh(&self) -> bool {
        !matches!(
            self,
            Self::Flatten
                | Self::ChannelsLast
                | Self::ChannelsFirst
                | Self::Sequence
                | Self::FirstToken
                | Self::Dropout { .. }
        )
    }

    /// The shape of a row of its output; none where the inputs' maps are too small, or not of the size it takes.
    fn shape(&self, inputs: &[&[usize]]) -> Option<Vec<usize>> {
        let first = inputs[0];
        let square = |kernel, stride, padding, ceil| {
            let side = |side| windows(side, kernel, stride, padding, ceil);
            Some(vec![first[0], side(first[1])?, side(first[2])?])
        };
        match *self {
            Self::Conv(Conv { outputs, kernel, stride, padding, .. }) => {
                let side = |axis: usize| windows(first[axis + 1], kernel[axis], stride, padding[axis], false);
                Some(vec![outputs, side(0)?, side(1)?])
            }
            Self::MaxPool(pool) => square(pool.kernel, pool.stride, pool.padding, pool.ceil),
            Self::AverageWindow { kernel, stride, padding } => square(kernel, stride, padding, false),
            Self::AveragePool { size } => Some(vec![first[0], size, size]),
            Self::Linear(Linear { inputs, outputs, .. }) => {
                let (last, before) = first.split_last()?;
                (*last == inputs).then(|| [before, &[outputs]].concat())
            }
            Self::Flatten => Some(vec![first.iter().product()]),
            Self::Concat => Some(vec![inputs.iter().map(|shape| shape[0]).sum(), first[1], first[2]]),
            Self::ChannelsLast => Some(vec![first[1], first[2], first[0]]),
            Self::ChannelsFirst => Some(vec![first[2], first[0], first[1]]),
            Self::Sequence => Some(vec![first[1] * first[2], first[0]]),
            Self::Tokens(Tokens { features, grid, interpolate, .. }) => {
                (interpolate || first[1..] == [grid; 2]).then(|| vec![1 + first[1] * first[2], features])
            }
            Self::Attention { .. } => Some(vec![first[0], first[1] / 3]),
            Self::FirstToken => Some(vec![first[1]]),
            Self::Gate => Some(inputs[1].to_vec()),
            Self::Factorised(Factorised { channels, height, width, units }) => {
                (*first == [channels, height, width]).then(|| vec![units])
            }
            Self::Gaussian(Gaussian { channels, units }) => (first[0] == channels).then(|| vec![units]),
            Self::Dropout { .. } | Self::Unscale { .. } | Self::Softmax => Some(first.to_vec()),
            Self::BatchNorm { .. } | Self::LayerNorm { .. } | Self::Activation(_) | Self::Add | Self::Scale { .. } => {
                Some(first.to_vec())
            }
        }
    }
}

/// How many windows fit along a side, as PyTorch counts them; none where there is no first one.
fn windows(side: usize, kernel: usize, stride: usize, padding: usize, ceil: bool) -> Option<usize> {
    let padded = side + 2 * padding;
    let slack = if ceil { stride - 1 } else { 0 };
    let count = (padded + slack).checked_sub(kernel)? / stride + 1;
    // A window that starts beyond the image and its left padding does not count.
    Some(if ceil && (count - 1) * stride >= side + padding { count - 1 } else { count })
}

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
        self.module(name, Op::Conv(conv), from)
    }

    pub fn batch_norm(&mut self, name: &str, from: Wire, channels: usize) -> Wire {
        self.module(name, Op::BatchNorm { channels, epsilon: BATCH_NORM_EPSILON }, from)
    }

    pub fn relu(&mut self, name: &str, from: Wire) -> Wire {
        self.module(name, Op::Activation(Activation::Relu), from)
    }

    pub fn activation(&mut self, name: &str, from: Wire, activation: Activation) -> Wire {
        self.module(name, Op::Activation(activation), from)
    }

    pub fn max_pool(&mut self, name: &str, from: Wire, pool: MaxPool) -> Wire {
        self.module(name, Op::MaxPool(pool), from)
    }

    pub fn average_pool(&mut self, name: &str, from: Wire, size: usize) -> Wire {
        self.module(name, Op::AveragePool { size }, from)
    }

    pub fn linear(&mut self, name: &str, from: Wire, linear: Linear) -> Wire {
        self.module(name, Op::Linear(linear), from)
    }

    /// A module that does nothing in evaluation mode, such as dropout.
    pub fn identity(&mut self, name: &str, from: Wire) -> Wire {
        let full = self.name(name);
        let at = self.declare(full);
        self.graph.layers[at].1 = from;
        from
    }

    pub fn flatten(&mut self, from: Wire) -> Wire {
        self.step(String::new(), Op::Flatten, vec![from])
    }

    pub fn add(&mut self, a: Wire, b: Wire) -> Wire {
        self.step(String::new(), Op::Add, vec![a, b])
    }

    pub fn concat(&mut self, wires: &[Wire]) -> Wire {
        self.step(String::new(), Op::Concat, wires.to_vec())
    }

    /// What is done outside of modules, with tensors under the container's name if it has any.
    pub fn bare(&mut self, op: Op, from: &[Wire]) -> Wire {
        let name = if op.tensors().is_empty() { String::new() } else { self.scope.join(".") };
        self.step(name, op, from.to_vec())
    }

    /// A module of one wire.
    pub fn module(&mut self, name: &str, op: Op, from: Wire) -> Wire {
        let full = self.name(name);
        let at = self.declare(full.clone());
        let wire = self.step(full, op, vec![from]);
        self.graph.layers[at].1 = wire;
        wire
    }

    fn step(&mut self, name: String, op: Op, inputs: Vec<Wire>) -> Wire {
        self.graph.steps.push(Step { name, op, inputs });
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
    fn windows_are_counted_as_pytorch_counts_them() {
        // torch.nn.MaxPool2d(3, 2, ceil_mode=True): 111 → 55, 56 → 28, 2 → 1, and 1 is refused.
        assert_eq!(windows(111, 3, 2, 0, true), Some(55));
        assert_eq!(windows(56, 3, 2, 0, true), Some(28));
        assert_eq!(windows(2, 3, 2, 0, true), Some(1));
        assert_eq!(windows(1, 3, 2, 0, true), None);
        // torch.nn.MaxPool2d(2, 2, padding=1, ceil_mode=True): 3 → 2, the third window would start in the padding.
        assert_eq!(windows(3, 2, 2, 1, true), Some(2));
        assert_eq!(windows(224, 7, 2, 3, false), Some(112));
        assert_eq!(windows(6, 7, 1, 0, false), None);
    }

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

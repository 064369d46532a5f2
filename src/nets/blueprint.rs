//! A network to train, described as data: a trunk of blocks or of an architecture, and a head per task.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::bounds::{Fraction, Positive};
use crate::nets::builder::Builder;
use crate::nets::graph::{Graph, IMAGES, Wire};
use crate::nets::op::Op;
use crate::nets::op::activation::Activation;
use crate::nets::op::conv::Conv;
use crate::nets::op::draw::{Draw, Init};
use crate::nets::op::dropout::Dropout;
use crate::nets::op::linear::Linear;
use crate::nets::op::pool::MaxPool;
use crate::nets::op::readout::{Factorised, Gaussian, Link, Softmax, Unscale};
use crate::nets::zoo::catalogue;
use crate::nets::zoo::catalogue::Architecture;

/// The layer that gives predicted responses.
pub const RESPONSES: &str = "responses";
/// The layer that gives probabilities of classes.
pub const CLASSES: &str = "classes";
/// The batch norm between a trunk and its heads, where there is one.
pub const NORM: &str = "readout_norm";
/// What is no part of an architecture that was fine-tuned.
pub const HEADS: [&str; 3] = [NORM, RESPONSES, CLASSES];
/// The part of a head that training compares with scaled targets, or that gives logits.
const READOUT: &str = "readout";

/// A trunk and its heads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Blueprint {
    pub trunk: Trunk,
    /// What maps become responses of units, where there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub responses: Option<Head>,
    /// What they become logits of classes by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classes: Option<Head>,
    /// Whether a batch norm stands before the heads: features of networks without norms differ in size by orders.
    #[serde(default)]
    pub norm: bool,
    /// Whether a rate above 0 stands between a readout and a unit's response, instead of any number.
    #[serde(default)]
    pub softplus: bool,
}

/// What all heads share.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trunk {
    /// Blocks `blocks.0`, `blocks.1`, ….
    Blocks(Vec<Block>),
    /// An architecture of the catalogue, up to a layer.
    Layer { model: String, layer: String },
}

/// A readout with so many outputs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Head {
    pub outputs: usize,
    pub readout: Readout,
}

/// A convolution and what follows it: batch norm, activation, maximum pooling, dropout, in this order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Block {
    /// Channels that come out.
    pub channels: Positive,
    /// The side of the kernel, in pixels of its input.
    #[serde(default = "three")]
    pub kernel: Positive,
    /// Pixels from window to window.
    #[serde(default = "one")]
    pub stride: Positive,
    /// Zeros around its input; half the kernel unless given, so that stride 1 keeps the size.
    #[serde(default)]
    pub padding: Option<usize>,
    /// Whether batch norm follows; its statistics come from train rows alone.
    #[serde(default = "yes")]
    pub norm: bool,
    /// What is done to each number.
    #[serde(default)]
    pub activation: Nonlinearity,
    /// The side of the maximum pooling; 1 for none.
    #[serde(default = "one")]
    pub pool: Positive,
    /// The share of numbers set to 0 while it trains.
    #[serde(default)]
    pub dropout: Fraction,
}

/// What is done to each number of a block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Nonlinearity {
    #[default]
    Relu,
    Elu,
    Gelu,
    Silu,
    None,
}

/// How maps become a number per unit or class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Readout {
    /// A spatial mask and feature weights per unit (Klindt et al. 2017).
    Factorised,
    /// The features at one learned place per unit (Lurz et al. 2021).
    Gaussian,
    /// Means over `grid` × `grid` areas of the maps, then linear.
    Pooled(Pooled),
    /// Fully connected, with ReLU between hidden layers.
    Full(Full),
}

/// The parameters of a pooled readout.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Pooled {
    /// Areas along each side; 1 for the mean over all of each map.
    #[serde(default = "one")]
    pub grid: Positive,
    /// The share of its inputs set to 0 while it trains.
    #[serde(default)]
    pub dropout: Fraction,
}

/// The parameters of a fully connected readout.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Full {
    /// The widths of hidden layers, in order; none for one linear step from all numbers.
    #[serde(default)]
    pub hidden: Vec<Positive>,
    /// The share of hidden numbers (of its inputs, without hidden layers) set to 0 while it trains.
    #[serde(default)]
    pub dropout: Fraction,
}

fn yes() -> bool {
    true
}

fn one() -> Positive {
    Positive::new(1)
}

fn three() -> Positive {
    Positive::new(3)
}

impl Blueprint {
    /// The steps for images of a height and width. Errors tell which block does not fit, and the shapes.
    pub fn graph(&self, size: (usize, usize)) -> Result<Graph, String> {
        let (mut builder, mut wire, shape) = self.trunk(size)?;
        // Features are the channels of maps, or the only axis.
        if self.norm && shape.len() != 2 {
            wire = builder.batch_norm(NORM, wire, shape[0]);
        }
        if let Some(head) = &self.responses {
            let link = if self.softplus { Link::Softplus } else { Link::Identity };
            let unscale = Unscale { units: head.outputs, link };
            head.add(RESPONSES, unscale, wire, &shape, &mut builder)?;
        }
        if let Some(head) = &self.classes {
            head.add(CLASSES, Softmax, wire, &shape, &mut builder)?;
        }
        Ok(builder.finish())
    }

    /// The layers that give what the heads are for, in the order responses, classes.
    pub fn outputs(&self) -> Vec<&'static str> {
        let heads = [(RESPONSES, &self.responses), (CLASSES, &self.classes)];
        heads.into_iter().filter_map(|(name, head)| head.as_ref().map(|_| name)).collect()
    }

    /// The layer that a head's loss looks at.
    pub fn raw(head: &str) -> String {
        format!("{head}.{READOUT}")
    }

    /// The layer at which the trunk ends.
    pub fn trunk_layer(&self) -> String {
        match &self.trunk {
            Trunk::Blocks(blocks) => format!("blocks.{}", blocks.len() - 1),
            Trunk::Layer { layer, .. } => layer.clone(),
        }
    }

    /// The architecture of the trunk, where it is one of the catalogue.
    pub fn architecture(&self) -> Option<&'static Architecture> {
        match &self.trunk {
            Trunk::Blocks(_) => None,
            Trunk::Layer { model, .. } => catalogue::describe(model),
        }
    }

    fn trunk(&self, size: (usize, usize)) -> Result<(Builder, Wire, Vec<usize>), String> {
        match &self.trunk {
            Trunk::Blocks(blocks) => {
                let mut builder = Builder::default();
                let (mut wire, mut shape) = (IMAGES, vec![3, size.0, size.1]);
                for (at, block) in blocks.iter().enumerate() {
                    shape = block.shape(at, &shape)?;
                    let inputs = if at == 0 { 3 } else { blocks[at - 1].channels.get() };
                    wire = builder.within(&format!("blocks.{at}"), |b| block.add(inputs, wire, b));
                }
                Ok((builder, wire, shape))
            }
            Trunk::Layer { model, layer } => {
                let architecture = catalogue::describe(model).ok_or_else(|| format!("there is no model `{model}`"))?;
                let graph = architecture.graph();
                let wire = graph.wire(layer).ok_or_else(|| format!("{model} has no layer `{layer}`"))?;
                let shape = architecture.shape(layer, size).ok_or_else(|| {
                    let least = architecture.minimum(layer).unwrap_or(architecture.size);
                    format!(
                        "images are {} × {} but layer `{layer}` of {model} needs {least} × {least} or more",
                        size.0, size.1
                    )
                })?;
                Ok((Builder::after(graph.clone()), wire, shape))
            }
        }
    }
}

impl Block {
    /// A convolution at stride 1 that keeps the size, with batch norm and ReLU.
    pub fn new(channels: usize, kernel: usize) -> Self {
        Self {
            channels: Positive::new(channels),
            kernel: Positive::new(kernel),
            stride: one(),
            padding: Some(kernel / 2),
            norm: true,
            activation: Nonlinearity::Relu,
            pool: one(),
            dropout: Fraction::default(),
        }
    }

    /// The same with its padding written out.
    pub fn resolved(&self) -> Self {
        Self { padding: Some(self.zeros()), ..self.clone() }
    }

    /// Zeros around its input, on each side.
    fn zeros(&self) -> usize {
        self.padding.unwrap_or(self.kernel.get() / 2)
    }

    /// The shape after it.
    fn shape(&self, at: usize, from: &[usize]) -> Result<Vec<usize>, String> {
        let &[channels, height, width] = from else { unreachable!("blocks give maps") };
        let (kernel, pool, padding) = (self.kernel.get(), self.pool.get(), self.zeros());
        let side = |side: usize| {
            let padded = side + 2 * padding;
            padded.checked_sub(kernel).map(|room| room / self.stride.get() + 1)
        };
        let (Some(high), Some(wide)) = (side(height), side(width)) else {
            return Err(format!(
                "block {at} has a kernel of {0} × {0}, but what reaches it is {channels} × {height} × {width}{1}; smaller \
                 kernels, less stride or pooling before it, or larger images fit",
                kernel,
                if padding > 0 { format!(" with {padding} zeros around") } else { String::new() }
            ));
        };
        if high < pool || wide < pool {
            return Err(format!(
                "block {at} pools {0} × {0}, but its convolution gives {1} × {high} × {wide}; less stride or pooling \
                 before it, or larger images fit",
                pool,
                self.channels.get()
            ));
        }
        Ok(vec![self.channels.get(), high / pool, wide / pool])
    }

    fn add(&self, inputs: usize, from: Wire, b: &mut Builder) -> Wire {
        let conv = Conv {
            stride: self.stride.get(),
            padding: [self.zeros(); 2],
            bias: !self.norm,
            init: Init::of(Draw::KaimingIn),
            ..Conv::new(inputs, self.channels.get(), self.kernel.get())
        };
        let mut wire = b.conv("conv", from, conv);
        if self.norm {
            wire = b.batch_norm("norm", wire, self.channels.get());
        }
        let activation = match self.activation {
            Nonlinearity::Relu => Some(Activation::Relu),
            Nonlinearity::Elu => Some(Activation::Elu),
            Nonlinearity::Gelu => Some(Activation::Gelu),
            Nonlinearity::Silu => Some(Activation::Silu),
            Nonlinearity::None => None,
        };
        if let Some(activation) = activation {
            wire = b.activation("activation", wire, activation);
        }
        let pool = self.pool.get();
        if pool > 1 {
            wire = b.max_pool("pool", wire, MaxPool::new(pool, pool));
        }
        dropped(self.dropout.get(), "dropout", wire, b)
    }
}

fn dropped(rate: f64, name: &str, from: Wire, b: &mut Builder) -> Wire {
    if rate > 0.0 { b.module(name, Dropout { rate }, from) } else { from }
}

impl Head {
    fn add(&self, name: &str, end: impl Into<Op>, from: Wire, shape: &[usize], b: &mut Builder) -> Result<(), String> {
        let maps = |what: &str| match *shape {
            [channels, height, width] => Ok((channels, height, width)),
            _ => Err(format!(
                "a {what} readout needs maps (channels × height × width), but the layer before it gives {} numbers; use \
                 `full`",
                shape.iter().product::<usize>()
            )),
        };
        let units = self.outputs;
        let linear = |inputs, outputs| Linear::new(inputs, outputs);
        let op = match &self.readout {
            Readout::Factorised => {
                let (channels, height, width) = maps("factorised")?;
                Some(Op::from(Factorised { channels, height, width, units }))
            }
            Readout::Gaussian => {
                let (channels, ..) = maps("gaussian")?;
                Some(Op::from(Gaussian { channels, units }))
            }
            Readout::Pooled(Pooled { grid, .. }) => {
                let (_, height, width) = maps("pooled")?;
                let grid = grid.get();
                if grid > height || grid > width {
                    return Err(format!(
                        "the readout pools to {grid} × {grid}, but the maps before it are {height} × {width}; a \
                         smaller `grid` fits"
                    ));
                }
                None
            }
            Readout::Full(_) => None,
        };
        b.within(name, |b| {
            let readout = match (&self.readout, op) {
                (_, Some(op)) => b.module(READOUT, op, from),
                (Readout::Pooled(Pooled { grid, dropout }), None) => {
                    let grid = grid.get();
                    let pooled = b.average_pool("pool", from, grid);
                    let flat = b.flatten(pooled);
                    let flat = dropped(dropout.get(), "dropout", flat, b);
                    b.linear(READOUT, flat, linear(shape[0] * grid * grid, units))
                }
                (Readout::Full(Full { hidden, dropout }), None) => {
                    let mut width = shape.iter().product();
                    let mut wire = if shape.len() > 1 { b.flatten(from) } else { from };
                    for (at, next) in hidden.iter().map(|width| width.get()).enumerate() {
                        let init = Init::of(Draw::KaimingIn);
                        wire = b.linear(&format!("hidden.{at}"), wire, linear(width, next).init(init));
                        wire = b.relu(&format!("activation.{at}"), wire);
                        wire = dropped(dropout.get(), &format!("dropout.{at}"), wire, b);
                        width = next;
                    }
                    if hidden.is_empty() {
                        wire = dropped(dropout.get(), "dropout", wire, b);
                    }
                    b.linear(READOUT, wire, linear(width, units))
                }
                _ => unreachable!("the others have an operation of their own"),
            };
            b.module("output", end, readout)
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(channels: usize, kernel: usize) -> Block {
        let (pool, dropout) = (Positive::new(2), Fraction::new(0.1));
        Block { padding: Some(0), pool, dropout, ..Block::new(channels, kernel) }
    }

    fn blueprint(blocks: Vec<Block>, readout: Readout) -> Blueprint {
        let head = Some(Head { outputs: 5, readout });
        Blueprint { trunk: Trunk::Blocks(blocks), responses: head.clone(), classes: head, norm: false, softplus: false }
    }

    #[test]
    fn shapes_are_known_before_anything_is_computed() {
        for readout in [
            Readout::Pooled(Pooled { grid: Positive::new(2), dropout: Fraction::new(0.5) }),
            Readout::Full(Full { hidden: vec![Positive::new(7), Positive::new(6)], dropout: Fraction::new(0.5) }),
            Readout::Factorised,
            Readout::Gaussian,
        ] {
            let blueprint = blueprint(vec![block(4, 3), block(6, 3)], readout);
            let graph = blueprint.graph((16, 18)).expect("it fits");
            let shapes = graph.shapes(16, 18);
            let shape = |layer: &str| shapes[graph.wire(layer).expect(layer)].clone();
            // 16 → 14 → 7 → 5 → 2 and 18 → 16 → 8 → 6 → 3.
            assert_eq!(shape("blocks.0"), Some(vec![4, 7, 8]));
            assert_eq!(shape("blocks.1"), Some(vec![6, 2, 3]));
            assert_eq!(shape(&blueprint.trunk_layer()), Some(vec![6, 2, 3]));
            for layer in blueprint.outputs() {
                assert_eq!(shape(layer), Some(vec![5]));
                assert_eq!(shape(&Blueprint::raw(layer)), Some(vec![5]));
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_told_with_its_shapes() {
        let refused = |blocks, readout, side| blueprint(blocks, readout).graph((side, side)).expect_err("no fit");
        let error = refused(vec![block(4, 3), block(6, 9)], Readout::Factorised, 16);
        assert!(error.starts_with("block 1 has a kernel of 9 × 9, but what reaches it is 4 × 7 × 7;"), "{error}");
        let error = refused(vec![block(4, 3), block(6, 2)], Readout::Factorised, 6);
        assert!(error.starts_with("block 1 pools 2 × 2, but its convolution gives 6 × 1 × 1;"), "{error}");
        let error = refused(
            vec![block(4, 3)],
            Readout::Pooled(Pooled { grid: Positive::new(8), dropout: Fraction::new(0.0) }),
            16,
        );
        assert!(error.contains("pools to 8 × 8, but the maps before it are 7 × 7"), "{error}");
    }

    #[test]
    fn heads_join_an_architecture_at_a_layer() {
        let trunk = Trunk::Layer { model: "squeezenet1_1".to_owned(), layer: "features.9".to_owned() };
        let responses = Some(Head { outputs: 3, readout: Readout::Factorised });
        let blueprint = Blueprint { trunk, responses, classes: None, norm: true, softplus: true };
        let graph = blueprint.graph((64, 64)).expect("it fits");
        assert!(graph.wire("features.3").is_some() && graph.wire(RESPONSES).is_some());
        assert_eq!(graph.shapes(64, 64)[graph.wire("responses").unwrap()], Some(vec![3]));
        let error = blueprint.graph((4, 4)).expect_err("too small");
        assert!(error.contains("features.9"), "{error}");
    }
}

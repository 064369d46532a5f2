//! What a recipe says about a training: the network, how it is fitted, and when it is done.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind::ParamProblem;
use crate::kind::bounds::{Fraction, Nonnegative, Positive, Rate, Share};
use crate::nets::blueprint::{Block, Nonlinearity, Readout as Plan, Trunk};
use crate::nets::learn::schedule;
use crate::nets::zoo::catalogue;
use crate::text::nearest::nearest;

/// The word for weights that are drawn.
pub const RANDOM: &str = "random";

/// A trunk of blocks: a preset by name, or the blocks themselves.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Architecture {
    /// Two convolutions (32 channels of 7 × 7, 64 of 5 × 5), each with batch norm, ReLU and pooling by 2.
    TwoLayer,
    /// Three convolutions (32 of 7 × 7, 64 of 5 × 5, 64 of 3 × 3), each with batch norm and ReLU; the first two pool by 2.
    #[default]
    ThreeLayer,
    /// Three wider convolutions with ELU, pooled once, for the Gaussian readout (Lurz et al. 2021).
    CoreGaussian,
    /// Blocks in order, each `{ channels, kernel, stride, padding, norm, activation, pool, dropout }`.
    Blocks(Vec<Layer>),
}

/// A convolution and what follows it: batch norm, activation, maximum pooling, dropout, in this order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Layer {
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
    pub activation: Activation,
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
pub enum Activation {
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

/// The rule by which steps are taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Optimizer {
    Sgd,
    Adam,
    #[default]
    AdamW,
}

/// How the learning rate goes over a training.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Schedule {
    /// As it is given, all through.
    Constant,
    /// Down to 0 by half a cosine.
    Cosine,
    /// Up for 30 % of the steps, then down to nearly 0.
    #[default]
    OneCycle,
    /// `{ every, factor }`: times `factor` after every `every` epochs.
    Step(Stairs),
}

/// A learning rate that falls in steps.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Stairs {
    /// Epochs from step to step.
    pub every: Positive,
    /// What the learning rate is multiplied by.
    #[serde(default = "tenth")]
    pub factor: Rate,
}

impl Schedule {
    /// The arithmetic of it.
    pub fn plan(self) -> schedule::Schedule {
        match self {
            Self::Constant => schedule::Schedule::Constant,
            Self::Cosine => schedule::Schedule::Cosine,
            Self::OneCycle => schedule::Schedule::OneCycle,
            Self::Step(stairs) => schedule::Schedule::Step { every: stairs.every.get(), factor: stairs.factor.get() },
        }
    }

    /// As a recipe writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Constant => "constant",
            Self::Cosine => "cosine",
            Self::OneCycle => "one_cycle",
            Self::Step(_) => "step",
        }
    }
}

/// What is drawn anew for every look at a picture, on train rows alone.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Augment {
    /// Mirrors every second picture, left and right. Receptive fields see another half then: for responses it seldom helps.
    #[serde(default)]
    pub flip: bool,
    /// Moves by up to so many pixels along either axis; the border is repeated.
    #[serde(default)]
    #[schemars(extend("x-unit" = "pixels"))]
    pub shift: Nonnegative,
    /// Shows a part whose sides are at least this share of the picture's, enlarged to the whole; 1 for all of it.
    #[serde(default = "whole")]
    pub crop: Share,
    /// Multiplies light by 1 ± up to this.
    #[serde(default)]
    pub brightness: Fraction,
}

/// When a training ends before its last epoch, and which epoch's weights are kept.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct EarlyStopping {
    /// Epochs without a better one after which it ends.
    #[serde(default = "patience")]
    pub patience: Positive,
    /// What judges an epoch: `train`, a slice of the train rows that is then not fitted on and, where labels arrive, has its
    /// share of every class, or `val`, the split's validation rows, which then count as selected by.
    #[serde(default)]
    pub on: Judge,
    /// The share of the train rows in the slice.
    #[serde(default = "slice")]
    pub fraction: Share,
}

/// The rows that judge an epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Judge {
    #[default]
    Train,
    Val,
}

/// What is computed in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Precision {
    #[default]
    F32,
    BF16,
}

/// What is made small for responses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Loss {
    /// The squared error.
    #[default]
    Mse,
    /// A Poisson distribution's negative log-likelihood, for spike counts; predictions are rates above 0.
    Poisson,
}

/// Which names of the labels are classes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Classes {
    #[default]
    Object,
    Category,
}

/// The network that is asked for, of either kind of node.
pub struct Network<'a> {
    pub architecture: Option<&'a Architecture>,
    pub readout: Option<&'a Readout>,
    pub model: Option<&'a str>,
    pub weights: Option<&'a str>,
    pub layer: Option<&'a str>,
    pub tune: &'a str,
}

/// The words of `tune`; anything else is a layer.
pub const WHOLE: &str = "whole";
pub const READOUT: &str = "readout";

impl Network<'_> {
    /// What the parameters alone can have wrong.
    pub fn check(&self) -> Result<(), ParamProblem> {
        if let Some(Architecture::Blocks(blocks)) = self.architecture
            && blocks.is_empty()
        {
            return Err(ParamProblem::at("architecture.blocks", "no block is given; at least one must be"));
        }
        let Some(model) = self.model else {
            for (name, given) in [("weights", self.weights.is_some()), ("layer", self.layer.is_some())] {
                if given {
                    return Err(ParamProblem::at(name, "stands without `model`, the network that it belongs to"));
                }
            }
            if ![WHOLE, READOUT].contains(&self.tune) && !self.tune.starts_with("blocks.") {
                return Err(ParamProblem::at(
                    "tune",
                    format!("`{}` is none of whole, readout and the blocks (`blocks.0`, …)", self.tune),
                ));
            }
            return Ok(());
        };
        if self.architecture.is_some() {
            let message = "stands beside `model`; a network is either built from blocks or one of the zoo";
            return Err(ParamProblem::at("architecture", message));
        }
        let Some(architecture) = catalogue::describe(model) else {
            let hint = nearest(model, catalogue::architectures().map(|a| a.name));
            let hint = hint.map_or(String::new(), |name| format!("; did you mean `{name}`?"));
            return Err(ParamProblem::at("model", format!("no model `{model}`{hint}")));
        };
        let Some(layer) = self.layer else {
            return Err(ParamProblem::at("layer", format!("is not given; name the layer of {model} that is read out")));
        };
        let known = |name: &str, param: &str| match architecture.has(name) {
            true => Ok(()),
            false => {
                let hint = nearest(name, architecture.layers());
                let hint = hint.map_or(String::new(), |name| format!("; did you mean `{name}`?"));
                Err(ParamProblem::at(param, format!("{model} has no layer `{name}`{hint}")))
            }
        };
        known(layer, "layer")?;
        if ![WHOLE, READOUT].contains(&self.tune) {
            known(self.tune, "tune")?;
        }
        Ok(())
    }

    /// The trunk that is asked for.
    pub fn trunk(&self) -> Trunk {
        match (self.model, self.layer) {
            (Some(model), Some(layer)) => Trunk::Layer { model: model.to_owned(), layer: layer.to_owned() },
            _ => Trunk::Blocks(self.architecture.unwrap_or(&Architecture::ThreeLayer).blocks()),
        }
    }

    /// The readout that is asked for: that of the preset unless given.
    pub fn plan(&self) -> Plan {
        match (self.readout, self.architecture) {
            (Some(readout), _) => readout.plan(),
            (None, Some(Architecture::CoreGaussian)) => Plan::Gaussian,
            (None, _) => Plan::Factorised,
        }
    }
}

impl Readout {
    fn plan(&self) -> Plan {
        match self {
            Self::Factorised => Plan::Factorised,
            Self::Gaussian => Plan::Gaussian,
            Self::Pooled(pooled) => Plan::Pooled { grid: pooled.grid.get(), dropout: pooled.dropout.get() },
            Self::Full(full) => {
                Plan::Full { hidden: full.hidden.iter().map(|x| x.get()).collect(), dropout: full.dropout.get() }
            }
        }
    }
}

impl Architecture {
    fn blocks(&self) -> Vec<Block> {
        let course = |channels, kernel, stride, pool| Block {
            channels,
            kernel,
            stride,
            padding: kernel / 2,
            norm: true,
            activation: Nonlinearity::Relu,
            pool,
            dropout: 0.2,
        };
        match self {
            Self::TwoLayer => vec![course(32, 7, 2, 2), course(64, 5, 1, 2)],
            Self::ThreeLayer => vec![course(32, 7, 2, 2), course(64, 5, 1, 2), course(64, 3, 1, 1)],
            Self::CoreGaussian => {
                let wide = |kernel, stride, pool| Block {
                    activation: Nonlinearity::Elu,
                    dropout: 0.0,
                    ..course(64, kernel, stride, pool)
                };
                vec![wide(7, 2, 1), wide(5, 1, 2), wide(3, 1, 1)]
            }
            Self::Blocks(layers) => layers.iter().map(Layer::block).collect(),
        }
    }

    /// Its name in a recipe.
    pub fn name(&self) -> &'static str {
        match self {
            Self::TwoLayer => "two_layer",
            Self::ThreeLayer => "three_layer",
            Self::CoreGaussian => "core_gaussian",
            Self::Blocks(_) => "blocks",
        }
    }
}

impl Layer {
    fn block(&self) -> Block {
        Block {
            channels: self.channels.get(),
            kernel: self.kernel.get(),
            stride: self.stride.get(),
            padding: self.padding.unwrap_or(self.kernel.get() / 2),
            norm: self.norm,
            activation: match self.activation {
                Activation::Relu => Nonlinearity::Relu,
                Activation::Elu => Nonlinearity::Elu,
                Activation::Gelu => Nonlinearity::Gelu,
                Activation::Silu => Nonlinearity::Silu,
                Activation::None => Nonlinearity::None,
            },
            pool: self.pool.get(),
            dropout: self.dropout.get(),
        }
    }
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

fn patience() -> Positive {
    Positive::new(10)
}

fn tenth() -> Rate {
    Rate::new(0.1)
}

fn slice() -> Share {
    Share::new(0.1)
}

fn whole() -> Share {
    Share::new(1.0)
}

/// Early stopping unless a recipe says otherwise.
pub fn stopping() -> Option<EarlyStopping> {
    Some(EarlyStopping { patience: patience(), on: Judge::Train, fraction: slice() })
}

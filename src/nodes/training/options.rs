//! What a recipe says about a training: the network, how it is fitted, and when it is done.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::bounds::{Fraction, Positive, Share};
use crate::kind::ParamProblem;
use crate::nets::blueprint::{Block, Nonlinearity, Readout, Trunk};
use crate::nets::weights::given::Given;
use crate::nets::zoo::catalogue;
use crate::text::nearest::nearest;

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
    Blocks(Vec<Block>),
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
    pub weights: Option<&'a Given>,
    pub layer: Option<&'a str>,
    pub tune: &'a str,
}

/// The words of `tune`; anything else is a layer.
pub const WHOLE: &str = "whole";
pub const READOUT: &str = "readout";

impl Network<'_> {
    /// What the parameters alone can have wrong.
    pub fn check(&self) -> Result<(), ParamProblem> {
        if let Some(Err(problem)) = self.weights.map(Given::check) {
            return Err(ParamProblem::at("weights", problem));
        }
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
    pub fn head(&self) -> Readout {
        match (self.readout, self.architecture) {
            (Some(readout), _) => readout.clone(),
            (None, Some(Architecture::CoreGaussian)) => Readout::Gaussian,
            (None, _) => Readout::Factorised,
        }
    }
}

impl Architecture {
    fn blocks(&self) -> Vec<Block> {
        let course = |channels, kernel, stride, pool| Block {
            stride: Positive::new(stride),
            pool: Positive::new(pool),
            dropout: Fraction::new(0.2),
            ..Block::new(channels, kernel)
        };
        match self {
            Self::TwoLayer => vec![course(32, 7, 2, 2), course(64, 5, 1, 2)],
            Self::ThreeLayer => vec![course(32, 7, 2, 2), course(64, 5, 1, 2), course(64, 3, 1, 1)],
            Self::CoreGaussian => {
                let wide = |kernel, stride, pool| Block {
                    activation: Nonlinearity::Elu,
                    dropout: Fraction::default(),
                    ..course(64, kernel, stride, pool)
                };
                vec![wide(7, 2, 1), wide(5, 1, 2), wide(3, 1, 1)]
            }
            Self::Blocks(blocks) => blocks.iter().map(Block::resolved).collect(),
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

fn patience() -> Positive {
    Positive::new(10)
}

fn slice() -> Share {
    Share::new(0.1)
}

/// Early stopping unless a recipe says otherwise.
pub fn stopping() -> Option<EarlyStopping> {
    Some(EarlyStopping { patience: patience(), on: Judge::Train, fraction: slice() })
}

//! The parameters that both kinds of training have.

use crate::bounds::{Fraction, Nonnegative, Positive, Rate};
use crate::kind::ParamProblem;
use crate::kind::ahead::{Ahead, Misfit};
use crate::nets::blueprint::{Blueprint, Head};
use crate::nets::learn::rule::Rule;
use crate::nodes::parts::refuse_absent_val;
use crate::nodes::training::options::{Judge, Network};

/// A kind's parameters: its own, and those of every training.
macro_rules! training_parameters {
    // A macro, since serde's `flatten` turns off the refusing of unknown keys.
    ($(#[$attribute:meta])* pub struct $name:ident { $($own:tt)* }) => {
        crate::nodes::training::parameters::declare! {
            [$(#[$attribute])*] $name { $($own)* }
            /// The network, built from blocks: `two_layer`, `three_layer` or `core_gaussian`, or `{ blocks: [...] }` with
            /// `{ channels, kernel: 3, stride: 1, padding, norm: true, activation: relu, pool: 1, dropout: 0 }` each. Without
            /// it (and without `model` and `network`), `three_layer`.
            #[serde(default)]
            #[schemars(extend("x-neutral" = null))]
            pub architecture: Option<crate::nodes::training::options::Architecture>,
            /// How maps become a number per unit (and class, but there a Gaussian readout is a pooled one): `factorised`
            /// (spatial mask × feature weights), `gaussian` (features at one learned place), `{ pooled: { grid, dropout } }` or
            /// `{ full: { hidden: [...], dropout } }`. Without it, `factorised`, and `gaussian` for `core_gaussian`.
            #[serde(default)]
            #[schemars(extend("x-neutral" = null))]
            pub readout: Option<crate::nets::blueprint::Readout>,
            /// A network of the zoo to train on from its weights, such as `squeezenet1_1`, instead of `architecture`; its
            /// statistics of colour normalise the images.
            #[serde(default)]
            #[schemars(extend("x-neutral" = null))]
            pub model: Option<String>,
            /// The weights that `model` starts with: a file as `extract_layer` reads it, also `{ path, prefix, key }`, or `random`.
            #[serde(default)]
            #[schemars(schema_with = "crate::nets::weights::given::Given::optional")]
            #[schemars(extend("x-file" = true, "x-words" = ["random"], "x-neutral" = null))]
            pub weights: Option<crate::nets::weights::given::Given>,
            /// The layer of `model` that is read out.
            #[serde(default)]
            #[schemars(extend("x-neutral" = null))]
            pub layer: Option<String>,
            /// What is trained: `whole`, `readout` alone, or the name of a layer (or block, `blocks.1`) from which on all is.
            /// What lies before stays as it is, batch norm included, and without `augment` is computed once.
            #[serde(default = "crate::nodes::training::parameters::whole")]
            #[schemars(extend("x-neutral" = "whole"))]
            pub tune: String,
            /// What the learning rate is multiplied by for tensors that were given, of `model` or `network`: what they know
            /// should not be lost before the readout has learned to use it.
            #[serde(default = "crate::nodes::training::parameters::trunk_rate")]
            #[schemars(extend("x-neutral" = 0.1))]
            pub trunk_rate: crate::bounds::Rate,
            /// What is made small for responses: `mse` of responses z-scored by the rows fitted on, so that units count alike,
            /// or `poisson`, for counts, each over its unit's mean.
            #[serde(default)]
            #[schemars(extend("x-neutral" = "mse"))]
            pub loss: crate::nodes::training::options::Loss,
            /// Which names of the labels are classes: `object` or `category`.
            #[serde(default)]
            #[schemars(extend("x-neutral" = "object"))]
            pub classes: crate::nodes::training::options::Classes,
            /// The rule of a step: `adamw`, `adam` or `sgd`.
            #[serde(default)]
            #[schemars(extend("x-neutral" = "adamw"))]
            pub optimizer: crate::nets::learn::rule::Rule,
            /// The momentum of `sgd`.
            #[serde(default = "crate::nodes::training::parameters::momentum")]
            #[schemars(extend("x-neutral" = 0.9))]
            pub momentum: crate::bounds::Fraction,
            /// The learning rate, the highest where `schedule` moves it.
            #[serde(default = "crate::nodes::training::parameters::learning_rate")]
            #[schemars(extend("x-also" = ["lr", "eta"]))]
            pub learning_rate: crate::bounds::Rate,
            /// Weight decay: in `adamw` the share that a step of learning rate 1 would take off each weight; in the others a
            /// penalty's gradient. Biases and norms are spared.
            #[serde(default = "crate::nodes::training::parameters::weight_decay")]
            pub weight_decay: crate::bounds::Nonnegative,
            /// How the learning rate goes: `constant`, `cosine`, `one_cycle` or `{ step: { every, factor: 0.1 } }`. A longer
            /// training (`epochs`) goes on from the last epoch of a shorter one under `constant` and `step`; the others
            /// spread over all epochs, so that it starts anew and says so.
            #[serde(default)]
            pub schedule: crate::nets::learn::schedule::Schedule,
            /// Passes over the rows that are fitted on, at most.
            #[serde(default = "crate::nodes::training::parameters::epochs")]
            #[schemars(extend("x-also" = ["n_epochs", "max_epochs"]))]
            pub epochs: crate::bounds::Positive,
            /// Images per step.
            #[serde(default = "crate::nodes::training::parameters::batch")]
            pub batch: crate::bounds::Positive,
            /// What is drawn anew at every look at a picture, on the rows that are fitted on alone:
            /// `{ flip: false, shift: 0, crop: 1, brightness: 0 }`. Without it, pictures are shown as they are.
            #[serde(default)]
            #[schemars(extend("x-neutral" = null))]
            pub augment: Option<crate::nets::learn::looks::Looks>,
            /// `{ patience: 10, on: train, fraction: 0.1 }`: ends after so many epochs without a better one, and keeps the best
            /// epoch's weights; `on: train` judges by a slice of the train rows that is not fitted on, `on: val` by the
            /// validation rows, which then count as selected by. `null`: all epochs, and the last one's weights.
            #[serde(default = "crate::nodes::training::options::stopping")]
            pub early_stopping: Option<crate::nodes::training::options::EarlyStopping>,
            /// The most that all gradients of a step together may measure; larger ones are scaled down.
            #[serde(default)]
            #[schemars(extend("x-neutral" = null))]
            pub clip: Option<crate::bounds::Rate>,
            /// What convolutions and linear steps compute in while it trains: `f32` or `bf16`; weights stay of 32 bits.
            #[serde(default)]
            #[schemars(extend("x-neutral" = "f32"))]
            pub precision: crate::nodes::training::options::Precision,
            /// The side to which images are resized for the network; their own size without it.
            #[serde(default)]
            #[schemars(extend("x-neutral" = null, "x-unit" = "pixels"))]
            pub image_size: Option<crate::bounds::Positive>,
            /// What first weights, order, looks, dropout and the slice of early stopping are drawn from.
            #[serde(default)]
            pub seed: u64,
        }
    };
}
pub(super) use training_parameters;

/// Declares what `training_parameters` lists, and what of it is every training's.
macro_rules! declare {
    // A macro, so that the list is written once.
    (
        [$(#[$attribute:meta])*] $name:ident { $($own:tt)* }
        $($(#[$of_field:meta])* pub $field:ident: $type:ty,)*
    ) => {
        $(#[$attribute])*
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            $($own)*
            $($(#[$of_field])* pub $field: $type,)*
        }

        impl $name {
            /// What it shares with every training.
            pub fn training(&self) -> crate::nodes::training::parameters::Training {
                crate::nodes::training::parameters::Training { $($field: self.$field.clone()),* }
            }
        }
    };
}
pub(super) use declare;

training_parameters! {
    /// What both kinds of training are told.
    pub struct Training {}
}

impl Training {
    /// The network that is asked for.
    pub fn network(&self) -> Network<'_> {
        Network {
            architecture: self.architecture.as_ref(),
            readout: self.readout.as_ref(),
            model: self.model.as_deref(),
            weights: self.weights.as_ref(),
            layer: self.layer.as_deref(),
            tune: &self.tune,
        }
    }
}

impl Training {
    /// What the parameters alone can have wrong, shapes included where they name the image size.
    pub fn check(&self) -> Result<(), ParamProblem> {
        let network = self.network();
        network.check()?;
        if self.optimizer != Rule::Sgd && self.momentum != momentum() {
            return Err(ParamProblem::at("momentum", "is of `optimizer: sgd`; the others have moments of their own"));
        }
        let Some(side) = self.image_size else { return Ok(()) };
        let place = if self.model.is_some() { "image_size" } else { "architecture" };
        self.fits_images((side.get(), side.get())).map_err(|problem| ParamProblem::at(place, problem))
    }

    /// Refuses val rows that the split has not, and images that are too small, where these are known.
    pub fn fits(&self, ahead: &Ahead<'_>) -> Result<(), Misfit> {
        if self.early_stopping.is_some_and(|stopping| stopping.on == Judge::Val) {
            refuse_absent_val("early_stopping.on", "on: train", ahead)?;
        }
        let images = ahead.at("images").and_then(|arriving| arriving.known.size);
        let (Some(size), None, false) = (images, self.image_size, ahead.has("network")) else { return Ok(()) };
        let place = if self.model.is_some() { "model" } else { "architecture" };
        self.fits_images(size).map_err(|problem| {
            Misfit::param(place, format!("`{place}` {problem}"))
                .help("`image_size` resizes images for the network")
                .because("images", format!("{} × {} pixels", size.0, size.1))
        })
    }

    fn fits_images(&self, (height, width): (usize, usize)) -> Result<(), String> {
        let network = self.network();
        let head = Some(Head { outputs: 1, readout: network.head() });
        let blueprint =
            Blueprint { trunk: network.trunk(), responses: head, classes: None, norm: false, softplus: false };
        let fitted = blueprint.graph((height, width)).map(|_| ());
        fitted.map_err(|problem| format!("does not fit images of {height} × {width}: {problem}"))
    }
}

pub fn whole() -> String {
    crate::nodes::training::options::WHOLE.to_owned()
}

pub fn trunk_rate() -> Rate {
    Rate::new(0.1)
}

pub fn momentum() -> Fraction {
    Fraction::try_from(0.9).expect("a fraction")
}

pub fn learning_rate() -> Rate {
    Rate::new(0.003)
}

pub fn weight_decay() -> Nonnegative {
    Nonnegative::new(0.3)
}

pub fn epochs() -> Positive {
    Positive::new(30)
}

pub fn batch() -> Positive {
    Positive::new(32)
}

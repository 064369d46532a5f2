//! The kind `co_train`: one trunk that learns responses and object classes together.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::bounds::Nonnegative;
use crate::kind::ahead::{Ahead, Misfit};
use crate::kind::{Arity, Input, Measure, NodeKind, Output, ParamProblem, Role, Threads};
use crate::nodes::features::options::PRETRAINED;
use crate::nodes::training::curves;
use crate::nodes::training::parameters::training_parameters;
use crate::nodes::training::ports::{HISTORY, IMAGES, NETWORK, SPLIT, TRAINED};
use crate::value::ty::Type;

/// A network with a head for responses and one for classes.
pub struct CoTrain;

/// How the two losses are weighed against each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Weighing {
    Fixed,
    Uncertainty,
    #[default]
    GradNorm,
}

/// What a batch is trained on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Batches {
    #[default]
    Joint,
    Alternating,
}

training_parameters! {
    /// The parameters of `co_train`.
    pub struct Params {
        /// How the losses are weighed: `fixed` (`lambda` · responses + cross-entropy, which drowns the responses unless `lambda`
        /// is large), `uncertainty` (a variance per task is learned; Kendall et al. 2018) or `gradnorm` (the gradients
        /// that both send into the last shared weights are kept alike; Chen et al. 2018).
        #[serde(default)]
        #[schemars(extend("x-neutral" = "gradnorm"))]
        pub balance: Weighing,
        /// The weight of the responses' loss under `balance: fixed`.
        #[serde(default = "one")]
        #[schemars(extend("x-neutral" = 1.0))]
        pub lambda: Nonnegative,
        /// `joint`: a batch's rows teach whatever is known of them; `alternating`: batches of rows with responses and of rows
        /// with labels take turns.
        #[serde(default)]
        #[schemars(extend("x-neutral" = "joint"))]
        pub batches: Batches,
    }
}

fn one() -> Nonnegative {
    Nonnegative::new(1.0)
}

impl NodeKind for CoTrain {
    const NAME: &'static str = "co_train";
    const VERSION: u32 = 2;
    const ABOUT: &'static str = "\
A network that learns responses and object classes together: one trunk, two heads.

Rows join by stimulus. A train row teaches whatever is known of it: labels without responses and responses without labels both \
count, as do rows where some units have none (NaN).

Cross-entropy is several times the squared error of responses, so that a plain sum is mostly about classes; `balance` weighs \
them. Early stopping is by the responses' loss over the judging rows, since weights that move make sums of epochs incomparable. \
All else is as in `train_cnn`.";
    const EXAMPLE: &'static str = "\
both:
  kind: co_train
  in: { images: it.images, responses: it.responses, labels: it.labels, split: it.split }
  with: { architecture: three_layer, balance: gradnorm, epochs: 30 }
";
    type Params = Params;
    const INPUTS: &'static [Input] = &[
        IMAGES,
        Input {
            name: "responses",
            types: &[Type::Responses],
            arity: Arity::One,
            about: "What one head learns to predict, of train stimuli that have responses.",
        },
        Input {
            name: "labels",
            types: &[Type::Labels],
            arity: Arity::One,
            about: "What the other learns to tell apart, of train stimuli that have labels.",
        },
        SPLIT,
        NETWORK,
    ];
    const MEASURES: &'static [Measure] = curves::MEASURES;
    const ELSEWHERE: &'static [(&'static str, &'static str)] = PRETRAINED;
    const OUTPUTS: &'static [Output] = &[
        Output {
            name: "predictions",
            ty: Type::Matrix,
            keyed: None,
            role: Some(Role::Predictions),
            about: "Predicted responses of all images, images × units.",
        },
        Output {
            name: "probabilities",
            ty: Type::Matrix,
            keyed: None,
            role: None,
            about: "Probabilities of classes of all images, images × classes.",
        },
        TRAINED,
        HISTORY,
    ];
    const CHOOSES: bool = true;
    const THREADS: Threads = Threads::Team;

    fn check(params: &Params) -> Result<(), ParamProblem> {
        if params.balance == Weighing::Fixed && params.lambda.get() == 0.0 {
            let message = "is 0, so that nothing would teach the responses' head; `train_cnn` with `labels` trains on classes \
                           alone";
            return Err(ParamProblem::at("lambda", message));
        }
        if params.balance != Weighing::Fixed && params.lambda != one() {
            return Err(ParamProblem::at("lambda", "is the weight under `balance: fixed`; the others find their own"));
        }
        if params.balance == Weighing::GradNorm && params.batches == Batches::Alternating {
            let message = "gradnorm compares gradients of both losses within a batch, so that batches must be joint";
            return Err(ParamProblem::at("batches", message));
        }
        params.training().check()
    }

    fn fits(params: &Params, ahead: &Ahead<'_>) -> Result<(), Misfit> {
        params.training().fits(ahead)
    }
}

#[cfg(feature = "torch")]
mod compute {
    use crate::kind::{Compute, KindError, NodeKind, Run};
    use crate::nodes::training::co_train::{Batches, CoTrain, Params, Weighing};
    use crate::nodes::training::fit::balance::Balance;
    use crate::nodes::training::fit::request::Request;
    use crate::nodes::training::fit::rounds::train;

    impl Compute for CoTrain {
        fn run(params: Params, run: &mut Run<'_>) -> Result<(), KindError> {
            let request = Request {
                kind: Self::NAME,
                version: Self::VERSION,
                training: params.training(),
                written: serde_json::to_value(&params).expect("parameters serialise"),
                balance: &|device| match params.balance {
                    Weighing::Fixed => Balance::Fixed(params.lambda.get()),
                    Weighing::Uncertainty => Balance::uncertainty(device),
                    Weighing::GradNorm => Balance::gradnorm(),
                },
                alternating: params.batches == Batches::Alternating,
            };
            train(&request, run)
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::CoTrain;
    use crate::nodes::golden::{Golden, Sample};
    use crate::nodes::samples;

    impl Golden for CoTrain {
        fn golden() -> Sample {
            let params = samples::tiny(json!({ "balance": "gradnorm" }));
            (samples::training(&["responses", "labels"]), params)
        }
    }
}

//! The kind `train_cnn`: a network trained on responses, or on labels.

use crate::kind::ahead::{Ahead, Misfit};
use crate::kind::{Arity, Input, Measure, NodeKind, Output, ParamProblem, Role, Threads};
use crate::nodes::features::options::PRETRAINED;
use crate::nodes::training::curves;
use crate::nodes::training::parameters::training_parameters;
use crate::nodes::training::ports::{HISTORY, IMAGES, NETWORK, SPLIT, TRAINED};
use crate::value::ty::Type;

/// A data-driven or task-driven network.
pub struct TrainCnn;

training_parameters! {
    /// The parameters of `train_cnn`.
    pub struct Params {}
}

impl NodeKind for TrainCnn {
    const NAME: &'static str = "train_cnn";
    const VERSION: u32 = 2;
    const ABOUT: &'static str = "\
A network trained on responses (data-driven), or on labels (task-driven).

Connect `responses`, and predictions are those of all units; or `labels`, and they are probabilities of classes. The network is \
built from blocks that the recipe gives, or is one of the zoo, fine-tuned whole, from a layer up, or its readout alone.

Steps, batch norm's statistics and the responses' scale come from train rows only; predictions are always made in evaluation \
mode. An epoch is judged by a slice of the train rows unless told otherwise, and the best epoch's weights are kept.

The same seed gives the same bytes on a CPU, for a number of threads: also where a run was killed, since every epoch's state is \
kept and the next run goes on there. On a GPU sums are added up in varying order, which a note says. A loss that is no finite \
number stops the node, with advice.";
    const EXAMPLE: &'static str = "\
cnn:
  kind: train_cnn
  in: { images: it.images, responses: it.responses, split: it.split }
  with:
    architecture: three_layer
    epochs: 30
    augment: { shift: 4 }
    early_stopping: { patience: 10, on: train }
";
    type Params = Params;
    const INPUTS: &'static [Input] = &[
        IMAGES,
        Input {
            name: "responses",
            types: &[Type::Responses],
            arity: Arity::Optional,
            about: "What the network learns to predict; needed for train stimuli only.",
        },
        Input {
            name: "labels",
            types: &[Type::Labels],
            arity: Arity::Optional,
            about: "What it learns to tell apart, instead of responses.",
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
            about: "Predicted responses of all images, images × units; with `labels`, probabilities, images × classes.",
        },
        TRAINED,
        HISTORY,
    ];
    const CHOOSES: bool = true;
    const THREADS: Threads = Threads::Team;

    fn check(params: &Params) -> Result<(), ParamProblem> {
        params.training().check()
    }

    fn fits(params: &Params, ahead: &Ahead<'_>) -> Result<(), Misfit> {
        params.training().fits(ahead)
    }
}

#[cfg(feature = "torch")]
mod compute {
    use crate::kind::{Compute, KindError, NodeKind, Run};
    use crate::nodes::training::fit::balance::Balance;
    use crate::nodes::training::fit::request::Request;
    use crate::nodes::training::fit::rounds::train;
    use crate::nodes::training::train_cnn::{Params, TrainCnn};

    impl Compute for TrainCnn {
        fn run(params: Params, run: &mut Run<'_>) -> Result<(), KindError> {
            match (run.has("responses"), run.has("labels")) {
                (true, true) => {
                    return Err(KindError::new(
                        "`responses` and `labels` are both connected; `co_train` learns both, `train_cnn` one of them",
                    ));
                }
                (false, false) => {
                    return Err(KindError::new("neither `responses` nor `labels` is connected; a training needs one"));
                }
                _ => {}
            }
            let request = Request {
                kind: Self::NAME,
                version: Self::VERSION,
                training: params.training(),
                written: serde_json::to_value(&params).expect("parameters serialise"),
                balance: &|_| Balance::Fixed(1.0),
                alternating: false,
            };
            train(&request, run)
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::TrainCnn;
    use crate::nodes::golden::{Golden, Sample};
    use crate::nodes::samples;

    impl Golden for TrainCnn {
        fn golden() -> Sample {
            (samples::training(&["responses"]), samples::tiny(json!({})))
        }
    }
}

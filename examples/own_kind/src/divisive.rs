//! The kind `divisive`: what a recipe says of it. Command and worker know it; compute.rs, which computes it, is the worker's.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ventral_kind::kind::{Arity, Input, NodeKind, Output, ParamProblem};
use ventral_value::value::ty::Type;

/// Features after divisive normalisation.
pub struct Divisive;

/// The parameters of `divisive`: each doc comment is the manual, the schema's description, and the hint of an editor.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// What is added to the pooled activity: the smaller, the more each row comes to the same length.
    #[serde(default = "one")]
    pub sigma: f32,
}

fn one() -> f32 {
    1.0
}

impl NodeKind for Divisive {
    const NAME: &'static str = "divisive";
    const VERSION: u32 = 1;
    const ABOUT: &'static str = "Features after divisive normalisation, row by row.\n\n\
        Each number of a row is divided by √(σ² + the mean of the row's squares), after the normalisation model \
        (Carandini and Heeger 2012) with one pool for all. Rows are made of themselves alone, so nothing counts as fitted.";
    const EXAMPLE: &'static str = "\
normalised:
  kind: divisive
  in: { features: layers }
  with: { sigma: 0.5 }
";
    type Params = Params;
    const INPUTS: &'static [Input] =
        &[Input { name: "features", types: &[Type::Matrix], arity: Arity::One, about: "Rows are stimuli." }];
    const OUTPUTS: &'static [Output] = &[Output {
        name: "features",
        ty: Type::Matrix,
        keyed: None,
        role: None,
        about: "The same rows and columns, normalised.",
    }];

    fn check(params: &Params) -> Result<(), ParamProblem> {
        match params.sigma > 0.0 && params.sigma.is_finite() {
            true => Ok(()),
            false => Err(ParamProblem::at("sigma", format!("it is {}; it is a number above 0", params.sigma))),
        }
    }
}

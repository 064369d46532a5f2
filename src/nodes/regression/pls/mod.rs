//! The kind `pls`: partial least squares regression of all units at once.

mod components;
#[cfg(feature = "torch")]
mod compute;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::bounds::Folds;
use crate::kind::ahead::{Ahead, Misfit};
use crate::kind::measure::{Part, Weight};
use crate::kind::{Input, Measure, NodeKind, Output, ParamProblem, Product, Threads};
use crate::nodes::measures::R2;
use crate::nodes::parts::{refuse_absent_val, refuse_components, refuse_nameless};
use crate::nodes::regression::pls::components::Components;
use crate::nodes::regression::ports::{INPUTS, OUTPUTS as READOUT, stand_ins};
use crate::value::fit::Form;
use crate::value::ty::Type;

/// Partial least squares regression.
pub struct Pls;

/// The parameters of `pls`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// How many components: a number, or a list of numbers of which `choose` takes the best.
    #[serde(default)]
    #[schemars(extend("x-neutral" = 25, "x-also" = ["n_components", "k", "dimensions"]))]
    pub components: Components,
    /// Of a list, the number that predicts rows best which its fit has not seen, by the mean R² over units (of equal ones the fewer):
    /// `folds` of the train rows, or the split's `val` rows, whose scores are then marked as selected.
    #[serde(default)]
    #[schemars(extend("x-neutral" = "folds"))]
    pub choose: Choose,
    /// How many folds `choose: folds` deals the train rows into, by stimulus identity.
    #[serde(default = "five")]
    #[schemars(extend("x-neutral" = 5))]
    pub folds: Folds,
    /// Whether units count alike: each is divided by its standard deviation over train first, else those that vary more weigh more.
    /// Features are taken as they are; with `standardize` before it is scikit-learn's `scale=True`.
    #[serde(default)]
    #[schemars(extend("x-neutral" = false))]
    pub scale: bool,
}

fn five() -> Folds {
    Folds::new(5)
}

/// Who chooses the number of components.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Choose {
    #[default]
    Folds,
    Val,
}

/// The columns of `components`.
const SHARES: [(&str, &str); 5] = [
    ("of_features", "share of the features' variance over train rows that lies along this component"),
    ("of_features_cumulative", "share of it along this component and those before"),
    (
        "of_responses",
        "share of the variance of all responses over train rows that this component takes up, fitted to them",
    ),
    ("of_responses_cumulative", "share of it that this component and those before take up"),
    ("selected", "whether predictions are by the components up to this one"),
];

const fn share(at: usize) -> Measure {
    Measure {
        name: SHARES[at].0,
        definition: SHARES[at].1,
        unit: "fraction of variance",
        share: true,
        ..Measure::PLAIN
    }
}

impl NodeKind for Pls {
    const NAME: &'static str = "pls";
    const VERSION: u32 = 1;
    const ABOUT: &'static str = "Partial least squares regression from features to all units at once, fitted on train.\n\n\
        Components are directions of the features, each the one of largest covariance with what those before leave of all units' \
        responses (PLS2; the numbers of scikit-learn's `PLSRegression(scale=False)` at convergence, whose default tolerance \
        stops it some 1e-3 before). Features and responses are centred by their train means. A list of `components` is one \
        computation, the best of which is chosen on rows that its fit has not seen. Units share their components, so each \
        needs a response to every train stimulus.";
    const EXAMPLE: &'static str = "\
readout:
  kind: pls
  in: { features: layers, responses: it.responses, split: it.split }
  with: { components: [5, 10, 25, 50], choose: folds }
";
    type Params = Params;
    const INPUTS: &'static [Input] = &INPUTS;
    const MEASURES: &'static [Measure] =
        &[Measure { weight: Weight::Listed, part: Part::Plain, ..R2 }, share(0), share(1), share(2), share(3)];
    const OUTPUTS: &'static [Output] = &[
        READOUT[0],
        READOUT[1],
        Output {
            name: "components",
            ty: Type::Table,
            keyed: None,
            role: None,
            about: "A row per component: shares of the variance of features and responses over train rows, and, where components \
                    were chosen, the mean R² over units by those up to it, and which were selected.",
        },
    ];
    const LAZY: &'static [&'static str] = &["fit"];
    const CHOOSES: bool = true;
    const FIT: Option<Form> = Some(Form::Weights);
    const THREADS: Threads = Threads::Team;

    fn check(params: &Params) -> Result<(), ParamProblem> {
        match (params.choose, params.components.counts().as_slice()) {
            (Choose::Val, [count]) => {
                let message =
                    format!("there is nothing to choose: `components` is {count} alone; give a list of numbers");
                Err(ParamProblem::at("choose", message))
            }
            _ => Ok(()),
        }
    }

    fn stand_ins(_params: &Params, wanted: &BTreeSet<String>) -> Vec<(&'static str, Product)> {
        stand_ins(wanted, Self::LAZY)
    }

    fn fits(params: &Params, ahead: &Ahead<'_>) -> Result<(), Misfit> {
        refuse_nameless("features", ahead)?;
        if params.choose == Choose::Val {
            refuse_absent_val("choose", "choose: folds", ahead)?;
        }
        let most = params.components.counts().last().copied().unwrap_or(0);
        refuse_components(most, "components", ahead)
    }
}

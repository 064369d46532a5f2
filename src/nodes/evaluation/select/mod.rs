//! The kind `select`: of several variants, the one that scores best on val; its ports are handed on.

#[cfg(feature = "torch")]
mod candidate;
#[cfg(feature = "torch")]
mod compute;
#[cfg(feature = "torch")]
mod per;
#[cfg(test)]
mod tests;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind::ahead::{Ahead, Misfit};
use crate::kind::{Arity, Input, Measure, NodeKind, Output, Role};
use crate::nodes::measures;
use crate::nodes::parts::refuse_without_val;
use crate::value::ty::Type;

/// The best of several variants.
pub struct Select;

/// The parameters of `select`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// The measure to choose by, the larger the better: `explained_variance`, `r`, `r2`, with a ceiling also
    /// `explained_variance_nc` and `r_nc`; of `decode`, `accuracy`.
    #[serde(default = "measure")]
    #[schemars(extend("x-neutral" = "explained_variance"))]
    pub measure: String,
    /// What of the measure over units counts.
    #[serde(default)]
    #[schemars(extend("x-neutral" = "mean"))]
    pub statistic: Statistic,
    /// Whether one variant is chosen for all units, or one for those of each `region` or `subject`, or for each `unit`. But for `all`, only
    /// `predictions` are handed on, each unit's column from the variant that its group chose.
    #[serde(default)]
    #[schemars(extend("x-neutral" = "all"))]
    pub per: Per,
}

/// Which units choose together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Per {
    #[default]
    All,
    Region,
    Subject,
    Unit,
}

fn measure() -> String {
    "explained_variance".to_owned()
}

/// One number out of many units' scores.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Statistic {
    #[default]
    Mean,
    Median,
}

const ALIKE: &str = "The same variants, or fewer variables of them; the winner's is handed on.";

impl NodeKind for Select {
    const NAME: &'static str = "select";
    const VERSION: u32 = 1;
    const ABOUT: &'static str = "Of several variants, the one that scores best on val; its ports are handed on.\n\n\
        What is connected to an input comes out under the same name: predictions to score, a network or a fit to predict \
        from. All that is handed on remembers that val chose it, so its val score is marked as selected and its test score \
        is not. Scores on train or test rows choose nothing: they are refused.";
    const EXAMPLE: &'static str = "\
best:
  kind: select
  in: { scores: \"scores@*\", split: it.split, predictions: \"readout@*\", fit: \"readout.fit@*\" }
";
    type Params = Params;
    const INPUTS: &'static [Input] = &[
        Input {
            name: "scores",
            types: &[Type::Table],
            arity: Arity::Many,
            about: "Scores on val of every variant, per unit or summarised, as evaluate and decode give them.",
        },
        Input { name: "split", types: &[Type::Split], arity: Arity::One, about: "Which rows are val." },
        Input { name: "predictions", types: &[Type::Matrix], arity: Arity::AnyNumber, about: ALIKE },
        Input { name: "network", types: &[Type::Network], arity: Arity::AnyNumber, about: ALIKE },
        Input { name: "fit", types: &[Type::Fit], arity: Arity::AnyNumber, about: ALIKE },
        Input { name: "features", types: &[Type::Matrix], arity: Arity::AnyNumber, about: ALIKE },
        Input { name: "history", types: &[Type::Table], arity: Arity::AnyNumber, about: ALIKE },
    ];
    const MEASURES: &'static [Measure] = measures::SCORES;
    const OUTPUTS: &'static [Output] = &[
        Output {
            name: "predictions",
            ty: Type::Matrix,
            keyed: None,
            role: Some(Role::Predictions),
            about: "The winner's predictions.",
        },
        Output { name: "network", ty: Type::Network, keyed: None, role: None, about: "The winner's network." },
        Output { name: "fit", ty: Type::Fit, keyed: None, role: None, about: "The winner's fit." },
        Output { name: "features", ty: Type::Matrix, keyed: None, role: None, about: "The winner's features." },
        Output {
            name: "history",
            ty: Type::Table,
            keyed: None,
            role: Some(Role::History),
            about: "The winner's training history.",
        },
        Output {
            name: "choice",
            ty: Type::Table,
            keyed: None,
            role: Some(Role::Choice),
            about: "A row per variant: the swept variables (or label), measure, score, selected; with `per`, one for each of its groups, \
                by region, subject or unit.",
        },
    ];
    const PASSES: &'static [(&'static str, &'static str)] = &[
        ("predictions", "predictions"),
        ("network", "network"),
        ("fit", "fit"),
        ("features", "features"),
        ("history", "history"),
    ];
    const CHOOSES: bool = true;

    fn fits(_: &Params, ahead: &Ahead<'_>) -> Result<(), Misfit> {
        refuse_without_val("a choice is made on val rows", ahead)
    }
}

//! The kind `agreement`: how far several measures order the same variants alike.

#[cfg(feature = "torch")]
mod compute;
#[cfg(feature = "torch")]
mod ranking;
#[cfg(test)]
mod tests;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind::{Arity, Input, Measure, NodeKind, Output, ParamProblem, Role, column};
use crate::nodes::drawn;
use crate::value::ty::Type;

/// Agreement of rankings.
pub struct Agreement;

/// The parameters of `agreement`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// What is drawn behind the intervals: `[stimuli]`, or `[stimuli, subjects]`, which crosses both and needs three subjects.
    #[serde(default = "stimuli")]
    #[schemars(extend("x-neutral" = ["stimuli"]))]
    pub over: Vec<Over>,
    /// How much of the draws an interval holds, 0.5 to 0.999.
    #[serde(default = "level")]
    #[schemars(range(min = 0.5, max = 0.999), extend("x-neutral" = 0.95))]
    pub interval: f64,
    /// What subjects are drawn from; the recipe's seed unless given.
    #[serde(default)]
    pub seed: u64,
}

fn stimuli() -> Vec<Over> {
    vec![Over::Stimuli]
}

fn level() -> f64 {
    0.95
}

/// What is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Over {
    Stimuli,
    Subjects,
}

/// The columns that measure something.
const TAU: Measure = Measure {
    name: "tau",
    definition: "Kendall's τ_b of the variants' scores by two measures: 1 where both order all pairs of variants alike, −1 where one \
        reverses the other, 0 where neither tells of the other; a score is the mean over subjects",
    label: "agreement of rankings",
    unit: "Kendall's τ_b",
    share: true,
    ..Measure::PLAIN
};
const RANK: Measure = Measure {
    name: column::PLACE,
    definition: "place of the variant by the measure, 1 the highest score; low and high are of the draws",
    label: "place in the ranking",
    ..Measure::PLAIN
};
const FIRST: Measure = Measure {
    name: "first",
    definition: "share of the draws in which the variant has the highest score",
    label: "share of draws ranked first",
    share: true,
    ..Measure::PLAIN
};

impl NodeKind for Agreement {
    const NAME: &'static str = "agreement";
    const VERSION: u32 = 1;
    const ABOUT: &'static str = "How several measures rank the same variants, such as layers, and how far they agree.\n\n\
        Takes the `drawn` of evaluate, rsa and cka, each with a `bootstrap`. All must be of the same draws of the same stimuli (the same \
        split, part, number of draws and seed), so that what a draw does to one measure is seen beside what it does to the others. Per \
        region, variants are ranked by their mean over subjects.";
    const EXAMPLE: &'static str = "\
agree:
  kind: agreement
  in: { drawn: { ridge: \"ridge_scores.drawn@*\", RSA: \"rsa.drawn@*\", CKA: \"cka.drawn@*\" } }
";
    type Params = Params;
    const INPUTS: &'static [Input] = &[Input {
        name: drawn::PORT,
        types: &[Type::Table],
        arity: Arity::Many,
        about: "Every measure by its name, of every variant: a map of names, or a list.",
    }];
    const MEASURES: &'static [Measure] = &[TAU, RANK, FIRST];
    const OUTPUTS: &'static [Output] = &[
        Output {
            name: "table",
            ty: Type::Table,
            keyed: None,
            role: Some(Role::Agreement),
            about: "A row per pair of measures and region: region, a, b, tau, low and high (of the draws), variants, draws.",
        },
        Output {
            name: "ranks",
            ty: Type::Table,
            keyed: None,
            role: Some(Role::Ranks),
            about: "A row per measure, variant and region: region, ranked_by, variant, score, place, low and high (of the place), first.",
        },
    ];

    fn check(params: &Params) -> Result<(), ParamProblem> {
        let Params { over, interval, .. } = params;
        if !over.contains(&Over::Stimuli) {
            return Err(ParamProblem::at("over", "draws are of stimuli; it is `[stimuli]` or `[stimuli, subjects]`"));
        }
        if (1..over.len()).any(|at| over[..at].contains(&over[at])) {
            return Err(ParamProblem::at("over", "names the same twice"));
        }
        match (0.5..=0.999).contains(interval) {
            true => Ok(()),
            false => Err(ParamProblem::at("interval", format!("{interval} is not between 0.5 and 0.999"))),
        }
    }
}

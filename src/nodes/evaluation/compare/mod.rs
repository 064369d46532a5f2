//! The kind `compare`: scores of several nodes or variants side by side, with paired statistics.

#[cfg(feature = "torch")]
mod compute;
#[cfg(feature = "torch")]
mod null;
#[cfg(feature = "torch")]
mod pairs;
#[cfg(feature = "torch")]
mod resampled;
#[cfg(test)]
mod tests;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::bounds::Whole;
use crate::kind::{Arity, Input, Measure, NodeKind, Output, ParamProblem, Role};
use crate::nodes::measures;
use crate::value::ty::Type;

/// Scores side by side.
pub struct Compare;

/// The parameters of `compare`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// The swept variables by which variants are draws of one study, such as random splits: `over_draws` is over their mean, unit by
    /// unit, and so are `pairs`. Unless given, those that reach nothing but seeds; `[]`: none.
    #[serde(default)]
    #[schemars(extend("x-neutral" = null, "x-draws" = true))]
    pub draws: Option<Vec<String>>,
    /// What is drawn with replacement for the interval of a difference: `[units]`; `[stimuli]`, for the units at hand; both, crossed;
    /// `[subjects, stimuli, units]`, where units are drawn within the subjects drawn. Stimuli need `scored`; nothing is fitted again.
    #[serde(default = "units")]
    #[schemars(length(min = 1), extend("x-neutral" = ["units"]))]
    pub over: Vec<Over>,
    /// How many times. Of signs and of stimuli too, where a test turns or permutes them.
    #[serde(default = "two_thousand")]
    #[schemars(extend("x-neutral" = 2000))]
    pub resamples: Resamples,
    /// The share of draws that lie within the interval.
    #[serde(default = "level")]
    #[schemars(range(min = 0.5, max = 0.999), extend("x-neutral" = 0.95))]
    pub interval: f64,
    /// What p is of; unless given, Wilcoxon's signed-rank test over units, and the bootstrap where stimuli or subjects are drawn.
    #[serde(default)]
    #[schemars(extend("x-neutral" = null))]
    pub test: Option<Test>,
    /// How p are corrected for how many there are; unless given, by Holm, and the largest statistic for sign flips.
    #[serde(default)]
    #[schemars(extend("x-neutral" = null))]
    pub correct: Option<Correct>,
    /// Which p are corrected together: all pairs and measures, or the pairs of each measure.
    #[serde(default)]
    #[schemars(extend("x-neutral" = "all"))]
    pub family: Family,
    /// Permutations of the scored stimuli behind `significance`, which says of each unit whether it is predicted at all; needs `scored`.
    #[serde(default)]
    #[schemars(range(max = 1_000_000), extend("x-neutral" = null))]
    pub permutations: Option<u32>,
    /// What draws are drawn from; the recipe's seed unless given.
    #[serde(default)]
    pub seed: u64,
}

fn units() -> Vec<Over> {
    vec![Over::Units]
}

fn two_thousand() -> Resamples {
    Resamples::new(2000)
}

fn level() -> f64 {
    0.95
}

/// How many draws.
pub type Resamples = Whole<100, 1_000_000>;

/// What is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Over {
    Subjects,
    Stimuli,
    Units,
}

/// A test of a mean difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Test {
    /// Wilcoxon's signed-rank test over units.
    Wilcoxon,
    /// Random signs of the differences of units, or of subjects where `over` has them.
    Permutation,
    /// How far the bootstrap's draws lie from no difference.
    Bootstrap,
}

/// A correction for many comparisons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Correct {
    /// Holm's: the chance of any false claim.
    Holm,
    /// Benjamini's and Hochberg's: the share of false claims.
    Bh,
    /// The largest statistic of all comparisons, for `test: permutation`: the chance of any false claim, the closer the more alike
    /// comparisons are.
    MaxStatistic,
    None,
}

/// Which p are corrected together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Family {
    #[default]
    All,
    Measure,
}

impl NodeKind for Compare {
    const NAME: &'static str = "compare";
    const VERSION: u32 = 3;
    const ABOUT: &'static str = "Scores of several nodes or variants side by side, with paired statistics over units.\n\n\
        Refuses to compare scores of different definitions or of different parts of a split. Pairs are compared over the \
        units that both score: mean difference, its bootstrap interval over units (or stimuli, or subjects, `over`), a test, and its p \
        corrected for how many pairs and measures there are. Units of different recordings are never paired. \
        Variants that differ in nothing but seeds, such as ten random splits, are draws of one study: `over_draws` has each \
        unit's mean over them, summarised over units, and how much draws differ; `pairs` compares these means.";
    const EXAMPLE: &'static str = "\
by_layer:
  kind: compare
  in: { scores: \"scores@*\" }
";
    type Params = Params;
    const INPUTS: &'static [Input] = &[
        Input {
            name: "scores",
            types: &[Type::Table],
            arity: Arity::Many,
            about: "Per-unit scores, as evaluate gives them: every variant, a list, or a map of labels.",
        },
        Input {
            name: "scored",
            types: &[Type::Matrix],
            arity: Arity::AnyNumber,
            about: "The same variants' `evaluate.scored`, where stimuli are drawn or permuted.",
        },
    ];
    const MEASURES: &'static [Measure] = measures::SCORES;
    const OUTPUTS: &'static [Output] = &[
        Output {
            name: "table",
            ty: Type::Table,
            keyed: None,
            role: Some(Role::Comparison),
            about: "A row per variant and measure: the swept variables (or label), measure, mean, median, sem, units.",
        },
        Output {
            name: "per_unit",
            ty: Type::Table,
            keyed: None,
            role: Some(Role::Scores),
            about: "A row per variant and unit: the swept variables (or label), then evaluate's columns, region and subject among them.",
        },
        Output {
            name: "pairs",
            ty: Type::Table,
            keyed: None,
            role: Some(Role::Pairs),
            about: "A row per pair and measure: a, b, measure, difference (mean of a − b), low, high, p, units, p_adjusted.",
        },
        Output {
            name: "over_draws",
            ty: Type::Table,
            keyed: None,
            role: Some(Role::OverDraws),
            about: "Where there are draws, as `table`, of each unit's mean over them (mean, median and sem over units); and draws (how \
                many), draws_sem (standard error of their means over units), draws_median (mean of their medians over units), \
                draws_median_sem.",
        },
        Output {
            name: "over_draws_per_unit",
            ty: Type::Table,
            keyed: None,
            role: None,
            about: "Where there are draws, as `per_unit`, of each unit's mean over them.",
        },
        Output {
            name: "significance",
            ty: Type::Table,
            keyed: None,
            role: None,
            about: "With `permutations`, a row per variant and unit: the swept variables (or label), unit, r, p (one-sided: as large an r \
                with stimuli permuted), p_adjusted (Benjamini–Hochberg over the variant's units), significant (p_adjusted < 0.05).",
        },
    ];

    fn check(params: &Params) -> Result<(), ParamProblem> {
        let Params { over, interval, test, correct, .. } = params;
        if over.is_empty() {
            return Err(ParamProblem::at(
                "over",
                "the list is empty; it names what is drawn: subjects, stimuli, units",
            ));
        }
        if let Some(at) = (1..over.len()).find(|&at| over[..at].contains(&over[at])) {
            return Err(ParamProblem::at("over", format!("names `{}` twice", over[at].name())));
        }
        if over.contains(&Over::Subjects) && !over.contains(&Over::Units) {
            return Err(ParamProblem::at("over", "draws units within the subjects drawn; add `units` to `subjects`"));
        }
        if !(0.5..=0.999).contains(interval) {
            return Err(ParamProblem::at("interval", format!("{interval} is not between 0.5 and 0.999")));
        }
        if *correct == Some(Correct::MaxStatistic) && *test != Some(Test::Permutation) {
            return Err(ParamProblem::at("correct", "`max_statistic` goes with `test: permutation`"));
        }
        if params.permutations == Some(0) {
            return Err(ParamProblem::at("permutations", "0 permutations say nothing; leave it out"));
        }
        Ok(())
    }
}

impl Over {
    fn name(self) -> &'static str {
        match self {
            Self::Subjects => "subjects",
            Self::Stimuli => "stimuli",
            Self::Units => "units",
        }
    }
}

//! The kind `evaluate`: scores of predictions, per unit and summarised, on rows that no fit has seen.

#[cfg(feature = "torch")]
mod compute;
#[cfg(feature = "torch")]
mod draws;
#[cfg(feature = "torch")]
mod groups;
#[cfg(test)]
mod oracles;
#[cfg(feature = "torch")]
mod scored;
#[cfg(feature = "torch")]
mod scores;
#[cfg(feature = "torch")]
mod summary;
#[cfg(test)]
mod tests;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::bounds::Whole;
use crate::kind::ahead::{Ahead, Misfit};
use crate::kind::{Arity, Input, Measure, NodeKind, Output, ParamProblem, Role};
use crate::nodes::drawn;
use crate::nodes::evaluation::convention::Convention;
use crate::nodes::evaluation::on::On;
use crate::nodes::measures;
use crate::nodes::parts::{Takes, refuse_absent, refuse_unrecorded};
use crate::value::ty::Type;

/// Scores of predictions.
pub struct Evaluate;

/// Parameters in which the seed is 0 where nothing is drawn, so that a recipe's seed reruns no scores.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(from = "Written")]
pub struct Params(Written);

impl From<Written> for Params {
    fn from(mut written: Written) -> Self {
        if written.bootstrap.is_none() {
            written.seed = 0;
        }
        Self(written)
    }
}

impl std::ops::Deref for Params {
    type Target = Written;

    fn deref(&self) -> &Written {
        &self.0
    }
}

/// The parameters of `evaluate`, as they are written.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Written {
    /// The rows to score: `train`, `val` or `test` of a hold-out split, or `folds`, which scores each row by the fit that
    /// did not see it.
    pub on: On,
    /// Under `on: folds`, whether a score is of the rows of each fold, averaged over folds, or of the rows of all folds together.
    /// Predictions of different fits have different means, so that together even a predictor of nothing but the mean scores r < 0.
    #[serde(default)]
    #[schemars(extend("x-neutral" = "folds"))]
    pub pool: Pool,
    /// Units whose ceiling is lower have no noise-corrected scores, and a note counts them; 0 to 1.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1.0), extend("x-neutral" = null))]
    pub least_ceiling: Option<f64>,
    /// The groups that `by_group` summarises: units by their `subject` and `region`, stimuli by their `category` in `labels`; several,
    /// each combination.
    #[serde(default)]
    #[schemars(extend("x-neutral" = []))]
    pub by: Vec<By>,
    /// Adds a row to `summary` that takes units and folds together as another program does, for numbers beside its own.
    #[serde(default)]
    #[schemars(extend("x-neutral" = null))]
    pub convention: Option<Convention>,
    /// Draws of the scored stimuli with replacement, within each fold: `drawn` has the mean score of each, for `agreement`.
    #[serde(default)]
    #[schemars(extend("x-neutral" = null))]
    pub bootstrap: Option<Bootstrap>,
    /// What stimuli are drawn from, with `bootstrap`; the recipe's seed unless given.
    #[serde(default)]
    #[schemars(extend("x-neutral" = 0))]
    pub seed: u64,
}

/// Draws of stimuli, and the score that they are of.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Bootstrap {
    /// How many draws.
    #[serde(default = "thousand")]
    pub draws: Whole<20, 1_000_000>,
    /// The score: `r`, `explained_variance` or `r2`; with a ceiling also `r_nc`, `explained_variance_nc` or `r2_nc`.
    #[serde(default = "correlation")]
    pub measure: String,
}

fn thousand() -> Whole<20, 1_000_000> {
    Whole::new(1000)
}

fn correlation() -> String {
    measures::R.name.to_owned()
}

/// The scores that are functions of sums over stimuli.
const DRAWN: &[Measure] = &[
    measures::R,
    measures::EXPLAINED_VARIANCE,
    measures::R2,
    measures::R_NC,
    measures::EXPLAINED_VARIANCE_NC,
    measures::R2_NC,
];

/// Which rows are scored together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Pool {
    /// Those of each fold; a score is the mean over folds.
    #[default]
    Folds,
    /// All.
    Rows,
}

/// What groups units or stimuli.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum By {
    Subject,
    Region,
    Category,
}

impl By {
    /// As a recipe writes it, and the table's column.
    pub fn name(self) -> &'static str {
        match self {
            Self::Subject => "subject",
            Self::Region => "region",
            Self::Category => "category",
        }
    }
}

/// The port of what is scored.
const SCORED: &str = "scored";

impl NodeKind for Evaluate {
    const NAME: &'static str = "evaluate";
    const VERSION: u32 = 4;
    const ABOUT: &'static str = "Scores of predictions per unit, and summarised over units.\n\n\
        Explained variance is 1 − Var(y − ŷ)/Var(y) over stimuli, r is Pearson's correlation, r2 is \
        1 − Σ(y − ŷ)²/Σ(y − ȳ)²; where there are repeats, feve is the fraction of explainable variance explained and r_trial the \
        correlation with single trials. On folds and draws a score is of the rows of one, averaged over all. A unit whose responses do not \
        vary has no score (null); a prediction that does not vary has r = 0. Refuses rows that any upstream fit has seen, by identity or \
        by equal content, unless told `on: train`; rows that only selected are scored and marked so. With a ceiling, explained variance \
        is also divided by it, r by its square root, and r² by it. A ceiling of other rows than those scored, or of means of other \
        numbers of repeats, is refused; one of more rows is told.";
    const EXAMPLE: &'static str = "\
scores:
  kind: evaluate
  in: { predictions: readout, responses: it.responses, split: it.split, ceiling: ceiling }
  with: { on: val }
";
    type Params = Params;
    const INPUTS: &'static [Input] = &[
        Input {
            name: "predictions",
            types: &[Type::Matrix],
            arity: Arity::One,
            about: "Stimuli × units, as a readout gives them.",
        },
        Input { name: "responses", types: &[Type::Responses], arity: Arity::One, about: "What was measured." },
        Input { name: "split", types: &[Type::Split], arity: Arity::One, about: "Which rows are which." },
        Input {
            name: "ceiling",
            types: &[Type::Table],
            arity: Arity::Optional,
            about: "The explainable fraction of each unit's variance, from noise_ceiling or load_units.",
        },
        Input {
            name: "labels",
            types: &[Type::Labels],
            arity: Arity::Optional,
            about: "Categories of the stimuli (their objects, where they have none), for `by: category`.",
        },
    ];
    const MEASURES: &'static [Measure] = measures::SCORES;
    const OUTPUTS: &'static [Output] = &[
        Output {
            name: "per_unit",
            ty: Type::Table,
            keyed: None,
            role: Some(Role::Scores),
            about: "A row per unit: unit, region and subject where they are known, explained_variance, r, r2, with repeats feve and \
                r_trial; with a ceiling also ceiling, explained_variance_nc, r_nc, r2_nc; over folds or draws also explained_variance_sem, \
                r_sem and so on, standard errors over them.",
        },
        Output {
            name: "summary",
            ty: Type::Table,
            keyed: None,
            role: Some(Role::Summary),
            about: "A row per measure: measure, mean, median, sem (over units), units; over folds also folds (how many) and folds_sem \
                (standard error of the folds' means over units), over draws of a split draws and draws_sem; `selected` where scored rows have chosen.",
        },
        Output {
            name: "by_group",
            ty: Type::Table,
            keyed: None,
            role: None,
            about: "With `by`, a row per group and measure: subject, region, category as asked for, measure, mean, median, sem, units, \
                rows (stimuli scored). Scores within a category are of its stimuli alone, where these are 20 or more; ceilings, which are \
                of all, correct none of them.",
        },
        Output {
            name: SCORED,
            ty: Type::Matrix,
            keyed: None,
            role: None,
            about: "What is scored, for `compare` over stimuli: the scored stimuli × (fold, then measured and predicted responses of \
                every unit). It counts as fitted on them, so that no features made of it are scored on them.",
        },
        Output {
            name: drawn::PORT,
            ty: Type::Table,
            keyed: None,
            role: None,
            about: "With `bootstrap`, a row per draw and group of units: draw (0: all stimuli once), a (empty), subject, region, and the \
                mean over the group's units of the score that is named so.",
        },
    ];
    const LAZY: &'static [&'static str] = &[SCORED, drawn::PORT];

    fn check(params: &Params) -> Result<(), ParamProblem> {
        if let Some(least) = params.least_ceiling
            && !(0.0..=1.0).contains(&least)
        {
            return Err(ParamProblem::at(
                "least_ceiling",
                format!("{least} is not between 0 and 1; it is a share of variance"),
            ));
        }
        if params.pool == Pool::Rows && params.on != On::Folds {
            return Err(ParamProblem::at("pool", "pools the rows of folds, so it goes with `on: folds`"));
        }
        if let Some(bootstrap) = &params.bootstrap
            && !DRAWN.iter().any(|measure| measure.name == bootstrap.measure)
        {
            let names: Vec<&str> = DRAWN.iter().map(|measure| measure.name).collect();
            let message = format!("`{}` is no score of draws; it is one of {}", bootstrap.measure, names.join(", "));
            return Err(ParamProblem::at("bootstrap.measure", message));
        }
        let twice = (1..params.by.len()).find(|&at| params.by[..at].contains(&params.by[at]));
        match twice {
            Some(at) => Err(ParamProblem::at("by", format!("names `{}` twice", params.by[at].name()))),
            None => Ok(()),
        }
    }

    fn fits(params: &Params, ahead: &Ahead<'_>) -> Result<(), Misfit> {
        refuse_absent("on", params.on.asked(), Takes::All, ahead)?;
        refuse_unrecorded("on", params.on.asked(), ahead)
    }
}

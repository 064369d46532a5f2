//! The kind `rsa`: how alike the dissimilarities of stimuli are in two representations.

#[cfg(feature = "torch")]
mod compared;
#[cfg(feature = "torch")]
mod compute;
#[cfg(feature = "torch")]
mod inference;
#[cfg(test)]
mod tests;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::bounds::Whole;
use crate::kind::ahead::{Ahead, Misfit};
use crate::kind::measure;
use crate::kind::{Arity, Input, Measure, NodeKind, Output, ParamProblem, Product, Role, Threads};
use crate::nodes::drawn;
use crate::nodes::regression::ports::{GRAM, ROWSUM};
use crate::nodes::similarity::ceiling::Ceiling;
use crate::nodes::similarity::dissimilarity::Dissimilarity;
use crate::nodes::similarity::on::On;
use crate::nodes::similarity::subjects;
use crate::value::ty::Type;

/// Representational similarity analysis.
pub struct Rsa;

/// The parameters of `rsa`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// The rows to compare: `train`, `val` or `test` of the split, or `all`.
    pub on: On,
    /// How two patterns differ: `correlation`, `euclidean` or `cosine`; of responses with repeats also `mahalanobis` and `crossnobis`,
    /// distances in units of the noise. What arrives as dissimilarities stays as it is.
    #[serde(default)]
    pub rdm: Dissimilarity,
    /// How two patterns of `a` differ, where otherwise than those of `b`. Unless given, as `rdm` says, and `euclidean` where that needs
    /// repeats.
    #[serde(default)]
    #[schemars(extend("x-neutral" = null))]
    pub rdm_a: Option<Dissimilarity>,
    /// How dissimilarities are compared: `spearman` (the field's usual), `pearson`, `cosine`; `rho_a` and `tau_a`, where one side has
    /// ties, such as a model of categories; `cosine_cov` and `corr_cov`, whitened by the covariance of dissimilarities.
    #[serde(default)]
    pub compare: Comparator,
    /// How subjects' dissimilarities become one for the ceiling.
    #[serde(default)]
    #[schemars(extend("x-neutral" = "normalised"))]
    pub pool: Pool,
    /// Whether subjects' likeness to one another is the ceiling: `auto` where a region has three or more.
    #[serde(default)]
    #[schemars(extend("x-neutral" = "auto"))]
    pub ceiling: Ceiling,
    /// Draws with replacement that give 95 % intervals.
    #[serde(default)]
    #[schemars(extend("x-neutral" = null))]
    pub bootstrap: Option<Bootstrap>,
    /// Permutations of the stimuli of one side that give p; 0: none.
    #[serde(default = "none")]
    #[schemars(extend("x-neutral" = 0))]
    pub permutations: Whole<0, 1_000_000>,
    /// What draws and permutations are drawn from; the recipe's seed unless given.
    #[serde(default)]
    pub seed: u64,
}

fn none() -> Whole<0, 1_000_000> {
    Whole::new(0)
}

/// A comparison of dissimilarities.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Comparator {
    #[default]
    Spearman,
    Pearson,
    Cosine,
    RhoA,
    TauA,
    CosineCov,
    CorrCov,
}

impl Comparator {
    /// Its definition, of dissimilarities x and y.
    pub fn definition(self) -> &'static str {
        match self {
            Self::Spearman => "Spearman's ρ: Pearson's r of mid-ranks of the dissimilarities",
            Self::Pearson => "Pearson's r of the dissimilarities",
            Self::Cosine => "x·y/(‖x‖‖y‖) of the dissimilarities",
            Self::RhoA => {
                "12 Σ r_x r_y/(N³ − N) − 3(N + 1)/(N − 1) of mid-ranks of N dissimilarities: Spearman's ρ averaged over orders of ties"
            }
            Self::TauA => "Kendall's τ_a: (concordant − discordant)/(N(N − 1)/2) pairs of N dissimilarities",
            Self::CosineCov => {
                "xᵀV⁻¹y/√(xᵀV⁻¹x·yᵀV⁻¹y), V the covariance of dissimilarities of patterns with independent noise"
            }
            Self::CorrCov => {
                "xᵀV⁻¹y/√(xᵀV⁻¹x·yᵀV⁻¹y) of dissimilarities less their mean, V their covariance under independent noise"
            }
        }
    }
}

/// How subjects' dissimilarities become one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Pool {
    /// The mean of what the comparison looks at, such as ranks (Nili et al. 2014).
    #[default]
    Normalised,
    /// The mean of dissimilarities as they are, as Brain-Score has it.
    Plain,
}

/// Draws with replacement.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Bootstrap {
    /// What is drawn. `stimuli` tells how much a likeness depends on the stimuli, `subjects` on whom was recorded, `both` on either.
    #[serde(default)]
    pub over: Over,
    /// How many draws.
    #[serde(default = "thousand")]
    pub draws: Whole<20, 1_000_000>,
}

fn thousand() -> Whole<20, 1_000_000> {
    Whole::new(1000)
}

/// What is drawn with replacement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Over {
    #[default]
    Stimuli,
    Subjects,
    Both,
}

impl Over {
    /// As a caption says it.
    pub fn words(self) -> &'static str {
        match self {
            Self::Stimuli => "stimuli",
            Self::Subjects => "subjects",
            Self::Both => "stimuli and subjects",
        }
    }

    pub fn stimuli(self) -> bool {
        self != Self::Subjects
    }

    pub fn subjects(self) -> bool {
        self != Self::Stimuli
    }
}

/// The columns that measure something.
const SIMILARITY: Measure = Measure {
    name: "similarity",
    definition: "how alike the dissimilarities of the compared stimuli are",
    label: "representational similarity",
    unit: "similarity of dissimilarities",
    share: true,
    ceiling: measure::Ceiling::Band("ceiling_low", "ceiling_high"),
    interval: "bootstrap 95 % interval",
    ..Measure::PLAIN
};
const LOWER: Measure = Measure {
    name: "ceiling_low",
    definition: "mean similarity of each subject with the mean of the others (Nili et al. 2014)",
    label: "lower noise ceiling",
    unit: "similarity of dissimilarities",
    share: true,
    ..Measure::PLAIN
};
const UPPER: Measure = Measure {
    name: "ceiling_high",
    definition: "mean similarity of each subject with the mean of all, itself included: no model is nearer to the subjects (Nili et al. 2014)",
    label: "upper noise ceiling",
    unit: "similarity of dissimilarities",
    share: true,
    ..Measure::PLAIN
};
/// What `p` is.
pub const P: &str = "(1 + permutations of stimuli with a similarity as large)/(1 + permutations), one-sided";

impl NodeKind for Rsa {
    const NAME: &'static str = "rsa";
    const VERSION: u32 = 2;
    const ABOUT: &'static str = "Representational similarity analysis: how alike the dissimilarities of stimuli are on two sides.\n\n\
        Each side is features, predictions, responses, or dissimilarities from `load_rdm`; rows join by stimulus. Responses are compared \
        by subject and region, a row each. Predictions whose columns are called as the responses' units are compared with those units, \
        group by group (encoding-RSA). Refuses rows that a fit behind either side has seen, unless told `on: train`.\n\n\
        Of features with more columns than rows only the products and sums of rows are read, which a ridge or pca has kept; \
        dissimilarities and their ranks are kept for every other comparison.";
    const EXAMPLE: &'static str = "\
similar:
  kind: rsa
  in: { a: layers, b: it.responses, split: it.split }
  with: { on: test, compare: spearman, bootstrap: { over: stimuli, draws: 1000 }, permutations: 1000 }
";
    type Params = Params;
    const INPUTS: &'static [Input] = &[
        Input {
            name: "a",
            types: &[Type::Matrix, Type::Responses, Type::Rdm],
            arity: Arity::One,
            about: "Features, predictions, responses or dissimilarities: the model's, usually.",
        },
        Input {
            name: "b",
            types: &[Type::Responses, Type::Matrix, Type::Rdm],
            arity: Arity::One,
            about: "What it is compared with; responses by subject and region, of dissimilarities each matrix as a subject.",
        },
        Input {
            name: "split",
            types: &[Type::Split],
            arity: Arity::Optional,
            about: "Which rows are which; not needed `on: all`.",
        },
        subjects::INPUT,
    ];
    const MEASURES: &'static [Measure] = &[SIMILARITY, LOWER, UPPER];
    const OUTPUTS: &'static [Output] = &[
        Output {
            name: "table",
            ty: Type::Table,
            keyed: None,
            role: Some(Role::Similarity),
            about: "A row per pair: a, b, subject, region, similarity, low and high (95 % over stimuli), p, ceiling_low, ceiling_high.",
        },
        Output {
            name: "summary",
            ty: Type::Table,
            keyed: None,
            role: Some(Role::OverSubjects),
            about: "A row per a and region: the mean over subjects, its sem over them, how many they are, its interval, p and ceilings.",
        },
        Output {
            name: "rdm_a",
            ty: Type::Rdm,
            keyed: None,
            role: None,
            about: "The dissimilarities of `a`'s compared rows.",
        },
        Output {
            name: "rdm_b",
            ty: Type::Rdm,
            keyed: None,
            role: None,
            about: "The same of `b`, by subject and region.",
        },
        Output {
            name: drawn::PORT,
            ty: Type::Table,
            keyed: None,
            role: None,
            about: "With a `bootstrap` over stimuli, a row per draw and pair: draw (0: all stimuli once), a, subject, region, similarity.",
        },
    ];
    const LAZY: &'static [&'static str] = &["rdm_a", "rdm_b", drawn::PORT];
    const THREADS: Threads = Threads::Team;

    fn stand_ins(_: &Params, _: &std::collections::BTreeSet<String>) -> Vec<(&'static str, Product)> {
        vec![("a", GRAM), ("a", ROWSUM), ("b", GRAM), ("b", ROWSUM)]
    }

    fn check(params: &Params) -> Result<(), ParamProblem> {
        let whitened = matches!(params.compare, Comparator::CosineCov | Comparator::CorrCov);
        let draws = params.bootstrap.as_ref().is_some_and(|bootstrap| bootstrap.over.stimuli());
        if whitened && draws {
            return Err(ParamProblem::at(
                "bootstrap.over",
                "a draw of stimuli has some of them twice, for which whitened comparisons are not defined; draw `subjects`, or compare by \
                 another measure",
            ));
        }
        if let Some(of) = params.rdm_a.filter(|of| of.needs_repeats() && *of != params.rdm) {
            return Err(ParamProblem::at(
                "rdm_a",
                format!("{} distances are in units of the noise of responses; give it as `rdm`", of.word()),
            ));
        }
        Ok(())
    }

    fn fits(params: &Params, ahead: &Ahead<'_>) -> Result<(), Misfit> {
        params.on.fits(ahead)
    }
}

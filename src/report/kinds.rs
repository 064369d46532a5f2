//! The kinds of the tests' study: ports, roles and measures like those of the real ones.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind::measure;
use crate::kind::measure::{Curve, Part, Weight};
use crate::kind::{Arity, Input, Kind, Measure, NodeKind, Output, Role};
use crate::value::ty::Type;

#[derive(Serialize, Deserialize, JsonSchema)]
pub struct Params {
    /// Anything.
    #[serde(default)]
    on: Option<String>,
}

/// A role, or none.
macro_rules! role {
    // A macro, since a repetition that may be empty gives no expression.
    () => {
        None
    };
    ($role:ident) => {
        Some(Role::$role)
    };
}

// A macro, since six kinds that differ in names and ports alone would be six times the same page.
macro_rules! declared {
    ($($name:ident = $text:literal: [$($input:literal $ty:ident),*]
        -> [$($output:literal $out:ident $(as $role:ident)?),*] $(measures $measures:expr)?;)*) => {
        $(
            pub struct $name;
            impl NodeKind for $name {
                const NAME: &'static str = $text;
                const VERSION: u32 = 1;
                const ABOUT: &'static str = concat!("A toy that stands for `", $text, "`.");
                const EXAMPLE: &'static str = "";
                type Params = Params;
                const INPUTS: &'static [Input] =
                    &[$(Input { name: $input, types: &[Type::$ty], arity: Arity::Many, about: "in" }),*];
                const OUTPUTS: &'static [Output] =
                    &[$(Output { name: $output, ty: Type::$out, keyed: None, role: role!($($role)?), about: "out" }),*];
                $(const MEASURES: &'static [Measure] = $measures;)?
            }
        )*
    };
}

declared! {
    Load = "load_recordings": [] -> ["images" Images, "responses" Responses, "labels" Labels, "split" Split];
    Pca = "pca": ["features" Images, "split" Split] -> ["scores" Matrix, "spectrum" Table as Spectrum] measures SPECTRUM;
    Ridge = "ridge": ["features" Matrix, "responses" Responses, "split" Split]
        -> ["predictions" Matrix as Predictions, "alphas" Table as Penalties];
    Ceiling = "noise_ceiling": ["responses" Responses] -> ["ceiling" Table as Ceiling] measures CEILINGS;
    Evaluate = "evaluate": ["predictions" Matrix, "responses" Responses, "split" Split, "ceiling" Table]
        -> ["per_unit" Table as Scores, "summary" Table as Summary] measures SCORES;
    Compare = "compare": ["scores" Table]
        -> ["table" Table as Comparison, "per_unit" Table as Scores, "pairs" Table as Pairs] measures SCORES;
    Train = "train_cnn": ["images" Images] -> ["history" Table as History] measures CURVES;
    Decode = "decode": ["labels" Labels] -> ["summary" Table as Accuracy, "confusion" Table as Confusion]
        measures ACCURACIES;
    Select = "select": ["labels" Labels] -> ["choice" Table as Choice];
    Rsa = "rsa": ["a" Matrix, "b" Responses] -> ["table" Table as Similarity, "summary" Table as OverSubjects, "rdm_b" Rdm]
        measures SIMILARITIES;
    Cka = "cka": ["a" Matrix, "b" Responses] -> ["table" Table as Similarity, "summary" Table as OverSubjects]
        measures ALIGNMENTS;
    Banded = "banded_ridge": ["features" Matrix, "responses" Responses] -> ["shares" Table as Shares] measures SHARES;
    Agreement = "agreement": ["drawn" Table] -> ["table" Table as Agreement, "ranks" Table as Ranks] measures RANKINGS;
}

/// A share with its words.
const fn share(name: &'static str, label: &'static str, unit: &'static str, definition: &'static str) -> Measure {
    Measure { name, label, unit, definition, share: true, ..Measure::PLAIN }
}

const SCORES: &[Measure] = &[
    Measure {
        weight: Weight::First,
        ceiling: measure::Ceiling::Column("ceiling"),
        sign: "EV",
        ..share(
            "explained_variance",
            "explained variance",
            "fraction of variance",
            "1 − Var(y − ŷ) / Var(y), per unit, over the scored stimuli; a constant offset costs nothing",
        )
    },
    Measure {
        weight: Weight::Charted,
        ..share(
            "explained_variance_nc",
            "noise-corrected explained variance",
            "fraction of explainable variance",
            "explained variance divided by the unit's ceiling",
        )
    },
    Measure {
        weight: Weight::Charted,
        ceiling: measure::Ceiling::Root("ceiling"),
        sign: "r",
        ..share("r", "correlation", "Pearson r", "Pearson correlation of predicted and measured responses, per unit")
    },
    share(
        "r2",
        "R²",
        "1 − residual over total sum of squares",
        "1 − Σ(y − ŷ)² / Σ(y − ȳ)², per unit; unlike explained variance it also punishes a constant offset",
    ),
];
const CEILINGS: &[Measure] = &[share(
    "ceiling",
    "noise ceiling",
    "fraction of variance",
    "the share of a unit's variance that repeats of a stimulus have in common, which no model can exceed",
)];
const SIMILARITIES: &[Measure] = &[
    Measure {
        ceiling: measure::Ceiling::Band("ceiling_low", "ceiling_high"),
        interval: "bootstrap 95 % interval",
        ..share(
            "similarity",
            "representational similarity",
            "similarity of dissimilarities",
            "how alike dissimilarities are",
        )
    },
    share("ceiling_low", "lower noise ceiling", "", "each subject with the mean of the others"),
    share("ceiling_high", "upper noise ceiling", "", "each subject with the mean of all"),
];
const ALIGNMENTS: &[Measure] = &[
    Measure {
        ceiling: measure::Ceiling::Between("between_subjects"),
        interval: "95 % interval by the jackknife over stimuli",
        ..share("cka", "CKA", "centred kernel alignment", "how well kernels align")
    },
    share("between_subjects", "CKA between subjects", "", "mean CKA of a subject with each other one"),
];
const RANKINGS: &[Measure] = &[
    share("tau", "agreement of rankings", "Kendall's τ_b", "whether two measures order pairs of variants alike"),
    Measure { name: "place", label: "place in the ranking", definition: "1 is the highest score", ..Measure::PLAIN },
    share("first", "share of draws ranked first", "", ""),
];
const SHARES: &[Measure] = &[share("share", "share of explained variance", "fraction of variance", "what a band adds")];
const SPECTRUM: &[Measure] = &[
    Measure {
        part: Part::Share,
        ..share("explained", "explained variance of the features", "fraction of variance", "")
    },
    Measure {
        part: Part::Cumulative,
        ..share("cumulative", "cumulative explained variance of the features", "fraction of variance", "")
    },
];
const ACCURACIES: &[Measure] = &[Measure { name: "accuracy", weight: Weight::First, ..Measure::PLAIN }];
const CURVES: &[Measure] = &[
    curve("train_loss", Curve { fitted: true, of: "training", ..LOSS }),
    curve("val_loss", Curve { judges: true, ..LOSS }),
    curve(
        "val_explained_variance",
        Curve { panel: "Explained variance on validation", axis: "Fraction of variance", ..LOSS },
    ),
    curve("learning_rate", Curve { panel: "Learning rate", axis: "Step size", log: true, ..LOSS }),
];
const LOSS: Curve = Curve {
    panel: "Loss",
    axis: "Value of the loss",
    of: "validation",
    fitted: false,
    defined: "",
    judges: false,
    log: false,
};

const fn curve(name: &'static str, curve: Curve) -> Measure {
    Measure { name, part: Part::Curve(curve), ..Measure::PLAIN }
}

/// A kind, as a plan holds it.
pub fn kind<K: NodeKind>() -> &'static Kind {
    Box::leak(Box::new(Kind::described::<K>("toy")))
}

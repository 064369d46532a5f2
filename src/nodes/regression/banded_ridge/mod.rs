//! The kind `banded_ridge`: ridge regression on several bands of features, each with a penalty of its own, and what each explains.

#[cfg(feature = "torch")]
mod bands;
#[cfg(feature = "torch")]
mod compute;
#[cfg(feature = "torch")]
mod fitted;
#[cfg(feature = "torch")]
mod parts;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::bounds::Positive;
use crate::kind::ahead::{Ahead, Misfit};
use crate::kind::measure::Weight;
use crate::kind::{Arity, Input, Measure, NodeKind, Output, ParamProblem, Product, Role, Threads};
use crate::nodes::evaluation::on::On;
use crate::nodes::measures::EXPLAINED_VARIANCE;
use crate::nodes::parts::{Takes, refuse_absent, refuse_nameless};
use crate::nodes::regression::ports::{INPUTS as READOUT_INPUTS, OUTPUTS as READOUT, stand_ins};
use crate::nodes::regression::ridge::Alphas;
use crate::value::fit::Form;
use crate::value::ty::Type;

/// Ridge regression on several bands of features.
pub struct BandedRidge;

/// The parameters of `banded_ridge`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// `search`: one ridge on all bands, whose weights are drawn and chosen per unit. `stack`: a ridge for each band alone, whose
    /// predictions are added up with weights that are not negative and sum to 1, per unit (Lin et al. 2023); never worse than the
    /// best band by leave-one-out, and as fast as the bands' ridges.
    #[serde(default)]
    #[schemars(extend("x-neutral" = "search"))]
    pub method: Method,
    /// How many weightings of the bands `search` tries: the first alike, the others drawn.
    #[serde(default = "hundred")]
    #[schemars(extend("x-neutral" = 100))]
    pub candidates: Positive,
    /// The concentrations of the Dirichlet distributions they are drawn from, in turns: small ones give nearly all weight to one band.
    #[serde(default = "concentrations")]
    #[schemars(extend("x-neutral" = [0.1, 1.0]))]
    pub concentrations: Vec<f64>,
    /// The penalties tried, of bands scaled so that their train rows have a mean square of 1 (trace n). `auto`: two a decade from 1e-5 to
    /// 1e5; else as in `ridge`. Every fourth is tried for all units, and those between where
    /// a unit's loss is nearly the best of these.
    #[serde(default)]
    #[schemars(extend("x-neutral" = "auto", "x-also" = ["alpha", "penalties", "penalty", "lambda", "lambdas", "l2", "regularization"]))]
    pub alphas: Alphas,
    /// What `shares` splits the explained variance into. `product`: a share for each band, which is what it adds to predictions of
    /// all bands (product measure). `commonality`: what each band alone explains beyond the others, and what each set of bands has in
    /// common that no other band explains; it fits every set of bands, so of four bands at most.
    #[serde(default)]
    #[schemars(extend("x-neutral" = "product"))]
    pub shares: Shares,
    /// The rows that `shares` are of. Absent: test, or under folds those that each fit left out.
    #[serde(default)]
    #[schemars(extend("x-neutral" = null))]
    pub on: Option<On>,
    /// What weightings are drawn from.
    #[serde(default)]
    pub seed: u64,
}

fn hundred() -> Positive {
    Positive::new(100)
}

fn concentrations() -> Vec<f64> {
    vec![0.1, 1.0]
}

/// How bands come together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Method {
    #[default]
    Search,
    Stack,
}

/// How explained variance is split.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Shares {
    #[default]
    Product,
    Commonality,
}

/// The most bands whose every set is fitted.
pub const MOST_SETS: usize = 4;

/// What a band, or a set of bands, has of the explained variance.
pub const SHARE: Measure = Measure {
    name: "share",
    definition: "what the band adds to the explained variance of all bands together; shares of a unit add up to it",
    label: "share of explained variance",
    unit: "fraction of variance",
    share: true,
    weight: Weight::First,
    ..Measure::PLAIN
};

impl NodeKind for BandedRidge {
    const NAME: &'static str = "banded_ridge";
    const VERSION: u32 = 2;
    const ABOUT: &'static str = "Ridge regression on several bands of features, each with a penalty of its own per unit.\n\n\
        A band is what one reference brings: a layer, another network, pixels. Bands are centred by train, and scaled so that each has \
        the same mean square, whatever its width. `search` draws weightings of the bands, and gives each unit the weighting and penalty \
        of least squared error by leave-one-out, which is exact (banded ridge by random search, Dupré la Tour et al. 2022); \
        `stack` adds up one ridge a band. `shares` says what each band explains of held-out rows, by unit.";
    const EXAMPLE: &'static str = "\
banded:
  kind: banded_ridge
  in: { features: { pixels: baseline, layer: layers }, responses: it.responses, split: it.split }
  with: { candidates: 100, shares: commonality }
";
    type Params = Params;
    const INPUTS: &'static [Input] = &[
        Input {
            name: "features",
            types: &[Type::Matrix],
            arity: Arity::Many,
            about: "The bands: two or more matrices whose rows are the same stimuli, best as a map of labels.",
        },
        READOUT_INPUTS[1],
        READOUT_INPUTS[2],
    ];
    const MEASURES: &'static [Measure] = &[SHARE, EXPLAINED_VARIANCE];
    const OUTPUTS: &'static [Output] = &[
        READOUT[0],
        Output {
            name: "fit",
            ty: Type::Fit,
            keyed: None,
            role: None,
            about: "`weights` (columns of all bands × units), `intercept` and train `mean`: `predict` applies it to a `concat` of the \
                    same bands in the same order. Only where it is read.",
        },
        Output {
            name: "weights",
            ty: Type::Table,
            keyed: None,
            role: None,
            about: "A row per unit and band: the band's weight, the penalty α, the penalty that both come to in the features' own \
                    scale, and the variance explained over train rows by leave-one-out.",
        },
        Output {
            name: "shares",
            ty: Type::Table,
            keyed: None,
            role: Some(Role::Shares),
            about: "A row per unit and band (or set of bands): its share of the explained variance, and what all explain.",
        },
    ];
    const LAZY: &'static [&'static str] = &["fit"];
    const FIT: Option<Form> = Some(Form::Weights);
    const THREADS: Threads = Threads::Team;

    fn check(params: &Params) -> Result<(), ParamProblem> {
        if params.concentrations.is_empty() {
            return Err(ParamProblem::at("concentrations", "the list is empty; it holds numbers above 0"));
        }
        if let Some((at, wrong)) = params.concentrations.iter().enumerate().find(|(_, c)| !(c.is_finite() && **c > 0.0))
        {
            let message = format!("{wrong} is no concentration; one is above 0 and finite");
            return Err(ParamProblem::at(format!("concentrations[{at}]"), message));
        }
        if params.method == Method::Stack
            && (params.candidates != hundred() || params.concentrations != concentrations())
        {
            return Err(ParamProblem::at(
                "method",
                "`stack` draws no weightings: `candidates` and `concentrations` belong to `method: search`",
            ));
        }
        Ok(())
    }

    fn stand_ins(_params: &Params, wanted: &BTreeSet<String>) -> Vec<(&'static str, Product)> {
        stand_ins(wanted, Self::LAZY)
    }

    fn fits(params: &Params, ahead: &Ahead<'_>) -> Result<(), Misfit> {
        refuse_nameless("features", ahead)?;
        params.on.map_or(Ok(()), |on| refuse_absent("on", on.asked(), Takes::All, ahead))
    }
}

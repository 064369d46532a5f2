//! `load_units`: what a table says of each unit: its ceiling, region, subject, place.

#[cfg(feature = "torch")]
mod compute;
#[cfg(feature = "torch")]
mod said;
#[cfg(test)]
mod tests;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind::{Arity, Input, Measure, NodeKind, Output, ParamProblem, Role};
use crate::nodes::data::given_ceiling::CeilingIs;
use crate::nodes::data::layout::{Decimal, Order, Separator};
use crate::nodes::measures::EXPLAINABLE;
use crate::value::ty::Type;

/// Loads a table with a row per unit.
pub struct LoadUnits;

/// The parameters of `load_units`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// A table with a row per unit: .csv, .tsv, .parquet, or .npy with records. Of .npz, .h5, .nc, .mat and .safetensors the arrays that
    /// `ceiling`, `region` and `subject` name are its columns, or `key` names the table.
    #[schemars(extend("x-file" = true))]
    pub path: String,
    /// Which array is the table, where the file holds several.
    #[serde(default)]
    pub key: Option<String>,
    /// The names of the units in the order of the table's rows: a CSV with the column `id`, or a text with a name a line.
    #[serde(default)]
    #[schemars(extend("x-file" = true))]
    pub ids: Option<String>,
    /// Which column or array of the file `ids` holds the names; without `ids`, which array of `path`'s own file does.
    #[serde(default)]
    pub ids_key: Option<String>,
    /// Which column names the units; `none` where none does. Unless given, `unit`, else the one that looks like it (voxel_id, neuroid,
    /// channel, …, or the first where it holds texts).
    #[serde(default)]
    pub id_column: Option<String>,
    /// What stands between the cells of a text; unless given, it is read from the text.
    #[serde(default)]
    pub separator: Option<Separator>,
    /// What stands before the fraction of a text's numbers; unless given, it is read from the text.
    #[serde(default)]
    pub decimal: Option<Decimal>,
    /// How rows follow units where only one side has names, and the order of these as texts (1, 10, 2) is not that of their numbers
    /// (1, 2, 10).
    #[serde(default)]
    pub order: Option<Order>,
    /// The column of ceilings; unless given, the one called `ceiling`, or with `ceiling_is` the only one beside those that are something
    /// else.
    #[serde(default)]
    pub ceiling: Option<String>,
    /// What its numbers are: `explained_variance` (a fraction; needless for a column called `ceiling`), `percent`, `correlation` or
    /// `ncsnr` (as NSD gives it; with `repeats`).
    #[serde(default)]
    pub ceiling_is: Option<CeilingIs>,
    /// Of an `ncsnr`: how many trials a response is the mean of. Where stimuli have various, 1 over the mean of 1/n.
    #[serde(default)]
    #[schemars(range(min = 1.0))]
    pub repeats: Option<f64>,
    /// The column of regions; unless given, the one called `region`. Of several columns, each is a region, and marks its units with 1
    /// or True.
    #[serde(default)]
    pub region: Option<RegionColumns>,
    /// The column of subjects; unless given, the one called `subject`.
    #[serde(default)]
    pub subject: Option<String>,
}

/// Where regions stand: in a column, or in one each.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
pub enum RegionColumns {
    Named(String),
    Marked(Vec<String>),
}

impl NodeKind for LoadUnits {
    const NAME: &'static str = "load_units";
    const VERSION: u32 = 1;
    const ABOUT: &'static str = "What a table says of each unit: its ceiling, region, subject, place.\n\n\
        Rows are joined to the units of `responses` by name where both have names; every unit needs a row. Where one side has none, \
        by position, which is refused where counts differ or the names' order leaves a choice; a note says so. `units` is a ceiling as \
        `evaluate` and `select_units` take it, where the table has one: a fraction of the variance of mean responses, into which \
        other forms are turned. `responses` are the same responses with regions, subjects and all other columns attached, so that \
        `select_units` chooses by them and the scores of `evaluate` have them. Which stimuli a given ceiling was estimated from is not \
        known: choosing units by it leaves no mark.";
    const EXAMPLE: &'static str = "units:\n  kind: load_units\n  in: { responses: v4.responses }\n  \
        with: { path: data/voxel_metadata.csv, ceiling: ncsnr, ceiling_is: ncsnr, repeats: 3, region: roi }\n";
    type Params = Params;
    const INPUTS: &'static [Input] =
        &[Input { name: "responses", types: &[Type::Responses], arity: Arity::One, about: "Whose units they are." }];
    const MEASURES: &'static [Measure] = &[EXPLAINABLE];
    const OUTPUTS: &'static [Output] = &[
        Output {
            name: "units",
            ty: Type::Table,
            keyed: None,
            role: Some(Role::Ceiling),
            about: "A row per unit: unit; where the table has them ceiling, region, subject; then its other columns.",
        },
        Output {
            name: "responses",
            ty: Type::Responses,
            keyed: None,
            role: None,
            about: "The responses with what the table says of their units.",
        },
    ];
    const LAZY: &'static [&'static str] = &["responses"];

    fn check(params: &Params) -> Result<(), ParamProblem> {
        let Params { ceiling, ceiling_is, repeats, region, .. } = params;
        if let (Some(column), None) = (ceiling, ceiling_is)
            && column != EXPLAINABLE.name
        {
            return Err(ParamProblem::at(
                "ceiling_is",
                format!("what `{column}` is must be said: `explained_variance`, `percent`, `correlation` or `ncsnr`"),
            ));
        }
        match (ceiling_is, repeats) {
            (Some(CeilingIs::Ncsnr), None) => {
                return Err(ParamProblem::at(
                    "repeats",
                    "an `ncsnr` needs `repeats`: how many trials a response is the mean of",
                ));
            }
            (Some(CeilingIs::Ncsnr), Some(n)) if !(n.is_finite() && *n >= 1.0) => {
                return Err(ParamProblem::at("repeats", format!("{n} is no number of trials, which is 1 at least")));
            }
            (Some(CeilingIs::Ncsnr), _) | (_, None) => {}
            _ => return Err(ParamProblem::at("repeats", "`repeats` is for `ceiling_is: ncsnr`")),
        }
        match region {
            Some(RegionColumns::Marked(columns)) if columns.is_empty() => {
                Err(ParamProblem::at("region", "the list is empty; it names a column for each region"))
            }
            _ => Ok(()),
        }
    }
}

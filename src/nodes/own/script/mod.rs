//! The kind `script`: a program of one's own as a cached node.

#[cfg(feature = "torch")]
mod compute;
#[cfg(feature = "torch")]
mod folder;
#[cfg(feature = "torch")]
mod given;
#[cfg(feature = "torch")]
mod promised;
#[cfg(feature = "torch")]
mod started;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::kind::shape::Given;
use crate::kind::{Input, NodeKind, Output, ParamProblem, Role, shape};
use crate::value::ty::Type;

/// A step of one's own.
pub struct Script;

/// The parameters of `script`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// The command and its arguments, without a shell: `[python3, scripts/my_metric.py]`. What has a `/`, or ends as scripts do (.py, .R, .jl),
    /// is a file of the workspace and counts by its content; other words count as they are written.
    #[schemars(extend("items" = { "type": "string", "x-file": true, "x-where": "command" }))]
    pub run: Vec<String>,
    /// What the program is told beside its inputs: any map.
    #[serde(default)]
    #[schemars(extend("x-neutral" = {}))]
    pub params: Map<String, Json>,
    /// Further files whose content counts, such as modules that the script imports.
    #[serde(default)]
    #[schemars(extend("x-neutral" = [], "items" = { "type": "string", "x-file": true }))]
    pub reads: Vec<String>,
    /// A lock file of the program's environment (requirements.txt, env.lock, renv.lock), whose content counts.
    #[serde(default)]
    #[schemars(extend("x-file" = true, "x-neutral" = null))]
    pub env: Option<String>,
    /// The rows whose responses and labels the program is given: `train`, `val`, `all`, or `none`. Under folds and draws it runs once for
    /// each.
    #[serde(default)]
    #[schemars(extend("x-neutral" = "train"))]
    pub sees: Sees,
    /// What it gives, by name: `matrix`, `table`, or `{ type: table, role: scores }` where a chart should draw it.
    pub gives: BTreeMap<String, Promise>,
    /// Whether each row that it gives is made of that row of its inputs and what it saw alone; then other rows do not count as fitted on. It is
    /// checked by running it again on half of the rows. By default where it is given no responses and no labels.
    #[serde(default)]
    #[schemars(extend("x-neutral" = null))]
    pub rowwise: Option<bool>,
    /// Runs it twice, and refuses what differs.
    #[serde(default)]
    #[schemars(extend("x-neutral" = false))]
    pub check_twice: bool,
    /// How inputs and outputs are handed over: `arrays` (.safetensors and .parquet), or `csv` for programs that read no others.
    #[serde(default)]
    #[schemars(extend("x-neutral" = "arrays"))]
    pub exchange: Exchange,
    /// What it finds as `VENTRAL_SEED`; the recipe's seed unless given.
    #[serde(default)]
    pub seed: u64,
}

/// Rows whose responses and labels a program is given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Sees {
    #[default]
    Train,
    Val,
    All,
    None,
}

/// How values are handed over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Exchange {
    #[default]
    Arrays,
    Csv,
}

/// What is promised under a name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
pub enum Promise {
    Plain(Promised),
    Drawn {
        #[serde(rename = "type")]
        ty: Promised,
        /// What a chart takes it for.
        role: Drawn,
    },
}

/// The type of what is promised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Promised {
    /// Rows × columns of numbers, a row per stimulus.
    Matrix,
    /// Columns of numbers and words.
    Table,
    /// Responses, a row per stimulus and a column per unit.
    Responses,
}

/// What a chart takes an output for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Drawn {
    /// Of a table: a row per unit, with a column `unit` and one of numbers per measure.
    Scores,
    /// Of a matrix: predicted responses.
    Predictions,
}

impl Promise {
    fn ty(&self) -> Promised {
        match self {
            Self::Plain(ty) | Self::Drawn { ty, .. } => *ty,
        }
    }

    fn role(&self) -> Option<Drawn> {
        match self {
            Self::Plain(_) => None,
            Self::Drawn { role, .. } => Some(*role),
        }
    }
}

/// The output ports, in the order in which the recipe names them.
fn ports(params: &Json) -> Vec<Given> {
    let Some(gives) = params.get("gives").and_then(Json::as_object) else { return Vec::new() };
    gives
        .iter()
        .filter_map(|(name, promise)| Some((name, Promise::deserialize(promise).ok()?)))
        .map(|(name, promise)| {
            let ty = match promise.ty() {
                Promised::Matrix => Type::Matrix,
                Promised::Table => Type::Table,
                Promised::Responses => Type::Responses,
            };
            let role = promise.role().map(|role| match role {
                Drawn::Scores => Role::Scores,
                Drawn::Predictions => Role::Predictions,
            });
            Given { name: name.clone(), ty, role }
        })
        .collect()
}

impl NodeKind for Script {
    const NAME: &'static str = "script";
    const VERSION: u32 = 1;
    const ABOUT: &'static str = "A program of one's own as a cached node: a metric, a preprocessing, a readout, in any language.\n\n\
        It finds its inputs as files, with a JSON document that lists them (`VENTRAL_JOB`), and writes what it promised; docs/own-steps.md says \
        how, and in Python `ventral_studies.node()` does it. It runs again when its command, the content of its script, of `reads` or `env`, \
        its params or its inputs change, and never otherwise. Of responses and labels it is given only the rows that `sees` names, and what it \
        gives counts as fitted on every row that it was given anything of, unless `rowwise`: `evaluate` refuses such rows as it does for any fit.";
    const EXAMPLE: &'static str = "\
smoothed:
  kind: script
  in: { features: layers }
  with:
    run: [python3, scripts/smooth.py]
    params: { sigma: 2.0 }
    sees: none
    gives: { smoothed: matrix }
";
    type Params = Params;
    const INPUTS: &'static [Input] = &[];
    const OUTPUTS: &'static [Output] = &[Output {
        name: "output",
        ty: Type::Table,
        keyed: None,
        role: None,
        about: "Ports are those that `gives` names, and inputs those that `in` names: matrices, responses, labels, a split, tables, dissimilarities.",
    }];
    const SHAPE: Option<shape::Reader> = Some(ports);

    fn check(params: &Params) -> Result<(), ParamProblem> {
        if params.run.is_empty() {
            return Err(ParamProblem::at(
                "run",
                "the list is empty; it is a command and its arguments, as in `[python3, scripts/x.py]`",
            ));
        }
        if params.gives.is_empty() {
            return Err(ParamProblem::at(
                "gives",
                "nothing is promised; name what it gives, as in `{ smoothed: matrix }`",
            ));
        }
        for (name, promise) in &params.gives {
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
            if name.is_empty() || !name.chars().all(plain) {
                return Err(ParamProblem::at(
                    "gives",
                    format!("`{name}` cannot name an output; a name has letters, digits and `_`"),
                ));
            }
            let fits = match promise.role() {
                Some(Drawn::Scores) => promise.ty() == Promised::Table,
                Some(Drawn::Predictions) => promise.ty() == Promised::Matrix,
                None => true,
            };
            if !fits {
                return Err(ParamProblem::at(
                    format!("gives.{name}"),
                    "`scores` are a table, and `predictions` a matrix",
                ));
            }
        }
        Ok(())
    }
}

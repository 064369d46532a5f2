//! Toy kinds for the tests of recipes: named, connected and parametrised like those that ship, computing nothing.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ventral::kind::registry::Registry;
use ventral::kind::{Arity, Input, Kind, NodeKind, Output, ParamProblem};
use ventral::value::ty::Type;

/// The toy kinds.
pub fn registry() -> Registry {
    let mut registry = Registry::new();
    registry.add(Kind::described::<LoadMajaj>("data"));
    registry.add(Kind::described::<LoadRecordings>("data"));
    registry.add(Kind::described::<Split>("data"));
    registry.add(Kind::described::<ExtractLayer>("features"));
    registry.add(Kind::described::<Concat>("features"));
    registry.add(Kind::described::<Pca>("features"));
    registry.add(Kind::described::<Ridge>("regression"));
    registry.add(Kind::described::<NoiseCeiling>("evaluation"));
    registry.add(Kind::described::<Evaluate>("evaluation"));
    registry.add(Kind::described::<Compare>("evaluation"));
    registry
}

const fn input(name: &'static str, types: &'static [Type], arity: Arity, about: &'static str) -> Input {
    Input { name, types, arity, about }
}

const fn output(name: &'static str, ty: Type, about: &'static str) -> Output {
    Output { name, ty, keyed: None, role: None, about }
}

const IMAGES: Output = output("images", Type::Images, "The pictures.");
const RESPONSES: Output = output("responses", Type::Responses, "What the units did.");
const LABELS: Output = output("labels", Type::Labels, "What the pictures show.");
const SPLIT_IN: Input = input("split", &[Type::Split], Arity::One, "Which rows fit.");
const RESPONSES_IN: Input = input("responses", &[Type::Responses], Arity::One, "What the units did.");

macro_rules! kind {
    // A macro, since a trait's constants cannot be passed to a function.
    ($kind:ident, $name:literal, $params:ty, $inputs:expr, $outputs:expr, $about:literal $(, $($rest:item)*)?) => {
        pub struct $kind;
        impl NodeKind for $kind {
            const NAME: &'static str = $name;
            const VERSION: u32 = 1;
            const ABOUT: &'static str = $about;
            const EXAMPLE: &'static str = concat!("n: { kind: ", $name, " }\n");
            type Params = $params;
            const INPUTS: &'static [Input] = $inputs;
            const OUTPUTS: &'static [Output] = $outputs;
            $($($rest)*)?
        }
    };
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoParams {}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LoadMajajParams {
    /// The HDF5 file.
    #[schemars(extend("x-file" = true))]
    path: String,
}

kind!(
    LoadMajaj,
    "load_majaj",
    LoadMajajParams,
    &[],
    &[IMAGES, RESPONSES, LABELS, output("split", Type::Split, "The split of the file.")],
    "The course's IT recordings."
);

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Layout {
    /// A row per unit.
    UnitsByStimuli,
    /// A row per stimulus.
    StimuliByUnits,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LoadRecordingsParams {
    /// A folder or zip of images.
    #[schemars(extend("x-file" = true))]
    images: String,
    /// The array of responses.
    #[schemars(extend("x-file" = true))]
    responses: String,
    /// How the array lies.
    layout: Layout,
    /// What images are resized to.
    #[serde(default)]
    #[schemars(range(min = 8, max = 2048), extend("x-unit" = "pixels"))]
    image_size: Option<u32>,
}

kind!(
    LoadRecordings,
    "load_recordings",
    LoadRecordingsParams,
    &[],
    &[IMAGES, RESPONSES, LABELS],
    "Images and recorded responses."
);

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SplitParams {
    /// The fraction that is held out to test.
    #[serde(default)]
    test: Option<Fraction>,
    /// The number of folds.
    #[serde(default)]
    #[schemars(range(min = 2))]
    folds: Option<u32>,
    /// What the draw depends on.
    #[serde(default)]
    seed: u64,
}

/// A fraction that enforces its bounds.
#[derive(Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "f64", into = "f64")]
pub struct Fraction(#[schemars(range(min = 0.0, max = 1.0))] f64);

impl TryFrom<f64> for Fraction {
    type Error = String;

    fn try_from(number: f64) -> Result<Self, String> {
        if (0.0..1.0).contains(&number) {
            Ok(Self(number))
        } else {
            Err(format!("{number} is out of range; a fraction runs from 0 to below 1"))
        }
    }
}

impl From<Fraction> for f64 {
    fn from(fraction: Fraction) -> Self {
        fraction.0
    }
}

kind!(
    Split,
    "split",
    SplitParams,
    &[
        input("rows", &[Type::Images, Type::Responses, Type::Matrix], Arity::One, "The stimuli to assign."),
        input("labels", &[Type::Labels], Arity::Optional, "Objects that share fairly."),
    ],
    &[output("split", Type::Split, "A part per stimulus.")],
    "A hold-out, or folds.",
    fn check(params: &SplitParams) -> Result<(), ParamProblem> {
        match (params.test.is_some(), params.folds.is_some()) {
            (false, false) => Err(ParamProblem::at("", "says nothing; give `test` or `folds`".to_owned())),
            (true, true) => {
                Err(ParamProblem::at("folds", "excludes `test`; a split holds out or takes turns".to_owned()))
            }
            _ => Ok(()),
        }
    }
);

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExtractLayerParams {
    /// The architecture.
    model: String,
    /// A file of weights, or `random`.
    #[serde(default = "random")]
    #[schemars(extend("x-file" = true, "x-words" = ["random"]))]
    weights: String,
    /// The layers to read.
    layers: Vec<String>,
    /// What the draw of random weights depends on.
    #[serde(default)]
    seed: u64,
}

fn random() -> String {
    "random".to_owned()
}

kind!(
    ExtractLayer,
    "extract_layer",
    ExtractLayerParams,
    &[
        input("images", &[Type::Images], Arity::One, "What the network sees."),
        input("network", &[Type::Network], Arity::Optional, "A trained network, instead of `weights`."),
    ],
    &[Output { name: "activations", ty: Type::Matrix, keyed: Some("layer"), role: None, about: "A row per image." }],
    "Activations of a network's layers.\n\nEach layer is a matrix of its own.",
    fn entries(params: &ExtractLayerParams) -> Vec<String> {
        params.layers.clone()
    }
);

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConcatParams {
    /// Whether each is scaled first.
    #[serde(default)]
    scaled: bool,
}

kind!(
    Concat,
    "concat",
    ConcatParams,
    &[input("features", &[Type::Matrix], Arity::Many, "What stands side by side.")],
    &[output("features", Type::Matrix, "All columns.")],
    "Several features side by side."
);

#[derive(Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Solver {
    #[default]
    Auto,
    Exact,
    Randomized,
    Linfa,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PcaParams {
    /// How many components to keep.
    #[schemars(range(min = 1))]
    components: u32,
    /// How they are found.
    #[serde(default)]
    solver: Solver,
    /// What random directions depend on.
    #[serde(default)]
    seed: u64,
}

kind!(
    Pca,
    "pca",
    PcaParams,
    &[input("features", &[Type::Matrix], Arity::One, "What is reduced."), SPLIT_IN],
    &[
        output("scores", Type::Matrix, "Rows along the components."),
        output("components", Type::Matrix, "The directions."),
        output("spectrum", Type::Table, "Their variances."),
        output("fit", Type::Fit, "Means and directions."),
    ],
    "Exact principal components, fitted on train."
);

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RidgeParams {
    /// The penalties to try.
    #[serde(default)]
    alphas: Option<Vec<f64>>,
    /// Folds to choose penalties by; absent means leave-one-out.
    #[serde(default)]
    folds: Option<u32>,
}

kind!(
    Ridge,
    "ridge",
    RidgeParams,
    &[input("features", &[Type::Matrix], Arity::One, "What predicts."), RESPONSES_IN, SPLIT_IN],
    &[
        output("predictions", Type::Matrix, "A row per stimulus."),
        output("fit", Type::Fit, "Weights."),
        output("alphas", Type::Table, "Penalties chosen."),
    ],
    "Ridge with one penalty per unit."
);

kind!(
    NoiseCeiling,
    "noise_ceiling",
    NoParams,
    &[RESPONSES_IN],
    &[output("ceiling", Type::Table, "A row per unit.")],
    "Reliability from repeats."
);

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum On {
    Train,
    Val,
    Test,
    Folds,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EvaluateParams {
    /// The rows that are scored.
    on: On,
}

kind!(
    Evaluate,
    "evaluate",
    EvaluateParams,
    &[
        input("predictions", &[Type::Matrix], Arity::One, "What was predicted."),
        RESPONSES_IN,
        SPLIT_IN,
        input("ceiling", &[Type::Table], Arity::Optional, "What can be explained."),
    ],
    &[output("per_unit", Type::Table, "A row per unit."), output("summary", Type::Table, "A row per measure.")],
    "Scores per unit and summarised."
);

kind!(
    Compare,
    "compare",
    NoParams,
    &[input("scores", &[Type::Table], Arity::Many, "What is compared.")],
    &[
        output("table", Type::Table, "A row per variant and measure."),
        output("per_unit", Type::Table, "A row per unit.")
    ],
    "Scores of several nodes or variants."
);

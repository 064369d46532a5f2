//! Small kinds for the tests of recipes: named and connected as those that ship declare it, with few parameters, computing nothing.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ventral::kind::registry::Registry;
use ventral::kind::{Input, Kind, Measure, NodeKind, Output, ParamProblem};
use ventral::nodes;

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

macro_rules! kind {
    // A macro, since a trait's constants cannot be passed to a function.
    ($kind:ident, $real:ty, $params:ty, $about:literal $(, $($rest:item)*)?) => {
        pub struct $kind;
        impl NodeKind for $kind {
            const NAME: &'static str = <$real as NodeKind>::NAME;
            const VERSION: u32 = 1;
            const ABOUT: &'static str = $about;
            const EXAMPLE: &'static str = <$real as NodeKind>::EXAMPLE;
            type Params = $params;
            const INPUTS: &'static [Input] = <$real as NodeKind>::INPUTS;
            const OUTPUTS: &'static [Output] = <$real as NodeKind>::OUTPUTS;
            const MEASURES: &'static [Measure] = <$real as NodeKind>::MEASURES;
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

kind!(LoadMajaj, nodes::data::load_majaj::LoadMajaj, LoadMajajParams, "The course's IT recordings.");

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
    nodes::data::load_recordings::LoadRecordings,
    LoadRecordingsParams,
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
    nodes::data::split::Split,
    SplitParams,
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
    nodes::features::extract_layer::ExtractLayer,
    ExtractLayerParams,
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

kind!(Concat, nodes::features::concat::Concat, ConcatParams, "Several features side by side.");

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

kind!(Pca, nodes::regression::pca::Pca, PcaParams, "Exact principal components, fitted on train.");

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

kind!(Ridge, nodes::regression::ridge::Ridge, RidgeParams, "Ridge with one penalty per unit.");

kind!(NoiseCeiling, nodes::evaluation::noise_ceiling::NoiseCeiling, NoParams, "Reliability from repeats.");

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

kind!(Evaluate, nodes::evaluation::evaluate::Evaluate, EvaluateParams, "Scores per unit and summarised.");

kind!(Compare, nodes::evaluation::compare::Compare, NoParams, "Scores of several nodes or variants.");

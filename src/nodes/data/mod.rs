//! Kinds of the domain `data`: where stimuli, responses and features come from, and how they are split.

pub mod load_features;
pub mod load_majaj;
pub mod load_recordings;
#[cfg(feature = "torch")]
mod recorded;
pub mod split;
#[cfg(feature = "torch")]
mod synthetic;
pub mod synthetic_it;
#[cfg(all(test, feature = "torch"))]
pub(super) mod testing;

use crate::kind::registry::Registry;
#[cfg(feature = "torch")]
use crate::value::Value;
#[cfg(feature = "torch")]
use crate::value::stimuli::Stimuli;

pub(super) fn register(registry: &mut Registry) {
    crate::nodes::register!(registry, "data":
        load_features::LoadFeatures,
        load_majaj::LoadMajaj,
        load_recordings::LoadRecordings,
        split::Split,
        synthetic_it::SyntheticIt,
    );
}

/// What units are called that have no names: `unit_001` and so on.
#[cfg(feature = "torch")]
fn unit_names(count: usize) -> Vec<String> {
    (1..=count).map(|unit| format!("unit_{unit:03}")).collect()
}

/// The stimuli of whatever arrives at a port that takes rows of several types.
#[cfg(feature = "torch")]
fn stimuli_of(value: &Value, port: &str) -> Result<Stimuli, String> {
    match value {
        Value::Images(images) => Ok(images.about.stimuli.clone()),
        Value::Responses(responses) => Ok(responses.about.stimuli.clone()),
        Value::Labels(labels) => Ok(labels.stimuli.clone()),
        Value::Matrix(matrix) => matrix.stimuli(port).cloned(),
        other => Err(format!("`{port}` takes rows with stimuli, but {} arrives", other.ty())),
    }
}

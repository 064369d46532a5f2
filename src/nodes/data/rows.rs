//! Whose rows a value has, and what units are called that have no names.

use crate::value::Value;
use crate::value::stimuli::Stimuli;

/// What units are called that have no names: `unit_001` and so on.
pub fn unit_names(count: usize) -> Vec<String> {
    (1..=count).map(|unit| format!("unit_{unit:03}")).collect()
}

/// The stimuli of whatever arrives at a port that takes rows of several types.
pub fn stimuli_of(value: &Value, port: &str) -> Result<Stimuli, String> {
    match value {
        Value::Images(images) => Ok(images.about.stimuli.clone()),
        Value::Responses(responses) => Ok(responses.about.stimuli.clone()),
        Value::Labels(labels) => Ok(labels.stimuli.clone()),
        Value::Matrix(matrix) => matrix.stimuli(port).cloned(),
        other => Err(format!("`{port}` takes rows with stimuli, but {} arrives", other.ty())),
    }
}

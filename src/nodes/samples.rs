//! Small inputs that the kinds' golden samples are made of.

use ndarray::{Array2, Array3, Axis};
use serde_json::{Value as Json, json};

use crate::nodes::evaluation::evaluate::Evaluate;
use crate::nodes::evaluation::noise_ceiling::NoiseCeiling;
use crate::nodes::testing::{Inputs, about, hold_out, inputs, matrix, responses, stimuli};
use crate::value::Value;
use crate::value::images::Images;
use crate::value::labels::Labels;
use crate::value::responses::Responses;

/// Rows of most samples.
pub const ROWS: usize = 24;

/// Their split.
pub fn split() -> Value {
    hold_out(&stimuli(ROWS), "tttttttttttttttttvvveeee")
}

/// Their features, of 6 columns.
pub fn x() -> Value {
    matrix(&stimuli(ROWS), features(ROWS, 6))
}

/// Predictions of three units.
pub fn predictions() -> Value {
    matrix(&stimuli(ROWS), features(ROWS, 3))
}

/// What a readout is given.
pub fn readout() -> Inputs {
    let y = responses(&stimuli(ROWS), features(ROWS, 9).slice(ndarray::s![.., 6..]).to_owned());
    inputs().value("features", &x()).value("responses", &y).value("split", &split())
}

/// What scores are made of, for some predictions.
pub fn evaluated(predictions: &Value) -> Inputs {
    let ceiling = inputs().value("responses", &repeats(ROWS)).run::<NoiseCeiling>(json!({ "seed": 1 })).unwrap();
    let given = inputs().value("predictions", predictions).value("responses", &repeats(ROWS));
    given.value("ceiling", &ceiling.value("ceiling")).value("split", &split())
}

/// Scores per unit of some predictions.
pub fn scores(predictions: &Value, on: &str) -> Value {
    evaluated(predictions).run::<Evaluate>(json!({ "on": on })).unwrap().value("per_unit")
}

/// Smooth numbers without a pattern that PCA would find.
pub fn features(rows: usize, columns: usize) -> Array2<f32> {
    Array2::from_shape_fn((rows, columns), |(i, j)| ((i * 7 + j * 13 + i * j * 3) as f32 * 0.37).sin())
}

/// Responses of three units with four repeats.
pub fn repeats(rows: usize) -> Value {
    let x = features(rows, 5);
    let repeats =
        Array3::from_shape_fn((rows, 3, 4), |(i, unit, r)| x[[i, unit]] + 0.3 * x[[(i + r * 5) % rows, 3 + unit % 2]]);
    Value::Responses(Responses::new(about(&stimuli(rows), 3), repeats.mean_axis(Axis(2)).unwrap(), Some(repeats)))
}

/// Six pictures of 32 × 32.
pub fn pictures() -> Value {
    let pixels = (0..6 * 32 * 32 * 3).map(|at: usize| ((at * at) / 97 % 256) as u8).collect();
    Value::Images(Images::rendered(stimuli(6), (32, 32), pixels))
}

/// Sixteen pictures with responses and labels, as far as they are asked for.
pub fn training(ports: &[&str]) -> Inputs {
    let rows = stimuli(16);
    let pixels = (0..16 * 16 * 16 * 3).map(|at: usize| ((at * at) / 97 % 256) as u8).collect();
    let object = (0..16).map(|row| ["car", "face"][row % 2].to_owned()).collect();
    let labels = Value::Labels(Labels { stimuli: rows.clone(), object, category: None });
    let images = Value::Images(Images::rendered(rows.clone(), (16, 16), pixels));
    let given = inputs().value("images", &images).value("split", &hold_out(&rows, "ttttttttttttvvee"));
    ports.iter().fold(given, |given, &port| match port {
        "labels" => given.value(port, &labels),
        _ => given.value(port, &responses(&rows, features(16, 3))),
    })
}

/// A training of moments.
pub fn tiny(more: Json) -> Json {
    let mut params = json!({
        "architecture": { "blocks": [{ "channels": 4, "kernel": 3, "stride": 2, "dropout": 0.1 }, { "channels": 4, "pool": 2 }] },
        "epochs": 2, "batch": 4, "augment": { "flip": true, "shift": 1, "brightness": 0.1 }, "seed": 3
    });
    for (name, value) in more.as_object().expect("a map") {
        params[name] = value.clone();
    }
    params
}

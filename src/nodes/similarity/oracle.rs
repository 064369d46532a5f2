//! Patterns and what rsatoolbox makes of them: tests/oracles/similarity.py made both.

use ndarray::{Array2, Array3, ArrayD};
use serde_json::Value as Json;

use crate::formats::npy::read_npz;
use crate::nodes::fixtures::fixture;

/// What the peer made.
pub fn numbers() -> Json {
    let text = std::fs::read_to_string(fixture("../oracles").join("similarity.json")).expect("the oracle");
    serde_json::from_str(&text).expect("JSON")
}

fn array(key: &str) -> ArrayD<f32> {
    let array =
        read_npz(&fixture("../oracles").join("similarity.npz"), Some(key), None).expect("the oracle's patterns");
    ArrayD::from_shape_vec(array.shape, array.data).expect("as many numbers")
}

/// Stimuli × columns.
pub fn patterns(key: &str) -> Array2<f32> {
    array(key).into_dimensionality().expect("two axes")
}

/// Responses of a subject: stimuli × units × repeats.
pub fn repeats(subject: usize) -> Array3<f32> {
    array("repeats").index_axis(ndarray::Axis(0), subject).to_owned().into_dimensionality().expect("three axes")
}

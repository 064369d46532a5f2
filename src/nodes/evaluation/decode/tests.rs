//! Classes at the corners of a triangle, told apart by hand.

use super::Decode;
use crate::nodes::golden::{Golden, Sample};
use crate::nodes::samples;
use crate::nodes::testing::{Inputs, folds, hold_out, inputs, matrix, responses, stimuli};
use crate::value::Value;
use crate::value::labels::Labels;
use crate::value::lineage::{Exposure, Lineage};
use crate::value::matrix::{About, Matrix};
use ndarray::Array2;
use serde_json::json;

impl Golden for Decode {
    fn golden() -> Sample {
        let objects: Vec<&str> = (0..samples::ROWS).map(|row| ["car", "face"][row % 2]).collect();
        let given = inputs().value("features", &samples::x()).value("labels", &labels(&objects));
        (given.value("split", &samples::split()), json!({ "on": "test", "iterations": 30 }))
    }
}

fn labels(names: &[&str]) -> Value {
    let object = names.iter().map(|&name| name.to_owned()).collect();
    Value::Labels(Labels { stimuli: stimuli(names.len()), object, category: None })
}

/// Three classes at the corners of a triangle.
fn corners() -> (Array2<f32>, Vec<&'static str>) {
    let x = Array2::from_shape_fn((12, 2), |(row, column)| {
        let corner = [[0.0, 0.0], [4.0, 0.0], [0.0, 4.0]][row % 3][column];
        corner + ((row * 5 + column * 3) as f32).sin() * 0.2
    });
    (x, (0..12).map(|row| ["car", "face", "boat"][row % 3]).collect())
}

fn job(parts: &str) -> Inputs {
    let (x, names) = corners();
    let rows = stimuli(12);
    inputs()
        .value("features", &matrix(&rows, x))
        .value("labels", &labels(&names))
        .value("split", &hold_out(&rows, parts))
}

#[test]
fn what_lies_apart_is_told_apart() {
    let made = job("ttttttttteee").run::<Decode>(json!({ "on": "test" })).unwrap();
    assert_eq!(made.texts("summary", "measure"), ["accuracy", "balanced_accuracy", "chance"]);
    let values = made.numbers("summary", "value");
    assert_eq!((values[0], values[1], values[2]), (1.0, 1.0, 1.0 / 3.0));
    assert_eq!(made.texts("confusion", "true"), ["boat", "car", "face"]);
    assert_eq!(made.texts("confusion", "predicted"), ["boat", "car", "face"]);
    let probabilities = made.matrix("probabilities");
    assert_eq!(probabilities.about.columns.clone().unwrap(), ["boat", "car", "face"]);
    assert!(probabilities.view().outer_iter().all(|row| (row.sum() - 1.0).abs() < 1e-5));
    assert_eq!(made.table("summary").about.lineage.fitted[0].len(), 9);
    let (x, _) = corners();
    let again = inputs()
        .value("features", &matrix(&stimuli(12), x))
        .value("model", &made.value("fit"))
        .run::<crate::nodes::evaluation::predict::Predict>(json!({}))
        .unwrap();
    let difference = &again.matrix("predictions").view() - &probabilities.view();
    assert!(difference.iter().all(|d| d.abs() < 1e-4), "the fit gives the same probabilities");
}

#[test]
fn a_class_head_is_scored_as_it_is() {
    let rows = stimuli(4);
    let p = ndarray::array![[0.9, 0.1], [0.2, 0.8], [0.7, 0.3], [0.6, 0.4]];
    let about = About { stimuli: Some(rows.clone()), columns: Some(vec!["b".into(), "a".into()]), ..About::default() };
    let made = inputs()
        .value("probabilities", &Value::Matrix(Matrix::new(p, about)))
        .value("labels", &labels(&["b", "a", "a", "b"]))
        .value("split", &hold_out(&rows, "teee"))
        .run::<Decode>(json!({ "on": "test" }))
        .unwrap();
    // Of a, a and b, the first and the last are right; train shows only b.
    assert!((made.numbers("summary", "value")[0] - 2.0 / 3.0).abs() < 1e-12);
    assert!((made.numbers("summary", "value")[1] - 0.75).abs() < 1e-12);
    assert!((made.numbers("summary", "value")[2] - 1.0 / 3.0).abs() < 1e-12);
    assert!(!made.has("fit"));
}

#[test]
fn responses_decode_and_folds_pool_what_they_held_out() {
    let (x, names) = corners();
    let rows = stimuli(12);
    let made = inputs()
        .value("features", &responses(&rows, x))
        .value("labels", &labels(&names))
        .value("split", &folds(&rows, 4))
        .run::<Decode>(json!({ "on": "folds" }))
        .unwrap();
    assert_eq!(made.keys("fit"), ["0", "1", "2", "3"]);
    assert_eq!(made.table("summary").about.facts["rows_scored"], json!(12));
    assert_eq!(made.numbers("summary", "value")[0], 1.0);
}

#[test]
fn what_cannot_be_decoded_is_refused_in_words() {
    let refusal = |given: Inputs, params| given.refusal::<Decode>(params).message;
    let rows = stimuli(12);
    let (x, names) = corners();
    let one = inputs()
        .value("features", &matrix(&rows, x.clone()))
        .value("labels", &labels(&["car"; 12]))
        .value("split", &hold_out(&rows, "ttttttttteee"));
    assert!(refusal(one, json!({ "on": "test" })).starts_with("all rows of `labels` show one class, `car` (12 rows)"));
    let category = json!({ "on": "test", "label": "category" });
    assert!(refusal(job("ttttttttteee"), category).contains("names objects but no categories"));
    assert!(refusal(job("ttttttttteee"), json!({ "on": "test", "alpha": 0.0 })).starts_with("0 is out of range"));
    let lineage = Lineage::default().fitted_on(Exposure::new("pca", &rows, &[10]));
    let seen = Matrix::new(x, About { stimuli: Some(rows.clone()), lineage, ..About::default() });
    let leak = inputs()
        .value("features", &Value::Matrix(seen))
        .value("labels", &labels(&names))
        .value("split", &hold_out(&rows, "ttttttttteee"));
    assert!(refusal(leak, json!({ "on": "test" })).starts_with("1 of 3 test rows were seen by `pca`"));
}

#[test]
fn classes_that_no_train_row_shows_are_told() {
    let (x, names) = corners();
    let rows = stimuli(12);
    let given = |names: &[&str], parts: &str| {
        inputs()
            .value("features", &matrix(&rows, x.clone()))
            .value("labels", &labels(names))
            .value("split", &hold_out(&rows, parts))
    };
    let each: Vec<String> = (0..12).map(|row| format!("picture {row}")).collect();
    let each: Vec<&str> = each.iter().map(String::as_str).collect();
    let refusal = given(&each, "ttttttttteee").refusal::<Decode>(json!({ "on": "test" })).message;
    assert!(
        refusal.starts_with("none of the 3 scored rows is of a class that a train row shows (`picture 9`, for one"),
        "{refusal}"
    );
    given(&each, "ttttttttteee").run::<Decode>(json!({ "on": "train" })).expect("each train row's class is known");
    let mut some: Vec<&str> = names.iter().map(|name| &**name).collect();
    some[10] = "plane";
    let made = given(&some, "ttttttttteee").run::<Decode>(json!({ "on": "test" })).expect("the others can be told");
    let note = "1 of 3 scored rows are of classes that no train row shows (such as `plane`), and cannot be told right";
    assert!(made.notes.iter().any(|one| one == note), "{:?}", made.notes);
    // A class that a fold leaves out is one row of many.
    let turns = inputs()
        .value("features", &matrix(&rows, x.clone()))
        .value("labels", &labels(&some))
        .value("split", &folds(&rows, 12));
    turns.run::<Decode>(json!({ "on": "folds" })).expect("eleven rows can be told");
}

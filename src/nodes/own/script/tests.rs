//! A program that gives a table, and promises that cannot be.

use serde_json::json;

use super::Script;
use crate::kind::NodeKind;
use crate::nodes::fixtures::fixture;
use crate::nodes::golden::{Golden, Sample};
use crate::nodes::samples;
use crate::nodes::testing::{Inputs, inputs};

/// A program in the shell's language, which is everywhere: it gives the first column of its rows as a table.
fn started() -> Inputs {
    inputs().value("features", &samples::x()).file("run.1", fixture("own_step.sh"))
}

fn params(gives: serde_json::Value) -> serde_json::Value {
    json!({ "run": ["sh", "./own_step.sh"], "sees": "none", "exchange": "csv", "gives": gives })
}

impl Golden for Script {
    fn golden() -> Sample {
        (started(), params(json!({ "output": "table" })))
    }
}

#[test]
fn a_program_is_told_its_inputs_and_its_words_are_heard() {
    let made = started().run::<Script>(params(json!({ "output": "table" }))).unwrap();
    assert_eq!(made.notes, ["it has 24 rows"]);
    assert_eq!(made.numbers("output", "first").len(), 24);
    let error = started().refusal::<Script>(params(json!({ "other": "matrix" }))).message;
    assert!(error.starts_with("`gives` promises `other`, and the program wrote none of other.safetensors"), "{error}");
}

#[test]
fn what_cannot_be_promised_is_refused() {
    let check =
        |params: serde_json::Value| Script::check(&serde_json::from_value(params).unwrap()).unwrap_err().message;
    assert!(check(json!({ "run": [], "gives": { "x": "table" } })).starts_with("the list is empty"));
    assert!(check(json!({ "run": ["x"], "gives": {} })).starts_with("nothing is promised"));
    assert!(check(json!({ "run": ["x"], "gives": { "../x": "table" } })).starts_with("`../x` cannot name an output"));
    let role = json!({ "run": ["x"], "gives": { "x": { "type": "matrix", "role": "scores" } } });
    assert!(check(role).starts_with("`scores` are a table"));
}

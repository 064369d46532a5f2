//! `compare`: what changed in the science between two recipes, and what came of it unit by unit.

mod study;

use serde_json::{Value as Json, json};
use study::Study;

const SMALL: &str = "\
version: 1
title: How much do pixels explain?
seed: 3
vars: { size: 8, penalty: 10, images: 160 }
nodes:
  it: { kind: synthetic_it, with: { images: \"${images}\", size: 32, units: 12, repeats: 4 } }
  px: { kind: pixels, in: { images: it.images }, with: { size: \"${size}\" } }
  readout:
    kind: ridge
    in: { features: px, responses: it.responses, split: it.split }
    with: { alphas: [\"${penalty}\"] }
  scores: { kind: evaluate, in: { predictions: readout, responses: it.responses, split: it.split }, with: { on: val } }
";

#[test]
fn differences_are_paired_by_unit_and_agree_with_the_tables() {
    let study = Study::with(SMALL);
    study.run();
    study.ventral(&["run", "recipes/a.yaml", "--set", "size=2"]).succeeded();
    let ended = study.ventral(&["compare", "a", "a@size=2", "--json"]);
    let found = ended.succeeded().json();
    assert_eq!(found["changes"], json!([{ "nodes": ["px"], "what": "size", "a": "8", "b": "2" }]));
    let contrast = &found["contrasts"][0];
    assert_eq!((&contrast["measure"], &contrast["units"]), (&json!("explained_variance"), &json!(12)));
    assert_eq!((&contrast["same_rows"], &contrast["on"]), (&json!(true), &json!("val")));
    let mean = |name: &str| -> f64 {
        let set: &[&str] = if name == "a" { &[] } else { &["--set", "size=2"] };
        let shown = study.ventral(&[&["show", "recipes/a.yaml", "scores.summary", "--json"], set].concat());
        let rows = shown.succeeded().json();
        let rows = rows.as_array().expect("rows");
        let row = rows.iter().find(|row| row["measure"] == "explained_variance").expect("a row");
        row["mean"].as_f64().expect("a number")
    };
    let number = |name: &str| contrast[name].as_f64().expect("a number");
    assert!((number("mean_a") - mean("a")).abs() < 1e-9 && (number("mean_b") - mean("b")).abs() < 1e-9);
    assert!((number("difference") - (mean("b") - mean("a"))).abs() < 1e-9);
    assert!(number("low") <= number("difference") && number("difference") <= number("high"));
    assert!((0.0..=1.0).contains(&number("p")));
    let told = study.ventral(&["compare", "a", "a@size=2"]);
    let told = told.succeeded().out();
    assert!(told.contains("px: size: 8 → 2") && told.contains("Wilcoxon p"), "{told}");
}

#[test]
fn yaml_that_means_the_same_is_no_change() {
    let study = Study::with(SMALL);
    study.run();
    let text = SMALL
        .replace("title: How much", "# a comment\ntitle: Just how much")
        .replace("{ kind: pixels, in", "{ about: words, kind: pixels, in");
    study.write("recipes/b.yaml", &text);
    study.ventral(&["run", "recipes/b.yaml"]).succeeded();
    let found = study.ventral(&["compare", "recipes/a.yaml", "recipes/b.yaml", "--json"]).succeeded().json();
    assert_eq!(found["changes"], json!([]));
    assert_eq!((&found["contrasts"][0]["difference"], &found["contrasts"][0]["p"]), (&json!(0.0), &Json::Null));
    assert!(study.ventral(&["compare", "a", "b"]).out().contains("What was done otherwise\n  nothing"));
}

#[test]
fn other_responses_do_not_pair() {
    let study = Study::with(SMALL);
    study.run();
    study.write("recipes/b.yaml", &SMALL.replace("seed: 3", "seed: 4"));
    study.ventral(&["run", "recipes/b.yaml"]).succeeded();
    let ended = study.ventral(&["compare", "a", "b"]);
    assert!(ended.out().contains("they explain other responses, so their units do not pair"), "{}", ended.out());
    ended.refused(1, &["no evaluation of the two could be compared"]);
    study.ventral(&["compare", "a", "recipes/none.yaml"]).refused(2, &["neither a recipe nor a report"]);
    study.ventral(&["compare", "a", "a@size=1"]).refused(2, &["neither a recipe nor a report"]);
    study.write("recipes/c.yaml", &SMALL.replace("size: 8", "size: 4"));
    let ended = study.ventral(&["compare", "a", "recipes/c.yaml"]);
    assert!(ended.out().contains("scores: it is new in `c`; run that first"), "{}", ended.out());
}

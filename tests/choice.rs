//! Choices among variants, from a recipe to what is handed in: val chooses, test is scored once, and neither is confused.

mod study;

use std::fs;

use serde_json::Value as Json;
use study::Study;

const CHOICE: &str = "\
version: 1
title: The best grid of pixels
sweep: { side: [2, 6] }
nodes:
  it: { kind: synthetic_it, with: { images: 128, size: 32, units: 6, repeats: 8 } }
  px: { kind: pixels, in: { images: it.images }, with: { size: \"${side}\" } }
  readout: { kind: ridge, in: { features: px, responses: it.responses, split: it.split } }
  scores:
    kind: evaluate
    in: { predictions: readout, responses: it.responses, split: it.split }
    with: { on: val }
  best:
    kind: select
    in: { scores: \"scores@*\", split: it.split, predictions: \"readout@*\", fit: \"readout.fit@*\", features: \"px@*\" }
  on_val:
    kind: evaluate
    in: { predictions: best, responses: it.responses, split: it.split }
    with: { on: val }
  on_test:
    kind: evaluate
    in: { predictions: best, responses: it.test_responses, split: it.split }
    with: { on: test }
  handed_in:
    kind: predict
    in: { model: best.fit, features: best.features, split: it.split }
    with: { rows: test }
  objects:
    kind: decode
    in: { features: best.features, labels: it.labels, split: it.split }
    with: { on: test, label: category }
";

fn shown(study: &Study, what: &str) -> Vec<Json> {
    let json = study.ventral(&["show", "recipes/a.yaml", what, "--json"]).json();
    json.as_array().expect("rows").clone()
}

#[test]
fn val_chooses_and_test_is_scored_unseen() {
    let study = Study::with(CHOICE);
    study.run();
    let choice = shown(&study, "best.choice");
    assert_eq!(choice.len(), 2);
    let winner = choice.iter().find(|row| row["selected"] == true).expect("one is chosen");
    assert!(choice.iter().all(|row| row["score"].as_f64() <= winner["score"].as_f64()));
    let side = winner["side"].as_i64().expect("a number");
    let of_winner = shown(&study, &format!("scores.summary@side={side}"));
    let mean = |rows: &[Json]| rows[0]["mean"].as_f64().expect("a score");
    assert_eq!(winner["score"].as_f64(), Some(mean(&of_winner)));
    let (on_val, on_test) = (shown(&study, "on_val.summary"), shown(&study, "on_test.summary"));
    assert_eq!(mean(&on_val), mean(&of_winner), "what is handed on is the winner's");
    assert_eq!(on_val[0]["selected"], true);
    assert!(on_test[0].get("selected").is_none(), "{}", on_test[0]);
    assert_eq!(shown(&study, "objects.summary")[0]["measure"], "accuracy");

    let file = study.path("handed_in.csv");
    study.ventral(&["export", "recipes/a.yaml", "handed_in.predictions", file.to_str().expect("UTF-8")]).succeeded();
    let array = study.path("handed_in.npy");
    study.ventral(&["export", "recipes/a.yaml", "handed_in.predictions", array.to_str().expect("UTF-8")]).succeeded();
    let array: ndarray::Array2<f32> = ndarray_npy::read_npy(array).expect("an array");
    let ids = fs::read_to_string(study.path("handed_in.ids.csv")).expect("the array's stimuli");
    let text = fs::read_to_string(file).expect("a file");
    let lines: Vec<&str> = text.lines().collect();
    let parts = study.path("parts.csv");
    study.ventral(&["export", "recipes/a.yaml", "it.split", parts.to_str().expect("UTF-8")]).succeeded();
    let parts = fs::read_to_string(parts).expect("a file");
    let test: Vec<&str> = parts.lines().filter_map(|line| line.strip_suffix(",test")).collect();
    assert!(!test.is_empty());
    let named: Vec<&str> = lines[1..].iter().filter_map(|line| line.split(',').next()).collect();
    assert_eq!(named, test);
    assert_eq!(ids.lines().skip(1).collect::<Vec<_>>(), test);
    assert_eq!(array.nrows(), test.len());
    let first: Vec<f32> = lines[1].split(',').skip(1).map(|text| text.parse().expect("a number")).collect();
    assert_eq!(array.row(0).to_vec(), first);
}

#[test]
fn test_scores_choose_nothing() {
    let study = Study::with(&CHOICE.replacen("with: { on: val }", "with: { on: train }", 1));
    let ended = study.ventral(&["run", "recipes/a.yaml", "--no-report"]);
    ended.refused(1, &["best:", "are on train rows; a choice is made on val"]);
}

#[test]
fn a_port_that_hangs_on_an_input_is_missed_before_anything_runs() {
    let study = Study::with(&CHOICE.replace(", fit: \"readout.fit@*\"", ""));
    let ended = study.ventral(&["check", "recipes/a.yaml"]);
    ended.refused(2, &["`best` (select) has no output `fit` here", "it comes with the input `fit`"]);
}

const HALVING: &str = "\
version: 1
title: Halving
search:
  method: halving
  trials: 4
  seed: 3
  over: { side: [3, 4, 5, 6, 7, 8] }
  rungs: { components: [2, 4, 8] }
  by: scores.summary
  measure: r
nodes:
  it: { kind: synthetic_it, with: { images: 128, size: 32, units: 6, repeats: 8 } }
  px: { kind: pixels, in: { images: it.images }, with: { size: \"${side}\" } }
  pcs: { kind: pca, in: { features: px, split: it.split }, with: { components: \"${components}\" } }
  readout: { kind: ridge, in: { features: pcs, responses: it.responses, split: it.split } }
  scores:
    kind: evaluate
    in: { predictions: readout, responses: it.responses, split: it.split }
    with: { on: val }
  best: { kind: select, in: { scores: \"scores@*\", split: it.split, predictions: \"readout@*\" }, with: { measure: r } }
";

#[test]
fn halving_gives_the_better_trials_the_larger_budgets() {
    let study = Study::with(HALVING);
    let before = study.ventral(&["status", "recipes/a.yaml", "--json"]).json();
    // it, four grids of pixels, best, and four trials of three nodes.
    assert_eq!(before.as_array().map(Vec::len), Some(1 + 4 + 1 + 4 * 3));
    study.run();
    let choice = shown(&study, "best.choice");
    let at = |components: i64| -> Vec<(i64, f64)> {
        let rows = choice.iter().filter(|row| row["components"] == components);
        rows.map(|row| (row["side"].as_i64().expect("whole"), row["score"].as_f64().unwrap_or(f64::NEG_INFINITY)))
            .collect()
    };
    let (first, second, third) = (at(2), at(4), at(8));
    assert_eq!((first.len(), second.len(), third.len()), (4, 2, 1));
    let better = |of: &[(i64, f64)], among: &[(i64, f64)]| {
        let worst_kept = of.iter().map(|(side, _)| among.iter().find(|(s, _)| s == side).expect("it was tried").1);
        let worst_kept = worst_kept.fold(f64::INFINITY, f64::min);
        among.iter().filter(|(side, _)| !of.iter().any(|(s, _)| s == side)).all(|(_, score)| *score <= worst_kept)
    };
    assert!(better(&second, &first) && better(&third, &second), "{first:?} {second:?} {third:?}");
    assert_eq!(study.run(), (0, choice.len() * 3 + 6), "a decided search runs nothing again");
}

#[test]
fn a_search_that_cannot_be_is_told_whole() {
    let study = Study::with(
        &HALVING
            .replace("method: halving", "method: halfing")
            .replace("trials: 4", "trials: 0")
            .replace("side: [3, 4, 5, 6, 7, 8]", "side: { from: 8, to: 3 }"),
    );
    let ended = study.ventral(&["check", "recipes/a.yaml"]);
    ended.refused(
        2,
        &["it is `random` or `halving`", "whole number, at least 1", "runs from 8 to 3; the first is the smaller"],
    );
    let study = Study::with(&HALVING.replace("by: scores.summary", "by: score.summary"));
    study.ventral(&["check", "recipes/a.yaml"]).refused(2, &["there is no node `score`", "did you mean `scores`?"]);
    let study = Study::with(&HALVING.replace("on: val", "on: test"));
    study
        .ventral(&["check", "recipes/a.yaml"])
        .refused(2, &["`scores` scores test rows, and a search is judged on val"]);
}

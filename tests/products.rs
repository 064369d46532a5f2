//! What nodes share: the Gram matrix of features and its decomposition, kept as products of their own, which stand in for
//! features that were dropped; and the memory that computations are refused.

mod study;

use std::fs;

use serde_json::Value as Json;
use study::Study;

/// Features of more columns than rows, dropped once they were read.
const DROPPED: &str = "\
version: 1
title: Dropped features
vars: { components: 8 }
nodes:
  it: { kind: synthetic_it, with: { images: 64, size: 32, units: 6, repeats: 4 } }
  px: { kind: pixels, in: { images: it.images }, with: { size: 8 }, keep: false }
  pcs: { kind: pca, in: { features: px, split: it.split }, with: { components: \"${components}\" } }
  direct: { kind: ridge, in: { features: px, responses: it.responses, split: it.split } }
";

/// The recorded runs of nodes, by state.
fn ran(study: &Study, more: &[&str]) -> Vec<String> {
    let events = study.path("events");
    let events = events.to_str().expect("UTF-8");
    let ended = study.ventral(&[&["run", "recipes/a.yaml", "--no-report", "--events", events], more].concat());
    ended.succeeded();
    let text = fs::read_to_string(events).expect("events");
    let lines = text.lines().map(|line| serde_json::from_str::<Json>(line).expect("JSON"));
    let finished = lines.filter(|event| event["event"] == "node_finished" && event["state"] == "ran");
    finished.filter_map(|event| event["node"].as_str().map(str::to_owned)).collect()
}

fn products(study: &Study) -> usize {
    let shown = study.ventral(&["cache", "ls", "--json"]).json();
    let rows = shown.as_array().expect("rows").iter();
    rows.filter(|row| row["recipe"] == "(shared)").filter_map(|row| row["objects"].as_u64()).sum::<u64>() as usize
}

#[test]
fn dropped_features_are_not_made_again_for_what_their_products_give() {
    let study = Study::with(DROPPED);
    assert_eq!(ran(&study, &[]).len(), 4);
    assert_eq!(products(&study), 3, "one Gram matrix, sums of rows and one decomposition serve both readers");
    assert!(!study.path("cache/by-name/a/px/features.safetensors").exists(), "the features were dropped");

    study.edit("components: 8", "components: 5");
    assert_eq!(ran(&study, &[]), ["pcs"]);
    study.edit("split: it.split } }", "split: it.split }, with: { folds: 4 } }");
    assert_eq!(ran(&study, &[]), ["direct"]);
    // Components are made of the features themselves.
    let mut made = ran(&study, &["--node", "pcs.components"]);
    made.sort();
    assert_eq!(made, ["pcs", "px"]);
    assert!(!study.path("cache/by-name/a/px/features.safetensors").exists(), "and they were dropped again");
}

#[test]
fn numbers_do_not_depend_on_whether_the_features_are_there() {
    let scores = |study: &Study| fs::read(study.path("cache/by-name/a/pcs/scores.safetensors")).expect("scores");
    let (dropped, kept) = (Study::with(DROPPED), Study::with(&DROPPED.replace(", keep: false", "")));
    ran(&dropped, &[]);
    dropped.edit("components: 8", "components: 5");
    ran(&dropped, &[]);
    kept.edit("components: 8", "components: 5");
    ran(&kept, &[]);
    assert!(scores(&dropped) == scores(&kept));
}

#[test]
fn products_live_as_long_as_what_they_are_made_of_and_a_damaged_one_is_made_again() {
    let study = Study::with(DROPPED);
    ran(&study, &[]);
    study.ventral(&["cache", "gc"]).succeeded();
    assert_eq!(products(&study), 3);
    for entry in fs::read_dir(study.path("cache/objects")).expect("objects").flatten() {
        for object in fs::read_dir(entry.path()).expect("a folder").flatten() {
            let bytes = fs::read(object.path()).expect("it reads");
            if bytes.windows(8).any(|window| window == b"products") {
                fs::remove_file(object.path()).expect("removed");
                fs::write(object.path(), &bytes[..bytes.len() - 8]).expect("cut short");
            }
        }
    }
    study.edit("components: 8", "components: 5");
    let mut again = ran(&study, &[]);
    again.sort();
    assert_eq!(again, ["pcs", "px"], "without its products, `pcs` needs the features");
    // Of other features, nothing of the old ones is reachable.
    study.edit("size: 8", "size: 9");
    ran(&study, &[]);
    study.ventral(&["cache", "gc"]).succeeded();
    assert_eq!(products(&study), 3);
}

/// The same features compared as they are.
fn compared() -> String {
    format!(
        "{DROPPED}  \
  similar: {{ kind: rsa, in: {{ a: px, b: it.responses, split: it.split }}, with: {{ on: val }} }}
  aligned: {{ kind: cka, in: {{ a: px, b: it.responses, split: it.split }}, with: {{ on: val }} }}
"
    )
}

#[test]
fn similarities_need_no_features_again_and_are_the_same_without_them() {
    let (dropped, kept) = (Study::with(&compared()), Study::with(&compared().replace(", keep: false", "")));
    let table = |study: &Study, node: &str| {
        study.ventral(&["show", "recipes/a.yaml", &format!("{node}.table"), "--json"]).succeeded().json()
    };
    ran(&dropped, &[]);
    for (edit, node) in [("on: val } }\n  aligned", "similar"), ("on: val } }\n", "aligned")] {
        for study in [&dropped, &kept] {
            study.edit(edit, &edit.replace("on: val", "on: train"));
        }
        assert_eq!(ran(&dropped, &[]), [node]);
    }
    assert!(!dropped.path("cache/by-name/a/px/features.safetensors").exists(), "the features were dropped");
    ran(&kept, &[]);
    for node in ["similar", "aligned"] {
        assert_eq!(table(&dropped, node), table(&kept, node), "{node}");
    }
}

#[test]
fn what_a_report_shows_is_read_and_so_made() {
    let study = Study::with(&format!("{DROPPED}report:\n  - chart: {{ node: pcs.components, kind: heatmap }}\n"));
    ran(&study, &[]);
    assert!(study.path("cache/by-name/a/pcs/components.safetensors").exists());
    assert!(!study.path("cache/by-name/a/pcs/fit.safetensors").exists(), "nothing reads it");
}

#[test]
fn what_does_not_fit_is_refused_before_it_starts() {
    let study = Study::with(DROPPED);
    let ended = study.ventral(&["run", "recipes/a.yaml", "--memory", "100MB"]);
    ended.refused(1, &["pcs", "of memory, but 0.1 GB are free for this run (`--memory`", "fewer rows need less"]);
    assert_eq!(ran(&study, &["--memory", "2GB"]), ["pcs", "direct"]);
}

#[test]
fn a_computation_that_asks_again_asks_in_all() {
    let study = Study::with(
        &DROPPED
            .replace("it.split", "folds")
            .replace("  px:", "  folds: { kind: split, in: { rows: it.responses }, with: { folds: 4 } }\n  px:"),
    );
    // Enough for one fold's decomposition, not for four at a time.
    let mut nodes = ran(&study, &["--memory", "500MB"]);
    nodes.sort();
    assert_eq!(nodes, ["direct", "folds", "it", "pcs", "px"]);
}

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
fn runs_of_a_recipe_are_remembered_and_compared() {
    let study = Study::with(SMALL);
    let runs = |study: &Study| study.ventral(&["status", "recipes/a.yaml", "--runs", "--json"]).succeeded().json();
    study.ventral(&["compare", "recipes/a.yaml"]).refused(2, &["`a` has not run here yet; `ventral run` it"]);
    study.run();
    study.ventral(&["compare", "a"]).refused(2, &["`a` has one run that succeeded, `a@1`"]);
    // Neither a run of what is done nor a comment is another run.
    study.run();
    study.edit("title: How much", "title: Just how much");
    study.run();
    assert_eq!(runs(&study).as_array().map(Vec::len), Some(1));
    study.edit("size: 8", "size: 2");
    study.run();
    study.edit("penalty: 10", "penalty: 100");
    study.run();
    let listed = runs(&study);
    assert_eq!(listed[1]["changes"], json!(["px: size: 8 → 2"]));
    assert_eq!(listed[2]["changes"], json!(["readout: alphas: [10] → [100]"]));
    assert!(listed[0]["answer"].as_str().is_some_and(|answer| answer.contains("mean explained variance")));

    let compare = |arguments: &[&str]| {
        let found = study.ventral(&[&["compare", "--json"], arguments].concat()).succeeded().json();
        (
            found["changes"][0]["what"].clone(),
            found["contrasts"][0]["mean_a"].clone(),
            found["contrasts"][0]["mean_b"].clone(),
        )
    };
    let (what, mean_2, mean_3) = compare(&["recipes/a.yaml"]);
    assert_eq!(what, "alphas");
    assert_eq!(compare(&["a@previous", "a@last"]), (what, mean_2.clone(), mean_3.clone()));
    let (what, mean_1, _) = compare(&["recipes/a.yaml@1", "recipes/a.yaml@2"]);
    assert_eq!(what, "size");
    // As it stands is what the last run was.
    assert_eq!(compare(&["a@1", "recipes/a.yaml"]), (json!("size"), mean_1.clone(), mean_3));
    assert_ne!(mean_1, mean_2);

    // What a clean-up leaves is enough; only the pixels of earlier sizes go.
    study.ventral(&["cache", "gc"]).succeeded();
    assert_eq!(compare(&["a@1", "a@2"]), (json!("size"), mean_1, mean_2));
    assert_eq!(study.run(), (0, 4), "and the last run's results are there");

    study
        .ventral(&["compare", "a@7", "a"])
        .refused(2, &["`a` has no run 7", "1 to 3", "did you mean `a@3`?", "--runs"]);
    study.ventral(&["compare", "a@previos", "a"]).refused(2, &["no run `previos`", "did you mean `a@previous`?"]);
    study.ventral(&["compare", "recipes/aa.yaml"]).refused(2, &["neither a recipe nor a report", "did you mean `a`?"]);
    let told = study.ventral(&["compare", "a"]);
    assert!(told.succeeded().out().contains("(run 2, 20"), "{}", told.out());
    study.edit("penalty: 100", "penalty: 7");
    study.ventral(&["compare", "recipes/a.yaml"]).succeeded();
    let told = study.ventral(&["compare", "recipes/a.yaml"]);
    assert!(told.err().contains("recipes/a.yaml was changed since its last run, a@3"), "{}", told.err());
}

#[test]
fn runs_that_failed_are_passed_over() {
    let study = Study::with(SMALL);
    let fails = ("with: { on: val }", "with: { on: val, by: [category] }");
    // Nothing arrives at `labels`, which only the run knows to be wanted.
    study.edit(fails.0, fails.1);
    study.ventral(&["run", "recipes/a.yaml"]).refused(1, &["nothing arrives at `labels`"]);
    study.ventral(&["compare", "a"]).refused(
        2,
        &["no run of `a` that is remembered succeeded; the last, `a@1`, failed: `scores`: `by` has `category`"],
    );
    study.edit(fails.1, fails.0);
    study.run();
    study.ventral(&["compare", "a"]).refused(2, &["`a` has one run that succeeded, `a@2`"]);
    study.edit("size: 8", "size: 2");
    study.run();
    study.edit(fails.0, fails.1);
    study.edit("penalty: 10", "penalty: 100");
    study.ventral(&["run", "recipes/a.yaml"]).refused(1, &["nothing arrives at `labels`"]);
    let note = "note: the last run of `a`, a@4, failed (`scores`: `by` has `category`";
    for asked in [&["compare", "recipes/a.yaml", "--json"][..], &["compare", "a@previous", "a@last", "--json"]] {
        let ended = study.ventral(asked);
        let found = ended.succeeded().json();
        assert_eq!((&found["a"], &found["b"]), (&json!("a@2"), &json!("a@3")), "{asked:?}");
        assert!(
            ended.err().contains(note) && ended.err().contains("a@3 is the last that succeeded"),
            "{}",
            ended.err()
        );
    }
    let listed = study.ventral(&["status", "recipes/a.yaml", "--runs"]).succeeded().out();
    let lines: Vec<&str> = listed.lines().filter(|line| line.starts_with("a@")).collect();
    let failed: Vec<bool> = lines.iter().map(|line| line.contains("failed: `scores`: `by` has `category`")).collect();
    assert_eq!(failed, [true, false, false, true], "{listed}");
}

#[test]
fn names_are_no_science_and_wires_are() {
    let study = Study::with(SMALL);
    study.run();
    let renamed = SMALL.replace("px", "pictures").replace("scores:", "by_unit:");
    study.write("recipes/b.yaml", &renamed);
    study.ventral(&["run", "recipes/b.yaml"]).succeeded();
    let found = study.ventral(&["compare", "a", "b", "--json"]).succeeded().json();
    assert_eq!(found["changes"], json!([]));
    assert_eq!((&found["contrasts"][0]["a"], &found["contrasts"][0]["b"]), (&json!("scores"), &json!("by_unit")));
    assert_eq!((&found["contrasts"][0]["difference"], &found["apart"]), (&json!(0.0), &json!([])));
    // The same nodes, otherwise connected.
    let with = |wired: &str| {
        let more = "  scaled: { kind: standardize, in: { features: px, split: it.split } }\n  readout:";
        SMALL.replace("  readout:", more).replace("features: px, responses", &format!("features: {wired}, responses"))
    };
    study.write("recipes/c.yaml", &with("px"));
    study.write("recipes/d.yaml", &with("scaled"));
    study.ventral(&["run", "recipes/c.yaml", "recipes/d.yaml"]).succeeded();
    let found = study.ventral(&["compare", "c", "d", "--json"]).succeeded().json();
    assert_eq!(found["changes"], json!([{ "nodes": ["readout"], "what": "input features", "a": "px", "b": "scaled" }]));
}

#[test]
fn a_comparison_has_a_page() {
    let study = Study::with(SMALL);
    study.run();
    study.edit("size: 8", "size: 2");
    study.run();
    let told = study.ventral(&["compare", "a", "--html"]);
    assert!(told.succeeded().out().contains("page: reports/compare/a@1..a@2.html"), "{}", told.out());
    let page = std::fs::read_to_string(study.path("reports/compare/a@1..a@2.html")).expect("a page");
    for words in ["px: size: 8 → 2", "Wilcoxon", "bootstrap 95 % interval", "12 units", "default-src 'none'"] {
        assert!(page.contains(words), "no `{words}`");
    }
    study.ventral(&["compare", "a@1", "recipes/a.yaml", "--html=elsewhere.html"]).succeeded();
    assert!(study.path("elsewhere.html").is_file());
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

//! Extraction from end to end: a killed one goes on, half precision is read as it lies, coarser arithmetic says what it costs.

mod study;

use std::fs;
use std::time::{Duration, Instant};

use serde_json::Value as Json;
use study::Study;

/// Some seconds of a network.
const LONG: &str = "\
version: 1
title: A long extraction
nodes:
  it: { kind: synthetic_it, with: { images: 600, size: 160, units: 2, repeats: 2 } }
  layers:
    kind: extract_layer
    in: { images: it.images }
    with: { model: resnet50, weights: random, layers: [layer2, layer1], pool: mean, seed: 4 }
";

const SMALL: &str = "\
version: 1
title: A small extraction
nodes:
  it: { kind: synthetic_it, with: { images: 64, size: 32, units: 4, repeats: 2 } }
  layers:
    kind: extract_layer
    in: { images: it.images }
    with: { model: squeezenet1_1, weights: random, layers: [features.3], seed: 4 }
  pcs: { kind: pca, in: { features: \"layers[features.3]\", split: it.split }, with: { components: 8 } }
";

fn events(study: &Study) -> Vec<Json> {
    let text = fs::read_to_string(study.path("events")).unwrap_or_default();
    // The last line may be half written.
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

fn digests(study: &Study) -> Vec<(String, Json)> {
    let finished = events(study).into_iter().find(|e| e["event"] == "node_finished" && e["node"] == "layers");
    let outputs = finished.expect("it finished")["outputs"].as_object().expect("outputs").clone();
    outputs.into_iter().map(|(name, output)| (name, output["digest"].clone())).collect()
}

fn run(study: &Study) {
    let events = study.path("events");
    study.ventral(&["run", "recipes/a.yaml", "--no-report", "--events", events.to_str().expect("UTF-8")]).succeeded();
}

#[test]
fn a_killed_extraction_goes_on_where_it_was_and_ends_with_the_same_bytes() {
    let study = Study::with(LONG);
    let file = study.path("events");
    let mut child = study.start(&["run", "recipes/a.yaml", "--no-report", "--events", file.to_str().expect("UTF-8")]);
    let passed = |event: &Json| event["node"] == "layers" && event["done"].as_u64().is_some_and(|done| done > 150);
    let start = Instant::now();
    while !events(&study).iter().any(passed) {
        assert!(start.elapsed() < Duration::from_secs(120), "no progress in {:?}", events(&study).last());
        assert!(child.try_wait().expect("a status").is_none(), "it ended before it was killed");
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().expect("killed");
    child.wait().expect("it ends");

    run(&study);
    let noted = events(&study).into_iter().filter(|event| event["event"] == "node_note").map(|e| e["text"].to_string());
    let noted: Vec<String> = noted.filter(|text| text.contains("had passed before a run was stopped")).collect();
    assert_eq!(noted.len(), 1, "it starts anew");
    let left = fs::read_dir(study.path("cache/partial")).map_or(0, Iterator::count);
    assert_eq!(left, 0, "what was finished is partial no more");

    // Without a stop, on a machine tuned alike.
    let whole = Study::with(LONG);
    fs::copy(study.path("cache/tuned.json"), whole.path("cache/tuned.json")).expect("copied");
    run(&whole);
    assert_eq!(digests(&study), digests(&whole));
}

fn spectrum(study: &Study) -> Vec<f64> {
    let rows = study.ventral(&["show", "recipes/a.yaml", "pcs.spectrum", "--json"]).succeeded().json();
    rows.as_array().expect("rows").iter().filter_map(|row| row["variance"].as_f64()).collect()
}

#[test]
fn activations_of_half_the_size_have_nearly_the_same_components() {
    let (full, half) = (Study::with(SMALL), Study::with(&SMALL.replace("seed: 4", "seed: 4, stored: f16")));
    run(&full);
    run(&half);
    let bytes = |study: &Study| fs::metadata(study.path("cache/by-name/a/layers/activations[features.3].safetensors"));
    let (a, b) = (bytes(&full).expect("there").len(), bytes(&half).expect("there").len());
    assert!(b < a * 11 / 20, "{b} of {a} bytes");
    let (a, b) = (spectrum(&full), spectrum(&half));
    assert!(a.len() == 8 && a.iter().zip(&b).all(|(a, b)| (a / b - 1.0).abs() < 1e-3), "{a:?} {b:?}");
}

#[test]
fn coarser_arithmetic_says_what_it_costs() {
    let study = Study::with(&SMALL.replace("seed: 4", "seed: 4, precision: bf16"));
    run(&study);
    let notes: Vec<String> =
        events(&study).iter().filter(|event| event["event"] == "node_note").map(|e| e["text"].to_string()).collect();
    assert!(notes.iter().any(|text| text.contains("bf16 against f32 on the first images")), "{notes:?}");
    let full = Study::with(SMALL);
    run(&full);
    let (a, b) = (spectrum(&full), spectrum(&study));
    assert!(a.iter().zip(&b).all(|(a, b)| (a / b - 1.0).abs() < 0.1) && a != b, "{a:?} {b:?}");
}

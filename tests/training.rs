//! Training from end to end: a killed one goes on and ends with the same bytes, a longer one goes on from a shorter, and every
//! epoch is told while it trains.

mod needs;
mod study;

use std::collections::BTreeMap;
use std::fs;
use std::process::Child;
use std::time::{Duration, Instant};

use needs::shared;
use serde_json::Value as Json;
use study::Study;

/// Some seconds of training, with everything that is drawn.
const LONG: &str = "\
version: 1
title: A long training
nodes:
  it: { kind: synthetic_it, with: { images: 256, size: 32, units: 8, repeats: 4 } }
  cnn:
    kind: train_cnn
    in: { images: it.images, responses: it.responses, split: it.split }
    with: { epochs: 14, schedule: constant, augment: { flip: true, shift: 2, brightness: 0.1 }, early_stopping: { patience: 50 }, seed: 2 }
";

const BOTH: &str = "\
version: 1
title: A training of two tasks
nodes:
  it: { kind: synthetic_it, with: { images: 192, size: 32, units: 6, repeats: 4 } }
  both:
    kind: co_train
    in: { images: it.images, responses: it.responses, labels: it.labels, split: it.split }
    with: { epochs: 3, classes: category, seed: 2 }
  scores: { kind: evaluate, in: { predictions: both, responses: it.responses, split: it.split }, with: { on: val } }
  layers:
    kind: extract_layer
    in: { images: it.images, network: both.network }
    with: { model: network, layers: [blocks.1] }
  readout: { kind: ridge, in: { features: \"layers[blocks.1]\", responses: it.responses, split: it.split } }
  leak: { kind: evaluate, in: { predictions: readout, responses: it.responses, split: it.split }, with: { on: val } }
";

fn events(study: &Study) -> Vec<Json> {
    let text = fs::read_to_string(study.path("events")).unwrap_or_default();
    // The last line may be half written.
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

fn notes(study: &Study) -> Vec<String> {
    events(study).iter().filter(|e| e["event"] == "node_note").map(|e| e["text"].to_string()).collect()
}

/// What a node gave, less the history, whose seconds differ.
fn digests(study: &Study, node: &str) -> BTreeMap<String, Json> {
    let finished = events(study).into_iter().find(|e| e["event"] == "node_finished" && e["node"] == node);
    let outputs = finished.expect("it finished")["outputs"].as_object().expect("outputs").clone();
    outputs
        .into_iter()
        .filter(|(name, _)| name != "history")
        .map(|(name, output)| (name, output["digest"].clone()))
        .collect()
}

/// Runs the recipe; gives what the terminal shows of it.
fn run(study: &Study) -> String {
    let events = study.path("events");
    let ended = study.ventral(&["run", "recipes/a.yaml", "--no-report", "--events", events.to_str().expect("UTF-8")]);
    ended.succeeded().err()
}

/// What is told of epochs as they are done.
fn metrics(study: &Study) -> Vec<Json> {
    let told = events(study).into_iter().filter(|event| event["event"] == "metric");
    told.map(|event| serde_json::json!({ "epoch": event["epoch"], "values": event["values"] })).collect()
}

/// Starts a run, and gives it once an epoch has been told.
fn started(study: &Study) -> Child {
    let file = study.path("events");
    let mut child = study.start(&["run", "recipes/a.yaml", "--no-report", "--events", file.to_str().expect("UTF-8")]);
    let start = Instant::now();
    while !events(study).iter().any(|event| event["event"] == "metric" && event["epoch"] == 2) {
        assert!(start.elapsed() < Duration::from_secs(120), "no epoch in {:?}", events(study).last());
        assert!(child.try_wait().expect("a status").is_none(), "it ended before it was stopped");
        std::thread::sleep(Duration::from_millis(5));
    }
    child
}

/// The processes that a process has started.
fn children(of: u32) -> Vec<i32> {
    let text = fs::read_to_string(format!("/proc/{of}/task/{of}/children")).unwrap_or_default();
    let threads = fs::read_dir(format!("/proc/{of}/task")).into_iter().flatten().flatten();
    let all = threads.map(|thread| fs::read_to_string(thread.path().join("children")).unwrap_or_default());
    let mut found: Vec<i32> =
        all.chain([text]).flat_map(|text| text.split_whitespace().flat_map(str::parse).collect::<Vec<_>>()).collect();
    found.sort_unstable();
    found.dedup();
    found
}

fn signal(process: i32, number: i32) {
    // SAFETY: a signal to a process that this test started.
    assert_eq!(unsafe { libc::kill(process, number) }, 0);
}

#[test]
fn a_stopped_training_goes_on_where_it_was_and_ends_with_the_same_bytes() {
    let whole = Study::with(LONG);
    run(&whole);
    let expected = digests(&whole, "cnn");
    assert_eq!(expected.len(), 2, "predictions and network");

    // The worker is killed: one failed node, told as such.
    let killed = Study::with(LONG);
    let child = started(&killed);
    for worker in children(child.id()) {
        signal(worker, libc::SIGKILL);
    }
    let ended = child.wait_with_output().expect("it ends");
    assert_eq!(ended.status.code(), Some(1));
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(said.contains("the worker that computed it died: killed (signal 9)"), "{said}");
    run(&killed);
    let went_on = notes(&killed).into_iter().filter(|text| text.contains("14 epochs were there; it went on")).count();
    assert_eq!(went_on, 1, "{:?}", notes(&killed));
    assert_eq!(digests(&killed, "cnn"), expected);

    // Ctrl-C.
    let cancelled = Study::with(LONG);
    let child = started(&cancelled);
    signal(child.id().cast_signed(), libc::SIGINT);
    assert_eq!(child.wait_with_output().expect("it ends").status.code(), Some(130));
    run(&cancelled);
    assert!(notes(&cancelled).iter().any(|text| text.contains("it went on")), "{:?}", notes(&cancelled));
    assert_eq!(digests(&cancelled, "cnn"), expected);

    // Fewer epochs, then more: what is there is not trained again.
    let shorter = Study::with(&LONG.replace("epochs: 14", "epochs: 5"));
    run(&shorter);
    let before = metrics(&shorter);
    shorter.edit("epochs: 5", "epochs: 14");
    let said = run(&shorter);
    assert!(notes(&shorter).iter().any(|text| text.contains("5 of 14 epochs were there")), "{:?}", notes(&shorter));
    let told: Vec<Json> = metrics(&shorter).into_iter().map(|epoch| epoch["epoch"].clone()).collect();
    assert_eq!(told, [6, 7, 8, 9, 10, 11, 12, 13, 14], "nine epochs were left");
    // Whoever draws the curve has what lies before them; the terminal does not say it again.
    let resumed: Vec<Json> = events(&shorter).into_iter().filter(|e| e["event"] == "training_resumed").collect();
    assert_eq!(resumed.len(), 1, "{resumed:?}");
    assert_eq!((&resumed[0]["node"], &resumed[0]["epochs"]), (&Json::from("cnn"), &Json::from(before)));
    assert!(said.contains("cnn: epoch 6: ") && !said.contains("cnn: epoch 5: "), "{said}");
    assert_eq!(digests(&shorter, "cnn"), expected);

    // `--force` trains anew.
    let events_file = shorter.path("events");
    let forced =
        ["run", "recipes/a.yaml", "--no-report", "--force", "cnn", "--events", events_file.to_str().expect("UTF-8")];
    shorter.ventral(&forced).succeeded();
    assert_eq!(metrics(&shorter).len(), 14);
    assert!(!events(&shorter).iter().any(|event| event["event"] == "training_resumed"));
}

#[test]
fn every_epoch_is_told_and_what_was_trained_is_used() {
    let study = Study::with(BOTH);
    let file = study.path("events");
    let ended = study.ventral(&["run", "recipes/a.yaml", "--no-report", "--events", file.to_str().expect("UTF-8")]);
    let told: Vec<Json> = events(&study).into_iter().filter(|event| event["event"] == "metric").collect();
    assert_eq!(told.iter().map(|event| event["epoch"].as_u64().unwrap()).collect::<Vec<_>>(), [1, 2, 3]);
    for name in
        ["train_loss", "val_loss_response", "val_loss_class", "weight_response", "val_accuracy", "learning_rate"]
    {
        assert!(told[0]["values"][name].is_f64(), "{name} in {}", told[0]);
    }
    assert!(ended.err().contains("both: epoch 3: "), "{}", ended.err());
    // What is read out of the trunk has seen train rows alone, so that val scores it.
    ended.succeeded();
    let rows = study.ventral(&["show", "recipes/a.yaml", "both.history", "--json"]).succeeded().json();
    assert_eq!(rows.as_array().map(Vec::len), Some(3));
    // Rows that it was trained on are not scored as new ones, and the way to them is told.
    study.edit(
        "  scores: { kind: evaluate, in: { predictions: both, responses: it.responses, split: it.split }",
        "  other: { kind: split, in: { rows: it.responses }, with: { val: 0.5, seed: 9 } }\n  \
         scores: { kind: evaluate, in: { predictions: both, responses: it.responses, split: other }",
    );
    let ended = study.ventral(&["run", "recipes/a.yaml", "--no-report"]);
    ended.refused(1, &["the path of the leak is `both`"]);
}

#[test]
fn a_training_that_breaks_says_why_and_keeps_its_history() {
    let recipe = LONG.replace("epochs: 14", "epochs: 14, learning_rate: 1.0e+12, optimizer: sgd, weight_decay: 0");
    let study = Study::with(&recipe);
    let file = study.path("events");
    let ended = study.ventral(&["run", "recipes/a.yaml", "--no-report", "--events", file.to_str().expect("UTF-8")]);
    ended.refused(1, &["the loss", "epoch", "a smaller `learning_rate` than 1000000000000"]);
    let said = ended.err();
    if let Some((_, rest)) = said.split_once("before it is ") {
        let path = rest.split_whitespace().next().expect("a path");
        assert!(study.path(path).is_file(), "{path} is not there");
    } else {
        assert!(said.contains("of epoch 1;") || said.contains("after epoch 1;"), "{said}");
    }
}

/// A small training and one of which a single layer's output is larger than what the small one leaves.
const WIDE: &str = "\
version: 1
title: A training that is too wide
nodes:
  it: { kind: synthetic_it, with: { images: 192, size: 64, units: 6, repeats: 4 } }
  small:
    kind: train_cnn
    in: { images: it.images, responses: it.responses, split: it.split }
    with: { architecture: two_layer, image_size: 32, epochs: 2, batch: 16, seed: 2 }
  wide:
    kind: train_cnn
    in: { images: it.images, responses: it.responses, split: it.split }
    with: { architecture: { blocks: [{ channels: 160, kernel: 3, pool: 8 }] }, epochs: 1, batch: 128, schedule: constant, early_stopping: null, seed: 2 }
";

/// The command with so many megabytes of address space for itself and its workers, so that allocations fail for real.
fn within(study: &Study, megabytes: u64, arguments: &[&str]) -> study::Ended {
    let limited = format!("ulimit -v {}; exec \"$@\"", megabytes * 1024);
    let mut command = std::process::Command::new("sh");
    command.args(["-c", &limited, "sh", env!("CARGO_BIN_EXE_ventral")]).args(arguments);
    let output = command.current_dir(study.folder.path()).env("NO_COLOR", "1").output();
    study::Ended(output.expect("a shell"))
}

#[test]
fn memory_that_runs_out_costs_one_node_and_no_epoch() {
    let study = Study::with(WIDE);
    study.ventral(&["run", "recipes/a.yaml", "--no-report"]).succeeded();
    // The least in which the small training goes, to half a gigabyte: the libraries alone take most of it. The plan of memory
    // would refuse the wide one; here it is told that there is plenty.
    let run = ["run", "recipes/a.yaml", "--no-report", "--memory", "400GB"];
    let small = [&run[..], &["--node", "small", "--force", "small"]].concat();
    let least = (2..24).map(|half| half * 512).find(|&megabytes| within(&study, megabytes, &small).status() == 0);
    let least = least.expect("some address space suffices");
    study.edit("epochs: 1,", "epochs: 2,");
    study.edit("epochs: 2, batch: 16", "epochs: 3, batch: 16");
    let ended = within(&study, least + 256, &run);
    ended.refused(1, &["wide", "memory ran out", "a smaller `batch`"]);
    assert!(!ended.err().contains("small: failed"), "the small training goes on: {}", ended.err());
    // Layers whose network alone is too large, whoever notices first: libtorch, or Rust, which ends the process.
    let layers = "  layers: { kind: extract_layer, in: { images: it.images }, with: { model: vgg16, weights: random, layers: [classifier.6] } }\n";
    study.write("recipes/b.yaml", &format!("{}{layers}", WIDE.split("  small:").next().expect("the images")));
    let ended = within(&study, least + 256, &["run", "recipes/b.yaml", "--no-report", "--memory", "400GB"]);
    ended.refused(1, &["layers: failed", "memory ran out", "need less"]);
    // With room, the training goes on after the epoch that it had; the small one is done.
    let file = study.path("events");
    let ended = study.ventral(&["run", "recipes/a.yaml", "--no-report", "--events", file.to_str().expect("UTF-8")]);
    assert_eq!(ended.succeeded().counts(), (1, 2));
    assert!(notes(&study).iter().any(|note| note.contains("1 of 2 epochs were there")), "{:?}", notes(&study));
}

mod needs_shared {
    use super::*;

    /// The measure on a real recording: at least .15 on the held-out fifth.
    #[test]
    fn a_network_trained_on_v4_explains_what_it_should() {
        let recording = shared("data/v4-201025");
        let study = Study::with(&format!(
            "\
version: 1
title: V4
nodes:
  v4:
    kind: load_recordings
    with: {{ images: {0}/images.zip, responses: {0}/responses.npy, layout: units_by_stimuli, image_size: 224 }}
  split: {{ kind: split, in: {{ rows: v4.images }}, with: {{ test: 0.2 }} }}
  cnn:
    kind: train_cnn
    in: {{ images: v4.images, responses: v4.responses, split: split }}
    with: {{ architecture: three_layer, image_size: 48, epochs: 15, augment: {{ shift: 3 }} }}
  scores: {{ kind: evaluate, in: {{ predictions: cnn, responses: v4.responses, split: split }}, with: {{ on: test }} }}
",
            recording.display()
        ));
        study.ventral(&["run", "recipes/a.yaml", "--no-report"]).succeeded();
        let rows = study.ventral(&["show", "recipes/a.yaml", "scores.summary", "--json"]).succeeded().json();
        let rows = rows.as_array().expect("rows");
        let row = rows.iter().find(|row| row["measure"] == "explained_variance").expect("it is scored");
        let mean = row["mean"].as_f64().expect("a number");
        println!("explained variance on the held-out fifth: {mean:.3}");
        assert!(mean >= 0.15, "{mean}");
    }
}

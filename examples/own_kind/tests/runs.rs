//! The kind of one's own from a recipe: computed, cached, reported, listed, and known to hints.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const RECIPE: &str = "
version: 1
title: A kind of one's own
nodes:
  it: { kind: synthetic_it, with: { images: 120 } }
  px: { kind: pixels, in: { images: it.images }, with: { size: 4 } }
  normalised: { kind: divisive, in: { features: px }, with: { sigma: 0.5 } }
  readout: { kind: ridge, in: { features: normalised, responses: it.responses, split: it.split } }
  scores: { kind: evaluate, in: { predictions: readout, responses: it.responses, split: it.split }, with: { on: val } }
";

fn own(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_own-ventral"));
    command.current_dir(folder).args(arguments).env("NO_COLOR", "1").env_remove("VENTRAL_WORKER");
    command.output().expect("it starts")
}

fn out(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn study() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["recipes", "cache", "reports"] {
        fs::create_dir(folder.path().join(name)).expect("created");
    }
    fs::write(folder.path().join("recipes/a.yaml"), RECIPE).expect("written");
    folder
}

/// Rows × columns of a result's .csv, whose first line and column are names.
fn numbers(folder: &Path, node: &str) -> Vec<Vec<f32>> {
    out(&own(folder, &["export", "recipes/a.yaml", node, "x.csv"]));
    let text = fs::read_to_string(folder.join("x.csv")).expect("exported");
    text.lines().skip(1).map(|line| line.split(',').skip(1).map(|x| x.parse().expect("a number")).collect()).collect()
}

#[test]
fn it_runs_from_a_recipe_and_is_cached() {
    let study = study();
    let folder = study.path();
    let first = out(&own(folder, &["run", "recipes/a.yaml"]));
    assert!(first.contains("5 nodes: 5 ran, 0 cached, 0 failed"), "{first}");
    let again = out(&own(folder, &["run", "recipes/a.yaml"]));
    assert!(again.contains("5 nodes: 0 ran, 5 cached, 0 failed"), "{again}");
    let (before, after) = (numbers(folder, "px"), numbers(folder, "normalised"));
    assert_eq!((before.len(), after.len()), (120, 120));
    for (row, normalised) in before.iter().zip(&after) {
        let pool = row.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>() / row.len() as f64;
        let by = (0.25 + pool).sqrt();
        assert!(row.iter().zip(normalised).all(|(x, y)| (f64::from(*x) / by - f64::from(*y)).abs() < 1e-5));
    }
    let other = out(&own(folder, &["run", "recipes/a.yaml", "--set", "normalised.sigma=2"]));
    assert!(other.contains("5 nodes: 3 ran, 2 cached, 0 failed"), "{other}");
    let page = fs::read_to_string(folder.join("reports/a/index.html")).expect("a report");
    assert!(page.contains("divisive v1"));
}

#[test]
fn it_is_listed_and_hints_know_it() {
    let study = study();
    let folder = study.path();
    assert!(out(&own(folder, &["kinds"])).contains("own\n  divisive"));
    assert!(out(&own(folder, &["kinds", "divisive"])).contains("sigma: a number; 1.0 unless given"));
    let refused = |recipe: &str, said: &str| {
        fs::write(folder.join("recipes/a.yaml"), recipe).expect("written");
        let output = own(folder, &["run", "recipes/a.yaml"]);
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(2) && err.contains(said), "{err}");
    };
    refused(&RECIPE.replace("kind: divisive", "kind: divisiv"), "did you mean `divisive`?");
    refused(&RECIPE.replace("sigma: 0.5", "sigma: -1"), "it is -1; it is a number above 0");
    refused(&RECIPE.replace("sigma: 0.5", "sgma: 1"), "did you mean `sigma`?");
}

#[test]
fn the_command_alone_links_no_libtorch() {
    let listed = Command::new(env!("CARGO_BIN_EXE_own-ventral")).env("LD_TRACE_LOADED_OBJECTS", "1").output();
    let listed = String::from_utf8_lossy(&listed.expect("the loader lists libraries").stdout).into_owned();
    assert!(listed.contains("libc.so") && !listed.contains("libtorch"), "{listed}");
}

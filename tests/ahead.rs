//! What is told before a run: what it would take, and shapes by headers of files against what is known of the rest, and nothing where it is not certain.

mod study;

use std::fs;

use image::{Rgb, RgbImage};
use ndarray::Array2;
use serde_json::Value as Json;
use study::{Ended, SMALL, Study};

/// A workspace with twelve pictures, responses of three units to them as they should be, and features of as many rows.
fn recorded(nodes: &str) -> Study {
    let study = Study::with(&format!("version: 1\ntitle: Ahead\nnodes:\n{nodes}"));
    fs::create_dir(study.path("data/pictures")).expect("created");
    for at in 0..12_u32 {
        let picture = RgbImage::from_fn(8, 8, |x, y| Rgb([x + at, y, x * y].map(|z| z as u8)));
        picture.save(study.path(&format!("data/pictures/image{at:04}.png"))).expect("saved");
    }
    write(&study, "responses.npy", (12, 3));
    write(&study, "features.npy", (12, 5));
    study
}

fn write(study: &Study, name: &str, (rows, columns): (usize, usize)) {
    let numbers = Array2::from_shape_fn((rows, columns), |(row, column)| ((row * 7 + column * 3) % 11) as f32);
    ndarray_npy::write_npy(study.path("data").join(name), &numbers).expect("written");
}

const V4: &str = "  v4:
    kind: load_recordings
    with: { images: data/pictures, responses: data/responses.npy, layout: stimuli_by_units }
  split: { kind: split, in: { rows: v4.images }, with: { test: 0.25, seed: 1 } }
";
const FEATURES: &str = "  emb: { kind: load_features, in: { rows: v4.images }, with: { path: data/features.npy } }
  pcs: { kind: pca, in: { features: emb, split: split }, with: { components: 4 } }
";

fn check(study: &Study) -> Ended {
    study.ventral(&["check", "recipes/a.yaml"])
}

#[test]
fn what_fits_is_nothing_wrong_and_runs() {
    let study = recorded(&format!("{V4}{FEATURES}"));
    check(&study).succeeded();
    study.run();
}

#[test]
fn rows_of_features_are_counted_by_the_header() {
    let study = recorded(&format!("{V4}{FEATURES}"));
    write(&study, "features.npy", (11, 5));
    let place = "recipes/a.yaml:8:70";
    check(&study).refused(2, &["features.npy has 11 rows, and `v4` has 12", "help: `ids` names the stimuli", place]);
    // A run warns of it before anything runs, and does what can be done without that node.
    let ended = study.ventral(&["run", "recipes/a.yaml"]);
    ended.refused(1, &["warning: features.npy has 11 rows, and `v4` has 12", "emb"]);
    assert!(ended.out().contains("2 ran, 0 cached, 1 failed, 1 skipped"), "{}", ended.out());
    // Names may be those of some rows, in any order.
    study.edit("path: data/features.npy", "path: data/features.npy, ids: data/names.txt");
    let names: Vec<String> = (1..12).map(|at| format!("image{at:04}")).collect();
    study.write("data/names.txt", &names.join("\n"));
    check(&study).succeeded();
    // Only a reader can count the rows of a text.
    study.edit("path: data/features.npy, ids: data/names.txt", "path: data/features.csv");
    study.write("data/features.csv", "a,b\n1.5,2.5\n");
    check(&study).succeeded();
}

#[test]
fn a_layout_that_is_turned_is_told_with_the_one_that_fits() {
    let study = recorded(V4);
    study.edit("stimuli_by_units", "units_by_stimuli");
    let said = [
        "responses.npy has 3 stimuli by its `layout`, and pictures has 12 pictures",
        "of its axes (12 × 3) another has 12: write `stimuli_by_units`",
        "recipes/a.yaml:6:75",
    ];
    check(&study).refused(2, &said);
    study.edit("units_by_stimuli }", "units_by_stimuli, ids: data/names.txt }");
    study.write("data/names.txt", "image0000\nimage0001\nimage0002\n");
    check(&study).succeeded();
}

#[test]
fn components_are_held_against_rows_and_columns() {
    let study = recorded(&format!("{V4}{FEATURES}"));
    study.edit("components: 4", "components: 6");
    check(&study)
        .refused(2, &["6 components are more than `emb` can have: of 12 rows × 5 columns there are 5 at most"]);
    write(&study, "features.npy", (12, 50));
    study.edit("components: 6", "components: 12");
    check(&study).refused(2, &["of 12 rows × 50 columns there are 11 at most"]);
    // Of 9 train rows there are 8, which is not certain before the split is drawn.
    study.edit("components: 12", "components: 11");
    check(&study).succeeded();
    study.edit("components: 11", "components: 12, solver: linfa");
    check(&study).succeeded();
}

#[test]
fn rows_that_belong_to_no_stimuli_cannot_be_joined() {
    let study = recorded(&format!("{V4}{}", FEATURES.replace("in: { rows: v4.images }, ", "")));
    let ended = check(&study);
    ended.refused(2, &["the rows of `emb` belong to no stimuli, and rows join by stimulus", "in: { rows: … }"]);
    study.edit("path: data/features.npy", "path: data/features.npy, order: natural");
    check(&study).refused(2, &["`order` says how rows follow those of `rows`, and nothing is connected there"]);
}

#[test]
fn runs_that_were_are_not_held_against_files_of_today() {
    let study = recorded(&format!(
        "{V4}{FEATURES}  readout: {{ kind: ridge, in: {{ features: pcs, responses: v4.responses, split: split }} }}
  scores: {{ kind: evaluate, in: {{ predictions: readout, responses: v4.responses, split: split }}, with: {{ on: test }} }}
"
    ));
    study.run();
    study.edit("components: 4", "components: 3");
    study.run();
    write(&study, "features.npy", (11, 5));
    check(&study).refused(2, &["features.npy has 11 rows"]);
    study.ventral(&["compare", "a@1", "a@2"]).succeeded();
}

#[test]
fn a_mistake_elsewhere_makes_no_other() {
    let study = recorded(
        "  it: { kind: synthetic_it, with: { images: 64, size: 32, units: 4 } }
  alike: { kind: rsa, in: { a: it.responses, b: it.responses, splitt: it.split }, with: { on: test } }
",
    );
    let ended = check(&study);
    ended.refused(2, &["rsa has no input port `splitt`"]);
    assert!(!ended.err().contains("is a part of a split"), "{}", ended.err());
}

#[test]
fn a_forecast_counts_what_is_kept_beside_results() {
    let study = Study::with(SMALL);
    study.run();
    let forecast = |study: &Study| {
        let rows = study.ventral(&["run", "recipes/a.yaml", "--dry-run", "--json"]).succeeded().json();
        rows.as_array().expect("rows").clone()
    };
    let products = |rows: &[Json]| rows.iter().filter_map(|row| row["product_bytes"].as_u64()).sum::<u64>();
    // Other numbers of components start from the products of rows that are there.
    study.edit("components: 8", "components: 6");
    assert_eq!(products(&forecast(&study)), 0);
    study.edit("components: 6", "components: 8");
    study.edit("seed: 3", "seed: 4");
    let rows = forecast(&study);
    // Of 192 columns and 64 rows, products of rows in 32 or 64 bits; of 48 columns there are none.
    let of =
        |name: &str| rows.iter().find(|row| row["node"] == name).expect(name)["product_bytes"].as_u64().expect("known");
    assert!(of("pcs@size=8") >= 64 * 64 * 4, "{rows:?}");
    assert_eq!(of("pcs@size=4"), 0, "{rows:?}");
    let told = study.ventral(&["run", "recipes/a.yaml", "--dry-run"]).succeeded().out();
    let line = told.lines().last().expect("a summary");
    assert!(line.contains("at most") && line.contains("of it kept products of rows and the like"), "{line}");
    // At most: what the run then adds to the cache is no more.
    let bytes = |study: &Study| -> u64 {
        let objects = fs::read_dir(study.path("cache/objects")).expect("objects").flatten();
        objects.map(|object| object.metadata().map_or(0, |meta| meta.len())).sum()
    };
    let most: u64 = rows.iter().filter_map(|row| Some(row["bytes"].as_u64()? + row["product_bytes"].as_u64()?)).sum();
    let before = bytes(&study);
    study.run();
    let added = bytes(&study) - before;
    assert!(added > 0 && added <= most + most / 10, "{added} bytes were added, and at most {most} were forecast");
}

//! Bad input through the command: one clear error that names file, node and rule, a nonzero status, and nothing lost.

mod study;

use std::fs;
use std::path::Path;

use image::{Rgb, RgbImage};
use ndarray::{Array2, Axis, s};
use study::{Ended, Study};

fn fixture(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name).display().to_string()
}

/// A workspace with twelve pictures in `data/pictures` and responses of three units to them.
fn recorded(recipe: &str) -> Study {
    let study = Study::with(recipe);
    fs::create_dir(study.path("data/pictures")).expect("created");
    for at in 0..12_u32 {
        let picture =
            RgbImage::from_fn(8, 8, |x, y| Rgb([x, y, x * y].map(|z| ((at + 3) * (z + 7) * 2_654_435 % 251) as u8)));
        picture.save(study.path(&format!("data/pictures/image{at:04}.png"))).expect("saved");
    }
    respond(&study, &responses());
    study
}

fn responses() -> Array2<f64> {
    Array2::from_shape_fn((12, 3), |(stimulus, unit)| ((stimulus * (unit + 2)) % 7) as f64)
}

fn respond(study: &Study, responses: &Array2<f64>) {
    ndarray_npy::write_npy(study.path("data/responses.npy"), responses).expect("written");
}

const RECORDED: &str = "\
version: 1
title: A recording
nodes:
  v4:
    kind: load_recordings
    with: { images: data/pictures, responses: data/responses.npy, layout: stimuli_by_units }
  split: { kind: split, in: { rows: v4.images }, with: { test: 0.25, seed: 1 } }
  px: { kind: pixels, in: { images: v4.images } }
  pcs: { kind: pca, in: { features: px, split: split }, with: { components: 2 } }
  readout: { kind: ridge, in: { features: pcs, responses: v4.responses, split: split } }
  scores: { kind: evaluate, in: { predictions: readout, responses: v4.responses, split: split }, with: { on: test } }
";

fn run(study: &Study) -> Ended {
    study.ventral(&["run", "recipes/a.yaml", "--no-report"])
}

fn h5(path: &str) -> Study {
    Study::with(&format!("version: 1\ntitle: h5\nnodes:\n  it: {{ kind: load_majaj, with: {{ path: {path} }} }}\n"))
}

#[test]
fn the_study_itself_is_sound() {
    recorded(RECORDED).run();
}

#[test]
fn an_h5_of_another_layout() {
    run(&h5(&fixture("types.h5"))).refused(1, &["it:", "types.h5 lacks stimulus_train"]);
    run(&h5(&fixture("it_bad_shape.h5"))).refused(1, &["it:", "stimulus_test"]);
    run(&h5(&fixture("it_bad_rows.h5"))).refused(1, &["it:", "spikes_train", "5", "6"]);
    run(&h5(&fixture("it_bad_nan.h5"))).refused(1, &["it:", "spikes_val", "NaN"]);
    run(&h5("data/none.h5")).refused(1, &["it:", "data/none.h5"]);
}

#[test]
fn a_truncated_h5() {
    let bytes = fs::read(fixture("it_tiny.h5")).expect("a fixture");
    for length in [0, 7, 100, 1000, bytes.len() / 2, bytes.len() - 1] {
        let study = h5("data/cut.h5");
        fs::write(study.path("data/cut.h5"), &bytes[..length]).expect("written");
        run(&study).refused(1, &["it:", "cut.h5"]);
    }
    let study = h5("data/text.h5");
    study.write("data/text.h5", "no HDF5 at all");
    run(&study).refused(1, &["it:", "text.h5"]);
}

#[test]
fn pictures_that_do_not_decode_are_named() {
    let study = recorded(RECORDED);
    study.write("data/pictures/image0007.png", "no picture");
    run(&study).refused(1, &["v4:", "image0007"]);
    let bytes = fs::read(study.path("data/pictures/image0003.png")).expect("a picture");
    fs::write(study.path("data/pictures/image0007.png"), &bytes[..bytes.len() / 2]).expect("written");
    let ended = run(&study);
    ended.refused(1, &["image0007"]);
}

#[test]
fn responses_that_cannot_be_used() {
    let study = recorded(RECORDED);
    let mut holed = responses();
    holed.slice_mut(s![1.., 1]).fill(f64::NAN);
    respond(&study, &holed);
    run(&study).refused(1, &["readout:", "1 of 3 units have fewer than 3 responses", "unit_002", "select_units"]);
    respond(&study, &responses().select(Axis(0), &(0..11).collect::<Vec<_>>()));
    run(&study).refused(1, &["v4:", "responses.npy", "11", "12"]);
    study.write("data/responses.npy", "no array");
    run(&study).refused(1, &["v4:", "responses.npy"]);
    respond(&study, &responses());
    study.run();
}

#[test]
fn a_constant_unit_is_predicted_by_its_constant_and_scores_nothing() {
    let study = recorded(RECORDED);
    let mut flat = responses();
    flat.column_mut(1).fill(4.0);
    respond(&study, &flat);
    let ended = run(&study);
    ended.succeeded();
    assert!(ended.err().contains("constant") && ended.err().contains("unit_002"), "{}", ended.err());
    let rows = study.ventral(&["show", "recipes/a.yaml", "scores", "--json"]).json();
    let row = &rows[1];
    assert!(row["unit"] == "unit_002" && row["explained_variance"].is_null() && row["r"].is_null(), "{row}");
    let summary = study.ventral(&["show", "recipes/a.yaml", "scores.summary", "--json"]).json();
    assert!(summary[0]["units"] == 2 && summary[0]["mean"].is_f64(), "{summary}");
}

#[test]
fn more_components_than_the_rank() {
    let study = recorded(RECORDED);
    study.edit("components: 2", "components: 20");
    run(&study).refused(1, &["pcs:", "`components` is 20", "9 centred train rows", "rank"]);
}

#[test]
fn test_rows_that_a_fit_has_seen() {
    let study = recorded(RECORDED);
    study.edit(
        "  scores:",
        "  other: { kind: split, in: { rows: v4.images }, with: { test: 0.25, seed: 2 } }\n  scores:",
    );
    study.edit(
        "responses: v4.responses, split: split }, with: { on: test }",
        "responses: v4.responses, split: other }, with: { on: test }",
    );
    run(&study).refused(1, &["scores:", "test rows were seen by `pca`", "`pcs` → `readout` → `scores`"]);
    // The same picture under another name is still the same picture.
    let study = recorded(RECORDED);
    for at in 0..12 {
        let twin = study.path(&format!("data/pictures/twin{at:04}.png"));
        fs::copy(study.path(&format!("data/pictures/image{at:04}.png")), twin).expect("copied");
    }
    respond(&study, &ndarray::concatenate(Axis(0), &[responses().view(), responses().view()]).expect("alike"));
    study.write(
        "data/split.csv",
        &(0..12).fold("id,part\n".to_owned(), |text, at| format!("{text}image{at:04},train\ntwin{at:04},test\n")),
    );
    study.edit("{ test: 0.25, seed: 1 }", "{ from: data/split.csv }");
    run(&study).refused(1, &["scores:", "12 of 12 test rows were seen"]);
}

#[test]
fn two_recordings_that_both_have_an_image0001() {
    let study = recorded(RECORDED);
    fs::create_dir(study.path("data/others")).expect("created");
    for at in 0..12_u32 {
        let picture = RgbImage::from_pixel(8, 8, Rgb([at as u8, 3, 4]));
        picture.save(study.path(&format!("data/others/image{at:04}.png"))).expect("saved");
    }
    study.edit(
        "  split:",
        "  b:\n    kind: load_recordings\n    with: { images: data/others, responses: data/responses.npy, layout: stimuli_by_units }\n  split:",
    );
    study.edit("responses: v4.responses, split: split } }", "responses: b.responses, split: split } }");
    run(&study).refused(1, &["readout:", "different sources", "image0000"]);
}

#[test]
fn weights_and_layers_that_do_not_fit() {
    const NETWORK: &str = "\
version: 1
title: A network
nodes:
  it: { kind: synthetic_it, with: { images: 16, size: 32, units: 2, repeats: 2 } }
  layers:
    kind: extract_layer
    in: { images: it.images }
    with: { model: squeezenet1_1, weights: data/w.safetensors, layers: [features.3] }
";
    let study = Study::with(NETWORK);
    run(&study).refused(1, &["layers:", "w.safetensors"]);
    let bytes = vec![0_u8; 4 * 64 * 3 * 7 * 7];
    let tensor =
        safetensors::tensor::TensorView::new(safetensors::Dtype::F32, vec![64, 3, 7, 7], &bytes).expect("sound");
    let file = safetensors::serialize([("conv1.weight", tensor)], None).expect("serialised");
    fs::write(study.path("data/w.safetensors"), file).expect("written");
    run(&study).refused(1, &["layers:", "w.safetensors", "features.0.weight", "conv1.weight"]);
    study.write("data/w.safetensors", "no tensors");
    run(&study).refused(1, &["layers:", "w.safetensors"]);
    // A pickle that would run a command, where anything ran it.
    let hostile = b"\x80\x02cposix\nsystem\nX\x0c\0\0\0touch data/ranq\0\x85R.";
    let magic = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.\x80\x02}.";
    fs::write(study.path("data/w.safetensors"), [magic.as_slice(), hostile].concat()).expect("written");
    run(&study).refused(1, &["layers:", "w.safetensors asks for the Python object `posix.system`", "nothing was run"]);
    assert!(!study.path("data/ran").exists());
    study.edit("weights: data/w.safetensors", "weights: random");
    study.edit("[features.3]", "[features.3, feature.6]");
    run(&study).refused(2, &["recipes/a.yaml:8:73", "no layer `feature.6`", "did you mean `features.6`"]);
}

#[test]
fn recipes_that_are_no_recipes() {
    let mut bomb = "version: 1\ntitle: bomb\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for at in 1..12 {
        let inner = vec![format!("*a{}", at - 1); 10].join(", ");
        bomb.push_str(&format!("a{at}: &a{at} [{inner}]\n"));
    }
    bomb.push_str("nodes: {}\n");
    let study = Study::with(&bomb);
    run(&study).refused(2, &["recipes/a.yaml"]);
    study.write("recipes/a.yaml", &"# a comment that says nothing at all, again and again\n".repeat(1_000_000));
    run(&study).refused(2, &["recipes/a.yaml", "MB"]);
    fs::write(study.path("recipes/a.yaml"), [0xff, 0xfe, 0x00, 0x41]).expect("written");
    run(&study).refused(2, &["recipes/a.yaml", "UTF-8"]);
    fs::remove_file(study.path("recipes/a.yaml")).expect("removed");
    fs::create_dir(study.path("recipes/a.yaml")).expect("created");
    run(&study).refused(2, &["recipes/a.yaml"]);
}

#[test]
fn what_worked_before_a_mistake_is_kept() {
    let study = recorded(RECORDED);
    assert_eq!(study.run(), (6, 0));
    study.edit("components: 2", "components: 20");
    run(&study).refused(1, &["pcs:"]);
    study.edit("components: 20", "components: 2");
    assert_eq!(study.run(), (0, 6));
}

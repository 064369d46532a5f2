//! Tests of both kinds of training on pictures whose responses and classes are known.

use std::collections::BTreeMap;

use ndarray::Array2;
use serde_json::{Value as Json, json};

use crate::kind::Kind;
use crate::nets::init;
use crate::nets::zoo::catalogue;
use crate::nodes::features::extract_layer::ExtractLayer;
use crate::nodes::saved::Saved;
use crate::nodes::testing::{Checkpoints, Inputs, Outputs, folds, hold_out, inputs, responses, stimuli};
use crate::nodes::training::co_train::CoTrain;
use crate::nodes::training::fit::trained::predict;
use crate::nodes::training::train_cnn::TrainCnn;
use crate::stats::summary;
use crate::value::Value;
use crate::value::images::Images;
use crate::value::labels::Labels;
use crate::value::network::Network;

const COUNT: usize = 60;
const SIDE: usize = 16;

/// Grey pictures with a bright half, left or right, of a brightness of its own; and noise.
fn pictures() -> Vec<u8> {
    let mut pixels = Vec::new();
    for row in 0..COUNT {
        for at in 0..SIDE * SIDE {
            let left = at % SIDE < SIDE / 2;
            let light = 60 + 120 * usize::from(left == (row % 2 == 0)) * (1 + row % 5) / 5;
            let noise = (row * 7919 + at * 104_729) % 23;
            pixels.extend([light + noise; 3].map(|x| x as u8));
        }
    }
    pixels
}

/// How bright the left half is, how bright the right, and their difference.
fn recorded() -> Array2<f32> {
    Array2::from_shape_fn((COUNT, 3), |(row, unit)| {
        let light = (1 + row % 5) as f32 / 5.0;
        let (left, right) = if row % 2 == 0 { (light, 0.0) } else { (0.0, light) };
        [5.0 * left, 100.0 + right, left - right][unit]
    })
}

fn images() -> Value {
    Value::Images(Images::rendered(stimuli(COUNT), (SIDE, SIDE), pictures()))
}

fn labels(rows: usize) -> Value {
    let object = (0..rows).map(|row| ["left", "right"][row % 2].to_owned()).collect();
    Value::Labels(Labels { stimuli: stimuli(rows), object, category: None })
}

fn split() -> Value {
    hold_out(&stimuli(COUNT), &("t".repeat(40) + &"v".repeat(8) + &"e".repeat(12)))
}

fn bare() -> Inputs {
    // Networks so small gain nothing from a team, and lose much to one where something else runs too.
    crate::libtorch::set_threads(1);
    inputs().value("images", &images()).value("split", &split())
}

fn on_responses() -> Inputs {
    bare().value("responses", &responses(&stimuli(COUNT), recorded()))
}

fn on_both() -> Inputs {
    on_responses().value("labels", &labels(COUNT))
}

/// A network of moments, and more.
fn small(more: Json) -> Json {
    let mut params = json!({
        "architecture": { "blocks": [{ "channels": 6, "kernel": 5, "stride": 2 }, { "channels": 6, "pool": 2, "dropout": 0.1 }] },
        "epochs": 12, "batch": 10, "learning_rate": 0.02, "weight_decay": 0.01, "seed": 1,
    });
    for (name, value) in more.as_object().expect("a map") {
        params[name] = value.clone();
    }
    params
}

/// Explained variance per unit on the test rows.
fn explained(made: &Outputs) -> Vec<f64> {
    let (predicted, truth) = (made.matrix("predictions").view().to_owned(), recorded());
    let column = |array: &Array2<f32>, unit: usize| -> Vec<f64> {
        array.column(unit).iter().skip(48).map(|&x| f64::from(x)).collect()
    };
    (0..3).map(|unit| summary::explained_variance(&column(&truth, unit), &column(&predicted, unit)).unwrap()).collect()
}

/// The share of test rows whose likeliest class is theirs.
fn accuracy(made: &Outputs, port: &str) -> f64 {
    let probabilities = made.matrix(port);
    assert_eq!(probabilities.about.columns.as_deref(), Some(["left", "right"].map(str::to_owned).as_slice()));
    let view = probabilities.view();
    assert!(view.rows().into_iter().all(|row| (row.sum() - 1.0).abs() < 1e-5 && row.iter().all(|&p| p >= 0.0)));
    let right = (48..COUNT).filter(|&row| (view[[row, 0]] > 0.5) == (row % 2 == 0)).count();
    right as f64 / 12.0
}

fn columns(made: &Outputs) -> Vec<String> {
    made.table("history").get_column_names().iter().map(|name| name.to_string()).collect()
}

#[test]
fn responses_are_learned_with_every_readout_and_loss() {
    for more in [
        json!({}),
        json!({ "readout": "gaussian", "epochs": 20 }),
        json!({ "readout": { "pooled": { "grid": 2 } } }),
        json!({ "readout": { "full": { "hidden": [8] } } }),
        json!({ "precision": "bf16" }),
        json!({ "optimizer": "sgd", "learning_rate": 0.1, "clip": 1.0 }),
    ] {
        let made = on_responses().run::<TrainCnn>(small(more.clone())).unwrap();
        let scores = explained(&made);
        assert!(scores.iter().all(|&ev| ev > 0.7), "{more}: {scores:?}");
        let best = made.numbers("history", "val_explained_variance").into_iter().fold(f64::MIN, f64::max);
        assert!(best > 0.7, "{more}: {best}");
    }
    // Counts: rates are above 0, and each unit keeps its size.
    let made = {
        let counts = recorded().mapv(|x| x.max(0.0));
        let given = bare().value("responses", &responses(&stimuli(COUNT), counts));
        given.run::<TrainCnn>(small(json!({ "loss": "poisson", "epochs": 25 }))).unwrap()
    };
    let predictions = made.matrix("predictions").view().to_owned();
    assert!(predictions.iter().all(|&rate| rate > 0.0));
    let mean = predictions.column(1).mean().unwrap();
    assert!((mean - 100.3).abs() < 5.0, "{mean}");
    let error = on_responses().refusal::<TrainCnn>(small(json!({ "loss": "poisson" }))).message;
    assert!(error.contains("`loss: poisson` takes counts or rates of at least 0"), "{error}");
}

#[test]
fn classes_are_learned_from_labels() {
    let made = bare().value("labels", &labels(COUNT)).run::<TrainCnn>(small(json!({}))).unwrap();
    assert_eq!(accuracy(&made, "predictions"), 1.0);
    assert_eq!(columns(&made), ["epoch", "train_loss", "val_loss", "val_accuracy", "learning_rate", "seconds"]);
    assert_eq!(made.network("network").about.trained.unwrap().classes, ["left", "right"]);
}

#[test]
fn both_are_learned_however_they_are_weighed() {
    for more in [
        json!({ "balance": "fixed", "lambda": 3.0 }),
        json!({ "balance": "uncertainty" }),
        json!({ "balance": "gradnorm" }),
        json!({ "balance": "uncertainty", "batches": "alternating" }),
    ] {
        let made = on_both().run::<CoTrain>(small(more.clone())).unwrap();
        let scores = explained(&made);
        assert!(scores.iter().all(|&ev| ev > 0.6), "{more}: {scores:?}");
        assert!(accuracy(&made, "probabilities") > 0.9, "{more}");
        let weights = made.numbers("history", "weight_response");
        let moved = weights.iter().any(|&weight| weight != weights[0]);
        assert_eq!(moved, more["balance"] != "fixed", "{more}: {weights:?}");
    }
}

#[test]
fn whatever_is_known_of_a_row_teaches() {
    // Responses of rows 20 and on, labels of rows before 30, and a unit unknown to some.
    let rows: Vec<usize> = (20..COUNT).collect();
    let mut known = recorded().select(ndarray::Axis(0), &rows);
    known.column_mut(0).slice_mut(ndarray::s![..4]).fill(f32::NAN);
    let some = Value::Responses(crate::value::responses::Responses::new(
        crate::nodes::testing::about(&stimuli(COUNT).select(&rows), 3),
        known,
        None,
    ));
    let inputs = || bare().value("responses", &some).value("labels", &labels(30));
    for batches in ["joint", "alternating"] {
        let made = inputs()
            .run::<CoTrain>(small(json!({ "balance": "uncertainty", "batches": batches, "epochs": 20 })))
            .unwrap();
        let scores = explained(&made);
        assert!(scores.iter().all(|&ev| ev > 0.5), "{batches}: {scores:?}");
        assert!(accuracy(&made, "probabilities") > 0.9, "{batches}");
        assert!(made.matrix("predictions").view().iter().all(|x| x.is_finite()));
    }
    let error = bare().value("responses", &some).refusal::<TrainCnn>(small(json!({}))).message;
    assert!(error.contains("20 of 40 stimuli of `train` are not in `responses`"), "{error}");
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_others() {
    let run =
        |seed: u64| on_responses().run::<TrainCnn>(small(json!({ "seed": seed, "augment": { "shift": 2 } }))).unwrap();
    let (first, again, other) = (run(1), run(1), run(2));
    for port in ["predictions", "network"] {
        assert_eq!(first.bytes(port), again.bytes(port), "{port}");
        assert_ne!(first.bytes(port), other.bytes(port), "{port}");
    }
}

#[test]
fn a_training_goes_on_from_its_checkpoint_with_the_same_bytes() {
    for (schedule, more) in [("constant", json!({})), ("constant", json!({ "balance": "gradnorm" }))] {
        let run = |epochs: usize, checkpoints: &Checkpoints| {
            let mut params =
                small(json!({ "schedule": schedule, "epochs": epochs, "early_stopping": { "patience": 50 } }));
            for (name, value) in more.as_object().unwrap() {
                params[name] = value.clone();
            }
            let given = if more == json!({}) { on_responses() } else { on_both() }.beside(checkpoints);
            if more == json!({}) { given.run::<TrainCnn>(params) } else { given.run::<CoTrain>(params) }.unwrap()
        };
        let (stopped, fresh) = (Checkpoints::default(), Checkpoints::default());
        run(2, &stopped);
        let gone_on = run(4, &stopped);
        assert!(gone_on.notes.iter().any(|note| note.contains("2 of 4 epochs were there")), "{:?}", gone_on.notes);
        let whole = run(4, &fresh);
        assert!(whole.notes.iter().all(|note| !note.contains("epochs were there")));
        for port in ["predictions", "network"] {
            assert_eq!(gone_on.bytes(port), whole.bytes(port), "{port}");
        }
        // Fewer epochs than are there: anew, and still the same.
        let back = run(2, &stopped);
        assert_eq!(back.bytes("network"), run(2, &Checkpoints::default()).bytes("network"));
    }
}

#[test]
fn a_schedule_that_spans_all_epochs_says_that_it_starts_anew() {
    let checkpoints = Checkpoints::default();
    let run = |epochs: usize| {
        let params = small(json!({ "schedule": "cosine", "epochs": epochs }));
        on_responses().beside(&checkpoints).run::<TrainCnn>(params).unwrap()
    };
    run(3);
    let longer = run(5);
    assert!(
        longer.notes.iter().any(|note| note.contains("`schedule: cosine` spreads over all epochs")),
        "{:?}",
        longer.notes
    );
    let again = run(5);
    assert!(again.notes.iter().any(|note| note.contains("5 of 5 epochs were there")), "{:?}", again.notes);
    assert_eq!(longer.bytes("network"), again.bytes("network"));
}

#[test]
fn what_was_seen_is_remembered() {
    let saw = |made: &Outputs| {
        let lineage = made.matrix("predictions").about.lineage.clone();
        assert_eq!(made.network("network").about.lineage, lineage);
        let seen = |list: &[crate::value::lineage::Exposure]| {
            let saw = |row: usize| list.iter().any(|exposure| exposure.saw(stimuli(COUNT).get(row)));
            (0..COUNT).filter(|&row| saw(row)).collect::<Vec<_>>()
        };
        (seen(&lineage.fitted), seen(&lineage.selected))
    };
    let train: Vec<usize> = (0..40).collect();
    let sliced = on_responses().run::<TrainCnn>(small(json!({ "epochs": 2 }))).unwrap();
    assert_eq!(saw(&sliced), (train.clone(), vec![]), "a slice of train counts as fitted");
    let judged = small(json!({ "epochs": 2, "early_stopping": { "on": "val" } }));
    let judged = on_responses().run::<TrainCnn>(judged).unwrap();
    assert_eq!(saw(&judged), (train.clone(), (40..48).collect()));
    let looked = on_responses().run::<TrainCnn>(small(json!({ "epochs": 2, "early_stopping": null }))).unwrap();
    assert_eq!(saw(&looked), (train, vec![]), "rows that are looked at decide nothing");
    assert!(looked.numbers("history", "val_loss").iter().all(|loss| loss.is_finite()));
}

#[test]
fn early_stopping_keeps_the_best_epoch() {
    let params = small(
        json!({ "epochs": 40, "learning_rate": 0.05, "schedule": "constant", "early_stopping": { "patience": 3 } }),
    );
    let made = on_responses().run::<TrainCnn>(params).unwrap();
    let losses = made.numbers("history", "val_loss");
    let best = (0..losses.len()).min_by(|&a, &b| losses[a].total_cmp(&losses[b])).unwrap() + 1;
    assert_eq!(made.table("history").about.facts["best_epoch"], json!(best));
    assert!(losses.len() < 40 && losses.len() - best == 3, "{losses:?}");
    assert!(
        made.notes.iter().any(|note| note.contains(&format!("the weights of epoch {best} are kept"))),
        "{:?}",
        made.notes
    );
}

#[test]
fn a_network_predicts_what_it_predicted_and_gives_its_layers() {
    let made = on_both().run::<CoTrain>(small(json!({ "epochs": 2 }))).unwrap();
    let network = made.network("network");
    let Value::Images(pictures) = images() else { unreachable!() };
    let outputs = predict(&network, &pictures, &BTreeMap::new(), tch::Device::Cpu, 32).unwrap();
    assert_eq!(outputs.responses.unwrap(), made.matrix("predictions").view());
    assert_eq!(outputs.probabilities.unwrap(), made.matrix("probabilities").view());

    let extract = |layers: Json, model: &str| {
        let inputs = inputs().value("images", &images()).value("network", &made.value("network"));
        inputs.run::<ExtractLayer>(json!({ "model": model, "layers": layers }))
    };
    let layers = extract(json!(["responses", "blocks.0", "blocks.1"]), "network").unwrap();
    let off = &layers.matrix_of("activations", "responses").view() - &made.matrix("predictions").view();
    assert!(off.iter().all(|x| x.abs() < 1e-3));
    assert_eq!(layers.matrix_of("activations", "blocks.0").about.row_shape, [6, 8, 8]);
    assert_eq!(layers.matrix_of("activations", "blocks.1").about.lineage, network.about.lineage);
    let error = extract(json!(["blocks.2"]), "network").err().unwrap().message;
    assert!(error.contains("the network has no layer `blocks.2`; did you mean `blocks.1`?"), "{error}");
    let untrained = Network { about: crate::value::network::About { trained: None, ..network.about }, ..network };
    assert!(
        predict(&untrained, &pictures, &BTreeMap::new(), tch::Device::Cpu, 8)
            .unwrap_err()
            .contains("was not trained here")
    );
}

#[test]
fn a_trained_network_is_trained_on_and_what_is_frozen_stays() {
    let first = bare().value("labels", &labels(COUNT)).run::<TrainCnn>(small(json!({}))).unwrap();
    let mut params = small(json!({ "tune": "readout" }));
    params.as_object_mut().unwrap().remove("architecture");
    let inputs = || on_responses().value("network", &first.value("network"));
    let made = inputs().run::<TrainCnn>(params.clone()).unwrap();
    let (before, after) = (first.network("network"), made.network("network"));
    let same = |name: &str| before.tensors[name] == after.tensors[name];
    assert!(before.tensors.keys().filter(|name| name.starts_with("blocks")).all(|name| same(name)));
    params["tune"] = json!("blocks.1");
    let made = inputs().run::<TrainCnn>(params.clone()).unwrap();
    let after = made.network("network");
    let changed: Vec<&String> = before
        .tensors
        .iter()
        .filter(|(name, tensor)| name.starts_with("blocks") && after.tensors[*name] != **tensor)
        .map(|(name, _)| name)
        .collect();
    assert!(!changed.is_empty() && changed.iter().all(|name| name.starts_with("blocks.1")), "{changed:?}");
    // What the trunk has seen is known.
    assert_eq!(after.about.lineage.fitted.len(), 1);
    // Pictures that are moved pass through the frozen trunk at every look.
    params["augment"] = json!({ "shift": 1 });
    inputs().run::<TrainCnn>(params.clone()).unwrap();
    params["architecture"] = json!("two_layer");
    let error = inputs().refusal::<TrainCnn>(params).message;
    assert!(error.contains("`network` is connected, but the parameters name an architecture"), "{error}");
}

#[test]
fn a_network_of_the_zoo_is_fine_tuned_from_a_layer_up() {
    let params = |tune: &str| {
        json!({
            "model": "squeezenet1_1", "weights": "random", "layer": "features.4", "tune": tune, "image_size": 32,
            "epochs": 2, "batch": 8, "learning_rate": 1e-3, "seed": 1
        })
    };
    let run = |tune: &str| on_responses().run::<TrainCnn>(params(tune)).unwrap();
    let [whole, some, readout] = ["whole", "features.4", "readout"].map(run);
    let tensors = |made: &Outputs| made.network("network").tensors;
    let (whole, some, readout) = (tensors(&whole), tensors(&some), tensors(&readout));
    assert_eq!(some["features.0.weight"], readout["features.0.weight"]);
    assert_ne!(whole["features.0.weight"], readout["features.0.weight"]);
    assert_ne!(some["features.4.squeeze.weight"], readout["features.4.squeeze.weight"]);
    assert!(!readout.contains_key("features.12.squeeze.weight"), "what is not read out is not kept");
    let error = on_responses().refusal::<TrainCnn>(params("features.6")).message;
    assert!(error.contains("lies beyond the layer that is read out (features.4)"), "{error}");
    // The architecture's own name works too.
    let made = run("readout");
    let inputs = inputs().value("images", &images()).value("network", &made.value("network"));
    let layers = inputs.run::<ExtractLayer>(json!({ "model": "squeezenet1_1", "layers": ["features.0"] })).unwrap();
    assert_eq!(layers.matrix_of("activations", "features.0").rows(), COUNT);
}

#[test]
fn a_network_among_others_in_a_file_is_trained_on() {
    let squeezenet = catalogue::describe("squeezenet1_1").expect("it ships");
    let own = init::random(squeezenet, &["features.4"], 7);
    let named = |prefix: &str, seed| {
        let all = init::random(squeezenet, &["features.4"], seed).into_iter();
        all.map(|(name, t)| (format!("{prefix}{name}"), Saved::Tensor(t.shape, t.data))).collect::<Vec<_>>()
    };
    let inputs = on_responses();
    let path = inputs.path("moco.pth");
    std::fs::write(&path, Saved::dict([named("encoder_q.", 6), named("encoder_k.", 7)].concat()).bytes()).unwrap();
    let params = json!({
        "model": "squeezenet1_1", "weights": { "path": path, "prefix": "encoder_k" }, "layer": "features.4", "tune": "readout",
        "image_size": 32, "epochs": 1, "batch": 8, "learning_rate": 1e-3, "seed": 1
    });
    let made = inputs.file("weights.path", path).run::<TrainCnn>(params).unwrap();
    let tensors = made.network("network").tensors;
    for name in ["features.0.weight", "features.4.squeeze.weight"] {
        assert_eq!(tensors[name].iter().copied().collect::<Vec<f32>>(), own[name].data, "{name}");
    }
    let said = "moco.pth: tensors are taken from under `encoder_k.`";
    assert_eq!(made.notes.iter().filter(|note| note.as_str() == said).count(), 1, "{:?}", made.notes);
}

#[test]
fn folds_each_have_a_training_of_their_own() {
    let rows = stimuli(COUNT);
    let inputs = inputs().value("images", &images()).value("split", &folds(&rows, 2));
    let made = inputs
        .value("responses", &responses(&rows, recorded()))
        .run::<TrainCnn>(small(json!({ "epochs": 3 })))
        .unwrap();
    assert_eq!(made.keys("predictions"), ["0", "1"]);
    assert_eq!(made.keys("network"), ["0", "1"]);
    assert_eq!(columns(&made)[0], "fold");
    assert_eq!(made.table("history").height(), 6);
    let lineage = &made.matrix_of("predictions", "1").about.lineage;
    assert!(lineage.fitted[0].saw(rows.get(0)) && !lineage.fitted[0].saw(rows.get(1)));
}

#[test]
fn data_that_do_not_fit_are_refused_before_training_starts() {
    let refused = |given: Inputs, more: Json| given.refusal::<TrainCnn>(small(more)).message;
    let error = refused(on_responses(), json!({ "batch": 37 }));
    assert!(error.contains("`batch` is 37, but 36 rows are fitted on"), "{error}");
    let error = refused(on_both(), json!({}));
    assert!(error.contains("`co_train` learns both"), "{error}");
    assert!(refused(bare(), json!({})).contains("neither `responses` nor `labels` is connected"));
    let no_val = hold_out(&stimuli(COUNT), &("t".repeat(40) + &"e".repeat(20)));
    let given_no_val = inputs()
        .value("images", &images())
        .value("split", &no_val)
        .value("responses", &responses(&stimuli(COUNT), recorded()));
    let error = refused(given_no_val, json!({ "early_stopping": { "on": "val" } }));
    assert!(error.contains("`early_stopping.on` is val, but 0 rows of `split` are val"), "{error}");
    // Validation rows without responses judge nothing.
    let some = responses(&stimuli(40), recorded().slice(ndarray::s![..40, ..]).to_owned());
    let inputs = || bare().value("responses", &some);
    let error = refused(inputs(), json!({ "early_stopping": { "on": "val" } }));
    assert!(error.contains("none of the 8 rows that should judge an epoch"), "{error}");
    let made = inputs().run::<TrainCnn>(small(json!({ "early_stopping": null, "epochs": 1 }))).unwrap();
    assert!(made.numbers("history", "val_loss")[0].is_nan(), "nobody judges");
    let one = Value::Labels(Labels { stimuli: stimuli(COUNT), object: vec!["left".to_owned(); COUNT], category: None });
    let error = refused(bare().value("labels", &one), json!({}));
    assert!(error.contains("show one class, `left` (") && error.contains("take `classes: category`"), "{error}");
    let error = refused(
        on_responses(),
        json!({ "architecture": { "blocks": [{ "channels": 2, "kernel": 40, "padding": 0 }] } }),
    );
    assert!(error.contains("block 0 has a kernel of 40 × 40, but what reaches it is 3 × 16 × 16"), "{error}");
    let error = refused(bare().value("labels", &labels(COUNT)), json!({ "classes": "category" }));
    assert!(error.contains("`labels` name no categories"), "{error}");
    let mut broken = recorded();
    broken[[3, 1]] = f32::INFINITY;
    let error = refused(bare().value("responses", &responses(&stimuli(COUNT), broken)), json!({}));
    assert!(error.contains("`responses` holds inf"), "{error}");
}

#[test]
fn parameters_are_checked_when_the_recipe_is() {
    let cnn = Kind::described::<TrainCnn>("training");
    let both = Kind::described::<CoTrain>("training");
    let wrong = |kind: &Kind, params: Json| {
        let problem = kind.normalise(params).expect_err("it is wrong");
        format!("{}: {}", problem.path, problem.message)
    };
    let large =
        json!({ "architecture": { "blocks": [{ "channels": 4, "kernel": 9, "padding": 0 }] }, "image_size": 8 });
    let error = wrong(&cnn, large);
    assert!(error.starts_with("architecture: does not fit images of 8 × 8: block 0 has a kernel of 9 × 9"), "{error}");
    assert!(wrong(&both, json!({ "balance": "fixed", "lambda": 0 })).starts_with("lambda: is 0, so that nothing"));
    assert!(wrong(&both, json!({ "lambda": 2.0 })).contains("is the weight under `balance: fixed`"));
    assert!(wrong(&both, json!({ "balance": "gradnorm", "batches": "alternating" })).starts_with("batches: gradnorm"));
    assert!(wrong(&cnn, json!({ "model": "resnet51", "layer": "fc" })).contains("did you mean `resnet50`?"));
    assert!(wrong(&cnn, json!({ "model": "resnet50" })).contains("layer: is not given"));
    assert!(wrong(&cnn, json!({ "model": "resnet50", "layer": "layer5" })).contains("has no layer `layer5`"));
    assert!(wrong(&cnn, json!({ "weights": "random" })).contains("stands without `model`"));
    assert!(wrong(&cnn, json!({ "tune": "features.3" })).contains("`features.3` is none of whole, readout"));
    assert!(wrong(&cnn, json!({ "architecture": { "blocks": [] } })).contains("no block is given"));
    assert!(wrong(&cnn, json!({ "momentum": 0.5 })).contains("is of `optimizer: sgd`"));
    assert!(wrong(&cnn, json!({ "epochs": 0 })).contains("epochs: 0 is too small; it is at least 1"));
    assert!(wrong(&cnn, json!({ "learning_rate": 0 })).contains("above 0"));
    assert!(wrong(&cnn, json!({ "augment": { "flop": true } })).contains("augment"));
    assert!(cnn.draws() && both.draws());
}

#[test]
fn a_loss_that_is_not_finite_stops_with_advice() {
    let params = small(json!({ "learning_rate": 1e18, "optimizer": "sgd", "schedule": "constant", "batch": 36 }));
    let error = on_responses().refusal::<TrainCnn>(params).message;
    assert!(
        error.contains("the loss") && error.contains("epoch") && error.contains("a smaller `learning_rate` than"),
        "{error}"
    );
}

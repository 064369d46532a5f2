//! Scores by hand, and what is refused.

use crate::kind::KindError;
use crate::nodes::evaluation::evaluate::Evaluate;
use crate::nodes::golden::{Golden, Sample};
use crate::nodes::samples;
use crate::nodes::testing::{Inputs, folds, hold_out, inputs, matrix, named, predictions, responses, stimuli};
use crate::value::Value;
use crate::value::lineage::{Exposure, Lineage};
use crate::value::matrix::{About, Matrix};
use crate::value::table::Table;
use ndarray::{Array2, array};
use polars::prelude::{Column, DataFrame};
use serde_json::json;

impl Golden for Evaluate {
    fn golden() -> Sample {
        let params = json!({ "on": "test", "bootstrap": { "draws": 20 }, "seed": 4 });
        (samples::evaluated(&samples::predictions()), params)
    }
}

/// Two units over six stimuli: the first predicted with errors, the second with a bias of 10.
fn truth() -> Array2<f32> {
    array![[9.0, 0.0], [9.0, 1.0], [1.0, 1.0], [2.0, 2.0], [3.0, 3.0], [4.0, 4.0]]
}

fn guess() -> Array2<f32> {
    array![[0.0, 0.0], [0.0, 0.0], [2.0, 11.0], [2.0, 12.0], [4.0, 13.0], [4.0, 14.0]]
}

fn job() -> Inputs {
    let rows = stimuli(6);
    inputs()
        .value("predictions", &predictions(&rows, guess()))
        .value("responses", &responses(&rows, truth()))
        .value("split", &hold_out(&rows, "tteeee"))
}

fn fitted(rows: &[usize]) -> Value {
    let all = stimuli(6);
    let lineage = Lineage::default().fitted_on(Exposure::new("pca", &all, rows));
    Value::Matrix(Matrix::new(guess(), About { stimuli: Some(all), lineage, ..About::default() }))
}

#[test]
fn scores_follow_their_definitions_on_the_rows_asked_for() {
    let made = job().run::<Evaluate>(json!({ "on": "test" })).unwrap();
    // By hand: residuals −1 0 −1 0 of y = 1 2 3 4; a bias costs r2 alone: 1 − 400/5.
    assert_eq!(made.numbers("per_unit", "explained_variance"), [1.0 - 0.25 / 1.25, 1.0]);
    assert_eq!(made.numbers("per_unit", "r2"), [1.0 - 2.0 / 5.0, 1.0 - 400.0 / 5.0]);
    assert!((made.numbers("per_unit", "r")[0] - 4.0 / 20.0_f64.sqrt()).abs() < 1e-12);
    assert_eq!(made.texts("per_unit", "unit"), ["u0", "u1"]);
    assert_eq!(made.texts("summary", "measure"), ["explained_variance", "r", "r2"]);
    assert_eq!(made.numbers("summary", "mean")[0], 0.9);
    let table = made.table("per_unit");
    assert_eq!((&table.about.facts["rows_scored"], &table.about.facts["on"]), (&json!(4), &json!("test")));
    assert!(table.about.definitions["explained_variance"].starts_with("1 − Var(y − ŷ) / Var(y)"));
    assert!(table.column("ceiling").is_err() && made.table("summary").column("selected").is_err());
}

#[test]
fn a_ceiling_divides_variance_and_its_root_divides_r() {
    let table = |ceilings: [Option<f64>; 2]| {
        let columns = vec![Column::new("unit".into(), ["u1", "u0"]), Column::new("ceiling".into(), ceilings)];
        Value::Table(Table::new(DataFrame::new(2, columns).unwrap()))
    };
    let made =
        job().value("ceiling", &table([Some(0.0), Some(0.64)])).run::<Evaluate>(json!({ "on": "test" })).unwrap();
    let first = |column: &str| made.numbers("per_unit", column)[0];
    assert_eq!(first("explained_variance_nc"), first("explained_variance") / 0.64);
    assert_eq!(first("r_nc"), first("r") / 0.8);
    assert!(made.numbers("per_unit", "r_nc")[1].is_nan(), "a unit without a ceiling has no such score");
    assert_eq!(made.texts("summary", "measure").len(), 6, "a ceiling is no score");
}

#[test]
fn a_constant_unit_scores_nothing_and_leaves_means_alone() {
    let rows = stimuli(6);
    let mut flat = truth();
    flat.column_mut(1).fill(2.0);
    let made = inputs()
        .value("predictions", &predictions(&rows, guess()))
        .value("responses", &responses(&rows, flat))
        .value("split", &hold_out(&rows, "tteeee"))
        .run::<Evaluate>(json!({ "on": "test" }))
        .unwrap();
    assert!(made.numbers("per_unit", "explained_variance")[1].is_nan());
    assert_eq!(made.numbers("summary", "mean")[0], 0.8);
    assert!(made.notes[0].contains("1 of 2 units do not vary"), "{:?}", made.notes);
}

#[test]
fn rows_that_a_fit_has_seen_are_refused_unless_they_are_asked_for() {
    let rows = stimuli(6);
    let run = |seen: &[usize], on: &str| {
        inputs()
            .value("predictions", &fitted(seen))
            .value("responses", &responses(&rows, truth()))
            .value("split", &hold_out(&rows, "tteeee"))
            .run::<Evaluate>(json!({ "on": on }))
    };
    let refusal = |result: Result<_, KindError>| result.err().expect("a refusal");
    let error = refusal(run(&[0, 1, 2], "test"));
    assert!(error.message.contains("1 of 4 test rows were seen by `pca`, which was fitted on 3 rows"), "{error}");
    assert_eq!(error.leak.as_deref(), Some("pca"));
    assert!(run(&[0, 1], "test").is_ok() && run(&[0, 1], "train").is_ok());
}

#[test]
fn rows_that_chose_are_scored_and_marked() {
    let rows = stimuli(6);
    let lineage = Lineage::default().selected_by(Exposure::new("noise_ceiling", &rows, &[2, 3]));
    let chosen = Matrix::new(guess(), About { stimuli: Some(rows.clone()), lineage, ..About::default() });
    let made = inputs()
        .value("predictions", &Value::Matrix(chosen))
        .value("responses", &responses(&rows, truth()))
        .value("split", &hold_out(&rows, "tteeee"))
        .run::<Evaluate>(json!({ "on": "test" }))
        .unwrap();
    assert_eq!(made.table("summary").column("selected").unwrap().bool().unwrap().get(0), Some(true));
    assert!(made.notes[0].contains("2 of the scored rows were selected by (noise_ceiling)"), "{:?}", made.notes);
}

#[test]
fn test_rows_that_chose_the_model_are_refused_and_val_rows_are_marked() {
    let rows = stimuli(6);
    let lineage = Lineage::default().selected_by(Exposure::new("select", &rows, &[2, 3]));
    let chosen = Matrix::new(guess(), About { stimuli: Some(rows.clone()), lineage, ..About::default() });
    let job = |parts: &str| {
        inputs()
            .value("predictions", &Value::Matrix(chosen.clone()))
            .value("responses", &responses(&rows, truth()))
            .value("split", &hold_out(&rows, parts))
    };
    let error = job("tteeee").refusal::<Evaluate>(json!({ "on": "test" }));
    assert!(error.message.starts_with("2 of 4 test rows have chosen the model: `select` looked at 2 rows"), "{error}");
    assert_eq!(error.leak.as_deref(), Some("select"));
    let made = job("ttvvee").run::<Evaluate>(json!({ "on": "val" })).unwrap();
    assert_eq!(made.table("summary").about.facts["selected"], json!(true));
    let made = job("ttvvee").run::<Evaluate>(json!({ "on": "test" })).unwrap();
    assert_eq!(made.table("summary").about.facts["selected"], json!(false));
}

#[test]
fn under_folds_each_row_is_scored_by_the_fit_that_did_not_see_it() {
    let rows = stimuli(4);
    let y = array![[1.0], [2.0], [3.0], [5.0]];
    // Each fold's predictions are right where it did not look and far off elsewhere.
    let made = inputs()
        .keyed("predictions", "0", &matrix(&rows, array![[1.0], [99.0], [3.0], [99.0]]))
        .keyed("predictions", "1", &matrix(&rows, array![[99.0], [2.0], [99.0], [5.0]]))
        .value("responses", &responses(&rows, y))
        .value("split", &folds(&rows, 2))
        .run::<Evaluate>(json!({ "on": "folds" }))
        .unwrap();
    assert_eq!(made.numbers("per_unit", "explained_variance"), [1.0]);
    assert_eq!(made.table("per_unit").about.facts["rows_scored"], json!(4));
}

#[test]
fn rows_and_units_join_by_name() {
    let names = |order: [&str; 3]| named(order.map(str::to_owned));
    let (ab, ba) = (names(["a", "b", "c"]), names(["c", "b", "a"]));
    let made = inputs()
        .value("predictions", &predictions(&ba, array![[3.0, 30.0], [2.0, 20.0], [1.0, 10.0]]))
        .value("responses", &responses(&ab, array![[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]]))
        .value("split", &hold_out(&ab, "eee"))
        .run::<Evaluate>(json!({ "on": "test" }))
        .unwrap();
    assert_eq!(made.numbers("per_unit", "r2"), [1.0, 1.0]);
}

#[test]
fn what_cannot_be_scored_is_refused_in_words() {
    let refusal = |given: Inputs, on: &str| given.refusal::<Evaluate>(json!({ "on": on })).message;
    assert!(refusal(job(), "val").contains("no val rows; it has 2 train, 0 val, 4 test"));
    assert!(refusal(job(), "folds").contains("is a hold-out"));
    let rows = stimuli(6);
    let other = inputs()
        .value("predictions", &matrix(&rows, Array2::zeros((6, 3))))
        .value("responses", &responses(&rows, truth()))
        .value("split", &hold_out(&rows, "tteeee"));
    assert!(refusal(other, "test").contains("3 columns but `responses` has 2 units"));
    let mut holed = guess();
    holed[[3, 1]] = f32::NAN;
    let broken = inputs()
        .value("predictions", &predictions(&rows, holed))
        .value("responses", &responses(&rows, truth()))
        .value("split", &hold_out(&rows, "tteeee"));
    assert!(refusal(broken, "test").contains("`predictions` of unit `u1` to stimulus `s3` is no finite number"));
}

#[test]
fn a_unit_is_scored_on_the_rows_that_it_has() {
    let rows = stimuli(6);
    let mut measured = truth();
    measured[[2, 1]] = f32::NAN;
    let study = |rows: &crate::value::stimuli::Stimuli, measured: Array2<f32>, guess: Array2<f32>, parts: &str| {
        inputs()
            .value("predictions", &predictions(rows, guess))
            .value("responses", &responses(rows, measured))
            .value("split", &hold_out(rows, parts))
            .run::<Evaluate>(json!({ "on": "test" }))
            .unwrap()
    };
    let made = study(&rows, measured, guess(), "tteeee");
    // The second unit as if the stimulus had not been scored at all.
    let kept = [0, 1, 3, 4, 5];
    let without = study(
        &rows.select(&kept),
        truth().select(ndarray::Axis(0), &kept),
        guess().select(ndarray::Axis(0), &kept),
        "tteee",
    );
    let whole = study(&rows, truth(), guess(), "tteeee");
    assert_eq!(made.numbers("per_unit", "r")[1], without.numbers("per_unit", "r")[1]);
    assert_eq!(made.numbers("per_unit", "r")[0], whole.numbers("per_unit", "r")[0]);
    let said =
        "1 of 2 units were not recorded to all of 4 scored stimuli and are scored on those they have, 3 at least";
    assert_eq!(made.notes, [said]);
}

#[test]
fn predictions_fitted_to_another_recording_are_told() {
    let of = |recording: &str| {
        let rows = stimuli(6);
        let lineage = Lineage::default().to_responses_of(Some(&recording.to_owned()));
        let columns = Some(vec!["u0".to_owned(), "u1".to_owned()]);
        let about = About { stimuli: Some(rows.clone()), columns, lineage, ..About::default() };
        let mut truth = responses(&rows, truth());
        if let Value::Responses(responses) = &mut truth {
            responses.about.recording = Some("monkey a".to_owned());
        }
        let given = inputs().value("predictions", &Value::Matrix(Matrix::new(guess(), about)));
        let made = given.value("responses", &truth).value("split", &hold_out(&rows, "ttteee"));
        made.run::<Evaluate>(json!({ "on": "test" })).unwrap().notes
    };
    let said = |notes: Vec<String>| notes.iter().any(|note| note.contains("another recording than `responses`"));
    assert!(said(of("monkey b")) && !said(of("monkey a")));
}

/// A predictor of nothing but the mean of its train rows: over all rows together it looks worse than chance.
#[test]
fn a_predictor_of_the_mean_scores_nothing_on_folds() {
    let rows = stimuli(40);
    let y = Array2::from_shape_fn((40, 1), |(row, _)| ((row * 7919 % 101) as f32).sin());
    let study = |pool: &str| {
        let mut given = inputs().value("responses", &responses(&rows, y.clone())).value("split", &folds(&rows, 4));
        for fold in 0..4 {
            let train: Vec<f32> = (0..40).filter(|row| row % 4 != fold).map(|row| y[[row, 0]]).collect();
            let mean = train.iter().sum::<f32>() / 30.0;
            given = given.keyed("predictions", &fold.to_string(), &matrix(&rows, Array2::from_elem((40, 1), mean)));
        }
        given.run::<Evaluate>(json!({ "on": "folds", "pool": pool })).unwrap()
    };
    let made = study("folds");
    assert_eq!(made.numbers("per_unit", "r"), [0.0]);
    assert!(
        made.notes.iter().any(|note| note.contains("1 of 1 units are predicted as one number by some fit")),
        "{:?}",
        made.notes
    );
    assert!(study("rows").numbers("per_unit", "r")[0] < -0.1, "what pooling would make of it");
}

#[test]
fn folds_are_averaged_with_their_standard_error() {
    let rows = stimuli(6);
    let y = array![[1.0], [1.0], [2.0], [2.0], [4.0], [3.0]];
    // Fold 0: rows 0, 2, 4; fold 1: rows 1, 3, 5. The second is predicted in reverse.
    let made = inputs()
        .keyed("predictions", "0", &matrix(&rows, y.clone()))
        .keyed("predictions", "1", &matrix(&rows, y.mapv(|x: f32| -x)))
        .value("responses", &responses(&rows, y))
        .value("split", &folds(&rows, 2))
        .run::<Evaluate>(json!({ "on": "folds" }))
        .unwrap();
    assert_eq!((made.numbers("per_unit", "r"), made.numbers("per_unit", "r_sem")), (vec![0.0], vec![1.0]));
    assert_eq!(made.numbers("summary", "folds_sem")[1], 1.0);
    assert_eq!(made.table("per_unit").about.facts["folds"], json!(2));
    assert!(made.table("per_unit").about.definitions["r"].ends_with("within each fold and averaged over folds"));
    assert!(made.notes[0].contains("folds of 3 rows"), "{:?}", made.notes);
    let single = inputs()
        .keyed("predictions", "0", &matrix(&rows, Array2::zeros((6, 1))))
        .value("responses", &responses(&rows, Array2::zeros((6, 1))))
        .value("split", &folds(&rows, 6));
    let single = (1..6).fold(single, |given, fold| {
        given.keyed("predictions", &fold.to_string(), &matrix(&rows, Array2::zeros((6, 1))))
    });
    let error = single.refusal::<Evaluate>(json!({ "on": "folds" }));
    assert!(error.message.contains("a fold leaves out 1 rows, and a score within it needs at least 2"), "{error}");
}

/// Repeats 0 and 2 around means 1, 2, … : by hand, the noise is 2 and the variance of single trials known.
fn repeated(rows: usize) -> Value {
    let repeats = ndarray::Array3::from_shape_fn((rows, 1, 2), |(row, _, at)| (3 * row + 2 * at) as f32);
    let mean = repeats.mean_axis(ndarray::Axis(2)).unwrap();
    Value::Responses(crate::value::responses::Responses::new(
        crate::nodes::testing::about(&stimuli(rows), 1),
        mean,
        Some(repeats),
    ))
}

#[test]
fn single_trials_are_scored_where_there_are_repeats() {
    let rows = stimuli(4);
    let study = |guess: Array2<f32>| {
        inputs()
            .value("predictions", &matrix(&rows, guess))
            .value("responses", &repeated(4))
            .value("split", &hold_out(&rows, "eeee"))
            .run::<Evaluate>(json!({ "on": "test" }))
            .unwrap()
    };
    // Means 1, 4, 7, 10, trials one more and one less: noise 2; all trials: variance (8 · 1 + 2 · 45)/7 = 14.
    let exact = study(array![[1.0], [4.0], [7.0], [10.0]]);
    // The error of a perfect model is 1, the biased variance over two repeats, as in neuralpredictors: 1 − (1 − 2)/(14 − 2).
    assert!((exact.numbers("per_unit", "feve")[0] - (1.0 + 1.0 / 12.0)).abs() < 1e-12);
    assert!((exact.numbers("per_unit", "r_trial")[0] - (90.0_f64 / 98.0).sqrt()).abs() < 1e-12);
    let flat = study(Array2::from_elem((4, 1), 5.5));
    assert_eq!((flat.numbers("per_unit", "r_trial"), flat.numbers("per_unit", "r")), (vec![0.0], vec![0.0]));
    // Of the mean, the error is all variance, with n and not n − 1 below: 98/8.
    assert!((flat.numbers("per_unit", "feve")[0] - (1.0 - (98.0 / 8.0 - 2.0) / 12.0)).abs() < 1e-12);
}

fn ceilings(of: &[(&str, f64)]) -> Value {
    let columns = vec![
        Column::new("unit".into(), of.iter().map(|(unit, _)| *unit).collect::<Vec<_>>()),
        Column::new("ceiling".into(), of.iter().map(|(_, ceiling)| *ceiling).collect::<Vec<_>>()),
    ];
    Value::Table(Table::new(DataFrame::new(of.len(), columns).unwrap()))
}

#[test]
fn units_below_the_least_ceiling_are_left_out_of_corrected_scores_alone() {
    let given = || job().value("ceiling", &ceilings(&[("u0", 0.64), ("u1", 0.05)]));
    let made = given().run::<Evaluate>(json!({ "on": "test", "least_ceiling": 0.1 })).unwrap();
    let r = made.numbers("per_unit", "r")[0];
    assert_eq!(made.numbers("per_unit", "r2_nc")[0], r * r / 0.64);
    for column in ["explained_variance_nc", "r_nc", "r2_nc"] {
        assert!(made.numbers("per_unit", column)[1].is_nan());
    }
    assert_eq!(
        made.texts("summary", "measure"),
        ["explained_variance", "r", "r2", "explained_variance_nc", "r_nc", "r2_nc"]
    );
    assert!(made.notes.iter().any(|note| note.contains("1 of 2 units have a ceiling below 0.1")), "{:?}", made.notes);
    let without = job().refusal::<Evaluate>(json!({ "on": "test", "least_ceiling": 0.1 }));
    assert!(without.message.contains("nothing arrives at `ceiling`"), "{without}");
    let out = given().refusal::<Evaluate>(json!({ "on": "test", "least_ceiling": 1.5 }));
    assert!(out.message.contains("1.5 is out of range") || out.message.contains("1.5 is not between 0 and 1"), "{out}");
}

#[test]
fn conventions_take_units_together_in_their_own_way() {
    let given = || job().value("ceiling", &ceilings(&[("u0", 0.64), ("u1", 0.81)]));
    let r = given().run::<Evaluate>(json!({ "on": "test" })).unwrap().numbers("per_unit", "r");
    let last = |convention: &str| {
        let made = given().run::<Evaluate>(json!({ "on": "test", "convention": convention })).unwrap();
        assert_eq!(made.texts("summary", "measure").last().unwrap(), convention);
        *made.numbers("summary", "mean").last().unwrap()
    };
    let median = (r[0] + r[1]) / 2.0;
    assert!((last("brain_score") - median * median / 0.725).abs() < 1e-12);
    let root = |c: f64| (c + 1e-6).sqrt();
    assert!((last("nx414") - (r[0] / root(0.64) + r[1] / root(0.81)) / 2.0).abs() < 1e-12);
    assert!(
        job()
            .refusal::<Evaluate>(json!({ "on": "test", "convention": "nx414" }))
            .message
            .contains("divides by a ceiling")
    );
}

#[test]
fn a_ceiling_belongs_to_the_rows_that_are_scored() {
    let rows = stimuli(8);
    let study = |on: &str, parts: &str, repeats: Value| {
        let split = hold_out(&rows, parts);
        let ceiling = inputs().value("responses", &repeats).value("split", &split);
        let ceiling =
            ceiling.run::<crate::nodes::evaluation::noise_ceiling::NoiseCeiling>(json!({ "on": on })).unwrap();
        let guess = Array2::from_shape_fn((8, 1), |(row, _)| (row * row) as f32);
        inputs()
            .value("predictions", &matrix(&rows, guess))
            .value("responses", &repeats)
            .value("split", &split)
            .value("ceiling", &ceiling.value("ceiling"))
    };
    let scores = json!({ "on": "test" });
    let same = study("test", "tttteeee", repeated(8)).run::<Evaluate>(scores.clone()).unwrap();
    assert!(same.notes.is_empty(), "{:?}", same.notes);
    let other = study("train", "tttteeee", repeated(8)).refusal::<Evaluate>(scores.clone());
    assert!(other.message.contains("`ceiling` is of 4 stimuli, none of which is among the 4 scored"), "{other}");

    let more = inputs().value("responses", &repeated(8));
    let more = more.run::<crate::nodes::evaluation::noise_ceiling::NoiseCeiling>(json!({})).unwrap().value("ceiling");
    let given = |ceiling: &Value| {
        inputs()
            .value("predictions", &matrix(&rows, Array2::from_shape_fn((8, 1), |(row, _)| (row * row) as f32)))
            .value("responses", &repeated(8))
            .value("split", &hold_out(&rows, "tttteeee"))
            .value("ceiling", ceiling)
    };
    let told = given(&more).run::<Evaluate>(scores.clone()).unwrap();
    let words = "is estimated from 8 stimuli, among which are all 4 scored; `on` in `noise_ceiling` makes it theirs";
    assert_eq!(told.notes, [format!("`ceiling` {words}")]);
    assert!(told.table("per_unit").about.definitions["r_nc"].ends_with(&format!("; the ceiling {words}")));

    let single = inputs().value("responses", &repeated(8));
    let single = single
        .run::<crate::nodes::evaluation::noise_ceiling::NoiseCeiling>(json!({ "repeats": 1, "method": "variance" }))
        .unwrap();
    let refused = given(&single.value("ceiling")).refusal::<Evaluate>(scores);
    assert!(refused.message.contains("is of means of 1 repeats, but the scored responses are means of 2"), "{refused}");
}

#[test]
fn groups_of_units_and_of_stimuli_are_summarised_by_themselves() {
    let rows = stimuli(50);
    let y = Array2::from_shape_fn((50, 3), |(row, unit)| ((row * (unit + 3)) as f32).sin());
    let guess =
        Array2::from_shape_fn((50, 3), |(row, unit)| ((row * (unit + 3)) as f32).sin() + ((row * 5) as f32).cos());
    let mut truth = responses(&rows, y.clone());
    if let Value::Responses(truth) = &mut truth {
        truth.about.regions = Some(["V4", "IT", "V4"].map(str::to_owned).to_vec());
    }
    let object = (0..50)
        .map(|row| {
            if row < 30 {
                "face"
            } else if row < 48 {
                "car"
            } else {
                "leaf"
            }
            .to_owned()
        })
        .collect();
    let labels = Value::Labels(crate::value::labels::Labels { stimuli: rows.clone(), object, category: None });
    let given = || {
        inputs()
            .value("predictions", &matrix(&rows, guess.clone()))
            .value("responses", &truth)
            .value("split", &hold_out(&rows, &"e".repeat(50)))
    };
    let plain = given().run::<Evaluate>(json!({ "on": "test" })).unwrap().numbers("per_unit", "r");
    let made = given().run::<Evaluate>(json!({ "on": "test", "by": ["region"] })).unwrap();
    assert_eq!(made.texts("by_group", "region"), ["IT", "IT", "IT", "V4", "V4", "V4"]);
    assert_eq!(made.numbers("by_group", "mean")[1], plain[1]);
    assert!((made.numbers("by_group", "mean")[4] - (plain[0] + plain[2]) / 2.0).abs() < 1e-12);

    let with = given().value("labels", &labels);
    let made = with.run::<Evaluate>(json!({ "on": "test", "by": ["category", "region"] })).unwrap();
    assert_eq!(made.texts("by_group", "category"), ["face"; 6]);
    let first: Vec<usize> = (0..30).collect();
    let alone = inputs()
        .value("predictions", &matrix(&rows.select(&first), guess.select(ndarray::Axis(0), &first)))
        .value("responses", &responses(&rows.select(&first), y.select(ndarray::Axis(0), &first)))
        .value("split", &hold_out(&rows.select(&first), &"e".repeat(30)))
        .run::<Evaluate>(json!({ "on": "test" }))
        .unwrap();
    assert_eq!(made.numbers("by_group", "mean")[1], alone.numbers("per_unit", "r")[1]);
    assert!(made.notes[0].contains("fewer than 20 scored stimuli are of `car` (18), `leaf` (2)"), "{:?}", made.notes);
    let refusal = |by: &str| given().refusal::<Evaluate>(json!({ "on": "test", "by": [by] })).message;
    assert!(refusal("subject").contains("does not know its units' subjects; `load_units` reads them"));
    assert!(refusal("category").contains("nothing arrives at `labels`"));
}

#[test]
fn draws_of_one_split_are_scored_one_by_one_and_averaged() {
    use crate::value::split::{Assignment, Part, Split};
    let rows = stimuli(8);
    let y = Array2::from_shape_fn((8, 1), |(row, _)| (row * row) as f32);
    let parts = |tests: [usize; 4]| {
        (0..8).map(|row| if tests.contains(&row) { Part::Test } else { Part::Train }).collect::<Vec<_>>()
    };
    let draws = vec![parts([0, 1, 2, 3]), parts([1, 2, 3, 6])];
    let split = Value::Split(Split { stimuli: rows.clone(), assignment: Assignment::Draws(draws) });
    let given = || {
        inputs()
            .keyed("predictions", "0", &matrix(&rows, y.clone()))
            .keyed("predictions", "1", &matrix(&rows, y.mapv(|x: f32| -x)))
            .value("responses", &responses(&rows, y.clone()))
            .value("split", &split)
    };
    let made = given().run::<Evaluate>(json!({ "on": "test" }));
    let error = made.err().expect("all outputs are asked for here").message;
    assert!(error.contains("draws score a stimulus several times"), "{error}");
    let made = given().wanting(&[]).run::<Evaluate>(json!({ "on": "test" })).unwrap();
    assert_eq!((made.numbers("per_unit", "r"), made.numbers("per_unit", "r_sem")), (vec![0.0], vec![1.0]));
    let table = made.table("per_unit");
    assert_eq!((&table.about.facts["draws"], &table.about.facts["rows_scored"]), (&json!(2), &json!(4)));
    assert!(made.table("summary").column("draws_sem").is_ok());
    assert!(table.about.definitions["r"].ends_with("within each draw and averaged over draws"));
    let folds = given().wanting(&[]).refusal::<Evaluate>(json!({ "on": "folds" }));
    assert!(folds.message.contains("`split` has 2 draws and no folds; score their test rows"), "{folds}");
}

#[test]
fn what_is_made_of_scored_responses_is_not_scored_on_them() {
    use crate::nodes::regression::ridge::Ridge;
    let rows = stimuli(12);
    let y = Array2::from_shape_fn((12, 2), |(row, unit)| ((row * (unit + 2)) as f32 * 0.71).sin());
    let measured = responses(&rows, y.clone());
    let scored = inputs()
        .value("predictions", &predictions(&rows, Array2::from_shape_fn((12, 2), |(row, unit)| (row + unit) as f32)))
        .value("responses", &measured)
        .value("split", &hold_out(&rows, "tttteeeeeeee"))
        .run::<Evaluate>(json!({ "on": "test" }))
        .unwrap()
        .value("scored");
    let part = rows.select(&(4..12).collect::<Vec<_>>());
    let split = hold_out(&part, "tttteeee");
    let fitted = inputs().value("features", &scored).value("responses", &measured).value("split", &split);
    let guess = fitted.run::<Ridge>(json!({ "alphas": 1.0 })).unwrap().value("predictions");
    let given = inputs().value("predictions", &guess).value("responses", &measured).value("split", &split);
    let error = given.refusal::<Evaluate>(json!({ "on": "test" }));
    assert!(
        error.message.starts_with("4 of 4 test rows were seen by `evaluate`, which was fitted on 8 rows"),
        "{error}"
    );
    assert_eq!(error.leak.as_deref(), Some("evaluate"));
}

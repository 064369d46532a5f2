//! What `pls` must do as a kind: scikit-learn's numbers, choices without a leak, refusals in words.

use ndarray::{Array2, Ix1, Ix2, s};
use serde_json::{Value as Json, json};

use super::Pls;
use crate::kind::Kind;
use crate::nodes::evaluation::evaluate::Evaluate;
use crate::nodes::features::standardize::Standardize;
use crate::nodes::golden::{Golden, Sample};
use crate::nodes::samples;
use crate::nodes::testing::{Inputs, folds, hold_out, inputs, matrix, responses, stimuli};
use crate::value::Value;

impl Golden for Pls {
    fn golden() -> Sample {
        (samples::readout(), json!({ "components": [1, 2, 3], "choose": "val" }))
    }
}

/// By scikit-learn's PLSRegression: see tests/oracles/pls.py.
fn oracle(name: &str) -> Json {
    let all: Json = serde_json::from_str(include_str!("../../../../tests/oracles/pls.json")).unwrap();
    all[name].clone()
}

fn array(json: &Json) -> Array2<f32> {
    let rows: Vec<Vec<f64>> = serde_json::from_value(json.clone()).unwrap();
    Array2::from_shape_vec((rows.len(), rows[0].len()), rows.concat()).unwrap().mapv(|value| value as f32)
}

fn job(x: &Array2<f32>, y: &Array2<f32>, split: &Value) -> Inputs {
    let rows = stimuli(x.nrows());
    inputs()
        .value("features", &matrix(&rows, x.clone()))
        .value("responses", &responses(&rows, y.clone()))
        .value("split", split)
}

fn random(height: usize, width: usize, units: usize) -> (Array2<f32>, Array2<f32>) {
    let x = samples::features(height, width);
    let y = x.dot(&samples::features(width, units)) + samples::features(height, units + 40).slice(s![.., 40..]);
    (x, y)
}

fn near(got: &Array2<f32>, expected: &Array2<f32>, tolerance: f32) {
    let largest = expected.iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
    for ((at, got), expected) in got.indexed_iter().zip(expected) {
        assert!((got - expected).abs() <= tolerance * largest, "{at:?}: {got}, {expected}");
    }
}

#[test]
fn predictions_and_weights_are_those_of_scikit_learn() {
    for name in ["tall", "wide", "alone"] {
        let case = oracle(name);
        let (x, y) = (array(&case["x"]), array(&case["y"]));
        let train = case["train"].as_u64().unwrap() as usize;
        let split = hold_out(&stimuli(x.nrows()), &("t".repeat(train) + &"e".repeat(x.nrows() - train)));
        for (at, count) in case["counts"].as_array().unwrap().iter().enumerate() {
            let made = job(&x, &y, &split).run::<Pls>(json!({ "components": count })).unwrap();
            let predictions = made.matrix("predictions");
            near(&predictions.view().to_owned(), &array(&case["predictions"][at]), 1e-6);
            near(&predictions.view().to_owned(), &array(&case["usual"][at]), 1e-5);
            let fit = made.fit("fit");
            let weights = fit.arrays["weights"].view().into_dimensionality::<Ix2>().unwrap();
            let by_weights = x.dot(&weights) + fit.arrays["intercept"].view().into_dimensionality::<Ix1>().unwrap();
            near(&by_weights, &array(&case["predictions"][at]), 1e-5);
            assert_eq!(fit.about.kind, "pls");
            // Features and responses scaled by train.
            let scaled = inputs()
                .value("features", &matrix(&stimuli(x.nrows()), x.clone()))
                .value("split", &split)
                .run::<Standardize>(Json::Null)
                .unwrap();
            let made = job(&scaled.matrix("standardized").view().to_owned(), &y, &split);
            let made = made.run::<Pls>(json!({ "components": count, "scale": true })).unwrap();
            near(&made.matrix("predictions").view().to_owned(), &array(&case["scaled"][at]), 1e-5);
        }
    }
}

#[test]
fn components_are_chosen_on_rows_that_their_fit_has_not_seen() {
    let (x, y) = random(40, 12, 4);
    let rows = stimuli(40);
    let split = hold_out(&rows, &("t".repeat(26) + "vvvvvvveeeeeee"));
    for (params, by) in [
        (json!({ "components": [6, 1, 3, 3] }), "5-fold"),
        (json!({ "components": [1, 3, 6], "choose": "val" }), "val"),
    ] {
        let made = job(&x, &y, &split).run::<Pls>(params).unwrap();
        let table = made.table("components");
        assert_eq!(table.about.facts["method"], json!(by));
        assert_eq!(table.about.facts["grid"], json!([1, 3, 6]));
        let r2 = made.numbers("components", "r2");
        assert!(r2[1].is_nan() && r2[0].is_finite() && r2[2].is_finite() && r2[5].is_finite(), "{r2:?}");
        let selected: Vec<bool> = table.column("selected").unwrap().bool().unwrap().iter().flatten().collect();
        let chosen = selected.iter().position(|&chosen| chosen).unwrap() + 1;
        let best = [1, 3, 6].into_iter().fold(1, |best, count| if r2[count - 1] > r2[best - 1] { count } else { best });
        assert_eq!(chosen, best);
        let alone = job(&x, &y, &split).run::<Pls>(json!({ "components": chosen })).unwrap();
        near(&made.matrix("predictions").view().to_owned(), &alone.matrix("predictions").view().to_owned(), 1e-6);
        if by == "val" {
            let of: Vec<f64> = [1, 3, 6]
                .map(|count| {
                    mean_r2(&job(&x, &y, &split).run::<Pls>(json!({ "components": count })).unwrap(), &y, 26..33)
                })
                .into();
            for (got, expected) in [r2[0], r2[2], r2[5]].into_iter().zip(of) {
                assert!((got - expected).abs() < 1e-5, "{got}, {expected}");
            }
        }
    }
    // Responses of test rows say nothing about the choice.
    let mut other = y.clone();
    other.slice_mut(s![33.., ..]).fill(7.0);
    let params = json!({ "components": [1, 3, 6], "choose": "val" });
    let (a, b) =
        (job(&x, &y, &split).run::<Pls>(params.clone()).unwrap(), job(&x, &other, &split).run::<Pls>(params).unwrap());
    assert_eq!(a.bytes("predictions"), b.bytes("predictions"));
}

fn mean_r2(made: &crate::nodes::testing::Outputs, y: &Array2<f32>, rows: std::ops::Range<usize>) -> f64 {
    let predictions = made.matrix("predictions");
    let of = |unit: usize| {
        let pick = |x: ndarray::ArrayView2<'_, f32>| -> Vec<f64> {
            x.slice(s![rows.clone(), unit]).iter().map(|&v| f64::from(v)).collect()
        };
        crate::stats::summary::r_squared(&pick(y.view()), &pick(predictions.view())).unwrap()
    };
    (0..y.ncols()).map(of).sum::<f64>() / y.ncols() as f64
}

#[test]
fn folds_judge_as_fits_without_them_do() {
    let (x, y) = random(30, 8, 3);
    let split = hold_out(&stimuli(30), &"t".repeat(30));
    let made = job(&x, &y, &split).run::<Pls>(json!({ "components": [1, 2, 4], "folds": 3 })).unwrap();
    // The same deal, each fold as a split of its own.
    let list: Vec<u64> = stimuli(30).iter().map(crate::value::stimuli::Stimulus::identity).collect();
    let fold = crate::math::linear::folds::deal(&list, 3);
    let r2 = made.numbers("components", "r2");
    for count in [1usize, 2, 4] {
        let mut errors = [0.0f64; 3];
        for left_out in 0..3 {
            let parts: String = fold.iter().map(|&fold| if fold == left_out { 'e' } else { 't' }).collect();
            let alone =
                job(&x, &y, &hold_out(&stimuli(30), &parts)).run::<Pls>(json!({ "components": count })).unwrap();
            for row in (0..30).filter(|&row| fold[row] == left_out) {
                for (unit, error) in errors.iter_mut().enumerate() {
                    *error += f64::from(y[[row, unit]] - alone.matrix("predictions").view()[[row, unit]]).powi(2);
                }
            }
        }
        let expected: f64 = (0..3)
            .map(|unit| {
                let truth: Vec<f64> = y.column(unit).iter().map(|&v| f64::from(v)).collect();
                1.0 - errors[unit] / (30.0 * crate::stats::summary::variance(&truth))
            })
            .sum::<f64>()
            / 3.0;
        assert!((r2[count - 1] - expected).abs() < 1e-5, "{count}: {}, {expected}", r2[count - 1]);
    }
}

#[test]
fn rows_that_chose_are_marked_on_val_and_no_test_rows() {
    let (x, y) = random(40, 12, 4);
    let rows = stimuli(40);
    let split = hold_out(&rows, &("t".repeat(26) + "vvvvvvveeeeeee"));
    let made = job(&x, &y, &split).run::<Pls>(json!({ "components": [1, 3], "choose": "val" })).unwrap();
    let scored = |split: &Value, on: &str| {
        let job =
            inputs().value("predictions", &made.value("predictions")).value("responses", &responses(&rows, y.clone()));
        job.value("split", split).run::<Evaluate>(json!({ "on": on }))
    };
    assert!(scored(&split, "val").unwrap().notes.iter().any(|note| note.contains("selected by (pls)")));
    assert!(scored(&split, "test").unwrap().notes.is_empty());
    let swapped = hold_out(&rows, &("t".repeat(26) + "eeeeeeevvvvvvv"));
    let error = scored(&swapped, "test").err().expect("refused").message;
    assert!(error.contains("7 of 7 test rows have chosen the model: `pls` looked at 7 rows"), "{error}");
    let error = scored(&split, "train").err().map(|error| error.message);
    assert_eq!(error, None, "train is scored where it is asked for");
}

#[test]
fn every_fold_is_fitted_without_its_rows() {
    let (x, y) = random(21, 6, 2);
    let made = job(&x, &y, &folds(&stimuli(21), 3)).run::<Pls>(json!({ "components": [1, 2], "folds": 2 })).unwrap();
    assert_eq!(made.keys("predictions"), ["0", "1", "2"]);
    let parts: String = (0..21).map(|row| if row % 3 == 1 { 'e' } else { 't' }).collect();
    let alone =
        job(&x, &y, &hold_out(&stimuli(21), &parts)).run::<Pls>(json!({ "components": [1, 2], "folds": 2 })).unwrap();
    assert_eq!(made.matrix_of("predictions", "1").view(), alone.matrix("predictions").view());
    let fold: Vec<u32> = made.table("components").column("fold").unwrap().u32().unwrap().iter().flatten().collect();
    assert_eq!(fold, [0, 0, 1, 1, 2, 2]);
}

#[test]
fn what_cannot_be_fitted_is_refused_in_words() {
    let (x, mut y) = random(20, 6, 3);
    let rows = stimuli(20);
    let split = hold_out(&rows, &("t".repeat(14) + "eeeeee"));
    let refusal = |y: &Array2<f32>, params: Json| job(&x, y, &split).refusal::<Pls>(params).message;
    assert_eq!(
        refusal(&y, json!({ "components": [2, 9] })),
        "`components` is 9, but 14 centred train rows of 6 features have rank 6 at most; there are no more components than the rank"
    );
    assert!(
        refusal(&y, json!({ "components": [1, 2], "choose": "val" }))
            .contains("`split` has no val rows to choose components by")
    );
    assert!(refusal(&y, json!({ "components": [1, 2], "folds": 15 })).contains("`folds` is 15, but 14 rows are train"));
    // Two columns that say the same, so that five directions are all there are.
    let mut twice = x.clone();
    twice.column_mut(5).assign(&x.column(0));
    let error = job(&twice, &y, &split).refusal::<Pls>(json!({ "components": 6 })).message;
    assert_eq!(
        error,
        "`components` is 6, but after 5 of them what is left of 6 features over 14 train rows may be rounding alone; ask for 5 at most"
    );
    y[[3, 1]] = f32::NAN;
    assert_eq!(
        refusal(&y, json!({ "components": 2 })),
        "1 of 3 units have no response to some of the 14 train stimuli: u1 (the first has 13); this fit is one of all units together \
         and needs every response: leave these units out (`select_units` with `missing: 0`), or fit each on the stimuli it has by `ridge`"
    );
    y[[3, 1]] = 0.0;
    y.column_mut(0).fill(3.0);
    let made = job(&x, &y, &split).run::<Pls>(json!({ "components": 2 })).unwrap();
    assert!(made.notes[0].contains("1 of 3 units are constant over the train rows"), "{:?}", made.notes);
    assert!(made.matrix("predictions").view().column(0).iter().all(|&value| value == 3.0));
    y.fill(3.0);
    assert!(
        refusal(&y, json!({ "components": 2 }))
            .contains("all 3 units are constant over the 14 train rows; components need responses")
    );
}

#[test]
fn parameters_are_checked() {
    let kind = Kind::computed::<Pls>("test");
    let problem = |params: Json| kind.normalise(params).unwrap_err();
    let wrong = problem(json!({ "components": 4, "choose": "val" }));
    assert_eq!(
        (wrong.path.as_str(), wrong.message.as_str()),
        ("choose", "there is nothing to choose: `components` is 4 alone; give a list of numbers")
    );
    assert!(problem(json!({ "components": [] })).message.contains("the list of components is empty"));
    assert!(problem(json!({ "components": [3, 0] })).message.contains("0 components predict nothing"));
    assert!(problem(json!({ "components": -2 })).message.contains("-2 components are none"));
    assert!(problem(json!({ "components": "all" })).message.contains("a number of components or a list of them"));
    assert_eq!(kind.significant(&kind.normalise(json!({ "components": 25 })).unwrap()), serde_json::Map::new());
}

//! What `banded_ridge` must do as a kind: bands joined and scaled, shares that add up, refusals in words.

use ndarray::{Array2, Axis, Ix1, Ix2, concatenate, s};
use serde_json::{Value as Json, json};

use super::BandedRidge;
use crate::kind::Kind;
use crate::nodes::evaluation::evaluate::Evaluate;
use crate::nodes::golden::{Golden, Sample};
use crate::nodes::regression::ridge::Ridge;
use crate::nodes::samples;
use crate::nodes::testing::{Inputs, Outputs, folds, hold_out, inputs, matrix, named, responses, stimuli};
use crate::value::Value;

impl Golden for BandedRidge {
    fn golden() -> Sample {
        let y = responses(&stimuli(samples::ROWS), samples::features(samples::ROWS, 9).slice(s![.., 6..]).to_owned());
        let given = inputs()
            .labelled(
                "features",
                &[("label", json!("wide"))],
                &matrix(&stimuli(samples::ROWS), samples::features(samples::ROWS, 30)),
            )
            .labelled("features", &[("label", json!("narrow"))], &samples::x())
            .value("responses", &y)
            .value("split", &samples::split());
        (given, json!({ "candidates": 5, "seed": 1 }))
    }
}

/// By himalaya and scipy: see tests/oracles/banded.py.
fn oracle() -> Json {
    serde_json::from_str(include_str!("../../../../tests/oracles/banded.json")).unwrap()
}

fn array(json: &Json) -> Array2<f32> {
    let rows: Vec<Vec<f64>> = serde_json::from_value(json.clone()).unwrap();
    Array2::from_shape_vec((rows.len(), rows[0].len()), rows.concat()).unwrap().mapv(|value| value as f32)
}

fn bands() -> (Vec<Array2<f32>>, Array2<f32>) {
    let all = oracle();
    (all["bands"].as_array().unwrap().iter().map(array).collect(), array(&all["y"]))
}

fn split(rows: usize, train: usize) -> Value {
    hold_out(&stimuli(rows), &("t".repeat(train) + &"e".repeat(rows - train)))
}

fn job(bands: &[Array2<f32>], y: &Array2<f32>, split: &Value) -> Inputs {
    let rows = stimuli(y.nrows());
    let given = inputs().value("responses", &responses(&rows, y.clone())).value("split", split);
    bands.iter().enumerate().fold(given, |given, (at, band)| {
        given.labelled("features", &[("label", json!(["a", "b", "c", "d", "e"][at]))], &matrix(&rows, band.clone()))
    })
}

fn near(got: &Array2<f32>, expected: &Array2<f32>, tolerance: f32) {
    let largest = expected.iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
    for ((at, got), expected) in got.indexed_iter().zip(expected) {
        assert!((got - expected).abs() <= tolerance * largest, "{at:?}: {got}, {expected}");
    }
}

fn predictions(made: &Outputs) -> Array2<f32> {
    made.matrix("predictions").view().to_owned()
}

fn grid() -> Json {
    json!({ "low": 1e-3, "high": 1e3, "count": 13 })
}

fn scored(made: &Outputs, y: &Array2<f32>, split: &Value) -> Vec<f64> {
    let given = inputs().value("predictions", &made.value("predictions")).value("split", split);
    let given = given.value("responses", &responses(&stimuli(y.nrows()), y.clone()));
    given.run::<Evaluate>(json!({ "on": "test" })).unwrap().numbers("per_unit", "explained_variance")
}

/// Scaled side by side, bands of equal weight are one ridge.
#[test]
fn one_weighting_is_a_ridge_on_bands_of_equal_mean_square() {
    let (bands, y) = bands();
    let split = split(42, 30);
    let made = job(&bands, &y, &split).run::<BandedRidge>(json!({ "candidates": 1, "alphas": grid() })).unwrap();
    let scaled: Vec<Array2<f32>> = bands
        .iter()
        .map(|band| {
            let train = band.slice(s![..30, ..]).mapv(f64::from);
            let square = (&train - &train.mean_axis(Axis(0)).unwrap()).mapv(|v| v * v).sum();
            band.mapv(|v| (f64::from(v) * (30.0 / square / 3.0).sqrt()) as f32)
        })
        .collect();
    let views: Vec<_> = scaled.iter().map(|band| band.view()).collect();
    let all = concatenate(Axis(1), &views).unwrap();
    let ridge = inputs()
        .value("features", &matrix(&stimuli(42), all))
        .value("responses", &responses(&stimuli(42), y.clone()))
        .value("split", &split)
        .run::<Ridge>(json!({ "alphas": grid(), "extend": false }))
        .unwrap();
    near(&predictions(&made), &predictions(&ridge), 1e-5);
    let (alpha, expected) = (made.numbers("weights", "alpha"), ridge.numbers("alphas", "alpha"));
    for (unit, expected) in expected.iter().enumerate() {
        assert!(alpha[3 * unit..3 * unit + 3].iter().all(|alpha| (alpha / expected - 1.0).abs() < 1e-12));
    }
    let (got, expected) =
        (made.numbers("weights", "explained_variance"), ridge.numbers("alphas", "explained_variance"));
    assert!(expected.iter().enumerate().all(|(unit, expected)| (got[3 * unit] - expected).abs() < 1e-5));
    assert!(made.numbers("weights", "weight").iter().all(|weight| (weight - 1.0 / 3.0).abs() < 1e-12));
    // The fit is of the bands one after the other, as `concat` has them.
    let fit = made.fit("fit");
    let views: Vec<_> = bands.iter().map(|band| band.view()).collect();
    let by_weights =
        concatenate(Axis(1), &views).unwrap().dot(&fit.arrays["weights"].view().into_dimensionality::<Ix2>().unwrap())
            + fit.arrays["intercept"].view().into_dimensionality::<Ix1>().unwrap();
    near(&by_weights, &predictions(&made), 1e-5);
    // Penalties in the features' own scale: scaling a band by 2 divides its own by 4.
    let mut other = bands.clone();
    other[1] *= 2.0;
    let again = job(&other, &y, &split).run::<BandedRidge>(json!({ "candidates": 1, "alphas": grid() })).unwrap();
    near(&predictions(&again), &predictions(&made), 1e-5);
    let (a, b) = (made.numbers("weights", "penalty"), again.numbers("weights", "penalty"));
    assert!((b[1] / a[1] - 4.0).abs() < 1e-5 && (b[0] / a[0] - 1.0).abs() < 1e-5, "{a:?}, {b:?}");
}

#[test]
fn more_weightings_are_never_worse_by_leave_one_out_and_come_of_the_seed() {
    let (bands, y) = bands();
    let split = split(42, 30);
    let of = |candidates: usize, seed: u64| {
        job(&bands, &y, &split).run::<BandedRidge>(json!({ "candidates": candidates, "seed": seed })).unwrap()
    };
    let (few, many, other) = (of(1, 0), of(20, 0), of(20, 5));
    let explained = |made: &Outputs| made.numbers("weights", "explained_variance");
    let better = explained(&many).iter().zip(explained(&few)).filter(|(many, few)| **many > few + 1e-9).count();
    assert!(better > 3, "some unit prefers a weighting of its own");
    assert!(explained(&many).iter().zip(explained(&few)).all(|(many, few)| *many > few - 1e-3));
    assert_eq!(many.bytes("predictions"), of(20, 0).bytes("predictions"));
    assert_ne!(many.bytes("predictions"), other.bytes("predictions"));
    let weights = many.numbers("weights", "weight");
    assert!(weights.chunks(3).all(|of| (of.iter().sum::<f64>() - 1.0).abs() < 1e-12));
}

#[test]
fn stacking_is_that_of_himalaya_and_scipy() {
    let (bands, y) = bands();
    let all = oracle();
    let made =
        job(&bands, &y, &split(42, 30)).run::<BandedRidge>(json!({ "method": "stack", "alphas": grid() })).unwrap();
    near(&predictions(&made), &array(&all["stacked"]), 1e-5);
    let expected: Vec<Vec<f64>> = serde_json::from_value(all["stack"].clone()).unwrap();
    for (got, expected) in made.numbers("weights", "weight").iter().zip(expected.concat()) {
        assert!((got - expected).abs() < 1e-4, "{got}, {expected}");
    }
    assert!(made.table("weights").column("penalty").is_err());
}

#[test]
fn shares_add_up_to_what_evaluate_gives() {
    let (bands, y) = bands();
    let split = split(42, 30);
    for method in ["search", "stack"] {
        let params = |shares: &str| match method {
            "search" => json!({ "candidates": 3, "shares": shares }),
            _ => json!({ "method": "stack", "shares": shares }),
        };
        let product = job(&bands, &y, &split).run::<BandedRidge>(params("product")).unwrap();
        let common = job(&bands, &y, &split).run::<BandedRidge>(params("commonality")).unwrap();
        assert_eq!(product.bytes("predictions"), common.bytes("predictions"));
        let expected = scored(&product, &y, &split);
        for (made, sets) in [(&product, 3), (&common, 7)] {
            let share = made.numbers("shares", "share");
            assert_eq!(share.len(), 5 * sets);
            for (of_unit, expected) in share.chunks(sets).zip(&expected) {
                assert!((of_unit.iter().sum::<f64>() - expected).abs() < 1e-5, "{method}: {of_unit:?}, {expected}");
            }
            let explained = made.numbers("shares", "explained_variance");
            assert!(explained.chunks(sets).zip(&expected).all(|(of, expected)| (of[0] - expected).abs() < 1e-5));
            assert_eq!(made.table("shares").about.facts["on"], json!("test"));
            assert_eq!(made.table("shares").about.facts["rows_scored"], json!(12));
        }
        assert_eq!(&product.texts("shares", "band")[..3], ["a", "b", "c"]);
        assert_eq!(&common.texts("shares", "band")[..7], ["a", "b", "a & b", "c", "a & c", "b & c", "a & b & c"]);
    }
}

/// With one weighting, a set of bands has one weighting as well.
#[test]
fn what_is_unique_is_what_a_fit_without_the_band_lacks() {
    let (bands, y) = bands();
    let split = split(42, 30);
    let whole =
        job(&bands, &y, &split).run::<BandedRidge>(json!({ "candidates": 1, "shares": "commonality" })).unwrap();
    let without = job(&bands[1..], &y, &split).run::<BandedRidge>(json!({ "candidates": 1 })).unwrap();
    let (all, fewer) = (scored(&whole, &y, &split), scored(&without, &y, &split));
    for (unit, of_unit) in whole.numbers("shares", "share").chunks(7).enumerate() {
        assert!((of_unit[0] - (all[unit] - fewer[unit])).abs() < 1e-5, "{unit}: {of_unit:?}");
    }
}

#[test]
fn bands_join_by_stimulus_and_are_fitted_per_fold() {
    let (bands, y) = bands();
    let rows = stimuli(42);
    let params = json!({ "candidates": 3 });
    let straight = job(&bands, &y, &split(42, 30)).run::<BandedRidge>(params.clone()).unwrap();
    let order: Vec<usize> = (0..42).rev().collect();
    let turned = matrix(&named(order.iter().map(|at| format!("s{at}"))), bands[1].select(Axis(0), &order));
    let made = inputs()
        .labelled("features", &[("label", json!("a"))], &matrix(&rows, bands[0].clone()))
        .labelled("features", &[("label", json!("b"))], &turned)
        .labelled("features", &[("label", json!("c"))], &matrix(&rows, bands[2].clone()))
        .value("responses", &responses(&rows, y.clone()))
        .value("split", &split(42, 30))
        .run::<BandedRidge>(params.clone())
        .unwrap();
    near(&predictions(&made), &predictions(&straight), 1e-5);
    let made = job(&bands, &y, &folds(&rows, 3)).run::<BandedRidge>(params.clone()).unwrap();
    assert_eq!(made.keys("predictions"), ["0", "1", "2"]);
    let parts: String = (0..42).map(|row| if row % 3 == 1 { 'e' } else { 't' }).collect();
    let alone = job(&bands, &y, &hold_out(&rows, &parts)).run::<BandedRidge>(params).unwrap();
    assert_eq!(made.matrix_of("predictions", "1").view(), alone.matrix("predictions").view());
    let fold: Vec<u32> = made.table("shares").column("fold").unwrap().u32().unwrap().iter().flatten().collect();
    assert_eq!((fold.len(), fold[15]), (45, 1));
    assert_eq!(made.numbers("shares", "share")[15..30], alone.numbers("shares", "share")[..]);
}

#[test]
fn a_unit_with_gaps_is_fitted_and_scored_on_the_rows_it_has() {
    let (bands, mut y) = bands();
    y.slice_mut(s![2..6, 1]).fill(f32::NAN);
    y[[35, 2]] = f32::NAN;
    let rows = stimuli(42);
    let made = job(&bands, &y, &split(42, 30)).run::<BandedRidge>(json!({ "candidates": 3 })).unwrap();
    assert!(
        made.notes[0].contains("1 of 5 units have no response to some of the 30 train stimuli"),
        "{:?}",
        made.notes
    );
    let parts: String = (0..42).map(|row| if row < 30 && !(2..6).contains(&row) { 't' } else { 'e' }).collect();
    let alone = y.slice(s![.., 1..2]).mapv(|v| if v.is_nan() { 0.0 } else { v });
    let alone = job(&bands, &alone, &hold_out(&rows, &parts)).run::<BandedRidge>(json!({ "candidates": 3 })).unwrap();
    let (got, expected) = (predictions(&made), predictions(&alone));
    near(&got.slice(s![.., 1..2]).to_owned(), &expected, 1e-5);
    assert_eq!(made.table("weights").column("rows").unwrap().u32().unwrap().get(3), Some(26));
    assert!(made.numbers("shares", "share").iter().all(|share| share.is_finite()));
    let expected = scored(&made, &y, &split(42, 30));
    for (of_unit, expected) in made.numbers("shares", "share").chunks(3).zip(expected) {
        assert!((of_unit.iter().sum::<f64>() - expected).abs() < 1e-5);
    }
}

#[test]
fn what_cannot_be_fitted_is_refused_in_words() {
    let (bands, y) = bands();
    let split = split(42, 30);
    let refusal = |bands: &[Array2<f32>], params: Json| job(bands, &y, &split).refusal::<BandedRidge>(params).message;
    assert_eq!(
        refusal(&bands[..1], json!({})),
        "1 band arrives at `features`, and there is nothing to weigh; name two or more, or fit one by `ridge`"
    );
    let flat = [bands[0].clone(), Array2::ones((42, 4))];
    assert_eq!(refusal(&flat, json!({})), "all 30 train rows of band b are the same; a band needs features that vary");
    let five: Vec<Array2<f32>> = (0..5).map(|at| bands[at % 3].clone()).collect();
    assert!(
        refusal(&five, json!({ "shares": "commonality" }))
            .contains("5 bands arrive, and `shares: commonality` fits every set of them; it takes 4 at most")
    );
    assert!(refusal(&bands, json!({ "on": "val" })).contains("`split` has no val rows"));
    // Six columns in all, of 29 directions.
    let narrow: Vec<Array2<f32>> = bands.iter().map(|band| band.slice(s![.., ..2]).to_owned()).collect();
    let error = refusal(&narrow, json!({ "alphas": 1e-300, "candidates": 2 }));
    assert!(
        error.contains("the penalties tried, 1e-300 to 1e-300, are within the rounding of the bands' products"),
        "{error}"
    );
    let rows = stimuli(42);
    let short = inputs()
        .labelled("features", &[("label", json!("a"))], &matrix(&rows, bands[0].clone()))
        .labelled("features", &[("label", json!("b"))], &matrix(&stimuli(40), bands[1].slice(s![..40, ..]).to_owned()))
        .value("responses", &responses(&rows, y.clone()))
        .value("split", &split);
    let error = short.refusal::<BandedRidge>(json!({})).message;
    assert_eq!(error, "2 of 42 stimuli of `band a` are not in `band b` (40 rows); the first is `s40`");
    let long = inputs()
        .labelled("features", &[("label", json!("a"))], &matrix(&stimuli(40), bands[0].slice(s![..40, ..]).to_owned()))
        .labelled("features", &[("label", json!("b"))], &matrix(&rows, bands[1].clone()))
        .value("responses", &responses(&rows, y.clone()))
        .value("split", &split);
    let error = long.refusal::<BandedRidge>(json!({})).message;
    assert_eq!(error, "band a has 40 rows but band b has 42; bands have the same stimuli");
    let mut nan = bands.clone();
    nan[2][[4, 1]] = f32::NAN;
    let error = refusal(&nan, json!({}));
    assert!(error.starts_with("band c: ") && error.contains("NaN at stimulus `s4`, column 1"), "{error}");
}

#[test]
fn shares_of_rows_that_a_band_has_seen_are_refused() {
    let (bands, y) = bands();
    let rows = stimuli(42);
    let seen = crate::value::lineage::Lineage::default().fitted_on(crate::value::lineage::Exposure::new(
        "pca",
        &rows,
        &[3, 35],
    ));
    let about = crate::value::matrix::About { stimuli: Some(rows.clone()), lineage: seen, ..Default::default() };
    let fitted = Value::Matrix(crate::value::matrix::Matrix::new(bands[1].clone(), about));
    let given = inputs()
        .labelled("features", &[("label", json!("a"))], &matrix(&rows, bands[0].clone()))
        .labelled("features", &[("label", json!("b"))], &fitted)
        .value("responses", &responses(&rows, y))
        .value("split", &split(42, 30));
    let error = given.refusal::<BandedRidge>(json!({ "candidates": 1 }));
    assert!(error.message.contains("1 of 12 test rows were seen by `pca`"), "{}", error.message);
    assert_eq!(error.leak.as_deref(), Some("pca"));
}

#[test]
fn parameters_are_checked() {
    let kind = Kind::computed::<BandedRidge>("test");
    let problem = |params: Json| kind.normalise(params).unwrap_err();
    assert_eq!(problem(json!({ "concentrations": [0.1, 0.0] })).path, "concentrations[1]");
    assert!(problem(json!({ "concentrations": [] })).message.contains("the list is empty"));
    assert!(problem(json!({ "candidates": 0 })).message.contains("at least 1"));
    assert!(problem(json!({ "method": "stack", "candidates": 7 })).message.contains("`stack` draws no weightings"));
    assert!(problem(json!({ "alphas": -1.0 })).message.contains("-1 is no penalty"));
}

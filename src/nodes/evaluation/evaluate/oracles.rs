//! Scores beside those of a peer, and draws beside rows scored by hand.

use ndarray::{Array2, Array3};
use serde_json::{Value as Json, json};

use crate::nodes::evaluation::evaluate::Evaluate;
use crate::nodes::samples;
use crate::nodes::testing::{about, hold_out, inputs, predictions, stimuli};
use crate::value::Value;
use crate::value::responses::Responses;

fn numbers(of: &Json) -> Vec<Vec<f32>> {
    let row =
        |row: &Json| row.as_array().expect("a row").iter().map(|x| x.as_f64().expect("a number") as f32).collect();
    of.as_array().expect("rows").iter().map(row).collect()
}

/// By neuralpredictors' `fev`: see tests/oracles/feve.py.
#[test]
fn feve_is_neuralpredictors_own() {
    let all: Json = serde_json::from_str(include_str!("../../../../tests/oracles/feve.json")).unwrap();
    let trials: Vec<Vec<Vec<f32>>> = all["trials"].as_array().unwrap().iter().map(numbers).collect();
    let predicted = numbers(&all["predicted"]);
    let most = trials.iter().map(Vec::len).max().unwrap();
    let of = |i: usize, repeat: usize, unit: usize| trials[i].get(repeat).map_or(f32::NAN, |trial| trial[unit]);
    let repeats = Array3::from_shape_fn((trials.len(), 3, most), |(i, unit, repeat)| of(i, repeat, unit));
    let mean = |i: usize, unit: usize| {
        let sum: f64 = trials[i].iter().map(|trial| f64::from(trial[unit])).sum();
        (sum / trials[i].len() as f64) as f32
    };
    let mean = Array2::from_shape_fn((trials.len(), 3), |(i, unit)| mean(i, unit));
    let rows = stimuli(trials.len());
    let guess = Array2::from_shape_fn((trials.len(), 3), |(i, unit)| predicted[i][unit]);
    let made = inputs()
        .value("predictions", &predictions(&rows, guess))
        .value("responses", &Value::Responses(Responses::new(about(&rows, 3), mean, Some(repeats))))
        .value("split", &hold_out(&rows, &"e".repeat(trials.len())))
        .run::<Evaluate>(json!({ "on": "test" }))
        .unwrap();
    let right: Vec<f64> = all["feve"].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect();
    for (found, right) in made.numbers("per_unit", "feve").iter().zip(&right) {
        assert!((found - right).abs() < 1e-6, "{found} {right}");
    }
}

/// Each draw beside the same rows scored as often as they were drawn.
#[test]
fn draws_are_scores_of_the_rows_drawn() {
    let rows = stimuli(30);
    let (x, y) = (samples::features(30, 4), samples::features(30, 5));
    let mut truth = y.slice(ndarray::s![.., ..4]).to_owned();
    truth.zip_mut_with(&x, |y, x| *y = 0.5 * *y + x);
    let mut units = about(&rows, 4);
    units.subjects = Some(["m", "n", "m", "n"].map(str::to_owned).to_vec());
    let measured = Responses::new(units, truth.clone(), None);
    let given = || {
        inputs()
            .value("predictions", &predictions(&rows, x.clone()))
            .value("responses", &Value::Responses(measured.clone()))
            .value("split", &hold_out(&rows, &format!("{}{}", "t".repeat(6), "e".repeat(24))))
    };
    for measure in ["r", "explained_variance", "r2"] {
        let params = json!({ "on": "test", "bootstrap": { "draws": 25, "measure": measure }, "seed": 9 });
        let made = given().run::<Evaluate>(params).unwrap();
        assert_eq!(made.texts("drawn", "subject")[..26], vec!["m"; 26]);
        let drawn = made.numbers("drawn", measure);
        let alone = |counts: &[u32]| -> f64 {
            let which: Vec<usize> =
                counts.iter().enumerate().flat_map(|(row, &count)| vec![6 + row; count as usize]).collect();
            let score = |unit: usize| {
                let of = |data: &Array2<f32>| which.iter().map(|&row| f64::from(data[[row, unit]])).collect::<Vec<_>>();
                let (y, p) = (of(&truth), of(&x));
                let n = y.len() as f64;
                let (my, mp) = (y.iter().sum::<f64>() / n, p.iter().sum::<f64>() / n);
                let sum = |f: &dyn Fn(f64, f64) -> f64| y.iter().zip(&p).map(|(&y, &p)| f(y, p)).sum::<f64>();
                let (vy, vp) = (sum(&|y, _| (y - my).powi(2)), sum(&|_, p| (p - mp).powi(2)));
                match measure {
                    "r" => sum(&|y, p| (y - my) * (p - mp)) / (vy * vp).sqrt(),
                    "r2" => 1.0 - sum(&|y, p| (y - p).powi(2)) / vy,
                    _ => 1.0 - sum(&|y, p| (y - p - my + mp).powi(2)) / vy,
                }
            };
            f64::midpoint(score(0), score(2))
        };
        assert!((drawn[0] - alone(&[1; 24])).abs() < 1e-9, "{measure}");
        for at in 0..25 {
            let right = alone(&crate::nodes::drawn::table::counts(24, 9, at));
            assert!((drawn[1 + at] - right).abs() < 1e-6, "{measure}: {} {right}", drawn[1 + at]);
        }
    }
    let error = given().refusal::<Evaluate>(json!({ "on": "test", "bootstrap": { "measure": "r_nc" } })).message;
    assert_eq!(error, "`bootstrap` is of `r_nc`, and nothing arrives at `ceiling`");
}

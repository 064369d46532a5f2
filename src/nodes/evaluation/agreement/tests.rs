//! Rankings by hand, and what is refused.

use std::collections::BTreeMap;

use serde_json::json;

use super::Agreement;
use crate::math::similarity::resample;
use crate::nodes::drawn::table::{self as drawn, Cell, Draws};
use crate::nodes::golden::{Golden, Sample};
use crate::nodes::testing::{Inputs, inputs, stimuli};
use crate::stats::kendall::tau_b;
use crate::value::Value;
use crate::value::table::About;

const ROWS: usize = 12;
const LAYERS: [&str; 4] = ["l1", "l2", "l3", "l4"];
const SUBJECTS: [&str; 3] = ["a", "b", "c"];

/// A made-up score of a layer for a subject, that a draw of stimuli moves.
fn score(measure: usize, layer: usize, subject: usize, at: usize, seed: u64) -> f64 {
    let base = [[0.1, 0.3, 0.5, 0.4], [0.2, 0.25, 0.3, 0.5]][measure][layer] + 0.01 * subject as f64;
    let count = if at == 0 { 1 } else { drawn::counts(ROWS, seed, at - 1)[layer] };
    base + 0.07 * (f64::from(count) - 1.0)
}

fn table(measure: usize, layer: usize, seed: u64, name: &str, region: Option<&str>) -> Value {
    let of = |subject: usize| {
        let cell = Cell { a: None, subject: Some(SUBJECTS[subject].to_owned()), region: region.map(str::to_owned) };
        (cell, (0..=50).map(|at| score(measure, layer, subject, at, seed)).collect())
    };
    let about = About { facts: BTreeMap::from([("on".to_owned(), json!("val"))]), ..About::default() };
    let drawn = drawn::of(&stimuli(ROWS), &[ROWS], seed);
    let draws = Draws { measure: name.to_owned(), drawn, cells: (0..SUBJECTS.len()).map(of).collect(), about };
    Value::Table(draws.table().unwrap())
}

fn both(second: u64, layers: usize) -> Inputs {
    let mut given = inputs();
    for (measure, (name, seed)) in [("ridge", 1), ("rsa", second)].into_iter().enumerate() {
        for (at, layer) in LAYERS.iter().enumerate().take(layers) {
            let label = [("label", json!(name)), ("layer", json!(layer))];
            given = given.labelled("drawn", &label, &table(measure, at, seed, name, None));
        }
    }
    given
}

impl Golden for Agreement {
    fn golden() -> Sample {
        (both(1, 4), json!({ "over": ["stimuli", "subjects"], "seed": 2 }))
    }
}

#[test]
fn tau_is_of_the_layers_means_and_its_interval_of_shared_draws() {
    let made = both(1, 4).run::<Agreement>(json!({})).unwrap();
    // By hand: 0.1 0.3 0.5 0.4 against 0.2 0.25 0.3 0.5 has five pairs alike and one not.
    assert!((made.numbers("table", "tau")[0] - 4.0 / 6.0).abs() < 1e-15);
    assert_eq!((made.texts("table", "a"), made.texts("table", "b")), (vec!["ridge".into()], vec!["rsa".into()]));
    let of = |measure: usize, at: usize| -> Vec<f64> {
        let mean = |layer| (0..3).map(|subject| score(measure, layer, subject, at, 1)).sum::<f64>() / 3.0;
        (0..4).map(mean).collect()
    };
    let mut drawn: Vec<f64> = (1..=50).map(|at| tau_b(&of(0, at), &of(1, at)).unwrap()).collect();
    drawn.sort_by(f64::total_cmp);
    let (low, high) = (made.numbers("table", "low")[0], made.numbers("table", "high")[0]);
    let quantile = |q| crate::stats::summary::quantile(&drawn, q);
    assert!((low - quantile(0.025)).abs() < 1e-12 && (high - quantile(0.975)).abs() < 1e-12, "{low} {high}");
    assert_eq!(made.texts("ranks", "variant")[..4], LAYERS);
    assert_eq!(made.numbers("ranks", "place"), [4.0, 3.0, 1.0, 2.0, 4.0, 3.0, 2.0, 1.0]);
    assert_eq!(made.table("table").frame.get_column_names(), ["a", "b", "tau", "low", "high", "variants", "draws"]);
}

#[test]
fn subjects_are_drawn_alike_for_all_measures() {
    let made = both(1, 4).run::<Agreement>(json!({ "over": ["stimuli", "subjects"], "seed": 7 })).unwrap();
    let mean = |measure: usize, layer: usize, at: usize| {
        let which = if at == 0 { vec![0, 1, 2] } else { resample::subjects(3, 7, at - 1) };
        which.iter().map(|&subject| score(measure, layer, subject, at, 1)).sum::<f64>() / 3.0
    };
    let of = |measure, at| (0..4).map(|layer| mean(measure, layer, at)).collect::<Vec<_>>();
    let first = (1..=50).filter(|&at| of(0, at).iter().copied().fold(f64::MIN, f64::max) == of(0, at)[2]).count();
    assert!((made.numbers("ranks", "first")[2] - first as f64 / 50.0).abs() < 0.05);
}

#[test]
fn what_is_not_of_the_same_draws_is_refused_in_words() {
    let refusal = |given: Inputs| given.refusal::<Agreement>(json!({})).message;
    let other = refusal(both(2, 4));
    assert!(
        other.starts_with("`ridge` has 50 draws of val rows and `rsa` 50 of val rows, which are not the same draws"),
        "{other}"
    );
    assert!(refusal(both(1, 2)).starts_with("2 variants are ranked"));
    let labelled = |name: &str, layer: usize, region| {
        let label = [("label", json!(name)), ("layer", json!(LAYERS[layer]))];
        (label, table(0, layer, 1, name, region))
    };
    let mut one = inputs();
    let mut lacks = both(1, 4);
    let mut elsewhere = both(1, 4);
    for layer in 0..3 {
        let (label, value) = labelled("cka", layer, None);
        one = one.labelled("drawn", &label, &value);
        lacks = lacks.labelled("drawn", &label, &value);
        let (label, value) = labelled("cka", layer, Some("IT"));
        elsewhere = elsewhere.labelled("drawn", &label, &value);
    }
    assert!(refusal(one).starts_with("one measure arrives at `drawn`, `cka`"));
    let lacks = refusal(lacks);
    assert!(lacks.starts_with("`ridge` has a score of `l4` and `cka` has none"), "{lacks}");
    let (label, value) = labelled("cka", 3, Some("IT"));
    let elsewhere = refusal(elsewhere.labelled("drawn", &label, &value));
    assert!(elsewhere.contains("are not of the same responses"), "{elsewhere}");
}

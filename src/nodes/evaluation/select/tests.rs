//! What is chosen, handed on and refused.

use crate::nodes::evaluation::select::Select;
use crate::nodes::golden::{Golden, Sample};
use crate::nodes::samples;
use crate::nodes::testing::{Inputs, hold_out, inputs, matrix, stimuli};
use crate::value::Value;
use crate::value::table::Table;
use ndarray::Array2;
use polars::prelude::{Column, DataFrame};
use serde_json::{Value as Json, json};

impl Golden for Select {
    fn golden() -> Sample {
        let (one, two) = ([("label", json!("one"))], [("label", json!("two"))]);
        let (predictions, scores) = (samples::predictions(), samples::scores(&samples::predictions(), "val"));
        let given = inputs()
            .value("split", &samples::split())
            .labelled("scores", &one, &scores)
            .labelled("scores", &two, &scores)
            .labelled("predictions", &one, &predictions)
            .labelled("predictions", &two, &samples::x());
        (given, json!({}))
    }
}

fn scores(on: &str, values: &[Option<f64>]) -> Value {
    let units: Vec<String> = (0..values.len()).map(|at| format!("u{at}")).collect();
    let columns = vec![Column::new("unit".into(), units), Column::new("explained_variance".into(), values.to_vec())];
    let mut table = Table::new(DataFrame::new(values.len(), columns).unwrap());
    table.about.facts.insert("on".to_owned(), json!(on));
    table.about.definitions.insert("explained_variance".to_owned(), "the usual".to_owned());
    Value::Table(table)
}

fn rate(at: f64) -> [(&'static str, Json); 1] {
    [("rate", json!(at))]
}

fn job() -> Inputs {
    let rows = stimuli(6);
    let flat = |value| matrix(&rows, Array2::from_elem((6, 2), value));
    inputs()
        .value("split", &hold_out(&rows, "tttvve"))
        .labelled("scores", &rate(0.1), &scores("val", &[Some(0.9), Some(0.1), None]))
        .labelled("scores", &rate(0.2), &scores("val", &[Some(0.6), Some(0.6), None]))
        .labelled("scores", &rate(0.3), &scores("val", &[None, None, None]))
        .labelled("predictions", &rate(0.1), &flat(1.0))
        .labelled("predictions", &rate(0.2), &flat(2.0))
        .labelled("predictions", &rate(0.3), &flat(3.0))
        .labelled("features", &[("label", json!("shared"))], &flat(7.0))
}

#[test]
fn the_best_on_val_hands_its_ports_on_and_val_is_known_to_have_chosen() {
    let made = job().run::<Select>(json!({})).unwrap();
    assert_eq!(made.matrix("predictions").view()[[0, 0]], 2.0);
    assert_eq!(made.matrix("features").view()[[0, 0]], 7.0, "what has no variants serves all");
    assert!(!made.has("network") && !made.has("fit"));
    let lineage = made.matrix("predictions").about.lineage.clone();
    let saw: Vec<bool> = stimuli(6).iter().map(|stimulus| lineage.selected[0].saw(stimulus)).collect();
    assert_eq!(saw, [false, false, false, true, true, false]);
    assert_eq!((lineage.selected[0].by.as_str(), lineage.fitted.len()), ("select", 0));
    let choice = made.table("choice");
    let selected: Vec<_> = choice.column("selected").unwrap().bool().unwrap().iter().collect();
    assert_eq!(selected, [Some(false), Some(true), Some(false)]);
    assert_eq!(made.numbers("choice", "rate"), [0.1, 0.2, 0.3]);
    assert_eq!(made.numbers("choice", "score")[..2], [0.5, 0.6]);
    assert!(
        made.notes[0].contains("of 3 variants, `rate=0.2` has the best mean explained_variance"),
        "{:?}",
        made.notes
    );
    let made = job().run::<Select>(json!({ "statistic": "median" })).unwrap();
    assert_eq!(made.table("choice").about.facts["winner"], json!("rate=0.2"));
}

#[test]
fn each_group_of_units_takes_the_columns_of_its_own_best() {
    let rows = stimuli(6);
    let of = |values: &[f64]| {
        let columns = vec![
            Column::new("unit".into(), ["a", "b", "c"]),
            Column::new("region".into(), ["V4", "IT", "V4"]),
            Column::new("explained_variance".into(), values.to_vec()),
        ];
        let mut table = Table::new(DataFrame::new(3, columns).unwrap());
        table.about.facts.insert("on".to_owned(), json!("val"));
        table.about.definitions.insert("explained_variance".to_owned(), "the usual".to_owned());
        Value::Table(table)
    };
    let predicted = |value: f32, names: [&str; 3]| {
        let columns = Some(names.map(str::to_owned).to_vec());
        let about = crate::value::matrix::About { stimuli: Some(rows.clone()), columns, ..Default::default() };
        let data = Array2::from_shape_fn((6, 3), |(_, at)| value + names[at].as_bytes()[0] as f32);
        Value::Matrix(crate::value::matrix::Matrix::new(data, about))
    };
    let given = || {
        inputs()
            .value("split", &hold_out(&rows, "tttvve"))
            .labelled("scores", &rate(0.1), &of(&[0.9, 0.1, 0.2]))
            .labelled("scores", &rate(0.2), &of(&[0.3, 0.4, 0.3]))
            .labelled("predictions", &rate(0.1), &predicted(1000.0, ["a", "b", "c"]))
            .labelled("predictions", &rate(0.2), &predicted(2000.0, ["c", "b", "a"]))
    };
    // V4 (a and c): .55 against .3; IT (b): .1 against .4.
    let made = given().run::<Select>(json!({ "per": "region" })).unwrap();
    assert_eq!(made.matrix("predictions").about.columns.clone().unwrap(), ["a", "b", "c"]);
    assert_eq!(made.matrix("predictions").view().row(0).to_vec(), [1097.0, 2098.0, 1099.0]);
    assert_eq!(made.texts("choice", "region"), ["IT", "IT", "V4", "V4"]);
    assert!((made.numbers("choice", "score")[2] - 0.55).abs() < 1e-12);
    assert_eq!(made.matrix("predictions").about.lineage.selected[0].by, "select");
    assert!(made.notes[0].contains("`rate=0.1` for 1 region, `rate=0.2` for 1"), "{:?}", made.notes);
    let made = given().run::<Select>(json!({ "per": "unit" })).unwrap();
    assert_eq!(made.matrix("predictions").view().row(0).to_vec(), [1097.0, 2098.0, 2099.0]);
    let refusal = |params| given().refusal::<Select>(params).message;
    assert!(refusal(json!({ "per": "subject" })).contains("do not say which subject their units are of"));
    let fit = given().labelled("features", &rate(0.1), &predicted(1.0, ["a", "b", "c"]));
    let fit = fit.refusal::<Select>(json!({ "per": "unit" }));
    assert!(fit.message.contains("`features` is one for all units"), "{fit}");
}

#[test]
fn what_cannot_choose_is_refused_in_words() {
    let rows = stimuli(6);
    let refusal = |given: Inputs, params| given.refusal::<Select>(params).message;
    let with = |on: &str, parts: &str| {
        inputs()
            .value("split", &hold_out(&rows, parts))
            .labelled("scores", &rate(0.1), &scores(on, &[Some(0.9)]))
            .labelled("predictions", &rate(0.4), &matrix(&rows, Array2::zeros((6, 1))))
    };
    assert!(refusal(with("test", "tttvve"), json!({})).starts_with("the scores of `rate=0.1` are on test rows"));
    assert!(refusal(with("val", "ttteee"), json!({})).starts_with("`split` has no val rows"));
    assert!(
        refusal(with("val", "tttvve"), json!({})).starts_with("0 of 1 values at `predictions` belong to the winner")
    );
    let unknown = refusal(job(), json!({ "measure": "accuracy" }));
    assert_eq!(unknown, "the scores of `rate=0.1` have no measure `accuracy`; they have explained_variance");
    let empty =
        inputs().value("split", &hold_out(&rows, "tttvve")).labelled("scores", &rate(0.1), &scores("val", &[None]));
    assert!(refusal(empty, json!({})).starts_with("none of 1 variants has a `explained_variance`"));
}

//! Tables by hand, and what is never paired.

use crate::nodes::evaluation::compare::Compare;
use crate::nodes::golden::{Golden, Sample};
use crate::nodes::samples;
use crate::nodes::testing::{inputs, matrix, stimuli};
use crate::value::Value;
use crate::value::table::{About, Table};
use polars::prelude::{Column, DataFrame};
use serde_json::{Value as Json, json};

impl Golden for Compare {
    fn golden() -> Sample {
        let shifted = samples::features(24, 4).slice(ndarray::s![.., 1..]).to_owned();
        let other = matrix(&stimuli(samples::ROWS), shifted);
        let given = inputs()
            .labelled("scores", &[("label", json!("one"))], &samples::scores(&samples::predictions(), "test"))
            .labelled("scores", &[("label", json!("two"))], &samples::scores(&other, "test"));
        (given, json!({}))
    }
}

/// What `evaluate` gives, for units by name.
fn scores(on: &str, units: &[&str], explained: &[Option<f64>]) -> Value {
    let columns = vec![
        Column::new("unit".into(), units.to_vec()),
        Column::new("explained_variance".into(), explained.to_vec()),
        Column::new("ceiling".into(), vec![0.5; units.len()]),
    ];
    let about = About {
        definitions: [("explained_variance".to_owned(), "1 − …".to_owned())].into(),
        facts: [("on".to_owned(), json!(on)), ("selected".to_owned(), json!(on == "val"))].into(),
        ..About::default()
    };
    Value::Table(Table { frame: DataFrame::new(units.len(), columns).unwrap(), about })
}

fn layer(name: &str, components: i64) -> Vec<(&'static str, Json)> {
    vec![("layer", json!(name)), ("components", json!(components))]
}

#[test]
fn units_of_different_recordings_are_never_paired() {
    let of = |recording: &str, explained: &[Option<f64>]| {
        let Value::Table(mut table) = scores("test", &["unit_001", "unit_002"], explained) else { panic!("a table") };
        table.about.facts.insert("recording".to_owned(), json!(recording));
        Value::Table(table)
    };
    let made = inputs()
        .labelled("scores", &[("session", json!("s1"))], &of("a", &[Some(0.1), Some(0.3)]))
        .labelled("scores", &[("session", json!("s2"))], &of("b", &[Some(0.5), Some(0.9)]))
        .labelled("scores", &[("session", json!("s1 again"))], &of("a", &[Some(0.2), Some(0.5)]))
        .run::<Compare>(json!({}))
        .unwrap();
    assert_eq!(
        (made.texts("pairs", "a"), made.texts("pairs", "b")),
        (vec!["s1".to_owned()], vec!["s1 again".to_owned()])
    );
    assert_eq!(made.texts("per_unit", "recording"), ["a", "a", "b", "b", "a", "a"]);
    let names = made.table("per_unit").frame.get_column_names_owned();
    assert_eq!(names[..3], ["session", "unit", "recording"], "what stands before the unit is a variable");
    assert!(made.notes.iter().any(|note| note.contains("`s1` and `s2` score units of different recordings")));
    assert_eq!(made.table("table").frame.height(), 3, "means stand side by side");
}

#[test]
fn draws_are_averaged_unit_by_unit_before_anything_is_said_of_units() {
    let of = |layer: &str, draw: i64| [("layer", json!(layer)), ("s", json!(draw))];
    let given = || {
        inputs()
            .labelled("scores", &of("a", 0), &scores("test", &["x", "y"], &[Some(0.1), Some(0.3)]))
            .labelled("scores", &of("a", 1), &scores("test", &["y", "x"], &[Some(0.5), Some(0.2)]))
            .labelled("scores", &of("b", 0), &scores("test", &["x", "y"], &[Some(0.5), Some(0.5)]))
            .labelled("scores", &of("b", 1), &scores("test", &["x", "y"], &[Some(0.7), None]))
    };
    let made = given().run::<Compare>(json!({ "draws": ["s"] })).unwrap();
    let near = |port: &str, column: &str, wanted: &[f64]| {
        let found = made.numbers(port, column);
        assert!(
            found.len() == wanted.len() && found.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-12),
            "{column}: {found:?}"
        );
    };
    assert_eq!(made.texts("over_draws_per_unit", "layer"), ["a", "a", "b", "b"]);
    near("over_draws_per_unit", "explained_variance", &[0.15, 0.4, 0.6, 0.5]);
    assert_eq!(made.numbers("over_draws_per_unit", "ceiling"), [0.5; 4]);
    near("over_draws", "mean", &[0.275, 0.55]);
    // Over draws: means .2 and .35 of `a`, .5 and .7 of `b`.
    near("over_draws", "draws_sem", &[0.075, 0.1]);
    near("over_draws", "draws_median", &[0.275, 0.6]);
    assert_eq!(made.table("over_draws").column("draws").unwrap().u32().unwrap().get(0), Some(2));
    assert_eq!((made.texts("pairs", "a"), made.texts("pairs", "b")), (vec!["a".into()], vec!["b".into()]));
    near("pairs", "difference", &[-0.275]);
    assert!(made.notes[0].starts_with("1 scores are means over some of the draws alone"), "{:?}", made.notes);
    assert_eq!(made.table("table").frame.height(), 4, "every draw stands in the table");
    let plain = given().run::<Compare>(json!({})).unwrap();
    assert_eq!(plain.bytes("table"), made.bytes("table"));
    assert!(!plain.has("over_draws") && plain.texts("pairs", "a").len() == 6);
    let error = given().refusal::<Compare>(json!({ "draws": ["t"] }));
    assert_eq!(error.message, "`draws` names `t`, by which no variant differs; they differ by layer, s");
}

#[test]
fn what_is_known_of_units_in_words_stands_beside_them() {
    let Value::Table(mut table) = scores("test", &["x", "y"], &[Some(0.1), Some(0.3)]) else { panic!("a table") };
    table.frame.insert_column(1, Column::new("region".into(), ["V4", "IT"])).unwrap();
    let made = inputs()
        .labelled("scores", &[("label", json!("one"))], &Value::Table(table.clone()))
        .labelled("scores", &[("label", json!("two"))], &scores("test", &["x"], &[Some(0.1)]))
        .run::<Compare>(json!({}))
        .unwrap();
    let swept = inputs().labelled("scores", &[("region", json!("V4"))], &Value::Table(table));
    let swept = swept.run::<Compare>(json!({})).unwrap();
    assert_eq!(swept.texts("per_unit", "region"), ["V4", "V4"], "a variable of that name stands");
    let names = made.table("per_unit").frame.get_column_names_owned();
    assert_eq!(names[..3], ["label", "unit", "region"]);
    let regions = made.table("per_unit").frame.column("region").unwrap().clone();
    assert_eq!(regions.str().unwrap().iter().collect::<Vec<_>>(), [Some("V4"), Some("IT"), None]);
}

#[test]
fn a_row_per_variant_and_measure_beside_the_swept_variables() {
    let made = inputs()
        .labelled("scores", &layer("a", 10), &scores("test", &["x", "y"], &[Some(0.1), Some(0.3)]))
        .labelled("scores", &layer("b", 20), &scores("test", &["y", "x"], &[Some(0.5), None]))
        .run::<Compare>(json!({}))
        .unwrap();
    let table = made.table("table");
    let names: Vec<&str> = table.columns().iter().map(|column| column.name().as_str()).collect();
    assert_eq!(names, ["layer", "components", "measure", "mean", "median", "sem", "units"]);
    assert_eq!(table.column("components").unwrap().i64().unwrap().get(1), Some(20), "numbers stay numbers");
    assert_eq!(made.texts("table", "measure"), ["explained_variance", "explained_variance"]);
    assert_eq!(made.numbers("table", "mean"), [0.2, 0.5]);
    assert_eq!(made.texts("per_unit", "layer"), ["a", "a", "b", "b"]);
    assert_eq!(made.numbers("per_unit", "ceiling"), [0.5; 4]);
}

#[test]
fn pairs_are_of_the_units_that_both_score_joined_by_name() {
    let names = ["u", "v", "w", "x", "y", "z"];
    let a = [0.5, 0.6, 0.7, 0.4, 0.3, 0.9].map(Some);
    let mut b = [0.4, 0.4, 0.4, 0.0, 0.0, 0.0].map(Some);
    b[5] = None;
    let made = inputs()
        .labelled("scores", &[("label", json!("one"))], &scores("test", &names, &a))
        .labelled("scores", &[("label", json!("two"))], &scores("test", &names, &b))
        .run::<Compare>(json!({}))
        .unwrap();
    assert_eq!((made.texts("pairs", "a"), made.texts("pairs", "b")), (vec!["one".into()], vec!["two".into()]));
    // Differences .1 .2 .3 .4 .3: mean .26; all five positive: p = 2/2⁵.
    assert!((made.numbers("pairs", "difference")[0] - 0.26).abs() < 1e-12);
    assert!((made.numbers("pairs", "p")[0] - 0.0625).abs() < 1e-9, "{:?}", made.numbers("pairs", "p"));
    let (low, high) = (made.numbers("pairs", "low")[0], made.numbers("pairs", "high")[0]);
    assert!((0.1..0.26).contains(&low) && (0.26..=0.4).contains(&high), "{low} to {high}");
    assert_eq!(made.table("pairs").column("units").unwrap().u32().unwrap().get(0), Some(5));
}

#[test]
fn variants_that_have_chosen_are_marked() {
    let val = || scores("val", &["x", "y"], &[Some(0.1), Some(0.3)]);
    let made = inputs().value("scores", &val()).run::<Compare>(json!({})).unwrap();
    assert_eq!(made.table("table").column("selected").unwrap().bool().unwrap().get(0), Some(true));
    assert_eq!(made.table("table").about.facts["selected"], json!(true));
}

#[test]
fn scores_of_other_rows_or_definitions_never_share_a_table() {
    let test = || scores("test", &["x", "y"], &[Some(0.1), Some(0.3)]);
    let error = inputs()
        .labelled("scores", &[("label", json!("one"))], &test())
        .labelled("scores", &[("label", json!("two"))], &scores("val", &["x"], &[Some(0.1)]))
        .refusal::<Compare>(json!({}));
    assert!(error.message.contains("`one` was scored on test rows but `two` on val"), "{error}");
    let Value::Table(mut other) = test() else { unreachable!("a table") };
    other.about.definitions.insert("r".to_owned(), "Pearson".to_owned());
    let error = inputs()
        .labelled("scores", &[("label", json!("one"))], &test())
        .labelled("scores", &[("label", json!("two"))], &Value::Table(other))
        .refusal::<Compare>(json!({}));
    assert!(error.message.contains("scores of different definitions are not compared"), "{error}");
}

#[test]
fn p_are_corrected_over_the_family_that_is_said() {
    let names: Vec<String> = (0..8).map(|unit| format!("u{unit}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let of = |shift: f64, at: usize| {
        let values: Vec<Option<f64>> =
            (0..8).map(|unit| Some(shift + (unit as f64 * 0.37 + at as f64).sin() * 0.05)).collect();
        scores("test", &names, &values)
    };
    let study = |params: Json| {
        inputs()
            .labelled("scores", &[("label", json!("one"))], &of(0.5, 0))
            .labelled("scores", &[("label", json!("two"))], &of(0.3, 1))
            .labelled("scores", &[("label", json!("three"))], &of(0.31, 5))
            .run::<Compare>(params)
            .unwrap()
    };
    let made = study(json!({}));
    let (p, adjusted) = (made.numbers("pairs", "p"), made.numbers("pairs", "p_adjusted"));
    assert_eq!(adjusted, crate::stats::multiple::holm(&p));
    let facts = &made.table("pairs").about.facts;
    assert_eq!(facts["correction"], json!("corrected by Holm over all 3 pairs"));
    assert_eq!(facts["test"], json!("Wilcoxon signed-rank test over units"));
    assert_eq!(study(json!({ "correct": "none" })).numbers("pairs", "p_adjusted"), p);
    let bh = study(json!({ "correct": "bh" }));
    assert_eq!(bh.numbers("pairs", "p_adjusted"), crate::stats::multiple::benjamini_hochberg(&p));
    let turned = study(json!({ "test": "permutation", "seed": 3 }));
    let (own, largest) = (turned.numbers("pairs", "p"), turned.numbers("pairs", "p_adjusted"));
    assert!(own[0] < 0.02 && own.iter().zip(&largest).all(|(own, all)| own <= all), "{own:?} {largest:?}");
    let low = |params| study(params).numbers("pairs", "low");
    assert_ne!(low(json!({ "seed": 1 })), low(json!({ "seed": 2 })));
    assert!(low(json!({ "interval": 0.5 }))[0] > low(json!({}))[0]);
    let refused = |params| inputs().value("scores", &of(0.5, 0)).refusal::<Compare>(params).message;
    assert!(refused(json!({ "correct": "max_statistic" })).contains("goes with `test: permutation`"));
    assert!(
        refused(json!({ "over": ["stimuli"] }))
            .contains("`over` draws stimuli, and nothing of `scores` arrives at `scored`")
    );
    assert!(refused(json!({ "over": ["subjects", "stimuli"] })).contains("add `units` to `subjects`"));
    assert!(refused(json!({ "over": [] })).contains("the list is empty"));
    let subjects = inputs()
        .labelled("scores", &[("label", json!("one"))], &of(0.5, 0))
        .labelled("scores", &[("label", json!("two"))], &of(0.3, 1))
        .refusal::<Compare>(json!({ "over": ["subjects", "units"] }));
    assert!(subjects.message.contains("unit `u0` of `one` has none; `load_units` reads them"), "{subjects}");
}

/// Two readouts of one recording, the second with more noise, as `evaluate` hands them on.
fn studies(rows: usize, fold: bool) -> Vec<(Value, Value)> {
    let all = stimuli(rows);
    let y = ndarray::Array2::from_shape_fn((rows, 5), |(row, unit)| ((row * (unit + 2)) as f32 * 0.71).sin());
    [0.3, 1.2]
        .map(|noise: f32| {
            let guess = ndarray::Array2::from_shape_fn((rows, 5), |(row, unit)| {
                y[[row, unit]] + noise * ((row * 31 + unit * 7) as f32 * 1.3).cos()
            });
            let given = inputs().value("responses", &crate::nodes::testing::responses(&all, y.clone()));
            let given = match fold {
                false => given
                    .value("split", &crate::nodes::testing::hold_out(&all, &"e".repeat(rows)))
                    .value("predictions", &matrix(&all, guess)),
                true => given
                    .value("split", &crate::nodes::testing::folds(&all, 2))
                    .keyed("predictions", "0", &matrix(&all, guess.clone()))
                    .keyed("predictions", "1", &matrix(&all, guess)),
            };
            let made = given
                .run::<crate::nodes::evaluation::evaluate::Evaluate>(
                    json!({ "on": if fold { "folds" } else { "test" } }),
                )
                .unwrap();
            (made.value("per_unit"), made.value("scored"))
        })
        .into()
}

#[test]
fn stimuli_are_drawn_without_fitting_anything_again() {
    for fold in [false, true] {
        let all = studies(40, fold);
        let study = |params: Json| {
            let mut given = inputs();
            for (name, (scores, scored)) in ["one", "two"].iter().zip(&all) {
                let label = [("label", json!(name))];
                given = given.labelled("scores", &label, scores).labelled("scored", &label, scored);
            }
            given.run::<Compare>(params).unwrap()
        };
        let made = study(json!({ "over": ["stimuli"], "seed": 5 }));
        assert_eq!(made.texts("pairs", "measure"), ["explained_variance", "r", "r2"]);
        let column = |name: &str| made.numbers("pairs", name);
        for at in 0..3 {
            assert!(column("low")[at] < column("difference")[at] && column("difference")[at] < column("high")[at]);
        }
        assert!(column("p")[0] < 0.01, "the second is much worse: {:?}", column("p"));
        assert_eq!(made.table("pairs").about.facts["interval"], json!("bootstrap 95 % interval over stimuli"));
        let crossed = study(json!({ "over": ["stimuli", "units"], "seed": 5 }));
        let width =
            |made: &crate::nodes::testing::Outputs| made.numbers("pairs", "high")[1] - made.numbers("pairs", "low")[1];
        assert!(width(&crossed) > 0.0 && crossed.numbers("pairs", "difference") == column("difference"));
        let null = study(json!({ "permutations": 300, "seed": 5 }));
        assert_eq!(null.texts("significance", "unit").len(), 10);
        assert!(null.numbers("significance", "p")[..5].iter().all(|p| *p < 0.01));
        assert!(null.numbers("significance", "p_adjusted")[0] >= null.numbers("significance", "p")[0]);
    }
}

/// Resampling rows by hand and scoring them again comes to the interval that sums give, as far as chance goes.
#[test]
fn an_interval_over_stimuli_is_that_of_scoring_rows_again() {
    use crate::stats::{resampling, summary};
    let all = studies(40, false);
    let mut given = inputs();
    for (name, (scores, scored)) in ["one", "two"].iter().zip(&all) {
        let label = [("label", json!(name))];
        given = given.labelled("scores", &label, scores).labelled("scored", &label, scored);
    }
    let made = given.run::<Compare>(json!({ "over": ["stimuli"], "seed": 5 })).unwrap();
    let mut rng = resampling::seeded(5);
    let drawn = resampling::counts(40, 2000, &mut rng);
    let of = |scored: &Value, counts: &[u32]| {
        let Value::Matrix(scored) = scored else { panic!("a matrix") };
        let view = scored.view();
        let column = |at: usize| -> Vec<f64> {
            let row = |(row, &count): (usize, &u32)| vec![f64::from(view[[row, at]]); count as usize];
            counts.iter().enumerate().flat_map(row).collect()
        };
        let r: Vec<f64> = (0..5).filter_map(|unit| summary::pearson(&column(1 + unit), &column(6 + unit))).collect();
        summary::mean(&r)
    };
    let differences: Vec<f64> = drawn.iter().map(|counts| of(&all[0].1, counts) - of(&all[1].1, counts)).collect();
    let (low, high) = resampling::interval(differences, 0.95);
    assert!(
        (made.numbers("pairs", "low")[1] - low).abs() < 1e-9 && (made.numbers("pairs", "high")[1] - high).abs() < 1e-9
    );
}

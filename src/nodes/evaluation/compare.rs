//! The kind `compare`: scores of several nodes or variants side by side, with paired statistics.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind::{Arity, Input, Measure, NodeKind, Output, Role};
use crate::nodes::measures;
use crate::value::ty::Type;

/// Scores side by side.
pub struct Compare;

/// The parameters of `compare`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// The swept variables by which variants are draws of one study, such as random splits: `over_draws` is over their mean, unit by
    /// unit, and so are `pairs`. Unless given, those that reach nothing but seeds; `[]`: none.
    #[serde(default)]
    #[schemars(extend("x-neutral" = null, "x-draws" = true))]
    pub draws: Option<Vec<String>>,
}

impl NodeKind for Compare {
    const NAME: &'static str = "compare";
    const VERSION: u32 = 2;
    const ABOUT: &'static str = "Scores of several nodes or variants side by side, with paired statistics over units.\n\n\
        Refuses to compare scores of different definitions or of different parts of a split. Pairs are compared over the \
        units that both score: mean difference, its 95 % bootstrap interval over units, and Wilcoxon's signed-rank test. \
        Variants that differ in nothing but seeds, such as ten random splits, are draws of one study: `over_draws` has each \
        unit's mean over them, summarised over units, and how much draws differ; `pairs` compares these means.";
    const EXAMPLE: &'static str = "\
by_layer:
  kind: compare
  in: { scores: \"scores@*\" }
";
    type Params = Params;
    const INPUTS: &'static [Input] = &[Input {
        name: "scores",
        types: &[Type::Table],
        arity: Arity::Many,
        about: "Per-unit scores, as evaluate gives them: every variant, a list, or a map of labels.",
    }];
    const MEASURES: &'static [Measure] = measures::SCORES;
    const OUTPUTS: &'static [Output] = &[
        Output {
            name: "table",
            ty: Type::Table,
            keyed: None,
            role: Some(Role::Comparison),
            about: "A row per variant and measure: the swept variables (or label), measure, mean, median, sem, units.",
        },
        Output {
            name: "per_unit",
            ty: Type::Table,
            keyed: None,
            role: Some(Role::Scores),
            about: "A row per variant and unit: the swept variables (or label), then evaluate's columns, region and subject among them.",
        },
        Output {
            name: "pairs",
            ty: Type::Table,
            keyed: None,
            role: Some(Role::Pairs),
            about: "A row per pair and measure: a, b, measure, difference (mean of a − b), low, high, p, units.",
        },
        Output {
            name: "over_draws",
            ty: Type::Table,
            keyed: None,
            role: Some(Role::OverDraws),
            about: "Where there are draws, as `table`, of each unit's mean over them (mean, median and sem over units); and draws (how \
                many), draws_sem (standard error of their means over units), draws_median (mean of their medians over units), \
                draws_median_sem.",
        },
        Output {
            name: "over_draws_per_unit",
            ty: Type::Table,
            keyed: None,
            role: None,
            about: "Where there are draws, as `per_unit`, of each unit's mean over them.",
        },
    ];
}

#[cfg(feature = "torch")]
mod compute {
    use std::collections::{BTreeMap, BTreeSet};

    use polars::prelude::{Column, DataFrame};
    use serde_json::Value as Json;

    use crate::kind::{Compute, KindError, Run, fact};
    use crate::nodes::evaluation::compare::{Compare, Params};
    use crate::nodes::evaluation::over_draws::{Drawn, drawn, with_draws};
    use crate::nodes::evaluation::scores::Scores;
    use crate::nodes::evaluation::variant;
    use crate::stats::{summary, wilcoxon};
    use crate::value::Value;
    use crate::value::lineage::Lineage;
    use crate::value::table::{About, Table};

    /// Resamples of units behind an interval.
    const DRAWS: usize = 2000;

    impl Compute for Compare {
        fn run(params: Params, run: &mut Run<'_>) -> Result<(), KindError> {
            let all: Vec<Scores> = run.arrivals("scores").iter().map(Scores::read).collect::<Result<_, _>>()?;
            let Some(first) = all.first() else {
                return Err(KindError::new("nothing arrives at `scores`; name at least one node"));
            };
            for other in &all[1..] {
                first.comparable(other)?;
            }
            // In the order of the columns, which is evaluate's.
            let is_measure = |name: &&String| first.about.definitions.contains_key(*name);
            let measures: Vec<String> =
                first.columns.iter().map(|(name, _)| name).filter(is_measure).cloned().collect();
            let about = about(&all, run);
            let groups = drawn(&all, params.draws.as_deref().unwrap_or_default(), run)?;
            let names = names(&all);
            let table = summaries(&all, &names, &measures)?;
            let per_unit = stacked(&all, &names)?;
            let pairs = match &groups {
                None => pairs(&all, &measures)?,
                Some(groups) => pairs(&means(groups), &measures)?,
            };
            run.emit("table", Value::Table(Table { frame: table, about: about.clone() }))?;
            run.emit("per_unit", Value::Table(Table { frame: per_unit, about: about.clone() }))?;
            run.emit("pairs", Value::Table(Table { frame: pairs, about: about.clone() }))?;
            match groups {
                None => Ok(()),
                Some(groups) => emit_over_draws(&groups, &all, &measures, about, run),
            }
        }
    }

    /// What the tables are of; says where units are of different recordings.
    fn about(all: &[Scores], run: &mut Run<'_>) -> About {
        let first = &all[0];
        let lineage = Lineage::merge(all.iter().map(|scores| &scores.about.lineage));
        let mut facts = first.about.facts.clone();
        facts.insert(fact::SELECTED.to_owned(), Json::Bool(all.iter().any(Scores::selected)));
        if let Some(other) = all.iter().find(|other| other.recording() != first.recording()) {
            facts.remove(fact::RECORDING);
            run.note(format!(
                "`{}` and `{}` score units of different recordings, which are other neurons even where names agree: they are \
                 not paired, and their means stand side by side",
                first.name(),
                other.name()
            ));
        }
        About { definitions: first.about.definitions.clone(), facts, lineage }
    }

    fn means(groups: &[Drawn]) -> Vec<Scores> {
        groups.iter().map(|group| group.mean.clone()).collect()
    }

    /// The same tables of each unit's mean over draws.
    fn emit_over_draws(
        groups: &[Drawn],
        all: &[Scores],
        measures: &[String],
        mut about: About,
        run: &mut Run<'_>,
    ) -> Result<(), KindError> {
        let means = means(groups);
        for fact in [fact::DRAWS, fact::DRAWN_BY] {
            about.facts.extend(means[0].about.facts.get(fact).map(|value| (fact.to_owned(), value.clone())));
        }
        let names = names(&means);
        let table = with_draws(summaries(&means, &names, measures)?, groups, all, measures)?;
        let per_unit = stacked(&means, &names)?;
        run.emit("over_draws", Value::Table(Table { frame: table, about: about.clone() }))?;
        run.emit("over_draws_per_unit", Value::Table(Table { frame: per_unit, about }))
    }

    /// The variables by which variants differ, in order.
    fn names(all: &[Scores]) -> Vec<String> {
        let mut seen = BTreeSet::new();
        let names = all.iter().flat_map(|scores| scores.label.iter().map(|(name, _)| name.clone()));
        names.filter(|name| seen.insert(name.clone())).collect()
    }

    fn labels<'a>(all: &'a [Scores], name: &str, repeat: impl Fn(&Scores) -> usize) -> Vec<Option<&'a Json>> {
        let of = |scores: &'a Scores| scores.label.iter().find(|(label, _)| label == name).map(|(_, value)| value);
        all.iter().flat_map(|scores| vec![of(scores); repeat(scores)]).collect()
    }

    fn summaries(all: &[Scores], names: &[String], measures: &[String]) -> Result<DataFrame, KindError> {
        let of: Vec<summary::Summary> = all
            .iter()
            .flat_map(|scores| {
                measures.iter().map(|measure| summary::summarise(scores.column(measure).unwrap_or_default()))
            })
            .collect();
        let mut columns: Vec<Column> =
            names.iter().map(|name| variant::column(name, &labels(all, name, |_| measures.len()))).collect();
        let measure: Vec<&str> = all.iter().flat_map(|_| measures.iter().map(String::as_str)).collect();
        columns.push(Column::new("measure".into(), measure));
        columns.push(Column::new("mean".into(), of.iter().map(|s| s.mean).collect::<Vec<_>>()));
        columns.push(Column::new("median".into(), of.iter().map(|s| s.median).collect::<Vec<_>>()));
        columns.push(Column::new("sem".into(), of.iter().map(|s| s.sem).collect::<Vec<_>>()));
        columns.push(Column::new("units".into(), of.iter().map(|s| s.units as u32).collect::<Vec<_>>()));
        if all.iter().any(Scores::selected) {
            let selected: Vec<bool> = all.iter().flat_map(|scores| vec![scores.selected(); measures.len()]).collect();
            columns.push(Column::new("selected".into(), selected));
        }
        DataFrame::new(of.len(), columns).map_err(|e| KindError::new(e.to_string()))
    }

    fn stacked(all: &[Scores], names: &[String]) -> Result<DataFrame, KindError> {
        let height = all.iter().map(|scores| scores.units.len()).sum();
        let mut columns: Vec<Column> =
            names.iter().map(|name| variant::column(name, &labels(all, name, |scores| scores.units.len()))).collect();
        let units: Vec<&str> = all.iter().flat_map(|scores| scores.units.iter().map(String::as_str)).collect();
        columns.push(Column::new("unit".into(), units));
        // Behind the unit: in front stand variables.
        let new = |name: &str| names.iter().all(|known| known != name);
        if new("recording") && all.iter().any(|scores| scores.recording() != all[0].recording()) {
            let of = |scores: &Scores| vec![scores.recording().unwrap_or_default().to_owned(); scores.units.len()];
            columns.push(Column::new("recording".into(), all.iter().flat_map(of).collect::<Vec<_>>()));
        }
        let mut seen = BTreeSet::new();
        // A variable of that name says it already.
        let words = all.iter().flat_map(|scores| &scores.words).map(|(name, _)| name).filter(|name| new(name));
        for name in words.filter(|name| seen.insert(name.as_str())) {
            let of = |scores: &Scores| match scores.words.iter().find(|(known, _)| known == name) {
                Some((_, words)) => words.clone(),
                None => vec![None; scores.units.len()],
            };
            columns.push(Column::new(name.as_str().into(), all.iter().flat_map(of).collect::<Vec<_>>()));
        }
        for (name, _) in &all[0].columns {
            let values: Vec<Option<f64>> = all
                .iter()
                .flat_map(|scores| match scores.column(name) {
                    Some(values) => values.to_vec(),
                    None => vec![None; scores.units.len()],
                })
                .collect();
            columns.push(Column::new(name.as_str().into(), values));
        }
        DataFrame::new(height, columns).map_err(|e| KindError::new(e.to_string()))
    }

    fn pairs(all: &[Scores], measures: &[String]) -> Result<DataFrame, KindError> {
        let (mut a_names, mut b_names, mut measure_names) = (Vec::new(), Vec::new(), Vec::new());
        let (mut difference, mut low, mut high, mut p, mut units) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (at, a) in all.iter().enumerate() {
            // Units of another recording are other neurons: nothing is paired with them.
            for b in all[at + 1..].iter().filter(|b| b.recording() == a.recording()) {
                for measure in measures {
                    let of_b: BTreeMap<&str, Option<f64>> = b
                        .units
                        .iter()
                        .map(String::as_str)
                        .zip(b.column(measure).unwrap_or_default().iter().copied())
                        .collect();
                    let differences: Vec<f64> = a
                        .units
                        .iter()
                        .zip(a.column(measure).unwrap_or_default())
                        .filter_map(|(unit, score)| Some((*score)? - of_b.get(unit.as_str()).copied()??))
                        .collect();
                    let interval = (differences.len() > 1).then(|| summary::bootstrap_mean(&differences, DRAWS));
                    a_names.push(a.name());
                    b_names.push(b.name());
                    measure_names.push(measure.clone());
                    difference.push((!differences.is_empty()).then(|| summary::mean(&differences)));
                    low.push(interval.map(|(low, _)| low));
                    high.push(interval.map(|(_, high)| high));
                    p.push(wilcoxon::signed_rank(&differences));
                    units.push(differences.len() as u32);
                }
            }
        }
        DataFrame::new(
            units.len(),
            vec![
                Column::new("a".into(), a_names),
                Column::new("b".into(), b_names),
                Column::new("measure".into(), measure_names),
                Column::new("difference".into(), difference),
                Column::new("low".into(), low),
                Column::new("high".into(), high),
                Column::new("p".into(), p),
                Column::new("units".into(), units),
            ],
        )
        .map_err(|e| KindError::new(e.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::Compare;
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
            let Value::Table(mut table) = scores("test", &["unit_001", "unit_002"], explained) else {
                panic!("a table")
            };
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
}

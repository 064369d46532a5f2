//! The kind `compare`: scores of several nodes or variants side by side, with paired statistics.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind::{Arity, Input, Measure, NodeKind, Output, Role};
use crate::nodes::measures;
use crate::value::ty::Type;

/// Scores side by side.
pub struct Compare;

/// `compare` has no parameters.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Params {}

impl NodeKind for Compare {
    const NAME: &'static str = "compare";
    const VERSION: u32 = 2;
    const ABOUT: &'static str = "Scores of several nodes or variants side by side, with paired statistics over units.\n\n\
        Refuses to compare scores of different definitions or of different parts of a split. Pairs are compared over the \
        units that both score: mean difference, its 95 % bootstrap interval over units, and Wilcoxon's signed-rank test.";
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
            about: "A row per variant and unit: the swept variables (or label), then evaluate's columns.",
        },
        Output {
            name: "pairs",
            ty: Type::Table,
            keyed: None,
            role: Some(Role::Pairs),
            about: "A row per pair and measure: a, b, measure, difference (mean of a − b), low, high, p, units.",
        },
    ];
}

#[cfg(feature = "torch")]
mod compute {
    use std::collections::{BTreeMap, BTreeSet};

    use polars::prelude::{Column, DataFrame};
    use serde_json::Value as Json;

    use crate::kind::fact;
    use crate::kind::{Arrival, Compute, KindError, Run};
    use crate::nodes::evaluation::compare::{Compare, Params};
    use crate::nodes::evaluation::variant;
    use crate::stats::{summary, wilcoxon};
    use crate::value::Value;
    use crate::value::lineage::Lineage;
    use crate::value::table::{About, Table};

    /// Resamples of units behind an interval.
    const DRAWS: usize = 2000;

    /// One variant's scores.
    struct Scores {
        label: Vec<(String, Json)>,
        units: Vec<String>,
        /// Measure or ceiling, by column in the table's order.
        columns: Vec<(String, Vec<Option<f64>>)>,
        about: About,
    }

    impl Scores {
        fn name(&self) -> String {
            let parts = self.label.iter().map(|(name, value)| {
                let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                if self.label.len() == 1 { value } else { format!("{name}={value}") }
            });
            parts.collect::<Vec<_>>().join(", ")
        }

        /// Which recording the units are of.
        fn recording(&self) -> Option<&str> {
            self.about.facts.get(fact::RECORDING)?.as_str()
        }

        /// Whether scored rows have chosen what is scored.
        fn selected(&self) -> bool {
            self.about.facts.get(fact::SELECTED) == Some(&Json::Bool(true))
        }

        fn column(&self, name: &str) -> Option<&[Option<f64>]> {
            self.columns.iter().find(|(column, _)| column == name).map(|(_, values)| values.as_slice())
        }
    }

    impl Compute for Compare {
        fn run(_: Params, run: &mut Run<'_>) -> Result<(), KindError> {
            let all: Vec<Scores> = run.arrivals("scores").iter().map(read).collect::<Result<_, _>>()?;
            let Some(first) = all.first() else {
                return Err(KindError::new("nothing arrives at `scores`; name at least one node"));
            };
            for other in &all[1..] {
                comparable(first, other)?;
            }
            let names: Vec<String> = {
                let mut seen = BTreeSet::new();
                let all_names = all.iter().flat_map(|scores| scores.label.iter().map(|(name, _)| name.clone()));
                all_names.filter(|name| seen.insert(name.clone())).collect()
            };
            let measures: Vec<String> =
                first.about.definitions.keys().filter(|name| first.column(name).is_some()).cloned().collect();
            // In the order of the columns, which is evaluate's.
            let measures: Vec<String> =
                first.columns.iter().map(|(name, _)| name).filter(|name| measures.contains(name)).cloned().collect();
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
            let about = About { definitions: first.about.definitions.clone(), facts, lineage };
            let table = summaries(&all, &names, &measures)?;
            let per_unit = stacked(&all, &names)?;
            let pairs = pairs(&all, &measures)?;
            run.emit("table", Value::Table(Table { frame: table, about: about.clone() }))?;
            run.emit("per_unit", Value::Table(Table { frame: per_unit, about: about.clone() }))?;
            run.emit("pairs", Value::Table(Table { frame: pairs, about }))
        }
    }

    fn read(arrival: &Arrival) -> Result<Scores, KindError> {
        let Value::Table(table) = Value::read(arrival.ty, &arrival.path)? else {
            return Err(KindError::new(format!("`scores` takes Table, but {} arrives", arrival.ty)));
        };
        let label = if arrival.label.is_empty() {
            vec![("label".to_owned(), Json::String("scores".to_owned()))]
        } else {
            arrival.label.clone()
        };
        let wrong = |e: polars::prelude::PolarsError| KindError::new(e.to_string());
        let units = table.frame.column("unit").map_err(|_| {
            KindError::new("a table at `scores` has no column `unit`; compare takes evaluate's per_unit")
        })?;
        let units = units.str().map_err(wrong)?.iter().map(|unit| unit.unwrap_or_default().to_owned()).collect();
        let mut columns = Vec::new();
        for column in table.frame.columns() {
            if let Ok(values) = column.f64() {
                columns.push((column.name().to_string(), values.iter().collect()));
            }
        }
        Ok(Scores { label, units, columns, about: table.about })
    }

    /// Scores share an axis only where they mean the same.
    fn comparable(a: &Scores, b: &Scores) -> Result<(), KindError> {
        let on = |scores: &Scores| {
            scores.about.facts.get(fact::SCORED_ON).and_then(Json::as_str).unwrap_or("unknown").to_owned()
        };
        if on(a) != on(b) {
            return Err(KindError::new(format!(
                "`{}` was scored on {} rows but `{}` on {}; scores of different rows are not compared",
                a.name(),
                on(a),
                b.name(),
                on(b)
            )));
        }
        if a.about.definitions != b.about.definitions {
            let names = |s: &Scores| s.about.definitions.keys().cloned().collect::<Vec<_>>().join(", ");
            return Err(KindError::new(format!(
                "`{}` scores {} but `{}` scores {}; scores of different definitions are not compared",
                a.name(),
                names(a),
                b.name(),
                names(b)
            )));
        }
        Ok(())
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
        if all.iter().any(|scores| scores.recording() != all[0].recording()) {
            let of = |scores: &Scores| vec![scores.recording().unwrap_or_default().to_owned(); scores.units.len()];
            columns.push(Column::new("recording".into(), all.iter().flat_map(of).collect::<Vec<_>>()));
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

//! The kind `evaluate`: scores of predictions, per unit and summarised, on rows that no fit has seen.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind::{Arity, Input, Measure, NodeKind, Output, Role};
use crate::nodes::evaluation::on::On;
use crate::nodes::measures;
use crate::value::ty::Type;

/// Scores of predictions.
pub struct Evaluate;

/// The parameters of `evaluate`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// The rows to score: `train`, `val` or `test` of a hold-out split, or `folds`, which scores each row by the fit that
    /// did not see it, all rows pooled.
    pub on: On,
}

impl NodeKind for Evaluate {
    const NAME: &'static str = "evaluate";
    const VERSION: u32 = 2;
    const ABOUT: &'static str = "Scores of predictions per unit, and summarised over units.\n\n\
        Explained variance is 1 − Var(y − ŷ)/Var(y) over stimuli, r is Pearson's correlation, r2 is \
        1 − Σ(y − ŷ)²/Σ(y − ȳ)². A unit whose responses do not vary has no score (null). Refuses rows that any upstream \
        fit has seen, by identity or by equal content, unless told `on: train`; rows that only selected are scored and \
        marked so. With a ceiling, explained variance is also divided by it, and r by its square root.";
    const EXAMPLE: &'static str = "\
scores:
  kind: evaluate
  in: { predictions: readout, responses: it.responses, split: it.split, ceiling: ceiling }
  with: { on: val }
";
    type Params = Params;
    const INPUTS: &'static [Input] = &[
        Input {
            name: "predictions",
            types: &[Type::Matrix],
            arity: Arity::One,
            about: "Stimuli × units, as a readout gives them.",
        },
        Input { name: "responses", types: &[Type::Responses], arity: Arity::One, about: "What was measured." },
        Input { name: "split", types: &[Type::Split], arity: Arity::One, about: "Which rows are which." },
        Input {
            name: "ceiling",
            types: &[Type::Table],
            arity: Arity::Optional,
            about: "The explainable fraction of each unit's variance, from noise_ceiling or load_units.",
        },
    ];
    const MEASURES: &'static [Measure] = measures::SCORES;
    const OUTPUTS: &'static [Output] = &[
        Output {
            name: "per_unit",
            ty: Type::Table,
            keyed: None,
            role: Some(Role::Scores),
            about: "A row per unit: unit, region and subject where they are known, explained_variance, r, r2; with a ceiling also \
                ceiling, explained_variance_nc, r_nc.",
        },
        Output {
            name: "summary",
            ty: Type::Table,
            keyed: None,
            role: Some(Role::Summary),
            about: "A row per measure: measure, mean, median, sem (over units), units; `selected` where scored rows have chosen.",
        },
    ];
}

#[cfg(feature = "torch")]
mod compute {
    use std::collections::BTreeMap;

    use polars::prelude::{Column, DataFrame};
    use serde_json::json;

    use crate::kind::fact;
    use crate::kind::{Compute, KindError, Run};
    use crate::nodes::ceilings::ceilings;
    use crate::nodes::evaluation::evaluate::{Evaluate, Params};
    use crate::nodes::evaluation::held_out;
    use crate::nodes::evaluation::on::On;
    use crate::nodes::measures;
    use crate::stats::summary;
    use crate::value::Value;
    use crate::value::lineage::Lineage;
    use crate::value::matrix::Matrix;
    use crate::value::responses::Responses;
    use crate::value::stimuli::Stimuli;
    use crate::value::table::{About, Table};

    /// Rows that are scored together by one fit.
    struct Scored {
        predictions: Matrix,
        /// Rows of the split.
        rows: Vec<usize>,
    }

    impl Compute for Evaluate {
        fn run(params: Params, run: &mut Run<'_>) -> Result<(), KindError> {
            let split = run.split("split")?;
            let responses = run.responses("responses")?;
            let scored = held_out::rounds(params.on, &split)?
                .into_iter()
                .map(|round| {
                    let predictions = run.matrix_of_fold("predictions", round.fold)?;
                    Ok(Scored { predictions, rows: round.held_out })
                })
                .collect::<Result<Vec<_>, KindError>>()?;
            let lineage = Lineage::merge(scored.iter().map(|part| &part.predictions.about.lineage));
            let mut selected = 0;
            for part in &scored {
                let lineage = &part.predictions.about.lineage;
                if params.on != On::Train {
                    held_out::refuse_seen(params.on, &split.stimuli, &part.rows, lineage, &run.declared)?;
                }
                let chose = |row: &&usize| lineage.selected.iter().any(|e| e.saw(split.stimuli.get(**row)));
                selected += part.rows.iter().filter(chose).count();
            }
            if selected > 0 {
                let by: Vec<&str> = lineage.selected.iter().map(|exposure| exposure.by.as_str()).collect();
                run.note(format!(
                    "{selected} of the scored rows were selected by ({}): what is scored was chosen with a look at them",
                    by.join(", ")
                ));
            }
            note_another_recording(&lineage, &responses, run);
            let (truth, predicted) = paired(&split.stimuli, &responses, &scored)?;
            let rows: usize = scored.iter().map(|part| part.rows.len()).sum();
            let gapped: Vec<usize> = truth.iter().map(Vec::len).filter(|count| *count < rows).collect();
            if let Some(fewest) = gapped.iter().min() {
                run.note(format!(
                    "{} of {} units were not recorded to all of {rows} scored stimuli and are scored on those they have, {fewest} at \
                     least",
                    gapped.len(),
                    truth.len()
                ));
            }
            if rows < 2 {
                return Err(KindError::new(format!("{rows} rows are scored; a score needs at least 2")));
            }
            let table = run.has("ceiling").then(|| run.table("ceiling")).transpose()?;
            let ceilings = table.map(|table| ceilings(&table, &responses, run)).transpose()?;

            let unit_count = responses.units().len();
            let over = |score: fn(&[f64], &[f64]) -> Option<f64>| -> Vec<Option<f64>> {
                (0..unit_count).map(|unit| score(&truth[unit], &predicted[unit])).collect()
            };
            let explained = over(summary::explained_variance);
            let r = over(summary::pearson);
            let r2 = over(summary::r_squared);
            let constant = explained.iter().filter(|score| score.is_none()).count();
            if constant > 0 {
                run.note(format!(
                    "{constant} of {unit_count} units do not vary over the scored stimuli and have no score"
                ));
            }
            let mut measures: Vec<(&str, Vec<Option<f64>>)> = vec![
                (measures::EXPLAINED_VARIANCE.name, explained.clone()),
                (measures::R.name, r.clone()),
                (measures::R2.name, r2),
            ];
            let mut columns = units(&responses);
            if let Some(ceilings) = &ceilings {
                let divided = |scores: &[Option<f64>], by: fn(f64) -> f64| -> Vec<Option<f64>> {
                    let pairs = scores.iter().zip(ceilings);
                    pairs.map(|(score, ceiling)| Some((*score)? / by(ceiling.filter(|c| *c > 0.0)?))).collect()
                };
                measures.push((measures::EXPLAINED_VARIANCE_NC.name, divided(&explained, |c| c)));
                measures.push((measures::R_NC.name, divided(&r, f64::sqrt)));
            }
            for (name, values) in &measures {
                if *name == measures::EXPLAINED_VARIANCE_NC.name {
                    columns.push(Column::new(measures::CEILING.into(), ceilings.clone().unwrap_or_default()));
                }
                columns.push(Column::new((*name).into(), values.clone()));
            }
            let names: Vec<&str> = measures.iter().map(|(name, _)| *name).collect();
            let mut about = about(params.on, rows, selected > 0, &names, lineage);
            about.facts.insert(fact::RECORDING.to_owned(), json!(responses.recording()));
            let per_unit = DataFrame::new(unit_count, columns).map_err(|e| KindError::new(e.to_string()))?;
            let summary = summary(&measures, selected > 0)?;
            run.emit("per_unit", Value::Table(Table { frame: per_unit, about: about.clone() }))?;
            run.emit("summary", Value::Table(Table { frame: summary, about }))
        }
    }

    /// The units, and where they are from as far as that is known.
    fn units(responses: &Responses) -> Vec<Column> {
        let mut columns = vec![Column::new("unit".into(), responses.units().to_vec())];
        for (name, of_units) in [("region", &responses.about.regions), ("subject", &responses.about.subjects)] {
            columns.extend(of_units.iter().map(|all| Column::new(name.into(), all.clone())));
        }
        columns
    }

    /// What the scores are of.
    fn about(on: On, rows: usize, selected: bool, scored: &[&str], lineage: Lineage) -> About {
        let fitted = lineage.fitted.iter().map(|exposure| exposure.len()).max().unwrap_or(0);
        let fits: Vec<&str> = lineage.fitted.iter().map(|exposure| exposure.by.as_str()).collect();
        let facts = BTreeMap::from([
            (fact::SCORED_ON.to_owned(), json!(on)),
            (fact::ROWS_SCORED.to_owned(), json!(rows)),
            (fact::ROWS_FITTED.to_owned(), json!(fitted)),
            (fact::SELECTED.to_owned(), json!(selected)),
            ("fits".to_owned(), json!(fits)),
        ]);
        let definitions = measures::SCORES
            .iter()
            .filter(|measure| scored.contains(&measure.name))
            .map(|measure| (measure.name.to_owned(), measure.definition.to_owned()))
            .collect();
        About { definitions, facts, lineage }
    }

    /// A row per measure over units.
    fn summary(measures: &[(&str, Vec<Option<f64>>)], selected: bool) -> Result<DataFrame, KindError> {
        let all: Vec<summary::Summary> = measures.iter().map(|(_, values)| summary::summarise(values)).collect();
        let names: Vec<&str> = measures.iter().map(|(name, _)| *name).collect();
        let mut columns = vec![
            Column::new("measure".into(), names),
            Column::new("mean".into(), all.iter().map(|s| s.mean).collect::<Vec<_>>()),
            Column::new("median".into(), all.iter().map(|s| s.median).collect::<Vec<_>>()),
            Column::new("sem".into(), all.iter().map(|s| s.sem).collect::<Vec<_>>()),
            Column::new("units".into(), all.iter().map(|s| s.units as u32).collect::<Vec<_>>()),
        ];
        if selected {
            columns.push(Column::new("selected".into(), vec![true; all.len()]));
        }
        DataFrame::new(all.len(), columns).map_err(|e| KindError::new(e.to_string()))
    }

    /// Units join by name, and those of another recording are other neurons unless somebody knows better.
    fn note_another_recording(lineage: &Lineage, responses: &Responses, run: &mut Run<'_>) {
        if !lineage.recordings.is_empty() && !lineage.recordings.contains(&responses.recording()) {
            run.note(
                "`predictions` were fitted to another recording than `responses`: their scores hold only where both have the same \
                 neurons under the same names",
            );
        }
    }

    /// Per unit, measured and predicted responses of the scored rows, in one order.
    fn paired(
        stimuli: &Stimuli,
        responses: &Responses,
        scored: &[Scored],
    ) -> Result<(Vec<Vec<f64>>, Vec<Vec<f64>>), KindError> {
        let units = responses.units();
        let (mut truth, mut predicted) = (vec![Vec::new(); units.len()], vec![Vec::new(); units.len()]);
        for part in scored {
            let wanted = stimuli.select(&part.rows);
            let measured = wanted.align(responses.stimuli(), "the scored rows", "responses")?;
            let given = wanted.align(part.predictions.stimuli("predictions")?, "the scored rows", "predictions")?;
            let view = part.predictions.view();
            let columns = match &part.predictions.about.columns {
                Some(names) => {
                    let known: BTreeMap<&str, usize> = names.iter().enumerate().map(|(c, n)| (n.as_str(), c)).collect();
                    let found: Vec<Option<usize>> =
                        units.iter().map(|unit| known.get(unit.as_str()).copied()).collect();
                    if let Some(missing) = found.iter().position(Option::is_none) {
                        return Err(KindError::new(format!(
                            "`predictions` has {} units but none named `{}`; units join by name",
                            names.len(),
                            units[missing]
                        )));
                    }
                    found.into_iter().flatten().collect::<Vec<_>>()
                }
                None if view.ncols() == units.len() => (0..units.len()).collect(),
                None => {
                    return Err(KindError::new(format!(
                        "`predictions` has {} columns but `responses` has {} units; a column is one unit",
                        view.ncols(),
                        units.len()
                    )));
                }
            };
            for (unit, column) in columns.into_iter().enumerate() {
                for (row, (&m, &g)) in measured.iter().zip(&given).enumerate() {
                    let (y, p) = (f64::from(responses.mean[[m, unit]]), f64::from(view[[g, column]]));
                    // The unit was not recorded to this stimulus, and is scored on those that it has.
                    if y.is_nan() {
                        continue;
                    }
                    if !y.is_finite() || !p.is_finite() {
                        let side = if y.is_finite() { "predictions" } else { "responses" };
                        return Err(KindError::new(format!(
                            "`{side}` of unit `{}` to stimulus `{}` is no finite number; a score needs every one",
                            units[unit],
                            wanted.get(row).name
                        )));
                    }
                    truth[unit].push(y);
                    predicted[unit].push(p);
                }
            }
        }
        Ok((truth, predicted))
    }
}

#[cfg(test)]
mod tests {
    use super::Evaluate;
    use crate::kind::KindError;
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
            (samples::evaluated(&samples::predictions()), json!({ "on": "test" }))
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
        assert_eq!(made.texts("summary", "measure").len(), 5, "a ceiling is no score");
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
        assert!(
            error.message.starts_with("2 of 4 test rows have chosen the model: `select` looked at 2 rows"),
            "{error}"
        );
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
}

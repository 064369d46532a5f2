//! The kind `evaluate`: scores of predictions, per unit and summarised, on rows that no fit has seen.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind::{Arity, Input, NodeKind, Output};
use crate::value::Type;

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

/// Rows to score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum On {
    Train,
    Val,
    Test,
    Folds,
}

impl NodeKind for Evaluate {
    const NAME: &'static str = "evaluate";
    const VERSION: u32 = 1;
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
            about: "The explainable fraction of each unit's variance, from noise_ceiling.",
        },
    ];
    const OUTPUTS: &'static [Output] = &[
        Output {
            name: "per_unit",
            ty: Type::Table,
            keyed: None,
            about: "A row per unit: unit, explained_variance, r, r2; with a ceiling also ceiling, explained_variance_nc, r_nc.",
        },
        Output {
            name: "summary",
            ty: Type::Table,
            keyed: None,
            about: "A row per measure: measure, mean, median, sem (over units), units; `selected` where scored rows have chosen.",
        },
    ];
}

/// What each measure is, by column.
pub const DEFINITIONS: [(&str, &str); 5] = [
    ("explained_variance", "1 − Var(y − ŷ) / Var(y) over the scored stimuli, per unit"),
    ("r", "Pearson's correlation of y and ŷ over the scored stimuli, per unit"),
    ("r2", "1 − Σ(y − ŷ)² / Σ(y − ȳ)² over the scored stimuli, per unit; punishes bias"),
    ("explained_variance_nc", "explained_variance divided by the unit's ceiling"),
    ("r_nc", "r divided by the square root of the unit's ceiling"),
];

#[cfg(feature = "torch")]
mod run {
    use std::collections::{BTreeMap, BTreeSet};

    use polars::prelude::{Column, DataFrame};
    use serde_json::json;

    use super::{DEFINITIONS, Evaluate, On, Params};
    use crate::kind::{Compute, KindError, Run};
    use crate::math::stats;
    use crate::nodes::evaluation::noise_ceiling::ceilings;
    use crate::value::Value;
    use crate::value::lineage::Lineage;
    use crate::value::matrix::Matrix;
    use crate::value::responses::Responses;
    use crate::value::split::{Assignment, Part, Split};
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
            let scored = scored(params.on, &split, run)?;
            let lineage = Lineage::merge(scored.iter().map(|part| &part.predictions.about.lineage));
            let mut selected = 0;
            for part in &scored {
                if params.on != On::Train {
                    refuse_seen(params.on, &split.stimuli, part)?;
                }
                let lineage = &part.predictions.about.lineage;
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
            let (truth, predicted) = paired(&split.stimuli, &responses, &scored)?;
            let rows = truth.first().map_or(0, Vec::len);
            if rows < 2 {
                return Err(KindError::new(format!("{rows} rows are scored; a score needs at least 2")));
            }
            let ceilings =
                if run.has("ceiling") { Some(ceilings(&run.table("ceiling")?, responses.units())?) } else { None };

            let unit_count = responses.units().len();
            let over = |score: fn(&[f64], &[f64]) -> Option<f64>| -> Vec<Option<f64>> {
                (0..unit_count).map(|unit| score(&truth[unit], &predicted[unit])).collect()
            };
            let explained = over(stats::explained_variance);
            let r = over(stats::pearson);
            let r2 = over(stats::r_squared);
            let constant = explained.iter().filter(|score| score.is_none()).count();
            if constant > 0 {
                run.note(format!(
                    "{constant} of {unit_count} units do not vary over the scored stimuli and have no score"
                ));
            }
            let mut measures: Vec<(&str, Vec<Option<f64>>)> =
                vec![("explained_variance", explained.clone()), ("r", r.clone()), ("r2", r2)];
            let mut columns = vec![Column::new("unit".into(), responses.units().to_vec())];
            if let Some(ceilings) = &ceilings {
                let divided = |scores: &[Option<f64>], by: fn(f64) -> f64| -> Vec<Option<f64>> {
                    let pairs = scores.iter().zip(ceilings);
                    pairs.map(|(score, ceiling)| Some((*score)? / by(ceiling.filter(|c| *c > 0.0)?))).collect()
                };
                measures.push(("explained_variance_nc", divided(&explained, |c| c)));
                measures.push(("r_nc", divided(&r, f64::sqrt)));
            }
            for (name, values) in &measures {
                if *name == "explained_variance_nc" {
                    columns.push(Column::new("ceiling".into(), ceilings.clone().unwrap_or_default()));
                }
                columns.push(Column::new((*name).into(), values.clone()));
            }
            let fitted = lineage.fitted.iter().map(|exposure| exposure.len()).max().unwrap_or(0);
            let fits: Vec<&str> = lineage.fitted.iter().map(|exposure| exposure.by.as_str()).collect();
            let facts = BTreeMap::from([
                ("on".to_owned(), json!(params.on)),
                ("rows_scored".to_owned(), json!(rows)),
                ("rows_fitted".to_owned(), json!(fitted)),
                ("selected".to_owned(), json!(selected > 0)),
                ("fits".to_owned(), json!(fits)),
            ]);
            let known: BTreeSet<&str> = measures.iter().map(|(name, _)| *name).collect();
            let definitions: BTreeMap<String, String> = DEFINITIONS
                .into_iter()
                .filter(|(name, _)| known.contains(name))
                .map(|(name, text)| (name.to_owned(), text.to_owned()))
                .collect();
            let about = About { definitions, facts, lineage };
            let per_unit = DataFrame::new(unit_count, columns).map_err(|e| KindError::new(e.to_string()))?;
            let summary = summary(&measures, selected > 0)?;
            run.emit("per_unit", Value::Table(Table { frame: per_unit, about: about.clone() }))?;
            run.emit("summary", Value::Table(Table { frame: summary, about }))
        }
    }

    /// A row per measure over units.
    fn summary(measures: &[(&str, Vec<Option<f64>>)], selected: bool) -> Result<DataFrame, KindError> {
        let all: Vec<stats::Summary> = measures.iter().map(|(_, values)| stats::summarise(values)).collect();
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

    fn scored(on: On, split: &Split, run: &Run<'_>) -> Result<Vec<Scored>, KindError> {
        match (&split.assignment, on) {
            (Assignment::Folds { .. }, On::Folds) => split
                .rounds()
                .into_iter()
                .map(|round| {
                    Ok(Scored { predictions: run.matrix_of_fold("predictions", round.fold)?, rows: round.held_out })
                })
                .collect(),
            (Assignment::Folds { count, .. }, _) => Err(KindError::new(format!(
                "`split` has {count} folds and no {} rows; score it with `on: folds`",
                word(on)
            ))),
            (Assignment::Parts(_), On::Folds) => Err(KindError::new(format!(
                "`split` is a hold-out ({}) and has no folds; score one of its parts",
                parts(split)
            ))),
            (Assignment::Parts(_), on) => {
                let rows = split.rows(match on {
                    On::Train => Part::Train,
                    On::Val => Part::Val,
                    _ => Part::Test,
                });
                if rows.is_empty() {
                    return Err(KindError::new(format!("`split` has no {} rows; it has {}", word(on), parts(split))));
                }
                Ok(vec![Scored { predictions: run.matrix_of_fold("predictions", None)?, rows }])
            }
        }
    }

    fn word(on: On) -> &'static str {
        match on {
            On::Train => "train",
            On::Val => "val",
            On::Test => "test",
            On::Folds => "held-out",
        }
    }

    fn parts(split: &Split) -> String {
        let counts =
            [Part::Train, Part::Val, Part::Test].map(|part| format!("{} {}", split.rows(part).len(), part.name()));
        counts.join(", ")
    }

    /// No score of a row that a fit has seen.
    fn refuse_seen(on: On, stimuli: &Stimuli, part: &Scored) -> Result<(), KindError> {
        for exposure in &part.predictions.about.lineage.fitted {
            let seen = part.rows.iter().filter(|&&row| exposure.saw(stimuli.get(row))).count();
            if seen > 0 {
                return Err(KindError {
                    message: format!(
                        "{seen} of {} {} rows were seen by `{}`, which was fitted on {} rows; a score is of rows that no fit has seen",
                        part.rows.len(),
                        word(on),
                        exposure.by,
                        exposure.len()
                    ),
                    leak: Some(exposure.by.clone()),
                });
            }
        }
        Ok(())
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

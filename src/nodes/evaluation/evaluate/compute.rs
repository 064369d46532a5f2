//! What `evaluate` does: reads, checks, scores, and says what the scores are of.

use std::collections::BTreeMap;

use polars::prelude::{Column, DataFrame};
use serde_json::{Value as Json, json};

use crate::kind::fact;
use crate::kind::{Compute, KindError, Run};
use crate::nodes::ceilings::ceilings;
use crate::nodes::drawn;
use crate::nodes::evaluation::ceiling_rows;
use crate::nodes::evaluation::evaluate::draws::{Given, draws};
use crate::nodes::evaluation::evaluate::groups::by_group;
use crate::nodes::evaluation::evaluate::scored::Scored;
use crate::nodes::evaluation::evaluate::scores::{Scores, Told, scores};
use crate::nodes::evaluation::evaluate::summary::{self, Row};
use crate::nodes::evaluation::evaluate::{Evaluate, Params, SCORED};
use crate::nodes::measures;
use crate::value::Value;
use crate::value::responses::Responses;
use crate::value::split::Split;
use crate::value::table::{About, Table};

/// What a ceiling says of the units, and of which stimuli it is where these are not those scored.
struct Ceilings {
    of_units: Vec<Option<f64>>,
    aggregate: Option<f64>,
    other_rows: Option<String>,
}

impl Compute for Evaluate {
    fn run(params: Params, run: &mut Run<'_>) -> Result<(), KindError> {
        let split = run.split("split")?;
        let responses = run.responses("responses")?;
        let scored = Scored::read(&params, &split, &responses, run)?;
        note_selected(&scored, run);
        note_another_recording(&scored, &responses, run);
        let (mut all, told) = scores(&scored, &responses, &|_| true);
        note_units(&told, &scored, &responses, run);
        let ceilings = read_ceilings(&params, (&scored, &split, &responses), run)?;
        let by_group = match params.by[..] {
            [] => None,
            _ => Some(by_group(&params.by, &all, (&scored, &split, &responses), run)?),
        };
        let convention = match (params.convention, &ceilings) {
            (None, _) => None,
            (Some(convention), Some(ceilings)) => {
                Some(Row::by(convention, &all[1], &ceilings.of_units, ceilings.aggregate)?)
            }
            (Some(convention), None) => {
                return Err(KindError::new(format!(
                    "`convention: {}` divides by a ceiling, and nothing arrives at `ceiling`",
                    convention.name()
                )));
            }
        };
        if let Some(ceilings) = &ceilings {
            let least = params.least_ceiling.unwrap_or(0.0);
            note_ceilings(ceilings, params.least_ceiling, run);
            let corrected = summary::corrected(&all, &ceilings.of_units, least);
            all.splice(3..3, corrected);
        }
        let mut rows: Vec<Row> = all.iter().map(Row::of).collect();
        rows.extend(convention);
        let summary = summary::table(Vec::new(), &rows, &scored)?;
        if run.wants(SCORED) {
            run.emit(SCORED, Value::Matrix(scored.matrix(&split.stimuli, &responses)?))?;
        }
        let about = about(&params, &scored, &responses, &rows, ceilings.as_ref());
        if let Some(bootstrap) = params.bootstrap.as_ref().filter(|_| run.wants(drawn::PORT)) {
            let given = Given {
                scored: &scored,
                split: &split,
                responses: &responses,
                scores: &all,
                ceilings: ceilings.as_ref().map(|ceilings| &ceilings.of_units[..]),
            };
            let drawn = draws(bootstrap, params.seed, &given, about.clone(), run)?;
            run.emit(drawn::PORT, Value::Table(drawn.table()?))?;
        }
        let per_unit = per_unit(&responses, &all, ceilings.as_ref())?;
        run.emit("per_unit", Value::Table(Table { frame: per_unit, about: about.clone() }))?;
        if let Some(frame) = by_group {
            run.emit("by_group", Value::Table(Table { frame, about: about.clone() }))?;
        }
        run.emit("summary", Value::Table(Table { frame: summary, about }))
    }
}

fn read_ceilings(
    params: &Params,
    (scored, split, responses): (&Scored, &Split, &Responses),
    run: &mut Run<'_>,
) -> Result<Option<Ceilings>, KindError> {
    if !run.has("ceiling") {
        return match params.least_ceiling {
            Some(_) => Err(KindError::new("`least_ceiling` is given, and nothing arrives at `ceiling`")),
            None => Ok(None),
        };
    }
    let table = run.table("ceiling")?;
    let of_units = ceilings(&table, responses, run)?;
    let (rows, measured) = scored.all();
    ceiling_rows::check(&table, (&split.stimuli, &rows), (responses, &measured), run)?;
    let other_rows = table.about.lineage.selected.first().and_then(|of| {
        let seen = rows.iter().filter(|&&row| of.saw(split.stimuli.get(row))).count();
        ceiling_rows::said(of, seen, rows.len())
    });
    let same = |convention: &str| params.convention.is_some_and(|own| own.name() == convention);
    let facts = &table.about.facts;
    let by = facts.get(fact::CONVENTION).and_then(Json::as_str).filter(|by| same(by));
    let aggregate = by.and_then(|_| facts.get(fact::AGGREGATE)).and_then(Json::as_f64);
    Ok(Some(Ceilings { of_units, aggregate, other_rows }))
}

/// A row per unit. Ceilings stand before the scores that they correct.
fn per_unit(responses: &Responses, all: &[Scores], ceilings: Option<&Ceilings>) -> Result<DataFrame, KindError> {
    let mut columns = units(responses);
    for scores in all {
        if scores.measure.name == measures::EXPLAINED_VARIANCE_NC.name {
            let of_units = ceilings.map(|ceilings| ceilings.of_units.clone()).unwrap_or_default();
            columns.push(Column::new(measures::CEILING.into(), of_units));
        }
        columns.push(Column::new(scores.measure.name.into(), scores.values.clone()));
    }
    for scores in all.iter().filter(|scores| !scores.sem.is_empty()) {
        columns.push(Column::new(format!("{}_sem", scores.measure.name).into(), scores.sem.clone()));
    }
    DataFrame::new(responses.units().len(), columns).map_err(|e| KindError::new(e.to_string()))
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
fn about(params: &Params, scored: &Scored, responses: &Responses, rows: &[Row], ceilings: Option<&Ceilings>) -> About {
    let lineage = scored.lineage.clone();
    let fitted = lineage.fitted.iter().map(|exposure| exposure.len()).max().unwrap_or(0);
    let fits: Vec<&str> = lineage.fitted.iter().map(|exposure| exposure.by.as_str()).collect();
    let mut facts = BTreeMap::from([
        (fact::SCORED_ON.to_owned(), json!(params.on)),
        (fact::ROWS_SCORED.to_owned(), json!(scored.rows())),
        (fact::ROWS_FITTED.to_owned(), json!(fitted)),
        (fact::SELECTED.to_owned(), json!(scored.selected > 0)),
        (fact::RECORDING.to_owned(), json!(responses.recording())),
        ("fits".to_owned(), json!(fits)),
    ]);
    if scored.apart {
        let times = if scored.draws { fact::DRAWS } else { fact::FOLDS };
        facts.insert(times.to_owned(), json!(scored.fits.len()));
    }
    let of = |measure: &&crate::kind::Measure| rows.iter().any(|row| row.measure == measure.name);
    let definitions = measures::SCORES
        .iter()
        .filter(of)
        .map(|measure| {
            let folds = match (scored.apart, scored.draws) {
                (false, _) => "",
                (true, false) => ", within each fold and averaged over folds",
                (true, true) => ", within each draw and averaged over draws",
            };
            let other = match ceilings.and_then(|ceilings| ceilings.other_rows.as_deref()) {
                Some(said)
                    if measure.ceiling == crate::kind::measure::Ceiling::Corrected
                        && measure.name != measures::FEVE.name =>
                {
                    format!("; the ceiling {said}")
                }
                _ => String::new(),
            };
            (measure.name.to_owned(), format!("{}{folds}{other}", measure.definition))
        })
        .collect();
    About { definitions, facts, lineage }
}

fn note_selected(scored: &Scored, run: &mut Run<'_>) {
    if scored.selected > 0 {
        let by: Vec<&str> = scored.lineage.selected.iter().map(|exposure| exposure.by.as_str()).collect();
        run.note(format!(
            "{} of the scored rows were selected by ({}): what is scored was chosen with a look at them",
            scored.selected,
            by.join(", ")
        ));
    }
}

/// Units join by name, and those of another recording are other neurons unless somebody knows better.
fn note_another_recording(scored: &Scored, responses: &Responses, run: &mut Run<'_>) {
    let recordings = &scored.lineage.recordings;
    if !recordings.is_empty() && !recordings.contains(&responses.recording()) {
        run.note(
            "`predictions` were fitted to another recording than `responses`: their scores hold only where both have the same \
             neurons under the same names",
        );
    }
}

fn note_units(told: &Told, scored: &Scored, responses: &Responses, run: &mut Run<'_>) {
    let units = responses.units().len();
    if let Some(fewest) = told.gapped.iter().min() {
        run.note(format!(
            "{} of {units} units were not recorded to all of {} scored stimuli and are scored on those they have, {fewest} at least",
            told.gapped.len(),
            scored.rows()
        ));
    }
    if told.constant > 0 {
        run.note(format!("{} of {units} units do not vary over the scored stimuli and have no score", told.constant));
    }
    if told.flat > 0 {
        let fits = if scored.apart { " by some fit" } else { "" };
        run.note(format!("{} of {units} units are predicted as one number{fits}, which counts as r = 0", told.flat));
    }
}

fn note_ceilings(ceilings: &Ceilings, least: Option<f64>, run: &mut Run<'_>) {
    let units = ceilings.of_units.len();
    if let Some(least) = least {
        let below = ceilings.of_units.iter().filter(|c| c.is_none_or(|c| c < least || c <= 0.0)).count();
        run.note(format!("{below} of {units} units have a ceiling below {least} and no noise-corrected score"));
    }
}

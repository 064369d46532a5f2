//! A variant for each group of units: whose predictions each unit takes.

use std::collections::{BTreeMap, BTreeSet};

use ndarray::Array2;
use polars::prelude::{Column, DataFrame};
use serde_json::{Value as Json, json};

use crate::kind::{KindError, Run, fact};
use crate::nodes::evaluation::scores::Scores;
use crate::nodes::evaluation::select::candidate::{Candidate, belongs, name, one_definition, word};
use crate::nodes::evaluation::select::{Params, Per, Statistic};
use crate::nodes::evaluation::variant;
use crate::stats::summary::{Summary, summarise};
use crate::value::Value;
use crate::value::lineage::{Exposure, Lineage};
use crate::value::matrix::{About as MatrixAbout, Matrix};
use crate::value::table::{About, Table};

/// Ports whose values are of all units at once.
const WHOLE: [&str; 4] = ["network", "fit", "features", "history"];

/// Units that choose together, and the score of every variant over them.
struct Group {
    name: String,
    units: Vec<String>,
    scores: Vec<Option<f64>>,
    winner: usize,
}

/// Chooses for each group and hands on predictions put together.
pub fn per_group(
    params: &Params,
    candidates: &[Candidate],
    exposure: &Exposure,
    run: &mut Run<'_>,
) -> Result<(), KindError> {
    if let Some(port) = WHOLE.iter().find(|port| run.has(port)) {
        return Err(KindError::new(format!(
            "`{port}` is one for all units, and `per: {}` may choose several; connect `predictions` alone",
            params.per.name()
        )));
    }
    one_definition(candidates, params)?;
    let all: Vec<Scores> = run.arrivals("scores").iter().map(Scores::read).collect::<Result<_, _>>()?;
    let groups = groups(params, &all)?;
    note(params, candidates, &groups, run);
    if run.has("predictions") && run.wants("predictions") {
        let matrix = together(candidates, &groups, exposure, run)?;
        run.emit("predictions", Value::Matrix(matrix))?;
    }
    let lineage = Lineage::merge(candidates.iter().map(|c| &c.lineage)).selected_by(exposure.clone());
    run.emit("choice", Value::Table(choice(params, candidates, &groups, lineage)?))
}

impl Per {
    fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Region => "region",
            Self::Subject => "subject",
            Self::Unit => "unit",
        }
    }
}

fn groups(params: &Params, all: &[Scores]) -> Result<Vec<Group>, KindError> {
    let first = &all[0];
    let units: BTreeSet<&String> = first.units.iter().collect();
    if let Some(other) = all.iter().find(|other| other.units.iter().collect::<BTreeSet<_>>() != units) {
        return Err(KindError::new(format!(
            "`{}` and `{}` score other units; a choice by {} is among scores of the same",
            first.name(),
            other.name(),
            params.per.name()
        )));
    }
    let of_unit: Vec<String> = match params.per {
        Per::All | Per::Unit => first.units.clone(),
        Per::Region | Per::Subject => {
            let known = first.words.iter().find(|(name, _)| name == params.per.name()).map(|(_, words)| words);
            let known = known.filter(|words| words.iter().all(Option::is_some)).ok_or_else(|| {
                KindError::new(format!(
                    "the scores do not say which {} their units are of; `load_units` reads it from a table",
                    params.per.name()
                ))
            })?;
            known.iter().flatten().cloned().collect()
        }
    };
    let mut by: BTreeMap<&String, Vec<String>> = BTreeMap::new();
    of_unit.iter().zip(&first.units).for_each(|(group, unit)| by.entry(group).or_default().push(unit.clone()));
    let statistic: fn(&Summary) -> Option<f64> = match params.statistic {
        Statistic::Mean => |s| s.mean,
        Statistic::Median => |s| s.median,
    };
    let groups = by.into_iter().map(|(group, units)| {
        let scores: Vec<Option<f64>> = all
            .iter()
            .map(|scores| {
                let column = scores.column(&params.measure).unwrap_or_default();
                let of: Vec<Option<f64>> = scores
                    .units
                    .iter()
                    .zip(column)
                    .filter(|(unit, _)| units.contains(unit))
                    .map(|(_, score)| *score)
                    .collect();
                statistic(&summarise(&of)).filter(|score| score.is_finite())
            })
            .collect();
        let mut winner: Option<(usize, f64)> = None;
        for (at, score) in scores.iter().enumerate() {
            if let Some(score) = score.filter(|score| winner.is_none_or(|(_, best)| *score > best)) {
                winner = Some((at, score));
            }
        }
        let winner = winner.map(|(at, _)| at).ok_or_else(|| {
            KindError::new(format!(
                "none of {} variants has a `{}` for {} `{group}`; there is nothing to choose by",
                all.len(),
                params.measure,
                params.per.name()
            ))
        })?;
        Ok(Group { name: group.clone(), units, scores, winner })
    });
    groups.collect()
}

fn note(params: &Params, candidates: &[Candidate], groups: &[Group], run: &mut Run<'_>) {
    let count = |at: usize| groups.iter().filter(|group| group.winner == at).count();
    let chosen: Vec<(usize, usize)> =
        (0..candidates.len()).map(|at| (at, count(at))).filter(|(_, count)| *count > 0).collect();
    let per = params.per.name();
    let told: Vec<String> = chosen
        .iter()
        .enumerate()
        .map(|(place, (at, count))| {
            let plural = if *count == 1 { "" } else { "s" };
            let what = if place == 0 { format!(" {per}{plural}") } else { String::new() };
            format!("{} for {count}{what}", name(&candidates[*at].label))
        })
        .collect();
    run.note(format!(
        "of {} variants, by {} {} on val: {}",
        candidates.len(),
        word(params.statistic),
        params.measure,
        told.join(", ")
    ));
}

/// Each unit's column of the variant that its group chose, in the order of the first variant's rows and units.
fn together(
    candidates: &[Candidate],
    groups: &[Group],
    exposure: &Exposure,
    run: &Run<'_>,
) -> Result<Matrix, KindError> {
    let mut read: BTreeMap<usize, Matrix> = BTreeMap::new();
    for group in groups {
        if read.contains_key(&group.winner) {
            continue;
        }
        let label = &candidates[group.winner].label;
        let mine: Vec<_> =
            run.arrivals("predictions").iter().filter(|arrival| belongs(&arrival.label, label)).collect();
        let [one] = mine[..] else {
            return Err(KindError::new(format!(
                "{} of {} values at `predictions` belong to {}; give `predictions` and `scores` the same variants",
                mine.len(),
                run.arrivals("predictions").len(),
                name(label)
            )));
        };
        let Value::Matrix(matrix) = Value::read(one.ty, &one.path)? else {
            return Err(KindError::new("`predictions` takes Matrix"));
        };
        read.insert(group.winner, matrix);
    }
    let first = read.values().next().expect("a group at least");
    let stimuli = first.stimuli("predictions")?.clone();
    let units: Vec<String> = groups.iter().flat_map(|group| group.units.clone()).collect();
    let named = first.about.columns.as_deref().ok_or_else(|| {
        KindError::new("the columns of `predictions` have no names, by which a unit would find its own")
    })?;
    let order: Vec<String> = named.iter().filter(|name| units.contains(name)).cloned().collect();
    if order.len() != units.len() {
        return Err(KindError::new(format!(
            "`predictions` has columns for {} of the {} units scored; units join by name",
            order.len(),
            units.len()
        )));
    }
    let mut data = Array2::zeros((stimuli.len(), order.len()));
    for group in groups {
        let matrix = &read[&group.winner];
        let rows = stimuli.align(matrix.stimuli("predictions")?, "the first variant's predictions", "another's")?;
        let names = matrix.about.columns.as_deref().unwrap_or_default();
        let view = matrix.view();
        for unit in &group.units {
            let from = names.iter().position(|name| name == unit).ok_or_else(|| {
                KindError::new(format!(
                    "`predictions` of {} has no column `{unit}`",
                    name(&candidates[group.winner].label)
                ))
            })?;
            let to = order.iter().position(|name| name == unit).expect("one of them");
            rows.iter().enumerate().for_each(|(row, &at)| data[[row, to]] = view[[at, from]]);
        }
    }
    let lineage = Lineage::merge(read.values().map(|matrix| &matrix.about.lineage)).selected_by(exposure.clone());
    let about = MatrixAbout { stimuli: Some(stimuli), columns: Some(order), lineage, ..MatrixAbout::default() };
    Ok(Matrix::new(data, about))
}

fn choice(params: &Params, candidates: &[Candidate], groups: &[Group], lineage: Lineage) -> Result<Table, KindError> {
    let mut variables: Vec<&str> = Vec::new();
    for (name, _) in candidates.iter().flat_map(|candidate| &candidate.label) {
        if !variables.contains(&name.as_str()) {
            variables.push(name);
        }
    }
    let rows: Vec<(&Group, usize)> =
        groups.iter().flat_map(|group| (0..candidates.len()).map(move |at| (group, at))).collect();
    let names: Vec<&str> = rows.iter().map(|(group, _)| group.name.as_str()).collect();
    let mut columns = vec![Column::new(params.per.name().into(), names)];
    for variable in variables.into_iter().filter(|variable| *variable != params.per.name()) {
        let of = |at: usize| candidates[at].label.iter().find(|(name, _)| name == variable).map(|(_, value)| value);
        let values: Vec<Option<&Json>> = rows.iter().map(|(_, at)| of(*at)).collect();
        columns.push(variant::column(variable, &values));
    }
    columns.push(Column::new("measure".into(), vec![params.measure.as_str(); rows.len()]));
    columns.push(Column::new("score".into(), rows.iter().map(|(group, at)| group.scores[*at]).collect::<Vec<_>>()));
    columns
        .push(Column::new("selected".into(), rows.iter().map(|(group, at)| group.winner == *at).collect::<Vec<_>>()));
    let frame = DataFrame::new(rows.len(), columns).map_err(|e| KindError::new(e.to_string()))?;
    let score =
        format!("{} of {} over the units of a {}, on val", word(params.statistic), params.measure, params.per.name());
    let selected = "the variant of largest score of its group, whose predictions are handed on".to_owned();
    let definitions = [("score".to_owned(), score), ("selected".to_owned(), selected)];
    let facts = [
        (fact::SCORED_ON.to_owned(), json!("val")),
        ("measure".to_owned(), json!(params.measure)),
        ("statistic".to_owned(), json!(params.statistic)),
    ];
    Ok(Table { frame, about: About { definitions: definitions.into(), facts: facts.into(), lineage } })
}

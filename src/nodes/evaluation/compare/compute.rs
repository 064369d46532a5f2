//! What `compare` does: reads scores, refuses what does not compare, and gives tables.

use std::collections::BTreeSet;

use polars::prelude::{Column, DataFrame};
use serde_json::Value as Json;

use crate::kind::{Compute, KindError, Run, fact};
use crate::nodes::evaluation::compare::null::significance;
use crate::nodes::evaluation::compare::pairs::pairs;
use crate::nodes::evaluation::compare::resampled::Scored;
use crate::nodes::evaluation::compare::{Compare, Params};
use crate::nodes::evaluation::over_draws::{Drawn, drawn, with_draws};
use crate::nodes::evaluation::scores::{Scores, labels};
use crate::nodes::evaluation::variant;
use crate::stats::summary;
use crate::value::Value;
use crate::value::lineage::Lineage;
use crate::value::table::{About, Table};

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
        let measures: Vec<String> = first.columns.iter().map(|(name, _)| name).filter(is_measure).cloned().collect();
        let about = about(&all, run);
        let groups = drawn(&all, params.draws.as_deref().unwrap_or_default(), run)?;
        let names = names(&all);
        let table = summaries(&all, &names, &measures)?;
        let per_unit = stacked(&all, &names)?;
        let scored = Scored::read(&params, &all, groups.is_some(), run)?;
        let of_means = groups.as_deref().map(means);
        let pairs = pairs(&params, of_means.as_ref().unwrap_or(&all), &measures, scored.as_deref(), run)?;
        let null = match (params.permutations, &scored) {
            (Some(permutations), Some(scored)) => {
                Some(significance(&all, &names, scored, permutations as usize, params.seed, run)?)
            }
            _ => None,
        };
        run.emit("table", Value::Table(Table { frame: table, about: about.clone() }))?;
        run.emit("per_unit", Value::Table(Table { frame: per_unit, about: about.clone() }))?;
        let mut of_pairs = about.clone();
        of_pairs.facts.extend(pairs.facts);
        run.emit("pairs", Value::Table(Table { frame: pairs.frame, about: of_pairs }))?;
        if let Some(frame) = null {
            run.emit("significance", Value::Table(Table { frame, about: about.clone() }))?;
        }
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

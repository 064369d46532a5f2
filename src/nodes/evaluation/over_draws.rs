//! Variants that are draws of one study, such as random splits: each unit's mean over them, and how much draws differ.

use std::collections::{BTreeMap, BTreeSet};

use polars::prelude::{Column, DataFrame};
use serde_json::{Value as Json, json};

use crate::kind::{KindError, Run, fact};
use crate::nodes::evaluation::scores::Scores;
use crate::stats::summary::{self, Summary};

/// Variants that differ in nothing but their draw.
pub struct Drawn {
    /// Each unit's mean over the draws that score it, under the label that they share.
    pub mean: Scores,
    /// Which of the variants they are.
    draws: Vec<usize>,
}

/// Variants by what they share beside the variables `draws`, in order; nothing where no variable is one, or where draws are of
/// different recordings.
pub fn drawn(all: &[Scores], draws: &[String], run: &mut Run<'_>) -> Result<Option<Vec<Drawn>>, KindError> {
    if draws.is_empty() {
        return Ok(None);
    }
    let known: BTreeSet<&str> =
        all.iter().flat_map(|scores| &scores.label).map(|(variable, _)| variable.as_str()).collect();
    if let Some(unknown) = draws.iter().find(|variable| !known.contains(variable.as_str())) {
        let known = known.into_iter().collect::<Vec<_>>().join(", ");
        return Err(KindError::new(format!(
            "`draws` names `{unknown}`, by which no variant differs; they differ by {known}"
        )));
    }
    let mut groups: Vec<(Vec<(String, Json)>, Vec<usize>)> = Vec::new();
    for (at, scores) in all.iter().enumerate() {
        let label: Vec<(String, Json)> =
            scores.label.iter().filter(|(variable, _)| !draws.contains(variable)).cloned().collect();
        match groups.iter_mut().find(|(known, _)| *known == label) {
            Some((_, members)) => members.push(at),
            None => groups.push((label, vec![at])),
        }
    }
    for (_, members) in &groups {
        let first = &all[members[0]];
        if let Some(&other) = members.iter().find(|&&other| all[other].recording() != first.recording()) {
            run.note(format!(
                "`{}` and `{}` score units of different recordings, which are other neurons: no mean over {} is taken",
                first.name(),
                all[other].name(),
                draws.join(", ")
            ));
            return Ok(None);
        }
    }
    let of_group =
        |(label, members): (_, Vec<usize>)| Drawn { mean: mean(all, label, &members, draws), draws: members };
    let groups: Vec<Drawn> = groups.into_iter().map(of_group).collect();
    let partly = groups.iter().map(|group| group.partly(all)).sum::<usize>();
    if partly > 0 {
        run.note(format!(
            "{partly} scores are means over some of the draws alone: the others have no score of that unit"
        ));
    }
    Ok(Some(groups))
}

/// Each unit's mean over variants, column by column.
fn mean(all: &[Scores], label: Vec<(String, Json)>, members: &[usize], draws: &[String]) -> Scores {
    let first = &all[members[0]];
    let mut seen = BTreeSet::new();
    let units: Vec<String> =
        members.iter().flat_map(|&at| &all[at].units).filter(|unit| seen.insert(unit.as_str())).cloned().collect();
    let places: Vec<BTreeMap<&str, usize>> = members
        .iter()
        .map(|&at| all[at].units.iter().enumerate().map(|(place, unit)| (unit.as_str(), place)).collect())
        .collect();
    let each = |unit: &str| {
        let scored = members.iter().zip(&places).filter_map(|(&at, places)| Some((&all[at], *places.get(unit)?)));
        scored.collect::<Vec<(&Scores, usize)>>()
    };
    let column = |name: &str| {
        let of_unit = |unit: &String| {
            let known: Vec<f64> =
                each(unit).iter().filter_map(|(scores, place)| scores.column(name)?[*place]).collect();
            let first = *known.first()?;
            // From the first on, so that equal numbers have that very mean.
            Some(first + known.iter().map(|x| x - first).sum::<f64>() / known.len() as f64)
        };
        (name.to_owned(), units.iter().map(of_unit).collect())
    };
    let words = |(name, _): &(String, _)| {
        let of_unit = |unit: &String| {
            each(unit)
                .iter()
                .find_map(|(scores, place)| scores.words.iter().find(|(known, _)| known == name)?.1[*place].clone())
        };
        (name.clone(), units.iter().map(of_unit).collect())
    };
    let mut about = first.about.clone();
    about.facts.insert(fact::SELECTED.to_owned(), json!(members.iter().any(|&at| all[at].selected())));
    about.facts.insert(fact::DRAWS.to_owned(), json!(members.len()));
    about.facts.insert(fact::DRAWN_BY.to_owned(), json!(draws));
    let columns = first.columns.iter().map(|(name, _)| column(name)).collect();
    Scores { label, words: first.words.iter().map(words).collect(), columns, about, units: units.clone() }
}

impl Drawn {
    /// How many scores fewer draws have than there are.
    fn partly(&self, all: &[Scores]) -> usize {
        let measures = self.mean.about.definitions.keys().filter(|name| self.mean.column(name).is_some());
        let scored = |name: &str| {
            let of = |at: &usize| all[*at].column(name).unwrap_or_default().iter().flatten().count();
            let most = self.draws.len() * self.mean.column(name).unwrap_or_default().iter().flatten().count();
            most - self.draws.iter().map(of).sum::<usize>()
        };
        measures.map(|name| scored(name)).sum()
    }

    /// Of a measure, over draws: the standard error of the draws' means over units, the mean of their medians over units, and its
    /// standard error.
    fn over_draws(&self, all: &[Scores], measure: &str) -> (Option<f64>, Option<f64>, Option<f64>) {
        let of: Vec<Summary> =
            self.draws.iter().map(|&at| summary::summarise(all[at].column(measure).unwrap_or_default())).collect();
        let means = summary::summarise(&of.iter().map(|s| s.mean).collect::<Vec<_>>());
        let medians = summary::summarise(&of.iter().map(|s| s.median).collect::<Vec<_>>());
        (means.sem, medians.mean, medians.sem)
    }
}

/// Adds to a table with a row per group and measure what it says over draws.
pub fn with_draws(
    table: DataFrame,
    groups: &[Drawn],
    all: &[Scores],
    measures: &[String],
) -> Result<DataFrame, KindError> {
    let rows = || groups.iter().flat_map(|group| measures.iter().map(move |measure| (group, measure)));
    let of: Vec<_> = rows().map(|(group, measure)| group.over_draws(all, measure)).collect();
    let counts: Vec<u32> = rows().map(|(group, _)| group.draws.len() as u32).collect();
    let mut columns = table.columns().to_vec();
    columns.push(Column::new("draws".into(), counts));
    columns.push(Column::new("draws_sem".into(), of.iter().map(|x| x.0).collect::<Vec<_>>()));
    columns.push(Column::new("draws_median".into(), of.iter().map(|x| x.1).collect::<Vec<_>>()));
    columns.push(Column::new("draws_median_sem".into(), of.iter().map(|x| x.2).collect::<Vec<_>>()));
    DataFrame::new(of.len(), columns).map_err(|e| KindError::new(e.to_string()))
}

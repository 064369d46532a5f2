//! Scores by groups of units, and of stimuli of one category.

use std::collections::BTreeMap;

use polars::prelude::{Column, DataFrame};

use crate::kind::{KindError, Run};
use crate::nodes::evaluation::evaluate::By;
use crate::nodes::evaluation::evaluate::scored::Scored;
use crate::nodes::evaluation::evaluate::scores::{Scores, scores};
use crate::nodes::evaluation::evaluate::summary::{self, Row};
use crate::value::responses::Responses;
use crate::value::split::Split;

/// The fewest stimuli of a category that are scored by themselves.
const FEWEST: usize = 20;

/// A row per group and measure. `all` are the scores over all rows.
pub fn by_group(
    by: &[By],
    all: &[Scores],
    (scored, split, responses): (&Scored, &Split, &Responses),
    run: &mut Run<'_>,
) -> Result<DataFrame, KindError> {
    let of_units = unit_groups(by, responses)?;
    let mut rows = Vec::new();
    let mut names: Vec<(Vec<String>, Option<String>, usize)> = Vec::new();
    let mut add = |scores: &[Scores], category: Option<&str>, count: usize| {
        for (group, units) in &of_units {
            for one in scores {
                rows.push(Row::of(&one.of_units(units)));
                names.push((group.clone(), category.map(str::to_owned), count));
            }
        }
    };
    if by.contains(&By::Category) {
        let mut few = Vec::new();
        for (category, wanted) in categories(scored, split, run)? {
            let count = wanted.iter().filter(|&&wanted| wanted).count();
            if count < FEWEST {
                few.push(format!("`{category}` ({count})"));
                continue;
            }
            let (own, _) = scores(scored, responses, &|row| wanted[row]);
            add(&own, Some(&category), count);
        }
        if !few.is_empty() {
            run.note(format!("fewer than {FEWEST} scored stimuli are of {}: no scores within them", few.join(", ")));
        }
    } else {
        add(all, None, scored.rows());
    }
    let mut before = Vec::new();
    let mut place = 0;
    for one in by {
        let of: Vec<Option<&str>> = match one {
            By::Category => names.iter().map(|(_, category, _)| category.as_deref()).collect(),
            _ => {
                place += 1;
                names.iter().map(|(group, _, _)| Some(group[place - 1].as_str())).collect()
            }
        };
        before.push(Column::new(one.name().into(), of));
    }
    let mut table = summary::table(before, &rows, scored)?;
    let counts: Vec<u32> = names.iter().map(|(_, _, count)| *count as u32).collect();
    table.with_column(Column::new("rows".into(), counts)).map_err(|e| KindError::new(e.to_string()))?;
    Ok(table)
}

/// Units by what is known of them, in alphabetical order; all in one group where none is asked for.
fn unit_groups(by: &[By], responses: &Responses) -> Result<BTreeMap<Vec<String>, Vec<usize>>, KindError> {
    let mut known: Vec<&[String]> = Vec::new();
    for one in by {
        let of = match one {
            By::Category => continue,
            By::Subject => &responses.about.subjects,
            By::Region => &responses.about.regions,
        };
        let name = one.name();
        known.push(of.as_deref().ok_or_else(|| {
            KindError::new(format!(
                "`by` has `{name}`, but `responses` does not know its units' {name}s; `load_units` reads them from the column `{name}` of a \
                 table with a row per unit (`path`), and its output `responses` is what to score then"
            ))
        })?);
    }
    let mut groups: BTreeMap<Vec<String>, Vec<usize>> = BTreeMap::new();
    for unit in 0..responses.units().len() {
        groups.entry(known.iter().map(|of| of[unit].clone()).collect()).or_default().push(unit);
    }
    Ok(groups)
}

/// Per category, which rows of the split are scored and of it.
fn categories(scored: &Scored, split: &Split, run: &Run<'_>) -> Result<BTreeMap<String, Vec<bool>>, KindError> {
    if !run.has("labels") {
        return Err(KindError::new(
            "`by` has `category`, and nothing arrives at `labels`; connect the loader's `labels`",
        ));
    }
    let labels = run.labels("labels")?;
    let of = labels.category.as_ref().unwrap_or(&labels.object);
    let (rows, _) = scored.all();
    let at = split.stimuli.select(&rows).align(&labels.stimuli, "the scored rows", "labels")?;
    let mut found: BTreeMap<String, Vec<bool>> = BTreeMap::new();
    for (row, label) in rows.into_iter().zip(at) {
        found.entry(of[label].clone()).or_insert_with(|| vec![false; split.stimuli.len()])[row] = true;
    }
    Ok(found)
}

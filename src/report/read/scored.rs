//! What was predicted for the stimuli that an evaluation scored, joined to what was measured.

use std::collections::HashMap;

use crate::kind::column;
use crate::kind::fact;
use crate::kind::measure::first;
use crate::plan::NodeIndex;
use crate::report::read::grid::Grid;
use crate::report::read::results::Results;
use crate::value::matrix::Matrix;
use crate::value::responses::Responses;
use crate::value::split::{Assignment, Part, Split};
use crate::value::stimuli::{Stimuli, Stimulus};
use crate::value::ty::Type;

/// The stimuli that a node scored, with what was predicted for them.
pub struct Scored {
    /// Rows of the responses, the matrix that predicts them, and its row.
    pub rows: Vec<(usize, usize, usize)>,
    pub predictions: Vec<Matrix>,
    pub part: String,
}

impl Scored {
    /// Where a unit stands in each matrix of predictions.
    pub fn columns(&self, responses: &Responses, unit: &str) -> Vec<Option<usize>> {
        let column = responses.units().iter().position(|name| name == unit);
        self.predictions
            .iter()
            .map(|matrix| match &matrix.about.columns {
                Some(columns) => columns.iter().position(|name| name == unit),
                None => column.filter(|_| matrix.columns() == responses.units().len()),
            })
            .collect()
    }
}

/// Joins predictions and responses by stimulus: under folds, each row by the fit that did not see it.
pub fn scored(results: &Results<'_>, node: NodeIndex, scores: Option<&Grid>) -> Option<Scored> {
    let split: Split = results.split(node)?;
    let arrivals = results.arrivals_of(node, Type::Matrix);
    let on = scores
        .and_then(|grid| grid.fact_text(fact::SCORED_ON))
        .or_else(|| results.node(node).params.get("on").and_then(serde_json::Value::as_str))
        .unwrap_or("test")
        .to_owned();
    let mut predictions = Vec::new();
    let mut folds: Vec<Option<usize>> = Vec::new();
    for (_, stored) in arrivals {
        if let Some(matrix) = results.matrix(stored) {
            folds.push(stored.key.as_deref().and_then(|key| key.parse().ok()));
            predictions.push(matrix);
        }
    }
    let places: Vec<HashMap<(&str, &str), usize>> =
        predictions.iter().map(|matrix| matrix.about.stimuli.as_ref().map(index).unwrap_or_default()).collect();
    let rows = results.with_responses(node, |responses| {
        let measured = index(responses.stimuli());
        let mut rows = Vec::new();
        for (row, stimulus) in split.stimuli.iter().enumerate() {
            let fold = match (&split.assignment, on.as_str()) {
                (Assignment::Folds { fold, .. }, _) => fold.get(row).copied(),
                (Assignment::Parts(parts), on) if parts.get(row).copied().map(Part::name) == Some(on) => None,
                (Assignment::Parts(_), _) => continue,
                // A stimulus stands for the first draw that scores it.
                (Assignment::Draws(draws), on) => {
                    let scores = |draw: &Vec<Part>| draw.get(row).copied().map(Part::name) == Some(on);
                    let Some(draw) = draws.iter().position(scores) else { continue };
                    Some(draw)
                }
            };
            let matrix =
                folds.iter().position(|known| *known == fold).or(if folds.len() == 1 { Some(0) } else { None });
            let Some(matrix) = matrix else { continue };
            let key = identity(stimulus);
            if let (Some(&response), Some(&prediction)) = (measured.get(&key), places[matrix].get(&key)) {
                rows.push((response, matrix, prediction));
            }
        }
        rows
    })?;
    drop(places);
    let part = match (&split.assignment, on.as_str()) {
        (Assignment::Folds { .. }, _) => "held-out".to_owned(),
        (_, "val") => "validation".to_owned(),
        (_, "train") => "training".to_owned(),
        _ => on,
    };
    (!rows.is_empty()).then_some(Scored { rows, predictions, part })
}

/// By what a stimulus is known in every value.
pub fn identity(stimulus: &Stimulus) -> (&str, &str) {
    (&stimulus.source, &stimulus.name)
}

/// Where each stimulus stands.
pub fn index(stimuli: &Stimuli) -> HashMap<(&str, &str), usize> {
    stimuli.iter().enumerate().map(|(row, stimulus)| (identity(stimulus), row)).collect()
}

/// Units to show, with what each stands for.
pub fn choose(units: &[String], scores: Option<&Grid>, scored: &Scored) -> Vec<(String, &'static str)> {
    if !units.is_empty() {
        return units.iter().map(|unit| (unit.clone(), "")).collect();
    }
    let mut ranked: Vec<(f64, String)> = Vec::new();
    if let Some(grid) = scores
        && let Some(by) = first(grid.measures.iter().filter(|measure| grid.has(measure.name)))
    {
        let known = (0..grid.rows).filter_map(|row| Some((grid.number(by.name, row)?, grid.text(column::UNIT, row)?)));
        ranked.extend(known);
    }
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
    let Some(last) = ranked.len().checked_sub(1) else {
        let columns = scored.predictions.first().and_then(|matrix| matrix.about.columns.clone());
        return columns.into_iter().flatten().take(3).map(|unit| (unit, "")).collect();
    };
    let mut picks = vec![(0, "the best"), (last / 2, "the median"), (last, "the poorest")];
    picks.dedup_by_key(|pick| pick.0);
    picks.into_iter().map(|(at, what)| (ranked[at].1.clone(), what)).collect()
}

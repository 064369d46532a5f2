//! Predicted against measured responses, a panel per unit.

use std::collections::HashMap;

use super::axis::Axis;
use super::chart::{Figure, Frame, Panel, draw};
use super::data::Data;
use super::grid::Grid;
use super::ink::Role;
use super::number::{count, score};
use super::shelf::Shelf;
use crate::plan::NodeIndex;
use crate::value::matrix::Matrix;
use crate::value::responses::Responses;
use crate::value::split::{Assignment, Part, Split};
use crate::value::stimuli::{Stimuli, Stimulus};

/// More panels than these nobody compares.
const PANELS: usize = 9;
/// Points beyond these are thinned out evenly.
const POINTS: usize = 600;

/// The stimuli that a node scored, with what was predicted for them.
struct Scored {
    /// Rows of the responses, the matrix that predicts them, and its row.
    rows: Vec<(usize, usize, usize)>,
    predictions: Vec<Matrix>,
    part: String,
}

/// Panels for units of an evaluation: those named, else its best, its median and its poorest.
pub fn figure(shelf: &Shelf<'_>, node: NodeIndex, units: &[String], title: Option<&str>) -> Option<Figure> {
    let scores = shelf.table(node, "per_unit");
    let scored = scored(shelf, node, scores.as_deref())?;
    let wanted = choose(units, scores.as_deref(), &scored);
    let mut data = Data::of(["unit", "stimulus", "predicted", "measured"]);
    let panels = shelf.with_responses(node, |responses| {
        let panels = wanted
            .iter()
            .take(PANELS)
            .filter_map(|(unit, role)| panel(unit, role, &scored, responses, scores.as_deref(), &mut data));
        panels.collect::<Vec<Panel>>()
    })?;
    if panels.is_empty() {
        return None;
    }
    let id = &shelf.node(node).id;
    let of = if id.variant.is_empty() { String::new() } else { format!(", {}", id.variant_text()) };
    let mut caption =
        format!("Each dot is one of the {} {} stimuli. Dashed: equality.", count(scored.rows.len()), scored.part);
    if scored.rows.len() > POINTS {
        caption += &format!(" Every {}th is drawn.", scored.rows.len().div_ceil(POINTS));
    }
    if units.is_empty() {
        caption += " Units were picked by explained variance.";
    }
    Some(Figure {
        title: title.map_or_else(|| format!("Predicted against measured responses{of}"), str::to_owned),
        panels,
        layout: "grid",
        data,
        caption,
        definition: super::measure::measure("explained_variance", &definitions(scores.as_deref())).sentence(),
        nodes: vec![node],
        ..Figure::default()
    })
}

fn definitions(scores: Option<&Grid>) -> std::collections::BTreeMap<String, String> {
    scores.map(|grid| grid.definitions.clone()).unwrap_or_default()
}

/// Joins predictions and responses by stimulus: under folds, each row by the fit that did not see it.
fn scored(shelf: &Shelf<'_>, node: NodeIndex, scores: Option<&Grid>) -> Option<Scored> {
    let split: Split = shelf.split(node)?;
    let arrivals = shelf.arrivals(node, "predictions");
    let on = scores
        .and_then(|grid| grid.fact_text("on"))
        .or_else(|| shelf.node(node).params.get("on").and_then(serde_json::Value::as_str))
        .unwrap_or("test")
        .to_owned();
    let mut predictions = Vec::new();
    let mut folds: Vec<Option<usize>> = Vec::new();
    for (_, stored) in arrivals {
        if let Some(matrix) = shelf.matrix(stored) {
            folds.push(stored.key.as_deref().and_then(|key| key.parse().ok()));
            predictions.push(matrix);
        }
    }
    let places: Vec<HashMap<(&str, &str), usize>> =
        predictions.iter().map(|matrix| matrix.about.stimuli.as_ref().map(index).unwrap_or_default()).collect();
    let rows = shelf.with_responses(node, |responses| {
        let measured = index(responses.stimuli());
        let mut rows = Vec::new();
        for (row, stimulus) in split.stimuli.iter().enumerate() {
            let fold = match (&split.assignment, on.as_str()) {
                (Assignment::Folds { fold, .. }, _) => fold.get(row).copied(),
                (Assignment::Parts(parts), on) if parts.get(row).copied().map(Part::name) == Some(on) => None,
                (Assignment::Parts(_), _) => continue,
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
    let part = if matches!(split.assignment, Assignment::Folds { .. }) { "held-out".to_owned() } else { on };
    (!rows.is_empty()).then_some(Scored { rows, predictions, part })
}

fn identity(stimulus: &Stimulus) -> (&str, &str) {
    (&stimulus.source, &stimulus.name)
}

fn index(stimuli: &Stimuli) -> HashMap<(&str, &str), usize> {
    stimuli.iter().enumerate().map(|(row, stimulus)| (identity(stimulus), row)).collect()
}

/// Units to show, with what each stands for.
fn choose(units: &[String], scores: Option<&Grid>, scored: &Scored) -> Vec<(String, &'static str)> {
    if !units.is_empty() {
        return units.iter().map(|unit| (unit.clone(), "")).collect();
    }
    let mut ranked: Vec<(f64, String)> = Vec::new();
    if let Some(grid) = scores {
        let known =
            (0..grid.rows).filter_map(|row| Some((grid.number("explained_variance", row)?, grid.text("unit", row)?)));
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

fn panel(
    unit: &str,
    what: &str,
    scored: &Scored,
    responses: &Responses,
    scores: Option<&Grid>,
    data: &mut Data,
) -> Option<Panel> {
    let column = responses.units().iter().position(|name| name == unit)?;
    let predicted: Vec<Option<usize>> = scored
        .predictions
        .iter()
        .map(|matrix| match &matrix.about.columns {
            Some(columns) => columns.iter().position(|name| name == unit),
            None => (matrix.columns() == responses.units().len()).then_some(column),
        })
        .collect();
    let every = scored.rows.len().div_ceil(POINTS).max(1);
    let pairs: Vec<(f64, f64, usize)> = scored
        .rows
        .iter()
        .step_by(every)
        .filter_map(|&(response, matrix, row)| {
            let y = f64::from(responses.mean[(response, column)]);
            let x = f64::from(scored.predictions[matrix].view()[(row, predicted[matrix]?)]);
            (x.is_finite() && y.is_finite()).then_some((x, y, response))
        })
        .collect();
    if pairs.is_empty() {
        return None;
    }
    for &(x, y, response) in &pairs {
        let stimulus = responses.stimuli().get(response).name.to_string();
        data.row([unit.to_owned(), stimulus, (x as f32).to_string(), (y as f32).to_string()]);
    }
    let ends = |pick: fn(&(f64, f64, usize)) -> f64| {
        let values = || pairs.iter().map(pick);
        (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max))
    };
    let ((x_low, x_high), (y_low, y_high)) = (ends(|p| p.0), ends(|p| p.1));
    let (low, high) = (x_low.min(y_low), x_high.max(y_high));
    let mut facts = Vec::new();
    if let Some(grid) = scores
        && let Some(row) = (0..grid.rows).find(|&row| grid.text("unit", row).as_deref() == Some(unit))
    {
        facts.extend(grid.number("explained_variance", row).map(|x| format!("EV {}", score(x))));
        facts.extend(grid.number("r", row).map(|x| format!("r {}", score(x))));
    }
    facts.push(format!("n = {}", count(scored.rows.len())));
    let frame = Frame {
        width: 300,
        height: 300,
        x: Axis::linear(low, high, 4),
        y: Axis::linear(low, high, 4),
        x_title: "Predicted response",
        y_title: "Measured response (as recorded)",
        right: 8.0,
        top: 0.0,
    };
    let (from, to) = frame.x.ends();
    let alt = format!("Predicted against measured responses of unit {unit}: {}.", facts.join(", "));
    let svg = draw(frame, &alt, "panel", |pen| {
        pen.line(vec![(from, from), (to, to)], Role::Reference, 1.2);
        for &(x, y, response) in &pairs {
            let stimulus = responses.stimuli().get(response);
            pen.mark(&stimulus.name, None, |pen| pen.dot((x, y), 2.4, Role::Main, 0.5));
        }
    });
    let named = if unit.to_lowercase().starts_with("unit") { unit.to_owned() } else { format!("Unit {unit}") };
    let heading = if what.is_empty() { named } else { format!("{named}, {what}") };
    Some(Panel { heading, note: facts.join(" · "), wide: svg, narrow: None })
}

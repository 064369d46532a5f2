//! Predicted against measured responses, a panel per unit.

use std::collections::BTreeMap;

use crate::kind;
use crate::kind::chart::Described;
use crate::kind::measure::first;
use crate::kind::{Role, column};
use crate::plan::NodeIndex;
use crate::report::charts::chart::{Draw, View};
use crate::report::charts::options::OfUnits;
use crate::report::draw::axis::Axis;
use crate::report::draw::data::Data;
use crate::report::draw::figure::{Figure, Frame, Panel, draw};
use crate::report::draw::medium::Size;
use crate::report::draw::number::{count, score};
use crate::report::draw::svg::Colour;
use crate::report::read::best::evaluation_of;
use crate::report::read::grid::Grid;
use crate::report::read::measure::Measure;
use crate::report::read::results::Results;
use crate::report::read::scored::{Scored, choose, scored};
use crate::report::read::status::told;
use crate::value::responses::Responses;

/// More panels than these nobody compares.
const PANELS: usize = 9;
/// Points beyond these are thinned out evenly.
const POINTS: usize = 600;

/// Predicted against measured responses, a panel per unit.
pub struct Scatter;

impl Described for Scatter {
    const NAME: &'static str = "scatter";
    const ABOUT: &'static str = "Predicted against measured responses, a panel per unit.";
    const DRAWS: &'static [Role] = &[Role::Predictions];
    type Options = OfUnits;
}

impl Draw for Scatter {
    fn draw(view: &View<'_>, options: &OfUnits) -> Option<Figure> {
        figure(view.results, evaluation_of(view.results, view.nodes)?, &options.units, view.title)
    }
}

/// Panels for units of an evaluation: those named, else its best, its median and its poorest.
fn figure(results: &Results<'_>, node: NodeIndex, units: &[String], title: Option<&str>) -> Option<Figure> {
    let scores = results.of_role(node, Role::Scores);
    let scored = scored(results, node, scores.as_deref())?;
    let wanted = choose(units, scores.as_deref(), &scored);
    let mut data = Data::of([column::UNIT, "stimulus", "predicted", "measured"]);
    let size = results.medium.among(wanted.len().min(PANELS), 300);
    let panels = results.with_responses(node, |responses| {
        let panels = wanted
            .iter()
            .take(PANELS)
            .filter_map(|(unit, what)| panel((unit, what, size), &scored, responses, scores.as_deref(), &mut data));
        panels.collect::<Vec<Panel>>()
    })?;
    if panels.is_empty() {
        return None;
    }
    let id = &results.node(node).id;
    let of = told(id);
    let first = spoken(results, scores.as_deref());
    let mut caption =
        format!("Each dot is one of the {} {} stimuli. Dashed: equality.", count(scored.rows.len()), scored.part);
    if scored.rows.len() > POINTS {
        caption += &format!(" Every {}th is drawn.", scored.rows.len().div_ceil(POINTS));
    }
    if let (true, Some(first)) = (units.is_empty(), &first) {
        caption += &format!(" Units were picked by {}.", first.label);
    }
    Some(Figure {
        title: title.map_or_else(|| format!("Predicted against measured responses{of}"), str::to_owned),
        panels,
        layout: "grid",
        data,
        caption,
        definition: first.map(|first| first.sentence()).unwrap_or_default(),
        nodes: vec![node],
        ..Figure::default()
    })
}

/// The measure that is spoken of first, among those that the scores have.
fn spoken(results: &Results<'_>, scores: Option<&Grid>) -> Option<Measure> {
    let has = |measure: &&kind::Measure| scores.is_none_or(|grid| grid.has(measure.name));
    let first = first(results.measures.iter().filter(has))?;
    let none = BTreeMap::new();
    Some(results.measures.measure(first.name, scores.map_or(&none, |grid| &grid.definitions)))
}

fn panel(
    (unit, what, (side, class)): (&str, &str, Size),
    scored: &Scored,
    responses: &Responses,
    scores: Option<&Grid>,
    data: &mut Data,
) -> Option<Panel> {
    let column = responses.units().iter().position(|name| name == unit)?;
    let predicted = scored.columns(responses, unit);
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
        && let Some(row) = (0..grid.rows).find(|&row| grid.text(column::UNIT, row).as_deref() == Some(unit))
    {
        for measure in grid.measures.iter().filter(|measure| !measure.sign.is_empty()) {
            facts.extend(grid.number(measure.name, row).map(|x| format!("{} {}", measure.sign, score(x))));
        }
    }
    facts.push(format!("n = {}", count(scored.rows.len())));
    let frame = Frame {
        width: side,
        height: side,
        x: Axis::linear(low, high, 4),
        y: Axis::linear(low, high, 4),
        x_title: "Predicted response",
        y_title: "Measured response (as recorded)",
        right: 8.0,
        top: 0.0,
    };
    let (from, to) = frame.x.ends();
    let alt = format!("Predicted against measured responses of unit {unit}: {}.", facts.join(", "));
    let svg = draw(frame, &alt, class, |pen| {
        pen.line(vec![(from, from), (to, to)], Colour::Reference, 1.2);
        for &(x, y, response) in &pairs {
            let stimulus = responses.stimuli().get(response);
            pen.mark(&stimulus.name, None, |pen| pen.dot((x, y), 2.4, Colour::Main, 0.5));
        }
    });
    let named = if unit.to_lowercase().starts_with("unit") { unit.to_owned() } else { format!("Unit {unit}") };
    let heading = if what.is_empty() { named } else { format!("{named}, {what}") };
    Some(Panel { heading, note: facts.join(" · "), wide: svg, ..Panel::default() })
}

//! What units respond to: their mean responses to each category, as measured and as predicted.

use std::collections::BTreeMap;

use crate::kind::Role;
use crate::kind::chart::Described;
use crate::plan::NodeIndex;
use crate::report::charts::chart::{Draw, View};
use crate::report::charts::options::OfUnits;
use crate::report::draw::axis::Axis;
use crate::report::draw::data::{Data, cell, maybe};
use crate::report::draw::density::{Summary, summary};
use crate::report::draw::figure::{Figure, Frame, Panel, TEXT, draw};
use crate::report::draw::medium::Size;
use crate::report::draw::number::{count, counted, general, score};
use crate::report::draw::svg::{Colour, shortened};
use crate::report::read::best::evaluation_of;
use crate::report::read::results::Results;
use crate::report::read::scored::{Scored, choose, identity, index, scored};
use crate::report::read::status::told;
use crate::value::labels::Labels;
use crate::value::responses::Responses;
use crate::value::ty::Type;

/// More panels than these nobody compares.
const PANELS: usize = 9;
/// More categories than these do not fit beside one another.
const CATEGORIES: usize = 24;

/// Mean responses of units to each category, measured and predicted.
pub struct ResponseProfiles;

impl Described for ResponseProfiles {
    const NAME: &'static str = "responses";
    const ABOUT: &'static str = "Mean responses of units to each category, measured and predicted.";
    const DRAWS: &'static [Role] = &[Role::Predictions];
    type Options = OfUnits;
}

impl Draw for ResponseProfiles {
    fn draw(view: &View<'_>, options: &OfUnits) -> Option<Figure> {
        figure(view.results, evaluation_of(view.results, view.nodes)?, &options.units, view.title)
    }
}

/// Profiles of units of an evaluation: those named, else its best, its median and its poorest.
fn figure(results: &Results<'_>, node: NodeIndex, units: &[String], title: Option<&str>) -> Option<Figure> {
    let scores = results.of_role(node, Role::Scores);
    let scored = scored(results, node, scores.as_deref())?;
    let wanted = choose(units, scores.as_deref(), &scored);
    let mut data = Data::of(["unit", "category", "stimuli", "measured", "measured_sem", "predicted"]);
    let size = results.medium.among(wanted.len().min(PANELS), 300);
    let made = results.with_responses(node, |responses| {
        let rows: Vec<usize> = scored.rows.iter().map(|row| row.0).collect();
        let (what, groups) = grouped(results, responses, &rows)?;
        let panels: Vec<Panel> = wanted
            .iter()
            .take(PANELS)
            .filter_map(|(unit, what)| panel((unit, what, size), &scored, responses, &groups, &mut data))
            .collect();
        Some((what, groups.len(), panels))
    })?;
    let (what, categories, panels) = made?;
    if panels.is_empty() {
        return None;
    }
    let id = &results.node(node).id;
    let of = told(id);
    Some(Figure {
        title: title.map_or_else(|| format!("Response profiles{of}"), str::to_owned),
        panels,
        layout: "grid",
        legend: vec![(Colour::Main.class(), "measured".to_owned()), (Colour::Best.class(), "predicted".to_owned())],
        data,
        caption: format!(
            "Bars: mean measured responses to {} over the {} {} stimuli; lines: ± SEM over stimuli; dots: means of the predictions.",
            counted(categories, what),
            count(scored.rows.len()),
            scored.part
        ),
        nodes: vec![node],
        ..Figure::default()
    })
}

/// The scored stimuli by category, or by object where those are few: places among the scored rows.
fn grouped(
    results: &Results<'_>,
    responses: &Responses,
    rows: &[usize],
) -> Option<(&'static str, BTreeMap<String, Vec<usize>>)> {
    let nodes = results.study.plan.nodes.keys();
    nodes
        .flat_map(|node| results.all_outputs(node).filter(|stored| stored.ty == Type::Labels))
        .filter_map(|stored| results.labels(stored))
        .find_map(|labels| {
            let by = |what, names: &Vec<String>| {
                let groups = sorted(&labels, names, responses, rows);
                (2..=CATEGORIES).contains(&groups.len()).then_some((what, groups))
            };
            labels.category.as_ref().and_then(|names| by("category", names)).or_else(|| by("object", &labels.object))
        })
}

fn sorted(labels: &Labels, names: &[String], responses: &Responses, rows: &[usize]) -> BTreeMap<String, Vec<usize>> {
    let places = index(&labels.stimuli);
    let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (at, &row) in rows.iter().enumerate() {
        if let Some(&place) = places.get(&identity(responses.stimuli().get(row))) {
            groups.entry(names[place].clone()).or_default().push(at);
        }
    }
    groups
}

fn panel(
    (unit, what, (width, class)): (&str, &str, Size),
    scored: &Scored,
    responses: &Responses,
    groups: &BTreeMap<String, Vec<usize>>,
    data: &mut Data,
) -> Option<Panel> {
    let column = responses.units().iter().position(|name| name == unit)?;
    let predicted = scored.columns(responses, unit);
    let mut bars: Vec<(&String, Summary, f64)> = groups
        .iter()
        .filter_map(|(name, places)| {
            let pairs: Vec<(f64, f64)> = places
                .iter()
                .filter_map(|&place| {
                    let (response, matrix, row) = scored.rows[place];
                    let y = f64::from(responses.mean[(response, column)]);
                    let x = f64::from(scored.predictions[matrix].view()[(row, predicted[matrix]?)]);
                    (x.is_finite() && y.is_finite()).then_some((x, y))
                })
                .collect();
            let measured = summary(&pairs.iter().map(|pair| pair.1).collect::<Vec<_>>())?;
            let mean = pairs.iter().map(|pair| pair.0).sum::<f64>() / pairs.len() as f64;
            Some((name, measured, mean))
        })
        .collect();
    if bars.is_empty() {
        return None;
    }
    bars.sort_by(|a, b| b.1.mean.total_cmp(&a.1.mean).then_with(|| a.0.cmp(b.0)));
    for (name, measured, mean) in &bars {
        let numbers = [measured.n.to_string(), cell(measured.mean), maybe(measured.sem), cell(*mean)];
        data.row([unit.to_owned(), (*name).clone()].into_iter().chain(numbers));
    }
    let ends = bars.iter().flat_map(|(_, s, mean)| {
        let sem = s.sem.unwrap_or(0.0);
        [s.mean - sem, s.mean + sem, *mean]
    });
    let (low, high) = ends.fold((0.0f64, 0.0f64), |(low, high), x| (low.min(x), high.max(x)));
    let names: Vec<String> = bars.iter().map(|bar| shortened(bar.0, TEXT, 96.0)).collect();
    let frame = Frame {
        width,
        height: 66 + 22 * names.len() as u32,
        x: Axis::linear(low, high, 4),
        y: Axis::bands(&names).reversed(),
        x_title: "Response (as recorded)",
        y_title: "",
        right: 10.0,
        top: 0.0,
    };
    let told: Vec<String> =
        bars.iter().map(|(name, s, mean)| format!("{name} {} and {}", general(s.mean), general(*mean))).collect();
    let alt = format!("Mean responses of unit {unit}, measured and predicted: {}.", told.join("; "));
    let svg = draw(frame, &alt, class, |pen| {
        for (at, (name, s, mean)) in bars.iter().enumerate() {
            let (at, sem) = (at as f64, s.sem.unwrap_or(0.0));
            let text = format!("{name} · measured {} · predicted {} · n = {}", general(s.mean), general(*mean), s.n);
            pen.mark(&text, Some(unit), |pen| {
                pen.bar((0.0, at - 0.3), (s.mean, at + 0.3), Colour::Main, 0.35);
                pen.line(vec![(s.mean - sem, at), (s.mean + sem, at)], Colour::Main, 2.0);
                pen.dot((*mean, at), 4.6, Colour::Paper, 1.0);
                pen.dot((*mean, at), 3.6, Colour::Best, 1.0);
            });
        }
    });
    let agreement = correlation(&bars).map(|r| format!("r of these means {}", score(r))).unwrap_or_default();
    let named = if unit.to_lowercase().starts_with("unit") { unit.to_owned() } else { format!("Unit {unit}") };
    let heading = if what.is_empty() { named } else { format!("{named}, {what}") };
    Some(Panel { heading, note: agreement, wide: svg, ..Panel::default() })
}

/// Pearson's correlation of measured and predicted means.
fn correlation(bars: &[(&String, Summary, f64)]) -> Option<f64> {
    let n = bars.len() as f64;
    let (x, y) = (bars.iter().map(|b| b.1.mean).sum::<f64>() / n, bars.iter().map(|b| b.2).sum::<f64>() / n);
    let sum = |of: &dyn Fn(f64, f64) -> f64| bars.iter().map(|b| of(b.1.mean - x, b.2 - y)).sum::<f64>();
    let scale = (sum(&|a, _| a * a) * sum(&|_, b| b * b)).sqrt();
    (scale > 0.0 && bars.len() > 2).then(|| sum(&|a, b| a * b) / scale)
}

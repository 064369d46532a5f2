//! The spectrum of a PCA: what each component explains, and all up to it.

use crate::kind::chart::Described;
use crate::kind::measure::Part;
use crate::kind::{Role, column};
use crate::report::charts::chart::{Draw, View};
use crate::report::charts::curves::{Curve, data, legend, panel, points};
use crate::report::charts::options::Nothing;
use crate::report::draw::axis::Axis;
use crate::report::draw::figure::{Figure, PANEL};
use crate::report::draw::number::{count, score};

/// What principal components explain, each and added up.
pub struct Spectrum;

impl Described for Spectrum {
    const NAME: &'static str = "spectrum";
    const ABOUT: &'static str = "What principal components explain, each and added up.";
    const DRAWS: &'static [Role] = &[Role::Spectrum];
    const USUAL: &'static [Role] = &[Role::Spectrum];
    type Options = Nothing;
}

impl Draw for Spectrum {
    fn draw(view: &View<'_>, _: &Nothing) -> Option<Figure> {
        figure(view)
    }
}

/// Explained variance per component and added up, a line per PCA.
fn figure(view: &View<'_>) -> Option<Figure> {
    let (results, nodes) = (view.results, view.nodes);
    let mut each = Vec::new();
    let mut summed = Vec::new();
    let mut totals = Vec::new();
    for &node in nodes {
        let tables = results.all_of_role(node, Role::Spectrum);
        for (fold, grid) in tables.iter().enumerate() {
            let mut name = results.node(node).id.variant.iter().map(|v| v.1.as_str()).collect::<Vec<_>>().join(", ");
            if tables.len() > 1 {
                name = format!("{name} fold {}", fold + 1).trim().to_owned();
            }
            let explained = points(grid, column::COMPONENT, grid.part(Part::Share)?.name);
            let cumulative = points(grid, column::COMPONENT, grid.part(Part::Cumulative)?.name);
            totals.extend(cumulative.last().map(|&(n, total)| (name.clone(), n, total)));
            each.push(Curve { name: name.clone(), points: explained });
            summed.push(Curve { name, points: cumulative });
        }
    }
    let positive = |x: &f64| *x > 0.0;
    let values: Vec<f64> = each.iter().flat_map(|c| c.points.iter().map(|p| p.1)).filter(positive).collect();
    let components = each.iter().flat_map(|c| c.points.iter().map(|p| p.0)).fold(0.0, f64::max);
    if values.is_empty() {
        return None;
    }
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(0.0, f64::max);
    for curve in &mut each {
        curve.points.retain(|p| p.1 > 0.0);
    }
    let (share, cumulative) = (results.measures.part(Part::Share)?.name, results.measures.part(Part::Cumulative)?.name);
    let data = data((column::COMPONENT, share), &each, Some((cumulative, &summed)));
    let axes = (Axis::log(1.0, components.max(2.0), 5), Axis::log(low, high, 5));
    let (width, class) = view.results.medium.among(2, PANEL);
    let per = panel(&each, axes, "Component", "Explained variance (fraction, log)", (width, 300, class));
    let axes = (Axis::tight(0.0, components.max(1.0), 5), Axis::linear(0.0, 1.0, 5));
    let sum = panel(&summed, axes, "Components", "Cumulative (fraction of variance)", (width, 300, class));
    let listed: Vec<String> = totals
        .iter()
        .take(12)
        .map(|(name, n, total)| {
            let name = if name.is_empty() { String::new() } else { format!("{name}: ") };
            format!("{name}{} components keep {}", count(*n as usize), score(*total))
        })
        .collect();
    Some(Figure {
        title: view.title(|| "Spectrum of the features".to_owned()),
        panels: vec![per, sum],
        layout: "pair",
        legend: legend(&each),
        data,
        caption: format!("Principal components, fitted on training stimuli only. {}.", listed.join("; ")),
        definition: "Explained variance of a component: its variance over the total variance of the features on \
                     the training stimuli; it says nothing about responses."
            .to_owned(),
        nodes: nodes.to_vec(),
        ..Figure::default()
    })
}

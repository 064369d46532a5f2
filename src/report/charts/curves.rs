//! Lines over a number: the spectrum of a PCA, a training history, any table with a column to run along.

use crate::plan::NodeIndex;
use crate::report::draw::axis::Axis;
use crate::report::draw::data::{Data, cell};
use crate::report::draw::figure::{Figure, Frame, NARROW, PANEL, Panel, WIDE, draw};
use crate::report::draw::number::{count, general, score};
use crate::report::draw::svg::{RAMP, Role, SERIES};
use crate::report::read::grid::Grid;
use crate::report::read::measure::{capital, measure};
use crate::report::read::results::Shelf;

/// A line: what it is called, and its points in order.
struct Curve {
    name: String,
    points: Vec<(f64, f64)>,
}

/// Explained variance per component and added up, a line per PCA.
pub fn spectrum(shelf: &Shelf<'_>, nodes: &[NodeIndex], title: Option<&str>) -> Option<Figure> {
    let mut each = Vec::new();
    let mut summed = Vec::new();
    let mut totals = Vec::new();
    for &node in nodes {
        let tables = shelf.tables(node, "spectrum");
        for (fold, grid) in tables.iter().enumerate() {
            let mut name = shelf.node(node).id.variant.iter().map(|v| v.1.as_str()).collect::<Vec<_>>().join(", ");
            if tables.len() > 1 {
                name = format!("{name} fold {}", fold + 1).trim().to_owned();
            }
            let explained = points(grid, "component", "explained");
            let cumulative = points(grid, "component", "cumulative");
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
    let data = data(("component", "explained"), &each, Some(("cumulative", &summed)));
    let axes = (Axis::log(1.0, components.max(2.0), 5), Axis::log(low, high, 5));
    let per = panel(&each, axes, "Component", "Explained variance (fraction, log)", (PANEL, 300, "panel"));
    let axes = (Axis::tight(0.0, components.max(1.0), 5), Axis::linear(0.0, 1.0, 5));
    let sum = panel(&summed, axes, "Components", "Cumulative (fraction of variance)", (PANEL, 300, "panel"));
    let listed: Vec<String> = totals
        .iter()
        .take(12)
        .map(|(name, n, total)| {
            let name = if name.is_empty() { String::new() } else { format!("{name}: ") };
            format!("{name}{} components keep {}", count(*n as usize), score(*total))
        })
        .collect();
    Some(Figure {
        title: title.unwrap_or("Spectrum of the features").to_owned(),
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

/// Columns `y` over a column `x`, a line per node; `y` absent means every other numeric column.
pub fn lines(
    shelf: &Shelf<'_>,
    nodes: &[NodeIndex],
    port: Option<&str>,
    (x, y): (Option<&str>, Option<&str>),
    title: Option<&str>,
) -> Option<Figure> {
    let mut curves = Vec::new();
    let mut names = (String::new(), String::new());
    let mut definition = String::new();
    for &node in nodes {
        let port = port.or_else(|| shelf.table_ports(node).next())?;
        for grid in shelf.tables(node, port) {
            let Some(x) = x.map(str::to_owned).or_else(|| grid.numeric().next().map(|c| c.name.clone())) else {
                continue;
            };
            let of: Vec<String> = grid.numeric().map(|c| c.name.clone()).filter(|c| *c != x).collect();
            let of: Vec<String> = y.map_or(of, |y| vec![y.to_owned()]);
            for name in &of {
                let found = measure(name, &grid.definitions);
                definition = found.sentence();
                let variant = shelf.node(node).id.variant_text();
                let label = match (of.len(), variant.is_empty()) {
                    (1, _) => variant,
                    (_, true) => found.label.clone(),
                    (_, false) => format!("{} ({variant})", found.label),
                };
                names = (capital(&x.replace('_', " ")), if of.len() == 1 { found.axis() } else { String::new() });
                curves.push(Curve { name: label, points: points(&grid, &x, name) });
            }
        }
    }
    curves.retain(|curve| !curve.points.is_empty());
    if curves.is_empty() {
        return None;
    }
    let all = || curves.iter().flat_map(|curve| curve.points.iter());
    let ends = |values: Vec<f64>| {
        (values.iter().copied().fold(f64::INFINITY, f64::min), values.iter().copied().fold(f64::NEG_INFINITY, f64::max))
    };
    let (x_low, x_high) = ends(all().map(|p| p.0).collect());
    let (y_low, y_high) = ends(all().map(|p| p.1).collect());
    let axes = || (Axis::tight(x_low, x_high, 6), Axis::linear(y_low, y_high, 5));
    let mut both = panel(&curves, axes(), &names.0, &names.1, (WIDE, 340, "wide"));
    both.narrow = Some(panel(&curves, axes(), &names.0, &names.1, (NARROW, 280, "narrow")).wide);
    let what = if names.1.is_empty() { "Values".to_owned() } else { names.1.clone() };
    Some(Figure {
        title: title.map_or_else(|| format!("{what} over {}", names.0.to_lowercase()), str::to_owned),
        panels: vec![both],
        layout: "one",
        legend: legend(&curves),
        data: data((&names.0.to_lowercase(), "value"), &curves, None),
        caption: format!("A line per {}.", if nodes.len() > 1 { "variant" } else { "column" }),
        definition,
        nodes: nodes.to_vec(),
        ..Figure::default()
    })
}

/// A row per point: the curve, where, how much, and how much of a second quantity at the same place.
fn data((x, y): (&str, &str), curves: &[Curve], second: Option<(&str, &[Curve])>) -> Data {
    let mut data = Data::of(["curve", x, y].into_iter().chain(second.map(|(name, _)| name)));
    for (at, curve) in curves.iter().enumerate() {
        for (row, point) in curve.points.iter().enumerate() {
            let also = second.map(|(_, curves)| curves[at].points.get(row).map_or(String::new(), |p| cell(p.1)));
            data.row([curve.name.clone(), cell(point.0), cell(point.1)].into_iter().chain(also));
        }
    }
    data
}

fn points(grid: &Grid, x: &str, y: &str) -> Vec<(f64, f64)> {
    let rows = 0..grid.rows;
    rows.filter_map(|row| Some((grid.number(x, row)?, grid.number(y, row)?))).collect()
}

fn legend(curves: &[Curve]) -> Vec<(String, String)> {
    if curves.len() < 2 {
        return Vec::new();
    }
    curves.iter().enumerate().map(|(at, curve)| (role(at, curves.len()).class(), curve.name.clone())).collect()
}

/// One colour alone, distinct ones for a few, a scale from early to late for many.
fn role(at: usize, of: usize) -> Role {
    match of {
        0 | 1 => Role::Main,
        _ if of <= 3.min(SERIES) => Role::Series(at),
        _ => Role::Ramp(at * (RAMP - 1) / (of - 1)),
    }
}

fn panel(
    curves: &[Curve],
    (x, y): (Axis, Axis),
    x_title: &str,
    y_title: &str,
    (width, height, class): (u32, u32, &str),
) -> Panel {
    let frame = Frame { width, height, x, y, x_title, y_title, right: 8.0, top: 0.0 };
    let ends = curves.iter().take(12).filter_map(|curve| {
        let (x, y) = curve.points.last()?;
        Some(format!("{} ends at {} for {}", curve.name, general(*y), general(*x)).trim().to_owned())
    });
    let alt = format!("{y_title} over {x_title}: {}.", ends.collect::<Vec<_>>().join("; "));
    let svg = draw(frame, &alt, class, |pen| {
        for (at, curve) in curves.iter().enumerate() {
            let role = role(at, curves.len());
            let last = curve.points.last().map(|(x, y)| format!("{} · {} at {}", curve.name, general(*y), general(*x)));
            pen.mark(last.unwrap_or_default().trim_start_matches(" · "), None, |pen| match curve.points.as_slice() {
                &[only] => pen.dot(only, 3.0, role, 1.0),
                many => pen.line(thinned(many), role, 1.8),
            });
        }
    });
    Panel { wide: svg, ..Panel::default() }
}

/// At most some 240 points, dense at the start, where spectra bend.
fn thinned(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut kept = Vec::new();
    let mut next = 0.0;
    for (at, point) in points.iter().enumerate() {
        if at as f64 >= next || at + 1 == points.len() {
            kept.push(*point);
            next = (at as f64 + 1.0).max(at as f64 * 1.02).max(at as f64 + points.len() as f64 / 2000.0);
        }
    }
    kept
}

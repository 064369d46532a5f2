//! Lines over a column of any table, such as a training's history.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::kind::chart::Described;
use crate::kind::{Role, column};
use crate::report::charts::chart::{Draw, View};
use crate::report::charts::curves::{Curve, data, legend, panel, points};
use crate::report::draw::axis::Axis;
use crate::report::draw::figure::Figure;
use crate::report::read::measure::capital;

/// What a line runs along, and what it shows.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub struct Options {
    /// The column or variable along x.
    x: Option<String>,
    /// The column or measure along y.
    y: Option<String>,
}

/// Columns of a table over one of them.
pub struct Line;

impl Described for Line {
    const NAME: &'static str = "line";
    const ABOUT: &'static str = "Columns of a table over one of them.";
    const DRAWS: &'static [Role] = &[Role::Table, Role::History, Role::Spectrum];
    const USUAL: &'static [Role] = &[Role::Table];
    type Options = Options;
}

impl Draw for Line {
    fn draw(view: &View<'_>, options: &Options) -> Option<Figure> {
        figure(view, (options.x.as_deref(), options.y.as_deref()))
    }
}

/// Columns `y` over a column `x`, a line per node; `y` absent means every other numeric column.
fn figure(view: &View<'_>, (x, y): (Option<&str>, Option<&str>)) -> Option<Figure> {
    let (results, nodes) = (view.results, view.nodes);
    let mut curves = Vec::new();
    let mut names = (String::new(), String::new());
    let mut definition = String::new();
    for &node in nodes {
        let port = view.port.or_else(|| results.table_ports(node).next())?;
        for grid in results.tables(node, port) {
            let Some(x) = x.map(str::to_owned).or_else(|| grid.numeric().next().map(|c| c.name.clone())) else {
                continue;
            };
            let of: Vec<String> = grid.numeric().map(|c| c.name.clone()).filter(|c| *c != x).collect();
            let of: Vec<String> = y.map_or(of, |y| vec![y.to_owned()]);
            for name in &of {
                let found = grid.measure(name);
                definition = found.sentence();
                let variant = results.node(node).id.variant_text();
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
    let drawn = |width, height, class| panel(&curves, axes(), &names.0, &names.1, (width, height, class)).wide;
    let both = view.results.medium.tall((340, 280), drawn);
    let what = if names.1.is_empty() { "Values".to_owned() } else { names.1.clone() };
    Some(Figure {
        title: view.title(|| format!("{what} over {}", names.0.to_lowercase())),
        panels: vec![both],
        layout: "one",
        legend: legend(&curves),
        data: data((&names.0.to_lowercase(), column::VALUE), &curves, None),
        caption: format!("A line per {}.", if nodes.len() > 1 { "variant" } else { "column" }),
        definition,
        nodes: nodes.to_vec(),
        ..Figure::default()
    })
}

//! Each unit's score against its noise ceiling, with the line that no model exceeds.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::kind::chart::Described;
use crate::kind::{Role, column, fact};
use crate::plan::NodeIndex;
use crate::report::charts::chart::{Draw, View};
use crate::report::draw::axis::Axis;
use crate::report::draw::data::{Data, cell};
use crate::report::draw::figure::{Figure, Frame, draw};
use crate::report::draw::number::{count, counted};
use crate::report::draw::svg::Colour;
use crate::report::read::best::evaluation_of;
use crate::report::read::grid::{Cells, Grid};
use crate::report::read::measure::{Measure, capital};
use crate::report::read::order::Order;
use crate::report::read::sample::main_measure;
use crate::report::read::status::told;

/// Scores below this stand here, lest a unit without a model press all others together.
const LOWEST: f64 = -1.0;
/// Pixels of a side.
const SIDE: u32 = 540;
/// Steps of the curve.
const STEPS: usize = 48;

/// What stands along y, and what colours mean.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub struct Options {
    /// The column or measure along y.
    y: Option<String>,
    /// A column of words, such as `subject`, whose values have colours of their own; the units' regions unless given.
    colours: Option<String>,
}

/// Each unit's score against its noise ceiling.
pub struct AgainstCeiling;

impl Described for AgainstCeiling {
    const NAME: &'static str = "against_ceiling";
    const ABOUT: &'static str = "Each unit's score against its noise ceiling.";
    const DRAWS: &'static [Role] = &[Role::Scores, Role::Comparison];
    type Options = Options;
}

impl Draw for AgainstCeiling {
    /// Of several evaluations, or of a comparison, the best.
    fn draw(view: &View<'_>, options: &Options) -> Option<Figure> {
        let node = evaluation_of(view.results, view.nodes)?;
        let grid = view.results.of_role(node, Role::Scores)?;
        let of = options.y.clone().or_else(|| main_measure(&grid))?;
        let (bound, root) = grid.measures.bound(&of)?;
        let points = Points::read(view, &grid, (&of, bound), options.colours.as_deref().unwrap_or(column::REGION));
        (!points.all.is_empty())
            .then(|| figure(view, node, &grid, (grid.measure(&of), grid.measure(bound), root), &points))
    }
}

/// A unit's place.
struct Point {
    unit: String,
    ceiling: f64,
    score: f64,
    series: usize,
}

struct Points {
    all: Vec<Point>,
    series: Vec<String>,
    /// What the series differ in.
    variable: String,
    /// Units without a ceiling or a score.
    missing: usize,
}

impl Points {
    fn read(view: &View<'_>, grid: &Grid, (of, bound): (&str, &str), by: &str) -> Self {
        let words = grid.column(by).is_some_and(|column| matches!(column.cells, Cells::Words(_)));
        let mut order = Order::of(view.results, by);
        let mut all = Vec::new();
        for row in 0..grid.rows {
            let Some((ceiling, score)) = grid.number(bound, row).zip(grid.number(of, row)) else { continue };
            let name = if words { grid.text(by, row).unwrap_or_default() } else { String::new() };
            let unit = grid.text(column::UNIT, row).unwrap_or_default();
            all.push(Point { unit, ceiling, score, series: order.place(&name) });
        }
        let (series, to) = order.used();
        all.iter_mut().for_each(|point| point.series = to[point.series]);
        Self { missing: grid.rows - all.len(), all, series, variable: by.to_owned() }
    }
}

fn figure(
    view: &View<'_>,
    node: NodeIndex,
    grid: &Grid,
    (score, ceiling, root): (Measure, Measure, bool),
    points: &Points,
) -> Figure {
    let bound = |x: f64| if root { x.max(0.0).sqrt() } else { x };
    let several = points.series.len() > 1;
    let colour = |series: usize| Colour::among(series, points.series.len());
    let mut data = Data::of(
        [column::UNIT]
            .into_iter()
            .chain(several.then_some(points.variable.as_str()))
            .chain([ceiling.name.as_str(), score.name.as_str()]),
    );
    for point in &points.all {
        let series = several.then(|| points.series[point.series].clone());
        let numbers = [cell(point.ceiling), cell(point.score)];
        data.row([point.unit.clone()].into_iter().chain(series).chain(numbers));
    }
    let above = points.all.iter().filter(|point| point.score > bound(point.ceiling)).count();
    let id = &view.results.node(node).id;
    let legend = points.series.iter().enumerate().filter(|_| several);
    Figure {
        title: view.title(|| format!("{} against the {}{}", capital(&score.label), ceiling.label, told(id))),
        panels: vec![view.results.medium.upto(SIDE, |size| square(points, &score, &ceiling, root, size))],
        layout: "one",
        legend_title: if several { points.variable.replace('_', " ") } else { String::new() },
        legend: legend
            .map(|(at, name)| (colour(at).class(), if name.is_empty() { "none".to_owned() } else { name.clone() }))
            .collect(),
        data,
        caption: caption(grid, points, &score, root, above),
        definition: [score.sentence(), ceiling.sentence()]
            .into_iter()
            .filter(|text| !text.is_empty())
            .collect::<Vec<_>>()
            .join(" "),
        nodes: vec![node],
        ..Figure::default()
    }
}

fn square(points: &Points, score: &Measure, ceiling: &Measure, root: bool, (side, class): (u32, &str)) -> String {
    let ends = |of: fn(&Point) -> f64| {
        let values = || points.all.iter().map(of);
        (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max))
    };
    let ((x_low, x_high), (y_low, y_high)) = (ends(|point| point.ceiling), ends(|point| point.score));
    let (x_low, x_high) = (x_low.clamp(LOWEST, 0.0), x_high.max(1.0));
    let frame = Frame {
        width: side,
        height: side,
        x: Axis::linear(x_low, x_high, 5),
        y: Axis::linear(y_low.clamp(LOWEST, 0.0), y_high.max(1.0), 5),
        x_title: &ceiling.axis(),
        y_title: &score.axis(),
        right: 8.0,
        top: 0.0,
    };
    let ((x_from, x_to), (y_from, y_to)) = (frame.x.ends(), frame.y.ends());
    let alt =
        format!("{} of {} against the {}.", capital(&score.label), counted(points.all.len(), "unit"), ceiling.label);
    draw(frame, &alt, class, |pen| {
        pen.line(vec![(x_from, 0.0), (x_to, 0.0)], Colour::Muted, 1.0);
        let line = match root {
            true => (0..=STEPS)
                .map(|step| x_to.min(y_to * y_to) * (step as f64 / STEPS as f64).powi(2))
                .map(|x| (x, x.sqrt()))
                .collect(),
            false => vec![(x_from.max(y_from), x_from.max(y_from)), (x_to.min(y_to), x_to.min(y_to))],
        };
        pen.line(line, Colour::Reference, 1.5);
        for point in &points.all {
            let series = &points.series[point.series];
            let of = if series.is_empty() { String::new() } else { format!(", {series}") };
            let (x, y) = (point.ceiling.clamp(x_from, x_to), point.score.clamp(y_from, y_to));
            let text =
                format!("unit {}{of} · {} of {}", point.unit, score.value(point.score), ceiling.value(point.ceiling));
            let colour = Colour::among(point.series, points.series.len());
            pen.mark(&text, Some(&point.unit), |pen| pen.dot((x, y), 3.0, colour, 0.6));
        }
    })
}

fn caption(grid: &Grid, points: &Points, score: &Measure, root: bool, above: usize) -> String {
    let rows = grid.fact_number(fact::ROWS_SCORED).map(|rows| format!(", scored on {} stimuli", count(rows as usize)));
    let line = if root { "the square root of the ceiling" } else { "equality" };
    let mut text = format!(
        "Each dot is one of {}{}. Dashed: {line}, which no model exceeds but by the error of either number",
        counted(points.all.len(), "unit"),
        rows.unwrap_or_default()
    );
    text += &match above {
        0 => "; no unit lies above it.".to_owned(),
        1 => "; 1 unit lies above it.".to_owned(),
        above => format!("; {} units lie above it.", count(above)),
    };
    if points.missing > 0 {
        text += &format!(" {} without a ceiling or a score left out.", counted(points.missing, "unit"));
    }
    let low = points.all.iter().filter(|point| point.score.min(point.ceiling) < LOWEST).count();
    if low > 0 {
        let stand = if low == 1 { "stands" } else { "stand" };
        text += &format!(" {} below {} {stand} at the edge.", counted(low, "unit"), score.value(LOWEST));
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::report::fixture::{Options, ceiling_of, drawn, fixture};

    #[test]
    fn units_stand_by_their_ceilings() {
        let layers = vec!["features.1".to_owned(), "features.3".to_owned()];
        let units = (0..4).map(|at| format!("u{at}")).collect();
        let study = fixture(Options { layers, units, stimuli: 40, ..Options::default() });
        let figure = drawn(&study, "against_ceiling", "by_layer", json!({})).expect("a figure");
        assert!(
            figure.title.starts_with("Explained variance against the noise ceiling, layer features."),
            "{}",
            figure.title
        );
        let csv = figure.data.csv();
        let lines: Vec<Vec<&str>> = csv.lines().map(|line| line.split(',').collect()).collect();
        assert_eq!(lines[0], ["unit", "region", "ceiling", "explained_variance"]);
        let ceilings: Vec<f64> = lines[1..].iter().map(|line| line[2].parse().expect("a number")).collect();
        assert_eq!(ceilings, [0, 1, 2, 3].map(ceiling_of));
        let number = |text: &str| text.parse::<f64>().expect("a number");
        assert!(lines[1..].iter().all(|line| number(line[3]) <= number(line[2])), "{csv}");
        assert_eq!(
            figure.caption,
            "Each dot is one of 4 units, scored on 8 stimuli. Dashed: equality, which no model exceeds but by the error of either number; \
             no unit lies above it."
        );
        let legend: Vec<&str> = figure.legend.iter().map(|(_, name)| name.as_str()).collect();
        assert_eq!(legend, ["V4", "IT"]);
        let r =
            drawn(&study, "against_ceiling", "by_layer", json!({ "y": "r", "colours": "subject" })).expect("a figure");
        assert!(r.caption.contains("Dashed: the square root of the ceiling"), "{}", r.caption);
        assert!(r.legend.is_empty(), "there are no subjects");
        assert!(drawn(&study, "against_ceiling", "by_layer", json!({ "y": "r2" })).is_none(), "no ceiling bounds it");
    }
}

//! Which penalty each unit chose, against the edges of the grid it chose from.

use plotters::style::text_anchor::{HPos, VPos};

use crate::kind::chart::Described;
use crate::kind::fact;
use crate::kind::{Role, column};
use crate::plan::NodeIndex;
use crate::report::charts::chart::{Draw, View};
use crate::report::charts::options::Nothing;
use crate::report::draw::axis::Axis;
use crate::report::draw::data::{Data, cell};
use crate::report::draw::density;
use crate::report::draw::figure::{Face, Figure, Frame, Pen, TEXT, draw};
use crate::report::draw::number::{count, counted, general};
use crate::report::draw::svg::{Colour, shortened};
use crate::report::read::grid::Grid;
use crate::report::read::results::Results;

/// More ticks than these make a page heavy.
const POINTS: usize = 2_000;

/// The penalties of one readout.
struct Row {
    name: String,
    /// Unit, penalty, and whether it lies at the grid's edge.
    chosen: Vec<(String, f64, bool)>,
    /// The grid's lowest and highest penalty.
    edges: Option<(f64, f64)>,
    extended: bool,
    method: Option<String>,
    folds: bool,
}

/// Which penalty each unit chose, against the edges of the grid.
pub struct Penalties;

impl Described for Penalties {
    const NAME: &'static str = "penalties";
    const ABOUT: &'static str = "Which penalty each unit chose, against the edges of the grid.";
    const DRAWS: &'static [Role] = &[Role::Penalties];
    const USUAL: &'static [Role] = &[Role::Penalties];
    type Options = Nothing;
}

impl Draw for Penalties {
    fn draw(view: &View<'_>, _: &Nothing) -> Option<Figure> {
        figure(view)
    }
}

/// A histogram for one readout, a row of points each for several.
fn figure(view: &View<'_>) -> Option<Figure> {
    let results = view.results;
    let rows: Vec<Row> = view.nodes.iter().filter_map(|&node| read(results, node)).collect();
    let chosen = || rows.iter().flat_map(|row| row.chosen.iter());
    let low = chosen().map(|c| c.1).chain(rows.iter().filter_map(|r| Some(r.edges?.0))).fold(f64::INFINITY, f64::min);
    let high = chosen().map(|c| c.1).chain(rows.iter().filter_map(|r| Some(r.edges?.1))).fold(0.0, f64::max);
    chosen().next()?;
    // Room for the marks at the edges.
    let (low, high) = (low / 1.6, high * 1.6);
    let panel = match rows.as_slice() {
        [one] => view
            .results
            .medium
            .tall((300, 260), |width, height, class| histogram(one, (low, high), (width, height, class))),
        many => view.results.medium.both(|size| strips(many, (low, high), size)),
    };
    Some(Figure {
        title: view.title(|| "Penalties chosen".to_owned()),
        panels: vec![panel],
        layout: "one",
        data: data(&rows),
        caption: caption(&rows),
        definition: "Penalty: α in ‖y − Xw‖² + α‖w‖², one per unit, chosen on training stimuli only; in the squared \
                     units of the features."
            .to_owned(),
        nodes: view.nodes.to_vec(),
        ..Figure::default()
    })
}

fn data(rows: &[Row]) -> Data {
    let mut data = Data::of(["variant", column::UNIT, "penalty", column::AT_EDGE]);
    for row in rows {
        for (unit, alpha, at_edge) in &row.chosen {
            data.row([row.name.clone(), unit.clone(), cell(*alpha), at_edge.to_string()]);
        }
    }
    data
}

fn read(results: &Results<'_>, node: NodeIndex) -> Option<Row> {
    let tables = results.all_of_role(node, Role::Penalties);
    let first: &Grid = tables.first()?;
    let chosen: Vec<(String, f64, bool)> = tables
        .iter()
        .flat_map(|grid| {
            (0..grid.rows).filter_map(|row| {
                let alpha = grid.number(column::ALPHA, row).filter(|alpha| *alpha > 0.0)?;
                Some((grid.text(column::UNIT, row).unwrap_or_default(), alpha, grid.flag(column::AT_EDGE, row)))
            })
        })
        .collect();
    let grids = tables.iter().filter_map(|grid| grid.facts.get(fact::GRID)?.as_array().cloned());
    let penalties = density::sorted(grids.flatten().filter_map(|value| value.as_f64()).filter(|x| *x > 0.0));
    let variant = &results.node(node).id.variant;
    Some(Row {
        name: variant.iter().map(|v| v.1.as_str()).collect::<Vec<_>>().join(", "),
        chosen,
        edges: penalties.first().copied().zip(penalties.last().copied()),
        extended: tables.iter().any(|grid| grid.fact_flag(fact::EXTENDED)),
        method: first.fact_text(fact::METHOD).map(str::to_owned),
        folds: tables.len() > 1 || first.has(column::FOLD),
    })
}

fn histogram(row: &Row, (low, high): (f64, f64), (width, height, class): (u32, u32, &str)) -> String {
    let logs = density::sorted(row.chosen.iter().map(|c| c.1.log10()));
    let bins = density::bins(&logs);
    let most = bins.iter().map(|bin| bin.2).max().unwrap_or(1).max(1);
    let frame = Frame {
        width,
        height,
        x: Axis::log(low, high, if width < 500 { 5 } else { 9 }),
        y: Axis::linear(0.0, most as f64, most.min(4)),
        x_title: "Penalty α (log)",
        y_title: "Units",
        right: 10.0,
        top: 14.0,
    };
    let top = frame.y.ends().1;
    let (from, to) = frame.x.ends();
    draw(frame, &alt(std::slice::from_ref(row)), class, |pen| {
        for &(a, b, n) in bins.iter().filter(|bin| bin.2 > 0) {
            let (a, b) = (10f64.powf(a).max(from), 10f64.powf(b).min(to));
            let text = format!("{} to {}: {}", general(a), general(b), counted(n, "unit"));
            pen.mark(&text, None, |pen| {
                pen.bar((a, 0.0), (b, n as f64), Colour::Main, 0.55);
                pen.outline((a, 0.0), (b, n as f64), Colour::Paper, 1.0);
            });
        }
        for (unit, alpha, at_edge) in row.chosen.iter().take(POINTS) {
            let colour = if *at_edge { Colour::Best } else { Colour::Ink };
            let text = format!("unit {unit} · {}", general(*alpha));
            pen.mark(&text, Some(unit), |pen| pen.line(vec![(*alpha, 0.0), (*alpha, top * 0.035)], colour, 1.2));
        }
        if let Some((first, last)) = row.edges {
            for (edge, text, h, shift) in [(first, "grid from", HPos::Left, -2.0), (last, "to", HPos::Right, 2.0)] {
                let text = format!("{text} {}", general(edge));
                pen.line(vec![(edge, 0.0), (edge, top)], Colour::Reference, 1.5);
                pen.text((edge, top), (shift, -2.0), &text, Face::of(Colour::Reference).at(h, VPos::Bottom));
            }
        }
    })
}

fn strips(rows: &[Row], (low, high): (f64, f64), (width, class): (u32, &str)) -> String {
    let names: Vec<String> = rows.iter().map(|row| shortened(&row.name, TEXT, f64::from(width) * 0.34)).collect();
    let frame = Frame {
        width,
        height: 70 + 32 * rows.len() as u32,
        x: Axis::log(low, high, if width < 500 { 5 } else { 9 }),
        y: Axis::bands(&names).reversed(),
        x_title: "Penalty α (log)",
        y_title: "",
        right: 10.0,
        top: 0.0,
    };
    let all: usize = rows.iter().map(|row| row.chosen.len()).sum();
    let every = all.div_ceil(POINTS).max(1);
    draw(frame, &alt(rows), class, |pen| {
        for (at, row) in rows.iter().enumerate() {
            strip(pen, at as f64, row, every);
        }
    })
}

fn strip(pen: &mut Pen<'_>, at: f64, row: &Row, every: usize) {
    if let Some((first, last)) = row.edges {
        let text = format!("grid of {}: {} to {}", row.name, general(first), general(last));
        pen.mark(&text, None, |pen| {
            pen.line(vec![(first, at), (last, at)], Colour::Grid, 1.5);
            for edge in [first, last] {
                pen.line(vec![(edge, at - 0.36), (edge, at + 0.36)], Colour::Muted, 1.8);
            }
        });
    }
    let logs: Vec<f64> = row.chosen.iter().map(|c| c.1.log10()).collect();
    let offsets = density::spread(&logs);
    for ((unit, alpha, at_edge), offset) in row.chosen.iter().zip(offsets).step_by(every) {
        let colour = if *at_edge { Colour::Best } else { Colour::Main };
        let text = format!("unit {unit} · {} · {}", general(*alpha), row.name);
        pen.mark(&text, Some(unit), |pen| pen.dot((*alpha, at + offset * 0.34), 2.2, colour, 0.5));
    }
    let median = density::quantile(&density::sorted(row.chosen.iter().map(|c| c.1)), 0.5);
    if median.is_finite() {
        pen.line(vec![(median, at - 0.3), (median, at + 0.3)], Colour::Ink, 2.2);
    }
}

fn alt(rows: &[Row]) -> String {
    let each = rows.iter().take(24).map(|row| {
        let median = density::quantile(&density::sorted(row.chosen.iter().map(|c| c.1)), 0.5);
        let edges = row.edges.map(|(a, b)| format!(" on a grid from {} to {}", general(a), general(b)));
        format!("{} median {}{}", row.name, general(median), edges.unwrap_or_default()).trim().to_owned()
    });
    format!("Penalties chosen per unit: {}.", each.collect::<Vec<_>>().join("; "))
}

fn caption(rows: &[Row]) -> String {
    let all: usize = rows.iter().map(|row| row.chosen.len()).sum();
    let at_edge: usize = rows.iter().map(|row| row.chosen.iter().filter(|c| c.2).count()).sum();
    let folds = rows.iter().any(|row| row.folds);
    let what = if folds { "choices (units by folds)" } else { "choices" };
    let mut text = if rows.len() == 1 {
        "Bars: units per bin; ticks: units; dashed: the grid's edges. ".to_owned()
    } else {
        "Dots: units; black lines: medians; brackets: the grid's edges. ".to_owned()
    };
    text += &if at_edge == 0 {
        format!("None of the {} {what} lies at an edge.", count(all))
    } else {
        let lie = if at_edge == 1 { "lies" } else { "lie" };
        format!("{} of {} {what} {lie} at an edge, in the warning colour.", count(at_edge), count(all))
    };
    let extended = rows.iter().filter(|row| row.extended).count();
    if extended > 0 {
        text += &match rows.len() {
            1 => " The grid was extended while the best lay at its edge.".to_owned(),
            n => format!(" The grid of {extended} of {n} readouts was extended while the best lay at its edge."),
        };
    }
    if let Some(method) = rows.iter().find_map(|row| row.method.as_deref()) {
        text += &format!(" Chosen by {}.", method.replace('_', " "));
    }
    text
}

//! How a network learned: losses, scores on the stimuli that stop the training, and the learning rate, by epoch.

use crate::kind::chart::Described;
use crate::kind::measure::{Curve, Part};
use crate::kind::{Measure, Role, column};
use crate::report::charts::chart::{Draw, View};
use crate::report::charts::options::Nothing;
use crate::report::draw::axis::Axis;
use crate::report::draw::data::{Data, maybe};
use crate::report::draw::figure::{Figure, Frame, PANEL, Panel, draw};
use crate::report::draw::medium::Size;
use crate::report::draw::number::{count, general};
use crate::report::draw::svg::{Colour, RAMP, SERIES};
use crate::report::read::grid::Grid;

/// A training: its variant, and what was noted of it.
struct History {
    name: String,
    grid: std::rc::Rc<Grid>,
    /// The epoch of the lowest validation loss, whose weights are kept.
    best: Option<f64>,
}

/// A line: its colour, what it is called, and its points.
type Line = (Colour, String, Vec<(f64, f64)>);

/// How a network learned, by epoch.
pub struct Learning;

impl Described for Learning {
    const NAME: &'static str = "learning";
    const ABOUT: &'static str = "How a network learned, by epoch.";
    const DRAWS: &'static [Role] = &[Role::History];
    const USUAL: &'static [Role] = &[Role::History];
    type Options = Nothing;
}

impl Draw for Learning {
    fn draw(view: &View<'_>, _: &Nothing) -> Option<Figure> {
        figure(view)
    }
}

/// Curves of the histories of some trainings; colours tell variants apart, or training from validation of a single one.
fn figure(view: &View<'_>) -> Option<Figure> {
    let histories = read(view);
    if histories.is_empty() {
        return None;
    }
    let panels = panels(view, &histories);
    if panels.is_empty() {
        return None;
    }
    let legend = match histories.as_slice() {
        [_] => {
            vec![
                (Colour::Series(0).class(), "training".to_owned()),
                (Colour::Series(1).class(), "validation".to_owned()),
            ]
        }
        many => many.iter().enumerate().map(|(at, h)| (colour(at, many.len()).class(), h.name.clone())).collect(),
    };
    let epochs: Vec<String> = histories
        .iter()
        .take(12)
        .map(|history| {
            let name = if history.name.is_empty() { String::new() } else { format!("{}: ", history.name) };
            let best = history.best.map(|at| format!(", the best after {}", general(at))).unwrap_or_default();
            format!("{name}{} epochs{best}", count(history.grid.rows))
        })
        .collect();
    let alone = histories.len() == 1 && histories[0].best.is_some();
    let dashed = if alone { " Dashed: the epoch of the lowest validation loss." } else { "" };
    let defined: Vec<String> = curves(view)
        .filter(|(_, curve)| !curve.defined.is_empty())
        .filter_map(|(of, curve)| Some(format!("{}: {}.", curve.defined, histories[0].grid.definitions.get(of.name)?)))
        .collect();
    Some(Figure {
        title: view.title(|| "Learning curves".to_owned()),
        panels,
        layout: "pair",
        legend_title: view
            .results
            .node(view.first())
            .id
            .variant
            .iter()
            .map(|v| v.0.replace('_', " "))
            .collect::<Vec<_>>()
            .join(", "),
        legend,
        data: data(&histories),
        caption: format!("{}.{dashed}", epochs.join("; ")),
        definition: defined.join(" "),
        nodes: view.nodes.to_vec(),
        ..Figure::default()
    })
}

/// The curves that a history may have, in the order of their panels.
fn curves(view: &View<'_>) -> impl Iterator<Item = (&'static Measure, Curve)> {
    view.results.measures.iter().filter_map(|measure| match measure.part {
        Part::Curve(curve) => Some((measure, curve)),
        _ => None,
    })
}

/// The histories of all nodes, of all folds.
fn read(view: &View<'_>) -> Vec<History> {
    let results = view.results;
    let judge = curves(view).find(|(_, curve)| curve.judges).map(|(measure, _)| measure.name);
    let histories = view.nodes.iter().flat_map(|&node| {
        let variant = results.node(node).id.variant.iter().map(|v| v.1.as_str()).collect::<Vec<_>>().join(", ");
        let tables = results.all_of_role(node, Role::History);
        let several = tables.len() > 1;
        tables.into_iter().enumerate().map(move |(fold, grid)| {
            let name = if several { format!("{variant} fold {fold}").trim().to_owned() } else { variant.clone() };
            History { name, best: judge.and_then(|judge| best(&grid, judge)), grid }
        })
    });
    histories.filter(|history| history.grid.rows > 0 && history.grid.has(column::EPOCH)).collect()
}

/// A panel per axis; per curve, where colours are taken by variants.
fn panels(view: &View<'_>, histories: &[History]) -> Vec<Panel> {
    let mut headings: Vec<&str> = Vec::new();
    for (_, curve) in curves(view) {
        if !headings.contains(&curve.panel) {
            headings.push(curve.panel);
        }
    }
    let mut all: Vec<(String, Vec<(&Measure, Curve)>)> = Vec::new();
    for heading in headings {
        let there: Vec<(&Measure, Curve)> = curves(view)
            .filter(|(of, curve)| {
                curve.panel == heading && histories.iter().any(|h| !points(&h.grid, of.name).is_empty())
            })
            .collect();
        // Of several variants, colours are taken: training and validation stand apart.
        let split = histories.len() > 1 && there.len() > 1;
        let groups: Vec<Vec<_>> = if split { there.iter().map(|one| vec![*one]).collect() } else { vec![there] };
        for group in groups.into_iter().filter(|group| !group.is_empty()) {
            let heading = if split { format!("{heading}, {}", group[0].1.of) } else { heading.to_owned() };
            all.push((heading, group));
        }
    }
    let size = view.results.medium.among(all.len(), PANEL);
    all.into_iter().filter_map(|(heading, group)| panel(histories, &group, heading, size)).collect()
}

/// The epoch where the loss that judges is lowest.
fn best(grid: &Grid, judge: &str) -> Option<f64> {
    points(grid, judge).into_iter().min_by(|a, b| a.1.total_cmp(&b.1)).map(|(epoch, _)| epoch)
}

fn points(grid: &Grid, of: &str) -> Vec<(f64, f64)> {
    (0..grid.rows).filter_map(|row| Some((grid.number(column::EPOCH, row)?, grid.number(of, row)?))).collect()
}

fn colour(at: usize, of: usize) -> Colour {
    if of <= SERIES { Colour::Series(at) } else { Colour::Ramp(at * (RAMP - 1) / (of - 1)) }
}

fn panel(histories: &[History], columns: &[(&Measure, Curve)], heading: String, (width, class): Size) -> Option<Panel> {
    let y_title = columns.first()?.1.axis;
    let lines: Vec<Line> = histories
        .iter()
        .enumerate()
        .flat_map(|(at, history)| {
            columns.iter().enumerate().map(move |(place, (of, curve))| {
                let colour = match (histories.len(), columns.len()) {
                    (1, 1) => Colour::Series(usize::from(!curve.fitted)),
                    (1, _) => Colour::Series(place),
                    (of, _) => colour(at, of),
                };
                let name = format!("{} {}", history.name, of.name.replace('_', " "));
                (colour, name.trim().to_owned(), points(&history.grid, of.name))
            })
        })
        .filter(|line| !line.2.is_empty())
        .collect();
    let all = || lines.iter().flat_map(|line| line.2.iter());
    let ends = |values: &mut dyn Iterator<Item = f64>| {
        values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)))
    };
    let (x_low, x_high) = ends(&mut all().map(|p| p.0));
    let (y_low, y_high) = ends(&mut all().map(|p| p.1));
    if !(x_low.is_finite() && y_low.is_finite()) {
        return None;
    }
    let log = columns.iter().all(|(_, curve)| curve.log) && y_low > 0.0 && y_high >= 3.0 * y_low;
    let frame = Frame {
        width,
        height: 250,
        x: Axis::tight(x_low, x_high, 5),
        y: if log { Axis::log(y_low, y_high, 4) } else { Axis::linear(y_low, y_high, 4) },
        x_title: "Epoch",
        y_title,
        right: 8.0,
        top: 0.0,
    };
    let (low, high) = frame.y.ends();
    let told = lines.iter().take(12).filter_map(|(_, name, points)| {
        let (from, to) = (points.first()?, points.last()?);
        Some(format!("{name} from {} to {}", general(from.1), general(to.1)))
    });
    let alt = format!("{heading} by epoch: {}.", told.collect::<Vec<_>>().join("; "));
    let svg = draw(frame, &alt, class, |pen| {
        for history in histories.iter().filter(|history| histories.len() == 1 && history.best.is_some()) {
            let at = history.best.unwrap_or_default();
            pen.mark(&format!("the best epoch, {}", general(at)), None, |pen| {
                pen.line(vec![(at, low), (at, high)], Colour::Reference, 1.2);
            });
        }
        for (colour, name, points) in &lines {
            pen.mark(name, None, |pen| match points.as_slice() {
                &[only] => pen.dot(only, 3.0, *colour, 1.0),
                many => pen.line(many.to_vec(), *colour, 1.8),
            });
            // Points to be pointed at, as long as they stay apart.
            for &(x, y) in points.iter().filter(|_| points.len() <= 120) {
                pen.mark(&format!("{name} · epoch {} · {}", general(x), general(y)), None, |pen| {
                    pen.dot((x, y), 2.0, *colour, 1.0);
                });
            }
        }
    });
    Some(Panel { heading, wide: svg, ..Panel::default() })
}

fn data(histories: &[History]) -> Data {
    let mut columns: Vec<&str> = Vec::new();
    for column in histories.iter().flat_map(|history| history.grid.numeric()) {
        if !columns.contains(&column.name.as_str()) {
            columns.push(&column.name);
        }
    }
    let mut data = Data::of(std::iter::once("variant").chain(columns.iter().copied()));
    for history in histories {
        for row in 0..history.grid.rows {
            let cells = columns.iter().map(|column| maybe(history.grid.number(column, row)));
            data.row(std::iter::once(history.name.clone()).chain(cells).collect::<Vec<_>>());
        }
    }
    data
}

//! How a network learned: losses, scores on the stimuli that stop the training, and the learning rate, by epoch.

use crate::plan::NodeIndex;
use crate::report::draw::axis::Axis;
use crate::report::draw::data::{Data, maybe};
use crate::report::draw::figure::{Figure, Frame, PANEL, Panel, draw};
use crate::report::draw::number::{count, general};
use crate::report::draw::svg::{RAMP, Role, SERIES};
use crate::report::read::grid::Grid;
use crate::report::read::results::Shelf;

/// Panels by their titles: columns that share a definition, hence an axis.
const PANELS: &[(&str, &str, &[&str])] = &[
    ("Loss", "Value of the loss", &["train_loss", "val_loss"]),
    ("Loss of the responses", "Mean squared error", &["train_loss_response", "val_loss_response"]),
    ("Loss of the classes", "Cross-entropy (nats)", &["train_loss_class", "val_loss_class"]),
    ("Explained variance on validation", "Fraction of variance", &["val_explained_variance"]),
    ("Correlation on validation", "Pearson r", &["val_r"]),
    ("Accuracy on validation", "Fraction of stimuli", &["val_accuracy"]),
    ("Weight of the loss", "Weight", &["weight_response", "weight_class"]),
    ("Learning rate", "Step size", &["learning_rate"]),
];

/// A training: its variant, and what was noted of it.
struct History {
    name: String,
    grid: std::rc::Rc<Grid>,
    /// The epoch of the lowest validation loss, whose weights are kept.
    best: Option<f64>,
}

/// A line: its colour, what it is called, and its points.
type Line = (Role, String, Vec<(f64, f64)>);

/// Curves of the histories of some trainings; colours tell variants apart, or training from validation of a single one.
pub fn figure(shelf: &Shelf<'_>, nodes: &[NodeIndex], title: Option<&str>) -> Option<Figure> {
    let histories: Vec<History> = nodes
        .iter()
        .flat_map(|&node| {
            let variant = shelf.node(node).id.variant.iter().map(|v| v.1.as_str()).collect::<Vec<_>>().join(", ");
            let tables = shelf.tables(node, "history");
            let several = tables.len() > 1;
            tables.into_iter().enumerate().map(move |(fold, grid)| {
                let name = if several { format!("{variant} fold {fold}").trim().to_owned() } else { variant.clone() };
                History { name, best: best(&grid), grid }
            })
        })
        .filter(|history| history.grid.rows > 0 && history.grid.has("epoch"))
        .collect();
    if histories.is_empty() {
        return None;
    }
    let mut panels = Vec::new();
    for (heading, y_title, columns) in PANELS {
        let there: Vec<&str> = columns
            .iter()
            .copied()
            .filter(|column| histories.iter().any(|h| !points(&h.grid, column).is_empty()))
            .collect();
        // Of several variants, colours are taken: training and validation stand apart.
        let split = histories.len() > 1 && there.len() > 1;
        let groups: Vec<Vec<&str>> = if split { there.iter().map(|c| vec![*c]).collect() } else { vec![there] };
        for group in groups.into_iter().filter(|group| !group.is_empty()) {
            let heading = if split { format!("{heading}, {}", said(group[0])) } else { (*heading).to_owned() };
            panels.extend(panel(&histories, &group, heading, y_title));
        }
    }
    if panels.is_empty() {
        return None;
    }
    let legend = match histories.as_slice() {
        [_] => {
            vec![(Role::Series(0).class(), "training".to_owned()), (Role::Series(1).class(), "validation".to_owned())]
        }
        many => many.iter().enumerate().map(|(at, h)| (role(at, many.len()).class(), h.name.clone())).collect(),
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
    let defined: Vec<String> = [("Train loss", "train_loss"), ("Validation loss", "val_loss")]
        .iter()
        .filter_map(|(name, column)| Some(format!("{name}: {}.", histories[0].grid.definitions.get(*column)?)))
        .collect();
    Some(Figure {
        title: title.unwrap_or("Learning curves").to_owned(),
        panels,
        layout: "pair",
        legend_title: shelf
            .node(nodes[0])
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
        nodes: nodes.to_vec(),
        ..Figure::default()
    })
}

fn best(grid: &Grid) -> Option<f64> {
    let losses = points(grid, "val_loss");
    losses.into_iter().min_by(|a, b| a.1.total_cmp(&b.1)).map(|(epoch, _)| epoch)
}

fn points(grid: &Grid, column: &str) -> Vec<(f64, f64)> {
    (0..grid.rows).filter_map(|row| Some((grid.number("epoch", row)?, grid.number(column, row)?))).collect()
}

fn said(column: &str) -> &'static str {
    match column {
        "weight_response" => "responses",
        "weight_class" => "classes",
        column if column.starts_with("train") => "training",
        _ => "validation",
    }
}

fn role(at: usize, of: usize) -> Role {
    if of <= SERIES { Role::Series(at) } else { Role::Ramp(at * (RAMP - 1) / (of - 1)) }
}

fn panel(histories: &[History], columns: &[&str], heading: String, y_title: &str) -> Option<Panel> {
    let lines: Vec<Line> = histories
        .iter()
        .enumerate()
        .flat_map(|(at, history)| {
            columns.iter().enumerate().map(move |(place, column)| {
                let role = match (histories.len(), columns.len()) {
                    (1, 1) => Role::Series(usize::from(!column.starts_with("train"))),
                    (1, _) => Role::Series(place),
                    (of, _) => role(at, of),
                };
                let name = format!("{} {}", history.name, column.replace('_', " "));
                (role, name.trim().to_owned(), points(&history.grid, column))
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
    let log = columns == ["learning_rate"] && y_low > 0.0 && y_high >= 3.0 * y_low;
    let frame = Frame {
        width: PANEL,
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
    let svg = draw(frame, &alt, "panel", |pen| {
        for history in histories.iter().filter(|history| histories.len() == 1 && history.best.is_some()) {
            let at = history.best.unwrap_or_default();
            pen.mark(&format!("the best epoch, {}", general(at)), None, |pen| {
                pen.line(vec![(at, low), (at, high)], Role::Reference, 1.2);
            });
        }
        for (role, name, points) in &lines {
            pen.mark(name, None, |pen| match points.as_slice() {
                &[only] => pen.dot(only, 3.0, *role, 1.0),
                many => pen.line(many.to_vec(), *role, 1.8),
            });
            // Points to be pointed at, as long as they stay apart.
            for &(x, y) in points.iter().filter(|_| points.len() <= 120) {
                pen.mark(&format!("{name} · epoch {} · {}", general(x), general(y)), None, |pen| {
                    pen.dot((x, y), 2.0, *role, 1.0);
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

//! Which classes a decoder takes for which: a matrix of true against predicted classes.

use plotters::style::text_anchor::{HPos, VPos};

use crate::kind::chart::Described;
use crate::kind::{Role, column};
use crate::plan::NodeIndex;
use crate::report::charts::chart::{Draw, View};
use crate::report::charts::options::Nothing;
use crate::report::draw::axis::Axis;
use crate::report::draw::data::Data;
use crate::report::draw::figure::{Face, Figure, Frame, TEXT, draw};
use crate::report::draw::number::{count, counted, score};
use crate::report::draw::svg::{Colour, shortened};
use crate::report::read::grid::Grid;
use crate::report::read::status::told;

/// More classes than these are cells too small to be told apart.
const CLASSES: usize = 64;
/// Beyond these, numbers do not fit into their cells.
const NUMBERED: usize = 16;

/// True classes, predicted classes, and how often: rows by columns.
struct Matrix {
    classes: Vec<String>,
    counts: Vec<Vec<f64>>,
}

/// Which classes a decoder takes for which.
pub struct Confusion;

impl Described for Confusion {
    const NAME: &'static str = "confusion";
    const ABOUT: &'static str = "Which classes a decoder takes for which.";
    const DRAWS: &'static [Role] = &[Role::Confusion];
    const USUAL: &'static [Role] = &[Role::Confusion];
    type Options = Nothing;
}

impl Draw for Confusion {
    /// The matrix of a decoder; of several variants the first that has one.
    fn draw(view: &View<'_>, _: &Nothing) -> Option<Figure> {
        let of = |&node: &NodeIndex| Some((node, view.results.of_role(node, Role::Confusion)?));
        let (node, grid) = view.nodes.iter().find_map(of)?;
        figure(view, node, &grid)
    }
}

fn figure(view: &View<'_>, node: NodeIndex, grid: &Grid) -> Option<Figure> {
    let matrix = read(grid)?;
    if matrix.classes.len() > CLASSES {
        return None;
    }
    let total: f64 = matrix.counts.iter().flatten().sum();
    let right: f64 = (0..matrix.classes.len()).map(|at| matrix.counts[at][at]).sum();
    let id = &view.results.node(node).id;
    let of = told(id);
    let mut data = Data::of([column::TRUE, column::PREDICTED, column::COUNT]);
    for (row, name) in matrix.classes.iter().enumerate() {
        for (column, other) in matrix.classes.iter().enumerate() {
            data.row([name.clone(), other.clone(), matrix.counts[row][column].to_string()]);
        }
    }
    Some(Figure {
        title: view.title(|| format!("Classes taken for one another{of}")),
        panels: vec![view.results.medium.both(|size| drawn(&matrix, size))],
        layout: "one",
        data,
        caption: format!(
            "Rows: true classes; columns: predicted ones, in the same order. Shade: share of the row. {} of {} right \
             ({}); chance is {}.",
            count(right as usize),
            counted(total as usize, "stimulus"),
            score(right / total.max(1.0)),
            score(1.0 / matrix.classes.len() as f64)
        ),
        nodes: vec![node],
        ..Figure::default()
    })
}

fn read(grid: &Grid) -> Option<Matrix> {
    let mut classes: Vec<String> = Vec::new();
    for row in 0..grid.rows {
        for of in [column::TRUE, column::PREDICTED] {
            let name = grid.text(of, row)?;
            if !classes.contains(&name) {
                classes.push(name);
            }
        }
    }
    classes.sort();
    let mut counts = vec![vec![0.0; classes.len()]; classes.len()];
    for row in 0..grid.rows {
        let at = |column: &str| classes.iter().position(|class| Some(class) == grid.text(column, row).as_ref());
        counts[at(column::TRUE)?][at(column::PREDICTED)?] += grid.number(column::COUNT, row).unwrap_or(0.0);
    }
    (!classes.is_empty()).then_some(Matrix { classes, counts })
}

fn drawn(matrix: &Matrix, (width, class): (u32, &str)) -> String {
    let n = matrix.classes.len();
    // Numbers along the top stand for the names at the side, which fit at any width.
    let across: Vec<String> =
        (1..=n).map(|at| if n <= 24 || at % 5 == 0 { at.to_string() } else { String::new() }).collect();
    let room = f64::from(width) * 0.3;
    let down: Vec<String> = matrix
        .classes
        .iter()
        .enumerate()
        .map(|(at, name)| format!("{} {}", shortened(name, TEXT, room), at + 1))
        .collect();
    let each = if width > 500 { (440.0 / n as f64).clamp(13.0, 44.0) } else { (230.0 / n as f64).clamp(13.0, 34.0) };
    let frame = Frame {
        width,
        height: (70.0 + each * n as f64) as u32,
        x: Axis::bands(&across),
        y: Axis::bands(&down).reversed(),
        x_title: "Predicted class",
        y_title: "True class",
        right: 8.0,
        top: 0.0,
    };
    let sums: Vec<f64> = matrix.counts.iter().map(|row| row.iter().sum::<f64>().max(1.0)).collect();
    let worst = (0..n)
        .flat_map(|row| (0..n).filter(move |&column| column != row).map(move |column| (row, column)))
        .max_by(|a, b| (matrix.counts[a.0][a.1] / sums[a.0]).total_cmp(&(matrix.counts[b.0][b.1] / sums[b.0])));
    let confused = worst.filter(|&(row, column)| matrix.counts[row][column] > 0.0).map(|(row, column)| {
        format!(
            " Most often confused: {} for {}, {} of {}.",
            matrix.classes[row], matrix.classes[column], matrix.counts[row][column], sums[row]
        )
    });
    let alt = format!("Confusion matrix of {}.{}", counted(n, "class"), confused.unwrap_or_default());
    draw(frame, &alt, class, |pen| {
        for (row, (counts, sum)) in matrix.counts.iter().zip(&sums).enumerate() {
            // Of many classes most cells are empty: a band stands for all of a row.
            if n > NUMBERED {
                pen.bar((-0.5, row as f64 - 0.47), (n as f64 - 0.5, row as f64 + 0.47), Colour::Grid, 0.45);
            }
            for (column, &times) in counts.iter().enumerate().filter(|(_, times)| n <= NUMBERED || **times > 0.0) {
                let share = times / sum;
                let (x, y) = (column as f64, row as f64);
                let text = format!("{} taken for {}: {times} of {}", matrix.classes[row], matrix.classes[column], sum);
                pen.mark(&text, None, |pen| {
                    let colour = if row == column { Colour::Main } else { Colour::Best };
                    let gap = 0.47;
                    if n <= NUMBERED {
                        pen.bar((x - gap, y - gap), (x + gap, y + gap), Colour::Grid, 0.45);
                    }
                    if times > 0.0 {
                        pen.bar((x - gap, y - gap), (x + gap, y + gap), colour, 0.12 + 0.8 * share);
                    }
                    if times > 0.0 && n <= NUMBERED {
                        let face = Face { size: 11.0, ..Face::of(Colour::Ink).at(HPos::Center, VPos::Center) };
                        pen.text((x, y), (0.0, 0.0), &times.to_string(), face);
                    }
                });
            }
        }
    })
}

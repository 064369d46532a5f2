//! Which classes a decoder takes for which: a matrix of true against predicted classes.

use plotters::style::text_anchor::{HPos, VPos};

use crate::plan::NodeIndex;
use crate::report::draw::axis::Axis;
use crate::report::draw::data::Data;
use crate::report::draw::figure::{Face, Figure, Frame, NARROW, Panel, TEXT, WIDE, draw};
use crate::report::draw::number::{count, counted, score};
use crate::report::draw::svg::{Role, shortened};
use crate::report::read::grid::Grid;
use crate::report::read::results::Shelf;
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

/// The matrix of a decoder; of several variants the first that has one.
pub fn figure(shelf: &Shelf<'_>, nodes: &[NodeIndex], title: Option<&str>) -> Option<Figure> {
    let (node, grid) = nodes.iter().find_map(|&node| Some((node, shelf.table(node, "confusion")?)))?;
    let matrix = read(&grid)?;
    if matrix.classes.len() > CLASSES {
        return None;
    }
    let total: f64 = matrix.counts.iter().flatten().sum();
    let right: f64 = (0..matrix.classes.len()).map(|at| matrix.counts[at][at]).sum();
    let id = &shelf.node(node).id;
    let of = told(id);
    let mut data = Data::of(["true", "predicted", "count"]);
    for (row, name) in matrix.classes.iter().enumerate() {
        for (column, other) in matrix.classes.iter().enumerate() {
            data.row([name.clone(), other.clone(), matrix.counts[row][column].to_string()]);
        }
    }
    Some(Figure {
        title: title.map_or_else(|| format!("Classes taken for one another{of}"), str::to_owned),
        panels: vec![Panel {
            wide: drawn(&matrix, (WIDE, "wide")),
            narrow: Some(drawn(&matrix, (NARROW, "narrow"))),
            ..Panel::default()
        }],
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
        for column in ["true", "predicted"] {
            let name = grid.text(column, row)?;
            if !classes.contains(&name) {
                classes.push(name);
            }
        }
    }
    classes.sort();
    let mut counts = vec![vec![0.0; classes.len()]; classes.len()];
    for row in 0..grid.rows {
        let at = |column: &str| classes.iter().position(|class| Some(class) == grid.text(column, row).as_ref());
        counts[at("true")?][at("predicted")?] += grid.number("count", row).unwrap_or(0.0);
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
                pen.bar((-0.5, row as f64 - 0.47), (n as f64 - 0.5, row as f64 + 0.47), Role::Grid, 0.45);
            }
            for (column, &times) in counts.iter().enumerate().filter(|(_, times)| n <= NUMBERED || **times > 0.0) {
                let share = times / sum;
                let (x, y) = (column as f64, row as f64);
                let text = format!("{} taken for {}: {times} of {}", matrix.classes[row], matrix.classes[column], sum);
                pen.mark(&text, None, |pen| {
                    let role = if row == column { Role::Main } else { Role::Best };
                    let gap = 0.47;
                    if n <= NUMBERED {
                        pen.bar((x - gap, y - gap), (x + gap, y + gap), Role::Grid, 0.45);
                    }
                    if times > 0.0 {
                        pen.bar((x - gap, y - gap), (x + gap, y + gap), role, 0.12 + 0.8 * share);
                    }
                    if times > 0.0 && n <= NUMBERED {
                        let face = Face { size: 11.0, ..Face::of(Role::Ink).at(HPos::Center, VPos::Center) };
                        pen.text((x, y), (0.0, 0.0), &times.to_string(), face);
                    }
                });
            }
        }
    })
}

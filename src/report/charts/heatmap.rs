//! A matrix or a table as shades: every cell by its value, rows and columns as they stand or like beside like.

use std::collections::BTreeMap;

use kodama::{Method, linkage};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::kind::chart::Described;
use crate::kind::{Role, column};
use crate::report::charts::chart::{Draw, View};
use crate::report::draw::axis::Axis;
use crate::report::draw::data::{Data, cell};
use crate::report::draw::figure::{Figure, Frame, NARROW, Panel, Pen, TEXT, WIDE, draw};
use crate::report::draw::number::{count, counted, general};
use crate::report::draw::svg::{Colour, shortened};
use crate::report::read::grid::{Cells, Grid};
use crate::report::read::measure::capital;
use crate::report::read::sample::main_measure;
use crate::value::matrix::Matrix;
use crate::value::rdm::{Of, Rdm};
use crate::value::ty::Type;

/// Beyond these, cells are no shapes that can be pointed at but pixels of a picture.
const SHAPES: usize = 4_096;
/// Pixels of that picture along a side; of more rows or columns, several share one by their mean.
const PIXELS: usize = 432;
/// Blocks of a picture along a side that can be pointed at.
const BLOCKS: usize = 36;
/// Beyond these, the page brings no numbers along.
const NUMBERS: usize = 100_000;
/// Beyond these, rows are not compared with one another: that takes the square of their number.
const CLUSTERED: usize = 1_000;
/// Names beyond these are counted instead.
const NAMES: usize = 400;

/// In which order rows and columns stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Order {
    #[default]
    Given,
    Clustered,
}

/// What the shades are of.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub struct Options {
    /// Rows and columns as they are given, or clustered: like beside like.
    #[serde(default)]
    order: Order,
    /// Of a table, the column whose values are the rows.
    rows: Option<String>,
    /// Of a table, the column whose values are the columns; without it, each column of numbers is one.
    columns: Option<String>,
    /// Of a table, the column that is shown.
    value: Option<String>,
    /// Of several dissimilarity matrices, the one that is shown, by a subject, region or name of its own; without it, their mean.
    of: Option<String>,
}

/// A matrix or a table as shades.
pub struct Heatmap;

impl Described for Heatmap {
    const NAME: &'static str = "heatmap";
    const ABOUT: &'static str = "A matrix or a table as shades.";
    const DRAWS: &'static [Role] =
        &[Role::Matrix, Role::Predictions, Role::Table, Role::Comparison, Role::Confusion, Role::Rdm, Role::Similarity];
    const USUAL: &'static [Role] = &[Role::Rdm];
    type Options = Options;
}

impl Draw for Heatmap {
    fn draw(view: &View<'_>, options: &Options) -> Option<Figure> {
        let shades = read(view, options)?;
        (!shades.rows.is_empty() && !shades.columns.is_empty()).then(|| figure(view, shades, options.order))
    }
}

/// Values by row and column; NaN where there is none.
#[derive(Clone, Debug, PartialEq)]
struct Shades {
    /// What rows, columns and values are called.
    called: [String; 3],
    rows: Vec<String>,
    columns: Vec<String>,
    values: Vec<f64>,
}

impl Shades {
    fn at(&self, row: usize, column: usize) -> f64 {
        self.values[row * self.columns.len() + column]
    }

    /// The least and the greatest value; none where no cell has one.
    fn range(&self) -> Option<(f64, f64)> {
        let finite = self.values.iter().copied().filter(|x| x.is_finite());
        finite.fold(None, |range, x| Some(range.map_or((x, x), |(low, high): (f64, f64)| (low.min(x), high.max(x)))))
    }

    /// The same with rows and columns in an order.
    fn ordered(&self, rows: &[usize], columns: &[usize]) -> Self {
        let pick = |names: &[String], order: &[usize]| order.iter().map(|&at| names[at].clone()).collect();
        Self {
            called: self.called.clone(),
            rows: pick(&self.rows, rows),
            columns: pick(&self.columns, columns),
            values: rows.iter().flat_map(|&row| columns.iter().map(move |&column| self.at(row, column))).collect(),
        }
    }

    /// Whether it is the same seen from its rows and from its columns, such as distances are.
    fn is_symmetric(&self) -> bool {
        let n = self.rows.len();
        let same = |a: f64, b: f64| a == b || (a.is_nan() && b.is_nan());
        n == self.columns.len() && (0..n).all(|i| (0..i).all(|j| same(self.at(i, j), self.at(j, i))))
    }

    /// Like beside like; as given where there are too many to compare.
    fn clustered(&self) -> Self {
        let order = |n: usize, of: &dyn Fn(usize, usize) -> f64, m: usize| {
            if n > CLUSTERED { (0..n).collect() } else { cluster(n, |a, b| distance(of, (a, b), m)) }
        };
        let (n, m) = (self.rows.len(), self.columns.len());
        let rows: Vec<usize> = order(n, &|row, at| self.at(row, at), m);
        let columns = if self.is_symmetric() { rows.clone() } else { order(m, &|column, at| self.at(at, column), n) };
        self.ordered(&rows, &columns)
    }

    /// Means of blocks, at most so many along a side, and how many rows and columns a block has.
    fn blocks(&self, side: usize) -> (Vec<Vec<f64>>, (usize, usize)) {
        let (n, m) = (self.rows.len(), self.columns.len());
        let (tall, wide) = (n.div_ceil(side), m.div_ceil(side));
        let mean = |row: usize, column: usize| {
            let (rows, columns) = (row..(row + tall).min(n), column..(column + wide).min(m));
            let all = rows.flat_map(|row| columns.clone().map(move |column| self.at(row, column)));
            let (sum, known) = all.filter(|x| x.is_finite()).fold((0.0, 0.0), |(sum, known), x| (sum + x, known + 1.0));
            sum / known
        };
        let rows = (0..n).step_by(tall);
        let blocks = rows.map(|row| (0..m).step_by(wide).map(|column| mean(row, column)).collect());
        (blocks.collect(), (tall, wide))
    }
}

/// Euclid's distance of two rows over the places that both have, as if they had all.
fn distance(of: &dyn Fn(usize, usize) -> f64, (a, b): (usize, usize), places: usize) -> f64 {
    let squares = (0..places).map(|at| (of(a, at) - of(b, at)).powi(2)).filter(|square| square.is_finite());
    let (sum, known) = squares.fold((0.0, 0usize), |(sum, known), square| (sum + square, known + 1));
    if known == 0 { 0.0 } else { (sum * places as f64 / known as f64).sqrt() }
}

/// An order in which like stand beside like: the leaves of a tree by average linkage, of two branches the one with the
/// earlier first member first.
fn cluster(n: usize, distance: impl Fn(usize, usize) -> f64) -> Vec<usize> {
    let mut condensed: Vec<f64> =
        (0..n).flat_map(|a| (a + 1..n).map(move |b| (a, b))).map(|(a, b)| distance(a, b)).collect();
    let tree = linkage(&mut condensed, n, Method::Average);
    let mut branches: Vec<Vec<usize>> = (0..n).map(|leaf| vec![leaf]).collect();
    for step in tree.steps() {
        let (a, b) = (std::mem::take(&mut branches[step.cluster1]), std::mem::take(&mut branches[step.cluster2]));
        let first = |branch: &[usize]| branch.iter().min().copied();
        let joined = if first(&a) < first(&b) { [a, b].concat() } else { [b, a].concat() };
        branches.push(joined);
    }
    branches.pop().unwrap_or_default()
}

/// The first matrix or table that is meant, as cells.
fn read(view: &View<'_>, options: &Options) -> Option<Shades> {
    let node = view.first();
    let kind = view.results.node(node).kind;
    let fits = |ty: Type| matches!(ty, Type::Matrix | Type::Table | Type::Rdm);
    let port = kind.outputs.iter().find(|out| view.port.map_or(fits(out.ty), |port| port == out.name))?;
    if port.ty == Type::Table {
        return of_table(&*view.results.table(node, port.name)?, options);
    }
    let stored = *view.results.outputs(node, port.name).first()?;
    if port.ty == Type::Rdm {
        return of_rdm(&view.results.rdm(stored)?, options.of.as_deref());
    }
    Some(of_matrix(&view.results.matrix(stored)?))
}

fn of_matrix(matrix: &Matrix) -> Shades {
    let (n, m) = (matrix.rows(), matrix.columns());
    let stimuli = matrix.about.stimuli.as_ref().filter(|stimuli| stimuli.len() == n);
    let rows = (0..n).map(|row| stimuli.map_or_else(|| (row + 1).to_string(), |all| all.get(row).name.to_string()));
    let columns = matrix.about.columns.clone().filter(|names| names.len() == m);
    Shades {
        called: [if stimuli.is_some() { "stimulus" } else { "row" }, "column", "value"].map(str::to_owned),
        rows: rows.collect(),
        columns: columns.unwrap_or_else(|| (1..=m).map(|at| at.to_string()).collect()),
        values: matrix.view().iter().map(|&x| f64::from(x)).collect(),
    }
}

/// One of several matrices, or the mean of those that are meant.
fn of_rdm(rdm: &Rdm, of: Option<&str>) -> Option<Shades> {
    let (n, known) = (rdm.about.stimuli.len(), &rdm.about.of);
    let meant = |one: &Of| {
        of.is_none_or(|of| [&one.name, &one.subject, &one.region].iter().any(|word| word.as_deref() == Some(of)))
    };
    let some: Vec<usize> = (0..known.len()).filter(|&at| meant(&known[at])).collect();
    let first = *some.first()?;
    let mut values = vec![0.0; n * n];
    for &at in &some {
        values.iter_mut().zip(rdm.square(at)).for_each(|(sum, value)| *sum += f64::from(value) / some.len() as f64);
    }
    let names: Vec<String> = rdm.about.stimuli.iter().map(|stimulus| stimulus.name.to_string()).collect();
    let value = match &some[..] {
        [_] => {
            known[first].words().map_or_else(|| "dissimilarity".to_owned(), |words| format!("dissimilarity ({words})"))
        }
        several => format!("dissimilarity (mean of {} matrices)", several.len()),
    };
    Some(Shades {
        called: ["stimulus".to_owned(), "stimulus".to_owned(), value],
        rows: names.clone(),
        columns: names,
        values,
    })
}

fn of_table(grid: &Grid, options: &Options) -> Option<Shades> {
    let words = || grid.columns.iter().filter(|column| matches!(column.cells, Cells::Words(_))).map(|c| &c.name);
    let rows = options.rows.clone().or_else(|| words().next().cloned())?;
    let columns = options.columns.clone().or_else(|| words().find(|name| **name != rows).cloned());
    let mut shades = Shades {
        called: [rows.clone(), columns.clone().unwrap_or_default(), String::new()],
        rows: names(grid, &rows)?,
        columns: Vec::new(),
        values: Vec::new(),
    };
    let mut known: BTreeMap<(String, String), f64> = BTreeMap::new();
    // Where a column says which measure a row is of, its mean is the value.
    let summary = [column::MEASURE, column::MEAN].iter().all(|name| grid.has(name)).then(|| column::MEAN.to_owned());
    let value = options.value.clone().or(summary).or_else(|| main_measure(grid))?;
    match &columns {
        Some(columns) => {
            shades.columns = names(grid, columns)?;
            for row in 0..grid.rows {
                let place = (grid.text(&rows, row).unwrap_or_default(), grid.text(columns, row).unwrap_or_default());
                known.entry(place).or_insert(grid.number(&value, row).unwrap_or(f64::NAN));
            }
            shades.called[2] = grid.measure(&value).axis();
        }
        None => {
            let numbers = grid.numeric().filter(|column| options.value.as_ref().is_none_or(|of| *of == column.name));
            shades.columns = numbers.map(|column| column.name.clone()).filter(|name| *name != rows).collect();
            for (row, of) in (0..grid.rows).flat_map(|row| shades.columns.iter().map(move |of| (row, of))) {
                let place = (grid.text(&rows, row).unwrap_or_default(), of.clone());
                known.entry(place).or_insert(grid.number(of, row).unwrap_or(f64::NAN));
            }
            shades.called[2] = "Value".to_owned();
        }
    }
    let cells = shades.rows.iter().flat_map(|row| shades.columns.iter().map(move |column| (row, column)));
    shades.values =
        cells.map(|(row, column)| *known.get(&(row.clone(), column.clone())).unwrap_or(&f64::NAN)).collect();
    Some(shades)
}

/// The values of a column in the order in which they first stand.
fn names(grid: &Grid, column: &str) -> Option<Vec<String>> {
    let mut names: Vec<String> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    grid.column(column)?;
    for name in (0..grid.rows).map(|row| grid.text(column, row).unwrap_or_default()) {
        if seen.insert(name.clone()) {
            names.push(name);
        }
    }
    Some(names)
}

/// How values become shades: of both signs around zero, two colours; else one, from the least to the greatest.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Scale {
    low: f64,
    high: f64,
}

impl Scale {
    fn is_signed(self) -> bool {
        self.low < 0.0 && self.high > 0.0
    }

    /// The colour of a value, and how strong it is, from 0 to 1.
    fn shade(self, x: f64) -> (Colour, f64) {
        if self.is_signed() {
            let most = self.high.max(-self.low);
            return (if x < 0.0 { Colour::Best } else { Colour::Main }, x.abs() / most);
        }
        (Colour::Main, if self.high > self.low { (x - self.low) / (self.high - self.low) } else { 0.5 })
    }

    /// As opacity: a cell with a value is never quite empty.
    fn alpha(self, x: f64) -> f64 {
        0.05 + 0.95 * self.shade(x).1.clamp(0.0, 1.0)
    }
}

fn figure(view: &View<'_>, given: Shades, order: Order) -> Figure {
    let shades = if order == Order::Clustered { given.clustered() } else { given };
    let (n, m) = (shades.rows.len(), shades.columns.len());
    let (low, high) = shades.range().unwrap_or((0.0, 0.0));
    let scale = Scale { low, high };
    let pictured = n * m > SHAPES;
    let panel = Panel {
        wide: cells(&shades, scale, (WIDE, "wide")),
        narrow: Some(cells(&shades, scale, (NARROW, "narrow"))),
        ..Panel::default()
    };
    let steps = Panel {
        wide: steps(&shades, scale, (WIDE, "wide")),
        narrow: Some(steps(&shades, scale, (NARROW, "narrow"))),
        ..Panel::default()
    };
    let id = &view.results.node(view.first()).id;
    let port = view.port.map(|port| format!(".{port}")).unwrap_or_default();
    Figure {
        title: view.title(|| format!("{}{port} as shades", id.name)),
        panels: vec![panel, steps],
        layout: "one",
        data: data(&shades),
        caption: caption(&shades, scale, order, pictured),
        nodes: vec![view.first()],
        ..Figure::default()
    }
}

fn caption(shades: &Shades, scale: Scale, order: Order, pictured: bool) -> String {
    let (n, m) = (shades.rows.len(), shades.columns.len());
    let mut text = format!("{} × {}", counted(n, "row"), counted(m, "column"));
    text += &match shades.range() {
        None => ", none with a value.".to_owned(),
        Some((low, high)) if low == high => format!(", all {}.", general(low)),
        Some((low, high)) => format!(", from {} to {}.", general(low), general(high)),
    };
    if scale.is_signed() {
        text += " One colour below zero, another above; stronger is further from it.";
    }
    let missing = shades.values.iter().filter(|x| !x.is_finite()).count();
    if missing > 0 {
        text += &format!(" {} without a value left empty.", counted(missing, "cell"));
    }
    if order == Order::Clustered {
        text += " Like beside like: average linkage of Euclidean distances.";
        if n.max(m) > CLUSTERED {
            text += &format!(" More than {} stand as given.", count(CLUSTERED));
        }
    }
    if pictured {
        let (_, (tall, wide)) = shades.blocks(PIXELS);
        if tall * wide > 1 {
            text += &format!(" A pixel is the mean of {tall} × {wide} cells.");
        }
        text += " Blocks tell their means.";
    }
    if n * m > NUMBERS {
        text += " Its numbers are too many for a page; the command ventral show prints them.";
    }
    text
}

fn data(shades: &Shades) -> Data {
    let [row, column, value] = &shades.called;
    let or = |name: &String, other: &str| if name.is_empty() { other.to_owned() } else { name.clone() };
    let mut data = Data::of([or(row, "row"), or(column, "column"), or(value, "value").to_lowercase()]);
    if shades.values.len() <= NUMBERS {
        for (at, row) in shades.rows.iter().enumerate() {
            for (place, column) in shades.columns.iter().enumerate() {
                data.row([row.clone(), column.clone(), cell(shades.at(at, place))]);
            }
        }
    }
    data
}

/// An axis over names, of which as many are written as there is room for; over numbers where they are too many.
fn axis(names: &[String], room: f64, each: f64) -> Axis {
    if names.len() > NAMES {
        return Axis::tight(0.0, names.len() as f64, 6);
    }
    let every = (each / (room / names.len().max(1) as f64)).ceil().max(1.0) as usize;
    let labels = names.iter().enumerate().map(|(at, name)| (at % every == 0, name));
    let fit = |name: &str| shortened(name, TEXT, (room / names.len() as f64 * every as f64 - 6.0).max(each));
    Axis::bands(&labels.map(|(shown, name)| if shown { fit(name) } else { String::new() }).collect::<Vec<_>>())
}

fn cells(shades: &Shades, scale: Scale, (width, class): (u32, &str)) -> String {
    let (n, m) = (shades.rows.len(), shades.columns.len());
    let most = if width > 500 { 560.0 } else { 330.0 };
    let tall = (n as f64 * (f64::from(width) * 0.75 / m as f64).clamp(3.0, 34.0)).clamp(34.0, most);
    let down: Vec<String> = shades.rows.iter().map(|name| shortened(name, TEXT, f64::from(width) * 0.28)).collect();
    let rows = if n > NAMES { Axis::tight(0.0, n as f64, 6) } else { axis_down(&down, tall) };
    let [row, column, value] = shades.called.each_ref().map(|name| capital(&name.replace('_', " ")));
    let frame = Frame {
        width,
        height: (74.0 + tall) as u32,
        x: axis(&shades.columns, f64::from(width) * 0.68, 60.0),
        y: rows.reversed(),
        x_title: &column,
        y_title: &row,
        right: 8.0,
        top: 0.0,
    };
    let alt = format!("{value} of {} by {}.", counted(n, "row"), counted(m, "column"));
    draw(frame, &alt, class, |pen| {
        if n * m > SHAPES {
            picture(pen, shades, scale, if width > 500 { PIXELS } else { PIXELS / 2 });
            return;
        }
        for (y, name) in shades.rows.iter().enumerate() {
            for (x, other) in shades.columns.iter().enumerate() {
                let at = shades.at(y, x);
                let (from, to) = ((x as f64 - 0.5, y as f64 - 0.5), (x as f64 + 0.5, y as f64 + 0.5));
                let told = if at.is_finite() { general(at) } else { "no value".to_owned() };
                pen.mark(&format!("{name}, {other} · {told}"), None, |pen| match at.is_finite() {
                    true => pen.bar(from, to, scale.shade(at).0, scale.alpha(at)),
                    false => pen.bar(from, to, Colour::Paper, 1.0),
                });
            }
        }
    })
}

/// The vertical axis: names stand below one another, a line each.
fn axis_down(names: &[String], tall: f64) -> Axis {
    let every = (14.0 / (tall / names.len().max(1) as f64)).ceil().max(1.0) as usize;
    let shown = |(at, name): (usize, &String)| if at % every == 0 { name.clone() } else { String::new() };
    Axis::bands(&names.iter().enumerate().map(shown).collect::<Vec<_>>())
}

/// Many cells as pixels, with blocks that say what their mean is.
fn picture(pen: &mut Pen<'_>, shades: &Shades, scale: Scale, side: usize) {
    let (n, m) = (shades.rows.len(), shades.columns.len());
    // Names stand in the middle of their cells, numbers at their edges.
    let shift = |count: usize| if count > NAMES { 0.0 } else { -0.5 };
    let (left, top) = (shift(m), shift(n));
    let (pixels, _) = shades.blocks(side);
    for colour in [Colour::Main, Colour::Best].into_iter().take(if scale.is_signed() { 2 } else { 1 }) {
        let alpha = |x: &f64| if x.is_finite() && scale.shade(*x).0 == colour { scale.alpha(*x) } else { 0.0 };
        let shown: Vec<Vec<f64>> = pixels.iter().map(|row| row.iter().map(alpha).collect()).collect();
        pen.pixels((left, top), (left + m as f64, top + n as f64), colour, &shown);
    }
    let (blocks, (tall, wide)) = shades.blocks(BLOCKS);
    for (y, row) in blocks.iter().enumerate() {
        for (x, mean) in row.iter().enumerate().filter(|(_, mean)| mean.is_finite()) {
            let (rows, columns) = ((y * tall, ((y + 1) * tall).min(n)), (x * wide, ((x + 1) * wide).min(m)));
            let text = format!(
                "rows {} to {}, columns {} to {} · mean {}",
                rows.0 + 1,
                rows.1,
                columns.0 + 1,
                columns.1,
                general(*mean)
            );
            let corner = |x: usize, y: usize| (left + x as f64, top + y as f64);
            pen.mark(&text, None, |pen| {
                pen.bar(corner(columns.0, rows.0), corner(columns.1, rows.1), Colour::Paper, 0.0);
            });
        }
    }
}

/// The scale: which shade is which value.
fn steps(shades: &Shades, scale: Scale, (width, class): (u32, &str)) -> String {
    let Scale { low, high } = scale;
    let (from, to) = if high > low { (low, high) } else { (low - 0.5, low + 0.5) };
    let title = capital(&shades.called[2]);
    let frame = Frame {
        width,
        height: 74,
        x: Axis::tight(from, to, if width < 500 { 4 } else { 8 }),
        y: Axis::bands(&[]),
        x_title: &title,
        y_title: "",
        right: 8.0,
        top: 0.0,
    };
    let parts = 48;
    let at = |part: usize| from + (to - from) * part as f64 / parts as f64;
    draw(frame, &format!("Shades from {} to {}.", general(low), general(high)), class, |pen| {
        for part in 0..parts {
            let middle = (at(part) + at(part + 1)) / 2.0;
            pen.bar((at(part), -0.5), (at(part + 1), 0.5), scale.shade(middle).0, scale.alpha(middle));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shades(rows: usize, values: &[f64]) -> Shades {
        let columns = values.len() / rows;
        let names = |count: usize, of: &str| (0..count).map(|at| format!("{of}{at}")).collect();
        Shades {
            called: ["row", "column", "value"].map(str::to_owned),
            rows: names(rows, "r"),
            columns: names(columns, "c"),
            values: values.to_vec(),
        }
    }

    fn markup(shades: &Shades) -> String {
        let (low, high) = shades.range().unwrap_or((0.0, 0.0));
        cells(shades, Scale { low, high }, (WIDE, "wide"))
    }

    #[test]
    fn like_stands_beside_like() {
        // By hand: 0 and 2 are 1 apart, 1 and 3 are 1 apart, the pairs 10 on average.
        assert_eq!(shades(4, &[0.0, 10.0, 1.0, 11.0]).clustered().values, [0.0, 1.0, 10.0, 11.0]);
        assert_eq!(shades(1, &[3.0]).clustered().values, [3.0]);
        // Distances among three things, the first and the last alike: rows and columns go together.
        let distances = shades(3, &[0.0, 5.0, 1.0, 5.0, 0.0, 6.0, 1.0, 6.0, 0.0]).clustered();
        assert_eq!(distances.rows, ["r0", "r2", "r1"]);
        assert_eq!(distances.columns, ["c0", "c2", "c1"]);
        assert_eq!(distances.values, [0.0, 1.0, 5.0, 1.0, 0.0, 6.0, 5.0, 6.0, 0.0]);
    }

    #[test]
    fn cells_without_values_neither_part_nor_join() {
        let odd = shades(3, &[f64::NAN, f64::NAN, 0.0, 1.0, 0.0, f64::NAN]);
        assert_eq!(odd.clustered().rows.len(), 3);
        assert_eq!(odd.range(), Some((0.0, 1.0)));
        assert!(markup(&odd).contains("r0, c1 · no value"));
        assert_eq!(shades(1, &[f64::NAN]).range(), None);
        let text = caption(&shades(1, &[f64::NAN, 2.0]), Scale { low: 2.0, high: 2.0 }, Order::Given, false);
        assert_eq!(text, "1 row × 2 columns, all 2. 1 cell without a value left empty.");
    }

    #[test]
    fn shades_tell_sign_and_size() {
        let signed = Scale { low: -1.0, high: 2.0 };
        assert_eq!(signed.shade(-1.0), (Colour::Best, 0.5));
        assert_eq!(signed.shade(2.0), (Colour::Main, 1.0));
        assert_eq!(Scale { low: 3.0, high: 3.0 }.shade(3.0), (Colour::Main, 0.5));
        assert_eq!(Scale { low: 1.0, high: 3.0 }.shade(1.0), (Colour::Main, 0.0));
        assert!(markup(&shades(1, &[0.25])).contains("r0, c0 · .25"));
    }

    #[test]
    fn many_cells_are_a_picture_of_bounded_size() {
        let side = 2_592;
        let values: Vec<f64> = (0..side * side).map(|at| (at % side) as f64 - (at / side) as f64).collect();
        let large = shades(side, &values);
        let page = markup(&large);
        assert!(page.len() < 1_500_000, "{} bytes", page.len());
        assert!(page.contains("rows 1 to 72, columns 1 to 72 · mean 0"));
        let (blocks, size) = large.blocks(PIXELS);
        assert_eq!((blocks.len(), blocks[0].len(), size), (432, 432, (6, 6)));
        assert_eq!(blocks[0][1], 6.0);
        assert_eq!(data(&large).len(), 0);
        let text = caption(&large, Scale { low: -2_591.0, high: 2_591.0 }, Order::Given, true);
        assert!(text.contains(" A pixel is the mean of 6 × 6 cells. Blocks tell their means."), "{text}");
        assert_eq!(large.ordered(&[1], &[0, 2]).values, [-1.0, 1.0]);
    }
}

//! Shades drawn: cells that can be pointed at, or pixels where they are many, and the scale beside them.

use plotters::style::text_anchor::{HPos, VPos};

use crate::report::charts::shades::Shades;
use crate::report::draw::axis::Axis;
use crate::report::draw::data::{Data, cell};
use crate::report::draw::figure::{Face, Frame, PRINT, Panel, Pen, TEXT, draw};
use crate::report::draw::medium::Medium;
use crate::report::draw::number::{counted, general, score};
use crate::report::draw::svg::{Colour, shortened, text_width};
use crate::report::read::measure::capital;

/// Beyond these, cells are no shapes that can be pointed at but pixels of a picture.
const SHAPES: usize = 4_096;
/// Pixels of that picture along a side; of more rows or columns, several share one by their mean.
const PIXELS: usize = 432;
/// Blocks of a picture along a side that can be pointed at.
const BLOCKS: usize = 36;
/// Beyond these, the page brings no numbers along.
const NUMBERS: usize = 100_000;
/// Names beyond these are counted instead.
const NAMES: usize = 400;
/// Pixels that a number in a cell needs.
const ROOM: f64 = 44.0;
/// The strongest shade of cells in which numbers stand.
const READABLE: f64 = 0.62;

/// How values become shades: of both signs around zero, two colours; else one, from the least to the greatest.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Scale {
    low: f64,
    high: f64,
    /// The strongest shade.
    most: f64,
    falling: bool,
}

impl Scale {
    fn of(shades: &Shades, numbered: bool) -> Self {
        let (low, high) = shades.range().unwrap_or((0.0, 0.0));
        Self { low, high, most: if numbered { READABLE } else { 1.0 }, falling: shades.falling }
    }

    fn is_signed(self) -> bool {
        self.low < 0.0 && self.high > 0.0
    }

    /// The colour of a value, and how strong it is, from 0 to 1.
    fn shade(self, x: f64) -> (Colour, f64) {
        if self.is_signed() {
            let most = self.high.max(-self.low);
            return (if x < 0.0 { Colour::Best } else { Colour::Main }, x.abs() / most);
        }
        let strength = if self.high > self.low { (x - self.low) / (self.high - self.low) } else { 0.5 };
        (Colour::Main, if self.falling { 1.0 - strength } else { strength })
    }

    /// As opacity: a cell with a value is never quite empty.
    fn alpha(self, x: f64) -> f64 {
        self.most * (0.05 + 0.95 * self.shade(x).1.clamp(0.0, 1.0))
    }
}

/// The cells and the scale; with numbers in cells that have room for them.
pub fn panels(shades: &Shades, numbered: bool, medium: Medium) -> Vec<Panel> {
    let scale = Scale::of(shades, numbered);
    vec![medium.both(|size| cells(shades, scale, numbered, size)), medium.both(|size| steps(shades, scale, size))]
}

/// How many cells there are, from where to where, and what is said of their order.
pub fn caption(shades: &Shades, order: &str) -> String {
    let (scale, print) = (Scale::of(shades, false), printer(shades));
    let (n, m) = (shades.rows.len(), shades.columns.len());
    let mut text = format!("{} × {}", counted(n, "row"), counted(m, "column"));
    text += &match shades.range() {
        None => ", none with a value.".to_owned(),
        Some((low, high)) if low == high => format!(", all {}.", print(low)),
        Some((low, high)) => format!(", from {} to {}.", print(low), print(high)),
    };
    if scale.is_signed() {
        text += " One colour below zero, another above; stronger is further from it.";
    }
    let missing = shades.values.iter().filter(|x| !x.is_finite()).count();
    if missing > 0 {
        text += &format!(" {} without a value left empty.", counted(missing, "cell"));
    }
    text += order;
    if n * m > SHAPES {
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

/// How values are printed.
fn printer(shades: &Shades) -> fn(f64) -> String {
    if shades.share { score } else { general }
}

/// A row per cell; none where they are too many for a page.
pub fn data(shades: &Shades) -> Data {
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

/// Pixels for a name along an axis: in print, where nobody can point at what is cut off, what the longest takes.
pub fn each(names: &[String], (room, class): (f64, &str), page: f64) -> f64 {
    if class != PRINT {
        return page;
    }
    let longest = names.iter().map(|name| text_width(name, TEXT)).fold(0.0, f64::max);
    (longest * 1.12 + 8.0).clamp(page, (room / 2.0).max(page))
}

/// An axis over names, of which as many are written as there is room for; over numbers where they are too many.
pub fn axis(names: &[String], room: f64, each: f64) -> Axis {
    if names.len() > NAMES {
        return Axis::tight(0.0, names.len() as f64, 6);
    }
    let every = (each / (room / names.len().max(1) as f64)).ceil().max(1.0) as usize;
    let labels = names.iter().enumerate().map(|(at, name)| (at % every == 0, name));
    let fit = |name: &str| shortened(name, TEXT, (room / names.len() as f64 * every as f64 - 6.0).max(each));
    Axis::bands(&labels.map(|(shown, name)| if shown { fit(name) } else { String::new() }).collect::<Vec<_>>())
}

fn cells(shades: &Shades, scale: Scale, numbered: bool, (width, class): (u32, &str)) -> String {
    let (n, m) = (shades.rows.len(), shades.columns.len());
    let most = if width > 500 { 560.0 } else { 330.0 };
    let tall = (n as f64 * (f64::from(width) * 0.75 / m as f64).clamp(3.0, 34.0)).clamp(34.0, most);
    let down: Vec<String> = shades.rows.iter().map(|name| shortened(name, TEXT, f64::from(width) * 0.28)).collect();
    let rows = match &shades.row_groups {
        Some(groups) => grouped(groups, tall, |name| (shortened(name, TEXT, f64::from(width) * 0.28), 14.0)),
        None if n > NAMES => Axis::tight(0.0, n as f64, 6),
        None => axis_down(&down, tall),
    };
    let across = f64::from(width) * 0.68;
    let columns = match &shades.column_groups {
        Some(groups) => grouped(groups, across, |name| (name.to_owned(), text_width(name, TEXT) + 6.0)),
        None => axis(&shades.columns, across, each(&shades.columns, (across, class), 60.0)),
    };
    let fits = numbered && across / m.max(1) as f64 >= ROOM;
    let print = printer(shades);
    let [row, column, value] = shades.called.each_ref().map(|name| capital(&name.replace('_', " ")));
    let frame = Frame {
        width,
        height: (74.0 + tall) as u32,
        x: columns,
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
            borders(pen, shades);
            return;
        }
        for (y, x) in (0..n).flat_map(|y| (0..m).map(move |x| (y, x))) {
            let at = shades.at(y, x);
            let (from, to) = ((x as f64 - 0.5, y as f64 - 0.5), (x as f64 + 0.5, y as f64 + 0.5));
            let told = if at.is_finite() { print(at) } else { "no value".to_owned() };
            pen.mark(&format!("{} · {told}", shades.named(y, x)), None, |pen| match at.is_finite() {
                true => {
                    pen.bar(from, to, scale.shade(at).0, scale.alpha(at));
                    if fits {
                        let face = Face::of(Colour::Ink).at(HPos::Center, VPos::Center);
                        pen.text((x as f64, y as f64), (0.0, 0.0), &told, face);
                    }
                }
                false => pen.bar(from, to, Colour::Paper, 1.0),
            });
        }
        borders(pen, shades);
    })
}

/// Lines between categories.
fn borders(pen: &mut Pen<'_>, shades: &Shades) {
    let (n, m) = (shades.rows.len() as f64, shades.columns.len() as f64);
    for at in edges(shades.row_groups.as_deref().unwrap_or_default()) {
        pen.line(vec![(-0.5, at), (m - 0.5, at)], Colour::Paper, 1.5);
    }
    for at in edges(shades.column_groups.as_deref().unwrap_or_default()) {
        pen.line(vec![(at, -0.5), (at, n - 0.5)], Colour::Paper, 1.5);
    }
}

/// Where one category ends and the next begins.
fn edges(groups: &[String]) -> Vec<f64> {
    let pairs = groups.windows(2).enumerate().filter(|(_, pair)| pair[0] != pair[1]);
    pairs.map(|(at, _)| at as f64 + 0.5).collect()
}

/// An axis with the name of each category in its middle, as far as there is room: `fit` says what is written and how many pixels that needs.
fn grouped(groups: &[String], room: f64, fit: impl Fn(&str) -> (String, f64)) -> Axis {
    let count = groups.len();
    let ends: Vec<f64> = [-0.5].into_iter().chain(edges(groups)).chain([count as f64 - 0.5]).collect();
    let each = room / count.max(1) as f64;
    let mut free = f64::NEG_INFINITY;
    let mut ticks = Vec::new();
    for ends in ends.windows(2) {
        let middle = (ends[0] + ends[1]) / 2.0;
        let (text, needs) = fit(&groups[(ends[0] + 0.5) as usize]);
        if middle * each - needs / 2.0 >= free {
            free = middle * each + needs / 2.0;
            ticks.push((middle, text));
        }
    }
    Axis::named(ticks, count)
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
    let shift = |count: usize, grouped: bool| if count > NAMES && !grouped { 0.0 } else { -0.5 };
    let (left, top) = (shift(m, shades.column_groups.is_some()), shift(n, shades.row_groups.is_some()));
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
                printer(shades)(*mean)
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
    let (Scale { low, high, .. }, print) = (scale, printer(shades));
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
    draw(frame, &format!("Shades from {} to {}.", print(low), print(high)), class, |pen| {
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
            ..Shades::default()
        }
    }

    fn markup(shades: &Shades) -> String {
        cells(shades, Scale::of(shades, false), false, (880, "wide"))
    }

    #[test]
    fn cells_without_values_are_left_empty_and_counted() {
        assert!(markup(&shades(3, &[f64::NAN, f64::NAN, 0.0, 1.0, 0.0, f64::NAN])).contains("r0, c1 · no value"));
        let text = caption(&shades(1, &[f64::NAN, 2.0]), "");
        assert_eq!(text, "1 row × 2 columns, all 2. 1 cell without a value left empty.");
    }

    #[test]
    fn shades_tell_sign_and_size() {
        let signed = Scale { low: -1.0, high: 2.0, most: 1.0, falling: false };
        assert_eq!(signed.shade(-1.0), (Colour::Best, 0.5));
        assert_eq!(signed.shade(2.0), (Colour::Main, 1.0));
        assert_eq!(Scale { low: 3.0, high: 3.0, most: 1.0, falling: false }.shade(3.0), (Colour::Main, 0.5));
        assert_eq!(Scale { low: 1.0, high: 3.0, most: 1.0, falling: true }.shade(1.0), (Colour::Main, 1.0));
        assert!(markup(&shades(1, &[0.25])).contains("r0, c0 · .25"));
        let share = Shades { share: true, ..shades(1, &[0.25]) };
        assert!(markup(&share).contains("r0, c0 · .250") && !markup(&share).contains(">.250</text>"));
        assert!(panels(&share, true, Medium::Page)[0].wide.contains(">.250</text>"));
    }

    #[test]
    fn many_cells_are_a_picture_of_bounded_size() {
        let side = 2_592;
        let values: Vec<f64> = (0..side * side).map(|at| (at % side) as f64 - (at / side) as f64).collect();
        let large = shades(side, &values);
        let page = markup(&large);
        assert!(page.len() < 1_500_000, "{} bytes", page.len());
        assert!(page.contains("rows 1 to 72, columns 1 to 72 · mean 0"));
        assert_eq!(data(&large).len(), 0);
        let text = caption(&large, "");
        assert!(text.contains(" A pixel is the mean of 6 × 6 cells. Blocks tell their means."), "{text}");
    }

    #[test]
    fn categories_are_named_in_their_middle_and_parted_by_lines() {
        let groups = ["a", "a", "b", "b", "b"].map(str::to_owned);
        assert_eq!(edges(&groups), [1.5]);
        let axis = grouped(&groups, 100.0, |name| (name.to_owned(), 10.0));
        assert_eq!(axis.labels().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(axis.ends(), (-0.5, 4.5));
        let tight = grouped(&groups, 20.0, |name| (name.to_owned(), 19.0));
        assert_eq!(tight.labels().collect::<Vec<_>>(), ["a"], "what has no room is left out");
    }
}

//! A figure put together: its letter, title and legend above its panels, which stand side by side where there is room.

use crate::report::draw::figure::{Figure, Panel};
use crate::report::draw::medium::GAP;
use crate::report::draw::svg::{shortened, text_width};
use crate::report::print::markup::{Picture, thumbnail};
use crate::report::print::shape::{Anchor, Drawing, Fill, Place, Shape, Text};
use crate::report::print::style::{MM, Style};

/// A line of text takes so many times its size.
const LINE: f64 = 1.35;
/// A plot is no lower than this, in times the size of the text.
const LOWEST: f64 = 4.0;
/// Letters may be wider than they are taken for by so much.
const WIDER: f64 = 1.12;
/// Thumbnails side by side.
const THUMBNAILS: usize = 8;

/// The drawing of a figure whose charts were drawn for print; an error says why it does not fit.
pub fn layout(figure: &Figure, style: &Style, letter: Option<&str>) -> Result<Drawing, String> {
    let margin = style.margin();
    let mut page = Page { style, y: 0.0, shapes: Vec::new() };
    page.head(figure, letter);
    let blocks: Vec<Block> = figure.panels.iter().map(|panel| Block::of(panel, style)).collect::<Result<_, _>>()?;
    let widest = blocks.iter().map(|block| block.picture.width).fold(1.0, f64::max);
    let gap = GAP * style.scale();
    let columns = match figure.layout {
        "one" => 1,
        _ => (((style.room() + gap) / (widest + gap) + 1e-6).floor() as usize).max(1),
    };
    let rows: Vec<&[Block]> = blocks.chunks(columns).collect();
    let factor = match style.height {
        Some(height) => stretch(&rows, height - 2.0 * margin - page.y, style)?,
        None => 1.0,
    };
    for (at, row) in rows.iter().enumerate() {
        if at > 0 {
            page.y += between(style);
        }
        let below = row.iter().enumerate().map(|(column, block)| {
            let x = column as f64 * (widest + gap);
            page.block(block, (x, page.y), factor)
        });
        page.y = below.collect::<Vec<f64>>().into_iter().fold(page.y, f64::max);
    }
    let height = style.height.unwrap_or(page.y + 2.0 * margin);
    let shapes = page.shapes.into_iter().map(|shape| shape.moved((margin, margin))).collect();
    Ok(Drawing { width: style.width, height, title: figure.title.clone(), shapes })
}

/// Points between rows of panels.
fn between(style: &Style) -> f64 {
    style.size * 1.1
}

/// By how much plots are to be stretched, so that rows are so high together.
fn stretch(rows: &[&[Block]], room: f64, style: &Style) -> Result<f64, String> {
    let tallest = |row: &&[Block]| {
        let of = |block: &Block| (block.height(), block.picture.plot.1 - block.picture.plot.0);
        row.iter().map(of).fold((0.0, 0.0), |a, b| if b.0 > a.0 { b } else { a })
    };
    let heights: Vec<(f64, f64)> = rows.iter().map(tallest).collect();
    let natural = heights.iter().map(|height| height.0).sum::<f64>() + between(style) * (rows.len().max(1) - 1) as f64;
    let plots: f64 = heights.iter().map(|height| height.1).sum();
    let least = heights.iter().filter(|height| height.1 > 0.0).map(|height| height.1).fold(f64::INFINITY, f64::min);
    let factor = (plots + room - natural) / plots;
    let floor = LOWEST * style.size / least;
    if plots > 0.0 && factor.is_finite() && factor >= floor {
        return Ok(factor);
    }
    let asked = style.height.unwrap_or_default();
    Err(match plots > 0.0 {
        true => format!(
            "a height of {} mm is too little: with text of {} pt this figure needs at least {} mm at a width of {} mm",
            millimetres(asked),
            style.size,
            ((asked + natural - room - plots * (1.0 - floor)) / MM).ceil(),
            millimetres(style.width)
        ),
        false => "this figure has no plot that a height could stretch; leave the height out".to_owned(),
    })
}

/// Points as millimetres, to a tenth.
pub fn millimetres(points: f64) -> String {
    let tenths = (points / MM * 10.0).round() / 10.0;
    format!("{tenths}")
}

/// A panel with what stands above it.
struct Block {
    heading: String,
    note: String,
    picture: Picture,
    /// Points that heading and note take.
    above: f64,
}

impl Block {
    fn of(panel: &Panel, style: &Style) -> Result<Self, String> {
        let picture = match (panel.pictures.is_empty(), panel.wide.is_empty()) {
            (false, _) => thumbnails(panel, style),
            (true, true) => Picture::default(),
            (true, false) => Picture::read(&panel.wide, style)?,
        };
        let lines = [&panel.heading, &panel.note].iter().filter(|text| !text.is_empty()).count();
        let above = lines as f64 * LINE * style.size + if lines > 0 { 0.4 * style.size } else { 0.0 };
        Ok(Self { heading: panel.heading.clone(), note: panel.note.clone(), picture, above })
    }

    fn height(&self) -> f64 {
        self.above + self.picture.height
    }
}

/// Thumbnails side by side, each with what stands below it.
fn thumbnails(panel: &Panel, style: &Style) -> Picture {
    let gap = 0.4 * style.size;
    let columns = THUMBNAILS.min(panel.pictures.len()).max(1);
    let side = (style.room() + gap) / columns as f64 - gap;
    let told = panel.pictures.iter().any(|picture| !picture.below.is_empty());
    let step = side + gap + if told { LINE * style.size } else { 0.0 };
    let mut shapes = Vec::new();
    for (at, picture) in panel.pictures.iter().enumerate() {
        let corner = ((at % columns) as f64 * (side + gap), (at / columns) as f64 * step);
        let pixels = thumbnail(&picture.address);
        shapes.extend(pixels.map(|pixels| Shape::Picture { corner, size: (side, side), pixels }));
        if !picture.below.is_empty() {
            let place = (corner.0 + side / 2.0, corner.1 + side + style.size);
            shapes.push(text(style, place, &picture.below, (Anchor::Middle, false)));
        }
    }
    let height = panel.pictures.len().div_ceil(columns) as f64 * step;
    Picture { width: style.room(), height, plot: (0.0, 0.0), shapes }
}

fn text(style: &Style, at: Place, words: &str, (anchor, bold): (Anchor, bool)) -> Shape {
    let colour = style.palette.ink;
    Shape::Text(Text { at, anchor, size: style.size, bold, turned: 0.0, colour, text: words.to_owned() })
}

struct Page<'a> {
    style: &'a Style,
    /// Points from the top to what comes next.
    y: f64,
    shapes: Vec<Shape>,
}

impl Page<'_> {
    /// The letter, the title and the legend, as far as they are there.
    fn head(&mut self, figure: &Figure, letter: Option<&str>) {
        let (size, mut left) = (self.style.size, 0.0);
        let mut below: f64 = 0.0;
        if let Some(letter) = letter {
            let tall = self.style.letter;
            let Shape::Text(face) = text(self.style, (0.0, 0.8 * tall), letter, (Anchor::Start, true)) else { return };
            self.shapes.push(Shape::Text(Text { size: tall, ..face }));
            left = text_width(letter, tall) + 0.9 * size;
            below = tall;
        }
        if self.style.title && !figure.title.is_empty() {
            for line in wrapped(&figure.title, size * WIDER, self.style.room() - left) {
                self.shapes.push(text(self.style, (left, self.y + size * 0.9), &line, (Anchor::Start, true)));
                self.y += LINE * size;
            }
        }
        self.legend(figure, left);
        self.y = self.y.max(below);
        if self.y > 0.0 {
            self.y += 0.5 * size;
        }
    }

    /// What colours stand for, in as many lines as it takes.
    fn legend(&mut self, figure: &Figure, left: f64) {
        if figure.legend.is_empty() {
            return;
        }
        let (size, end) = (self.style.size, self.style.room());
        let (swatch, gap) = (1.4 * size, 1.1 * size);
        let mut x = left;
        if !figure.legend_title.is_empty() {
            self.shapes.push(text(self.style, (x, self.y + size * 0.9), &figure.legend_title, (Anchor::Start, false)));
            x += text_width(&figure.legend_title, size) * WIDER + gap;
        }
        for (class, name) in &figure.legend {
            let name = shortened(name, size * WIDER, end - left - swatch - size);
            let needs = swatch + 0.5 * size + text_width(&name, size) * WIDER;
            if x > left && x + needs > end {
                x = left;
                self.y += LINE * size;
            }
            let (top, bottom) = (self.y + 0.42 * size, self.y + 0.76 * size);
            let points = vec![(x, top), (x + swatch, top), (x + swatch, bottom), (x, bottom)];
            let fill = Fill { colour: self.style.palette.of(class), opacity: 1.0 };
            self.shapes.push(Shape::Area { points, fill });
            let place = (x + swatch + 0.5 * size, self.y + size * 0.9);
            self.shapes.push(text(self.style, place, &name, (Anchor::Start, false)));
            x += needs + gap;
        }
        self.y += LINE * size;
    }

    /// Puts a panel there; gives where it ends.
    fn block(&mut self, block: &Block, (x, top): Place, factor: f64) -> f64 {
        let size = self.style.size;
        let room = if block.picture.width > 0.0 { block.picture.width } else { self.style.room() };
        let mut y = top;
        for (words, bold) in [(&block.heading, true), (&block.note, false)] {
            if !words.is_empty() {
                let fits = shortened(words, size * WIDER, room);
                self.shapes.push(text(self.style, (x, y + size * 0.9), &fits, (Anchor::Start, bold)));
                y += LINE * size;
            }
        }
        let picture = block.picture.clone().stretched(factor);
        self.shapes.extend(picture.shapes.into_iter().map(|shape| shape.moved((x, top + block.above))));
        top + block.above + picture.height
    }
}

/// Words in lines of a width.
fn wrapped(words: &str, size: f64, width: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in words.split_whitespace() {
        match lines.last_mut() {
            Some(line) if text_width(&format!("{line} {word}"), size) <= width => *line = format!("{line} {word}"),
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

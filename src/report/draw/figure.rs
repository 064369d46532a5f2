//! A chart's frame and the pen that draws data into it, both on plotters.

use std::convert::Infallible;

use plotters::chart::{ChartBuilder, ChartContext};
use plotters::coord::cartesian::Cartesian2d;
use plotters::drawing::{DrawingAreaErrorKind, IntoDrawingArea};
use plotters::element::{Circle, EmptyElement, PathElement, Polygon, Rectangle, Text};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontDesc, FontFamily, FontStyle, FontTransform, TextStyle};

use crate::plan::NodeIndex;
use crate::report::draw::axis::Axis;
use crate::report::draw::data::Data;
use crate::report::draw::svg::{Colour, FINE, Svg, text_width};

/// Pixels of a chart that fills the page's column.
pub const WIDE: u32 = 880;
/// Pixels of the same chart on a phone.
pub const NARROW: u32 = 360;
/// Pixels of a panel among others.
pub const PANEL: u32 = 420;
/// The class of a chart that is drawn for print.
pub const PRINT: &str = "print";
/// The size of text in charts, in pixels.
pub const TEXT: f64 = 12.5;

/// A chart in the page: one or more panels, what they show, and where the numbers come from.
#[derive(Clone, Debug, Default)]
pub struct Figure {
    pub title: String,
    /// The chart's name in a recipe.
    pub chart: &'static str,
    pub panels: Vec<Panel>,
    /// How panels stand: `one`, `pair` or `grid`.
    pub layout: &'static str,
    /// What the colours tell apart, such as a swept variable; empty where their names say it.
    pub legend_title: String,
    /// Classes of colours, and what they stand for.
    pub legend: Vec<(String, String)>,
    /// The numbers that are drawn.
    pub data: Data,
    /// What is drawn, n, and what error bars are; sentences.
    pub caption: String,
    /// The definition of the score; empty where the chart shows none.
    pub definition: String,
    /// The nodes that made the numbers.
    pub nodes: Vec<NodeIndex>,
    /// Shows pictures that are never published.
    pub private: bool,
}

/// A picture, in the widths it has.
#[derive(Clone, Debug, Default)]
pub struct Panel {
    pub heading: String,
    pub note: String,
    /// Markup, everything in it escaped.
    pub wide: String,
    /// The same for a phone, where it differs.
    pub narrow: Option<String>,
    /// What the markup shows, where it is thumbnails and no chart.
    pub pictures: Vec<Picture>,
}

/// A thumbnail, and what stands below it.
#[derive(Clone, Debug, Default)]
pub struct Picture {
    /// As a `data:` address.
    pub address: String,
    pub below: String,
}

/// The size, axes and titles of a chart.
pub struct Frame<'a> {
    pub width: u32,
    pub height: u32,
    pub x: Axis,
    pub y: Axis,
    pub x_title: &'a str,
    pub y_title: &'a str,
    /// Room to the right of the plot, for labels.
    pub right: f64,
    /// Room between the vertical axis's title and the plot, for labels.
    pub top: f64,
}

/// Draws into a chart in the coordinates of its axes.
pub struct Pen<'a> {
    chart: ChartContext<'a, Svg, Cartesian2d<Axis, Axis>>,
    svg: Svg,
}

/// How a text looks, and on which side of its place it stands.
#[derive(Clone, Copy)]
pub struct Face {
    pub colour: Colour,
    pub size: f64,
    pub bold: bool,
    /// Whether it runs downwards.
    pub turned: bool,
    pub h: HPos,
    pub v: VPos,
}

impl Face {
    /// Centred text of a colour.
    pub fn of(colour: Colour) -> Self {
        Self { colour, size: TEXT, bold: false, turned: false, h: HPos::Center, v: VPos::Center }
    }

    /// The same on another side of its place.
    #[must_use]
    pub fn at(self, h: HPos, v: VPos) -> Self {
        Self { h, v, ..self }
    }

    /// The same in bold.
    #[must_use]
    pub fn bold(self) -> Self {
        Self { bold: true, ..self }
    }

    /// The same turned by a right angle, its head to the right.
    #[must_use]
    pub fn turned(self) -> Self {
        Self { turned: true, ..self }
    }

    fn style(self) -> TextStyle<'static> {
        let style = if self.bold { FontStyle::Bold } else { FontStyle::Normal };
        let turn = if self.turned { FontTransform::Rotate90 } else { FontTransform::None };
        let font = FontDesc::new(FontFamily::SansSerif, self.size * f64::from(FINE), style).transform(turn);
        TextStyle { font, color: self.colour.color().to_backend_color(), pos: Pos::new(self.h, self.v) }
    }
}

/// Draws the axes, then what `paint` adds, as one SVG element with a text for those who do not see it.
pub fn draw(frame: Frame<'_>, alt: &str, class: &str, paint: impl FnOnce(&mut Pen<'_>)) -> String {
    let svg = Svg::new(frame.width, frame.height);
    let area = svg.clone().into_drawing_area();
    let widest = frame.y.labels().map(|label| text_width(label, TEXT)).fold(0.0, f64::max);
    let last = frame.x.labels().last().map_or(0.0, |label| text_width(label, TEXT) / 2.0);
    let overhang = if frame.x.is_bands() { 4.0 } else { last + 2.0 };
    let bottom = 24.0 + if frame.x_title.is_empty() { 0.0 } else { 20.0 };
    // Journals set the vertical axis's title along it, as far as it fits.
    let print = class == PRINT;
    let plot = f64::from(frame.height) - frame.top - 8.0 - bottom;
    let along = print && !frame.y_title.is_empty() && text_width(frame.y_title, TEXT) < plot;
    let top = frame.top + if frame.y_title.is_empty() || along { 8.0 } else { 26.0 };
    let beside = if along { 18.0 } else { 0.0 };
    let left = (widest * 1.12 + 12.0 + beside).min(f64::from(frame.width) * 0.5);

    let mut builder = ChartBuilder::on(&area);
    builder
        .margin_top(fine(top))
        .margin_right(fine(overhang.max(frame.right)))
        .x_label_area_size(fine(bottom))
        .y_label_area_size(fine(left));
    let (x_bands, y_bands) = (frame.x.is_bands(), frame.y.is_bands());
    let mut chart = done(builder.build_cartesian_2d(frame.x.clone(), frame.y.clone()));
    let labels = Face::of(Colour::Muted).style();
    let mut mesh = chart.configure_mesh();
    mesh.bold_line_style(Colour::Grid.color().stroke_width(FINE as u32))
        .x_label_style(labels.clone())
        .y_label_style(labels)
        // Not `disable_axes`, which takes the labels along.
        .axis_style(if print {
            Colour::Axis.color().stroke_width(FINE as u32)
        } else {
            Colour::Muted.color().mix(0.0).into()
        })
        .set_all_tick_mark_size(fine(3.5));
    if x_bands {
        mesh.disable_x_mesh();
    }
    if y_bands {
        mesh.disable_y_mesh();
    }
    done(mesh.draw());

    // A long title on a phone is set smaller rather than cut; a tenth is left for wider faces.
    let title = |text: &str| {
        let size = (0.9 * TEXT * f64::from(frame.width) / text_width(text, TEXT).max(1.0)).min(TEXT);
        Face { size, ..Face::of(Colour::Ink) }
    };
    if along {
        let face = Face::of(Colour::Ink).at(HPos::Center, VPos::Top).style();
        let style = TextStyle { font: face.font.transform(FontTransform::Rotate270), ..face };
        done(area.draw_text(frame.y_title, &style, (fine(1.0), fine(top + plot / 2.0))));
    } else {
        let y_title = title(frame.y_title).at(HPos::Left, VPos::Top).style();
        done(area.draw_text(frame.y_title, &y_title, (0, fine(1.0))));
    }
    let x_title = title(frame.x_title).at(HPos::Center, VPos::Bottom).style();
    let middle = (left + f64::from(frame.width) - overhang.max(frame.right)) / 2.0;
    // A long one is centred below its plot as far as the picture is wide.
    let half = (text_width(frame.x_title, TEXT) * 0.54).min(f64::from(frame.width) / 2.0);
    let middle = middle.clamp(half, f64::from(frame.width) - half);
    done(area.draw_text(frame.x_title, &x_title, (fine(middle), fine(f64::from(frame.height) - 3.0))));

    let mut pen = Pen { chart, svg: svg.clone() };
    let (zero, (x_from, x_to)) = (frame.y.baseline(), frame.x.ends());
    // In print the axis itself stands there.
    let drawn = print && zero == frame.y.ends().0;
    if !y_bands && !drawn {
        pen.line(vec![(x_from, zero), (x_to, zero)], Colour::Muted, 1.0);
    }
    paint(&mut pen);
    drop(pen);
    drop(area);
    if print { svg.printed(alt, class, (top, f64::from(frame.height) - bottom)) } else { svg.finish(alt, class) }
}

impl Pen<'_> {
    /// Draws something that says what it is when pointed at, and which unit it stands for.
    pub fn mark(&mut self, title: &str, unit: Option<&str>, paint: impl FnOnce(&mut Self)) {
        self.svg.open(title, unit);
        paint(self);
        self.svg.close();
    }

    /// A line through points, of a width in pixels.
    pub fn line(&mut self, points: Vec<(f64, f64)>, colour: Colour, width: f64) {
        if points.len() > 1 {
            let style = colour.color().stroke_width(fine(width) as u32);
            self.add(PathElement::new(points, style));
        }
    }

    /// A line through places, each shifted by pixels.
    pub fn shifted(&mut self, points: &[((f64, f64), (f64, f64))], colour: Colour, width: f64) {
        let Some(&(first, _)) = points.first() else { return };
        let (x, y) = self.chart.backend_coord(&first);
        let from_first = |&(at, shift): &((f64, f64), (f64, f64))| {
            let place = self.chart.backend_coord(&at);
            (place.0 - x + fine(shift.0), place.1 - y + fine(shift.1))
        };
        let path: Vec<(i32, i32)> = points.iter().map(from_first).collect();
        self.add(EmptyElement::at(first) + PathElement::new(path, colour.color().stroke_width(fine(width) as u32)));
    }

    /// A filled polygon.
    pub fn area(&mut self, points: Vec<(f64, f64)>, colour: Colour, alpha: f64) {
        if points.len() > 2 {
            self.add(Polygon::new(points, colour.color().mix(alpha)));
        }
    }

    /// A filled rectangle between two corners.
    pub fn bar(&mut self, a: (f64, f64), b: (f64, f64), colour: Colour, alpha: f64) {
        self.add(Rectangle::new([a, b], colour.color().mix(alpha).filled()));
    }

    /// Shades of a colour as pixels that fill the rectangle between two corners: rows from the first corner, each from 0 to 1.
    pub fn pixels(&mut self, a: (f64, f64), b: (f64, f64), colour: Colour, shades: &[Vec<f64>]) {
        let (a, b) = (self.chart.backend_coord(&a), self.chart.backend_coord(&b));
        self.svg.pixels(a, b, colour, shades);
    }

    /// The outline of a rectangle between two corners.
    pub fn outline(&mut self, a: (f64, f64), b: (f64, f64), colour: Colour, width: f64) {
        self.add(Rectangle::new([a, b], colour.color().stroke_width(fine(width) as u32)));
    }

    /// A disc with a radius in pixels.
    pub fn dot(&mut self, at: (f64, f64), radius: f64, colour: Colour, alpha: f64) {
        self.add(Circle::new(at, fine(radius), colour.color().mix(alpha).filled()));
    }

    /// A text at a place, shifted by pixels.
    pub fn text(&mut self, at: (f64, f64), shift: (f64, f64), text: &str, face: Face) {
        let element = EmptyElement::at(at) + Text::new(text.to_owned(), (fine(shift.0), fine(shift.1)), face.style());
        self.add(element);
    }

    fn add<E>(&mut self, element: E)
    where
        for<'e> &'e E: plotters::element::PointCollection<'e, (f64, f64)>,
        E: plotters::element::Drawable<Svg>,
    {
        done(self.chart.draw_series(std::iter::once(element)).map(|_| ()));
    }
}

/// Pixels in steps of plotters' grid.
fn fine(pixels: f64) -> i32 {
    (pixels * f64::from(FINE)).round() as i32
}

fn done<T>(result: Result<T, DrawingAreaErrorKind<Infallible>>) -> T {
    result.expect("a picture in memory takes everything, and nobody else holds it while a shape is drawn")
}

//! A chart's markup as shapes: coordinates become points, classes become colours, and what a page alone needs falls away.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image::{ImageFormat, Rgba, RgbaImage};
use roxmltree::{Document, Node};

use crate::report::print::shape::{Anchor, Fill, Pixels, Place, Rgb, Shape, Stroke, Text};
use crate::report::print::style::{FINEST, Style};

/// The width of a line of data, in pixels of a chart.
const DATA: f64 = 1.8;
/// Lines of an axis or a grid are no wider, in pixels of a chart.
const FINE: f64 = 1.3;
/// The least size of text, in points, where what was asked for is not less.
const SMALLEST: f64 = 5.0;

/// A chart's picture, in points.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Picture {
    pub width: f64,
    pub height: f64,
    /// Between which heights the plot itself stands.
    pub plot: (f64, f64),
    pub shapes: Vec<Shape>,
}

impl Picture {
    /// Reads a picture that was drawn for print; an error says what is odd about it.
    pub fn read(markup: &str, style: &Style) -> Result<Self, String> {
        let document = Document::parse(markup).map_err(|e| format!("the chart's picture is no SVG: {e}"))?;
        let root = document.root_element();
        let scale = style.scale();
        let plot = root.attribute("data-plot").and_then(|ends| {
            let (from, to) = ends.split_once(' ')?;
            Some((from.parse::<f64>().ok()? * scale, to.parse::<f64>().ok()? * scale))
        });
        let mut reader = Reader { style, scale, masks: Vec::new(), shapes: Vec::new() };
        reader.children(root)?;
        Ok(Self {
            width: number(root, "width") * scale,
            height: number(root, "height") * scale,
            plot: plot.unwrap_or_default(),
            shapes: reader.shapes,
        })
    }

    /// The same with its plot higher or lower; text and dots keep their sizes, and so does what stands around the plot.
    #[must_use]
    pub fn stretched(mut self, factor: f64) -> Self {
        let (top, bottom) = self.plot;
        let more = (factor - 1.0) * (bottom - top);
        let place = |y: f64| match y {
            y if y <= top => y,
            y if y >= bottom => y + more,
            y => top + (y - top) * factor,
        };
        for shape in &mut self.shapes {
            match shape {
                Shape::Line { points, .. } | Shape::Area { points, .. } => {
                    points.iter_mut().for_each(|at| at.1 = place(at.1));
                }
                Shape::Disc { at, .. } => at.1 = place(at.1),
                Shape::Text(text) => text.at.1 = place(text.at.1),
                Shape::Picture { corner, size, .. } => {
                    let (from, to) = (place(corner.1), place(corner.1 + size.1));
                    (corner.1, size.1) = (from, to - from);
                }
            }
        }
        Self { height: self.height + more, plot: (top, bottom + more), ..self }
    }
}

struct Reader<'a> {
    style: &'a Style,
    scale: f64,
    /// Masks by name: levels of grey.
    masks: Vec<(String, Vec<u8>)>,
    shapes: Vec<Shape>,
}

impl Reader<'_> {
    fn children(&mut self, of: Node<'_, '_>) -> Result<(), String> {
        of.children().filter(Node::is_element).try_for_each(|node| self.element(node))
    }

    fn element(&mut self, node: Node<'_, '_>) -> Result<(), String> {
        let scale = self.scale;
        let at = |x: &str, y: &str| (number(node, x) * scale, number(node, y) * scale);
        match node.tag_name().name() {
            "g" => self.children(node)?,
            "title" => {}
            "line" => self.line(node, vec![at("x1", "y1"), at("x2", "y2")], false),
            "polyline" => self.line(node, points(node, self.scale), false),
            "polygon" => self.area(node, points(node, self.scale)),
            "circle" => {
                // The centre, then the radius, as the pen writes them.
                let radius = node.attributes().nth(2).and_then(|third| third.value().parse::<f64>().ok());
                let (at, radius) = (at("cx", "cy"), radius.unwrap_or(0.0) * scale);
                let fill = self.fill(node);
                self.shapes.extend((fill.opacity > 0.0).then_some(Shape::Disc { at, radius, fill }));
            }
            "rect" => {
                let ((x, y), (width, height)) = (at("x", "y"), at("width", "height"));
                match node.attribute("mask") {
                    Some(mask) => self.picture(node, mask, ((x, y), (width, height)))?,
                    None => {
                        let corners = vec![(x, y), (x + width, y), (x + width, y + height), (x, y + height)];
                        if role(node).0 == "k" { self.line(node, corners, true) } else { self.area(node, corners) }
                    }
                }
            }
            "mask" => self.mask(node)?,
            "text" => self.text(node),
            other => return Err(format!("the chart's picture has an element `{other}` that print does not know")),
        }
        Ok(())
    }

    fn fill(&self, node: Node<'_, '_>) -> Fill {
        Fill { colour: self.style.palette.of(role(node).1), opacity: opacity(node, "fill-opacity") }
    }

    fn area(&mut self, node: Node<'_, '_>, points: Vec<Place>) {
        let fill = self.fill(node);
        if fill.opacity > 0.0 {
            self.shapes.push(Shape::Area { points, fill });
        }
    }

    fn line(&mut self, node: Node<'_, '_>, points: Vec<Place>, closed: bool) {
        let (role, pixels, lines) = (role(node).1, number(node, "stroke-width"), &self.style.lines);
        let around = pixels <= FINE && matches!(role, "grid" | "axis" | "muted");
        let axes = self.style.axes;
        if (role == "axis" && !axes.lines) || (role == "grid" && around && !axes.grid) {
            return;
        }
        let width = match role {
            "grid" if around => lines.grid,
            _ if around => lines.axis,
            _ => lines.data * pixels / DATA,
        };
        let (colour, opacity) = (self.style.palette.of(role), opacity(node, "stroke-opacity"));
        let stroke = Stroke { colour, opacity, width: width.max(FINEST), dashed: role == "ref" };
        self.shapes.push(Shape::Line { points, closed, stroke });
    }

    fn text(&mut self, node: Node<'_, '_>) {
        let text = node.text().unwrap_or_default().to_owned();
        let size = (number(node, "font-size") * self.scale).max(SMALLEST.min(self.style.size));
        let (x, y) = (number(node, "x") * self.scale, number(node, "y") * self.scale);
        let drop = node.attribute("dy").and_then(|dy| dy.strip_suffix("em")?.parse::<f64>().ok()).unwrap_or(0.0) * size;
        let turn = node.attribute("transform").and_then(|text| text.strip_prefix("rotate(")?.split(' ').next());
        let turned: f64 = turn.and_then(|degrees| degrees.parse().ok()).unwrap_or(0.0);
        // The drop is along the text's own vertical, which turns with it.
        let (sin, cos) = turned.to_radians().sin_cos();
        let class = node.attribute("class").unwrap_or_default();
        self.shapes.push(Shape::Text(Text {
            at: (x - drop * sin, y + drop * cos),
            anchor: match node.attribute("text-anchor") {
                Some("middle") => Anchor::Middle,
                Some("end") => Anchor::End,
                _ => Anchor::Start,
            },
            size,
            bold: class.ends_with(" b"),
            turned,
            colour: self.style.palette.of(role(node).1),
            text,
        }));
    }

    fn mask(&mut self, node: Node<'_, '_>) -> Result<(), String> {
        let image = node.first_element_child().and_then(|image| image.attribute("href"));
        let data = image.and_then(|address| address.split_once("base64,")).map_or("", |(_, data)| data);
        let png = STANDARD.decode(data).map_err(|e| format!("the chart's picture has pixels that do not read: {e}"))?;
        self.masks.push((node.attribute("id").unwrap_or_default().to_owned(), png));
        Ok(())
    }

    /// A colour through a mask, as pixels that are more or less opaque.
    fn picture(&mut self, node: Node<'_, '_>, mask: &str, (corner, size): (Place, (f64, f64))) -> Result<(), String> {
        let name = mask.trim_start_matches("url(#").trim_end_matches(')');
        let Some((_, png)) = self.masks.iter().find(|(known, _)| known == name) else { return Ok(()) };
        let wrong = |e: image::ImageError| format!("the chart's picture has pixels that do not read: {e}");
        let grey = image::load_from_memory_with_format(png, ImageFormat::Png).map_err(wrong)?.into_luma8();
        let [r, g, b] = self.fill(node).colour;
        let shades = RgbaImage::from_fn(grey.width(), grey.height(), |x, y| Rgba([r, g, b, grey.get_pixel(x, y).0[0]]));
        let mut png = std::io::Cursor::new(Vec::new());
        shades.write_to(&mut png, ImageFormat::Png).map_err(wrong)?;
        self.shapes.push(Shape::Picture { corner, size, pixels: Pixels::Png(png.into_inner()) });
        Ok(())
    }
}

/// What a class says: filled (`f`), stroked (`k`) or text (`t`), and in which colour.
fn role<'a>(node: Node<'a, '_>) -> (&'a str, &'a str) {
    let class = node.attribute("class").unwrap_or_default();
    class.split(' ').next().and_then(|first| first.split_once('-')).unwrap_or_default()
}

fn number(node: Node<'_, '_>, name: &str) -> f64 {
    node.attribute(name).and_then(|text| text.parse().ok()).unwrap_or(0.0)
}

fn opacity(node: Node<'_, '_>, name: &str) -> f64 {
    node.attribute(name).and_then(|text| text.parse().ok()).unwrap_or(1.0)
}

fn points(node: Node<'_, '_>, scale: f64) -> Vec<Place> {
    let pairs = node.attribute("points").unwrap_or_default().split(' ');
    let read = |text: &str| text.parse::<f64>().ok().map(|x| x * scale);
    pairs.filter_map(|pair| pair.split_once(',').and_then(|(x, y)| Some((read(x)?, read(y)?)))).collect()
}

/// A thumbnail's file out of its address.
pub fn thumbnail(address: &str) -> Option<Pixels> {
    let (kind, data) = address.split_once(";base64,")?;
    let bytes = STANDARD.decode(data).ok()?;
    Some(if kind.ends_with("png") { Pixels::Png(bytes) } else { Pixels::Jpeg(bytes) })
}

/// A colour as a style sheet has it.
pub fn hexadecimal([r, g, b]: Rgb) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const MARKUP: &str = "<svg class=\"chart print\" viewBox=\"0 0 100 80\" width=\"100\" height=\"80\" data-plot=\"10 60\" role=\"img\" \
        aria-label=\"x\"><line class=\"k-grid\" stroke-width=\"1\" x1=\"0\" y1=\"10\" x2=\"100\" y2=\"10\"/><g class=\"m\" \
        data-u=\"u\"><title>a &lt; b</title><circle cx=\"50\" cy=\"35\" r=\"2\" class=\"f-main\" fill-opacity=\"0.50\"/></g><text \
        class=\"t-ink b\" x=\"50\" y=\"80\" dy=\"-0.2em\" text-anchor=\"middle\" font-size=\"12.5\">p &lt; .05</text></svg>";

    #[test]
    fn classes_become_colours_and_pixels_points() {
        let style = Style { size: 12.5, ..Style::default() };
        let picture = Picture::read(MARKUP, &style).expect("it reads");
        assert_eq!((picture.width, picture.height, picture.plot), (100.0, 80.0, (10.0, 60.0)));
        let text = Text {
            at: (50.0, 77.5),
            anchor: Anchor::Middle,
            size: 12.5,
            bold: true,
            turned: 0.0,
            colour: [0, 0, 0],
            text: "p < .05".to_owned(),
        };
        let disc =
            |y| Shape::Disc { at: (50.0, y), radius: 2.0, fill: Fill { colour: [0x00, 0x72, 0xb2], opacity: 0.5 } };
        assert_eq!(picture.shapes, [disc(35.0), Shape::Text(text.clone())], "the grid is left out");
        let tall = picture.stretched(2.0);
        assert_eq!((tall.height, tall.plot), (130.0, (10.0, 110.0)));
        assert_eq!(tall.shapes, [disc(60.0), Shape::Text(Text { at: (50.0, 127.5), ..text })]);
    }

    #[test]
    fn text_that_is_turned_stands_beside_its_place() {
        let style = Style { size: 12.5, ..Style::default() };
        let turned = MARKUP.replace("font-size=", "transform=\"rotate(270 50 80)\" font-size=");
        let picture = Picture::read(&turned, &style).expect("it reads");
        let Some(Shape::Text(text)) = picture.shapes.last() else { panic!("{picture:?}") };
        assert_eq!((text.turned, text.at.0.round(), text.at.1.round()), (270.0, 48.0, 80.0));
    }
}

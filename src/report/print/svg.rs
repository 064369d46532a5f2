//! A drawing as an SVG file of its own: sized in millimetres, colours written out, text as text.

use std::fmt::Write;

use crate::report::draw::base64::base64;
use crate::report::draw::svg::escape;
use crate::report::print::layout::millimetres;
use crate::report::print::markup::hexadecimal;
use crate::report::print::shape::{Anchor, Drawing, Pixels, Place, Shape, Stroke, Text};

/// The file's text. A unit is a point; `fonts` are the font asked for and what else will do, the first first.
pub fn svg(drawing: &Drawing, fonts: &[String]) -> String {
    let named = fonts.iter().map(|font| format!("'{}'", font.replace(['\'', '"', '\\', '<', '&'], "")));
    let family = named.chain(["sans-serif".to_owned()]).collect::<Vec<_>>().join(", ");
    let (width, height) = (drawing.width, drawing.height);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}mm\" height=\"{}mm\" viewBox=\"0 0 {} {}\" font-family=\"{family}\">\n\
         <title>{}</title>\n",
        millimetres(width),
        millimetres(height),
        short(width),
        short(height),
        escape(&drawing.title)
    );
    for shape in &drawing.shapes {
        self::shape(&mut out, shape);
        out.push('\n');
    }
    out + "</svg>\n"
}

fn shape(out: &mut String, shape: &Shape) {
    let _ = match shape {
        Shape::Line { points, closed, stroke } => line(out, points, *closed, stroke),
        Shape::Area { points, fill } => {
            let (colour, opacity) = (hexadecimal(fill.colour), opacity("fill-opacity", fill.opacity));
            write!(out, "<path d=\"{}\" fill=\"{colour}\"{opacity}/>", path(points, true))
        }
        Shape::Disc { at, radius, fill } => {
            let (colour, opacity) = (hexadecimal(fill.colour), opacity("fill-opacity", fill.opacity));
            let (x, y, r) = (short(at.0), short(at.1), short(*radius));
            write!(out, "<circle cx=\"{x}\" cy=\"{y}\" r=\"{r}\" fill=\"{colour}\"{opacity}/>")
        }
        Shape::Text(text) => self::text(out, text),
        Shape::Picture { corner, size, pixels } => {
            let (kind, bytes) = match pixels {
                Pixels::Jpeg(bytes) => ("jpeg", bytes),
                Pixels::Png(bytes) => ("png", bytes),
            };
            write!(
                out,
                "<image x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" preserveAspectRatio=\"none\" image-rendering=\"optimizeSpeed\" \
                 href=\"data:image/{kind};base64,{}\"/>",
                short(corner.0),
                short(corner.1),
                short(size.0),
                short(size.1),
                base64(bytes)
            )
        }
    };
}

fn line(out: &mut String, points: &[Place], closed: bool, stroke: &Stroke) -> std::fmt::Result {
    let caps = if stroke.dashed { String::new() } else { " stroke-linecap=\"round\"".to_owned() };
    let [dash, gap] = dashes(stroke.width).map(short);
    let dashes = if stroke.dashed { format!(" stroke-dasharray=\"{dash} {gap}\"") } else { String::new() };
    write!(
        out,
        "<path d=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{}\" stroke-linejoin=\"round\"{caps}{dashes}{}/>",
        path(points, closed),
        hexadecimal(stroke.colour),
        short(stroke.width),
        opacity("stroke-opacity", stroke.opacity)
    )
}

/// A dash and the gap after it, by the width of the line.
pub fn dashes(width: f64) -> [f64; 2] {
    [width.max(0.5) * 4.0, width.max(0.5) * 2.6]
}

fn text(out: &mut String, text: &Text) -> std::fmt::Result {
    let (x, y) = (short(text.at.0), short(text.at.1));
    let anchor = match text.anchor {
        Anchor::Start => "start",
        Anchor::Middle => "middle",
        Anchor::End => "end",
    };
    let bold = if text.bold { " font-weight=\"bold\"" } else { "" };
    let turn = match text.turned {
        0.0 => String::new(),
        degrees => format!(" transform=\"rotate({} {x} {y})\"", short(degrees)),
    };
    write!(
        out,
        "<text x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\" font-size=\"{}\"{bold} fill=\"{}\"{turn}>{}</text>",
        short(text.size),
        hexadecimal(text.colour),
        escape(&text.text)
    )
}

fn path(points: &[Place], closed: bool) -> String {
    let mut path = String::new();
    for (at, (x, y)) in points.iter().enumerate() {
        let _ = write!(path, "{}{} {}", if at == 0 { 'M' } else { 'L' }, short(*x), short(*y));
    }
    if closed {
        path.push('Z');
    }
    path
}

fn opacity(name: &str, opacity: f64) -> String {
    if opacity < 1.0 { format!(" {name}=\"{}\"", short(opacity)) } else { String::new() }
}

/// A number to a thousandth.
fn short(x: f64) -> String {
    let text = format!("{x:.3}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" || text.is_empty() { "0".to_owned() } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::print::shape::Fill;

    #[test]
    fn a_drawing_is_a_file_of_its_own() {
        let stroke = Stroke { colour: [0, 0, 0], opacity: 1.0, width: 0.5, dashed: false };
        let text = Text {
            at: (1.0, 2.0),
            anchor: Anchor::End,
            size: 7.0,
            bold: true,
            turned: 270.0,
            colour: [64, 64, 64],
            text: "a < b".to_owned(),
        };
        let shapes = vec![
            Shape::Line { points: vec![(0.0, 0.0), (1.0 / 3.0, -1e-9)], closed: false, stroke },
            Shape::Disc { at: (5.0, 6.0), radius: 1.68, fill: Fill { colour: [0, 114, 178], opacity: 0.5 } },
            Shape::Text(text),
        ];
        let drawing = Drawing { width: 72.0, height: 36.0, title: "x & y".to_owned(), shapes };
        assert_eq!(
            svg(&drawing, &["O'Neill".to_owned()]),
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"25.4mm\" height=\"12.7mm\" viewBox=\"0 0 72 36\" \
             font-family=\"'ONeill', sans-serif\">\n<title>x &amp; y</title>\n\
             <path d=\"M0 0L0.333 0\" fill=\"none\" stroke=\"#000000\" stroke-width=\"0.5\" stroke-linejoin=\"round\" \
             stroke-linecap=\"round\"/>\n\
             <circle cx=\"5\" cy=\"6\" r=\"1.68\" fill=\"#0072b2\" fill-opacity=\"0.5\"/>\n\
             <text x=\"1\" y=\"2\" text-anchor=\"end\" font-size=\"7\" font-weight=\"bold\" fill=\"#404040\" \
             transform=\"rotate(270 1 2)\">a &lt; b</text>\n</svg>\n"
        );
    }
}

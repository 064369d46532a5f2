//! The backend on which plotters draws: SVG whose colours are roles that the page's style sheet fills in.
//!
//! plotters' own SVG backend writes fixed colours, which a dark page cannot show, and neither tooltips nor names.
//! This one writes classes, wraps marks into groups with a `<title>` and the unit they stand for, and counts in
//! tenths of a pixel, so that curves stay smooth on plotters' integer grid.

use std::cell::RefCell;
use std::convert::Infallible;
use std::fmt::Write;
use std::io::Cursor;
use std::rc::Rc;

use image::{GrayImage, ImageFormat, Luma};
use plotters::style::RGBColor;
use plotters::style::text_anchor::{HPos, VPos};
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind, FontStyle,
    FontTransform,
};

use crate::digest::Digest;
use crate::report::draw::base64::base64;

/// Steps of plotters' grid in a pixel of the picture.
pub const FINE: i32 = 10;

/// What a stroke, an area or a text is for; the style sheet says how that looks in light and in dark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// Text and marks that matter most.
    Ink,
    /// Tick labels, axes.
    Muted,
    /// Lines of the grid.
    Grid,
    /// Lines and ticks of axes, which print alone has.
    Axis,
    /// The page's own colour: halos.
    Paper,
    /// Data, where there is one series.
    Main,
    /// The one thing to look at: the best variant, a unit at the grid's edge.
    Best,
    /// Published values and other yardsticks; dashed.
    Reference,
    /// One of several series without an order.
    Series(usize),
    /// A place between 0 and 8 on a scale from early to late.
    Ramp(usize),
}

/// Series colours that people of any colour vision tell apart.
pub const SERIES: usize = 7;
/// Colours from early to late.
pub const RAMP: usize = 9;

impl Colour {
    /// That of one among several series.
    pub fn among(at: usize, count: usize) -> Self {
        match count {
            0 | 1 => Self::Main,
            count if count <= SERIES => Self::Series(at),
            count => Self::Ramp(at * (RAMP - 1) / (count - 1)),
        }
    }

    /// As classes of the style sheet spell it.
    pub fn class(self) -> String {
        match self {
            Self::Ink => "ink".to_owned(),
            Self::Muted => "muted".to_owned(),
            Self::Grid => "grid".to_owned(),
            Self::Axis => "axis".to_owned(),
            Self::Paper => "paper".to_owned(),
            Self::Main => "main".to_owned(),
            Self::Best => "best".to_owned(),
            Self::Reference => "ref".to_owned(),
            Self::Series(at) => format!("s{}", at % SERIES),
            Self::Ramp(at) => format!("q{}", at.min(RAMP - 1)),
        }
    }

    /// The colour under which plotters carries it here.
    pub fn color(self) -> RGBColor {
        let (group, at) = match self {
            Self::Ink => (0, 0),
            Self::Muted => (0, 1),
            Self::Grid => (0, 2),
            Self::Paper => (0, 3),
            Self::Main => (0, 4),
            Self::Best => (0, 5),
            Self::Reference => (0, 6),
            Self::Axis => (0, 7),
            Self::Series(at) => (1, at % SERIES),
            Self::Ramp(at) => (2, at.min(RAMP - 1)),
        };
        RGBColor(group, at as u8, 0)
    }

    fn of(color: BackendColor) -> Self {
        let (group, at, _) = color.rgb;
        match (group, at) {
            (0, 1) => Self::Muted,
            (0, 2) => Self::Grid,
            (0, 3) => Self::Paper,
            (0, 4) => Self::Main,
            (0, 5) => Self::Best,
            (0, 6) => Self::Reference,
            (0, 7) => Self::Axis,
            (1, at) => Self::Series(at.into()),
            (2, at) => Self::Ramp(at.into()),
            _ => Self::Ink,
        }
    }
}

/// A picture under way; clones write to the same one.
#[derive(Clone)]
pub struct Svg {
    body: Rc<RefCell<String>>,
    size: (u32, u32),
}

impl Svg {
    /// An empty picture of a size in pixels.
    pub fn new(width: u32, height: u32) -> Self {
        Self { body: Rc::default(), size: (width, height) }
    }

    /// Opens a group that tells what it stands for: shown on hover, and the unit by which a page finds it.
    pub fn open(&self, title: &str, unit: Option<&str>) {
        let body = &mut *self.body.borrow_mut();
        body.push_str("<g class=\"m\"");
        if let Some(unit) = unit {
            let _ = write!(body, " data-u=\"{}\"", escape(unit));
        }
        let _ = write!(body, "><title>{}</title>", escape(title));
    }

    /// Closes the group that was opened last.
    pub fn close(&self) {
        self.body.borrow_mut().push_str("</g>");
    }

    /// The finished picture, with a text for those who do not see it.
    pub fn finish(&self, alt: &str, class: &str) -> String {
        self.with("", alt, class)
    }

    /// The same for print, which may stretch it: between which heights the plot itself stands.
    pub fn printed(&self, alt: &str, class: &str, (top, bottom): (f64, f64)) -> String {
        self.with(&format!(" data-plot=\"{top} {bottom}\""), alt, class)
    }

    fn with(&self, more: &str, alt: &str, class: &str) -> String {
        let (width, height) = self.size;
        format!(
            "<svg class=\"chart {class}\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\"{more} \
             role=\"img\" aria-label=\"{}\">{}</svg>",
            escape(alt),
            self.body.borrow()
        )
    }

    /// Shades of a colour, each from 0 to 1, as the pixels of a picture between two places of plotters' grid.
    ///
    /// The picture is a mask before the colour, so that the style sheet fills it in like any other.
    pub fn pixels(&self, a: BackendCoord, b: BackendCoord, colour: Colour, shades: &[Vec<f64>]) {
        let (height, width) = (shades.len() as u32, shades.first().map_or(0, Vec::len) as u32);
        let level = |shade: f64| (shade.clamp(0.0, 1.0) * 255.0).round() as u8;
        let grey = GrayImage::from_fn(width, height, |x, y| Luma([level(shades[y as usize][x as usize])]));
        let mut png = Cursor::new(Vec::new());
        grey.write_to(&mut png, ImageFormat::Png).expect("memory takes everything");
        let (x, y) = (fine(a.0.min(b.0)), fine(a.1.min(b.1)));
        let (across, down) = (fine((a.0 - b.0).abs()), fine((a.1 - b.1).abs()));
        let place = format!("x=\"{x}\" y=\"{y}\" width=\"{across}\" height=\"{down}\"");
        // By what it holds, since a page has many pictures and all must be told apart.
        let id = Digest::of(&[place.as_bytes(), png.get_ref()].concat()).short();
        let _ = write!(
            self.body.borrow_mut(),
            "<mask id=\"p{id}\" style=\"mask-type:luminance\"><image {place} preserveAspectRatio=\"none\" \
             style=\"image-rendering:pixelated\" href=\"data:image/png;base64,{}\"/></mask>\
             <rect class=\"f-{}\" {place} mask=\"url(#p{id})\"/>",
            base64(png.get_ref()),
            colour.class()
        );
    }

    fn shape(&self, element: &str, color: BackendColor, stroke: Option<u32>) {
        let body = &mut *self.body.borrow_mut();
        let colour = Colour::of(color).class();
        match stroke {
            None => {
                let _ = write!(body, "<{element} class=\"f-{colour}\"");
                opacity(body, "fill-opacity", color.alpha);
            }
            Some(width) => {
                let _ = write!(body, "<{element} class=\"k-{colour}\" stroke-width=\"{}\"", fine(width as i32));
                opacity(body, "stroke-opacity", color.alpha);
            }
        }
        body.push_str("/>");
    }
}

/// Text as it may stand in markup.
pub fn escape(text: &str) -> String {
    crate::text::markup::escape(text)
}

/// The width of a text in pixels, estimated for the sans-serif faces of common systems.
pub fn text_width(text: &str, size: f64) -> f64 {
    let ems: f64 = text
        .chars()
        .map(|c| match c {
            'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' | ' ' | 'I' | 'f' | 't' | '(' | ')' => 0.31,
            'm' | 'w' | 'M' | 'W' | '%' | '@' => 0.87,
            'A'..='Z' => 0.67,
            c if c.is_ascii() => 0.56,
            c if (c as u32) > 0x2e80 => 1.0,
            _ => 0.6,
        })
        .sum();
    ems * size
}

/// The text, shortened with an ellipsis to a width in pixels.
pub fn shortened(text: &str, size: f64, width: f64) -> String {
    if text_width(text, size) <= width {
        return text.to_owned();
    }
    let mut kept = String::new();
    for c in text.chars() {
        kept.push(c);
        if text_width(&kept, size) + 0.9 * size > width {
            kept.pop();
            break;
        }
    }
    kept + "…"
}

fn fine(tenths: i32) -> String {
    let (whole, rest) = (tenths.abs() / FINE, tenths.abs() % FINE);
    let sign = if tenths < 0 { "-" } else { "" };
    if rest == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{rest}") }
}

fn opacity(body: &mut String, attribute: &str, alpha: f64) {
    if alpha < 1.0 {
        let _ = write!(body, " {attribute}=\"{alpha:.2}\"");
    }
}

fn points(path: impl IntoIterator<Item = BackendCoord>) -> String {
    let mut text = String::new();
    for (x, y) in path {
        if !text.is_empty() {
            text.push(' ');
        }
        let _ = write!(text, "{},{}", fine(x), fine(y));
    }
    text
}

type Drawn = Result<(), DrawingErrorKind<Infallible>>;

impl DrawingBackend for Svg {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        (self.size.0 * FINE as u32, self.size.1 * FINE as u32)
    }

    fn ensure_prepared(&mut self) -> Drawn {
        Ok(())
    }

    fn present(&mut self) -> Drawn {
        Ok(())
    }

    fn draw_pixel(&mut self, (x, y): BackendCoord, color: BackendColor) -> Drawn {
        self.draw_rect((x, y), (x + FINE, y + FINE), &color, true)
    }

    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S) -> Drawn {
        if style.color().alpha > 0.0 {
            let element = format!(
                "line x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\"",
                fine(from.0),
                fine(from.1),
                fine(to.0),
                fine(to.1)
            );
            self.shape(&element, style.color(), Some(style.stroke_width()));
        }
        Ok(())
    }

    fn draw_rect<S: BackendStyle>(&mut self, a: BackendCoord, b: BackendCoord, style: &S, fill: bool) -> Drawn {
        if style.color().alpha > 0.0 {
            let (x, y) = (a.0.min(b.0), a.1.min(b.1));
            let (width, height) = ((a.0 - b.0).abs(), (a.1 - b.1).abs());
            let element = format!(
                "rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"",
                fine(x),
                fine(y),
                fine(width),
                fine(height)
            );
            self.shape(&element, style.color(), (!fill).then(|| style.stroke_width()));
        }
        Ok(())
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, path: I, style: &S) -> Drawn {
        if style.color().alpha > 0.0 {
            let path: Vec<BackendCoord> = path.into_iter().collect();
            if let &[from, to] = path.as_slice() {
                return self.draw_line(from, to, style);
            }
            let element = format!("polyline points=\"{}\"", points(path));
            self.shape(&element, style.color(), Some(style.stroke_width()));
        }
        Ok(())
    }

    fn draw_circle<S: BackendStyle>(&mut self, center: BackendCoord, radius: u32, style: &S, fill: bool) -> Drawn {
        if style.color().alpha > 0.0 {
            let element =
                format!("circle cx=\"{}\" cy=\"{}\" r=\"{}\"", fine(center.0), fine(center.1), fine(radius as i32));
            self.shape(&element, style.color(), (!fill).then(|| style.stroke_width()));
        }
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, path: I, style: &S) -> Drawn {
        if style.color().alpha > 0.0 {
            let element = format!("polygon points=\"{}\"", points(path));
            self.shape(&element, style.color(), None);
        }
        Ok(())
    }

    fn draw_text<S: BackendTextStyle>(&mut self, text: &str, style: &S, (x, y): BackendCoord) -> Drawn {
        let color = style.color();
        if color.alpha == 0.0 || text.is_empty() {
            return Ok(());
        }
        let anchor = match style.anchor().h_pos {
            HPos::Left => "start",
            HPos::Center => "middle",
            HPos::Right => "end",
        };
        let drop = match style.anchor().v_pos {
            VPos::Top => 0.8,
            VPos::Center => 0.35,
            VPos::Bottom => -0.2,
        };
        let (x, y) = (fine(x), fine(y));
        let turn = match style.transform() {
            FontTransform::None => String::new(),
            FontTransform::Rotate90 => format!(" transform=\"rotate(90 {x} {y})\""),
            FontTransform::Rotate180 => format!(" transform=\"rotate(180 {x} {y})\""),
            FontTransform::Rotate270 => format!(" transform=\"rotate(270 {x} {y})\""),
        };
        let bold = if matches!(style.style(), FontStyle::Bold) { " b" } else { "" };
        let size = style.size() / f64::from(FINE);
        let body = &mut *self.body.borrow_mut();
        let _ = write!(
            body,
            "<text class=\"t-{}{bold}\" x=\"{x}\" y=\"{y}\" dy=\"{drop}em\" text-anchor=\"{anchor}\" \
             font-size=\"{size}\"{turn}>{}</text>",
            Colour::of(color).class(),
            escape(text)
        );
        Ok(())
    }

    fn estimate_text_size<S: BackendTextStyle>(
        &self,
        text: &str,
        style: &S,
    ) -> Result<(u32, u32), DrawingErrorKind<Infallible>> {
        Ok((text_width(text, style.size()).ceil() as u32, style.size().ceil() as u32))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_survives_plotters_colours() {
        let colours = [
            Colour::Ink,
            Colour::Muted,
            Colour::Grid,
            Colour::Axis,
            Colour::Paper,
            Colour::Main,
            Colour::Best,
            Colour::Reference,
        ];
        let all = colours.into_iter().chain((0..SERIES).map(Colour::Series)).chain((0..RAMP).map(Colour::Ramp));
        for colour in all {
            let RGBColor(r, g, b) = colour.color();
            assert_eq!(Colour::of(BackendColor { alpha: 1.0, rgb: (r, g, b) }), colour);
        }
    }

    #[test]
    fn data_stays_text() {
        assert_eq!(escape("</script><b a='1'>&\"\u{1}"), "&lt;/script&gt;&lt;b a=&#39;1&#39;&gt;&amp;&quot;\u{fffd}");
        let svg = Svg::new(10, 10);
        svg.open("<x>", Some("\"u\""));
        svg.close();
        let svg = svg.finish("<alt>", "wide");
        assert!(svg.contains("data-u=\"&quot;u&quot;\"><title>&lt;x&gt;</title>"), "{svg}");
        assert!(svg.contains("aria-label=\"&lt;alt&gt;\""), "{svg}");
    }

    #[test]
    fn coordinates_are_tenths_of_a_pixel() {
        assert_eq!((fine(125), fine(-3), fine(40)), ("12.5".to_owned(), "-0.3".to_owned(), "4".to_owned()));
        assert_eq!(shortened("features.12", 12.0, 40.0).chars().last(), Some('…'));
        assert_eq!(shortened("pcs", 12.0, 40.0), "pcs");
    }
}

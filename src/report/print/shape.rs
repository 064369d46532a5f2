//! What a figure in print consists of: shapes in points, their colours resolved.

/// Red, green and blue.
pub type Rgb = [u8; 3];
/// A place in points from the left and from the top.
pub type Place = (f64, f64);

/// A figure at its size.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Drawing {
    /// In points.
    pub width: f64,
    /// In points.
    pub height: f64,
    pub title: String,
    /// From the back to the front.
    pub shapes: Vec<Shape>,
}

/// One thing that is drawn.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// A line through points; back to the first where it is closed.
    Line {
        points: Vec<Place>,
        closed: bool,
        stroke: Stroke,
    },
    /// A filled polygon.
    Area {
        points: Vec<Place>,
        fill: Fill,
    },
    Disc {
        at: Place,
        radius: f64,
        fill: Fill,
    },
    Text(Text),
    Picture {
        corner: Place,
        size: (f64, f64),
        pixels: Pixels,
    },
}

/// How an area is filled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fill {
    pub colour: Rgb,
    /// From 0 to 1.
    pub opacity: f64,
}

/// How a line is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stroke {
    pub colour: Rgb,
    /// From 0 to 1.
    pub opacity: f64,
    /// In points.
    pub width: f64,
    pub dashed: bool,
}

/// A line of text.
#[derive(Clone, Debug, PartialEq)]
pub struct Text {
    /// On the baseline: where it begins, its middle or its end.
    pub at: Place,
    pub anchor: Anchor,
    /// In points.
    pub size: f64,
    pub bold: bool,
    /// Degrees by which it is turned about its place, clockwise.
    pub turned: f64,
    pub colour: Rgb,
    pub text: String,
}

/// Which part of a text stands at its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    Start,
    Middle,
    End,
}

/// A picture of pixels, as a file.
#[derive(Clone, Debug, PartialEq)]
pub enum Pixels {
    Jpeg(Vec<u8>),
    Png(Vec<u8>),
}

impl Shape {
    /// The same at another place.
    #[must_use]
    pub fn moved(mut self, (x, y): Place) -> Self {
        let by = |at: &mut Place| *at = (at.0 + x, at.1 + y);
        match &mut self {
            Self::Line { points, .. } | Self::Area { points, .. } => points.iter_mut().for_each(by),
            Self::Disc { at, .. } => by(at),
            Self::Text(text) => by(&mut text.at),
            Self::Picture { corner, .. } => by(corner),
        }
        self
    }
}

//! Which way a chart of categories runs: up where their names fit below it, else to the right.

use crate::report::draw::figure::TEXT;
use crate::report::draw::svg::text_width;

/// Which way values run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Up,
    Right,
}

/// Which way categories run in a picture of a width, and how high it is where they run up: as given for a wide one and for a narrow one.
pub fn fitting(names: &[String], width: u32, (wide, narrow): (u32, u32)) -> (Way, u32) {
    match width {
        600.. => (Way::of(names, f64::from(width) - 60.0, 0.0, 6.0), wide),
        _ => (Way::of(names, f64::from(width) - 50.0, 44.0, 4.0), narrow),
    }
}

impl Way {
    /// Up, where each category is at least so wide in a plot of some pixels, and its name fits into that with a gap.
    pub fn of(names: &[String], pixels: f64, least: f64, gap: f64) -> Self {
        let each = pixels / names.len().max(1) as f64;
        let fits = names.iter().all(|name| text_width(name, TEXT) < each - gap);
        if fits && each > least { Self::Up } else { Self::Right }
    }

    /// A place on the chart from a place among the categories and a value.
    pub fn at(self, category: f64, value: f64) -> (f64, f64) {
        match self {
            Self::Up => (category, value),
            Self::Right => (value, category),
        }
    }
}

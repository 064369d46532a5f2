//! How figures look in print. The defaults are within what the guides of Nature and eLife ask for: columns of 89 and 183 mm, sans-serif text of
//! 5 to 7 points, letters of panels in bold at 8 points, lines of at least a quarter of a point, colours that people of any colour vision tell
//! apart (Okabe and Ito's), and no grid.

use crate::report::draw::figure::TEXT;
use crate::report::draw::svg::RAMP;
use crate::report::print::shape::Rgb;

/// Points in a millimetre.
pub const MM: f64 = 72.0 / 25.4;
/// No line is finer than this, in points.
pub const FINEST: f64 = 0.25;

/// How figures look, with lengths in points.
#[derive(Clone, Debug, PartialEq)]
pub struct Style {
    pub width: f64,
    /// As the chart needs it, unless given.
    pub height: Option<f64>,
    /// The font, and what else will do.
    pub fonts: Vec<String>,
    pub size: f64,
    /// Of a panel's letter.
    pub letter: f64,
    /// Whether the title stands above.
    pub title: bool,
    /// Pixels in an inch, where there are pixels.
    pub dpi: f64,
    pub lines: Lines,
    pub axes: Axes,
    pub palette: Palette,
}

/// Widths of lines.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lines {
    pub data: f64,
    pub axis: f64,
    pub grid: f64,
}

/// What stands around a plot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Axes {
    /// Lines with ticks, to the left and below.
    pub lines: bool,
    pub grid: bool,
}

/// Colours by what they are for.
#[derive(Clone, Debug, PartialEq)]
pub struct Palette {
    pub ink: Rgb,
    pub muted: Rgb,
    pub axis: Rgb,
    pub grid: Rgb,
    pub paper: Rgb,
    pub main: Rgb,
    pub best: Rgb,
    pub reference: Rgb,
    pub series: Vec<Rgb>,
    /// From early to late.
    pub ramp: Vec<Rgb>,
}

impl Default for Style {
    fn default() -> Self {
        Self {
            width: 89.0 * MM,
            height: None,
            fonts: ["Helvetica", "Arial"].map(str::to_owned).to_vec(),
            size: 7.0,
            letter: 8.0,
            title: true,
            dpi: 300.0,
            lines: Lines { data: 1.0, axis: 0.5, grid: 0.25 },
            axes: Axes { lines: true, grid: false },
            palette: Palette::default(),
        }
    }
}

impl Default for Palette {
    fn default() -> Self {
        let all = |colours: &[u32]| colours.iter().map(|&colour| rgb(colour)).collect();
        Self {
            ink: rgb(0),
            muted: rgb(0x40_40_40),
            axis: rgb(0),
            grid: rgb(0xdd_dd_dd),
            paper: rgb(0xff_ff_ff),
            main: rgb(0x00_72_b2),
            best: rgb(0xc0_4e_00),
            reference: rgb(0x6d_4b_7d),
            series: all(&[0x0072b2, 0xc04e00, 0x00795a, 0xa8467f, 0xb07a00, 0x3a8fc4, 0x5b6069]),
            ramp: all(&[0x440f5e, 0x45317f, 0x38528b, 0x2b6f8e, 0x1f8a8c, 0x26a37e, 0x58b562, 0x93b93a, 0xc7a800]),
        }
    }
}

const fn rgb(colour: u32) -> Rgb {
    let [_, r, g, b] = colour.to_be_bytes();
    [r, g, b]
}

impl Style {
    /// Points between the page's edges and what is drawn: letters may be wider than they were taken for.
    pub fn margin(&self) -> f64 {
        0.25 * self.size
    }

    /// Points that what is drawn may take from left to right.
    pub fn room(&self) -> f64 {
        self.width - 2.0 * self.margin()
    }

    /// Points in a pixel of a chart.
    pub fn scale(&self) -> f64 {
        self.size / TEXT
    }
}

impl Palette {
    /// The colour of what a class of the page's style sheet says, without its first letter.
    pub fn of(&self, role: &str) -> Rgb {
        let number = || role.get(1..).and_then(|digits| digits.parse::<usize>().ok());
        match role {
            "muted" => self.muted,
            "axis" => self.axis,
            "grid" => self.grid,
            "paper" => self.paper,
            "main" => self.main,
            "best" => self.best,
            "ref" => self.reference,
            _ => match (role.as_bytes().first(), number()) {
                (Some(b's'), Some(at)) => self.series[at % self.series.len()],
                (Some(b'q'), Some(at)) => self.ramp[(at * (self.ramp.len() - 1) / (RAMP - 1)).min(self.ramp.len() - 1)],
                _ => self.ink,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_have_colours() {
        let palette = Palette { ramp: vec![rgb(1), rgb(2)], ..Palette::default() };
        assert_eq!(
            ["s0", "s8", "q0", "q7", "q8", "ref", "ink"].map(|role| palette.of(role)),
            [rgb(0x0072b2), rgb(0xc04e00), rgb(1), rgb(1), rgb(2), rgb(0x6d4b7d), rgb(0)]
        );
        assert_eq!(Style::default().scale(), 0.56);
    }
}

//! How a figure is asked to look: options of the command line, over a style file, over what journals accept.

use std::path::PathBuf;

use clap::Args;

use crate::cli::figure::length::length;
use crate::cli::figure::style;
use crate::report::print::layout::millimetres;
use crate::report::print::style::{FINEST, MM, Style};

/// Pixels of a chart that its text and its plot need side by side.
const NARROWEST: f64 = 160.0;
/// Pixels beyond which nobody reads a figure.
const WIDEST: f64 = 8_000.0;

/// How it looks.
#[derive(Args)]
pub struct Look {
    /// The width: 89mm is a column of Nature's, 183mm a page; mm, cm, in or pt [default: 89mm]
    #[arg(long, value_name = "LENGTH", value_parser = length)]
    width: Option<f64>,
    /// The height, which stretches plots alone [default: as the chart needs it]
    #[arg(long, value_name = "LENGTH", value_parser = length)]
    height: Option<f64>,
    /// The font of all text; what stands in for one that is not there is said [default: Helvetica, else Arial]
    #[arg(long, value_name = "NAME")]
    font: Option<String>,
    /// The size of all text [default: 7pt]
    #[arg(long, value_name = "LENGTH", value_parser = length)]
    size: Option<f64>,
    /// Leave the title out, as journals ask for
    #[arg(long)]
    no_title: bool,
    /// Pixels in an inch of a .png [default: 300]
    #[arg(long, value_name = "NUMBER")]
    dpi: Option<f64>,
    /// A style file: palette, fonts, sizes, widths of lines, axes; `ventral help figures` describes it
    #[arg(long, value_name = "FILE")]
    style: Option<PathBuf>,
}

impl Look {
    /// The style that all of it comes to; an error says which length does not do, and which would.
    pub fn style(&self) -> Result<Style, String> {
        let mut style = match &self.style {
            Some(file) => style::read(file)?,
            None => Style::default(),
        };
        style.width = self.width.unwrap_or(style.width);
        style.height = self.height.or(style.height);
        if let Some(font) = &self.font {
            let mut fonts = vec![font.clone()];
            fonts.extend(style.fonts.iter().filter(|other| *other != font).cloned());
            style.fonts = fonts;
        }
        style.size = self.size.unwrap_or(style.size);
        style.dpi = self.dpi.unwrap_or(style.dpi);
        style.title &= !self.no_title;
        sound(&style)?;
        Ok(style)
    }
}

/// Refuses what cannot be drawn or read.
fn sound(style: &Style) -> Result<(), String> {
    let within = |what: &str, x: f64, (low, high): (f64, f64), unit: &str| {
        let fits = x.is_finite() && (low..=high).contains(&x);
        fits.then_some(()).ok_or_else(|| format!("{what} of {x} {unit} is beyond {low} to {high} {unit}"))
    };
    within("a size", style.size, (3.0, 36.0), "pt")?;
    within("a letter's size", style.letter, (3.0, 72.0), "pt")?;
    within("a resolution", style.dpi, (50.0, 2400.0), "dpi")?;
    for (what, width) in [("data", style.lines.data), ("axis", style.lines.axis), ("grid", style.lines.grid)] {
        within(&format!("a line of {what}"), width, (FINEST, 10.0), "pt")?;
    }
    if let Some(height) = style.height {
        within("a height", (height / MM * 10.0).round() / 10.0, (10.0, 2000.0), "mm")?;
    }
    let pixels = style.width / style.scale();
    if !(NARROWEST..=WIDEST).contains(&pixels) {
        let least = (NARROWEST * style.scale() / MM).ceil();
        let most = (WIDEST * style.scale() / MM).floor();
        return Err(format!(
            "a width of {} mm does not do for text of {} pt: it takes {least} to {most} mm; --size sets the text",
            millimetres(style.width),
            style.size
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_that_do_not_do_are_refused_with_those_that_do() {
        let refused = |change: fn(&mut Style)| {
            let mut style = Style::default();
            change(&mut style);
            sound(&style).expect_err("it is refused")
        };
        assert!(sound(&Style::default()).is_ok());
        assert_eq!(
            refused(|style| style.width = 20.0 * MM),
            "a width of 20 mm does not do for text of 7 pt: it takes 32 to 1580 mm; --size sets the text"
        );
        assert_eq!(refused(|style| style.size = 1.0), "a size of 1 pt is beyond 3 to 36 pt");
        assert_eq!(refused(|style| style.lines.grid = 0.1), "a line of grid of 0.1 pt is beyond 0.25 to 10 pt");
        assert_eq!(refused(|style| style.dpi = 1e6), "a resolution of 1000000 dpi is beyond 50 to 2400 dpi");
    }
}

//! What a chart is drawn for: a page on a screen or a phone, or a figure of a given width in print.

use crate::report::draw::figure::{NARROW, PRINT, Panel, WIDE};

/// The pixels of a picture and the class under which it stands.
pub type Size = (u32, &'static str);

/// Pixels between panels that stand side by side in print.
pub const GAP: f64 = 20.0;
/// Pixels that a panel among others has at least in print.
const LEAST: f64 = 190.0;
/// In print, a picture that is narrower than this is drawn as for a phone.
const SLIM: u32 = 600;

/// Where a chart will be seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Medium {
    /// In a page, which shows a wide picture or a narrow one.
    #[default]
    Page,
    /// In print, so many pixels wide, of which the text takes [`TEXT`](crate::report::draw::figure::TEXT) as everywhere.
    Print(u32),
}

impl Medium {
    /// A picture that takes all of the width.
    pub fn both(self, draw: impl Fn(Size) -> String) -> Panel {
        match self {
            Self::Page => {
                Panel { wide: draw((WIDE, "wide")), narrow: Some(draw((NARROW, "narrow"))), ..Panel::default() }
            }
            Self::Print(width) => Panel { wide: draw((width, PRINT)), ..Panel::default() },
        }
    }

    /// The same with a height for each width.
    pub fn tall(self, (wide, narrow): (u32, u32), draw: impl Fn(u32, u32, &'static str) -> String) -> Panel {
        self.both(|(width, class)| draw(width, if width < SLIM { narrow } else { wide }, class))
    }

    /// The same of at most so many pixels on a page, and in print.
    pub fn upto(self, most: u32, draw: impl Fn(Size) -> String) -> Panel {
        match self {
            Self::Page => {
                Panel { wide: draw((most, "panel")), narrow: Some(draw((NARROW, "narrow"))), ..Panel::default() }
            }
            Self::Print(width) => Panel { wide: draw((width.min(most), PRINT)), ..Panel::default() },
        }
    }

    /// The size of one of several panels that stand side by side; on a page, whose columns are its own affair, as given.
    pub fn among(self, count: usize, page: u32) -> Size {
        match self {
            Self::Page => (page, "panel"),
            Self::Print(width) => (share(width, count), PRINT),
        }
    }
}

/// The width of each of so many panels, in as many columns as there is room for.
fn share(width: u32, count: usize) -> u32 {
    let room = f64::from(width);
    let columns = ((room + GAP) / (LEAST + GAP)).floor().clamp(1.0, count.max(1) as f64);
    ((room - GAP * (columns - 1.0)) / columns) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panels_share_the_width() {
        // 89 mm at 7 pt, and 183 mm.
        assert_eq!([1, 2, 3, 12].map(|count| share(450, count)), [450, 215, 215, 215]);
        assert_eq!([1, 2, 3, 12].map(|count| share(926, count)), [926, 453, 295, 216]);
        assert_eq!(share(200, 3), 200);
        assert_eq!(Medium::Page.among(3, 300), (300, "panel"));
    }

    #[test]
    fn a_page_has_two_pictures_and_print_one() {
        let told = |medium: Medium| medium.tall((400, 320), |width, height, class| format!("{width}×{height} {class}"));
        let page = told(Medium::Page);
        assert_eq!((page.wide.as_str(), page.narrow.as_deref()), ("880×400 wide", Some("360×320 narrow")));
        assert_eq!(told(Medium::Print(450)).wide, "450×320 print");
        assert_eq!(told(Medium::Print(926)).wide, "926×400 print");
    }
}

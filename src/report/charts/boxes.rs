//! The chart `box`. A box per variant: quartiles and units.

use crate::kind::Role;
use crate::kind::chart::Described;
use crate::report::charts::chart::{Draw, View};
use crate::report::charts::distribution::{Look, scores};
use crate::report::charts::options::OfCompared;
use crate::report::draw::figure::Figure;

/// A box per variant: quartiles and units.
pub struct Boxes;

impl Described for Boxes {
    const NAME: &'static str = "box";
    const ABOUT: &'static str = "A box per variant: quartiles and units.";
    const DRAWS: &'static [Role] = &[Role::Scores, Role::Comparison];
    const USUAL: &'static [Role] = &[Role::Comparison];
    type Options = OfCompared;
}

impl Draw for Boxes {
    fn draw(view: &View<'_>, options: &OfCompared) -> Option<Figure> {
        scores(view, Look::Box, options)
    }
}

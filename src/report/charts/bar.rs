//! The chart `bar`. A bar per variant: the mean over units.

use crate::kind::Role;
use crate::kind::chart::Described;
use crate::report::charts::chart::{Draw, View};
use crate::report::charts::distribution::{Look, scores};
use crate::report::charts::options::OfCompared;
use crate::report::draw::figure::Figure;

/// A bar per variant: the mean over units.
pub struct Bar;

impl Described for Bar {
    const NAME: &'static str = "bar";
    const ABOUT: &'static str = "A bar per variant: the mean over units.";
    const DRAWS: &'static [Role] = &[Role::Scores, Role::Comparison];
    type Options = OfCompared;
}

impl Draw for Bar {
    fn draw(view: &View<'_>, options: &OfCompared) -> Option<Figure> {
        scores(view, Look::Bar, options)
    }
}

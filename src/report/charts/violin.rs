//! The chart `violin`. The density of units, variant beside variant.

use crate::kind::Role;
use crate::kind::chart::Described;
use crate::report::charts::chart::{Draw, View};
use crate::report::charts::distribution::{Look, scores};
use crate::report::charts::options::OfCompared;
use crate::report::draw::figure::Figure;

/// The density of units, variant beside variant.
pub struct Violin;

impl Described for Violin {
    const NAME: &'static str = "violin";
    const ABOUT: &'static str = "The density of units, variant beside variant.";
    const DRAWS: &'static [Role] = &[Role::Scores, Role::Comparison];
    type Options = OfCompared;
}

impl Draw for Violin {
    fn draw(view: &View<'_>, options: &OfCompared) -> Option<Figure> {
        scores(view, Look::Violin, options)
    }
}

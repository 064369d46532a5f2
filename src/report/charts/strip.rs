//! The chart `strip`. A dot per unit, variant beside variant.

use crate::kind::Role;
use crate::kind::chart::Described;
use crate::report::charts::chart::{Draw, View};
use crate::report::charts::distribution::{Look, scores};
use crate::report::charts::options::OfCompared;
use crate::report::draw::figure::Figure;

/// A dot per unit, variant beside variant.
pub struct Strip;

impl Described for Strip {
    const NAME: &'static str = "strip";
    const ABOUT: &'static str = "A dot per unit, variant beside variant.";
    const DRAWS: &'static [Role] = &[Role::Scores, Role::Comparison];
    type Options = OfCompared;
}

impl Draw for Strip {
    fn draw(view: &View<'_>, options: &OfCompared) -> Option<Figure> {
        scores(view, Look::Strip, options)
    }
}

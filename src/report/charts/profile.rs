//! The chart `profile`. Means per variant with their standard errors, joined by a line.

use crate::kind::Role;
use crate::kind::chart::Described;
use crate::report::charts::chart::{Draw, View};
use crate::report::charts::distribution::{Look, scores};
use crate::report::charts::options::{OfCompared, OfScores};
use crate::report::draw::figure::Figure;

/// Means per variant with their standard errors, joined by a line.
pub struct Profile;

impl Described for Profile {
    const NAME: &'static str = "profile";
    const ABOUT: &'static str = "Means per variant with their standard errors, joined by a line.";
    const DRAWS: &'static [Role] = &[Role::Scores, Role::Comparison];
    type Options = OfScores;
}

impl Draw for Profile {
    fn draw(view: &View<'_>, options: &OfScores) -> Option<Figure> {
        scores(view, Look::Profile, &OfCompared::plain(options))
    }
}

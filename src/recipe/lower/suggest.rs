//! "Did you mean": the nearest name, and the names there are.

use crate::diagnostic::{Diagnostic, listed};
use crate::text::nearest::nearest;

/// Adds "did you mean", and the list of what there is.
pub fn suggest<'a>(problem: &mut Diagnostic, word: &str, known: impl Iterator<Item = &'a str> + Clone, intro: &str) {
    let near = meant(word, known.clone());
    if let Some(near) = near {
        problem.help(format!("did you mean `{near}`?"));
    }
    // A list of the one name that is suggested already would say it twice.
    if known.clone().nth(usize::from(near.is_some())).is_some() {
        problem.help(format!("{intro} {}", listed(known)));
    }
}

/// The name that was most likely meant. One that differs in its number alone, `layer4` for `layer3`, is no slip.
pub fn meant<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let bare = |text: &str| text.chars().filter(|c| !c.is_ascii_digit()).collect::<String>();
    let near = if word.is_empty() { None } else { nearest(word, known) };
    near.filter(|near| bare(near) != bare(word))
}

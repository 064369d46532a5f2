//! The node kinds by name: find, list, "did you mean".

use std::collections::BTreeMap;

use crate::kind::Kind;

/// Every kind that a recipe may use.
#[derive(Default)]
pub struct Registry {
    kinds: BTreeMap<&'static str, &'static Kind>,
}

impl Registry {
    /// A registry without kinds.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a kind, which lives as long as the program; two of one name are our mistake.
    pub fn add(&mut self, kind: Kind) {
        let kind: &'static Kind = Box::leak(Box::new(kind));
        assert!(self.kinds.insert(kind.name, kind).is_none(), "two kinds named {}", kind.name);
    }

    /// The kind of that name.
    pub fn get(&self, name: &str) -> Option<&'static Kind> {
        self.kinds.get(name).copied()
    }

    /// All kinds, by name.
    pub fn iter(&self) -> impl Iterator<Item = &'static Kind> + '_ {
        self.kinds.values().copied()
    }
}

/// The candidate that a person most likely meant, if any is near.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let (score, best) = candidates
        .into_iter()
        .map(|candidate| (strsim::normalized_damerau_levenshtein(word, candidate), candidate))
        .max_by(|a, b| a.0.total_cmp(&b.0))?;
    (score > 0.5 || best.starts_with(word) || word.starts_with(best)).then_some(best)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_is_understood_and_noise_is_not() {
        let names = ["components", "solver", "alphas"];
        assert_eq!(nearest("componets", names), Some("components"));
        assert_eq!(nearest("alpha", names), Some("alphas"));
        assert_eq!(nearest("zzz", names), None);
    }
}

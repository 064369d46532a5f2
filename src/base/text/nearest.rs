//! The name that a person most likely meant.

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

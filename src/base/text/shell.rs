//! Words as a shell takes them.

/// A word, in quotes where it needs them.
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/=@:,+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_takes_a_word_as_one() {
        assert_eq!(quoted("scores@layer=features.9"), "scores@layer=features.9");
        assert_eq!(quoted("a b'$(x)"), "'a b'\\''$(x)'");
        assert_eq!(quoted("responses[a/b]"), "'responses[a/b]'");
        assert_eq!(quoted(""), "''");
    }
}

//! What the scores are called and how they are defined, where a table does not say so itself.

use std::collections::BTreeMap;

/// How a measure is named and drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Measure {
    /// The column's name, or the value in the column `measure`.
    pub name: String,
    /// As a sentence names it.
    pub label: String,
    /// The unit of its axis.
    pub unit: &'static str,
    /// In words and as a formula; empty for a column that nobody defines.
    pub definition: String,
    /// Whether it is a share or coefficient, printed as `.335`.
    pub share: bool,
}

/// Names, labels, units and definitions of the measures that every study has.
const KNOWN: &[(&str, &str, &str, &str)] = &[
    (
        "explained_variance",
        "explained variance",
        "fraction of variance",
        "1 − Var(y − ŷ) / Var(y), per unit, over the scored stimuli; a constant offset costs nothing",
    ),
    (
        "explained_variance_nc",
        "noise-corrected explained variance",
        "fraction of explainable variance",
        "explained variance divided by the unit's ceiling",
    ),
    ("r", "correlation", "Pearson r", "Pearson correlation of predicted and measured responses, per unit"),
    (
        "r_nc",
        "noise-corrected correlation",
        "Pearson r over its ceiling",
        "Pearson r divided by the square root of the unit's ceiling",
    ),
    (
        "r2",
        "R²",
        "1 − residual over total sum of squares",
        "1 − Σ(y − ŷ)² / Σ(y − ȳ)², per unit; unlike explained variance it also punishes a constant offset",
    ),
    (
        "ceiling",
        "noise ceiling",
        "fraction of variance",
        "the share of a unit's variance that repeats of a stimulus have in common, which no model can exceed",
    ),
    (
        "split_half",
        "split-half reliability",
        "Spearman–Brown corrected r",
        "correlation of the means of two random halves of the repeats, corrected for their length by 2r / (1 + r)",
    ),
    (
        "variance_based",
        "variance-based ceiling",
        "fraction of variance",
        "snr / (snr + 1/n) with n repeats, where snr is the variance of the signal over that of the noise",
    ),
    ("explained", "explained variance of the features", "fraction of variance", ""),
    ("cumulative", "cumulative explained variance of the features", "fraction of variance", ""),
];

/// Columns that say what a row is or how it was summarised: never a measure.
const NO_MEASURES: &[&str] =
    &["unit", "measure", "mean", "median", "sem", "units", "fold", "component", "at_edge", "label", "repeats"];

/// Looks a measure up; the table's own definitions win.
pub fn measure(name: &str, definitions: &BTreeMap<String, String>) -> Measure {
    let known = KNOWN.iter().find(|(known, ..)| *known == name);
    let (label, unit, definition) = match known {
        Some((_, label, unit, definition)) => ((*label).to_owned(), *unit, (*definition).to_owned()),
        None => (name.replace('_', " "), "", String::new()),
    };
    let definition = definitions.get(name).map_or(definition, |own| readable(own));
    Measure { name: name.to_owned(), label, unit, definition, share: known.is_some() }
}

/// A table's own definition, with columns called what a reader calls them.
fn readable(definition: &str) -> String {
    let definition = match definition.strip_prefix("the column ").and_then(|rest| rest.split_once(": ")) {
        Some((column, rest)) => format!("{column}, {rest}"),
        None => definition.to_owned(),
    };
    let word = |word: &str| {
        let bare = word.trim_end_matches([',', '.', ';', ':']);
        let label = KNOWN.iter().find(|(name, ..)| *name == bare && bare.contains('_')).map(|(_, label, ..)| *label);
        label.map_or(word.to_owned(), |label| format!("{label}{}", &word[bare.len()..]))
    };
    definition.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// Whether a column may hold scores.
pub fn is_measure(column: &str) -> bool {
    !NO_MEASURES.contains(&column)
}

/// Whether every study defines a measure of that name.
pub fn is_known(name: &str) -> bool {
    KNOWN.iter().any(|(known, ..)| *known == name)
}

impl Measure {
    /// The axis's title: what, and in which unit.
    pub fn axis(&self) -> String {
        let label = capital(&self.label);
        if self.unit.is_empty() { label } else { format!("{label} ({})", self.unit) }
    }

    /// The definition as a caption says it; empty where there is none.
    pub fn sentence(&self) -> String {
        if self.definition.is_empty() {
            String::new()
        } else {
            format!("{}: {}.", capital(&self.label), trimmed(&self.definition))
        }
    }

    /// A value of it.
    pub fn value(&self, x: f64) -> String {
        if self.share { crate::report::draw::number::score(x) } else { crate::report::draw::number::general(x) }
    }
}

fn trimmed(definition: &str) -> &str {
    definition.trim().trim_end_matches('.')
}

/// The text with a capital first letter; `r` and the like stay.
pub fn capital(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) if text.chars().nth(1).is_some_and(char::is_alphabetic) => {
            first.to_uppercase().chain(chars).collect()
        }
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tables_own_definition_wins() {
        let own = BTreeMap::from([("r_nc".to_owned(), "the column split_half: explained_variance by it.".to_owned())]);
        assert_eq!(measure("r_nc", &own).definition, "split-half reliability, explained variance by it.");
        let own = BTreeMap::from([("r".to_owned(), "Pearson r over 7 stimuli.".to_owned())]);
        assert_eq!(measure("r", &own).sentence(), "Correlation: Pearson r over 7 stimuli.");
        assert!(measure("r", &BTreeMap::new()).definition.starts_with("Pearson correlation"));
    }

    #[test]
    fn an_unknown_column_is_named_but_not_defined() {
        let loss = measure("val_loss", &BTreeMap::new());
        assert_eq!((loss.axis().as_str(), loss.sentence().as_str()), ("Val loss", ""));
        assert!(!loss.share);
    }
}

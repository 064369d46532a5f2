//! What the scores are called and how they are defined: as the kinds of a study declare it, unless a table says so itself.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::kind;
use crate::kind::measure::{Ceiling, Part, Weight};
use crate::plan::Plan;

/// How a measure is named and drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measure {
    /// The column's name, or the value in the column of measures.
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

/// The measures that the kinds of a study declare, each name once.
#[derive(Clone, Debug, Default)]
pub struct Measures(Rc<[&'static kind::Measure]>);

impl Measures {
    /// Those of all kinds in a plan.
    pub fn of(plan: &Plan) -> Self {
        Self::among(plan.nodes.iter().flat_map(|node| node.kind.measures))
    }

    /// Some measures; of two of one name the first.
    pub fn among(measures: impl IntoIterator<Item = &'static kind::Measure>) -> Self {
        let mut known: Vec<&'static kind::Measure> = Vec::new();
        for measure in measures {
            if !known.iter().any(|other| other.name == measure.name) {
                known.push(measure);
            }
        }
        Self(known.into())
    }

    /// As its kind declares it.
    pub fn declared(&self, name: &str) -> Option<&'static kind::Measure> {
        self.0.iter().find(|measure| measure.name == name).copied()
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &'static kind::Measure> {
        self.0.iter().copied()
    }

    /// Looks a measure up; the table's own definitions win.
    pub fn measure(&self, name: &str, definitions: &BTreeMap<String, String>) -> Measure {
        let known = self.declared(name);
        let own = definitions.get(name).map(|own| self.readable(own));
        Measure {
            name: name.to_owned(),
            label: known.map_or_else(|| name.replace('_', " "), kind::Measure::spoken),
            unit: known.map_or("", |known| known.unit),
            definition: own.unwrap_or_else(|| known.map_or("", |known| known.definition).to_owned()),
            share: self.is_share(name),
        }
    }

    /// Whether a kind declares a share or coefficient of that name.
    pub fn is_share(&self, name: &str) -> bool {
        self.declared(name).is_some_and(|known| known.share)
    }

    /// Whether it is the one that is spoken of first.
    pub fn is_first(&self, name: &str) -> bool {
        self.declared(name).is_some_and(|known| known.weight == Weight::First)
    }

    /// The column of the values that bound it, which no model exceeds.
    pub fn ceiling(&self, name: &str) -> Option<&'static str> {
        match self.declared(name)?.ceiling {
            Ceiling::Column(column) => Some(column),
            Ceiling::None | Ceiling::Root(_) | Ceiling::Band(..) | Ceiling::Between(_) | Ceiling::Corrected => None,
        }
    }

    /// The column of ceilings that a unit's score is held against, and whether their square root bounds it.
    pub fn bound(&self, name: &str) -> Option<(&'static str, bool)> {
        match self.declared(name)?.ceiling {
            Ceiling::Column(column) => Some((column, false)),
            Ceiling::Root(column) => Some((column, true)),
            Ceiling::None | Ceiling::Band(..) | Ceiling::Between(_) | Ceiling::Corrected => None,
        }
    }

    /// The measure that is some part of what a table tells.
    pub fn part(&self, part: Part) -> Option<&'static kind::Measure> {
        self.iter().find(|measure| measure.part == part)
    }

    /// A table's own definition, with columns called what a reader calls them.
    fn readable(&self, definition: &str) -> String {
        let definition = match definition.strip_prefix("the column ").and_then(|rest| rest.split_once(": ")) {
            Some((column, rest)) => format!("{column}, {rest}"),
            None => definition.to_owned(),
        };
        let word = |word: &str| {
            let bare = word.trim_end_matches([',', '.', ';', ':']);
            let known = self.declared(bare).filter(|known| bare.contains('_') && !known.label.is_empty());
            known.map_or(word.to_owned(), |known| format!("{}{}", known.label, &word[bare.len()..]))
        };
        definition.split(' ').map(word).collect::<Vec<_>>().join(" ")
    }
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

    const R: kind::Measure = kind::Measure {
        name: "r",
        definition: "Pearson's r",
        label: "correlation",
        share: true,
        ..kind::Measure::PLAIN
    };
    const HALF: kind::Measure =
        kind::Measure { name: "split_half", label: "split-half reliability", share: true, ..kind::Measure::PLAIN };

    #[test]
    fn a_tables_own_definition_wins() {
        let known = Measures::among([&R, &HALF]);
        let own = BTreeMap::from([("r_nc".to_owned(), "the column split_half: explained_variance by it.".to_owned())]);
        assert_eq!(known.measure("r_nc", &own).definition, "split-half reliability, explained_variance by it.");
        let own = BTreeMap::from([("r".to_owned(), "Pearson r over 7 stimuli.".to_owned())]);
        assert_eq!(known.measure("r", &own).sentence(), "Correlation: Pearson r over 7 stimuli.");
        assert_eq!(known.measure("r", &BTreeMap::new()).definition, "Pearson's r");
    }

    #[test]
    fn an_unknown_column_is_named_but_not_defined() {
        let loss = Measures::default().measure("val_loss", &BTreeMap::new());
        assert_eq!((loss.axis().as_str(), loss.sentence().as_str()), ("Val loss", ""));
        assert!(!loss.share);
    }
}

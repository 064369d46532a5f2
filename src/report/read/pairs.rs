//! Paired differences between variants as a table lists them, and how sentences name variants.

use std::collections::BTreeSet;

use crate::kind::{column, fact};
use crate::report::draw::number::probability;
use crate::report::read::grid::Grid;
use crate::report::read::measure::capital;

/// A difference between two variants.
#[derive(Clone, Debug)]
pub struct Pair {
    pub a: String,
    pub b: String,
    /// What tells each from the others, in no order.
    pub keys: [BTreeSet<String>; 2],
    /// `b` as a sentence names it.
    pub spoken: String,
    /// And `a`.
    pub other: String,
    pub difference: f64,
    /// The bootstrap interval.
    pub interval: Option<(f64, f64)>,
    pub p: Option<f64>,
    /// p corrected for how many comparisons there are, where the table has it.
    pub adjusted: Option<f64>,
    pub units: usize,
}

impl Pair {
    /// The p to show: the corrected one, where there is one.
    pub fn shown(&self) -> Option<f64> {
        self.adjusted.or(self.p)
    }
}

/// The pairs of a measure, as a table of comparisons lists them; labels without the variable's name.
pub fn pairs(grid: &Grid, of: &str) -> Vec<Pair> {
    let rows = (0..grid.rows)
        .filter(|&row| !grid.has(column::MEASURE) || grid.text(column::MEASURE, row).as_deref() == Some(of));
    rows.filter_map(|row| {
        let (a, b) = (grid.text(column::A, row)?, grid.text(column::B, row)?);
        Some(Pair {
            a: short(&a),
            b: short(&b),
            keys: [&a, &b].map(|label| key(label)),
            spoken: spoken(&b),
            other: spoken(&a),
            difference: grid.number(column::DIFFERENCE, row)?,
            interval: grid.number(column::LOW, row).zip(grid.number(column::HIGH, row)),
            p: grid.number(column::P, row),
            adjusted: grid.number(column::P_ADJUSTED, row),
            units: grid.number(column::UNITS, row).unwrap_or(0.0) as usize,
        })
    })
    .collect()
}

/// The pairs in which a variant takes part, as its difference to the other one, largest first.
pub fn against(pairs: &[Pair], variant: &BTreeSet<String>) -> Vec<Pair> {
    let mut mine: Vec<Pair> = pairs
        .iter()
        .filter_map(|pair| match (pair.keys[0] == *variant, pair.keys[1] == *variant) {
            (true, false) => Some(pair.clone()),
            (false, true) => Some(Pair {
                a: pair.b.clone(),
                b: pair.a.clone(),
                keys: [pair.keys[1].clone(), pair.keys[0].clone()],
                spoken: pair.other.clone(),
                other: pair.spoken.clone(),
                difference: -pair.difference,
                interval: pair.interval.map(|(low, high)| (-high, -low)),
                ..pair.clone()
            }),
            _ => None,
        })
        .collect();
    mine.sort_by(|a, b| a.difference.total_cmp(&b.difference));
    mine
}

/// By which test a table's p came about, and how they are corrected for their number.
pub fn tested(grid: &Grid) -> String {
    let said = |fact: &str, otherwise: &str| grid.fact_text(fact).unwrap_or(otherwise).to_owned();
    // A table of before says neither.
    let test = said(fact::TEST, "Wilcoxon signed-rank test over units");
    format!("{test}, {}", said(fact::CORRECTION, "not corrected for the number of pairs"))
}

/// A label such as `layer=features.9` without the variable; `a=1,b=2` as `1, 2`.
pub fn short(label: &str) -> String {
    let parts: Vec<&str> = label.split(',').map(|part| part.split_once('=').map_or(part, |(_, value)| value)).collect();
    parts.iter().map(|part| part.trim()).collect::<Vec<_>>().join(", ")
}

/// A label's parts, whichever of them stands first.
fn key(label: &str) -> BTreeSet<String> {
    if label.contains(", ") { label.split(", ").map(str::to_owned).collect() } else { [short(label)].into() }
}

/// A variant's parts, by which a table of pairs knows it.
pub fn key_of(labels: &[(String, String)]) -> BTreeSet<String> {
    match labels {
        [(_, value)] => [value.clone()].into(),
        many => many.iter().map(|(name, value)| format!("{name}={value}")).collect(),
    }
}

/// A label such as `layer=features.9, components=100` as a sentence says it.
fn spoken(label: &str) -> String {
    let parts = label.split(", ").map(|part| part.split_once('=').unwrap_or(("", part)));
    worded(&parts.map(|(name, value)| (name.to_owned(), value.to_owned())).collect::<Vec<_>>())
}

/// Names and values as a sentence says them: layer features.9 with learning rate 0.01 and batch 16.
pub fn worded(labels: &[(String, String)]) -> String {
    let part = |(name, value): &(String, String)| format!("{} {value}", name.replace('_', " ")).trim_start().to_owned();
    match labels {
        [] => String::new(),
        [one] => part(one),
        [first, rest @ .., last] if !rest.is_empty() => {
            let rest: Vec<String> = rest.iter().map(part).collect();
            format!("{} with {} and {}", part(first), rest.join(", "), part(last))
        }
        [first, .., last] => format!("{} with {}", part(first), part(last)),
    }
}

/// With a capital where it is words, as it stands where it is one name.
pub fn titled(spoken: &str) -> String {
    if spoken.contains(' ') { capital(spoken) } else { spoken.to_owned() }
}

/// `= .012` or `< .001`.
pub fn sign(p: f64) -> String {
    let text = probability(p);
    if text.starts_with('<') { text } else { format!("= {text}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_is_always_the_minuend() {
        let pair = Pair {
            a: "x".into(),
            b: "best".into(),
            keys: [key("x"), key("best")],
            spoken: "best".into(),
            other: "x".into(),
            difference: -0.2,
            interval: Some((-0.3, -0.1)),
            p: Some(0.01),
            adjusted: None,
            units: 9,
        };
        let mine = against(&[pair], &key("best"));
        assert_eq!((mine[0].a.as_str(), mine[0].b.as_str(), mine[0].difference), ("best", "x", 0.2));
        assert_eq!(mine[0].interval, Some((0.1, 0.3)));
        assert_eq!(mine[0].spoken, "x");
        assert_eq!(short("layer=features.9,components=100"), "features.9, 100");
        assert_eq!(spoken("layer=features.9, components=100"), "layer features.9 with components 100");
        let three = "architecture=three_layer, learning_rate=0.003, batch=16";
        assert_eq!(spoken(three), "architecture three_layer with learning rate 0.003 and batch 16");
        let labels = [("batch", "16"), ("learning_rate", "0.003"), ("architecture", "three_layer")];
        assert_eq!(key_of(&labels.map(|(name, value)| (name.to_owned(), value.to_owned()))), key(three));
        assert_eq!(spoken("features.9"), "features.9");
    }
}

//! What two studies differ in and what came of it, in numbers and in words; who compares and who shows both speak of this.

use serde::Serialize;

use crate::kind::Measure;

/// What two studies differ in, and what came of it.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    pub a: String,
    pub b: String,
    /// What was done otherwise, in the order of the second plan.
    pub changes: Vec<Change>,
    #[serde(rename = "contrasts")]
    pub pairs: Vec<Paired>,
    /// Evaluations that have no counterpart, or none that may be compared, with the reason.
    pub apart: Vec<(String, String)>,
    /// How p are corrected.
    pub correction: Correction,
}

/// A correction of p for how many scores are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Correction {
    /// Holm's: the chance of any false claim.
    #[default]
    Holm,
    /// Benjamini's and Hochberg's: the share of false claims.
    Bh,
    None,
}

impl Correction {
    /// As the end of a sentence about p has it.
    pub fn words(self) -> &'static str {
        match self {
            Self::Holm => "corrected by Holm over all scores compared",
            Self::Bh => "corrected by Benjamini and Hochberg over all scores compared",
            Self::None => "not corrected for the number of scores compared",
        }
    }
}

/// The corrected p below which a difference is told as one.
const ALPHA: f64 = 0.05;

/// Something that is done otherwise: nodes, what of them, and both values.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    pub nodes: Vec<String>,
    pub what: String,
    pub a: String,
    pub b: String,
}

/// One measure of two evaluations over the units that both score.
#[derive(Clone, Debug, Serialize)]
pub struct Paired {
    pub a: String,
    pub b: String,
    pub measure: String,
    pub definition: String,
    pub mean_a: f64,
    pub mean_b: f64,
    /// The mean over units of b − a, and its 95 % bootstrap interval.
    pub difference: f64,
    pub low: Option<f64>,
    pub high: Option<f64>,
    /// Wilcoxon's signed-rank test over units, two-sided.
    pub p: Option<f64>,
    /// The same, corrected over all scores that are compared; nothing where it is not.
    pub p_adjusted: Option<f64>,
    pub units: usize,
    /// The part of the split that was scored, how many rows, and whether both scored the very same.
    pub on: String,
    pub rows: (u64, u64),
    pub same_rows: bool,
    pub per_unit: Vec<Unit>,
    /// How the scores' kind declares the measure.
    #[serde(skip)]
    pub declared: Option<&'static Measure>,
}

/// One unit's score in both.
#[derive(Clone, Debug, Serialize)]
pub struct Unit {
    pub unit: String,
    pub a: f64,
    pub b: f64,
}

/// Which way units differ beyond chance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Higher,
    Lower,
    /// No way, or there are too few units for a test.
    Open,
}

impl Comparison {
    /// The measures that were compared, the one that is talked of first.
    pub fn measures(&self) -> Vec<&str> {
        self.pairs.iter().fold(Vec::new(), |mut known, pair| {
            if !known.contains(&pair.measure.as_str()) {
                known.push(&pair.measure);
            }
            known
        })
    }

    /// The contrasts of a measure.
    pub fn of(&self, measure: &str) -> Vec<&Paired> {
        self.pairs.iter().filter(|one| one.measure == measure).collect()
    }
}

impl Paired {
    /// What was compared: one name, or both where they differ.
    pub fn name(&self) -> String {
        if self.a == self.b { self.b.clone() } else { format!("{} | {}", self.a, self.b) }
    }

    /// Whether both score the same, unit by unit.
    pub fn is_same(&self) -> bool {
        self.per_unit.iter().all(|unit| unit.a == unit.b)
    }

    /// Whether B scores higher, lower, or neither beyond chance.
    pub fn verdict(&self) -> Verdict {
        match self.p_adjusted.or(self.p) {
            Some(p) if p < ALPHA && self.difference > 0.0 => Verdict::Higher,
            Some(p) if p < ALPHA && self.difference < 0.0 => Verdict::Lower,
            _ => Verdict::Open,
        }
    }

    /// How many rows were scored, and of which part.
    pub fn scored(&self) -> String {
        let on = if self.on == "folds" { "held-out" } else { &self.on };
        if self.same_rows {
            format!("{} {on}", self.rows.1)
        } else {
            format!("{} | {} {on}, not the same", self.rows.0, self.rows.1)
        }
    }
}

impl Change {
    /// In a line. Of lists that have items in common, those that came and went.
    pub fn words(&self) -> String {
        let nodes = self.nodes.join(", ");
        match (self.what.as_str(), self.a.as_str(), self.b.as_str()) {
            ("node", "", kind) => format!("{nodes} ({kind}) is new in B"),
            ("node", kind, _) => format!("{nodes} ({kind}) is in A only"),
            (what, was, is) => {
                let (before, after) = (items(was), items(is));
                let new: Vec<&str> = after.iter().filter(|item| !before.contains(item)).copied().collect();
                let gone: Vec<&str> = before.iter().filter(|item| !after.contains(item)).copied().collect();
                let kept = before.len() - gone.len();
                if kept == 0 || new.len() + gone.len() == 0 || before.len().max(after.len()) < 3 {
                    return format!("{nodes}: {what}: {was} → {is}");
                }
                let part =
                    |words: &str, items: &[&str]| (!items.is_empty()).then(|| format!("{words} {}", items.join(", ")));
                let told: Vec<String> =
                    [part("B adds", &new), part("B leaves out", &gone)].into_iter().flatten().collect();
                format!("{nodes}: {what}: {}", told.join(", "))
            }
        }
    }
}

fn items(text: &str) -> Vec<&str> {
    let inner = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    inner.split(", ").collect()
}

/// What a reader may take away of some contrasts of one measure.
pub fn verdict(pairs: &[&Paired], correction: Correction) -> String {
    let count = |verdict: Verdict| pairs.iter().filter(|one| one.verdict() == verdict).count();
    let of = pairs.len();
    let same = pairs.iter().filter(|one| one.is_same()).count();
    let parts = [
        (count(Verdict::Higher), "higher in B"),
        (count(Verdict::Lower), "lower in B"),
        (count(Verdict::Open) - same, "with no difference beyond chance"),
        (same, "the same unit by unit"),
    ];
    let told: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} of {of} {what}")).collect();
    format!("{}; judged by Wilcoxon's p over units, {}", told.join(", "), correction.words())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_tell_what_came_and_went() {
        let change = |was: &str, is: &str| {
            let [a, b] = [was, is].map(str::to_owned);
            Change { nodes: vec!["n".to_owned()], what: "layers".to_owned(), a, b }.words()
        };
        assert_eq!(change("8", "2"), "n: layers: 8 → 2");
        assert_eq!(change("[a, b]", "[a, b, c]"), "n: layers: B adds c");
        assert_eq!(change("[a, b, c]", "[b, d]"), "n: layers: B adds d, B leaves out a, c");
        assert_eq!(change("[a, b, c]", "[d, e]"), "n: layers: [a, b, c] → [d, e]");
        assert_eq!(change("[a, b, c]", "[c, b, a]"), "n: layers: [a, b, c] → [c, b, a]");
    }
}

//! Measures with their variants' scores in every draw, as they arrive and as they are ranked.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use crate::kind::{Arrival, KindError};
use crate::nodes::drawn::PORT;
use crate::nodes::drawn::table::Draws;

/// The label of a list's or map's entry.
const LABEL: &str = "label";

/// Scores of one measure, and what they are of.
pub struct Ranking {
    /// As the recipe calls it.
    pub name: String,
    pub drawn: String,
    pub on: String,
    pub measured: String,
    /// Variant, region, subject: of all stimuli and then of every draw.
    pub scores: BTreeMap<String, BTreeMap<Region, BTreeMap<Subject, Vec<f64>>>>,
    /// In the order of the recipe.
    pub variants: Vec<String>,
}

pub type Region = Option<String>;
pub type Subject = Option<String>;

/// What arrives, by measure in the recipe's order.
pub fn rankings(arrivals: &[Arrival]) -> Result<Vec<Ranking>, KindError> {
    let mut all: Vec<Ranking> = Vec::new();
    for arrival in arrivals {
        let draws = Draws::read(arrival)?;
        let text = |value: &Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let name = arrival.label.iter().find(|(name, _)| name == LABEL).map(|(_, value)| text(value));
        let name = name.unwrap_or_else(|| draws.measure.clone());
        let swept: Vec<String> =
            arrival.label.iter().filter(|(name, _)| name != LABEL).map(|(_, value)| text(value)).collect();
        let several = draws.cells.iter().map(|(cell, _)| &cell.a).collect::<BTreeSet<_>>().len() > 1;
        let at = all.iter().position(|known| known.name == name).unwrap_or_else(|| {
            all.push(Ranking {
                name: name.clone(),
                drawn: draws.drawn.clone(),
                on: draws.on().to_owned(),
                measured: draws.measure.clone(),
                scores: BTreeMap::new(),
                variants: Vec::new(),
            });
            all.len() - 1
        });
        let ranking = &mut all[at];
        ranking.refuse_other(&draws)?;
        for (cell, values) in draws.cells {
            let mut words = swept.clone();
            words.extend(cell.a.filter(|_| several));
            let variant = words.join(", ");
            if !ranking.variants.contains(&variant) {
                ranking.variants.push(variant.clone());
            }
            let of_region = ranking.scores.entry(variant.clone()).or_default().entry(cell.region).or_default();
            if of_region.insert(cell.subject, values).is_some() {
                return Err(KindError::new(format!(
                    "`{name}` has two scores of the variant `{variant}`; give each measure a name of its own at `{PORT}`"
                )));
            }
        }
    }
    together(&all)?;
    Ok(all)
}

impl Ranking {
    /// Variants of one measure share what is drawn and what is measured.
    fn refuse_other(&self, draws: &Draws) -> Result<(), KindError> {
        if draws.drawn != self.drawn {
            return Err(KindError::new(format!(
                "variants of `{}` were scored in other draws, or of other stimuli, than one another; they need one split, part and seed",
                self.name
            )));
        }
        if draws.measure != self.measured {
            return Err(KindError::new(format!(
                "`{}` has both {} and {}; one measure ranks by one",
                self.name, self.measured, draws.measure
            )));
        }
        Ok(())
    }

    /// How many draws each score has, beside that of all stimuli.
    pub fn draws(&self) -> usize {
        self.each().map(Vec::len).min().unwrap_or(1) - 1
    }

    fn each(&self) -> impl Iterator<Item = &Vec<f64>> {
        self.scores.values().flat_map(BTreeMap::values).flat_map(BTreeMap::values)
    }

    /// The regions and subjects that every variant must have.
    fn of(&self) -> BTreeSet<(&Region, &Subject)> {
        self.scores
            .values()
            .flatten()
            .flat_map(|(region, of)| of.keys().map(move |subject| (region, subject)))
            .collect()
    }
}

/// Measures are ranked side by side: of the same draws, variants, regions and subjects.
fn together(all: &[Ranking]) -> Result<(), KindError> {
    let [first, others @ ..] = all else { return Err(KindError::new(format!("nothing arrives at `{PORT}`"))) };
    if others.is_empty() {
        return Err(KindError::new(format!(
            "one measure arrives at `{PORT}`, `{}`; agreement is of two or more: give a map of names",
            first.name
        )));
    }
    if first.variants.len() < 3 {
        return Err(KindError::new(format!(
            "{} variants are ranked; of fewer than 3 every two rankings agree wholly or not at all",
            first.variants.len()
        )));
    }
    for other in others {
        if other.on != first.on || other.drawn != first.drawn || other.draws() != first.draws() {
            return Err(KindError::new(format!(
                "`{}` has {} draws of {} rows and `{}` {} of {} rows, which are not the same draws of the same stimuli; give both the same \
                 split, `on`, `seed` and number of draws",
                first.name,
                first.draws(),
                first.on,
                other.name,
                other.draws(),
                other.on
            )));
        }
        let missing = |of: &Ranking, than: &Ranking| {
            let lacks = than.variants.iter().find(|variant| !of.variants.contains(variant))?;
            Some(format!(
                "`{}` has a score of `{lacks}` and `{}` has none; measures rank the same variants",
                than.name, of.name
            ))
        };
        if let Some(message) = missing(other, first).or_else(|| missing(first, other)) {
            return Err(KindError::new(message));
        }
    }
    let wanted = first.of();
    let called = |(region, subject): &(&Region, &Subject)| match (region, subject) {
        (Some(region), Some(subject)) => format!("{subject} in {region}"),
        (Some(one), None) | (None, Some(one)) => one.clone(),
        (None, None) => "responses without subject and region".to_owned(),
    };
    for one in all {
        for (variant, of) in &one.scores {
            let has: BTreeSet<_> =
                of.iter().flat_map(|(region, of)| of.keys().map(move |subject| (region, subject))).collect();
            if let Some(other) = wanted.symmetric_difference(&has).next() {
                return Err(KindError::new(format!(
                    "`{}` of `{variant}` and `{}` are not of the same responses: only one has a score of {}",
                    one.name,
                    first.name,
                    called(other)
                )));
            }
        }
    }
    Ok(())
}

//! Scores of variants that are draws of one study, such as random splits: each unit's mean over them.

use std::collections::HashMap;

use crate::plan::draws::Draw;
use crate::report::draw::density;
use crate::report::read::row::Row;

type Labels = Vec<(String, String)>;

/// What the draws came to, each by itself.
#[derive(Default)]
pub struct Over {
    /// By what draws have in common and then by draw: the mean over units.
    means: HashMap<Labels, Vec<f64>>,
}

impl Over {
    /// Puts one row, with the mean of their values, in place of rows that differ by draws alone; nothing where none does.
    pub fn of(rows: &mut Vec<Row>, draws: &[Draw]) -> Self {
        let is_draw = |name: &str| draws.iter().any(|draw| draw.variable == name);
        if draws.is_empty() || rows.iter().any(|row| row.summary.is_some()) {
            return Self::default();
        }
        let mut places: HashMap<(Labels, String), usize> = HashMap::new();
        let mut merged: Vec<(Row, Vec<f64>)> = Vec::new();
        let mut by_draw: Vec<((Labels, Labels), Vec<f64>)> = Vec::new();
        for mut row in rows.drain(..) {
            let (drawn, rest): (Labels, Labels) = row.labels.drain(..).partition(|(name, _)| is_draw(name));
            if let Some(value) = row.value {
                match by_draw.iter_mut().rev().find(|(known, _)| known.0 == rest && known.1 == drawn) {
                    Some((_, values)) => values.push(value),
                    None => by_draw.push(((rest.clone(), drawn), vec![value])),
                }
            }
            let at = *places.entry((rest.clone(), row.unit.clone())).or_insert_with(|| {
                merged.push((Row { labels: rest, unit: row.unit.clone(), value: None, summary: None }, Vec::new()));
                merged.len() - 1
            });
            merged[at].1.extend(row.value);
        }
        rows.extend(merged.into_iter().map(|(row, values)| Row { value: mean(&values), ..row }));
        let mut means: HashMap<Labels, Vec<f64>> = HashMap::new();
        for ((rest, _), values) in by_draw {
            means.entry(rest).or_default().extend(mean(&values));
        }
        Self { means }
    }

    /// The mean of each draw of a variant, by what tells it from other variants.
    pub fn draws(&self, variant: &[(String, String)]) -> Vec<f64> {
        let same =
            |labels: &Labels| labels.len() == variant.len() && labels.iter().all(|label| variant.contains(label));
        self.means.iter().find(|(labels, _)| same(labels)).map(|(_, means)| means.clone()).unwrap_or_default()
    }
}

fn mean(values: &[f64]) -> Option<f64> {
    density::summary(values).map(|summary| summary.mean)
}

//! Shares of what bands of features explain, as tables list them: by unit, in the mean over folds.

use std::collections::HashMap;

use crate::kind::{Role, column, fact};
use crate::plan::NodeIndex;
use crate::report::draw::density;
use crate::report::draw::density::Summary;
use crate::report::read::measure::Measure;
use crate::report::read::results::Results;
use crate::report::read::sample::main_measure;

/// The shares of one fit.
pub struct Shares {
    /// What tells its variant from others.
    pub name: String,
    pub measure: Measure,
    /// Bands, or sets of bands, in the table's order.
    pub bands: Vec<String>,
    /// Units with a share of each band, those with the greatest sum first.
    pub units: Vec<Unit>,
    /// Units that have none.
    pub missing: usize,
    /// How many folds a share is the mean over; 0 where there are none.
    pub folds: usize,
    /// How many rows are scored, and which part of the split they are.
    pub rows: Option<usize>,
    pub on: Option<String>,
}

/// A unit's shares, band by band.
pub struct Unit {
    pub name: String,
    pub shares: Vec<f64>,
}

impl Unit {
    /// What all bands explain.
    pub fn total(&self) -> f64 {
        self.shares.iter().sum()
    }

    /// How high its shares above zero stand on one another, and how deep those below.
    pub fn reach(&self) -> (f64, f64) {
        reach(&self.shares)
    }
}

/// How deep shares below zero hang, and how high those above it stand.
pub fn reach(shares: &[f64]) -> (f64, f64) {
    let sum = |below: bool| shares.iter().filter(|share| (**share < 0.0) == below).sum();
    (sum(true), sum(false))
}

impl Shares {
    /// Those of a node, of some units or of all.
    pub fn of(results: &Results<'_>, node: NodeIndex, units: &[String]) -> Option<Self> {
        let grid = results.of_role(node, Role::Shares)?;
        let of = main_measure(&grid)?;
        let mut bands: Vec<String> = Vec::new();
        let mut names: Vec<String> = Vec::new();
        let mut folds: Vec<String> = Vec::new();
        let mut all: HashMap<(String, String), Vec<f64>> = HashMap::new();
        for row in 0..grid.rows {
            let (unit, band) = (grid.text(column::UNIT, row)?, grid.text(column::BAND, row)?);
            if !(units.is_empty() || units.contains(&unit)) {
                continue;
            }
            for (known, name) in [(&mut bands, Some(&band)), (&mut folds, grid.text(column::FOLD, row).as_ref())] {
                if let Some(name) = name.filter(|name| !known.contains(name)) {
                    known.push(name.clone());
                }
            }
            let shares = all.entry((unit.clone(), band)).or_insert_with(|| {
                if names.last() != Some(&unit) {
                    names.push(unit);
                }
                Vec::new()
            });
            shares.extend(grid.number(&of, row));
        }
        let count = names.len();
        let mean = |unit: &str, band: &String| {
            let shares = all.get(&(unit.to_owned(), band.clone()))?;
            density::summary(shares).map(|summary| summary.mean)
        };
        let with_shares = names.into_iter().filter_map(|name| {
            let shares = bands.iter().map(|band| mean(&name, band)).collect::<Option<Vec<f64>>>()?;
            Some(Unit { name, shares })
        });
        let mut units: Vec<Unit> = with_shares.collect();
        units.sort_by(|a, b| b.total().total_cmp(&a.total()));
        Some(Self {
            name: results.node(node).id.variant.iter().map(|(_, value)| value.as_str()).collect::<Vec<_>>().join(", "),
            measure: grid.measure(&of),
            missing: count - units.len(),
            bands,
            units,
            folds: folds.len(),
            rows: grid.fact_number(fact::ROWS_SCORED).map(|rows| rows as usize),
            on: grid.fact_text(fact::SCORED_ON).map(str::to_owned),
        })
    }

    /// The mean over units of a band's share.
    pub fn mean(&self, band: usize) -> Option<Summary> {
        density::summary(&self.units.iter().map(|unit| unit.shares[band]).collect::<Vec<_>>())
    }

    /// Bands taken together, as `places` says for each where it goes.
    pub fn joined(&self, places: &[usize], names: &[String]) -> Self {
        let join = |unit: &Unit| {
            let mut shares = vec![0.0; names.len()];
            unit.shares.iter().zip(places).for_each(|(share, &place)| shares[place] += share);
            Unit { name: unit.name.clone(), shares }
        };
        Self {
            name: self.name.clone(),
            measure: self.measure.clone(),
            bands: names.to_vec(),
            units: self.units.iter().map(join).collect(),
            on: self.on.clone(),
            ..*self
        }
    }
}

//! Tables of similarities: a row per pair of groups, and a row per set of subjects.

use std::collections::BTreeMap;

use polars::prelude::{Column, DataFrame};
use serde_json::json;

use crate::kind::{KindError, Run, fact};
use crate::nodes::drawn::table::Cell;
use crate::nodes::similarity::ceiling::Ceiling;
use crate::nodes::similarity::patterns::words;
use crate::nodes::similarity::scored::Scored;
use crate::nodes::similarity::sides::{Group, Pairing};
use crate::value::lineage::Lineage;
use crate::value::table::{About, Table};

/// Subjects that a ceiling needs: with two, each would be the only measure of the other.
const SUBJECTS: usize = 3;

/// Pairs that differ by subject alone, whose mean is over subjects.
pub struct Sets {
    /// Places of pairs.
    pub all: Vec<Vec<usize>>,
}

impl Sets {
    /// Of the same group of `a`, where that is no subject's own, and of one region of `b`.
    pub fn of(pairing: &Pairing) -> Self {
        let set = |&(a, b): &(usize, usize)| {
            let (a, b) = (&pairing.a[a].of, &pairing.b[b].of);
            let own = if pairing.same_units { None } else { a.words() };
            (own, b.region.clone())
        };
        let mut known: Vec<_> = Vec::new();
        let mut all: Vec<Vec<usize>> = Vec::new();
        for (at, pair) in pairing.pairs.iter().enumerate() {
            let key = set(pair);
            match known.iter().position(|other| *other == key) {
                Some(set) => all[set].push(at),
                None => {
                    known.push(key);
                    all.push(vec![at]);
                }
            }
        }
        Self { all }
    }

    /// What each set is of, and of how many subjects.
    pub fn columns(&self, pairing: &Pairing) -> Vec<Column> {
        let first = |set: &Vec<usize>| pairing.pairs[set[0]];
        let of_a = |set: &Vec<usize>| {
            let (a, _) = first(set);
            if pairing.same_units { "a".to_owned() } else { called(&pairing.a[a], "a") }
        };
        let region = |set: &Vec<usize>| pairing.b[first(set).1].of.region.clone();
        vec![
            Column::new("a".into(), self.all.iter().map(of_a).collect::<Vec<_>>()),
            Column::new("region".into(), self.all.iter().map(region).collect::<Vec<_>>()),
            Column::new("subjects".into(), self.all.iter().map(|set| set.len() as u32).collect::<Vec<_>>()),
        ]
    }
}

/// Whether the subjects of a set have a ceiling; fewer than three are refused where one is asked for, and noted where some are.
pub fn has_ceiling(set: &[usize], pairing: &Pairing, asked: Ceiling, run: &mut Run<'_>) -> Result<bool, KindError> {
    let of = &pairing.b[pairing.pairs[set[0]].1].of;
    let region = of.region.as_ref().map(|region| format!(" in {region}")).unwrap_or_default();
    match (asked, set.len()) {
        (Ceiling::None, _) => Ok(false),
        (_, SUBJECTS..) => Ok(true),
        (Ceiling::Subjects, count) => Err(KindError::new(format!(
            "`b` has {count} subjects{region}; a ceiling between subjects needs at least {SUBJECTS}, so leave `ceiling` out"
        ))),
        (Ceiling::Auto, 2) => {
            run.note(format!("`b` has 2 subjects{region}, and a ceiling between subjects needs 3: there is none"));
            Ok(false)
        }
        (Ceiling::Auto, _) => Ok(false),
    }
}

fn called(group: &Group, port: &str) -> String {
    group.of.words().unwrap_or_else(|| port.to_owned())
}

/// What each pair is of: a, b, subject and region.
pub fn of_pairs(pairing: &Pairing) -> Vec<Column> {
    let of = |read: &dyn Fn(&Group, &Group) -> Option<String>| -> Vec<Option<String>> {
        pairing.pairs.iter().map(|&(a, b)| read(&pairing.a[a], &pairing.b[b])).collect()
    };
    vec![
        Column::new("a".into(), of(&|a, _| Some(called(a, "a")))),
        Column::new("b".into(), of(&|_, b| Some(called(b, "b")))),
        Column::new("subject".into(), of(&|_, b| b.of.subject.clone().or_else(|| b.of.name.clone()))),
        Column::new("region".into(), of(&|_, b| b.of.region.clone())),
    ]
}

/// What a pair is of, as draws tell it.
pub fn cell(pairing: &Pairing, at: usize) -> Cell {
    let (a, b) = (&pairing.a[pairing.pairs[at].0], &pairing.b[pairing.pairs[at].1]);
    // Predictions are of their own units: `b` says whose.
    let a = if pairing.same_units { None } else { a.of.words() };
    Cell { a, subject: b.of.subject.clone().or_else(|| b.of.name.clone()), region: b.of.region.clone() }
}

/// What a table of similarities says of itself, but for its measures.
pub fn about(scored: &Scored, selected: bool, lineage: Lineage) -> About {
    let fitted = lineage.fitted.iter().map(|exposure| exposure.len()).max().unwrap_or(0);
    let facts = BTreeMap::from([
        (fact::SCORED_ON.to_owned(), json!(scored.on)),
        (fact::ROWS_SCORED.to_owned(), json!(scored.len())),
        (fact::ROWS_FITTED.to_owned(), json!(fitted)),
        (fact::SELECTED.to_owned(), json!(selected)),
    ]);
    About { facts, lineage, ..About::default() }
}

/// Columns as a table.
pub fn table(columns: Vec<Column>, about: About) -> Result<Table, KindError> {
    let height = columns.first().map_or(0, Column::len);
    let frame = DataFrame::new(height, columns).map_err(|e| KindError::new(e.to_string()))?;
    Ok(Table { frame, about })
}

/// What a pair is called in a sentence.
pub fn pair_words(pairing: &Pairing, at: usize) -> String {
    let (a, b) = pairing.pairs[at];
    format!("`a`{} and `b`{}", words(&pairing.a[a].of), words(&pairing.b[b].of))
}

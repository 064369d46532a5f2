//! Scores per unit of one variant, as a table of them holds it.

use polars::prelude::PolarsError;
use serde_json::Value as Json;

use crate::kind::{Arrival, KindError, fact};
use crate::value::Value;
use crate::value::table::About;

/// One variant's scores.
#[derive(Clone, Debug)]
pub struct Scores {
    /// What tells it from others.
    pub label: Vec<(String, Json)>,
    pub units: Vec<String>,
    /// What is known of the units in words, such as their region, by column.
    pub words: Vec<(String, Vec<Option<String>>)>,
    /// Measure or ceiling, by column in the table's order.
    pub columns: Vec<(String, Vec<Option<f64>>)>,
    pub about: About,
}

impl Scores {
    /// Reads a table with a row per unit.
    pub fn read(arrival: &Arrival) -> Result<Self, KindError> {
        let Value::Table(table) = Value::read(arrival.ty, &arrival.path)? else {
            return Err(KindError::new(format!("`scores` takes Table, but {} arrives", arrival.ty)));
        };
        let label = if arrival.label.is_empty() {
            vec![("label".to_owned(), Json::String("scores".to_owned()))]
        } else {
            arrival.label.clone()
        };
        let wrong = |e: PolarsError| KindError::new(e.to_string());
        let units = table.frame.column("unit").map_err(|_| {
            KindError::new("a table at `scores` has no column `unit`; compare takes evaluate's per_unit")
        })?;
        let units = units.str().map_err(wrong)?.iter().map(|unit| unit.unwrap_or_default().to_owned()).collect();
        let (mut words, mut columns) = (Vec::new(), Vec::new());
        for column in table.frame.columns().iter().filter(|column| column.name() != "unit") {
            let name = column.name().to_string();
            if let Ok(values) = column.f64() {
                columns.push((name, values.iter().collect()));
            } else if let Ok(values) = column.str() {
                words.push((name, values.iter().map(|word| word.map(str::to_owned)).collect()));
            }
        }
        Ok(Self { label, units, words, columns, about: table.about })
    }

    /// What a sentence and a table of pairs call it.
    pub fn name(&self) -> String {
        let parts = self.label.iter().map(|(name, value)| {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            if self.label.len() == 1 { value } else { format!("{name}={value}") }
        });
        parts.collect::<Vec<_>>().join(", ")
    }

    /// Which recording the units are of.
    pub fn recording(&self) -> Option<&str> {
        self.about.facts.get(fact::RECORDING)?.as_str()
    }

    /// Whether scored rows have chosen what is scored.
    pub fn selected(&self) -> bool {
        self.about.facts.get(fact::SELECTED) == Some(&Json::Bool(true))
    }

    /// The numbers of a column, by unit.
    pub fn column(&self, name: &str) -> Option<&[Option<f64>]> {
        self.columns.iter().find(|(column, _)| column == name).map(|(_, values)| values.as_slice())
    }

    /// Scores share an axis only where they mean the same.
    pub fn comparable(&self, other: &Self) -> Result<(), KindError> {
        let on = |scores: &Self| {
            scores.about.facts.get(fact::SCORED_ON).and_then(Json::as_str).unwrap_or("unknown").to_owned()
        };
        if on(self) != on(other) {
            return Err(KindError::new(format!(
                "`{}` was scored on {} rows but `{}` on {}; scores of different rows are not compared",
                self.name(),
                on(self),
                other.name(),
                on(other)
            )));
        }
        if self.about.definitions != other.about.definitions {
            let names = |s: &Self| s.about.definitions.keys().cloned().collect::<Vec<_>>().join(", ");
            return Err(KindError::new(format!(
                "`{}` scores {} but `{}` scores {}; scores of different definitions are not compared",
                self.name(),
                names(self),
                other.name(),
                names(other)
            )));
        }
        Ok(())
    }
}

/// A swept variable or label of each variant, as often as `repeat` says.
pub fn labels<'a>(all: &'a [Scores], name: &str, repeat: impl Fn(&Scores) -> usize) -> Vec<Option<&'a Json>> {
    let of = |scores: &'a Scores| scores.label.iter().find(|(label, _)| label == name).map(|(_, value)| value);
    all.iter().flat_map(|scores| vec![of(scores); repeat(scores)]).collect()
}

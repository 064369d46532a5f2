//! A measure in draws as a table: a row per draw and cell.

use std::collections::BTreeMap;

use polars::prelude::{Column, DataFrame, PolarsError};
use serde_json::{Value as Json, json};

use crate::digest::Digest;
use crate::kind::{Arrival, KindError, fact};
use crate::math::similarity::resample;
use crate::nodes::drawn::PORT;
use crate::value::Value;
use crate::value::stimuli::Stimuli;
use crate::value::table::{About, Table};

/// The fact by which two tables are known to be of the same draws of the same stimuli.
const DRAWN: &str = "drawn";

/// What a number is of: the layer or region of `a`, where there are several, and whose responses.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cell {
    pub a: Option<String>,
    pub subject: Option<String>,
    pub region: Option<String>,
}

/// A measure of some cells in draws.
pub struct Draws {
    pub measure: String,
    /// Which draws of which stimuli.
    pub drawn: String,
    /// Per cell, of all stimuli and then of every draw; NaN where a draw has no value.
    pub cells: Vec<(Cell, Vec<f64>)>,
    pub about: About,
}

/// How often each of the stimuli stands in draw `at`.
pub fn counts(stimuli: usize, seed: u64, at: usize) -> Vec<u32> {
    resample::stimuli(stimuli, seed, at)
}

/// What tells draws of stimuli, in order, within parts that are drawn by themselves.
pub fn of(stimuli: &Stimuli, parts: &[usize], seed: u64) -> String {
    let names: Vec<u64> = stimuli.iter().map(|stimulus| stimulus.identity()).collect();
    Digest::of(json!([names, parts, seed]).to_string().as_bytes()).to_string()
}

impl Draws {
    /// As a table, a row per draw and cell.
    pub fn table(self) -> Result<Table, KindError> {
        let rows = self.cells.iter().map(|(_, values)| values.len()).sum();
        let each = |read: &dyn Fn(&Cell) -> Option<String>| -> Vec<Option<String>> {
            self.cells.iter().flat_map(|(cell, values)| vec![read(cell); values.len()]).collect()
        };
        let draw: Vec<u32> = self.cells.iter().flat_map(|(_, values)| 0..values.len() as u32).collect();
        let some = |&value: &f64| (!value.is_nan()).then_some(value);
        let values: Vec<Option<f64>> = self.cells.iter().flat_map(|(_, values)| values.iter().map(some)).collect();
        let columns = vec![
            Column::new("draw".into(), draw),
            Column::new("a".into(), each(&|cell| cell.a.clone())),
            Column::new("subject".into(), each(&|cell| cell.subject.clone())),
            Column::new("region".into(), each(&|cell| cell.region.clone())),
            Column::new(self.measure.as_str().into(), values),
        ];
        let frame = DataFrame::new(rows, columns).map_err(|e| KindError::new(e.to_string()))?;
        let mut about = self.about;
        about.facts.insert(DRAWN.to_owned(), json!(self.drawn));
        Ok(Table { frame, about })
    }

    /// What arrives of such a table.
    pub fn read(arrival: &Arrival) -> Result<Self, KindError> {
        let Value::Table(table) = Value::read(arrival.ty, &arrival.path)? else {
            return Err(KindError::new(format!("`{PORT}` takes Table, but {} arrives", arrival.ty)));
        };
        let wrong = || {
            KindError::new(format!(
                "a table at `{PORT}` is none of draws; connect the `{PORT}` of evaluate, rsa or cka, each with a `bootstrap`"
            ))
        };
        let drawn = table.about.facts.get(DRAWN).and_then(Json::as_str).ok_or_else(wrong)?.to_owned();
        let measure = table.frame.columns().last().ok_or_else(wrong)?.name().to_string();
        let polars = |e: PolarsError| KindError::new(e.to_string());
        let text = |name: &str| -> Result<Vec<Option<String>>, KindError> {
            let column = table.frame.column(name).map_err(|_| wrong())?;
            Ok(column.str().map_err(polars)?.iter().map(|text| text.map(str::to_owned)).collect())
        };
        let (a, subject, region) = (text("a")?, text("subject")?, text("region")?);
        let draw = table.frame.column("draw").and_then(|column| column.u32()).map_err(polars)?.clone();
        let values = table.frame.column(&measure).and_then(|column| column.f64()).map_err(polars)?.clone();
        let mut by_cell: BTreeMap<Cell, Vec<f64>> = BTreeMap::new();
        let cells = a.into_iter().zip(subject).zip(region).map(|((a, subject), region)| Cell { a, subject, region });
        for ((cell, draw), value) in cells.zip(draw.iter()).zip(values.iter()) {
            let of = by_cell.entry(cell).or_default();
            if draw != Some(of.len() as u32) {
                return Err(wrong());
            }
            of.push(value.unwrap_or(f64::NAN));
        }
        Ok(Self { measure, drawn, cells: by_cell.into_iter().collect(), about: table.about })
    }

    /// The part of the split that was scored.
    pub fn on(&self) -> &str {
        self.about.facts.get(fact::SCORED_ON).and_then(Json::as_str).unwrap_or("unknown")
    }
}

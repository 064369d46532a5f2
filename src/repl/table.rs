//! Tables: a polars DataFrame with what its columns mean, and the few questions one always asks of it.

use std::ops::Deref;

use polars::frame::DataFrame;
use polars::prelude::{AnyValue, Column, DataType, IntoColumn, NamedFrom, Series, SortMultipleOptions};

use crate::repl::handle::Run;
use crate::repl::{Outcome, Refusal};
use crate::text::nearest::nearest;
use crate::value::Value;
use crate::value::table::About;
use crate::value::ty::Type;
use crate::workspace::results::Found;

/// A DataFrame, to which it dereferences, under the name it was asked for.
#[derive(Clone, Debug)]
pub struct Table {
    pub name: String,
    pub frame: DataFrame,
    /// Definitions of its measures, and facts of how it was made where it is of one variant.
    pub about: About,
}

impl Deref for Table {
    type Target = DataFrame;

    fn deref(&self) -> &DataFrame {
        &self.frame
    }
}

impl Table {
    /// The tables found, one below the other, with variants and keys as columns in front.
    pub(super) fn gather(run: &Run, reference: &str, found: &[Found]) -> Outcome<Self> {
        let mut parts = Vec::new();
        let mut about = About::default();
        for one in found {
            if one.stored.ty != Type::Table {
                return Err(wrong(run, one));
            }
            let Value::Table(table) = run.read(one)? else { return Err(wrong(run, one)) };
            about.definitions.extend(table.about.definitions.clone());
            if found.len() == 1 {
                about = table.about.clone();
            }
            let mut frame = table.frame;
            if found.len() > 1 {
                let key = one.stored.key.iter().map(|key| ("key".to_owned(), key.clone()));
                let labels = run.session.plan.nodes[one.node].id.variant.iter().cloned().chain(key);
                for (at, (name, value)) in
                    labels.filter(|(name, _)| frame.column(name).is_err()).enumerate().collect::<Vec<_>>()
                {
                    let column = Series::new(name.as_str().into(), vec![value; frame.height()]).into_column();
                    frame.insert_column(at, column).map_err(|error| refused(reference, &error))?;
                }
            }
            parts.push(frame);
        }
        let frame = stacked(parts).map_err(|error| refused(reference, &error))?;
        Ok(Self { name: reference.to_owned(), frame, about })
    }

    /// The numbers of a column; missing ones are NaN.
    pub fn numbers(&self, column: &str) -> Outcome<Vec<f64>> {
        let found = self.named(column)?;
        if !found.dtype().is_primitive_numeric() {
            return Err(Refusal::new(format!("`{column}` holds no numbers but {}", found.dtype())));
        }
        let cast = found.cast(&DataType::Float64).map_err(|error| refused(&self.name, &error))?;
        let numbers = cast.f64().map_err(|error| refused(&self.name, &error))?;
        Ok((0..numbers.len()).map(|row| numbers.get(row).unwrap_or(f64::NAN)).collect())
    }

    /// The cells of a column as texts.
    pub fn texts(&self, column: &str) -> Outcome<Vec<String>> {
        let found = self.named(column)?;
        Ok((0..found.len()).map(|row| found.get(row).map_or_else(|e| e.to_string(), |cell| text(&cell))).collect())
    }

    /// The rows whose cell in a column reads so: `table.only("layer", "features.9")?`.
    pub fn only(&self, column: &str, value: impl ToString) -> Outcome<Self> {
        let (cells, value) = (self.texts(column)?, value.to_string());
        let mask: Vec<bool> = cells.iter().map(|cell| *cell == value).collect();
        if !mask.contains(&true) {
            let mut known = cells;
            known.sort();
            known.dedup();
            let hint = match nearest(&value, known.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("it holds {}", known.iter().take(12).cloned().collect::<Vec<_>>().join(", ")),
            };
            return Err(Refusal::new(format!("`{column}` is nowhere `{value}`; {hint}")));
        }
        let mask = Series::new("mask".into(), mask);
        let mask = mask.bool().map_err(|error| refused(&self.name, &error))?;
        let frame = self.frame.filter(mask).map_err(|error| refused(&self.name, &error))?;
        Ok(Self { frame, ..self.clone() })
    }

    /// The rows by a column, the highest first; undefined ones last.
    pub fn by(&self, column: &str) -> Outcome<Self> {
        self.named(column)?;
        let order = SortMultipleOptions::default().with_order_descending(true).with_nulls_last(true);
        let frame = self.frame.sort([column], order).map_err(|error| refused(&self.name, &error))?;
        Ok(Self { frame, ..self.clone() })
    }

    /// The first rows.
    pub fn first(&self, rows: usize) -> Self {
        Self { frame: self.frame.head(Some(rows)), ..self.clone() }
    }

    /// Names and definitions of the measures that stand in it, as columns or in the column `measure`.
    pub fn definitions(&self) -> Vec<(String, String)> {
        let named = self.texts("measure").unwrap_or_default();
        let stands = |name: &str| self.frame.column(name).is_ok() || named.iter().any(|other| other == name);
        let all = self.about.definitions.iter().filter(|(name, _)| stands(name));
        all.map(|(name, definition)| (name.clone(), definition.clone())).collect()
    }

    fn named(&self, column: &str) -> Outcome<&Column> {
        self.frame.column(column).map_err(|_| {
            let names: Vec<&str> = self.frame.columns().iter().map(|column| column.name().as_str()).collect();
            let hint = match nearest(column, names.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("it has {}", names.join(", ")),
            };
            Refusal::new(format!("`{}` has no column `{column}`; {hint}", self.name))
        })
    }
}

/// A cell as a person reads it.
pub(super) fn text(cell: &AnyValue<'_>) -> String {
    match cell {
        AnyValue::Null => "–".to_owned(),
        AnyValue::String(text) => (*text).to_owned(),
        AnyValue::StringOwned(text) => text.to_string(),
        other => other.to_string(),
    }
}

fn stacked(parts: Vec<DataFrame>) -> Result<DataFrame, polars::error::PolarsError> {
    let mut parts = parts.into_iter();
    let Some(mut all) = parts.next() else { return Ok(DataFrame::empty()) };
    for part in parts {
        all.vstack_mut_owned(part)?;
    }
    Ok(all)
}

fn refused(name: &str, error: &polars::error::PolarsError) -> Refusal {
    Refusal::new(format!("`{name}`: {error}"))
}

/// Says which ports of the node are tables.
fn wrong(run: &Run, found: &Found) -> Refusal {
    let node = &run.session.plan.nodes[found.node];
    let tables: Vec<String> = (node.kind.outputs.iter().filter(|port| port.ty == Type::Table))
        .map(|port| format!("`{}.{}`", node.id.name, port.name))
        .collect();
    let way = match found.stored.ty {
        Type::Matrix | Type::Responses => format!("`matrix(\"{}\")?` gives it", found.name),
        Type::Images => format!("`images(\"{}\")?` gives it", found.name),
        _ => format!("`value(\"{}\")?` gives it", found.name),
    };
    let tables = if tables.is_empty() { String::new() } else { format!("; its tables are {}", tables.join(", ")) };
    Refusal::new(format!("`{}` is no Table but {}; {way}{tables}", found.name, found.stored.ty))
}

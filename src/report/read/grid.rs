//! A stored table as the report reads it: columns of numbers, words or flags, and what they mean.

use std::collections::BTreeMap;

use polars::prelude::AnyValue;
use serde_json::Value as Json;

use crate::kind;
use crate::kind::measure::Part;
use crate::report::draw::number;
use crate::report::read::measure::{Measure, Measures};
use crate::value::table::Table;

/// Columns of equal length with their definitions.
#[derive(Clone, Debug, Default)]
pub struct Grid {
    pub columns: Vec<Column>,
    pub rows: usize,
    pub definitions: BTreeMap<String, String>,
    pub facts: BTreeMap<String, Json>,
    /// The measures that the study's kinds declare.
    pub measures: Measures,
}

/// A named column.
#[derive(Clone, Debug)]
pub struct Column {
    pub name: String,
    pub cells: Cells,
}

/// What a column holds; absent and non-finite cells are none.
#[derive(Clone, Debug)]
pub enum Cells {
    /// Numbers, and whether they are of an integer type.
    Numbers(Vec<Option<f64>>, bool),
    Words(Vec<Option<String>>),
    Flags(Vec<Option<bool>>),
}

impl Grid {
    /// Takes a table out of polars.
    pub fn of(table: &Table, measures: Measures) -> Self {
        let rows = table.frame.height();
        let columns = table.frame.columns().iter().map(|column| {
            let values: Vec<AnyValue<'_>> = (0..rows).map(|row| column.get(row).unwrap_or(AnyValue::Null)).collect();
            Column { name: column.name().to_string(), cells: cells(&values) }
        });
        Self {
            columns: columns.collect(),
            rows,
            definitions: table.about.definitions.clone(),
            facts: table.about.facts.clone(),
            measures,
        }
    }

    /// The column of a name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Whether there is a column of that name.
    pub fn has(&self, name: &str) -> bool {
        self.column(name).is_some()
    }

    /// How a measure in it is named and drawn.
    pub fn measure(&self, name: &str) -> Measure {
        self.measures.measure(name, &self.definitions)
    }

    /// The column that is some part of what it tells.
    pub fn part(&self, part: Part) -> Option<&'static kind::Measure> {
        self.measures.iter().find(|measure| measure.part == part && self.has(measure.name))
    }

    /// A number; none where the column is absent or of another type.
    pub fn number(&self, name: &str, row: usize) -> Option<f64> {
        match &self.column(name)?.cells {
            Cells::Numbers(values, _) => *values.get(row)?,
            Cells::Words(_) | Cells::Flags(_) => None,
        }
    }

    /// A cell as text, numbers as they are typed.
    pub fn text(&self, name: &str, row: usize) -> Option<String> {
        self.column(name)?.cells.text(row)
    }

    /// Whether a flag stands.
    pub fn flag(&self, name: &str, row: usize) -> bool {
        match self.column(name).map(|column| &column.cells) {
            Some(Cells::Flags(values)) => values.get(row).copied().flatten().unwrap_or(false),
            _ => false,
        }
    }

    /// The columns that hold numbers.
    pub fn numeric(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|column| matches!(column.cells, Cells::Numbers(..)))
    }

    /// A fact about how it was made, as a number.
    pub fn fact_number(&self, name: &str) -> Option<f64> {
        self.facts.get(name)?.as_f64()
    }

    /// A fact about how it was made, as text.
    pub fn fact_text(&self, name: &str) -> Option<&str> {
        self.facts.get(name)?.as_str()
    }

    /// Whether a fact holds.
    pub fn fact_flag(&self, name: &str) -> bool {
        self.facts.get(name).and_then(Json::as_bool).unwrap_or(false)
    }
}

impl Cells {
    /// A cell as text, numbers as they are typed.
    pub fn text(&self, row: usize) -> Option<String> {
        match self {
            Self::Numbers(values, _) => values.get(row).copied().flatten().map(plain),
            Self::Words(values) => values.get(row).cloned().flatten(),
            Self::Flags(values) => {
                values.get(row).copied().flatten().map(|flag| if flag { "yes" } else { "no" }.into())
            }
        }
    }

    /// A cell as a page prints it.
    pub fn shown(&self, row: usize, share: bool) -> String {
        match self {
            Self::Numbers(values, whole) => match values.get(row).copied().flatten() {
                None => "–".to_owned(),
                Some(x) if *whole => number::general(x),
                Some(x) if share => number::score(x),
                Some(x) => number::general(x),
            },
            _ => self.text(row).unwrap_or_else(|| "–".to_owned()),
        }
    }
}

/// A number as a recipe would spell it.
pub fn plain(x: f64) -> String {
    if x.fract() == 0.0 && x.abs() < 1e15 { format!("{x:.0}") } else { format!("{x}") }
}

/// A value of a recipe as text, spelled as `plain` spells numbers.
pub fn json_text(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Number(number) => number.as_f64().map_or_else(|| number.to_string(), plain),
        other => other.to_string(),
    }
}

fn cells(values: &[AnyValue<'_>]) -> Cells {
    let first = values.iter().find(|value| !matches!(value, AnyValue::Null));
    match first {
        Some(AnyValue::Boolean(_)) => Cells::Flags(values.iter().map(AnyValue::extract_bool).collect()),
        Some(value) if value.get_str().is_none() && value.extract::<f64>().is_some() => {
            let whole = !matches!(value, AnyValue::Float32(_) | AnyValue::Float64(_));
            let finite = values.iter().map(|value| value.extract::<f64>().filter(|x| x.is_finite()));
            Cells::Numbers(finite.collect(), whole)
        }
        _ => Cells::Words(values.iter().map(word).collect()),
    }
}

fn word(value: &AnyValue<'_>) -> Option<String> {
    match value {
        AnyValue::Null => None,
        other => Some(other.get_str().map_or_else(|| other.to_string(), str::to_owned)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use polars::prelude::{Column as Series, DataFrame, NamedFrom};

    #[test]
    fn nulls_nans_and_types_are_told_apart() {
        let frame = DataFrame::new(
            3,
            vec![
                polars::prelude::Series::new("unit".into(), ["a", "b", "c"]).into(),
                Series::new("r".into(), [Some(0.5), None, Some(f64::NAN)]),
                Series::new("n".into(), [1u32, 2, 3]),
                Series::new("at_edge".into(), [true, false, true]),
                Series::new("gone".into(), [None::<f64>; 3]),
            ],
        );
        let grid = Grid::of(&Table::new(frame.unwrap()), Measures::default());
        assert_eq!(grid.text("unit", 1).as_deref(), Some("b"));
        assert_eq!((grid.number("r", 0), grid.number("r", 1), grid.number("r", 2)), (Some(0.5), None, None));
        assert_eq!(grid.column("n").unwrap().cells.shown(2, false), "3");
        assert!(grid.flag("at_edge", 2) && !grid.flag("at_edge", 1) && !grid.flag("gone", 0));
        assert_eq!(grid.number("gone", 0), None);
        assert_eq!(grid.column("gone").unwrap().cells.shown(0, true), "–");
        assert_eq!(grid.text("n", 9), None);
    }

    #[test]
    fn numbers_of_recipes_and_tables_spell_alike() {
        assert_eq!(json_text(&serde_json::json!(100)), plain(100.0));
        assert_eq!(json_text(&serde_json::json!(0.5)), plain(0.5));
        assert_eq!(json_text(&serde_json::json!("layer3")), "layer3");
    }
}

//! A row of a table of scores: the variant and unit that it is of, and a value.

use crate::kind::column;
use crate::report::draw::density::Summary;
use crate::report::read::grid::{Cells, Grid};

/// The score of a unit, or of a variant.
pub struct Row {
    pub labels: Vec<(String, String)>,
    pub unit: String,
    pub value: Option<f64>,
    /// Where the table has a row per measure, and not per unit.
    pub summary: Option<Summary>,
}

impl Row {
    /// Reads a row of a table: its value of `y`, and what tells its variant from others: the table's variables, what is known in words as
    /// `x`, and the variables `own` of its node.
    pub fn read(grid: &Grid, row: usize, (x, y): (Option<&str>, &str), own: &[(String, String)]) -> Self {
        let columns = grid.columns.iter().take_while(|c| !matches!(c.name.as_str(), column::UNIT | column::MEASURE));
        let mut labels: Vec<(String, String)> =
            columns.map(|column| (column.name.clone(), column.cells.text(row).unwrap_or_default())).collect();
        if !(grid.has(column::UNIT) || grid.has(column::MEASURE)) {
            labels.clear();
        }
        labels.retain(|(name, _)| name != column::FOLD);
        // What is known of units in words, such as their region, tells groups apart where a chart asks for it.
        if let Some((x, column)) = x.and_then(|x| Some((x, grid.column(x)?)))
            && grid.has(column::UNIT)
            && matches!(column.cells, Cells::Words(_))
            && x != column::UNIT
            && !labels.iter().any(|(name, _)| name == x)
        {
            labels.push((x.to_owned(), column.cells.text(row).unwrap_or_default()));
        }
        for (name, value) in own {
            if !labels.iter().any(|(known, _)| known == name) {
                labels.push((name.clone(), value.clone()));
            }
        }
        let summary = grid.has(column::MEASURE).then(|| {
            grid.number(column::MEAN, row).map(|mean| Summary {
                n: grid.number(column::UNITS, row).unwrap_or(0.0) as usize,
                mean,
                sem: grid.number(column::SEM, row),
            })
        });
        Self {
            labels,
            unit: grid.text(column::UNIT, row).unwrap_or_else(|| (row + 1).to_string()),
            value: grid.number(y, row),
            summary: summary.flatten(),
        }
    }

    /// Its value of a variable; empty where it has none.
    pub fn label(&self, variable: &str) -> String {
        self.labels.iter().find(|(name, _)| name == variable).map(|(_, value)| value.clone()).unwrap_or_default()
    }
}

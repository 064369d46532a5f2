//! Ceilings by unit, from the table that `noise_ceiling` makes.

use std::collections::BTreeMap;

use crate::kind::KindError;
use crate::value::table::Table;

/// The ceiling of each of `units`, joined by name, from a table that `noise_ceiling` made.
pub fn ceilings(table: &Table, units: &[String]) -> Result<Vec<Option<f64>>, KindError> {
    let column = |name: &str| {
        table
            .frame
            .column(name)
            .map_err(|_| KindError::new(format!("`ceiling` has no column `{name}`; noise_ceiling gives one")))
    };
    let names = column("unit")?.str().map_err(|e| KindError::new(e.to_string()))?.clone();
    let values = column("ceiling")?.f64().map_err(|e| KindError::new(e.to_string()))?.clone();
    let known: BTreeMap<&str, Option<f64>> =
        names.iter().zip(values.iter()).filter_map(|(name, value)| Some((name?, value))).collect();
    units
        .iter()
        .map(|unit| {
            known.get(unit.as_str()).copied().ok_or_else(|| {
                KindError::new(format!(
                    "`ceiling` has {} units but none named `{unit}`; units join by name",
                    known.len()
                ))
            })
        })
        .collect()
}

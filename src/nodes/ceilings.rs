//! Ceilings by unit, from a table that `noise_ceiling` or `load_units` made.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::kind::{KindError, Run, fact};
use crate::value::responses::Responses;
use crate::value::table::Table;

/// The ceiling of each unit of `responses`, joined by name.
pub fn ceilings(table: &Table, responses: &Responses, run: &mut Run<'_>) -> Result<Vec<Option<f64>>, KindError> {
    let column = |name: &str| {
        table.frame.column(name).map_err(|_| {
            KindError::new(format!(
                "`ceiling` has no column `{name}`; noise_ceiling gives one, and so does load_units of the column that its `ceiling` names"
            ))
        })
    };
    let names = column("unit")?.str().map_err(|e| KindError::new(e.to_string()))?.clone();
    let values = column("ceiling")?.f64().map_err(|e| KindError::new(e.to_string()))?.clone();
    let known: BTreeMap<&str, Option<f64>> =
        names.iter().zip(values.iter()).filter_map(|(name, value)| Some((name?, value))).collect();
    let of_another = table
        .about
        .facts
        .get(fact::RECORDING)
        .and_then(Json::as_str)
        .is_some_and(|recording| recording != responses.recording());
    if of_another {
        run.note(
            "`ceiling` is of another recording than `responses`: it holds only where both have the same neurons under the same names",
        );
    }
    responses
        .units()
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

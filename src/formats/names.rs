//! Lists of names: a text with a name a line, or a column of a table.

use std::path::Path;

use crate::formats::csv::Words;
use crate::formats::name_of;

/// The names that a file lists.
pub fn read(path: &Path, _key: Option<&str>) -> Result<Vec<String>, String> {
    let words = Words::read(path)?;
    if let Some(column) = words.column("id") {
        return Ok(words.rows.into_iter().map(|mut row| row.swap_remove(column)).collect());
    }
    if words.columns.len() > 1 {
        return Err(format!("{} has the columns {}; one must be called `id`", name_of(path), words.columns.join(", ")));
    }
    // A plain list: its first line is a name too.
    let first = words.columns.into_iter();
    Ok(first.chain(words.rows.into_iter().flatten()).filter(|name| !name.is_empty()).collect())
}

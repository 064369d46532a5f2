//! How a recipe says that a file of rows is read, and where the names of its rows stand: alike for every loader.

use std::path::Path;

use crate::formats::{names, open};
use crate::kind::{KindError, Run};
use crate::nodes::data::layout::{Decimal, Separator};

/// What a reader is told.
pub fn options<'a>(
    key: Option<&'a str>,
    id_column: Option<&'a str>,
    separator: Option<Separator>,
    decimal: Option<Decimal>,
) -> open::Options<'a> {
    open::Options {
        key,
        id_column,
        separator: separator.map(Separator::character),
        decimal: decimal.map(Decimal::character),
    }
}

/// The names that a recipe gives the rows of the file `own`: of the file `ids`, or of an array beside them, by `key`.
pub fn ids(ids: bool, key: Option<&str>, own: &Path, run: &Run<'_>) -> Result<Option<Vec<String>>, KindError> {
    Ok(match (ids, key) {
        (true, key) => Some(names::read(run.file("ids").0, key)?),
        (false, Some(key)) => Some(names::read(own, Some(key))?),
        (false, None) => None,
    })
}

//! How a recipe says that a file of rows is read, and where the names of its rows stand: alike for every loader.

use std::collections::HashSet;
use std::path::Path;

use crate::formats::{name_of, names, open};
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

/// The names of a file's rows: those that a recipe gives, `ids`, or the file's `own`. Where both are there, `ids` counts and a note says
/// so; where they contradict one another, or the file names each row by itself, it is an error.
pub fn names(
    ids: Option<Vec<String>>,
    own: Option<&[String]>,
    (path, key): (&Path, Option<&str>),
    run: &mut Run<'_>,
) -> Result<Option<Vec<String>>, KindError> {
    let (Some(ids), Some(own)) = (&ids, own) else { return Ok(ids.or_else(|| own.map(<[String]>::to_vec))) };
    let file = name_of(path);
    if path.is_dir() || key == Some("*") {
        return Err(KindError::new(format!(
            "{file} names its rows itself (`{}`, …), and they have no order that `ids` could follow; leave `ids` out",
            own.first().map_or("", String::as_str)
        )));
    }
    let known: HashSet<&str> = ids.iter().map(String::as_str).collect();
    let mut pairs = ids.iter().zip(own).enumerate();
    if let Some((row, (given, own))) = pairs.find(|(_, (given, own))| given != own && known.contains(own.as_str())) {
        return Err(KindError::new(format!(
            "row {} of {file} is `{own}` by its own name but `{given}` by `ids`, which has both; leave `ids` out, or mend its order",
            row + 1
        )));
    }
    if ids != own {
        run.note(format!(
            "the names in `ids` count; those that {file} gives its rows (`{}`, …) are left out",
            own.first().map_or("", String::as_str)
        ));
    }
    Ok(Some(ids.clone()))
}

/// The names that a recipe gives the rows of the file `own`: of the file `ids`, or of an array beside them, by `key`.
pub fn ids(ids: bool, key: Option<&str>, own: &Path, run: &Run<'_>) -> Result<Option<Vec<String>>, KindError> {
    Ok(match (ids, key) {
        (true, key) => Some(names::read(run.file("ids").0, key)?),
        (false, Some(key)) => Some(names::read(own, Some(key))?),
        (false, None) => None,
    })
}

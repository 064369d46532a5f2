//! A list of names from any file that holds one: a text with a name a line, a table's column, an array of strings or
//! of whole numbers.

use std::path::Path;

use crate::formats::content::{self, Content};
use crate::formats::csv::Words;
use crate::formats::dialect::Dialect;
use crate::formats::{datasets, ids, matlab, name_of, npy, parquet};
use crate::text::nearest::nearest;

/// Reads names in the file's order. `which` is a column of a table or an array's key; without it the column `id`, or
/// the only one.
///
/// A text with one column is a list, whose first line is a name too unless it is a heading such as `id`. Names keep
/// their text; empty lines are left out. Whole numbers are written without fraction.
pub fn read(path: &Path, which: Option<&str>) -> Result<Vec<String>, String> {
    let file = name_of(path);
    let names = match content::of(path)? {
        Some(Content::Text) => in_text(path, which, &file)?,
        Some(Content::Parquet) => {
            let columns = parquet::columns(path)?;
            parquet::names(path, &column(&columns, which, &file)?)?
        }
        Some(Content::Npy) => npy::read_names(path, which)?,
        Some(Content::Npz) => npy::read_npz_names(path, which)?,
        Some(Content::Hdf5) => datasets::read_names(path, which)?,
        Some(Content::Matlab4 | Content::Matlab5) => matlab::read_names(path, which)?,
        _ => {
            return Err(format!(
                "{file} holds no list of names; there are texts with a name a line, .csv, .tsv, .parquet, .npy, .npz, .h5 \
                 and .mat"
            ));
        }
    };
    match names.iter().position(|name| name.is_empty()) {
        None => Ok(names),
        Some(at) => Err(format!("{file} has no name in row {} of {}", at + 1, names.len())),
    }
}

fn in_text(path: &Path, which: Option<&str>, file: &str) -> Result<Vec<String>, String> {
    let words = Words::read(path, &Dialect::default())?;
    if let ([only], None) = (&words.columns[..], which)
        && !ids::is_heading(only)
    {
        let first = std::iter::once(only.clone());
        return Ok(first.chain(words.rows.into_iter().flatten()).filter(|name| !name.is_empty()).collect());
    }
    let name = column(&words.columns, which, file)?;
    let at = words.column(&name).expect("chosen among them");
    Ok(words.rows.into_iter().map(|mut row| row.swap_remove(at)).collect())
}

/// The column that is meant.
fn column(columns: &[String], which: Option<&str>, file: &str) -> Result<String, String> {
    let listed = || columns.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    match (which, columns) {
        (Some(which), columns) if columns.iter().any(|name| name == which) => Ok(which.to_owned()),
        (Some(which), columns) => {
            let near = nearest(which, columns.iter().map(String::as_str));
            let hint = near.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
            Err(format!("{file} has no column `{which}`; it has {}{hint}", listed()))
        }
        (None, columns) if columns.iter().any(|name| name == "id") => Ok("id".to_owned()),
        (None, [only]) => Ok(only.clone()),
        (None, []) => Err(format!("{file} is empty")),
        (None, _) => Err(format!("{file} has the columns {}; one must be called `id`, or be named", listed())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray_npy::write_npy;

    fn names(file: &str, bytes: &[u8], which: Option<&str>) -> Result<Vec<String>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(file);
        std::fs::write(&path, bytes).unwrap();
        read(&path, which)
    }

    fn owned(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn texts_and_tables_give_names() {
        assert_eq!(names("x.txt", b"007\n008.png\n\n009\n", None), Ok(owned(&["007", "008.png", "009"])));
        assert_eq!(names("x.csv", b"id\n007\n8\n", None), Ok(owned(&["007", "8"])));
        assert_eq!(names("x.csv", b"part,id\ntrain,a\ntest,b\n", None), Ok(owned(&["a", "b"])));
        assert_eq!(names("x.csv", b"part,image\ntrain,a\ntest,b\n", Some("image")), Ok(owned(&["a", "b"])));
        assert_eq!(
            names("x.csv", b"part,image\ntrain,a\n", None).unwrap_err(),
            "x.csv has the columns `part`, `image`; one must be called `id`, or be named"
        );
        assert_eq!(
            names("x.csv", b"part,image\ntrain,a\n", Some("imag")).unwrap_err(),
            "x.csv has no column `imag`; it has `part`, `image`; did you mean `image`?"
        );
        assert_eq!(names("x.csv", b"part,id\ntrain,a\ntest,\n", None).unwrap_err(), "x.csv has no name in row 2 of 2");
    }

    #[test]
    fn arrays_of_whole_numbers_and_datasets_of_strings_give_names() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.npy");
        write_npy(&path, &ndarray::array![71_515_i64, 9_007_199_254_740_993]).unwrap();
        assert_eq!(read(&path, None), Ok(owned(&["71515", "9007199254740993"])));
        write_npy(&path, &ndarray::array![1.0_f64, 1.5]).unwrap();
        assert_eq!(
            read(&path, None).unwrap_err(),
            "x.npy holds 1.5 in row 2, which is no name; names are strings or whole numbers"
        );
        let fixture = crate::formats::fixtures::fixture("types.h5");
        assert_eq!(read(&fixture, Some("names")), Ok(owned(&["bear", "café", "plane"])));
    }
}

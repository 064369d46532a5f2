//! A table's columns, of numbers or of words, from any file that holds one; of files that hold several arrays, a column is an
//! array of its own.

use std::path::Path;

use crate::formats::array::Array;
use crate::formats::column::Column;
use crate::formats::content::{self, Content};
use crate::formats::open::{self, Options};
use crate::formats::{csv, ids, name_of, names, npy, parquet};
use crate::text::nearest::nearest;

/// Columns of one length.
#[derive(Clone, Debug, PartialEq)]
pub struct Columns {
    pub list: Vec<Column>,
    pub rows: usize,
    /// Names of the rows that are no column of the table.
    pub names: Option<Vec<String>>,
    /// What the reader took for granted, in users' words.
    pub notes: Vec<String>,
    /// What the file is called.
    file: String,
}

/// Reads a table. `keys` are the arrays that are its columns where the file holds several and no `key` says which is the table.
pub fn read(path: &Path, options: &Options<'_>, keys: &[&str]) -> Result<Columns, String> {
    let file = name_of(path);
    let content = content::of(path)?;
    let several = matches!(
        content,
        Some(Content::Npz | Content::Safetensors | Content::Hdf5 | Content::Matlab4 | Content::Matlab5)
    );
    let (list, names, notes) = match content {
        Some(Content::Text) => {
            let (list, notes) = csv::read_columns(path, &open::dialect(Content::Text, options, &file)?)?;
            (list, None, notes)
        }
        Some(Content::Parquet) => {
            open::dialect(Content::Parquet, options, &file)?;
            (parquet::read_columns(path)?, None, Vec::new())
        }
        Some(Content::Npy) => {
            open::dialect(Content::Npy, options, &file)?;
            match npy::read_columns(path)? {
                Some(list) => (list, None, Vec::new()),
                None => match open::read(path, options) {
                    Ok(array) => of_array(array, &file)?,
                    Err(no_numbers) => {
                        let words = names::read(path, None).map_err(|_| no_numbers)?;
                        (vec![Column::words(None, words)], None, Vec::new())
                    }
                },
            }
        }
        _ if several && options.key.is_none() && !keys.is_empty() => {
            let list = keys.iter().map(|key| column(path, options, key)).collect::<Result<_, _>>()?;
            (list, None, Vec::new())
        }
        _ => of_array(open::read(path, options)?, &file)?,
    };
    Columns { rows: list.first().map_or(0, |column| column.texts.len()), list, names, notes, file }.checked()
}

/// One array of several, as a column: numbers or words along one axis.
fn column(path: &Path, options: &Options<'_>, key: &str) -> Result<Column, String> {
    let place = || format!("`{key}` in {}", name_of(path));
    let heading = Some(key.to_owned());
    match open::read(path, &Options { key: Some(key), ..*options }) {
        Ok(array) if array.shape.iter().filter(|&&n| n != 1).count() > 1 => {
            Err(format!("{} is {}; a column has one axis", place(), array.shape_text()))
        }
        Ok(array) if is_exact(&array) => Ok(Column::rounded(heading, &array.data)),
        // Whole numbers keep their digits beyond what a float holds.
        Ok(array) => {
            let texts = names::read(path, Some(key)).map_err(|_| inexact(&place()))?;
            Ok(Column { texts, ..Column::rounded(heading, &array.data) })
        }
        Err(no_numbers) => {
            names::read(path, Some(key)).map(|words| Column::words(heading, words)).map_err(|_| no_numbers)
        }
    }
}

/// Whether 32-bit floats tell all whole numbers apart that an array may have had.
fn is_exact(array: &Array) -> bool {
    array.data.iter().all(|x| x.is_nan() || x.abs() < 16_777_216.0)
}

fn inexact(place: &str) -> String {
    format!(
        "{place} holds numbers beyond 16,777,216, which are not told apart as floats; save them as strings, or the table as .csv or \
         .parquet"
    )
}

type Parts = (Vec<Column>, Option<Vec<String>>, Vec<String>);

/// The columns of an array: those along its second axis, or the only one.
fn of_array(array: Array, file: &str) -> Result<Parts, String> {
    if !is_exact(&array) {
        return Err(inexact(file));
    }
    let long = array.shape.iter().filter(|&&n| n != 1).count();
    let width = match array.shape[..] {
        _ if long < 2 => 1,
        [_, width] => width,
        _ => return Err(format!("{file} holds an array of {}; a table has rows and columns", array.shape_text())),
    };
    let column = |at: usize| {
        let heading = array.columns.as_ref().filter(|names| names.len() == width).map(|names| names[at].clone());
        let heading = heading.or_else(|| (width > 1).then(|| format!("column_{}", at + 1)));
        Column::rounded(heading, &array.data.iter().copied().skip(at).step_by(width).collect::<Vec<_>>())
    };
    let rows = array.data.len() / width.max(1);
    let list = (0..width).map(column).collect();
    Ok((list, array.rows.filter(|names| names.len() == rows), array.notes))
}

impl Columns {
    /// Refuses what is no table.
    fn checked(self) -> Result<Self, String> {
        let file = &self.file;
        if self.rows == 0 {
            return Err(format!("{file} holds no rows"));
        }
        if let Some(other) = self.list.iter().find(|column| column.texts.len() != self.rows) {
            let name = |column: &Column| column.heading.clone().unwrap_or_default();
            return Err(format!(
                "`{}` in {file} has {} rows but `{}` has {}; columns of one table are as long as one another",
                name(&self.list[0]),
                self.rows,
                name(other),
                other.texts.len()
            ));
        }
        let twice = (0..self.list.len())
            .find(|&at| self.list[at].heading.is_some() && self.find_after(at + 1, &self.list[at]).is_some());
        match twice.and_then(|at| self.list[at].heading.as_ref()) {
            Some(heading) => Err(format!("{file} has two columns called `{heading}`; a name tells them apart")),
            None => Ok(self),
        }
    }

    fn find_after(&self, from: usize, column: &Column) -> Option<usize> {
        (from..self.list.len()).find(|&at| self.list[at].heading == column.heading)
    }

    /// The place of a column.
    pub fn find(&self, heading: &str) -> Option<usize> {
        self.list.iter().position(|column| column.heading.as_deref() == Some(heading))
    }

    /// The place of a column that a parameter names.
    pub fn named(&self, heading: &str, param: &str) -> Result<usize, String> {
        self.find(heading).ok_or_else(|| {
            let headings = || self.list.iter().filter_map(|column| column.heading.as_deref());
            let near = nearest(heading, headings()).map(|near| format!("; did you mean `{near}`?"));
            let all: Vec<String> = headings().map(|heading| format!("`{heading}`")).collect();
            let all = if all.is_empty() {
                "its columns have no names".to_owned()
            } else {
                format!("it has {}", all.join(", "))
            };
            format!("{} has no column `{heading}` (`{param}`); {all}{}", self.file, near.unwrap_or_default())
        })
    }

    /// The column that names the rows, if any: the one that `id_column` says, else one called as `plain` says, else the one that
    /// looks like it. Columns `apart` are something else.
    pub fn names_of_rows(
        &mut self,
        id_column: Option<&str>,
        plain: &str,
        apart: &[usize],
    ) -> Result<Option<usize>, String> {
        let id_column = id_column.or_else(|| self.find(plain).filter(|at| !apart.contains(at)).map(|_| plain));
        let places: Vec<usize> = (0..self.list.len()).filter(|at| !apart.contains(at)).collect();
        let looks: Vec<ids::Look<'_>> = places.iter().map(|&at| self.list[at].look()).collect();
        let choice = ids::choose(&looks, id_column, &self.file)?;
        let Some(chosen) = choice.rows.map(|at| places[at]) else { return Ok(None) };
        if id_column.is_none() {
            self.notes.extend(choice.notes);
        }
        ids::checked(self.list[chosen].names(), &self.file)?;
        Ok(Some(chosen))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixture(name: &str) -> std::path::PathBuf {
        crate::formats::fixtures::fixture(name)
    }

    fn of_text(text: &str) -> Result<Columns, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.csv");
        std::fs::write(&path, text).unwrap();
        read(&path, &Options::default(), &[])
    }

    fn headings(columns: &Columns) -> Vec<&str> {
        columns.list.iter().map(|column| column.heading.as_deref().unwrap_or("-")).collect()
    }

    #[test]
    fn words_and_numbers_stand_beside_one_another_in_every_dialect() {
        let plain = of_text("unit,region,x\na,V4,0.4\nb,IT,\n").unwrap();
        assert_eq!(headings(&plain), ["unit", "region", "x"]);
        assert_eq!(plain.list[1].texts, ["V4", "IT"]);
        let numbers = plain.list[2].numbers.as_ref().unwrap();
        assert!(numbers[0] == 0.4 && numbers[1].is_nan(), "in 64 bits");
        for text in ["unit;region;x\na;V4;0,4\nb;IT;\n", "unit\tregion\tx\na\tV4\t0.4\nb\tIT\tn/a\n"] {
            let same = of_text(text).unwrap();
            assert_eq!((headings(&same), &same.list[1]), (headings(&plain), &plain.list[1]), "{text}");
            assert_eq!(same.list[2].numbers.as_ref().unwrap()[0], 0.4, "{text}");
            assert_eq!(same.notes.len(), 1);
        }
        assert_eq!(headings(&of_text("unit;region\na;V4\nb;IT\n").unwrap()), ["unit", "region"]);
        assert_eq!(
            of_text("0.5\n0.25\n").unwrap().list,
            [Column { texts: vec!["0.5".into(), "0.25".into()], ..Column::numbers(None, vec![0.5, 0.25]) }]
        );
        assert!(of_text("a,a\n1,2\n").unwrap_err().contains("two columns called `a`"));
        assert!(of_text("unit,region\n").unwrap_err().contains("no rows"));
    }

    #[test]
    fn the_column_that_names_rows_is_none_of_those_that_say_something_else() {
        let mut table = of_text("region,voxel_id,ncsnr\nV4,71515,0.4\nIT,00584,0.5\n").unwrap();
        assert_eq!(table.names_of_rows(None, "unit", &[0]), Ok(Some(1)));
        assert_eq!(table.list[1].names(), ["71515", "00584"]);
        let two =
            of_text("region,voxel_id,ncsnr\nV4,71515,0.4\nIT,00584,0.5\n").unwrap().names_of_rows(None, "unit", &[]);
        assert!(two.unwrap_err().contains("2 columns that may name its rows, `region` and `voxel_id`"));
        let mut both = of_text("channel,unit,x\n1,a,0.5\n2,b,1\n").unwrap();
        assert_eq!(both.names_of_rows(None, "unit", &[]), Ok(Some(1)), "one that is called so is it");
        assert_eq!(both.names_of_rows(Some("channel"), "unit", &[]), Ok(Some(0)));
        assert_eq!(both.names_of_rows(Some("none"), "unit", &[]), Ok(None));
        assert!(
            both.named("y", "ceiling").unwrap_err().contains("x.csv has no column `y` (`ceiling`); it has `channel`")
        );
    }

    #[test]
    fn names_without_a_heading_are_names() {
        let mut table = of_text("u1,0.5\nu2,0.4\n").unwrap();
        assert_eq!(headings(&table), ["-", "-"]);
        assert_eq!(table.names_of_rows(None, "unit", &[]), Ok(Some(0)));
        assert_eq!(of_text("0.5,1\n0.4,2\n").unwrap().names_of_rows(None, "unit", &[]), Ok(None));
    }

    /// Made by NumPy, SciPy and polars: `tests/fixtures/make_arrays.py`, `make_mat.py`.
    #[test]
    fn records_tables_and_arrays_of_other_programs_are_columns() {
        let records = read(&fixture("records.npy"), &Options::default(), &[]).unwrap();
        assert_eq!(headings(&records), ["V1", "name", "V4"]);
        assert_eq!(records.list[1].texts, ["im2", "im10", "é"]);
        assert_eq!(records.list[2].numbers, Some(vec![-1.0, 2.0, 3.0]));
        let by_key = read(&fixture("level5.mat"), &Options::default(), &["words", "numbers"]).unwrap();
        assert_eq!((headings(&by_key), by_key.rows), (vec!["words", "numbers"], 2));
        assert_eq!(by_key.list[0].texts, ["im2", "im10"]);
        assert_eq!(by_key.list[1].numbers, Some(vec![3.0, 71_515.0]));
        let none = read(&fixture("level5.mat"), &Options::default(), &["wrods"]).unwrap_err();
        assert!(none.starts_with("level5.mat holds no array `wrods`; it holds `responses`"), "{none}");
        let whole = Options { key: Some("responses"), ..Options::default() };
        let whole = read(&fixture("level5.mat"), &whole, &[]).unwrap();
        assert_eq!((headings(&whole), whole.rows), (vec!["column_1", "column_2", "column_3"], 2));
    }
}

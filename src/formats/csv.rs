//! Comma-separated tables: of numbers, or of words in named columns.

use std::path::Path;

use csv::{ReaderBuilder, StringRecord, Trim};

use crate::formats::array::{Array, Order};
use crate::formats::dialect::Dialect;
use crate::formats::name_of;

/// A table of words in named columns.
#[derive(Clone, Debug, PartialEq)]
pub struct Words {
    pub columns: Vec<String>,
    pub rows: Vec<Vec<String>>,
    /// What the reader took for granted, in users' words.
    pub notes: Vec<String>,
}

impl Words {
    /// Reads a table whose first line names the columns.
    pub fn read(path: &Path, _dialect: &Dialect) -> Result<Self, String> {
        let mut records = records(path)?.into_iter();
        let columns = records.next().ok_or_else(|| format!("{} is empty", name_of(path)))?;
        let words = |record: StringRecord| record.iter().map(str::to_owned).collect();
        Ok(Self { columns: words(columns), rows: records.map(words).collect(), notes: Vec::new() })
    }

    /// A column's place by name.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column == name)
    }
}

/// Reads a table of numbers. A first line that is not all numbers names the columns, and so does one that only counts
/// them (0, 1, 2 … as pandas writes); a first column that is not all numbers, or whose heading is empty, names the
/// rows. Empty cells, `nan` and `NA` are NaN.
pub fn read_array(path: &Path, _dialect: &Dialect, _id_column: Option<&str>) -> Result<Array, String> {
    let file = name_of(path);
    let mut records = records(path)?;
    let width = records.first().map_or(0, StringRecord::len);
    if width == 0 {
        return Err(format!("{file} is empty"));
    }
    let header = is_header(&records[0]).then(|| records.remove(0));
    let unnamed_first = header.as_ref().is_some_and(|header| header[0].is_empty());
    let named_rows = !records.is_empty() && (unnamed_first || records.iter().all(|r| number(&r[0]).is_none()));
    let skip = usize::from(named_rows);
    let mut data = Vec::with_capacity(records.len() * (width - skip));
    for (row, record) in records.iter().enumerate() {
        for (column, cell) in record.iter().enumerate().skip(skip) {
            data.push(number(cell).ok_or_else(|| {
                let line = row + 1 + usize::from(header.is_some());
                format!("{file} holds `{cell}` in line {line}, column {}, where a number is expected", column + 1)
            })?);
        }
    }
    let shape = vec![records.len(), width - skip];
    let mut array = Array::new(shape, data, Order::RowMajor).expect("the reader holds every line to one width");
    let columns = header.map(|header| header.iter().skip(skip).map(str::to_owned).collect::<Vec<_>>());
    let rows = named_rows.then(|| records.iter().map(|record| record[0].to_owned()).collect::<Vec<_>>());
    array.columns = columns.filter(|names| !counts(names));
    array.rows = rows.filter(|names| !counts(names));
    Ok(array)
}

fn records(path: &Path) -> Result<Vec<StringRecord>, String> {
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .trim(Trim::All)
        .from_path(path)
        .map_err(|e| format!("cannot read {}: {e}", path.display()))?;
    let records: Result<Vec<_>, _> = reader.records().collect();
    let mut records = records.map_err(|e| format!("{} does not read: {e}", name_of(path)))?;
    if let Some(first) = records.first_mut() {
        // Excel begins its CSV files with a byte-order mark.
        if let Some(rest) = first.get(0).and_then(|cell| cell.strip_prefix('\u{feff}')).map(str::to_owned) {
            let cells = std::iter::once(rest.as_str()).chain(first.iter().skip(1)).collect();
            *first = cells;
        }
    }
    Ok(records)
}

fn is_header(record: &StringRecord) -> bool {
    record.iter().any(|cell| number(cell).is_none()) || record[0].is_empty() || {
        let names: Vec<String> = record.iter().map(str::to_owned).collect();
        names.len() > 1 && counts(&names)
    }
}

/// Whether names only count: 0, 1, 2 …
fn counts(names: &[String]) -> bool {
    names.iter().enumerate().all(|(at, name)| name.parse() == Ok(at))
}

fn number(cell: &str) -> Option<f32> {
    match cell {
        "" | "NA" | "na" => Some(f32::NAN),
        _ => cell.parse::<f64>().ok().map(|x| x as f32),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn array(text: &str) -> Result<Array, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.csv");
        std::fs::write(&path, text).unwrap();
        read_array(&path, &Dialect::default(), None)
    }

    #[test]
    fn names_are_told_from_numbers() {
        let plain = array("1,2\n3,4.5\n").unwrap();
        assert_eq!(
            (plain.shape, plain.data, plain.rows, plain.columns),
            (vec![2, 2], vec![1., 2., 3., 4.5], None, None)
        );
        let named = array("id,a,b\nx,1,2\ny,3,\n").unwrap();
        assert_eq!(named.shape, [2, 2]);
        assert_eq!(named.rows, Some(vec!["x".to_owned(), "y".to_owned()]));
        assert_eq!(named.columns, Some(vec!["a".to_owned(), "b".to_owned()]));
        assert!(named.data[3].is_nan());
    }

    #[test]
    fn the_counters_that_pandas_writes_are_no_data() {
        let pandas = array(",0,1,2\n0,5,6,7\n1,8,9,10\n").unwrap();
        assert_eq!((pandas.shape, pandas.rows, pandas.columns), (vec![2, 3], None, None));
        assert_eq!(pandas.data, [5.0, 6.0, 7.0, 8.0, 9.0, 10.0]);
        assert_eq!(array("0,1,2\n5,6,7\n").unwrap().shape, [1, 3]);
    }

    #[test]
    fn what_is_no_number_is_named_with_its_place() {
        assert!(array("a,b\n1,2\n3,four\n").unwrap_err().contains("`four` in line 3, column 2"));
        assert!(array("1,2\n3\n").unwrap_err().contains("does not read"));
        assert!(array("").unwrap_err().contains("is empty"));
    }
}

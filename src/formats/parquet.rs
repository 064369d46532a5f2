//! Parquet tables of numbers.

use std::fs::File;
use std::path::Path;

use polars::prelude::{Column, DataFrame, DataType, ParquetReader, PolarsError, SerReader};

use crate::formats::array::{Array, Order};
use crate::formats::column;
use crate::formats::ids::{self, Look, Sort};
use crate::formats::name_of;

/// Reads a table of numbers: a row a row, columns by name; nulls are NaN. Which column names the rows:
/// `formats/ids.rs`.
pub fn read_array(path: &Path, id_column: Option<&str>) -> Result<Array, String> {
    let name = name_of(path);
    let frame = frame(path)?;
    let looks: Vec<Look<'_>> = frame.columns().iter().map(look).collect();
    let choice = ids::choose(&looks, id_column, &name)?;
    let mut columns = Vec::new();
    let mut data = Vec::new();
    for &at in &choice.numbers {
        let column = &frame.columns()[at];
        let place = || format!("column `{}` of {name}", column.name());
        if !(column.dtype().is_primitive_numeric() || column.dtype().is_bool() || column.dtype() == &DataType::Null) {
            let way_out = if is_name(column.dtype()) { ids::way_out(column.name()) } else { String::new() };
            return Err(format!("{} is of type {}, where numbers are expected{way_out}", place(), column.dtype()));
        }
        let floats = column.cast(&DataType::Float32).map_err(|e| format!("{}: {e}", place()))?;
        let floats = floats.f32().map_err(|e| format!("{}: {e}", place()))?;
        data.extend(floats.iter().map(|cell| cell.unwrap_or(f32::NAN)));
        columns.push(column.name().to_string());
    }
    let shape = vec![frame.height(), columns.len()];
    let mut array = Array::new(shape, data, Order::ColumnMajor).expect("columns of one height");
    if let Some(at) = choice.rows {
        array.rows = Some(ids::checked(texts(&frame.columns()[at], &name)?, &name)?);
    }
    array.columns = Some(columns);
    array.notes = choice.notes;
    Ok(array)
}

/// Reads all columns, of numbers and of words. pandas' index has no heading.
pub fn read_columns(path: &Path) -> Result<Vec<column::Column>, String> {
    let name = name_of(path);
    let frame = frame(path)?;
    let each = frame.columns().iter().map(|column| {
        let heading = column.name().as_str();
        let heading = Some(if heading.starts_with("__index_level_") { "" } else { heading }.to_owned());
        let place = |e: PolarsError| format!("column `{}` of {name}: {e}", column.name());
        let dtype = column.dtype();
        if dtype.is_primitive_numeric() || dtype.is_bool() || dtype == &DataType::Null {
            let numbers = column.cast(&DataType::Float64).map_err(place)?;
            let numbers = numbers.f64().map_err(place)?.iter().map(|cell| cell.unwrap_or(f64::NAN)).collect();
            let as_numbers = column::Column::numbers(heading, numbers);
            // Whole numbers keep their digits beyond what a float holds.
            return if dtype.is_integer() {
                Ok(column::Column { texts: texts(column, &name)?, ..as_numbers })
            } else {
                Ok(as_numbers)
            };
        }
        let words = column.cast(&DataType::String).map_err(place)?;
        let words = words.str().map_err(place)?.iter().map(|cell| cell.unwrap_or_default().to_owned()).collect();
        Ok(column::Column::words(heading, words))
    });
    each.collect()
}

/// The names of a table's columns.
pub fn columns(path: &Path) -> Result<Vec<String>, String> {
    Ok(frame(path)?.columns().iter().map(|column| column.name().to_string()).collect())
}

/// A column of strings or whole numbers as names; a missing one is an empty name.
pub fn names(path: &Path, column: &str) -> Result<Vec<String>, String> {
    let frame = frame(path)?;
    let name = name_of(path);
    let cells = frame.column(column).map_err(|e| format!("column `{column}` of {name}: {e}"))?;
    texts(cells, &name)
}

fn frame(path: &Path) -> Result<DataFrame, String> {
    let file = File::open(path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
    let damaged = |problem: String| format!("{} is damaged or no Parquet file: {problem}", name_of(path));
    // polars counts on what a file says of itself, and panics where that is wrong.
    let read = std::panic::catch_unwind(|| ParquetReader::new(file).finish());
    let frame = read
        .map_err(|_| damaged("its parts contradict one another".to_owned()))?
        .map_err(|e| match e.to_string() {
            e if e.contains("cannot create series from") => format!(
                "{} has a column of times, lists or another type that is not read; write it without (in pandas, `frame.drop(columns=…)`)",
                name_of(path)
            ),
            e => damaged(e),
        })?;
    if frame.columns().iter().any(|column| column.len() != frame.height()) {
        return Err(damaged("its columns differ in length".to_owned()));
    }
    Ok(frame)
}

/// How a column looks to whoever chooses the names. `index` without a name is what pandas calls `__index_level_0__`.
fn look(column: &Column) -> Look<'_> {
    let dtype = column.dtype();
    let present = column.len() - column.null_count();
    let floats = column.cast(&DataType::Float64).ok();
    let floats = floats.as_ref().and_then(|column| column.f64().ok());
    let each = || floats.into_iter().flat_map(|floats| floats.iter());
    let sort = match dtype {
        _ if present == 0 => Sort::Missing,
        _ if dtype.is_integer() && each().flatten().all(|x| x >= 0.0) => Sort::Whole { plain: true },
        // pandas keeps whole numbers beside missing ones as floats.
        _ if dtype.is_float() && each().flatten().all(|x| x.is_nan() || (x >= 0.0 && x.fract() == 0.0)) => {
            Sort::Whole { plain: false }
        }
        _ if is_name(dtype) => Sort::Words,
        _ => Sort::Numbers,
    };
    let heading = column.name().as_str();
    Look {
        heading: Some(if heading.starts_with("__index_level_") { "" } else { heading }),
        sort,
        rows: column.len(),
        fractions: if dtype.is_integer() { 0 } else { present },
        distinct: column.n_unique().is_ok_and(|n| n == column.len()),
        counts: dtype.is_integer() && each().enumerate().all(|(at, x)| x == Some(at as f64)),
    }
}

fn is_name(dtype: &DataType) -> bool {
    matches!(dtype, DataType::String)
}

/// A column's cells as names.
fn texts(column: &Column, file: &str) -> Result<Vec<String>, String> {
    let place = format!("column `{}` of {file}", column.name());
    let dtype = column.dtype();
    if dtype.is_float() {
        let floats = column.cast(&DataType::Float64).map_err(|e| format!("{place}: {e}"))?;
        let floats = floats.f64().map_err(|e| format!("{place}: {e}"))?;
        let text = |(at, cell): (usize, Option<f64>)| match cell.filter(|x| !x.is_nan()) {
            None => Ok(String::new()),
            Some(x) if x.fract() == 0.0 && x.abs() < 9e15 => Ok((x as i64).to_string()),
            Some(x) => Err(format!(
                "{place} holds {x} in row {}, which is no name; names are strings or whole numbers",
                at + 1
            )),
        };
        return floats.iter().enumerate().map(text).collect();
    }
    if !(is_name(dtype) || dtype.is_integer()) {
        return Err(format!("{place} is of type {dtype}, which names nothing; names are strings or whole numbers"));
    }
    let cells = column.cast(&DataType::String).map_err(|e| format!("{place}: {e}"))?;
    let cells = cells.str().map_err(|e| format!("{place}: {e}"))?;
    Ok(cells.iter().map(|cell| cell.unwrap_or_default().to_owned()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use polars::df;
    use polars::prelude::ParquetWriter;

    fn written(frame: polars::prelude::PolarsResult<DataFrame>) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.parquet");
        ParquetWriter::new(File::create(&path).unwrap()).finish(&mut frame.unwrap()).unwrap();
        (folder, path)
    }

    #[test]
    fn columns_keep_their_names_and_rows_theirs() {
        let (_folder, path) = written(df!("id" => ["x", "y"], "a" => [1_i32, 2], "b" => [Some(0.5), None]));
        let array = read_array(&path, None).unwrap();
        assert_eq!(array.shape, [2, 2]);
        assert_eq!(array.data[..3], [1.0, 0.5, 2.0]);
        assert!(array.data[3].is_nan());
        assert_eq!(array.rows, Some(vec!["x".to_owned(), "y".to_owned()]));
        assert_eq!(array.columns, Some(vec!["a".to_owned(), "b".to_owned()]));
        std::fs::write(&path, b"PAR0").unwrap();
        assert!(read_array(&path, None).unwrap_err().contains("no Parquet file"));
    }

    #[test]
    fn whole_numbers_that_name_the_rows_are_no_numbers() {
        let ids = [71_515_i64, 9_007_199_254_740_993];
        let (_folder, path) = written(df!("V1" => [0.5, 1.5], "nsd_id" => ids));
        let array = read_array(&path, None).unwrap();
        assert_eq!((array.shape, array.data), (vec![2, 1], vec![0.5, 1.5]));
        assert_eq!(array.rows, Some(vec!["71515".to_owned(), "9007199254740993".to_owned()]));
        assert_eq!(
            array.notes,
            ["`x.parquet`: the column `nsd_id` is taken for the names of its rows; `id_column: none` makes it numbers"]
        );
        assert_eq!(read_array(&path, Some("none")).unwrap().shape, [2, 2]);
        assert_eq!(names(&path, "nsd_id").unwrap()[1], "9007199254740993");
        assert!(read_array(&path, Some("V1")).unwrap_err().contains("holds no names"));
    }
}

//! Parquet tables of numbers.

use std::fs::File;
use std::path::Path;

use polars::prelude::{DataFrame, DataType, ParquetReader, SerReader};

use crate::formats::array::{Array, Order};
use crate::formats::name_of;

/// Reads a table of numbers: a row a row, columns by name. A first column of text names the rows; nulls are NaN.
pub fn read_array(path: &Path, _id_column: Option<&str>) -> Result<Array, String> {
    let name = name_of(path);
    let frame = frame(path)?;
    let mut columns = Vec::new();
    let mut rows = None;
    let mut numbers = Vec::new();
    for (at, column) in frame.columns().iter().enumerate() {
        if at == 0 && column.dtype() == &DataType::String {
            let text = column.str().map_err(|e| format!("{name}: {e}"))?;
            rows = Some(text.iter().map(|cell| cell.unwrap_or_default().to_owned()).collect());
            continue;
        }
        if !(column.dtype().is_primitive_numeric() || column.dtype().is_bool()) {
            return Err(format!(
                "column `{}` of {name} is of type {}, where numbers are expected",
                column.name(),
                column.dtype()
            ));
        }
        let floats =
            column.cast(&DataType::Float32).map_err(|e| format!("column `{}` of {name}: {e}", column.name()))?;
        let floats = floats.f32().map_err(|e| format!("column `{}` of {name}: {e}", column.name()))?;
        numbers.extend(floats.iter().map(|cell| cell.unwrap_or(f32::NAN)));
        columns.push(column.name().to_string());
    }
    let shape = vec![frame.height(), columns.len()];
    let mut array = Array::new(shape, numbers, Order::ColumnMajor).expect("columns of one height");
    array.rows = rows;
    array.columns = Some(columns);
    Ok(array)
}

/// The names of a table's columns.
pub fn columns(path: &Path) -> Result<Vec<String>, String> {
    Ok(frame(path)?.columns().iter().map(|column| column.name().to_string()).collect())
}

/// A column of strings or whole numbers as names; a missing one is an empty name.
pub fn names(path: &Path, column: &str) -> Result<Vec<String>, String> {
    let frame = frame(path)?;
    let place = format!("column `{column}` of {}", name_of(path));
    let cells = frame.column(column).map_err(|e| format!("{place}: {e}"))?;
    if !(cells.dtype() == &DataType::String || cells.dtype().is_integer()) {
        return Err(format!(
            "{place} is of type {}, which names nothing; names are strings or whole numbers",
            cells.dtype()
        ));
    }
    let cells = cells.cast(&DataType::String).map_err(|e| format!("{place}: {e}"))?;
    let cells = cells.str().map_err(|e| format!("{place}: {e}"))?;
    Ok(cells.iter().map(|cell| cell.unwrap_or_default().to_owned()).collect())
}

fn frame(path: &Path) -> Result<DataFrame, String> {
    let file = File::open(path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
    ParquetReader::new(file).finish().map_err(|e| format!("{} is damaged or no Parquet file: {e}", name_of(path)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use polars::df;
    use polars::prelude::ParquetWriter;

    #[test]
    fn columns_keep_their_names_and_rows_theirs() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.parquet");
        let mut frame = df!("id" => ["x", "y"], "a" => [1_i32, 2], "b" => [Some(0.5), None]).unwrap();
        ParquetWriter::new(File::create(&path).unwrap()).finish(&mut frame).unwrap();
        let array = read_array(&path, None).unwrap();
        assert_eq!(array.shape, [2, 2]);
        assert_eq!(array.data[..3], [1.0, 0.5, 2.0]);
        assert!(array.data[3].is_nan());
        assert_eq!(array.rows, Some(vec!["x".to_owned(), "y".to_owned()]));
        assert_eq!(array.columns, Some(vec!["a".to_owned(), "b".to_owned()]));
        std::fs::write(&path, b"PAR0").unwrap();
        assert!(read_array(&path, None).unwrap_err().contains("no Parquet file"));
    }
}

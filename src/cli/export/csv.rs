//! Comma-separated text, with the stimulus of each row in front.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use csv::Writer;
use polars::prelude::{CsvWriter, DataFrame, SerWriter};

use crate::cli::export::format::{Format, Result, Source};
use crate::value::Value;
use crate::value::labels::Labels;
use crate::value::split::{Assignment, Split};
use crate::value::ty::Type;

pub const FORMAT: Format = Format {
    extension: "csv",
    types: &[Type::Table, Type::Matrix, Type::Responses, Type::Split, Type::Labels],
    note: "In a .csv the first column is the stimulus.",
    write,
};

fn write(source: &Source<'_>, file: &Path) -> Result {
    if let Value::Table(table) = source.value {
        return write_table(&table.frame, file);
    }
    let mut out = Writer::from_path(file).map_err(|e| e.to_string())?;
    let written = match source.value {
        Value::Matrix(matrix) => {
            let names = matrix.about.columns.clone();
            let names = names.unwrap_or_else(|| (0..matrix.columns()).map(|c| c.to_string()).collect());
            let stimuli = matrix.about.stimuli.as_ref();
            let name = |row: usize| stimuli.map_or_else(|| row.to_string(), |s| s.get(row).name.to_string());
            let view = matrix.view();
            write_numbers(&mut out, &names, matrix.rows(), name, |row, column| view[[row, column]])
        }
        Value::Responses(responses) => {
            let name = |row: usize| responses.stimuli().get(row).name.to_string();
            let rows = responses.stimuli().len();
            write_numbers(&mut out, responses.units(), rows, name, |row, column| responses.mean[[row, column]])
        }
        Value::Split(split) => write_split(&mut out, split),
        Value::Labels(labels) => write_labels(&mut out, labels),
        _ => source.other(),
    };
    written.and_then(|()| Ok(out.flush()?)).map_err(|e| e.to_string())?;
    Ok(None)
}

fn write_table(frame: &DataFrame, file: &Path) -> Result {
    let mut out = BufWriter::new(File::create(file).map_err(|e| e.to_string())?);
    CsvWriter::new(&mut out).finish(&mut frame.clone()).map_err(|e| e.to_string())?;
    Ok(None)
}

fn write_numbers(
    out: &mut Writer<File>,
    columns: &[String],
    rows: usize,
    name: impl Fn(usize) -> String,
    value: impl Fn(usize, usize) -> f32,
) -> csv::Result<()> {
    out.write_record(std::iter::once("id").chain(columns.iter().map(String::as_str)))?;
    for row in 0..rows {
        let values = (0..columns.len()).map(|column| value(row, column).to_string());
        out.write_record(std::iter::once(name(row)).chain(values))?;
    }
    Ok(())
}

fn write_split(out: &mut Writer<File>, split: &Split) -> csv::Result<()> {
    let named = |row: usize| split.stimuli.get(row).name.to_string();
    match &split.assignment {
        Assignment::Parts(parts) => {
            out.write_record(["id", "part"])?;
            for (row, part) in parts.iter().enumerate() {
                out.write_record([named(row), part.name().to_owned()])?;
            }
        }
        Assignment::Folds { fold, .. } => {
            out.write_record(["id", "fold"])?;
            for (row, fold) in fold.iter().enumerate() {
                out.write_record([named(row), fold.to_string()])?;
            }
        }
        Assignment::Draws(draws) => {
            out.write_record(["id", "draw", "part"])?;
            for (draw, parts) in draws.iter().enumerate() {
                for (row, part) in parts.iter().enumerate() {
                    out.write_record([named(row), draw.to_string(), part.name().to_owned()])?;
                }
            }
        }
    }
    Ok(())
}

fn write_labels(out: &mut Writer<File>, labels: &Labels) -> csv::Result<()> {
    let header: &[&str] = if labels.category.is_some() { &["id", "object", "category"] } else { &["id", "object"] };
    out.write_record(header)?;
    for (row, object) in labels.object.iter().enumerate() {
        let category = labels.category.as_ref().map(|all| all[row].as_str());
        let named = &*labels.stimuli.get(row).name;
        out.write_record([Some(named), Some(object.as_str()), category].into_iter().flatten())?;
    }
    Ok(())
}

//! What a program gave, held against what it promised.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ndarray::Array2;
use polars::prelude::{Column, DataFrame};

use crate::formats::columns;
use crate::formats::csv::Words;
use crate::formats::dialect::Dialect;
use crate::formats::open::{self, Options};
use crate::kind::{KindError, Run, fact};
use crate::nodes::data::named::by_name_alone;
use crate::nodes::own::script::{Drawn, Params, Promise, Promised};
use crate::value::Value;
use crate::value::lineage::Lineage;
use crate::value::matrix::{About, Matrix};
use crate::value::responses::{self, Responses};
use crate::value::stimuli::Stimuli;
use crate::value::table::{self, Table};

/// The ends that a file may have that holds what was promised.
const ENDS: [&str; 4] = ["safetensors", "npy", "parquet", "csv"];

/// What a program's outputs are held against.
pub struct Known<'a> {
    /// The stimuli of what it was given; those of an output are among them. None where it was given nothing.
    pub stimuli: &'a [Stimuli],
    pub lineage: Lineage,
    /// The rows of which it saw responses, as facts have it.
    pub on: &'static str,
}

/// Reads all that was promised.
pub fn read(
    folder: &Path,
    params: &Params,
    known: &Known<'_>,
    run: &mut Run<'_>,
) -> Result<BTreeMap<String, Value>, KindError> {
    params
        .gives
        .iter()
        .map(|(name, promise)| Ok((name.clone(), one(&folder.join("outputs"), name, promise, known, run)?)))
        .collect()
}

fn one(folder: &Path, name: &str, promise: &Promise, known: &Known<'_>, run: &mut Run<'_>) -> Result<Value, KindError> {
    let wrong = |problem: String| KindError::new(format!("`{name}`: {problem}"));
    let file = ENDS.iter().map(|end| folder.join(format!("{name}.{end}"))).find(|path| path.is_file());
    let Some(file) = file else {
        let ends: Vec<String> = ENDS.iter().map(|end| format!("{name}.{end}")).collect();
        return Err(KindError::new(format!(
            "`gives` promises `{name}`, and the program wrote none of {} into `outputs`",
            ends.join(", ")
        )));
    };
    match promise.ty() {
        Promised::Table => Ok(Value::Table(table(&file, promise, known).map_err(wrong)?)),
        Promised::Matrix => {
            let (data, columns) = numbers(&file).map_err(wrong)?;
            let stimuli = rows(folder, name, data.nrows(), known, run)?;
            let columns = names(folder, name, data.ncols()).map_err(wrong)?.or(columns);
            finite(&data, &stimuli, columns.as_deref()).map_err(wrong)?;
            let about = About { stimuli: Some(stimuli), columns, lineage: known.lineage.clone(), ..About::default() };
            Ok(Value::Matrix(Matrix::new(data, about)))
        }
        Promised::Responses => {
            let (data, columns) = numbers(&file).map_err(wrong)?;
            let stimuli = rows(folder, name, data.nrows(), known, run)?;
            let units = names(folder, name, data.ncols()).map_err(wrong)?.or(columns);
            let units = units.unwrap_or_else(|| (0..data.ncols()).map(|at| format!("unit_{at:03}")).collect());
            let about = responses::About {
                stimuli,
                units,
                regions: None,
                subjects: None,
                known: BTreeMap::new(),
                true_ceiling: None,
                recording: None,
                lineage: known.lineage.clone(),
            };
            Ok(Value::Responses(Responses::new(about, data, None)))
        }
    }
}

/// Numbers of two axes, with the names of columns that the file itself has.
fn numbers(file: &Path) -> Result<(Array2<f32>, Option<Vec<String>>), String> {
    let key = file.extension().is_some_and(|end| end == "safetensors").then_some("data");
    let array = open::read(file, &Options { key, id_column: None, ..Options::default() })?;
    let shape = match array.shape[..] {
        [rows] => (rows, 1),
        [rows, columns] => (rows, columns),
        _ => return Err(format!("it is an array of {} axes; a matrix has rows and columns", array.shape.len())),
    };
    let data = Array2::from_shape_vec(shape, array.data).map_err(|e| e.to_string())?;
    Ok((data, array.columns))
}

/// The names beside it, where the program wrote them.
fn listed(folder: &Path, name: &str, end: &str) -> Result<Option<Words>, String> {
    let path: PathBuf = folder.join(format!("{name}.{end}.csv"));
    if path.is_file() { Words::read(&path, &Dialect::default()).map(Some) } else { Ok(None) }
}

fn names(folder: &Path, name: &str, count: usize) -> Result<Option<Vec<String>>, String> {
    let Some(words) = listed(folder, name, "columns")? else { return Ok(None) };
    let at = words.column("name").ok_or_else(|| format!("{name}.columns.csv has no column `name`"))?;
    let names: Vec<String> = words.rows.iter().map(|row| row[at].clone()).collect();
    match names.len() == count {
        true => Ok(Some(names)),
        false => Err(format!("{} names of columns, and {count} columns", names.len())),
    }
}

/// The stimuli of its rows: as the program names them, else those of what it was given, where there are as many.
fn rows(folder: &Path, name: &str, count: usize, known: &Known<'_>, run: &mut Run<'_>) -> Result<Stimuli, KindError> {
    let wrong = |problem: String| KindError::new(format!("`{name}`: {problem}"));
    let Some(words) = listed(folder, name, "rows").map_err(wrong)? else {
        return match known.stimuli.iter().find(|stimuli| stimuli.len() == count) {
            Some(stimuli) if known.stimuli.iter().all(|other| other.len() != count || other == stimuli) => {
                Ok(stimuli.clone())
            }
            Some(_) => {
                Err(wrong(format!("{count} rows without names, as many as several inputs have; write {name}.rows.csv")))
            }
            None => Err(wrong(format!(
                "{count} rows without names, and no input has as many; write {name}.rows.csv with a column `stimulus`"
            ))),
        };
    };
    let at = words.column("stimulus").ok_or_else(|| wrong(format!("{name}.rows.csv has no column `stimulus`")))?;
    let source = words.column("source");
    if words.rows.len() != count {
        return Err(wrong(format!("{} names of rows, and {count} rows", words.rows.len())));
    }
    let names: Vec<String> = words.rows.iter().map(|row| row[at].clone()).collect();
    if known.stimuli.is_empty() {
        return by_name_alone(&names, run);
    }
    let mut by_name: BTreeMap<(&str, Option<&str>), Vec<(usize, usize)>> = BTreeMap::new();
    for (input, stimuli) in known.stimuli.iter().enumerate() {
        for (row, stimulus) in stimuli.iter().enumerate() {
            let places = by_name.entry((&*stimulus.name, None)).or_default();
            if places.iter().all(|&(other, at)| known.stimuli[other].get(at) != stimulus) {
                places.push((input, row));
            }
            by_name.entry((&*stimulus.name, Some(&*stimulus.source))).or_default().push((input, row));
        }
    }
    let mut found = Vec::with_capacity(count);
    for (row, name_of_row) in words.rows.iter().zip(&names) {
        let source = source.map(|at| row[at].as_str()).filter(|source| !source.is_empty());
        match by_name.get(&(name_of_row.as_str(), source)).map(Vec::as_slice) {
            Some([(input, at), ..]) if source.is_some() => found.push(known.stimuli[*input].get(*at).clone()),
            Some([(input, at)]) => found.push(known.stimuli[*input].get(*at).clone()),
            Some(_) => {
                return Err(wrong(format!(
                    "the row `{name_of_row}` is a stimulus of several sources; write `source` too"
                )));
            }
            None => return Err(wrong(format!("the row `{name_of_row}` is no stimulus that the program was given"))),
        }
    }
    Stimuli::new(found).map_err(wrong)
}

fn finite(data: &Array2<f32>, stimuli: &Stimuli, columns: Option<&[String]>) -> Result<(), String> {
    match data.indexed_iter().find(|(_, value)| !value.is_finite()) {
        None => Ok(()),
        Some(((row, column), value)) => {
            let column = columns.map_or_else(|| format!("column {column}"), |all| format!("`{}`", all[column]));
            Err(format!(
                "it is {value} in the row `{}`, {column}; a matrix holds finite numbers",
                stimuli.get(row).name
            ))
        }
    }
}

fn table(file: &Path, promise: &Promise, known: &Known<'_>) -> Result<Table, String> {
    let read = columns::read(file, &Options::default(), &[])?;
    let mut list = Vec::new();
    for (at, column) in read.list.into_iter().enumerate() {
        let name =
            column.heading.clone().filter(|heading| !heading.is_empty()).unwrap_or_else(|| format!("column_{at}"));
        // Units are names, whatever they look like.
        let numbers = column.numbers.clone().filter(|_| name != "unit");
        list.push(match numbers {
            Some(numbers) => {
                let some = |x: f64| (!x.is_nan()).then_some(x);
                if let Some(row) = numbers.iter().position(|x| x.is_infinite()) {
                    return Err(format!("it is infinite in row {row} of `{name}`"));
                }
                Column::new(name.as_str().into(), numbers.into_iter().map(some).collect::<Vec<_>>())
            }
            None => Column::new(name.as_str().into(), column.names()),
        });
    }
    let frame = DataFrame::new(read.rows, list).map_err(|e| e.to_string())?;
    let mut about = table::About { lineage: known.lineage.clone(), ..table::About::default() };
    if promise.role() == Some(Drawn::Scores) {
        if frame.column("unit").is_err() {
            return Err("it is promised as `scores`, and has no column `unit`".to_owned());
        }
        about.facts.insert(fact::SCORED_ON.to_owned(), serde_json::json!(known.on));
    }
    Ok(Table { frame, about })
}

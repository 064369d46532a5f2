//! `ventral show` and `ventral export`: look at a result, or write it to a file.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use clap::Args;
use polars::frame::DataFrame;
use polars::prelude::{AnyValue, CsvWriter, SerWriter};
use serde_json::{Map, Value as Json, json};

use crate::cli::{Failure, Outcome, Recipe, terminal};
use crate::engine::record::Stored;
use crate::kind::registry::Registry;
use crate::value::Value;
use crate::value::stimuli::Stimuli;
use crate::value::ty::Type;
use crate::workspace::Session;
use crate::workspace::results;
use crate::workspace::results::Lack;

/// Look at a result
///
/// Shows a node's main output, or NODE.PORT, NODE[KEY], NODE.PORT@layer=features.9.
#[derive(Args)]
pub struct Show {
    #[command(flatten)]
    recipe: Recipe,
    /// What to show: scores, by_layer.table, scores.summary@layer=features.9
    node: String,
    /// Print JSON; a table is an array with an object per row
    #[arg(long)]
    json: bool,
}

impl Show {
    pub fn execute(self, registry: &Registry) -> Outcome {
        let session = self.recipe.open(registry)?;
        let results = find(&session, &self.node)?;
        if self.json {
            let mut shown = Vec::new();
            for (name, stored) in &results {
                shown.push((name, as_json(&read(&session, stored)?)));
            }
            let value = match <[_; 1]>::try_from(shown) {
                Ok([(_, one)]) => one,
                Err(many) => many.into_iter().map(|(name, value)| (name.clone(), value)).collect::<Map<_, _>>().into(),
            };
            terminal::print_json(&value);
            return Ok(());
        }
        let many = results.len() > 1;
        let mut text = String::new();
        for (name, stored) in &results {
            if many {
                text.push_str(&format!("{name}\n"));
            }
            text.push_str(&as_text(&read(&session, stored)?));
            text.push('\n');
        }
        terminal::print(&text);
        Ok(())
    }
}

/// Write a result to a file: .npy, .csv, .parquet, .safetensors or .png
///
/// In a .csv the first column is the stimulus; beside FILE.npy, FILE.ids.csv names the stimulus of each row.
#[derive(Args)]
pub struct Export {
    #[command(flatten)]
    recipe: Recipe,
    /// What to write: readout.predictions@layer=features.9, by_layer.table
    node: String,
    /// The file; its extension is the format
    file: PathBuf,
}

impl Export {
    pub fn execute(self, registry: &Registry) -> Outcome {
        let session = self.recipe.open(registry)?;
        let results = find(&session, &self.node)?;
        let [(_, stored)] = results.as_slice() else {
            let names: Vec<&str> = results.iter().map(|(name, _)| name.as_str()).collect();
            return Err(Failure::Usage(format!(
                "`{}` means {} results; name one of {}",
                self.node,
                names.len(),
                names.join(", ")
            )));
        };
        let value = read(&session, stored)?;
        let extension =
            self.file.extension().and_then(|extension| extension.to_str()).unwrap_or_default().to_lowercase();
        if !formats(value.ty()).contains(&extension.as_str()) {
            let can = formats(value.ty()).join(", .");
            return Err(Failure::Usage(format!(
                "{}: {} cannot be written as `.{extension}`; .{can} can",
                self.file.display(),
                value.ty()
            )));
        }
        let survey_sources = || session.survey().sources;
        write(&value, &extension, &stored.path(session.cache()), &self.file, survey_sources)
            .map_err(|e| Failure::Failed(format!("{}: {e}", self.file.display())))?;
        terminal::say(&format!("wrote {}", self.file.display()));
        if let (true, Some(stimuli)) = (extension == "npy", stimuli_of(&value)) {
            // An array has no room for names, and rows without theirs cannot be joined.
            let beside = self.file.with_extension("ids.csv");
            write_ids(&beside, stimuli).map_err(|e| Failure::Failed(format!("{}: {e}", beside.display())))?;
            terminal::say(&format!("wrote {}: the stimulus of each row", beside.display()));
        }
        Ok(())
    }
}

/// The stimuli of a value's rows.
fn stimuli_of(value: &Value) -> Option<&Stimuli> {
    match value {
        Value::Matrix(matrix) => matrix.about.stimuli.as_ref(),
        Value::Responses(responses) => Some(responses.stimuli()),
        _ => None,
    }
}

fn write_ids(file: &Path, stimuli: &Stimuli) -> Result<(), String> {
    let mut out = csv::Writer::from_path(file).map_err(|e| e.to_string())?;
    out.write_record(["id"]).map_err(|e| e.to_string())?;
    for stimulus in stimuli.iter() {
        out.write_record([&*stimulus.name]).map_err(|e| e.to_string())?;
    }
    out.flush().map_err(|e| e.to_string())
}

fn find(session: &Session, text: &str) -> Result<Vec<(String, Stored)>, Failure> {
    let (found, _) = results::find(session, text).map_err(|lack| match lack {
        Lack::Unknown(message) => Failure::Usage(message),
        Lack::Absent(message, remedy) => {
            let recipe = session.plan.recipe.as_deref().unwrap_or(Path::new("RECIPE"));
            Failure::Failed(format!("{message}; {}", remedy.command(recipe)))
        }
    })?;
    Ok(found.into_iter().map(|found| (found.name, found.stored)).collect())
}

fn read(session: &Session, stored: &Stored) -> Result<Value, Failure> {
    Value::read(stored.ty, &stored.path(session.cache())).map_err(|e| {
        Failure::Failed(format!(
            "{e}; `ventral cache verify` sets damaged results aside, and the next run makes them again"
        ))
    })
}

fn as_json(value: &Value) -> Json {
    match value {
        Value::Table(table) => rows(&table.frame),
        Value::Matrix(matrix) => json!({
            "type": "Matrix", "rows": matrix.rows(), "columns": matrix.columns(),
            "row_shape": matrix.about.row_shape,
            "stimuli": matrix.about.stimuli.as_ref().map(|s| s.iter().map(|s| s.name.to_string()).collect::<Vec<_>>()),
            "names": matrix.about.columns,
            "fitted": exposures(&matrix.about.lineage.fitted),
            "selected": exposures(&matrix.about.lineage.selected),
        }),
        Value::Responses(responses) => json!({
            "type": "Responses", "stimuli": responses.stimuli().len(), "units": responses.units(),
            "repeats": responses.repeats.as_ref().map(|repeats| repeats.dim().2),
            "regions": responses.about.regions, "true_ceiling": responses.about.true_ceiling,
        }),
        Value::Labels(labels) => json!({
            "type": "Labels", "stimuli": labels.stimuli.iter().map(|s| s.name.to_string()).collect::<Vec<_>>(),
            "object": labels.object, "category": labels.category,
        }),
        Value::Split(split) => json!({
            "type": "Split", "stimuli": split.stimuli.iter().map(|s| s.name.to_string()).collect::<Vec<_>>(),
            "assignment": split.assignment,
        }),
        Value::Images(images) => json!({
            "type": "Images", "count": images.len(), "height": images.about.size.0, "width": images.about.size.1,
            "source": images.about.source, "state": images.about.state,
        }),
        Value::Network(network) => json!({
            "type": "Network", "architecture": network.about.architecture,
            "tensors": network.tensors.iter().map(|(name, t)| (name.clone(), json!(t.shape()))).collect::<Map<_, _>>(),
        }),
        Value::Fit(fit) => json!({
            "type": "Fit", "kind": fit.about.kind,
            "arrays": fit.arrays.iter().map(|(name, a)| (name.clone(), json!(a.shape()))).collect::<Map<_, _>>(),
            "fitted": exposures(&fit.about.lineage.fitted),
        }),
        Value::Gram(gram) => json!({ "type": "Gram", "rows": gram.about.rows, "columns": gram.about.columns }),
        Value::Eigen(eigen) => json!({ "type": "Eigen", "rows": eigen.about.rows, "rank": eigen.about.rank }),
    }
}

fn exposures(list: &[crate::value::lineage::Exposure]) -> Json {
    json!(list.iter().map(|e| json!({ "by": e.by, "stimuli": e.len() })).collect::<Vec<_>>())
}

/// An object per row.
pub fn rows(frame: &DataFrame) -> Json {
    let rows = (0..frame.height()).map(|row| {
        let cells = frame.columns().iter().map(|column| {
            let value = column.get(row).map_or(Json::Null, |value| cell(&value));
            (column.name().to_string(), value)
        });
        Json::Object(cells.collect())
    });
    Json::Array(rows.collect())
}

fn cell(value: &AnyValue<'_>) -> Json {
    match value {
        AnyValue::Null => Json::Null,
        AnyValue::Boolean(value) => json!(value),
        AnyValue::String(text) => json!(text),
        AnyValue::StringOwned(text) => json!(text.as_str()),
        AnyValue::Float32(value) => json!(value),
        AnyValue::Float64(value) => json!(value),
        AnyValue::UInt8(value) => json!(value),
        AnyValue::UInt16(value) => json!(value),
        AnyValue::UInt32(value) => json!(value),
        AnyValue::UInt64(value) => json!(value),
        AnyValue::Int8(value) => json!(value),
        AnyValue::Int16(value) => json!(value),
        AnyValue::Int32(value) => json!(value),
        AnyValue::Int64(value) => json!(value),
        other => json!(other.to_string()),
    }
}

fn as_text(value: &Value) -> String {
    match value {
        Value::Table(table) => {
            let frame = &table.frame;
            let header: Vec<&str> = frame.columns().iter().map(|column| column.name().as_str()).collect();
            let numbers: Vec<&str> = frame
                .columns()
                .iter()
                .filter(|column| column.dtype().is_primitive_numeric())
                .map(|column| column.name().as_str())
                .collect();
            const SHOWN: usize = 40;
            let lines = (0..frame.height().min(SHOWN)).map(|row| {
                frame
                    .columns()
                    .iter()
                    .map(|column| column.get(row).map_or_else(|e| e.to_string(), |v| plain(&v)))
                    .collect()
            });
            let mut text = terminal::table(&header, &numbers, lines.collect());
            if frame.height() > SHOWN {
                text.push_str(&format!(
                    "\n({} of {} rows; --json or `ventral export` give all)",
                    SHOWN,
                    frame.height()
                ));
            }
            for (measure, definition) in &table.about.definitions {
                text.push_str(&format!("\n{measure}: {definition}"));
            }
            text
        }
        Value::Matrix(matrix) => {
            let view = matrix.view();
            let mut text = format!("Matrix, {} rows × {} columns", view.nrows(), view.ncols());
            if matrix.about.row_shape.len() > 1 {
                text.push_str(&format!(", a row is {:?}", matrix.about.row_shape));
            }
            for exposure in &matrix.about.lineage.fitted {
                text.push_str(&format!("\nfitted by {} on {} stimuli", exposure.by, exposure.len()));
            }
            let shown = 6.min(view.ncols());
            let names: Vec<String> = match &matrix.about.columns {
                Some(names) => names[..shown].to_vec(),
                None => (0..shown).map(|column| column.to_string()).collect(),
            };
            let header: Vec<&str> = std::iter::once("row").chain(names.iter().map(String::as_str)).collect();
            let lines = (0..8.min(view.nrows())).map(|row| {
                let name =
                    matrix.about.stimuli.as_ref().map_or_else(|| row.to_string(), |s| s.get(row).name.to_string());
                std::iter::once(name).chain((0..shown).map(|column| format!("{:.4}", view[[row, column]]))).collect()
            });
            text.push('\n');
            text.push_str(&terminal::table(&header, &header[1..], lines.collect()));
            text
        }
        other => serde_json::to_string_pretty(&as_json(other)).expect("JSON values serialise"),
    }
}

fn plain(value: &AnyValue<'_>) -> String {
    match value {
        AnyValue::Null => "–".to_owned(),
        AnyValue::String(text) => (*text).to_owned(),
        AnyValue::Float64(value) => format!("{value:.4}"),
        AnyValue::Float32(value) => format!("{value:.4}"),
        other => other.to_string(),
    }
}

/// The extensions of files that a type can be written to.
fn formats(ty: Type) -> &'static [&'static str] {
    match ty {
        Type::Table => &["parquet", "csv"],
        Type::Matrix | Type::Responses => &["safetensors", "npy", "csv"],
        Type::Split | Type::Labels => &["safetensors", "csv"],
        Type::Images => &["safetensors", "png"],
        Type::Network | Type::Fit | Type::Gram | Type::Eigen => &["safetensors"],
    }
}

fn write(
    value: &Value,
    extension: &str,
    object: &Path,
    file: &Path,
    sources: impl Fn() -> std::collections::BTreeMap<crate::digest::Digest, PathBuf>,
) -> Result<(), String> {
    let text = |e: std::io::Error| e.to_string();
    match (extension, value) {
        (extension, value) if extension == value.ty().extension() => {
            // Not `fs::copy`: the copy would be read-only, as objects are.
            let mut from = File::open(object).map_err(text)?;
            let mut to = File::create(file).map_err(text)?;
            std::io::copy(&mut from, &mut to).map(drop).map_err(text)
        }
        ("npy", Value::Matrix(matrix)) => ndarray_npy::write_npy(file, &matrix.view()).map_err(|e| e.to_string()),
        ("npy", Value::Responses(responses)) => {
            ndarray_npy::write_npy(file, &responses.mean).map_err(|e| e.to_string())
        }
        ("csv", Value::Table(table)) => {
            let mut out = BufWriter::new(File::create(file).map_err(text)?);
            CsvWriter::new(&mut out).finish(&mut table.frame.clone()).map_err(|e| e.to_string())
        }
        ("csv", Value::Matrix(matrix)) => {
            let names =
                matrix.about.columns.clone().unwrap_or_else(|| (0..matrix.columns()).map(|c| c.to_string()).collect());
            let stimuli = matrix.about.stimuli.as_ref();
            write_csv(
                file,
                &names,
                matrix.rows(),
                |row| stimuli.map_or_else(|| row.to_string(), |s| s.get(row).name.to_string()),
                |row, column| matrix.view()[[row, column]],
            )
        }
        ("csv", Value::Responses(responses)) => write_csv(
            file,
            responses.units(),
            responses.stimuli().len(),
            |row| responses.stimuli().get(row).name.to_string(),
            |row, column| responses.mean[[row, column]],
        ),
        ("csv", Value::Split(split)) => {
            let mut out = csv::Writer::from_path(file).map_err(|e| e.to_string())?;
            let named = |row: usize| split.stimuli.get(row).name.to_string();
            match &split.assignment {
                crate::value::split::Assignment::Parts(parts) => {
                    out.write_record(["id", "part"]).map_err(|e| e.to_string())?;
                    for (row, part) in parts.iter().enumerate() {
                        out.write_record([named(row), part.name().to_owned()]).map_err(|e| e.to_string())?;
                    }
                }
                crate::value::split::Assignment::Folds { fold, .. } => {
                    out.write_record(["id", "fold"]).map_err(|e| e.to_string())?;
                    for (row, fold) in fold.iter().enumerate() {
                        out.write_record([named(row), fold.to_string()]).map_err(|e| e.to_string())?;
                    }
                }
            }
            out.flush().map_err(text)
        }
        ("png", Value::Images(images)) => crate::report::contact_sheet(images, &sources())
            .and_then(|sheet| sheet.save(file).map_err(|e| e.to_string())),
        ("csv", Value::Labels(labels)) => {
            let mut out = csv::Writer::from_path(file).map_err(|e| e.to_string())?;
            let header: &[&str] =
                if labels.category.is_some() { &["id", "object", "category"] } else { &["id", "object"] };
            out.write_record(header).map_err(|e| e.to_string())?;
            for (row, object) in labels.object.iter().enumerate() {
                let category = labels.category.as_ref().map(|all| all[row].as_str());
                let named = &*labels.stimuli.get(row).name;
                out.write_record([Some(named), Some(object.as_str()), category].into_iter().flatten())
                    .map_err(|e| e.to_string())?;
            }
            out.flush().map_err(text)
        }
        (extension, value) => unreachable!("`formats` offers no .{extension} for {}", value.ty()),
    }
}

fn write_csv(
    file: &Path,
    columns: &[String],
    rows: usize,
    name: impl Fn(usize) -> String,
    value: impl Fn(usize, usize) -> f32,
) -> Result<(), String> {
    let mut out = csv::Writer::from_path(file).map_err(|e| e.to_string())?;
    out.write_record(std::iter::once("id").chain(columns.iter().map(String::as_str))).map_err(|e| e.to_string())?;
    for row in 0..rows {
        let values = (0..columns.len()).map(|column| value(row, column).to_string());
        out.write_record(std::iter::once(name(row)).chain(values)).map_err(|e| e.to_string())?;
    }
    out.flush().map_err(|e| e.to_string())
}

//! `ventral show`: look at a result.

use clap::Args;
use polars::frame::DataFrame;
use polars::prelude::AnyValue;
use serde_json::{Map, Value as Json, json};

use crate::cli::glance;
use crate::cli::outcome::Outcome;
use crate::cli::recipe::Recipe;
use crate::cli::record;
use crate::cli::result::{find, read};
use crate::cli::terminal;
use crate::kind::registry::Registry;
use crate::value::Value;

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
    /// Print how it was made instead: versions, machine, time, notes
    #[arg(long)]
    record: bool,
}

impl Show {
    pub fn execute(self, registry: &Registry) -> Outcome {
        let session = self.recipe.open(registry)?;
        if self.record {
            let records = record::behind(&session, &self.node)?;
            match self.json {
                true => terminal::print_json(&record::json(&records)),
                false => terminal::print(&record::text(&records)),
            }
            return Ok(());
        }
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
        Value::Responses(responses) => {
            let about = &responses.about;
            let mut shown = json!({
                "type": "Responses", "stimuli": responses.stimuli().len(), "units": responses.units(),
                "repeats": responses.repeats.as_ref().map(|repeats| repeats.dim().2),
                "regions": about.regions, "true_ceiling": about.true_ceiling,
            });
            if let Some(subjects) = &about.subjects {
                shown["subjects"] = json!(subjects);
            }
            if !about.known.is_empty() {
                shown["known"] = json!(about.known);
            }
            shown
        }
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
        Value::Rdm(rdm) => json!({
            "type": "Rdm", "stimuli": rdm.about.stimuli.iter().map(|s| s.name.to_string()).collect::<Vec<_>>(),
            "of": rdm.about.of, "dissimilarity": rdm.about.dissimilarity,
            "fitted": exposures(&rdm.about.lineage.fitted), "selected": exposures(&rdm.about.lineage.selected),
        }),
        Value::Gram(gram) => json!({ "type": "Gram", "rows": gram.about.rows, "columns": gram.about.columns }),
        Value::Eigen(eigen) => json!({ "type": "Eigen", "rows": eigen.about.rows, "rank": eigen.about.rank }),
        Value::Sums(sums) => json!({ "type": "Sums", "rows": sums.about.rows, "columns": sums.about.columns }),
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
            text.push('\n');
            text.push_str(&glance::head(matrix.about.stimuli.as_ref(), matrix.about.columns.as_deref(), view));
            text
        }
        other => glance::text(other)
            .unwrap_or_else(|| serde_json::to_string_pretty(&as_json(other)).expect("JSON values serialise")),
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

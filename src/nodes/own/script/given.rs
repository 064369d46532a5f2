//! What a program is given: its inputs as files, and a document that lists them.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use ndarray::Axis;
use serde_json::{Map, Value as Json, json};

use crate::kind::{KindError, Run};
use crate::nodes::own::script::{Exchange, Params, Sees};
use crate::value::Value;
use crate::value::labels::Labels;
use crate::value::lineage::Lineage;
use crate::value::matrix::{About, Matrix};
use crate::value::responses::Responses;
use crate::value::split::{Assignment, Part, Round, Split};
use crate::value::stimuli::{Stimuli, Stimulus};

/// Everything that arrives.
pub struct Inputs {
    pub list: Vec<(String, Value)>,
}

impl Inputs {
    /// Reads all of it; of what was made per fold, the fold's own.
    pub fn read(fold: Option<usize>, run: &Run<'_>) -> Result<Self, KindError> {
        let mut list = Vec::new();
        for name in run.inputs.keys() {
            let arrival = run.arrival_of_fold(name, fold.filter(|_| run.arrivals(name).len() > 1))?;
            list.push((name.clone(), Value::read(arrival.ty, &arrival.path)?));
        }
        Ok(Self { list })
    }

    /// Whether there is anything of which a program sees some rows alone.
    pub fn is_seen(&self) -> bool {
        self.list.iter().any(|(_, value)| matches!(value, Value::Responses(_) | Value::Labels(_)))
    }

    /// What is known of their past.
    pub fn lineage(&self) -> Lineage {
        let of = |value: &'_ Value| -> Option<Lineage> {
            match value {
                Value::Matrix(matrix) => Some(matrix.about.lineage.clone()),
                Value::Responses(responses) => Some(responses.about.lineage.clone()),
                Value::Table(table) => Some(table.about.lineage.clone()),
                Value::Rdm(rdm) => Some(rdm.about.lineage.clone()),
                _ => None,
            }
        };
        Lineage::merge(&self.list.iter().filter_map(|(_, value)| of(value)).collect::<Vec<_>>())
    }

    /// The split among them.
    pub fn split(&self) -> Option<&Split> {
        self.list.iter().find_map(|(_, value)| match value {
            Value::Split(split) => Some(split),
            _ => None,
        })
    }

    /// The recordings whose responses a program is given.
    pub fn recordings(&self) -> Vec<String> {
        let of = |value: &Value| match value {
            Value::Responses(responses) => Some(responses.recording()),
            _ => None,
        };
        self.list.iter().filter_map(|(_, value)| of(value)).collect()
    }

    /// Stimuli of rows that are given whole: of features, predictions and dissimilarities.
    pub fn whole(&self) -> Vec<&Stimuli> {
        self.list
            .iter()
            .filter_map(|(_, value)| match value {
                Value::Matrix(matrix) => matrix.about.stimuli.as_ref(),
                Value::Rdm(rdm) => Some(&rdm.about.stimuli),
                _ => None,
            })
            .collect()
    }

    /// Stimuli of responses and labels.
    pub fn partly(&self) -> Vec<&Stimuli> {
        self.list
            .iter()
            .filter_map(|(_, value)| match value {
                Value::Responses(responses) => Some(responses.stimuli()),
                Value::Labels(labels) => Some(&labels.stimuli),
                _ => None,
            })
            .collect()
    }
}

/// The rounds that a program runs for: one, or one a fold or draw where it sees a part of responses under them.
pub fn rounds(params: &Params, run: &Run<'_>) -> Result<Vec<Option<Round>>, KindError> {
    let arrivals = run.inputs.iter().flat_map(|(name, all)| all.iter().map(move |one| (name, one)));
    let mut split = None;
    let mut seen = false;
    for (name, arrival) in arrivals {
        match arrival.ty {
            crate::value::ty::Type::Split if split.is_some() => {
                return Err(KindError::new("two splits arrive; a program sees the rows of one"));
            }
            crate::value::ty::Type::Split => split = Some(run.split(name)?),
            crate::value::ty::Type::Responses | crate::value::ty::Type::Labels => seen = true,
            _ => {}
        }
    }
    if !seen || matches!(params.sees, Sees::All | Sees::None) {
        return Ok(vec![None]);
    }
    let Some(split) = split else {
        return Err(KindError::new(format!(
            "it is given responses or labels of the {} rows, and no split arrives that says which these are; connect one, or say `sees: all`",
            word(params.sees)
        )));
    };
    match (&split.assignment, params.sees) {
        (Assignment::Folds { count, .. }, Sees::Val) => {
            Err(KindError::new(format!("the split has {count} folds and no val rows; say `sees: train`")))
        }
        (Assignment::Parts(_), Sees::Val) => {
            Ok(vec![Some(Round { fold: None, train: split.rows(Part::Val), held_out: Vec::new() })])
        }
        (Assignment::Draws(draws), Sees::Val) => {
            let rows = |parts: &Vec<Part>| (0..parts.len()).filter(|&row| parts[row] == Part::Val).collect();
            let of = |(fold, parts)| Some(Round { fold: Some(fold), train: rows(parts), held_out: Vec::new() });
            Ok(draws.iter().enumerate().map(of).collect())
        }
        _ => Ok(split.rounds().into_iter().map(Some).collect()),
    }
}

pub fn word(sees: Sees) -> &'static str {
    match sees {
        Sees::Train => "train",
        Sees::Val => "val",
        Sees::All => "all",
        Sees::None => "none",
    }
}

/// The stimuli whose responses a round sees; absent where it is all of them.
pub fn seen(split: Option<&Split>, round: Option<&Round>) -> Option<Stimuli> {
    split.zip(round).map(|(split, round)| split.stimuli.select(&round.train))
}

/// The same value with the rows of some stimuli alone.
pub fn of_rows(value: &Value, keep: &dyn Fn(&Stimulus) -> bool) -> Value {
    let rows = |stimuli: &Stimuli| -> Vec<usize> {
        stimuli.iter().enumerate().filter(|(_, stimulus)| keep(stimulus)).map(|(row, _)| row).collect()
    };
    match value {
        Value::Matrix(matrix) => {
            let Some(stimuli) = &matrix.about.stimuli else { return value.clone() };
            let rows = rows(stimuli);
            let about = About { stimuli: Some(stimuli.select(&rows)), ..matrix.about.clone() };
            Value::Matrix(Matrix::new(matrix.view().select(Axis(0), &rows), about))
        }
        Value::Responses(responses) => {
            let rows = rows(responses.stimuli());
            let mut about = responses.about.clone();
            about.stimuli = about.stimuli.select(&rows);
            let repeats = responses.repeats.as_ref().map(|all| all.select(Axis(0), &rows));
            Value::Responses(Responses::new(about, responses.mean.select(Axis(0), &rows), repeats))
        }
        Value::Labels(labels) => {
            let rows = rows(&labels.stimuli);
            let of = |all: &Vec<String>| rows.iter().map(|&row| all[row].clone()).collect();
            Value::Labels(Labels {
                stimuli: labels.stimuli.select(&rows),
                object: of(&labels.object),
                category: labels.category.as_ref().map(of),
            })
        }
        other => other.clone(),
    }
}

/// Writes inputs into a folder, and the document beside them.
pub fn write(
    folder: &Path,
    params: &Params,
    inputs: &[(String, Value)],
    round: Option<&Round>,
    run: &Run<'_>,
) -> Result<(), KindError> {
    let cannot = |e: std::io::Error| KindError::new(format!("the program's folder cannot be written: {e}"));
    for name in ["inputs", "outputs"] {
        std::fs::create_dir_all(folder.join(name)).map_err(cannot)?;
    }
    let mut listed = Map::new();
    for (name, value) in inputs {
        listed.insert(name.clone(), one(folder, name, value, params.exchange).map_err(cannot)?);
    }
    let reads: Map<String, Json> = params
        .reads
        .iter()
        .enumerate()
        .filter_map(|(at, written)| Some((written.clone(), json!(run.files.get(&format!("reads.{at}"))?.0))))
        .collect();
    let outputs: Map<String, Json> = params
        .gives
        .iter()
        .map(|(name, promise)| (name.clone(), json!({ "type": promise.ty(), "file": format!("outputs/{name}") })))
        .collect();
    let document = json!({
        "protocol": 1,
        "params": params.params,
        "seed": params.seed,
        "sees": word(params.sees),
        "fold": round.and_then(|round| round.fold),
        "exchange": params.exchange,
        "inputs": listed,
        "reads": reads,
        "outputs": outputs,
    });
    std::fs::write(folder.join("job.json"), serde_json::to_string_pretty(&document).expect("JSON")).map_err(cannot)
}

/// Writes one input, and says what it is.
fn one(folder: &Path, name: &str, value: &Value, exchange: Exchange) -> std::io::Result<Json> {
    let mut about = Map::new();
    about.insert("type".to_owned(), json!(value.ty().to_string().to_lowercase()));
    let file = |end: &str| format!("inputs/{name}{end}");
    let csv = |end: &str, head: &[&str], rows: &mut dyn Iterator<Item = Vec<String>>| -> std::io::Result<Json> {
        let mut writer = csv::Writer::from_path(folder.join(file(end)))?;
        writer.write_record(head)?;
        for row in rows {
            writer.write_record(row)?;
        }
        writer.flush()?;
        Ok(json!(file(end)))
    };
    if let Some(stimuli) = stimuli(value) {
        let mut rows = stimuli.iter().map(|one| vec![one.name.to_string(), one.source.to_string()]);
        about.insert("rows".to_owned(), csv(".rows.csv", &["stimulus", "source"], &mut rows)?);
    }
    let columns = match value {
        Value::Matrix(matrix) => matrix.about.columns.as_deref(),
        Value::Responses(responses) => Some(responses.units()),
        _ => None,
    };
    if let Some(columns) = columns {
        let of = |all: Option<&Vec<String>>, at: usize| all.map(|all| all[at].clone()).unwrap_or_default();
        let (regions, subjects) = match value {
            Value::Responses(responses) => (responses.about.regions.as_ref(), responses.about.subjects.as_ref()),
            _ => (None, None),
        };
        let mut rows = (0..columns.len()).map(|at| vec![columns[at].clone(), of(regions, at), of(subjects, at)]);
        about.insert("columns".to_owned(), csv(".columns.csv", &["name", "region", "subject"], &mut rows)?);
    }
    let wide = |data: ndarray::ArrayView2<'_, f32>| -> std::io::Result<Json> {
        let head: Vec<String> = match columns {
            Some(columns) => columns.to_vec(),
            None => (0..data.ncols()).map(|at| format!("c{at}")).collect(),
        };
        let head: Vec<&str> = head.iter().map(String::as_str).collect();
        let mut rows = data.rows().into_iter().map(|row| row.iter().map(ToString::to_string).collect());
        csv(".csv", &head, &mut rows)
    };
    let written = match (value, exchange) {
        (Value::Labels(labels), _) => {
            let category = |at: usize| labels.category.as_ref().map(|all| all[at].clone()).unwrap_or_default();
            let row =
                |at: usize| vec![labels.stimuli.get(at).name.to_string(), labels.object[at].clone(), category(at)];
            csv(".csv", &["stimulus", "object", "category"], &mut (0..labels.object.len()).map(row))?
        }
        (Value::Split(split), _) => {
            let part = |at: usize| match &split.assignment {
                Assignment::Parts(parts) => parts[at].name().to_owned(),
                Assignment::Folds { fold, .. } => fold[at].to_string(),
                Assignment::Draws(draws) => draws.iter().map(|draw| draw[at].name()).collect::<Vec<_>>().join(" "),
            };
            let row = |at: usize| vec![split.stimuli.get(at).name.to_string(), part(at)];
            csv(".csv", &["stimulus", "part"], &mut (0..split.stimuli.len()).map(row))?
        }
        (Value::Table(table), Exchange::Csv) => {
            let head: Vec<&str> = table.frame.columns().iter().map(|column| column.name().as_str()).collect();
            let cell = |column: &polars::prelude::Column, at: usize| match column.get(at) {
                Ok(polars::prelude::AnyValue::Null) | Err(_) => String::new(),
                Ok(polars::prelude::AnyValue::String(text)) => text.to_owned(),
                Ok(other) => other.to_string(),
            };
            let mut rows = (0..table.frame.height())
                .map(|at| table.frame.columns().iter().map(|column| cell(column, at)).collect());
            csv(".csv", &head, &mut rows)?
        }
        (Value::Matrix(matrix), Exchange::Csv) => wide(matrix.view())?,
        (Value::Responses(responses), Exchange::Csv) => wide(responses.mean.view())?,
        (Value::Rdm(rdm), Exchange::Csv) => {
            let mut rows = rdm.pairs.rows().into_iter().map(|row| row.iter().map(ToString::to_string).collect());
            let head: Vec<String> = (0..rdm.pairs.ncols()).map(|at| format!("p{at}")).collect();
            csv(".csv", &head.iter().map(String::as_str).collect::<Vec<_>>(), &mut rows)?
        }
        (value, _) => {
            let end = format!(".{}", value.ty().extension());
            let mut sink = BufWriter::new(File::create(folder.join(file(&end)))?);
            value.write(&mut sink)?;
            std::io::Write::flush(&mut sink)?;
            json!(file(&end))
        }
    };
    about.insert("file".to_owned(), written);
    Ok(Json::Object(about))
}

/// The stimuli of a value's rows.
pub fn stimuli(value: &Value) -> Option<&Stimuli> {
    match value {
        Value::Matrix(matrix) => matrix.about.stimuli.as_ref(),
        Value::Responses(responses) => Some(responses.stimuli()),
        Value::Labels(labels) => Some(&labels.stimuli),
        Value::Split(split) => Some(&split.stimuli),
        Value::Rdm(rdm) => Some(&rdm.about.stimuli),
        _ => None,
    }
}

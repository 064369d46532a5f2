//! Numbers for NumPy. An array has no room for names, and rows without theirs cannot be joined: a file beside it names them.

use std::path::Path;

use crate::cli::export::format::{Format, Result, Source};
use crate::value::Value;
use crate::value::ty::Type;

pub const FORMAT: Format = Format {
    extension: "npy",
    types: &[Type::Matrix, Type::Responses],
    note: "Beside FILE.npy, FILE.ids.csv names the stimulus of each row.",
    write,
};

fn write(source: &Source<'_>, file: &Path) -> Result {
    let written = match source.value {
        Value::Matrix(matrix) => ndarray_npy::write_npy(file, &matrix.view()),
        Value::Responses(responses) => ndarray_npy::write_npy(file, &responses.mean),
        _ => source.other(),
    };
    written.map_err(|e| e.to_string())?;
    let Some(stimuli) = source.stimuli() else { return Ok(None) };
    let beside = file.with_extension("ids.csv");
    let ids = || -> csv::Result<()> {
        let mut out = csv::Writer::from_path(&beside)?;
        out.write_record(["id"])?;
        for stimulus in stimuli.iter() {
            out.write_record([&*stimulus.name])?;
        }
        Ok(out.flush()?)
    };
    ids().map_err(|e| format!("{}: {e}", beside.display()))?;
    Ok(Some((beside, "the stimulus of each row")))
}

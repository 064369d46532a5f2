//! Numbers for NumPy. An array has no room for names, and rows without theirs cannot be joined: a file beside it names them.

use std::path::Path;

use ndarray::{Array2, Axis};

use crate::cli::export::format::{Format, Result, Source};
use crate::value::Value;
use crate::value::ty::Type;

pub const FORMAT: Format = Format {
    extension: "npy",
    types: &[Type::Matrix, Type::Responses, Type::Rdm],
    note: "Beside FILE.npy, FILE.ids.csv names the stimulus of each row.",
    write,
};

fn write(source: &Source<'_>, file: &Path) -> Result {
    let written = match source.value {
        Value::Matrix(matrix) => ndarray_npy::write_npy(file, &matrix.view()),
        Value::Responses(responses) => ndarray_npy::write_npy(file, &responses.mean),
        Value::Rdm(rdm) if rdm.about.of.len() == 1 => ndarray_npy::write_npy(file, &rdm.square(0)),
        Value::Rdm(rdm) => {
            let whole: Vec<Array2<f32>> = (0..rdm.about.of.len()).map(|at| rdm.square(at)).collect();
            let views: Vec<_> = whole.iter().map(Array2::view).collect();
            ndarray_npy::write_npy(file, &ndarray::stack(Axis(0), &views).expect("all are n × n"))
        }
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

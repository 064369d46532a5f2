//! `ventral export`: write a result to a file. A format is a file beside this one, and a line in `FORMATS`.

mod csv;
mod format;
mod mat;
mod npy;
mod parquet;
mod png;
mod safetensors;

use std::path::PathBuf;

use clap::Args;

use crate::cli::export::format::{Format, Result as Written, Source};
use crate::cli::outcome::{Failure, Outcome};
use crate::cli::recipe::Recipe;
use crate::cli::result::{find, read};
use crate::cli::terminal;
use crate::kind::registry::Registry;
use crate::value::ty::Type;

/// Every format, in the order of the help.
#[rustfmt::skip]
const FORMATS: &[&Format] = &[
    &npy::FORMAT,
    &csv::FORMAT,
    &parquet::FORMAT,
    &safetensors::FORMAT,
    &png::FORMAT,
    &mat::FORMAT,
];

/// The first line of the command's help.
pub fn about() -> String {
    let (last, others) = FORMATS.split_last().expect("there are formats");
    let others: Vec<String> = others.iter().map(|format| format!(".{}", format.extension)).collect();
    format!("Write a result to a file: {} or .{}", others.join(", "), last.extension)
}

/// All of it.
fn long_about() -> String {
    let notes = FORMATS.iter().map(|format| format.note).filter(|note| !note.is_empty());
    format!("{}\n\n{}", about(), notes.collect::<Vec<_>>().join(" "))
}

#[derive(Args)]
#[command(about = about(), long_about = long_about())]
pub struct Export {
    #[command(flatten)]
    recipe: Recipe,
    /// What to write: readout.predictions@layer=features.9, by_layer.table
    node: String,
    /// The file; its extension is the format
    file: PathBuf,
}

/// The formats that a type can be written to; first the one that it is kept in.
fn formats(ty: Type) -> Vec<&'static Format> {
    let mut able: Vec<&Format> = FORMATS.iter().copied().filter(|format| format.types.contains(&ty)).collect();
    able.sort_by_key(|format| format.extension != ty.extension());
    able
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
        let able = formats(value.ty());
        let Some(format) = able.iter().find(|format| format.extension == extension) else {
            let can: Vec<&str> = able.iter().map(|format| format.extension).collect();
            return Err(Failure::Usage(format!(
                "{}: {} cannot be written as `.{extension}`; .{} can",
                self.file.display(),
                value.ty(),
                can.join(", .")
            )));
        };
        let cannot = |e: String| Failure::Failed(format!("{}: {e}", self.file.display()));
        let object = session.store().objects().get(stored).map_err(|e| cannot(e.to_string()))?;
        let source = Source { value: &value, object: &object, pictures: &|| session.survey().sources };
        let written: Written = (format.write)(&source, &self.file);
        let beside = written.map_err(cannot)?;
        terminal::note(&format!("wrote {}", self.file.display()));
        if let Some((file, what)) = beside {
            terminal::note(&format!("wrote {}: {what}", file.display()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_type_is_written_as_it_is_kept_and_as_people_use_it() {
        let of = |ty| formats(ty).iter().map(|format| format.extension).collect::<Vec<_>>();
        assert_eq!(of(Type::Table), ["parquet", "csv", "mat"]);
        assert_eq!(of(Type::Matrix), ["safetensors", "npy", "csv", "mat"]);
        assert_eq!(of(Type::Responses), ["safetensors", "npy", "csv", "mat"]);
        assert_eq!(of(Type::Split), ["safetensors", "csv", "mat"]);
        assert_eq!(of(Type::Images), ["safetensors", "png"]);
        assert_eq!(of(Type::Fit), ["safetensors"]);
        assert_eq!(about(), "Write a result to a file: .npy, .csv, .parquet, .safetensors, .png or .mat");
    }
}

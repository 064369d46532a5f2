//! An array from any file that holds one, by its extension.

use std::path::Path;

use crate::formats::array::Array;
use crate::formats::{csv, hdf5, name_of, npy, parquet, safetensors};

/// A format of files that hold arrays. A new one is a file of its own and a line in `FORMATS`.
struct Format {
    extensions: &'static [&'static str],
    /// As messages name it.
    shown: &'static str,
    read: Read,
}

/// How a format's files are read.
enum Read {
    /// A file is one array.
    One(fn(&Path) -> Result<Array, String>),
    /// A file holds arrays by name.
    Named(fn(&Path, Option<&str>) -> Result<Array, String>),
}

const FORMATS: [Format; 7] = [
    Format { extensions: &["npy"], shown: ".npy", read: Read::One(npy::read) },
    Format { extensions: &["npz"], shown: ".npz", read: Read::Named(npy::read_npz) },
    Format { extensions: &["csv"], shown: ".csv", read: Read::One(csv::read_array) },
    Format { extensions: &["parquet"], shown: ".parquet", read: Read::One(parquet::read_array) },
    Format { extensions: &["safetensors"], shown: ".safetensors", read: Read::Named(safetensors::read) },
    Format { extensions: &["h5", "hdf5"], shown: ".h5", read: Read::Named(hdf5::read_array) },
    Format { extensions: &["mat"], shown: ".mat (v7.3)", read: Read::Named(hdf5::read_matlab) },
];

/// Reads an array; `key` names one where the file may hold several (.npz, .h5, .mat, .safetensors).
pub fn read(path: &Path, key: Option<&str>) -> Result<Array, String> {
    let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase()).unwrap_or_default();
    let Some(format) = FORMATS.iter().find(|format| format.extensions.contains(&extension.as_str())) else {
        return Err(format!("{} is of no format that holds an array; there are {}", name_of(path), shown()));
    };
    match (&format.read, key) {
        (Read::Named(read), key) => read(path, key),
        (Read::One(read), None) => read(path),
        (Read::One(_), Some(key)) => {
            Err(format!("{} holds one array and no names, so `key: {key}` means nothing", name_of(path)))
        }
    }
}

/// The formats as messages list them.
fn shown() -> String {
    let (last, others) = FORMATS.split_last().expect("there are formats");
    let others: Vec<&str> = others.iter().map(|format| format.shown).collect();
    format!("{} and {}", others.join(", "), last.shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_files_are_told_what_there_is() {
        assert_eq!(
            read(Path::new("x.xlsx"), None),
            Err("x.xlsx is of no format that holds an array; there are .npy, .npz, .csv, .parquet, .safetensors, .h5 and .mat \
                 (v7.3)"
                .to_owned())
        );
    }
}

//! An array from any file that holds one, by its content.

use std::path::Path;

use crate::formats::array::Array;
use crate::formats::content::{self, Content};
use crate::formats::dialect::Dialect;
use crate::formats::{csv, datasets, matlab, name_of, npy, parquet, per_row, safetensors};

/// What a recipe says about a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options<'a> {
    /// Which array, where the file may hold several (.npz, .h5, .nc, .mat, .safetensors).
    pub key: Option<&'a str>,
    /// Which column of a table names its rows; `none`: none does.
    pub id_column: Option<&'a str>,
    /// What stands between the cells of a text.
    pub separator: Option<char>,
    /// What stands before the fraction of a text's numbers: `.` or `,`.
    pub decimal: Option<char>,
}

/// The formats as messages list them. A new one is a reader of its own, a line in `content.rs` and one in `read`.
const SHOWN: &str = ".npy, .npz, .csv, .tsv, .parquet, .safetensors, .h5, .nc (NetCDF-4) and .mat";

/// Reads an array of a file, or of a folder with a file per row.
pub fn read(path: &Path, options: &Options<'_>) -> Result<Array, String> {
    let file = name_of(path);
    if path.is_dir() {
        return per_row::folder(path, options.key, options.id_column);
    }
    let Some(content) = content::of(path)? else {
        return Err(format!("{file} is of no format that holds an array; there are {SHOWN}"));
    };
    let dialect = dialect(content, options, &file)?;
    match content {
        Content::Npy => npy::read(path, options.id_column),
        Content::Npz if options.key == Some(per_row::EVERY) => per_row::archive(path),
        Content::Npz => npy::read_npz(path, options.key, options.id_column),
        Content::Parquet => parquet::read_array(path, options.id_column),
        Content::Safetensors => safetensors::read(path, options.key),
        Content::Hdf5 => datasets::read_array(path, options.key),
        Content::Matlab4 | Content::Matlab5 => matlab::read(path, options.key),
        Content::Text => csv::read_array(path, &dialect, options.id_column),
    }
}

/// How a text is read; refuses what a recipe says that means nothing for such a file.
pub(super) fn dialect(content: Content, options: &Options<'_>, file: &str) -> Result<Dialect, String> {
    let named =
        matches!(content, Content::Npz | Content::Safetensors | Content::Hdf5 | Content::Matlab4 | Content::Matlab5);
    if let (false, Some(key)) = (named, options.key) {
        return Err(format!("{file} holds one array and no names, so `key: {key}` means nothing; leave `key` out"));
    }
    let dialect = Dialect { separator: options.separator, decimal: options.decimal };
    if content != Content::Text && dialect != Dialect::default() {
        return Err(format!("{file} is no text, so `separator` and `decimal` mean nothing"));
    }
    let table = matches!(content, Content::Text | Content::Parquet | Content::Npy | Content::Npz);
    if let (false, Some(column)) = (table, options.id_column.filter(|&column| column != "none")) {
        return Err(format!("{file} is no table with headings, so `id_column: {column}` means nothing"));
    }
    Ok(dialect)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_files_are_told_what_there_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.png");
        std::fs::write(&path, b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR").unwrap();
        assert_eq!(
            read(&path, &Options::default()),
            Err(
                "x.png is of no format that holds an array; there are .npy, .npz, .csv, .tsv, .parquet, .safetensors, \
                 .h5, .nc (NetCDF-4) and .mat"
                    .to_owned()
            )
        );
    }

    #[test]
    fn the_same_bytes_mean_the_same_under_every_name() {
        let folder = tempfile::tempdir().unwrap();
        let bytes = std::fs::read(crate::formats::fixtures::fixture("v73.mat")).unwrap();
        for name in ["x.mat", "x.h5", "x.nc", "x", "x.csv"] {
            let path = folder.path().join(name);
            std::fs::write(&path, &bytes).unwrap();
            let array = read(&path, &Options { key: Some("responses"), ..Default::default() }).unwrap();
            assert_eq!(array.shape, [2, 3], "{name}");
        }
    }
}

//! Other programs' files: arrays, tables, HDF5, networks' tensors, and pictures in folders and archives. Nothing here
//! knows a node.

pub mod array;
pub mod checkpoint;
pub mod csv;
pub mod element;
pub mod hdf5;
pub mod listing;
pub mod npy;
pub mod parquet;

use std::path::Path;

/// What a file is called in messages: its own name, which stands in the recipe too.
pub(crate) fn name_of(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}

/// A committed file of `tests/fixtures`, from whichever of the two packages the tests run.
#[cfg(test)]
pub(crate) fn fixture(name: &str) -> std::path::PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let fixtures = |root: &Path| root.join("tests/fixtures");
    let here = package.ancestors().map(fixtures).find(|folder| folder.is_dir());
    here.expect("the repository has tests/fixtures").join(name)
}

//! Other programs' files: arrays, tables, HDF5, networks' tensors, and pictures in folders and archives. Nothing here
//! knows a node.

pub mod array;
pub mod checkpoint;
pub mod column;
pub mod columns;
pub mod content;
pub mod csv;
pub mod cut;
pub mod datasets;
pub mod dialect;
pub mod element;
pub mod glimpse;
pub mod hdf5;
pub mod ids;
pub mod listing;
pub mod matlab;
pub mod names;
pub mod netcdf;
pub mod npy;
pub mod open;
pub mod parquet;
mod per_row;
pub mod safetensors;
pub mod stack;
pub mod text;

use std::path::Path;

/// What a file is called in messages: its own name, which stands in the recipe too.
pub fn name_of(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}

/// Committed files, for tests.
#[cfg(test)]
#[path = "../../tests/fixtures/mod.rs"]
pub(crate) mod fixtures;

#[cfg(test)]
pub(crate) mod testing;

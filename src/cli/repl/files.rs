//! What is wrong with a file of a session's, in words.

use std::io;
use std::path::Path;

use crate::engine::store::StoreError;

/// Of a file that is read.
pub fn problem(path: &Path, error: &io::Error) -> String {
    format!("{}: {error}", path.display())
}

/// Of one that is written.
pub fn unwritten(StoreError { path, error }: StoreError) -> String {
    problem(&path, &error)
}

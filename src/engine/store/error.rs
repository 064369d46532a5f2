//! A failure to use the cache: where, and what the system says.

use std::io;
use std::path::{Path, PathBuf};

/// A failure to use the cache: where, and what the system says.
#[derive(Debug)]
pub struct StoreError {
    pub path: PathBuf,
    pub error: io::Error,
}

impl std::fmt::Display for StoreError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the cache cannot be used: {}: {}", self.path.display(), self.error)
    }
}

impl std::error::Error for StoreError {}

/// What came of using a path, with the path where it failed.
pub(super) fn at<T>(path: &Path, result: io::Result<T>) -> Result<T, StoreError> {
    result.map_err(|error| StoreError { path: path.to_owned(), error })
}

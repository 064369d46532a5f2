//! What is wrong with a stored value that does not read.

use std::fmt;
use std::path::Path;

/// A stored value that does not read: which file, and what is wrong with it.
#[derive(Clone, Debug)]
pub struct ReadError {
    pub path: std::path::PathBuf,
    pub problem: String,
}

impl ReadError {
    /// A file and what is wrong with it.
    pub fn new(path: &Path, problem: impl fmt::Display) -> Self {
        Self { path: path.to_owned(), problem: problem.to_string() }
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.problem)
    }
}

impl std::error::Error for ReadError {}

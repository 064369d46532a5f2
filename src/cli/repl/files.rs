//! Files of a session, written only where they change.

use std::fs;
use std::io;
use std::path::Path;

/// Writes a file unless it holds this already: cargo compiles again what is newer.
pub fn write(path: &Path, text: &str) -> Result<(), String> {
    if fs::read_to_string(path).is_ok_and(|there| there == text) {
        return Ok(());
    }
    let folder = path.parent().expect("a file of ours lies in a folder");
    fs::create_dir_all(folder).and_then(|()| fs::write(path, text)).map_err(|error| problem(path, &error))
}

/// What went wrong with a file.
pub fn problem(path: &Path, error: &io::Error) -> String {
    format!("{}: {error}", path.display())
}

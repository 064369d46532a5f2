//! Who computes what: an action's lock, and the runs that have the cache open.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::engine::store::error::{StoreError, at};
use crate::engine::store::opened::Store;

/// Held by the one process that computes an action; freed by the system if that process is killed.
#[derive(Debug)]
pub struct ActionLock {
    path: PathBuf,
    _file: File,
}

impl Drop for ActionLock {
    fn drop(&mut self) {
        // Deleting under the lock keeps `locks/` empty; a process that opened the file meanwhile locks a file
        // without a name, and computes what was just computed only if it does not look the record up again.
        let _ = fs::remove_file(&self.path);
    }
}

/// A run under way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Running {
    pub recipe: String,
    /// RFC 3339, UTC.
    pub since: String,
    pub process: u32,
}

impl Store {
    /// Tries to become the one that computes an action; `None` where another process does.
    ///
    /// A lock saves work and decides nothing: objects are named by content, and the first record stands.
    pub fn try_lock(&self, key: Digest) -> Result<Option<ActionLock>, StoreError> {
        let path = self.root().join("locks").join(key.to_string());
        let file = at(&path, OpenOptions::new().write(true).create(true).truncate(false).open(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(ActionLock { path, _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(StoreError { path, error }),
        }
    }

    /// Whether another run has this cache open; an opened store has swept the folders of those that are gone.
    pub fn is_shared(&self) -> bool {
        let all = fs::read_dir(self.root().join("scratch")).into_iter().flatten().flatten();
        let lives = |entry: &fs::DirEntry| !entry.file_name().as_encoded_bytes().starts_with(b".");
        all.filter(lives).any(|entry| entry.path() != self.scratch())
    }

    /// Says of this run which recipe it is of, for whoever asks what runs.
    pub fn announce(&self, recipe: &str) -> Result<(), StoreError> {
        let since = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let running = Running { recipe: recipe.to_owned(), since, process: std::process::id() };
        self.folder.write_json(&self.scratch().join("running.json"), &running)
    }

    /// The runs under way in this cache, in the order in which they began.
    pub fn running(&self) -> Vec<Running> {
        let entries = fs::read_dir(self.root().join("scratch")).into_iter().flatten().flatten();
        // Whoever lives holds the lock.
        let lives = |folder: &Path| File::open(folder.join("lock")).is_ok_and(|lock| lock.try_lock().is_err());
        let mut running: Vec<Running> = entries
            .map(|entry| entry.path())
            .filter(|folder| lives(folder))
            .filter_map(|folder| serde_json::from_slice(&fs::read(folder.join("running.json")).ok()?).ok())
            .collect();
        running.sort_by(|a: &Running, b: &Running| (&a.since, a.process).cmp(&(&b.since, b.process)));
        running
    }
}

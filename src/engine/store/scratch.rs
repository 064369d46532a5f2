//! The door to `cache/repl`, where sessions are built: no results lie there, and yet it lies in the cache.

use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::engine::store::error::{StoreError, at};

/// A folder of the cache in which others build; every path they write lies in it.
#[derive(Clone, Debug)]
pub struct SessionFolder {
    root: PathBuf,
}

impl SessionFolder {
    /// `repl` of a cache folder.
    pub fn of(cache: &Path) -> Self {
        Self { root: cache.join("repl") }
    }

    /// Where it lies.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Creates a folder in it, and those above.
    pub fn create(&self, folder: &Path) -> Result<(), StoreError> {
        at(folder, fs::create_dir_all(self.own(folder)))
    }

    /// Empties a folder in it, or creates it.
    pub fn empty(&self, folder: &Path) -> Result<(), StoreError> {
        if self.own(folder).is_dir() {
            at(folder, fs::remove_dir_all(folder))?;
        }
        self.create(folder)
    }

    /// Holds a file in it for as long as what is returned lives; `None` where somebody else does.
    pub fn lock(&self, path: &Path) -> Result<Option<File>, StoreError> {
        let file = at(path, File::create(self.own(path)))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => at(path, Err(error)),
        }
    }

    /// Writes a file unless it holds this already: cargo compiles again what is newer.
    pub fn write(&self, path: &Path, text: &str) -> Result<(), StoreError> {
        if fs::read_to_string(path).is_ok_and(|there| there == text) {
            return Ok(());
        }
        self.create(path.parent().expect("a file of ours lies in a folder"))?;
        at(path, fs::write(self.own(path), text))
    }

    /// A link that leads elsewhere, unless it does already.
    pub fn link(&self, from: &Path, to: &Path) -> Result<(), StoreError> {
        if fs::read_link(to).is_ok_and(|there| there == from) {
            return Ok(());
        }
        self.create(to.parent().expect("a link of ours lies in a folder"))?;
        let make = || -> io::Result<()> {
            match fs::symlink_metadata(to) {
                Ok(found) if found.is_dir() => fs::remove_dir(self.own(to))?,
                Ok(_) => fs::remove_file(self.own(to))?,
                Err(_) => {}
            }
            symlink(from, to)
        };
        // A session that starts beside this one makes the same link.
        at(to, make().or_else(|error| if error.kind() == ErrorKind::AlreadyExists { Ok(()) } else { Err(error) }))
    }

    /// The same file under another name. What is there already stays, and what is gone meanwhile is not wanted.
    pub fn share(&self, from: &Path, to: &Path) -> Result<(), StoreError> {
        match fs::hard_link(from, self.own(to)) {
            Err(error) if !matches!(error.kind(), ErrorKind::AlreadyExists | ErrorKind::NotFound) => {
                at(from, Err(error))
            }
            _ => Ok(()),
        }
    }

    fn own<'a>(&self, path: &'a Path) -> &'a Path {
        assert!(path.starts_with(&self.root), "{} is not in {}", path.display(), self.root.display());
        path
    }
}

//! The cache folder itself: who has it open, and how files come to lie in it whole.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::engine::store::error::{StoreError, at};

/// A cache folder, as one process has it open.
#[derive(Debug)]
pub struct Folder {
    root: PathBuf,
    /// This run's folder under `scratch/`; a worker is told its command's.
    scratch: PathBuf,
    /// Held for the life of the run that owns the scratch folder.
    owner: Option<File>,
    /// Whether it is open to write.
    writes: bool,
    serial: AtomicU64,
}

impl Folder {
    /// For reading; nothing is created.
    pub(super) fn read_only(root: &Path) -> Self {
        let serial = AtomicU64::new(u64::from(std::process::id()) << 32);
        Self { root: root.to_owned(), scratch: root.join("scratch"), owner: None, writes: false, serial }
    }

    /// For a run: creates what is missing, and sweeps what killed runs left on their way.
    pub(super) fn open(root: &Path) -> Result<Self, StoreError> {
        for folder in ["objects", "actions", "locks", "scratch"] {
            let path = root.join(folder);
            at(&path, fs::create_dir_all(&path))?;
        }
        let all = root.join("scratch");
        for entry in at(&all, fs::read_dir(&all))?.flatten() {
            // Whoever lives holds the lock; a folder whose lock is free has lost its run. A hidden one is being made.
            let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
            if !hidden && File::open(entry.path().join("lock")).map_or(true, |file| file.try_lock().is_ok()) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        let name = format!("{}-{now:x}", std::process::id());
        let making = all.join(format!(".{name}"));
        at(&making, fs::create_dir(&making))?;
        let lock = making.join("lock");
        let owner = at(&lock, File::create(&lock))?;
        at(&lock, owner.lock())?;
        let scratch = all.join(name);
        at(&scratch, fs::rename(&making, &scratch))?;
        Ok(Self { root: root.to_owned(), scratch, owner: Some(owner), writes: true, serial: AtomicU64::new(0) })
    }

    /// As a worker of a run uses it: results go through that run's scratch folder.
    pub(super) fn of_run(root: &Path, scratch: &Path) -> Self {
        let serial = AtomicU64::new(u64::from(std::process::id()) << 32);
        Self { root: root.to_owned(), scratch: scratch.to_owned(), owner: None, writes: true, serial }
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn scratch(&self) -> &Path {
        &self.scratch
    }

    /// Whether it is open to write: looks at a folder that is only read change none of its records.
    pub(super) fn writes(&self) -> bool {
        self.writes
    }

    /// A path in the scratch folder that nothing else of this run has.
    pub(super) fn temporary(&self, prefix: &str) -> PathBuf {
        self.scratch.join(format!("{prefix}{}", self.serial.fetch_add(1, Ordering::Relaxed)))
    }

    /// Where an object lies, by its name.
    pub(super) fn object(&self, name: &str) -> PathBuf {
        self.root.join(relative_object(name))
    }

    /// Moves a file or object aside that is not what its name says; gives where it lies then.
    pub(super) fn set_aside(&self, path: &Path) -> Result<PathBuf, StoreError> {
        let folder = self.root.join("damaged");
        at(&folder, fs::create_dir_all(&folder))?;
        let aside = folder.join(path.file_name().expect("what is set aside has a name"));
        at(path, fs::rename(path, &aside))?;
        Ok(aside)
    }

    /// Reads one of the store's JSON files; absent or unreadable is the default.
    pub(super) fn read_json<T: DeserializeOwned + Default>(&self, path: &Path) -> T {
        fs::read(path).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default()
    }

    /// Writes a JSON file whole, over the one before.
    pub(super) fn write_json<T: Serialize>(&self, path: &Path, value: &T) -> Result<(), StoreError> {
        let text = serde_json::to_vec(value).map_err(|e| StoreError { path: path.to_owned(), error: e.into() })?;
        self.write(path, &text)
    }

    /// Writes a file whole, over the one before.
    pub(super) fn write(&self, path: &Path, text: &[u8]) -> Result<(), StoreError> {
        let scratch = self.temporary("j");
        at(&scratch, fs::write(&scratch, text))?;
        if fs::rename(&scratch, path).is_err() {
            let folder = path.parent().expect("the store's files lie in folders");
            at(folder, fs::create_dir_all(folder))?;
            at(path, fs::rename(&scratch, path))?;
        }
        Ok(())
    }

    /// Writes a file whole unless there is one; tells whether it did.
    pub(super) fn write_new(&self, path: &Path, text: &[u8]) -> Result<bool, StoreError> {
        let scratch = self.temporary("j");
        at(&scratch, fs::write(&scratch, text))?;
        let folder = path.parent().expect("the store's files lie in folders");
        at(folder, fs::create_dir_all(folder))?;
        // A link is never made over a file; of two that try at once, one does.
        let linked = fs::hard_link(&scratch, path);
        match linked {
            Ok(()) => {
                let _ = fs::remove_file(&scratch);
                Ok(true)
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                let _ = fs::remove_file(&scratch);
                Ok(false)
            }
            // A file system without links.
            Err(_) if !path.exists() => at(path, fs::rename(&scratch, path)).map(|()| true),
            Err(_) => Ok(false),
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.owner.is_some() {
            let _ = fs::remove_dir_all(&self.scratch);
        }
    }
}

/// Where an object lies in a cache folder, by its name.
pub(super) fn relative_object(name: &str) -> PathBuf {
    Path::new("objects").join(&name[..2]).join(name)
}

//! Objects in the local folder: a read-only file for each, named by its digest and the extension of its type.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::digest::Digest;
use crate::engine::record::Stored;
use crate::engine::store::error::{StoreError, at};
use crate::engine::store::folder::Folder;
use crate::engine::store::objects::{Incoming, Kept, Objects, Output};
use crate::engine::store::stat::Stat;
use crate::engine::store::stats::Stats;
use crate::engine::store::writer::ObjectWriter;

/// `objects/ab/DIGEST.EXTENSION` of a cache folder, and what was begun in `partial/` and `checkpoints/`.
pub(super) struct ObjectFolder {
    folder: Arc<Folder>,
    stats: Arc<Stats>,
}

impl ObjectFolder {
    /// The objects of a folder, and those that this host has seen whole.
    pub(super) fn new(folder: Arc<Folder>, stats: Arc<Stats>) -> Self {
        Self { folder, stats }
    }

    fn path(&self, stored: &Stored) -> PathBuf {
        self.folder.object(&stored.object())
    }

    /// What computations that were not finished may go on with: path and bytes.
    pub(super) fn begun(folder: &Folder) -> Vec<(PathBuf, u64)> {
        let folders = ["partial", "checkpoints"].map(|name| fs::read_dir(folder.root().join(name)));
        let files = folders.into_iter().flatten().flatten().flatten();
        files.filter_map(|file| Some((file.path(), file.metadata().ok()?.len()))).collect()
    }
}

impl Objects for ObjectFolder {
    fn create(&self, output: Output<'_>) -> io::Result<Box<dyn Incoming>> {
        let path = self.folder.temporary("");
        Ok(Box::new(ObjectWriter::create(path, &self.folder, &self.stats, output)?))
    }

    fn resume(&self, name: Digest, output: Output<'_>) -> io::Result<(Box<dyn Incoming>, u64)> {
        let begun = self.folder.root().join("partial");
        fs::create_dir_all(&begun)?;
        let path = begun.join(name.to_string());
        let (writer, done) = ObjectWriter::resume(path, &self.folder, &self.stats, output)?;
        Ok((Box::new(writer), done))
    }

    fn get(&self, stored: &Stored) -> io::Result<PathBuf> {
        Ok(self.path(stored))
    }

    fn has(&self, stored: &Stored) -> bool {
        self.path(stored).exists()
    }

    /// Trusted where this host has seen it whole with the stat that it has, hashed again where not.
    fn holds(&self, stored: &Stored) -> bool {
        let path = self.path(stored);
        let Ok(metadata) = fs::metadata(&path) else { return false };
        let (name, stat) = (stored.object(), Stat::from(&metadata));
        if metadata.len() == stored.bytes {
            if self.stats.knows(&name, stat) {
                return true;
            }
            match Digest::of_file(&path) {
                Ok(digest) if digest == stored.digest => {
                    self.stats.note(&name, stat);
                    return true;
                }
                Ok(_) => {}
                Err(_) => return false,
            }
        }
        let _ = self.folder.set_aside(&path);
        false
    }

    fn remove(&self, stored: &Stored) -> io::Result<()> {
        match fs::remove_file(self.path(stored)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn list(&self) -> Vec<Kept> {
        let folders = fs::read_dir(self.folder.root().join("objects")).into_iter().flatten().flatten();
        let files = folders.flat_map(|folder| fs::read_dir(folder.path()).into_iter().flatten().flatten());
        files
            .filter_map(|file| {
                let metadata = file.metadata().ok()?;
                let name = file.file_name().into_string().ok()?;
                Some(Kept { name, bytes: metadata.len(), written: metadata.modified().ok()? })
            })
            .collect()
    }

    fn verify(&self) -> Result<(usize, Vec<PathBuf>), StoreError> {
        let mut damaged = Vec::new();
        let mut names: Vec<String> = self.list().into_iter().map(|kept| kept.name).collect();
        names.sort();
        for name in &names {
            let path = self.folder.object(name);
            let digest = at(&path, Digest::of_file(&path))?;
            if Path::new(name).file_stem().and_then(|stem| stem.to_str()) != Some(&digest.to_string()) {
                damaged.push(self.folder.set_aside(&path)?);
            }
        }
        Ok((names.len(), damaged))
    }

    fn sweep(&self, keep: &dyn Fn(&Kept) -> bool) -> Result<u64, StoreError> {
        let mut freed = 0;
        let (kept, gone): (Vec<Kept>, Vec<Kept>) = self.list().into_iter().partition(keep);
        let gone = gone.into_iter().map(|kept| (self.folder.object(&kept.name), kept.bytes));
        for (path, bytes) in gone.chain(Self::begun(&self.folder)) {
            at(&path, fs::remove_file(&path))?;
            freed += bytes;
        }
        let names: std::collections::HashSet<String> = kept.into_iter().map(|kept| kept.name).collect();
        self.stats.keep_only(|name| names.contains(name));
        Ok(freed)
    }
}

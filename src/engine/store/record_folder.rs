//! Records in the local folder: a file for each, named by its key, written whole.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::Arc;

use crate::digest::Digest;
use crate::engine::record::Record;
use crate::engine::store::error::{StoreError, at};
use crate::engine::store::folder::Folder;
use crate::engine::store::format;
use crate::engine::store::format::Read;
use crate::engine::store::history::History;
use crate::engine::store::records::{RecordProblem, Records};
use crate::engine::store::stat::Stat;
use crate::engine::store::stats::Stats;

/// `actions/ab/KEY.json` and `recipes/RECIPE.json` of a cache folder.
pub(super) struct RecordFolder {
    folder: Arc<Folder>,
    stats: Arc<Stats>,
}

impl RecordFolder {
    /// The records of a folder, and where what those of before say of this host goes.
    pub(super) fn new(folder: Arc<Folder>, stats: Arc<Stats>) -> Self {
        Self { folder, stats }
    }

    fn path(&self, key: Digest) -> PathBuf {
        let text = key.to_string();
        self.folder.root().join("actions").join(&text[..2]).join(format!("{text}.json"))
    }

    fn recipe(&self, name: &str) -> PathBuf {
        self.folder.root().join("recipes").join(format!("{name}.json"))
    }

    /// The files of all records, with the keys that they are named by.
    fn files(&self) -> impl Iterator<Item = (PathBuf, Digest)> {
        let folders = fs::read_dir(self.folder.root().join("actions")).into_iter().flatten().flatten();
        let files = folders.flat_map(|folder| fs::read_dir(folder.path()).into_iter().flatten().flatten());
        files.filter_map(|file| Some((file.path(), file.path().file_stem()?.to_str()?.parse().ok()?)))
    }

    /// Takes over a record of before: its stats are this host's, where they stand, and its text gets its checksum.
    fn take_over(&self, record: &Record, stats: Vec<Option<Stat>>) {
        for (stored, stat) in record.outputs.iter().zip(stats) {
            let name = stored.object();
            if let (Some(stat), Ok(metadata)) = (stat, fs::metadata(self.folder.object(&name)))
                && stat == Stat::from(&metadata)
            {
                self.stats.note(&name, stat);
            }
        }
        if self.folder.writes() {
            // What cannot be rewritten is read as it is another time.
            let _ = self.folder.write(&self.path(record.key), &format::text(record));
        }
    }
}

impl Records for RecordFolder {
    fn find(&self, key: Digest) -> Result<Option<Record>, RecordProblem> {
        let wrong = |problem: String| RecordProblem { key, problem };
        let text = match fs::read(self.path(key)) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(wrong(error.to_string())),
        };
        let record = match format::read(&text).map_err(wrong)? {
            Read::Now(record) if record.key == key => record,
            Read::Before(record, stats) if record.key == key => {
                self.take_over(&record, stats);
                record
            }
            Read::Now(_) | Read::Before(..) => return Err(wrong("it is the record of another key".to_owned())),
        };
        Ok(Some(record))
    }

    fn publish(&self, record: Record, over: Option<&Record>) -> Result<Record, StoreError> {
        let (path, text) = (self.path(record.key), format::text(&record));
        loop {
            match self.find(record.key) {
                // What cannot be believed stands in nobody's way.
                Err(_) => self.folder.write(&path, &text)?,
                Ok(Some(stands)) if over == Some(&stands) => self.folder.write(&path, &text)?,
                Ok(Some(stands)) => return Ok(stands),
                Ok(None) if self.folder.write_new(&path, &text)? => {}
                // Somebody was first by a moment.
                Ok(None) => continue,
            }
            return Ok(record);
        }
    }

    fn all(&self) -> Vec<Record> {
        self.files().filter_map(|(_, key)| self.find(key).ok().flatten()).collect()
    }

    fn forget(&self, key: Digest) -> Result<(), StoreError> {
        let path = self.path(key);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => at(&path, Err(error)),
            _ => Ok(()),
        }
    }

    fn verify(&self) -> Result<Vec<PathBuf>, StoreError> {
        let damaged = self.files().filter(|(_, key)| self.find(*key).is_err());
        damaged.map(|(path, _)| self.folder.set_aside(&path)).collect()
    }

    fn history(&self, recipe: &str) -> History {
        self.folder.read_json(&self.recipe(recipe))
    }

    fn histories(&self) -> BTreeMap<String, History> {
        let entries = fs::read_dir(self.folder.root().join("recipes")).into_iter().flatten().flatten();
        entries
            .filter_map(|entry| {
                Some((entry.path().file_stem()?.to_str()?.to_owned(), self.folder.read_json(&entry.path())))
            })
            .collect()
    }

    fn write_history(&self, recipe: &str, history: &History) -> Result<(), StoreError> {
        self.folder.write_json(&self.recipe(recipe), history)
    }
}

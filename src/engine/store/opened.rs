//! A store that is open: where its objects and records are, and the folder of the run that has it open.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::json;

use crate::digest::Digest;
use crate::engine::record::{Record, Stored};
use crate::engine::store::error::StoreError;
use crate::engine::store::folder::Folder;
use crate::engine::store::history::History;
use crate::engine::store::object_folder::ObjectFolder;
use crate::engine::store::objects::Objects;
use crate::engine::store::record_folder::RecordFolder;
use crate::engine::store::records::Records;
use crate::engine::store::stats::Stats;
use crate::kind::Ingredients;
use crate::value::Value;
use crate::value::error::ReadError;

/// A store that is open for reading, for a run, or for a worker of one.
///
/// This is where it is decided which `Objects` and `Records` there are. What a run has beside them (locks, links, what was
/// tuned) is of this machine, and lies in the folder whatever they are.
pub struct Store {
    pub(super) folder: Arc<Folder>,
    objects: Box<dyn Objects>,
    records: Box<dyn Records>,
}

impl Store {
    /// Where a workspace's cache lies.
    pub fn place(workspace: &Path) -> PathBuf {
        workspace.join("cache")
    }

    /// Opens a workspace's cache for reading; nothing is created.
    pub fn of_workspace(workspace: &Path) -> Self {
        Self::read_only(&Self::place(workspace))
    }

    /// Opens a cache folder for reading; nothing is created.
    pub fn read_only(root: &Path) -> Self {
        Self::of(Folder::read_only(root))
    }

    /// Opens a cache folder for a run: creates what is missing, and sweeps what killed runs left on their way.
    pub fn open(root: &Path) -> Result<Self, StoreError> {
        Folder::open(root).map(Self::of)
    }

    /// The store as a worker of a run uses it: results go through that run's scratch folder.
    pub fn of_run(root: &Path, scratch: &Path) -> Self {
        Self::of(Folder::of_run(root, scratch))
    }

    fn of(folder: Folder) -> Self {
        let (stats, folder) = (Arc::new(Stats::of(folder.root())), Arc::new(folder));
        let objects = Box::new(ObjectFolder::new(Arc::clone(&folder), Arc::clone(&stats)));
        let records = Box::new(RecordFolder::new(Arc::clone(&folder), stats));
        Self { folder, objects, records }
    }

    /// The cache folder.
    pub fn root(&self) -> &Path {
        self.folder.root()
    }

    /// This run's folder for results on their way.
    pub fn scratch(&self) -> &Path {
        self.folder.scratch()
    }

    /// The values.
    pub fn objects(&self) -> &dyn Objects {
        &*self.objects
    }

    /// The records.
    pub fn records(&self) -> &dyn Records {
        &*self.records
    }

    /// Reads a stored value.
    pub fn value(&self, stored: &Stored) -> Result<Value, ReadError> {
        self.objects.value(stored)
    }

    /// The record of an action, if it ended well before. One that cannot be believed is none.
    pub fn record(&self, key: Digest) -> Option<Record> {
        self.records.find(key).ok().flatten()
    }

    /// What a recipe's nodes last were.
    pub fn history(&self, recipe: &str) -> History {
        self.records.history(recipe)
    }

    /// The object of a product that was kept, if it still is what it was.
    pub fn product(&self, ingredients: &Ingredients) -> Option<Stored> {
        let stored = self.record(Digest::of_json(&json!(ingredients)))?.outputs.pop()?;
        self.objects.holds(&stored).then_some(stored)
    }
}

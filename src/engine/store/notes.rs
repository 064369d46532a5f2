//! What else is kept of this machine: what was measured on it, digests of its files, states of long computations.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::digest::Digest;
use crate::engine::store::error::{StoreError, at};
use crate::engine::store::opened::Store;
use crate::engine::store::stat::Stat;

impl Store {
    /// Numbers that were measured on this machine and are then fixed, such as images per batch.
    pub fn tuned(&self) -> BTreeMap<String, usize> {
        self.folder.read_json(&self.root().join("tuned.json"))
    }

    /// Fixes what was measured; the caller holds the lock under which nobody else does.
    pub fn write_tuned(&self, tuned: &BTreeMap<String, usize>) -> Result<(), StoreError> {
        self.folder.write_json(&self.root().join("tuned.json"), tuned)
    }

    /// The state that a long computation of some name kept, if it is whole.
    pub fn checkpoint(&self, name: Digest) -> Option<Vec<u8>> {
        let mut bytes = fs::read(self.root().join("checkpoints").join(name.to_string())).ok()?;
        let known = Digest::of(b"").to_string().len();
        let state = bytes.split_off(known.min(bytes.len()));
        (Digest::of(&state).to_string().as_bytes() == bytes).then_some(state)
    }

    /// Keeps the state of a long computation, after its digest and over the state before.
    pub fn write_checkpoint(&self, name: Digest, state: &[u8]) -> Result<(), StoreError> {
        let folder = self.root().join("checkpoints");
        at(&folder, fs::create_dir_all(&folder))?;
        let scratch = self.folder.temporary("c");
        at(&scratch, fs::write(&scratch, [Digest::of(state).to_string().as_bytes(), state].concat()))?;
        let path = folder.join(name.to_string());
        at(&path, fs::rename(&scratch, &path))
    }

    /// The remembered digests of input files.
    pub fn files(&self) -> BTreeMap<PathBuf, (Stat, Digest)> {
        self.folder.read_json(&self.root().join("files.json"))
    }

    /// Remembers digests of input files.
    pub fn write_files(&self, files: &BTreeMap<PathBuf, (Stat, Digest)>) -> Result<(), StoreError> {
        self.folder.write_json(&self.root().join("files.json"), files)
    }

    /// What this machine computes with, if it was measured.
    pub fn profile<T: DeserializeOwned>(&self) -> Option<T> {
        self.folder.read_json(&self.root().join("profile.json"))
    }

    /// Fixes what this machine computes with.
    pub fn write_profile<T: Serialize>(&self, profile: &T) -> Result<(), StoreError> {
        self.folder.write_json(&self.root().join("profile.json"), profile)
    }

    /// The fingerprint of the page that was last rendered for a recipe.
    pub fn page(&self, recipe: &str) -> Option<Digest> {
        self.folder.read_json(&self.root().join("pages").join(format!("{recipe}.json")))
    }

    /// Remembers the fingerprint of the page that was rendered for a recipe.
    pub fn write_page(&self, recipe: &str, fingerprint: Digest) -> Result<(), StoreError> {
        self.folder.write_json(&self.root().join("pages").join(format!("{recipe}.json")), &fingerprint)
    }
}

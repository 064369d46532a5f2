//! What a study that was unpacked came without: inputs that stayed where they were, and results that were left out.
//!
//! An input that is not here counts as what it was: nothing that was made of it runs again, and what would have to read it says that it is not
//! here. One that is here counts by its content, as everywhere.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path};

use serde::{Deserialize, Serialize};

use crate::digest::Digest;

/// The file of a workspace that was unpacked which says so.
pub const MANIFEST: &str = "ventral-pack.json";

/// The part of that file which a run heeds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Away {
    /// Inputs that do not lie where the recipe says.
    #[serde(default)]
    pub inputs: Vec<Input>,
    /// The contents of results that were left out; they count as dropped.
    #[serde(default)]
    pub results_left_out: BTreeSet<Digest>,
}

/// An input that does not lie where the recipe says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Input {
    /// As the recipe writes it.
    pub path: String,
    /// Of the file or folder, as it enters keys.
    pub digest: Digest,
    pub bytes: u64,
    /// Where it lies instead, in the workspace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// Why it is not here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_out: Option<String>,
}

impl Away {
    /// Of a workspace; nothing for one that was never packed.
    pub fn of(workspace: &Path) -> Self {
        let text = fs::read(workspace.join(MANIFEST)).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    }

    /// An input by the path that the recipe writes.
    pub fn input(&self, path: &str) -> Option<&Input> {
        self.inputs.iter().find(|input| input.path == path)
    }
}

impl Input {
    /// Where it lies instead, as long as that is in the workspace.
    pub fn at(&self) -> Option<&Path> {
        let at = Path::new(self.at.as_ref()?);
        at.components().all(|part| matches!(part, Component::Normal(_))).then_some(at)
    }
}

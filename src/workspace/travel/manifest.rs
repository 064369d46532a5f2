//! What a pack says of itself: every file with its digest, what was left out, and the command that makes each result.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::engine::away::Away;

/// The first version of the form.
pub const VERSION: u32 = 1;
/// The folder of a pack with what its workspace keeps of results.
pub const CACHE: &str = "cache/";

/// A pack's own account, `ventral-pack.json` in it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Manifest {
    /// Of this form.
    pub pack: u32,
    /// The program's version that packed it.
    pub ventral: String,
    /// What the study is called: its report lies in a folder of this name.
    pub name: String,
    pub recipe: String,
    /// What was set beside the recipe.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub set: Vec<(String, String)>,
    pub report: String,
    /// What the report was rendered from, so that a run which computes nothing leaves it as it is.
    pub page: Digest,
    /// Whether the results of all nodes are packed, too.
    pub with_cache: bool,
    /// Programs, hardware and devices that made the results.
    pub made_with: BTreeMap<String, BTreeSet<String>>,
    /// The command that makes a file of the pack again, by its path.
    pub commands: BTreeMap<String, String>,
    /// The report's figures, in order.
    pub figures: Vec<Figure>,
    #[serde(flatten)]
    pub away: Away,
    /// Of every file of the pack but this one.
    pub files: BTreeMap<String, Content>,
}

/// A figure of the report.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Figure {
    pub title: String,
    /// Computes what it shows, and draws the report.
    pub command: String,
}

/// What a file holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    pub bytes: u64,
    /// In hexadecimal digits.
    pub sha256: String,
}

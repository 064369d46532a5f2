//! What a recipe's nodes last were, by node: so that `why` can tell what changed, and `gc` what is needed.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;

/// What a recipe's nodes last were, by node.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// The recipe file, as it was last run.
    #[serde(default)]
    pub path: PathBuf,
    /// What the command line set, so that a page can be made again without it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub set: Vec<(String, String)>,
    #[serde(default)]
    pub nodes: BTreeMap<String, Last>,
}

/// A node's last actions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Last {
    /// The keys of its last good actions: by entry, or one under the empty name.
    #[serde(default)]
    pub keys: BTreeMap<String, Digest>,
    /// Why it failed when it was last tried, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
}

/// A failed try.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    /// The keys that were tried.
    pub keys: BTreeMap<String, Digest>,
    pub message: String,
}

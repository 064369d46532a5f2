//! What is known about a computation that ended well: its key's ingredients, its outputs, how it was made.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::kind::Ingredients;
use crate::value::ty::Type;

/// An action: the record of one computation (of one entry, for a kind with a keyed output). Nothing in it is of a host's files.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    pub key: Digest,
    pub kind: String,
    pub version: u32,
    pub ingredients: Ingredients,
    /// In the order of the kind's ports, then of keys.
    pub outputs: Vec<Stored>,
    #[serde(rename = "made")]
    pub provenance: Provenance,
    /// The lazy ports that were computed, since something read them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lazy: Vec<String>,
    /// What the computation said: a grid that was extended, rows left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// An output in the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stored {
    pub port: String,
    /// A layer's name or a fold's number, for keyed and folded outputs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    pub ty: Type,
    pub digest: Digest,
    pub bytes: u64,
}

impl Record {
    /// The content that a product was made of; nothing for the record of a node.
    pub fn product_of(&self) -> Option<&str> {
        self.ingredients.get("product").and(self.ingredients.get("of")?.as_str())
    }
}

impl Stored {
    /// `PORT` or `PORT[KEY]`.
    pub fn name(&self) -> String {
        match &self.key {
            None => self.port.clone(),
            Some(key) => format!("{}[{key}]", self.port),
        }
    }

    /// What its object is called in a store: `DIGEST.EXTENSION`.
    pub fn object(&self) -> String {
        format!("{}.{}", self.digest, self.ty.extension())
    }
}

/// How, when and with what an action was computed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// RFC 3339, UTC.
    pub at: String,
    /// Wall-clock seconds of the computation, without waiting.
    pub seconds: f64,
    /// Such as `cpu` or `cuda:0`.
    pub device: String,
    pub threads: usize,
    /// The worker's peak resident memory in bytes while it computed.
    pub peak_bytes: u64,
    pub ventral: String,
    pub libtorch: String,
    /// The processor's model, or the GPU's.
    pub hardware: String,
    /// Versions of what else computed with it, by name: a script's interpreter and packages.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub software: BTreeMap<String, String>,
}

/// Where a node stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Computed in this run.
    Ran,
    /// Its results are there and current.
    Cached,
    /// Its last results are of other inputs or parameters.
    Stale,
    /// It never ran.
    New,
    Failed,
    /// Something it needs failed.
    Skipped,
    /// Its outputs were dropped (`keep: false`) and nothing needs them now.
    Dropped,
}

impl State {
    /// As contracts and pages spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ran => "ran",
            Self::Cached => "cached",
            Self::Stale => "stale",
            Self::New => "new",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Dropped => "dropped",
        }
    }
}

/// A node after a run, or as it stands: what reports and listings show.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    pub state: State,
    /// One per action: several for a kind with a keyed output. Empty where nothing current is stored.
    pub records: Vec<Record>,
    /// Why it failed, was skipped or is stale, in words.
    pub message: Option<String>,
}

impl Outcome {
    /// All outputs of all actions.
    pub fn outputs(&self) -> impl Iterator<Item = &Stored> {
        self.records.iter().flat_map(|record| &record.outputs)
    }

    /// Seconds of computation behind the results.
    pub fn seconds(&self) -> f64 {
        self.records.iter().map(|record| record.provenance.seconds).sum()
    }

    /// Bytes of the results.
    pub fn bytes(&self) -> u64 {
        self.outputs().map(|stored| stored.bytes).sum()
    }
}

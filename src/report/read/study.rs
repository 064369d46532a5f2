//! What a page is made of: a plan with its results, and for whom.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use serde::Serialize;
use typed_index_collections::TiSlice;

use crate::digest::Digest;
use crate::engine::record::Outcome;
use crate::engine::store::Objects;
use crate::plan::{NodeIndex, Plan};

/// A plan with its results, and where they lie.
pub struct Study<'a> {
    pub plan: &'a Plan,
    /// One per node of the plan.
    pub outcomes: &'a TiSlice<NodeIndex, Outcome>,
    /// Where the results are.
    pub objects: &'a dyn Objects,
    /// Where the files and folders lie that images refer to.
    pub sources: &'a BTreeMap<Digest, PathBuf>,
    /// RFC 3339: when the newest result was made, so that the page knows no clock.
    pub finished: String,
    pub audience: Audience,
}

/// For whom a page is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Audience {
    /// Whoever has the workspace.
    Here,
    /// Everyone: what the recipe keeps private is left out, and the page leads back to the site's index.
    Everyone,
    /// Whoever is handed the study: what the recipe keeps private is left out. The page is that of the workspace where nothing is.
    Colleague,
}

/// Why there is no page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportError {
    message: String,
}

impl ReportError {
    /// A reason in words.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into() }
    }
}

impl fmt::Display for ReportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ReportError {}

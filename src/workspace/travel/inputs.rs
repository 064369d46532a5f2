//! The files that a recipe reads: as it writes them, where they lie, what they hold.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::digest::Digest;
use crate::engine::files::Files;
use crate::engine::fingerprint;
use crate::plan::Plan;

/// A file or folder that a recipe reads.
#[derive(Clone, Debug)]
pub struct Input {
    pub path: PathBuf,
    /// As it enters keys.
    pub digest: Digest,
    /// The nodes that read it, without variants.
    pub nodes: BTreeSet<String>,
}

/// What a recipe reads, by the paths that it writes.
///
/// Fails where one cannot be read, in words that name the node.
pub fn inputs(plan: &Plan, files: &mut Files) -> Result<BTreeMap<String, Input>, String> {
    let mut found: BTreeMap<String, Input> = BTreeMap::new();
    for node in &plan.nodes {
        let uses = fingerprint::files(plan, node, files).map_err(|problem| format!("`{}`: {problem}", node.id))?;
        for (param, written) in node.kind.files(&node.params) {
            let (path, digest) = &uses[&param];
            let input = found.entry(written.to_owned()).or_insert_with(|| Input {
                path: path.clone(),
                digest: *digest,
                nodes: BTreeSet::new(),
            });
            input.nodes.insert(node.id.name.clone());
        }
    }
    Ok(found)
}

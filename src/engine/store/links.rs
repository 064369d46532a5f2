//! `by-name/`: links that people can read to what a recipe's nodes gave.

use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::path::Path;

use crate::engine::record::Stored;
use crate::engine::store::error::{StoreError, at};
use crate::engine::store::folder::relative_object;
use crate::engine::store::opened::Store;

impl Store {
    /// Points `by-name/RECIPE/NODE/` at a node's objects.
    pub fn link(&self, recipe: &str, node: &str, outputs: &[&Stored]) -> Result<(), StoreError> {
        let folder = self.root().join("by-name").join(recipe).join(file_name(node));
        at(&folder, fs::create_dir_all(&folder))?;
        let mut names = BTreeSet::new();
        for stored in outputs {
            let name = format!("{}.{}", file_name(&stored.name()), stored.ty.extension());
            let target = Path::new("../../..").join(relative_object(&stored.object()));
            // Renamed into place: another run may link the same node now.
            let scratch = self.folder.temporary("l");
            at(&scratch, std::os::unix::fs::symlink(target, &scratch))?;
            let link = folder.join(&name);
            at(&link, fs::rename(&scratch, &link))?;
            names.insert(name);
        }
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            if !entry.file_name().to_str().is_some_and(|name| names.contains(name)) {
                let _ = fs::remove_file(entry.path());
            }
        }
        Ok(())
    }

    /// Removes the links of nodes that a recipe no longer has.
    pub fn unlink_all_but(&self, recipe: &str, nodes: &[String]) {
        let folder = self.root().join("by-name").join(recipe);
        let names: HashSet<String> = nodes.iter().map(|node| file_name(node)).collect();
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            if !entry.file_name().to_str().is_some_and(|name| names.contains(name)) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }
}

/// Names with `/` cannot be file names.
fn file_name(text: &str) -> String {
    text.replace('/', "∕")
}

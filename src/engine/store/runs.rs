//! Earlier runs of each recipe: what they were of, so that later ones can be compared with them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::engine::record::Stored;
use crate::engine::store::error::StoreError;
use crate::engine::store::opened::Store;

/// How many runs of a recipe are remembered: the newest.
pub const REMEMBERED: usize = 20;

/// A run as it is remembered: the recipe that it read, and the actions behind each node's results.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PastRun {
    /// From 1, in the order in which runs ended.
    pub number: u64,
    /// RFC 3339, UTC: when it ended.
    pub at: String,
    /// The recipe file.
    pub path: PathBuf,
    /// What the command line set.
    pub set: Vec<(String, String)>,
    /// The recipe's text as it was.
    pub source: String,
    /// Of a search by halving, the trials that went on at each rung.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub survivors: Vec<Vec<usize>>,
    /// The keys of the actions behind its results, by node; nothing for a node that had none.
    pub nodes: BTreeMap<String, Vec<Digest>>,
    /// Why nodes failed, by node; nothing for a run that succeeded, or that was before this was written down.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub failed: BTreeMap<String, String>,
    /// What a comparison reads: scores, and what they are scores of.
    pub objects: Vec<Stored>,
}

impl PastRun {
    /// Whether it came to the same results as another, whatever its nodes were called.
    pub fn same_work(&self, other: &Self) -> bool {
        let keys = |run: &Self| run.nodes.values().flatten().copied().collect::<BTreeSet<Digest>>();
        keys(self) == keys(other)
    }
}

impl Store {
    fn runs_of(&self, recipe: &str) -> PathBuf {
        self.root().join("runs").join(recipe)
    }

    /// The runs of a recipe that are remembered, oldest first. One that does not read is none.
    pub fn past_runs(&self, recipe: &str) -> Vec<PastRun> {
        let numbers = self.numbers(recipe);
        numbers.into_iter().filter_map(|number| self.past_run(recipe, number)).collect()
    }

    fn past_run(&self, recipe: &str, number: u64) -> Option<PastRun> {
        let text = fs::read(self.runs_of(recipe).join(format!("{number}.json"))).ok()?;
        serde_json::from_slice(&text).ok().filter(|run: &PastRun| run.number == number)
    }

    fn numbers(&self, recipe: &str) -> BTreeSet<u64> {
        let entries = fs::read_dir(self.runs_of(recipe)).into_iter().flatten().flatten();
        entries.filter_map(|entry| entry.path().file_stem()?.to_str()?.parse().ok()).collect()
    }

    /// Remembers a run, and forgets the oldest beyond `REMEMBERED`. One that came to the results of the one before takes
    /// its place: a comment or a title is no other run.
    pub fn remember(&self, recipe: &str, mut run: PastRun) -> Result<(), StoreError> {
        let numbers = self.numbers(recipe);
        let newest = numbers.last().copied().unwrap_or(0);
        run.number = newest + 1;
        if let Some(last) = self.past_run(recipe, newest)
            && last.same_work(&run)
        {
            run.number = newest;
            run.at.clone_from(&last.at);
            if last == run {
                return Ok(());
            }
        }
        self.folder.write_json(&self.runs_of(recipe).join(format!("{}.json", run.number)), &run)?;
        for old in numbers.into_iter().filter(|old| old + REMEMBERED as u64 <= run.number) {
            let _ = fs::remove_file(self.runs_of(recipe).join(format!("{old}.json")));
        }
        Ok(())
    }

    /// The remembered runs of every recipe whose file is still there.
    pub fn all_past_runs(&self) -> Vec<PastRun> {
        let folders = fs::read_dir(self.root().join("runs")).into_iter().flatten().flatten();
        let names = folders.filter_map(|folder| folder.file_name().into_string().ok());
        names.flat_map(|name| self.past_runs(&name)).filter(|run| run.path.exists()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_counted_by_what_they_came_to() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(folder.path()).expect("open");
        let run = |source: &str, key: &str| PastRun {
            source: source.to_owned(),
            nodes: BTreeMap::from([("n".to_owned(), vec![Digest::of(key.as_bytes())])]),
            ..PastRun::default()
        };
        let remember = |source: &str, key: &str| store.remember("a", run(source, key)).expect("written");
        remember("one", "x");
        remember("one, with a comment", "x");
        remember("two", "y");
        remember("one", "x");
        let runs = store.past_runs("a");
        let told: Vec<(u64, &str)> = runs.iter().map(|run| (run.number, run.source.as_str())).collect();
        assert_eq!(told, [(1, "one, with a comment"), (2, "two"), (3, "one")]);
        for more in 0..2 * REMEMBERED {
            remember("more", &more.to_string());
        }
        let runs = store.past_runs("a");
        assert_eq!((runs.len(), runs.last().map(|run| run.number)), (REMEMBERED, Some(3 + 2 * REMEMBERED as u64)));
    }
}

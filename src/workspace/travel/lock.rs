//! A lock: what a recipe was run with, in a file beside it, and what differs from that now.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::engine::files::Files;
use crate::workspace::Session;
use crate::workspace::travel::{inputs, programs};

const HEAD: &str = "\
# Written by `ventral lock`; `ventral run --locked` refuses what differs. Keep it in version control, beside the recipe.
";

/// What a recipe was run with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    /// Of this file's form.
    pub version: u32,
    pub ventral: String,
    pub libtorch: String,
    /// What interpreters of one's own steps say of themselves.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub programs: BTreeMap<String, String>,
    /// The versions of the kinds of nodes.
    pub kinds: BTreeMap<String, u32>,
    /// The BLAKE3 digest of the recipe's text.
    pub recipe: Digest,
    /// The BLAKE3 digest of each file or folder that it reads, by the path that it writes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<String, Digest>,
}

/// Something that is not as it was locked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    pub what: String,
    /// None where the lock has no such thing.
    pub locked: Option<String>,
    /// None where there is no such thing any more.
    pub now: Option<String>,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { what, locked, now } = self;
        match (locked, now) {
            (Some(locked), Some(now)) => write!(f, "{what}: locked {locked}, now {now}"),
            (Some(locked), None) => write!(f, "{what}: locked {locked}, and the recipe has none now"),
            (None, now) => write!(f, "{what}: not in the lock, now {}", now.as_deref().unwrap_or("nothing")),
        }
    }
}

impl Lock {
    /// The lock of a recipe as everything is now. `libtorch` is the version that the worker says.
    pub fn of(session: &Session, libtorch: &str) -> Result<Self, String> {
        let plan = &session.plan;
        let inputs = inputs::inputs(plan, &mut Files::new(session.store().files()))?;
        Ok(Self {
            version: 1,
            ventral: env!("CARGO_PKG_VERSION").to_owned(),
            libtorch: libtorch.to_owned(),
            programs: programs::versions(plan)?,
            kinds: plan.nodes.iter().map(|node| (node.kind.name.to_owned(), node.kind.version)).collect(),
            recipe: Digest::of(plan.source.as_bytes()),
            files: inputs.into_iter().map(|(path, input)| (path, input.digest)).collect(),
        })
    }

    /// Where the lock of a recipe lies.
    pub fn place(recipe: &Path) -> PathBuf {
        recipe.with_extension("lock")
    }

    /// Reads a lock; none where there is no file.
    pub fn read(path: &Path) -> Result<Option<Self>, String> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(format!("cannot read {}: {error}", path.display())),
        };
        let wrong = |why: String| format!("{} is no lock: {why}. `ventral lock` writes it anew", path.display());
        let lock: Self = serde_yaml::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        match lock.version {
            1 => Ok(Some(lock)),
            other => Err(wrong(format!("its form is version {other}, and this program reads version 1"))),
        }
    }

    /// The lock as its file has it: sorted, a line per thing.
    pub fn text(&self) -> String {
        format!("{HEAD}{}", serde_yaml::to_string(self).expect("a lock serialises"))
    }

    /// Writes it whole or not at all; gives whether the file is new or has another text.
    pub fn write(&self, path: &Path) -> Result<bool, String> {
        let text = self.text();
        if fs::read(path).is_ok_and(|old| old == text.as_bytes()) {
            return Ok(false);
        }
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(".new");
        let scratch = path.with_file_name(name);
        let written = fs::write(&scratch, text).and_then(|()| fs::rename(&scratch, path));
        if written.is_err() {
            let _ = fs::remove_file(&scratch);
        }
        written.map(|()| true).map_err(|error| format!("cannot write {}: {error}", path.display()))
    }

    /// What is other now than it was locked, in the order of the file. What only the lock has counts unless the recipe is run with other
    /// settings (`set`), under which it may read less.
    pub fn differences(&self, now: &Self, set: bool) -> Vec<Difference> {
        let mut found = Vec::new();
        let mut both = |what: String, locked: Option<String>, now: Option<String>| {
            if locked != now && !(set && now.is_none()) {
                found.push(Difference { what, locked, now });
            }
        };
        let some = |text: &str| Some(text.to_owned());
        both("ventral".to_owned(), some(&self.ventral), some(&now.ventral));
        both("libtorch".to_owned(), some(&self.libtorch), some(&now.libtorch));
        for name in names(&self.programs, &now.programs) {
            both(format!("program {name}"), self.programs.get(name).cloned(), now.programs.get(name).cloned());
        }
        for name in names(&self.kinds, &now.kinds) {
            let version = |lock: &Self| lock.kinds.get(name).map(|version| format!("version {version}"));
            both(format!("kind {name}"), version(self), version(now));
        }
        both("the recipe".to_owned(), Some(self.recipe.short()), Some(now.recipe.short()));
        for name in names(&self.files, &now.files) {
            let short = |lock: &Self| lock.files.get(name).map(Digest::short);
            both(format!("file {name}"), short(self), short(now));
        }
        found
    }
}

fn names<'a, T>(a: &'a BTreeMap<String, T>, b: &'a BTreeMap<String, T>) -> BTreeSet<&'a String> {
    a.keys().chain(b.keys()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lock() -> Lock {
        Lock {
            version: 1,
            ventral: "0.2.0".into(),
            libtorch: "2.11.0".into(),
            programs: [("python3".to_owned(), "Python 3.12.3".to_owned())].into(),
            kinds: [("pca".to_owned(), 3)].into(),
            recipe: Digest::of(b"recipe"),
            files: [("data/x.csv".to_owned(), Digest::of(b"x")), ("data/y: 1.csv".to_owned(), Digest::of(b"y"))].into(),
        }
    }

    #[test]
    fn a_lock_reads_as_it_was_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.lock");
        assert_eq!(Lock::read(&path), Ok(None));
        assert_eq!(lock().write(&path), Ok(true));
        assert_eq!(lock().write(&path), Ok(false));
        assert_eq!(Lock::read(&path), Ok(Some(lock())));
        fs::write(&path, "version: 2\n").expect("written");
        assert!(Lock::read(&path).is_err_and(|why| why.contains("is no lock")));
    }

    #[test]
    fn every_difference_is_told_with_both_values() {
        let mut now = lock();
        assert_eq!(lock().differences(&now, false), []);
        now.libtorch = "2.12.0".into();
        now.files.remove("data/y: 1.csv");
        now.files.insert("data/x.csv".into(), Digest::of(b"other"));
        now.files.insert("data/z.csv".into(), Digest::of(b"z"));
        let short = |text: &[u8]| Digest::of(text).short();
        let told: Vec<String> = lock().differences(&now, false).iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "libtorch: locked 2.11.0, now 2.12.0".to_owned(),
                format!("file data/x.csv: locked {}, now {}", short(b"x"), short(b"other")),
                format!("file data/y: 1.csv: locked {}, and the recipe has none now", short(b"y")),
                format!("file data/z.csv: not in the lock, now {}", short(b"z")),
            ]
        );
        assert_eq!(lock().differences(&now, true).len(), 3);
    }
}

//! Digests of input files, remembered by their stat, so that a run with nothing to do reads no data.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::digest::Digest;
use crate::engine::away::Away;
use crate::engine::store::Stat;
use crate::formats::checkpoint::index;

/// A file that changed this recently may change again without its stat showing it.
const SETTLED: Duration = Duration::from_secs(2);

/// The digests of files and folders, as far as they were asked for.
#[derive(Debug, Default)]
pub struct Files {
    known: BTreeMap<PathBuf, (Stat, Digest)>,
    changed: bool,
    /// What the workspace says that it came without, by its folder, once somebody asked.
    away: Option<(PathBuf, Away)>,
}

impl Files {
    /// Starts from what an earlier run remembered.
    pub fn new(known: BTreeMap<PathBuf, (Stat, Digest)>) -> Self {
        Self { known, ..Self::default() }
    }

    /// What is worth remembering, if anything is new.
    pub fn news(&self) -> Option<&BTreeMap<PathBuf, (Stat, Digest)>> {
        self.changed.then_some(&self.known)
    }

    /// What a workspace says that it came without.
    pub fn away(&mut self, workspace: &Path) -> &Away {
        if self.away.as_ref().is_none_or(|(of, _)| of != workspace) {
            self.away = Some((workspace.to_owned(), Away::of(workspace)));
        }
        &self.away.as_ref().expect("it was just read").1
    }

    /// The digest of a file's content, or of a folder's names and contents; of an index of a checkpoint in parts, its own and
    /// that of the parts.
    pub fn digest(&mut self, path: &Path) -> io::Result<Digest> {
        if fs::metadata(path)?.is_dir() {
            return self.folder(path);
        }
        let own = self.file(path)?;
        let parts = index::parts_of(path);
        if parts.is_empty() {
            return Ok(own);
        }
        let mut hasher = blake3::Hasher::new();
        hasher.update(own.to_string().as_bytes());
        for part in parts {
            // What is not there is for the reader to tell; once it is, the digest is another.
            let digest = match self.file(&part) {
                Ok(digest) => digest.to_string(),
                Err(error) if error.kind() == io::ErrorKind::NotFound => "absent".to_owned(),
                Err(error) => return Err(error),
            };
            hasher.update(b"\n");
            hasher.update(digest.as_bytes());
        }
        Ok(Digest::from(hasher))
    }

    /// The digest of a file's content, remembered where its stat will show a change.
    fn file(&mut self, path: &Path) -> io::Result<Digest> {
        let metadata = fs::metadata(path)?;
        let stat = Stat::from(&metadata);
        if let Some((known, digest)) = self.known.get(path)
            && *known == stat
        {
            return Ok(*digest);
        }
        let digest = Digest::of_file(path)?;
        let after = fs::metadata(path)?;
        let settled = after
            .modified()
            .ok()
            .and_then(|time| SystemTime::now().duration_since(time).ok())
            .is_some_and(|age| age >= SETTLED);
        if settled && Stat::from(&after) == stat {
            self.known.insert(path.to_owned(), (stat, digest));
        } else {
            self.known.remove(path);
        }
        self.changed = true;
        Ok(digest)
    }

    /// Sorted relative names with their contents; hidden files do not count.
    fn folder(&mut self, path: &Path) -> io::Result<Digest> {
        let mut listing = Vec::new();
        list(path, Path::new(""), &mut listing)?;
        listing.sort();
        let mut hasher = blake3::Hasher::new();
        for relative in listing {
            let digest = self.file(&path.join(&relative))?;
            hasher.update(relative.as_os_str().as_encoded_bytes());
            hasher.update(b"\0");
            hasher.update(digest.to_string().as_bytes());
            hasher.update(b"\n");
        }
        Ok(Digest::from(hasher))
    }
}

/// The files whose contents make the digest of a file or folder: itself, the parts that an index names, what lies in a folder.
pub fn parts(path: &Path) -> io::Result<Vec<PathBuf>> {
    if fs::metadata(path)?.is_dir() {
        let mut listing = Vec::new();
        list(path, Path::new(""), &mut listing)?;
        listing.sort();
        return Ok(listing.into_iter().map(|relative| path.join(relative)).collect());
    }
    let parts = index::parts_of(path).into_iter().filter(|part| part.exists());
    Ok(std::iter::once(path.to_owned()).chain(parts).collect())
}

fn list(root: &Path, relative: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(root.join(relative))? {
        let entry = entry?;
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        let name = relative.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            list(root, &name, found)?;
        } else {
            found.push(name);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_file_is_hashed_again_and_a_settled_one_is_remembered() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.csv");
        fs::write(&path, "one").expect("written");
        let mut files = Files::default();
        assert_eq!(files.digest(&path).expect("digest"), Digest::of(b"one"));
        assert!(files.known.is_empty(), "too young to be remembered");
        let old = SystemTime::now() - Duration::from_secs(60);
        fs::File::open(&path).and_then(|f| f.set_modified(old)).expect("an old file");
        files.digest(&path).expect("digest");
        assert_eq!(files.known.len(), 1);
        fs::write(&path, "two").expect("written");
        assert_eq!(files.digest(&path).expect("digest"), Digest::of(b"two"));
    }

    #[test]
    fn an_index_counts_with_the_parts_that_it_names() {
        let folder = tempfile::tempdir().expect("a folder");
        let put = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("written");
        let digest = || Files::default().digest(&folder.path().join("m.safetensors.index.json")).expect("digest");
        put(
            "m.safetensors.index.json",
            r#"{"weight_map": {"a": "m-1-of-2.safetensors", "b": "m-2-of-2.safetensors"}}"#,
        );
        let neither = digest();
        put("m-1-of-2.safetensors", "one");
        let first = digest();
        put("m-2-of-2.safetensors", "two");
        let both = digest();
        put("m-2-of-2.safetensors", "other");
        let changed = digest();
        put("beside.safetensors", "no part");
        assert_eq!(digest(), changed);
        let all = std::collections::BTreeSet::from([neither, first, both, changed].map(|digest| digest.to_string()));
        assert_eq!(all.len(), 4);
        // Any other JSON is its bytes.
        put("plain.json", "{}");
        assert_eq!(Files::default().digest(&folder.path().join("plain.json")).expect("digest"), Digest::of(b"{}"));
    }

    #[test]
    fn a_folder_is_its_names_and_contents() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("a.png"), "one").expect("written");
        let before = Files::default().digest(folder.path()).expect("digest");
        fs::write(folder.path().join(".hidden"), "x").expect("written");
        assert_eq!(Files::default().digest(folder.path()).expect("digest"), before);
        fs::rename(folder.path().join("a.png"), folder.path().join("b.png")).expect("renamed");
        assert_ne!(Files::default().digest(folder.path()).expect("digest"), before);
    }
}

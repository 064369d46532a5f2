//! The cache folder: objects by content, actions by key, locks, and links that people can read.
//!
//! ```text
//! cache/objects/ab/DIGEST.safetensors   results, by content; read-only
//! cache/actions/ab/KEY.json             records: which objects a computation gave
//! cache/locks/KEY                       held while a computation is under way
//! cache/by-name/RECIPE/NODE/PORT.ext    links to objects
//! cache/recipes/RECIPE.json             what each node's last actions were
//! cache/runs/RECIPE/NUMBER.json        what its last runs were, to compare them
//! cache/files.json                      digests of input files, by their stat
//! cache/profile.json                    what this machine computes with
//! cache/tuned.json                      what was measured on it, such as images per batch
//! cache/scratch/RUN/                    results on their way; swept when their run is gone
//! cache/partial/NAME                    long results on their way, which a later run goes on with
//! cache/checkpoints/NAME                the last state of each training, which a later or longer one goes on with
//! cache/damaged/                        objects whose bytes no longer match their name
//! ```
//!
//! Nothing else writes here. An object is written under `scratch/`, hashed on the way, and renamed into place; the
//! record that names it is written last. So a kill at any moment leaves whole results and litter, never half a
//! result. Results can be made again, so nothing waits for the disk: what a power cut tears has another size than
//! its record says, and is made again.

mod runs;
pub mod writer;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::digest::Digest;
use crate::engine::record::{Record, Stat, Stored};
pub use crate::engine::store::runs::{PastRun, REMEMBERED};
pub use crate::engine::store::writer::{ObjectWriter, StreamedObject};
use crate::kind::Ingredients;
use crate::value::Value;
use crate::value::ty::Type;

/// A cache folder that is open for one run (or one worker of it).
#[derive(Debug)]
pub struct Store {
    root: PathBuf,
    /// This run's folder under `scratch/`; a worker is told its command's.
    scratch: PathBuf,
    /// Held for the life of the run that owns the scratch folder.
    _owner: Option<File>,
    serial: AtomicU64,
}

/// A failure to use the cache: where, and what the system says.
#[derive(Debug)]
pub struct StoreError {
    pub path: PathBuf,
    pub error: io::Error,
}

impl std::fmt::Display for StoreError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the cache cannot be used: {}: {}", self.path.display(), self.error)
    }
}

impl std::error::Error for StoreError {}

fn at<T>(path: &Path, result: io::Result<T>) -> Result<T, StoreError> {
    result.map_err(|error| StoreError { path: path.to_owned(), error })
}

impl Store {
    /// Opens a cache folder for reading; nothing is created.
    pub fn read_only(root: &Path) -> Self {
        Self { root: root.to_owned(), scratch: root.join("scratch"), _owner: None, serial: AtomicU64::new(0) }
    }

    /// Opens a cache folder for a run: creates what is missing, and sweeps what killed runs left on their way.
    pub fn open(root: &Path) -> Result<Self, StoreError> {
        for folder in ["objects", "actions", "locks", "scratch"] {
            let path = root.join(folder);
            at(&path, fs::create_dir_all(&path))?;
        }
        let all = root.join("scratch");
        for entry in at(&all, fs::read_dir(&all))?.flatten() {
            // Whoever lives holds the lock; a folder whose lock is free has lost its run. A hidden one is being made.
            let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
            if !hidden && File::open(entry.path().join("lock")).map_or(true, |file| file.try_lock().is_ok()) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        let name = format!("{}-{now:x}", std::process::id());
        let making = all.join(format!(".{name}"));
        at(&making, fs::create_dir(&making))?;
        let lock = making.join("lock");
        let owner = at(&lock, File::create(&lock))?;
        at(&lock, owner.lock())?;
        let scratch = all.join(name);
        at(&scratch, fs::rename(&making, &scratch))?;
        Ok(Self { root: root.to_owned(), scratch, _owner: Some(owner), serial: AtomicU64::new(0) })
    }

    /// The store as a worker of a run uses it: results go through that run's scratch folder.
    pub fn of_run(root: &Path, scratch: &Path) -> Self {
        let serial = AtomicU64::new(u64::from(std::process::id()) << 32);
        Self { root: root.to_owned(), scratch: scratch.to_owned(), _owner: None, serial }
    }

    /// The cache folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// This run's folder for results on their way.
    pub fn scratch(&self) -> &Path {
        &self.scratch
    }

    /// Whether another run has this cache open; an opened store has swept the folders of those that are gone.
    pub fn is_shared(&self) -> bool {
        let all = fs::read_dir(self.root.join("scratch")).into_iter().flatten().flatten();
        let lives = |entry: &fs::DirEntry| !entry.file_name().as_encoded_bytes().starts_with(b".");
        all.filter(lives).any(|entry| entry.path() != self.scratch)
    }

    /// Says of this run which recipe it is of, for whoever asks what runs.
    pub fn announce(&self, recipe: &str) -> Result<(), StoreError> {
        let since = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let running = Running { recipe: recipe.to_owned(), since, process: std::process::id() };
        self.write_json(&self.scratch.join("running.json"), &running)
    }

    /// The runs under way in this cache, in the order in which they began.
    pub fn running(&self) -> Vec<Running> {
        let entries = fs::read_dir(self.root.join("scratch")).into_iter().flatten().flatten();
        // Whoever lives holds the lock.
        let lives = |folder: &Path| File::open(folder.join("lock")).is_ok_and(|lock| lock.try_lock().is_err());
        let mut running: Vec<Running> = entries
            .map(|entry| entry.path())
            .filter(|folder| lives(folder))
            .filter_map(|folder| serde_json::from_slice(&fs::read(folder.join("running.json")).ok()?).ok())
            .collect();
        running.sort_by(|a: &Running, b: &Running| (&a.since, a.process).cmp(&(&b.since, b.process)));
        running
    }

    // Objects

    /// Stores a value as an output of a computation.
    pub fn put(&self, port: &str, key: Option<&str>, value: &Value) -> io::Result<Stored> {
        let mut writer = self.create(port, key, value.ty())?;
        value.write(&mut writer)?;
        writer.store()
    }

    /// Opens an object to stream into.
    pub fn create(&self, port: &str, key: Option<&str>, ty: Type) -> io::Result<ObjectWriter> {
        let path = self.scratch.join(self.serial.fetch_add(1, Ordering::Relaxed).to_string());
        ObjectWriter::create(path, &self.root, (port, key, ty))
    }

    /// Opens an object that an earlier computation of the same name may have begun; gives the bytes that it goes on after.
    ///
    /// `name` says what decides the bytes. What was marked is trusted where its digest stands.
    pub fn resume(&self, name: Digest, port: &str, key: Option<&str>, ty: Type) -> io::Result<(ObjectWriter, u64)> {
        let folder = self.root.join("partial");
        fs::create_dir_all(&folder)?;
        ObjectWriter::resume(folder.join(name.to_string()), &self.root, (port, key, ty))
    }

    /// Numbers that were measured on this machine and are then fixed, such as images per batch.
    pub fn tuned(&self) -> BTreeMap<String, usize> {
        self.read_json(&self.root.join("tuned.json"))
    }

    /// Fixes what was measured; the caller holds the lock under which nobody else does.
    pub fn write_tuned(&self, tuned: &BTreeMap<String, usize>) -> Result<(), StoreError> {
        self.write_json(&self.root.join("tuned.json"), tuned)
    }

    /// Where an output's object lies.
    pub fn path(&self, stored: &Stored) -> PathBuf {
        stored.path(&self.root)
    }

    /// Whether the object is there with the bytes that its record names: trusted where its stat stands, hashed again
    /// where it does not. A damaged object is set aside.
    pub fn holds(&self, stored: &mut Stored) -> bool {
        let path = self.path(stored);
        let Ok(metadata) = fs::metadata(&path) else { return false };
        let stat = stat_of(&metadata);
        if stored.stat == Some(stat) {
            return true;
        }
        if metadata.len() == stored.bytes && Digest::of_file(&path).is_ok_and(|digest| digest == stored.digest) {
            stored.stat = Some(stat);
            return true;
        }
        let _ = self.set_aside(&path);
        false
    }

    /// Deletes an object; its record stays and can make it again.
    pub fn drop_object(&self, stored: &Stored) -> io::Result<()> {
        match fs::remove_file(self.path(stored)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn set_aside(&self, path: &Path) -> io::Result<PathBuf> {
        let folder = self.root.join("damaged");
        fs::create_dir_all(&folder)?;
        let aside = folder.join(path.file_name().expect("an object has a name"));
        fs::rename(path, &aside)?;
        Ok(aside)
    }

    // Actions

    fn action_path(&self, key: Digest) -> PathBuf {
        let text = key.to_string();
        self.root.join("actions").join(&text[..2]).join(format!("{text}.json"))
    }

    /// The record of an action, if it ended well before. A record that does not read is no record.
    pub fn record(&self, key: Digest) -> Option<Record> {
        let text = fs::read(self.action_path(key)).ok()?;
        serde_json::from_slice(&text).ok().filter(|record: &Record| record.key == key)
    }

    /// Writes an action's record: the computation is done from here on.
    pub fn write_record(&self, record: &Record) -> Result<(), StoreError> {
        self.write_json(&self.action_path(record.key), record)
    }

    /// The object of a product that was kept, if it still is what it was.
    pub fn product(&self, ingredients: &Ingredients) -> Option<Stored> {
        let mut stored = self.record(Digest::of_json(&json!(ingredients)))?.outputs.pop()?;
        self.holds(&mut stored).then_some(stored)
    }

    /// Tries to become the one that computes an action; `None` where another process does.
    pub fn try_lock(&self, key: Digest) -> Result<Option<ActionLock>, StoreError> {
        let path = self.root.join("locks").join(key.to_string());
        let file = at(&path, OpenOptions::new().write(true).create(true).truncate(false).open(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(ActionLock { path, _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(StoreError { path, error }),
        }
    }

    /// The state that a long computation of some name kept, if it is whole.
    pub fn checkpoint(&self, name: Digest) -> Option<Vec<u8>> {
        let mut bytes = fs::read(self.root.join("checkpoints").join(name.to_string())).ok()?;
        let known = Digest::of(b"").to_string().len();
        let state = bytes.split_off(known.min(bytes.len()));
        (Digest::of(&state).to_string().as_bytes() == bytes).then_some(state)
    }

    /// Keeps the state of a long computation, after its digest and over the state before.
    pub fn write_checkpoint(&self, name: Digest, state: &[u8]) -> Result<(), StoreError> {
        let folder = self.root.join("checkpoints");
        at(&folder, fs::create_dir_all(&folder))?;
        let scratch = self.scratch.join(format!("c{}", self.serial.fetch_add(1, Ordering::Relaxed)));
        at(&scratch, fs::write(&scratch, [Digest::of(state).to_string().as_bytes(), state].concat()))?;
        let path = folder.join(name.to_string());
        at(&path, fs::rename(&scratch, &path))
    }

    // What else is kept

    /// Reads one of the store's JSON files; absent or unreadable is the default.
    fn read_json<T: DeserializeOwned + Default>(&self, path: &Path) -> T {
        fs::read(path).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default()
    }

    fn write_json<T: Serialize>(&self, path: &Path, value: &T) -> Result<(), StoreError> {
        let folder = path.parent().expect("the store's files lie in folders");
        let text = serde_json::to_vec(value).map_err(|e| StoreError { path: path.to_owned(), error: e.into() })?;
        let scratch = self.scratch.join(format!("j{}", self.serial.fetch_add(1, Ordering::Relaxed)));
        at(&scratch, fs::write(&scratch, text))?;
        if fs::rename(&scratch, path).is_err() {
            at(folder, fs::create_dir_all(folder))?;
            at(path, fs::rename(&scratch, path))?;
        }
        Ok(())
    }

    fn recipe_path(&self, name: &str) -> PathBuf {
        self.root.join("recipes").join(format!("{name}.json"))
    }

    /// What a recipe's nodes last were.
    pub fn history(&self, recipe: &str) -> History {
        self.read_json(&self.recipe_path(recipe))
    }

    /// Remembers what a recipe's nodes last were.
    pub fn write_history(&self, recipe: &str, history: &History) -> Result<(), StoreError> {
        self.write_json(&self.recipe_path(recipe), history)
    }

    /// All recipes that ran here.
    pub fn histories(&self) -> BTreeMap<String, History> {
        let entries = fs::read_dir(self.root.join("recipes")).into_iter().flatten().flatten();
        entries
            .filter_map(|entry| Some((entry.path().file_stem()?.to_str()?.to_owned(), self.read_json(&entry.path()))))
            .collect()
    }

    /// The remembered digests of input files.
    pub fn files(&self) -> BTreeMap<PathBuf, (Stat, Digest)> {
        self.read_json(&self.root.join("files.json"))
    }

    /// Remembers digests of input files.
    pub fn write_files(&self, files: &BTreeMap<PathBuf, (Stat, Digest)>) -> Result<(), StoreError> {
        self.write_json(&self.root.join("files.json"), files)
    }

    /// What this machine computes with, if it was measured.
    pub fn profile<T: DeserializeOwned>(&self) -> Option<T> {
        self.read_json(&self.root.join("profile.json"))
    }

    /// Fixes what this machine computes with.
    pub fn write_profile<T: Serialize>(&self, profile: &T) -> Result<(), StoreError> {
        self.write_json(&self.root.join("profile.json"), profile)
    }

    /// The fingerprint of the page that was last rendered for a recipe.
    pub fn page(&self, recipe: &str) -> Option<Digest> {
        self.read_json(&self.root.join("pages").join(format!("{recipe}.json")))
    }

    /// Remembers the fingerprint of the page that was rendered for a recipe.
    pub fn write_page(&self, recipe: &str, fingerprint: Digest) -> Result<(), StoreError> {
        self.write_json(&self.root.join("pages").join(format!("{recipe}.json")), &fingerprint)
    }

    /// Points `by-name/RECIPE/NODE/` at a node's objects.
    pub fn link(&self, recipe: &str, node: &str, outputs: &[&Stored]) -> Result<(), StoreError> {
        let folder = self.root.join("by-name").join(recipe).join(file_name(node));
        at(&folder, fs::create_dir_all(&folder))?;
        let mut names = BTreeSet::new();
        for stored in outputs {
            let name = format!("{}.{}", file_name(&stored.name()), stored.ty.extension());
            let target = Path::new("../../..").join(stored.path(Path::new("")));
            // Renamed into place: another run may link the same node now.
            let scratch = self.scratch.join(format!("l{}", self.serial.fetch_add(1, Ordering::Relaxed)));
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
        let folder = self.root.join("by-name").join(recipe);
        let names: std::collections::HashSet<String> = nodes.iter().map(|node| file_name(node)).collect();
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            if !entry.file_name().to_str().is_some_and(|name| names.contains(name)) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }

    // Upkeep

    /// All records, in no order.
    pub fn records(&self) -> Vec<Record> {
        let folders = fs::read_dir(self.root.join("actions")).into_iter().flatten().flatten();
        let files = folders.flat_map(|folder| fs::read_dir(folder.path()).into_iter().flatten().flatten());
        files.filter_map(|file| serde_json::from_slice(&fs::read(file.path()).ok()?).ok()).collect()
    }

    /// The keys of the last actions of every recipe whose file is still there.
    pub fn live_keys(&self) -> BTreeSet<Digest> {
        let histories = self.histories().into_values().filter(|history| history.path.exists());
        histories.flat_map(|history| history.nodes.into_values()).flat_map(|last| last.keys.into_values()).collect()
    }

    /// The records of some actions, and of the products made of what those and other products gave.
    pub fn reachable(&self, keys: &BTreeSet<Digest>) -> Vec<Record> {
        let (mut reached, mut rest): (Vec<Record>, Vec<Record>) =
            self.records().into_iter().partition(|record| keys.contains(&record.key));
        loop {
            let given: BTreeSet<String> =
                reached.iter().flat_map(|record| &record.outputs).map(|stored| stored.digest.to_string()).collect();
            let (more, others): (Vec<Record>, Vec<Record>) =
                rest.into_iter().partition(|record| record.product_of().is_some_and(|of| given.contains(of)));
            if more.is_empty() {
                return reached;
            }
            reached.extend(more);
            rest = others;
        }
    }

    /// All objects: path, bytes, and when they were last written.
    pub fn objects(&self) -> Vec<(PathBuf, u64, SystemTime)> {
        let folders = fs::read_dir(self.root.join("objects")).into_iter().flatten().flatten();
        let files = folders.flat_map(|folder| fs::read_dir(folder.path()).into_iter().flatten().flatten());
        files
            .filter_map(|file| {
                let metadata = file.metadata().ok()?;
                Some((file.path(), metadata.len(), metadata.modified().ok()?))
            })
            .collect()
    }

    /// Hashes every object again and sets aside those whose bytes are not their name's; gives (checked, set aside).
    pub fn verify(&self) -> Result<(usize, Vec<PathBuf>), StoreError> {
        let mut damaged = Vec::new();
        let mut objects = self.objects();
        objects.sort();
        for (path, ..) in &objects {
            let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
            let digest = at(path, Digest::of_file(path))?;
            if digest.to_string() != name {
                damaged.push(at(path, self.set_aside(path))?);
            }
        }
        Ok((objects.len(), damaged))
    }

    /// Deletes objects and records for which `keep` says no; gives the bytes freed.
    pub fn sweep(
        &self,
        keep_object: impl Fn(&Path) -> bool,
        keep_record: impl Fn(&Record) -> bool,
    ) -> Result<u64, StoreError> {
        let mut freed = 0;
        for record in self.records() {
            if !keep_record(&record) {
                let path = self.action_path(record.key);
                at(&path, fs::remove_file(&path))?;
            }
        }
        for (path, bytes, _) in self.objects() {
            if !keep_object(&path) {
                at(&path, fs::remove_file(&path))?;
                freed += bytes;
            }
        }
        for (path, bytes) in self.begun() {
            at(&path, fs::remove_file(&path))?;
            freed += bytes;
        }
        Ok(freed)
    }

    /// What computations that were not finished may go on with: path and bytes.
    pub fn begun(&self) -> Vec<(PathBuf, u64)> {
        let folders = ["partial", "checkpoints"].map(|name| fs::read_dir(self.root.join(name)));
        let files = folders.into_iter().flatten().flatten().flatten();
        files.filter_map(|file| Some((file.path(), file.metadata().ok()?.len()))).collect()
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        if self._owner.is_some() {
            let _ = fs::remove_dir_all(&self.scratch);
        }
    }
}

/// A run under way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Running {
    pub recipe: String,
    /// RFC 3339, UTC.
    pub since: String,
    pub process: u32,
}

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

/// Held by the one process that computes an action; freed by the system if that process is killed.
#[derive(Debug)]
pub struct ActionLock {
    path: PathBuf,
    _file: File,
}

impl Drop for ActionLock {
    fn drop(&mut self) {
        // Deleting under the lock keeps `locks/` empty; a process that opened the file meanwhile locks a file
        // without a name, and computes what was just computed only if it does not look the record up again.
        let _ = fs::remove_file(&self.path);
    }
}

/// The stat by which a file is known not to have changed.
pub fn stat_of(metadata: &fs::Metadata) -> Stat {
    Stat {
        bytes: metadata.len(),
        mtime: metadata.mtime() * 1_000_000_000 + metadata.mtime_nsec(),
        ctime: metadata.ctime() * 1_000_000_000 + metadata.ctime_nsec(),
        inode: metadata.ino(),
    }
}

/// Names with `/` cannot be file names.
fn file_name(text: &str) -> String {
    text.replace('/', "∕")
}

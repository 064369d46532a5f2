//! One suite for whatever implements `Objects` and `Records`: the local folder, and a store in memory that is written here.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::SystemTime;

use tempfile::TempDir;

use crate::digest::Digest;
use crate::engine::record::{Provenance, Record, Stored};
use crate::engine::store::{
    History, Incoming, Kept, Last, Objects, Output, RecordProblem, Records, Store, StoreError, format,
};
use crate::value::ty::Type;

const X: Output<'static> = Output { port: "x", key: None, ty: Type::Matrix };

/// A store of which the suite can damage what it keeps.
trait Place {
    fn objects(&self) -> &dyn Objects;
    fn records(&self) -> &dyn Records;
    fn damage_object(&self, stored: &Stored);
    fn damage_record(&self, key: Digest);
}

fn put(objects: &dyn Objects, bytes: &[u8]) -> Stored {
    let mut object = objects.create(X).expect("created");
    object.write_all(bytes).expect("written");
    object.store().expect("stored")
}

fn read(objects: &dyn Objects, stored: &Stored) -> Vec<u8> {
    fs::read(objects.get(stored).expect("it is had")).expect("it reads")
}

fn record(key: &str, outputs: Vec<Stored>, notes: &str) -> Record {
    Record {
        key: Digest::of(key.as_bytes()),
        kind: "toy".to_owned(),
        version: 1,
        ingredients: BTreeMap::new(),
        outputs,
        provenance: Provenance::default(),
        lazy: Vec::new(),
        notes: vec![notes.to_owned()],
    }
}

fn suite(new: &dyn Fn() -> Box<dyn Place>) {
    objects_are_kept_by_content(&*new());
    begun_objects_are_gone_on_with(&*new());
    damage_is_seen_and_made_good(&*new());
    what_is_not_kept_is_swept(&*new());
    a_record_is_published_once(&*new());
    a_record_is_replaced_by_who_knows_it(&*new());
    a_damaged_record_is_a_problem_and_replaced(&*new());
    the_last_history_stands(&*new());
}

fn objects_are_kept_by_content(place: &dyn Place) {
    let objects = place.objects();
    let stored = put(objects, b"one");
    assert_eq!((stored.bytes, stored.digest), (3, Digest::of(b"one")));
    assert!(objects.has(&stored) && objects.holds(&stored));
    assert_eq!(read(objects, &stored), b"one");
    let open = fs::File::open(objects.get(&stored).expect("it is had")).expect("it opens");
    assert_eq!(put(objects, b"one"), stored, "equal bytes are one object");
    assert_eq!(objects.list().len(), 1);
    assert_eq!(io::read_to_string(open).expect("it reads on"), "one");
    let unfinished = objects.create(X).and_then(|mut object| object.write_all(b"two"));
    assert!(unfinished.is_ok() && objects.list().len() == 1, "what was not stored is not there");
    objects.remove(&stored).expect("removed");
    objects.remove(&stored).expect("removed again");
    assert!(!objects.has(&stored) && !objects.holds(&stored));
    assert!(objects.get(&stored).is_err() || !objects.get(&stored).is_ok_and(|path| path.exists()));
}

fn begun_objects_are_gone_on_with(place: &dyn Place) {
    let objects = place.objects();
    let name = Digest::of(b"what decides the bytes");
    let (mut object, done) = objects.resume(name, X).expect("begun");
    assert_eq!(done, 0);
    object.write_all(b"one").and_then(|()| object.mark()).expect("marked");
    object.write_all(b"half of tw").expect("written");
    drop(object);
    let (mut object, done) = objects.resume(name, X).expect("gone on with");
    assert_eq!(done, 3);
    object.write_all(b" two").expect("written");
    let stored = object.store().expect("stored");
    assert_eq!((read(objects, &stored).as_slice(), stored.digest), (b"one two".as_slice(), Digest::of(b"one two")));
    assert_eq!(objects.resume(name, X).expect("begun anew").1, 0);
}

fn damage_is_seen_and_made_good(place: &dyn Place) {
    let objects = place.objects();
    let (stored, other) = (put(objects, b"one"), put(objects, b"other"));
    place.damage_object(&stored);
    assert!(!objects.holds(&stored) && objects.holds(&other));
    put(objects, b"one");
    assert!(objects.holds(&stored) && read(objects, &stored) == b"one");
    place.damage_object(&stored);
    let (checked, damaged) = objects.verify().expect("verified");
    assert_eq!((checked, damaged.len()), (2, 1));
    assert!(!objects.has(&stored) && objects.has(&other));
}

fn what_is_not_kept_is_swept(place: &dyn Place) {
    let objects = place.objects();
    let (one, three) = (put(objects, b"one"), put(objects, b"three"));
    assert_eq!(objects.sweep(&|kept| kept.name == one.object()).expect("swept"), 5);
    assert!(objects.holds(&one) && !objects.has(&three));
    let names: Vec<(String, u64)> = objects.list().into_iter().map(|kept| (kept.name, kept.bytes)).collect();
    assert_eq!(names, [(one.object(), 3)]);
}

fn a_record_is_published_once(place: &dyn Place) {
    let objects = place.objects();
    let records = place.records();
    let outputs = vec![put(objects, b"one")];
    let (first, second) = (record("key", outputs.clone(), "first"), record("key", outputs, "second"));
    assert_eq!(records.find(first.key), Ok(None));
    assert_eq!(records.publish(first.clone(), None).expect("published"), first);
    assert_eq!(records.publish(second, None).expect("published"), first, "the loser takes the winner's");
    assert_eq!(records.find(first.key), Ok(Some(first.clone())));
    let racers: Vec<Record> = (0..8).map(|at| record("race", Vec::new(), &at.to_string())).collect();
    let stands: Vec<Record> = std::thread::scope(|scope| {
        let racing: Vec<_> =
            racers.iter().map(|mine| scope.spawn(|| records.publish(mine.clone(), None).expect("published"))).collect();
        racing.into_iter().map(|one| one.join().expect("no panic")).collect()
    });
    assert!(stands.iter().all(|one| *one == stands[0]), "all are told of the same one");
    assert_eq!(records.all().len(), 2);
    records.forget(first.key).expect("forgotten");
    records.forget(first.key).expect("forgotten again");
    assert_eq!((records.find(first.key), records.all().len()), (Ok(None), 1));
}

fn a_record_is_replaced_by_who_knows_it(place: &dyn Place) {
    let records = place.records();
    let [first, second, third] = ["first", "second", "third"].map(|notes| record("key", Vec::new(), notes));
    records.publish(first.clone(), None).expect("published");
    assert_eq!(records.publish(second.clone(), Some(&first)).expect("published"), second);
    assert_eq!(records.publish(third, Some(&first)).expect("published"), second, "another stands meanwhile");
    assert_eq!(records.find(second.key), Ok(Some(second)));
}

fn a_damaged_record_is_a_problem_and_replaced(place: &dyn Place) {
    let records = place.records();
    let [first, second] = ["first", "second"].map(|notes| record("key", Vec::new(), notes));
    records.publish(first.clone(), None).expect("published");
    place.damage_record(first.key);
    assert_eq!(records.find(first.key).expect_err("damaged").key, first.key);
    assert!(records.all().is_empty());
    assert_eq!(records.publish(second.clone(), None).expect("published"), second);
    assert_eq!(records.find(first.key), Ok(Some(second)));
    place.damage_record(first.key);
    assert_eq!(records.verify().expect("verified").len(), 1);
    assert_eq!(records.find(first.key), Ok(None), "set aside");
}

fn the_last_history_stands(place: &dyn Place) {
    let records = place.records();
    assert_eq!(records.history("a"), History::default());
    let mut history = History::default();
    history.nodes.insert("n".to_owned(), Last::default());
    records.write_history("a", &History::default()).expect("written");
    records.write_history("a", &history).expect("written");
    assert_eq!(records.history("a"), history);
    assert_eq!(records.histories(), BTreeMap::from([("a".to_owned(), history)]));
}

/// The local folder.
struct Local {
    store: Store,
    folder: TempDir,
}

impl Local {
    fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        Self { store: Store::open(folder.path()).expect("it opens"), folder }
    }
}

impl Place for Local {
    fn objects(&self) -> &dyn Objects {
        self.store.objects()
    }

    fn records(&self) -> &dyn Records {
        self.store.records()
    }

    fn damage_object(&self, stored: &Stored) {
        let path = self.objects().get(stored).expect("it is had");
        let mut bytes = fs::read(&path).expect("it reads");
        bytes[0] ^= 1;
        // A file of its own, as objects are read-only and may be open.
        fs::remove_file(&path).and_then(|()| fs::write(path, bytes)).expect("damaged");
    }

    fn damage_record(&self, key: Digest) {
        let text = key.to_string();
        let path = self.folder.path().join("actions").join(&text[..2]).join(format!("{text}.json"));
        let whole = fs::read(&path).expect("it reads");
        fs::write(path, &whole[..whole.len() / 2]).expect("torn");
    }
}

/// Objects and records in memory; `get` writes a file, as a store elsewhere brings one.
struct Memory {
    kept: Arc<Mutex<Contents>>,
    here: TempDir,
}

#[derive(Default)]
struct Contents {
    objects: BTreeMap<String, Vec<u8>>,
    begun: BTreeMap<Digest, Vec<u8>>,
    records: BTreeMap<Digest, Vec<u8>>,
    histories: BTreeMap<String, History>,
}

/// An object on its way into memory.
struct InMemory {
    kept: Arc<Mutex<Contents>>,
    name: Option<Digest>,
    bytes: Vec<u8>,
}

impl Write for InMemory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Incoming for InMemory {
    fn mark(&mut self) -> io::Result<()> {
        if let Some(name) = self.name {
            self.kept.lock().expect("no panic").begun.insert(name, self.bytes.clone());
        }
        Ok(())
    }

    fn store(self: Box<Self>) -> io::Result<Stored> {
        let stored = X.stored(Digest::of(&self.bytes), self.bytes.len() as u64);
        let mut kept = self.kept.lock().expect("no panic");
        if let Some(name) = self.name {
            kept.begun.remove(&name);
        }
        kept.objects.insert(stored.object(), self.bytes);
        Ok(stored)
    }
}

impl Memory {
    fn new() -> Self {
        Self { kept: Arc::default(), here: TempDir::new().expect("a folder") }
    }

    fn kept(&self) -> MutexGuard<'_, Contents> {
        self.kept.lock().expect("no panic")
    }
}

fn whole(name: &str, bytes: &[u8]) -> bool {
    name.starts_with(&Digest::of(bytes).to_string())
}

impl Objects for Memory {
    fn create(&self, _: Output<'_>) -> io::Result<Box<dyn Incoming>> {
        Ok(Box::new(InMemory { kept: Arc::clone(&self.kept), name: None, bytes: Vec::new() }))
    }

    fn resume(&self, name: Digest, _: Output<'_>) -> io::Result<(Box<dyn Incoming>, u64)> {
        let bytes = self.kept().begun.get(&name).cloned().unwrap_or_default();
        let done = bytes.len() as u64;
        Ok((Box::new(InMemory { kept: Arc::clone(&self.kept), name: Some(name), bytes }), done))
    }

    fn get(&self, stored: &Stored) -> io::Result<PathBuf> {
        let bytes = self.kept().objects.get(&stored.object()).cloned().ok_or(io::ErrorKind::NotFound)?;
        let path = self.here.path().join(stored.object());
        if !path.exists() {
            fs::write(&path, bytes)?;
        }
        Ok(path)
    }

    fn has(&self, stored: &Stored) -> bool {
        self.kept().objects.contains_key(&stored.object())
    }

    fn holds(&self, stored: &Stored) -> bool {
        let mut kept = self.kept();
        let name = stored.object();
        let holds = kept.objects.get(&name).is_some_and(|bytes| whole(&name, bytes));
        if !holds {
            kept.objects.remove(&name);
        }
        holds
    }

    fn remove(&self, stored: &Stored) -> io::Result<()> {
        self.kept().objects.remove(&stored.object());
        Ok(())
    }

    fn list(&self) -> Vec<Kept> {
        let kept = self.kept();
        let of = |(name, bytes): (&String, &Vec<u8>)| Kept {
            name: name.clone(),
            bytes: bytes.len() as u64,
            written: SystemTime::UNIX_EPOCH,
        };
        kept.objects.iter().map(of).collect()
    }

    fn verify(&self) -> Result<(usize, Vec<PathBuf>), StoreError> {
        let mut kept = self.kept();
        let checked = kept.objects.len();
        let mut damaged = Vec::new();
        kept.objects.retain(|name, bytes| {
            whole(name, bytes) || {
                damaged.push(PathBuf::from(name));
                false
            }
        });
        Ok((checked, damaged))
    }

    fn sweep(&self, keep: &dyn Fn(&Kept) -> bool) -> Result<u64, StoreError> {
        let gone: Vec<Kept> = self.list().into_iter().filter(|kept| !keep(kept)).collect();
        let mut kept = self.kept();
        kept.begun.clear();
        Ok(gone.into_iter().filter(|one| kept.objects.remove(&one.name).is_some()).map(|one| one.bytes).sum())
    }
}

impl Records for Memory {
    fn find(&self, key: Digest) -> Result<Option<Record>, RecordProblem> {
        let kept = self.kept();
        let Some(text) = kept.records.get(&key) else { return Ok(None) };
        match format::read(text) {
            Ok(format::Read::Now(record)) => Ok(Some(record)),
            Ok(format::Read::Before(..)) => unreachable!("nothing of before is kept here"),
            Err(problem) => Err(RecordProblem { key, problem }),
        }
    }

    fn publish(&self, record: Record, over: Option<&Record>) -> Result<Record, StoreError> {
        let mut kept = self.kept();
        let stands = kept.records.get(&record.key).and_then(|text| match format::read(text) {
            Ok(format::Read::Now(stands)) => Some(stands),
            _ => None,
        });
        match stands {
            Some(stands) if over != Some(&stands) => Ok(stands),
            _ => {
                kept.records.insert(record.key, format::text(&record));
                Ok(record)
            }
        }
    }

    fn all(&self) -> Vec<Record> {
        let keys: Vec<Digest> = self.kept().records.keys().copied().collect();
        keys.into_iter().filter_map(|key| self.find(key).ok().flatten()).collect()
    }

    fn forget(&self, key: Digest) -> Result<(), StoreError> {
        self.kept().records.remove(&key);
        Ok(())
    }

    fn verify(&self) -> Result<Vec<PathBuf>, StoreError> {
        let mut kept = self.kept();
        let mut damaged = Vec::new();
        kept.records.retain(|key, text| {
            format::read(text).is_ok() || {
                damaged.push(PathBuf::from(key.to_string()));
                false
            }
        });
        Ok(damaged)
    }

    fn history(&self, recipe: &str) -> History {
        self.kept().histories.get(recipe).cloned().unwrap_or_default()
    }

    fn histories(&self) -> BTreeMap<String, History> {
        self.kept().histories.clone()
    }

    fn write_history(&self, recipe: &str, history: &History) -> Result<(), StoreError> {
        self.kept().histories.insert(recipe.to_owned(), history.clone());
        Ok(())
    }
}

impl Place for Memory {
    fn objects(&self) -> &dyn Objects {
        self
    }

    fn records(&self) -> &dyn Records {
        self
    }

    fn damage_object(&self, stored: &Stored) {
        self.kept().objects.get_mut(&stored.object()).expect("it is there")[0] ^= 1;
    }

    fn damage_record(&self, key: Digest) {
        *self.kept().records.get_mut(&key).expect("it is there").last_mut().expect("not empty") ^= 1;
    }
}

#[test]
fn the_local_folder_is_a_store() {
    suite(&|| Box::new(Local::new()));
}

#[test]
fn a_store_in_memory_is_a_store() {
    suite(&|| Box::new(Memory::new()));
}

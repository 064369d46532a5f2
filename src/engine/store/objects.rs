//! The seam for values: what a place that keeps them by content must do.

use std::io;
use std::path::PathBuf;
use std::time::SystemTime;

use crate::digest::Digest;
use crate::engine::record::Stored;
use crate::engine::store::error::StoreError;
use crate::value::Value;
use crate::value::error::ReadError;
use crate::value::ty::Type;

/// What an object is an output of.
#[derive(Clone, Copy, Debug)]
pub struct Output<'a> {
    pub port: &'a str,
    /// The entry of a keyed output, or the number of a fold.
    pub key: Option<&'a str>,
    pub ty: Type,
}

impl Output<'_> {
    /// The output, once its bytes are known.
    pub fn stored(&self, digest: Digest, bytes: u64) -> Stored {
        Stored { port: self.port.to_owned(), key: self.key.map(str::to_owned), ty: self.ty, digest, bytes }
    }
}

/// An object on its way into a store.
pub trait Incoming: io::Write + Send {
    /// What was written so far will be gone on with if this process ends here, where the object was opened by `resume`.
    fn mark(&mut self) -> io::Result<()>;
    /// Keeps the object under its digest. Without it nothing is kept but what was marked.
    fn store(self: Box<Self>) -> io::Result<Stored>;
}

/// An object that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// As `Stored::object` spells it.
    pub name: String,
    pub bytes: u64,
    /// When it was last written.
    pub written: SystemTime,
}

/// Values by content.
///
/// The local folder is one, and a store elsewhere would be another: `tests` runs one suite over whatever implements this. Such
/// a store promises:
/// - *Whole or not there.* An object appears under its name with all its bytes or not at all, whatever is killed or cut off
///   when; its digest is taken of the bytes as they are written, never believed. Equal bytes put twice are one object,
///   and whoever reads the first is not disturbed by the second.
/// - *`get` gives a file here*, which stays as it is while anybody has it open: readers map it into memory. A store elsewhere
///   brings the bytes first, hashes them on the way, and refuses others than the name says.
/// - *`holds` is a verdict about bytes*, and an error is no verdict: what cannot be looked at now is not held now, and is neither
///   moved nor deleted for it. It may remember what it saw, but on this host only.
/// - *Nothing is swept that `keep` wants*, and nothing under the eyes of a run that uses it: whoever sweeps sees to that.
pub trait Objects: Send + Sync {
    /// Opens an object to stream into.
    fn create(&self, output: Output<'_>) -> io::Result<Box<dyn Incoming>>;

    /// Opens an object that an earlier computation of the same name may have begun; gives the bytes that it goes on after.
    ///
    /// `name` says what decides the bytes. What was marked is trusted where its digest stands. One process at a time has it.
    fn resume(&self, name: Digest, output: Output<'_>) -> io::Result<(Box<dyn Incoming>, u64)>;

    /// A file on this machine with the object's bytes.
    fn get(&self, stored: &Stored) -> io::Result<PathBuf>;

    /// Whether there is an object of that name, without a look at its bytes.
    fn has(&self, stored: &Stored) -> bool;

    /// Whether the object is there with the bytes that its record names. A damaged one is set aside.
    fn holds(&self, stored: &Stored) -> bool;

    /// Deletes an object; its record stays and can make it again. One that is not there is deleted.
    fn remove(&self, stored: &Stored) -> io::Result<()>;

    /// All objects, in no order.
    fn list(&self) -> Vec<Kept>;

    /// Hashes every object again and sets aside those whose bytes are not their name's; gives how many it hashed, and where
    /// the damaged ones lie now.
    fn verify(&self) -> Result<(usize, Vec<PathBuf>), StoreError>;

    /// Deletes the objects for which `keep` says no, and what computations that were not finished may go on with; gives the
    /// bytes freed.
    fn sweep(&self, keep: &dyn Fn(&Kept) -> bool) -> Result<u64, StoreError>;

    /// Stores a value.
    fn put(&self, port: &str, key: Option<&str>, value: &Value) -> io::Result<Stored> {
        let mut object = self.create(Output { port, key, ty: value.ty() })?;
        value.write(&mut object)?;
        object.store()
    }

    /// Reads a stored value; large ones stay on disk and are mapped.
    fn value(&self, stored: &Stored) -> Result<Value, ReadError> {
        let path = self.get(stored).map_err(|error| ReadError::new(stored.object().as_ref(), error))?;
        Value::read(stored.ty, &path)
    }
}

//! One computation of a node: what arrives, where its outputs go, and what it asks of whoever runs it.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::digest::Digest;
use crate::kind::declared::Declared;
use crate::kind::error::KindError;
use crate::kind::product::{Ingredients, Product};
use crate::value::Value;
use crate::value::codec;
use crate::value::fit;
use crate::value::fit::Fit;
use crate::value::images::Images;
use crate::value::labels::Labels;
use crate::value::matrix;
use crate::value::matrix::{Matrix, Stored};
use crate::value::network::Network;
use crate::value::responses::Responses;
use crate::value::split::Split;
use crate::value::table::Table;
use crate::value::ty::Type;

/// An input as it comes to a computation.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Arrival {
    /// What the edge is called where a port takes many: swept variables and values, or one `label`.
    pub label: Vec<(String, Json)>,
    /// The key of a keyed or folded output, where the reference names none and the value has several.
    pub key: Option<String>,
    pub ty: Type,
    pub digest: Digest,
    /// The object in the store; it is not there where a product stands in for it.
    pub path: PathBuf,
}

/// What an epoch of a training came to, by name, such as `train_loss`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Epoch {
    pub epoch: u64,
    pub values: BTreeMap<String, f64>,
}

/// What a computation says while it is under way, to whoever watches; on its way there it is one message, whatever it says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// How far it is, in units of `what`, such as `images`.
    Progress { done: u64, total: u64, what: String },
    /// Something a person should know: kept in the record and shown in the report.
    Note { text: String },
    /// The version of something that computes with it, such as an interpreter: kept in the record, and part of no key.
    Version { name: String, version: String },
    /// What a training's epoch came to; numbers that are not finite are left out on the way.
    Metric(Epoch),
    /// What the epochs came to that a training goes on after: they are not told again one by one.
    Resumed { epochs: Vec<Epoch> },
}

/// What a computation asks of whoever runs it.
pub trait Host {
    /// Stores a value as an output.
    fn emit(&mut self, port: &str, key: Option<&str>, value: &Value) -> io::Result<()>;
    /// Opens an output of a known type to stream into.
    fn open(&mut self, port: &str, key: Option<&str>, ty: Type) -> io::Result<Box<dyn Sink>>;
    /// Opens an output that an earlier computation of the same action may have begun; gives the bytes that it goes on after.
    /// `detail` is what decides the bytes beside the action, such as the batch.
    fn resume(&mut self, port: &str, key: Option<&str>, ty: Type, _detail: &str) -> io::Result<(Box<dyn Sink>, u64)> {
        Ok((self.open(port, key, ty)?, 0))
    }
    /// A number that was measured once on this machine, and is fixed since bytes depend on it.
    fn tuned(&mut self, _what: &str) -> Option<usize> {
        Some(8)
    }
    /// Fixes such a number, unless somebody else just did; gives the one that stands.
    fn tune(&mut self, _what: &str, measured: usize) -> io::Result<usize> {
        Ok(measured)
    }
    /// The object of a product, if it is kept, with its digest.
    fn find(&mut self, _product: &Ingredients) -> Option<(PathBuf, Digest)> {
        None
    }
    /// Waits until nobody else makes a product; it is this computation's until what is returned is dropped.
    fn claim(&mut self, _product: &Ingredients) -> io::Result<Box<dyn std::any::Any>> {
        Ok(Box::new(()))
    }
    /// Keeps a product that took `seconds` to make, and gives its digest.
    fn keep(&mut self, _product: &Ingredients, value: &Value, _seconds: f64) -> io::Result<Digest> {
        let mut bytes = Vec::new();
        value.write(&mut bytes)?;
        Ok(Digest::of(&bytes))
    }
    /// Sets memory aside for the rest of the computation, in all and not on top of what it asked for before; waits where
    /// others of the run hold it, and is refused in words where the machine has less.
    fn reserve(&mut self, _bytes: u64) -> Result<(), String> {
        Ok(())
    }
    /// Bytes of disk that outputs may still take.
    fn disk(&self) -> u64 {
        u64::MAX
    }
    /// The state that an earlier computation with the same ingredients kept last; device and threads count as ingredients too,
    /// since bytes depend on them.
    fn checkpoint(&mut self, _of: &Ingredients) -> Option<Vec<u8>> {
        None
    }
    /// Keeps the state of a long computation, over the one kept before.
    fn keep_checkpoint(&mut self, _of: &Ingredients, _state: &[u8]) -> io::Result<()> {
        Ok(())
    }
    /// The program that watches over one of a person's own, so that nothing of it is left: it takes `--step`, bytes of memory,
    /// seconds, bytes of disk and the command. None where there is none, as in tests.
    fn supervisor(&self) -> Option<PathBuf> {
        None
    }
    /// What the computation may take, where it heeds that.
    fn limits(&self) -> Limits {
        Limits::default()
    }
    /// Tells whoever watches; nobody does unless this says how.
    fn signal(&mut self, _signal: Signal) {}
    /// An epoch of a training is done; for whoever watches.
    fn metric(&mut self, epoch: Epoch) {
        self.signal(Signal::Metric(epoch));
    }
    /// The training goes on from an earlier one, whose epochs these are: they are not told again one by one.
    fn resumed(&mut self, epochs: Vec<Epoch>) {
        self.signal(Signal::Resumed { epochs });
    }
    /// How far the computation is, in units of `what`, such as `images`.
    fn progress(&mut self, done: u64, total: u64, what: &str) {
        self.signal(Signal::Progress { done, total, what: what.to_owned() });
    }
    /// Something a person should know: kept in the record and shown in the report.
    fn note(&mut self, text: &str) {
        self.signal(Signal::Note { text: text.to_owned() });
    }
    /// The version of something that computes with it: kept in the record.
    fn version(&mut self, name: &str, version: &str) {
        self.signal(Signal::Version { name: name.to_owned(), version: version.to_owned() });
    }
}

/// What a computation may take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// Bytes of memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// Bytes of disk beside its inputs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk: Option<u64>,
}

/// An output that is streamed.
pub trait Sink: io::Write + Send {
    /// What was written so far will be gone on with, where the output can be.
    fn mark(&mut self) -> io::Result<()> {
        Ok(())
    }
    /// Stores what was written; without it nothing is.
    fn finish(self: Box<Self>) -> io::Result<()>;
}

/// One computation: its inputs, where its files lie, and where its outputs go.
pub struct Run<'a> {
    pub inputs: BTreeMap<String, Vec<Arrival>>,
    /// The paths of file parameters, resolved, with the digests of their contents.
    pub files: BTreeMap<String, (PathBuf, Digest)>,
    /// Where the files and folders that upstream images refer to lie now.
    pub sources: BTreeMap<Digest, PathBuf>,
    pub device: crate::device::Device,
    /// Images per batch, fixed per machine.
    pub batch: usize,
    /// The output ports that somebody reads; absent where all are asked for.
    pub wanted: Option<BTreeSet<String>>,
    /// What the kinds that lineages and fits name say of themselves.
    pub declared: BTreeMap<&'static str, Declared>,
    pub host: &'a mut dyn Host,
}

impl Run<'_> {
    /// What arrives at a port; empty where an optional port is not connected.
    pub fn arrivals(&self, port: &str) -> &[Arrival] {
        self.inputs.get(port).map_or(&[], Vec::as_slice)
    }

    /// Whether an optional port is connected.
    pub fn has(&self, port: &str) -> bool {
        !self.arrivals(port).is_empty()
    }

    /// Whether somebody reads an output port; a kind may leave out the lazy ones that nobody does.
    pub fn wants(&self, port: &str) -> bool {
        self.wanted.as_ref().is_none_or(|wanted| wanted.contains(port))
    }

    /// The single value at a port, of any type.
    pub fn value(&self, port: &str) -> Result<Value, KindError> {
        match self.arrivals(port) {
            [one] => Ok(Value::read(one.ty, &one.path)?),
            [] => Err(KindError::new(format!("nothing arrives at `{port}`"))),
            many => {
                let keys: Vec<&str> = many.iter().filter_map(|a| a.key.as_deref()).collect();
                Err(KindError::new(format!(
                    "`{port}` takes one value, but {} arrive (keys {}); name one, as in `node[{}]`",
                    many.len(),
                    keys.join(", "),
                    keys.first().unwrap_or(&"key")
                )))
            }
        }
    }

    /// The images at a port.
    pub fn images(&self, port: &str) -> Result<Images, KindError> {
        match self.value(port)? {
            Value::Images(value) => Ok(value),
            other => Err(mismatch(port, Type::Images, other.ty())),
        }
    }

    /// The single matrix at a port.
    pub fn matrix(&self, port: &str) -> Result<Matrix, KindError> {
        match self.value(port)? {
            Value::Matrix(value) => Ok(value),
            other => Err(mismatch(port, Type::Matrix, other.ty())),
        }
    }

    /// The matrix at a port for one round of a split: the fold's own where upstream fits were made per fold, else
    /// the one that serves all.
    pub fn matrix_of_fold(&self, port: &str, fold: Option<usize>) -> Result<Matrix, KindError> {
        let one = self.arrival_of_fold(port, fold)?;
        match Value::read(one.ty, &one.path)? {
            Value::Matrix(value) => Ok(value),
            other => Err(mismatch(port, Type::Matrix, other.ty())),
        }
    }

    /// What `matrix_of_fold` reads.
    pub fn arrival_of_fold(&self, port: &str, fold: Option<usize>) -> Result<&Arrival, KindError> {
        let arrivals = self.arrivals(port);
        let key = fold.map(|fold| fold.to_string());
        let one = match (arrivals, &key) {
            ([one], None) => one,
            ([one], Some(_)) if one.key.is_none() => one,
            (many, Some(key)) => many.iter().find(|a| a.key.as_deref() == Some(key)).ok_or_else(|| {
                KindError::new(format!(
                    "`{port}` has no fold {key}; it was made under another split ({} folds)",
                    many.len()
                ))
            })?,
            (many, None) => {
                return Err(KindError::new(format!(
                    "`{port}` was fitted per fold ({} folds), but `split` is a hold-out; both need the same split",
                    many.len()
                )));
            }
        };
        Ok(one)
    }

    /// The responses at a port.
    pub fn responses(&self, port: &str) -> Result<Responses, KindError> {
        match self.value(port)? {
            Value::Responses(value) => Ok(value),
            other => Err(mismatch(port, Type::Responses, other.ty())),
        }
    }

    /// The labels at a port.
    pub fn labels(&self, port: &str) -> Result<Labels, KindError> {
        match self.value(port)? {
            Value::Labels(value) => Ok(value),
            other => Err(mismatch(port, Type::Labels, other.ty())),
        }
    }

    /// The split at a port.
    pub fn split(&self, port: &str) -> Result<Split, KindError> {
        match self.value(port)? {
            Value::Split(value) => Ok(value),
            other => Err(mismatch(port, Type::Split, other.ty())),
        }
    }

    /// The network at a port.
    pub fn network(&self, port: &str) -> Result<Network, KindError> {
        match self.value(port)? {
            Value::Network(value) => Ok(value),
            other => Err(mismatch(port, Type::Network, other.ty())),
        }
    }

    /// The fit at a port.
    pub fn fit(&self, port: &str) -> Result<Fit, KindError> {
        match self.value(port)? {
            Value::Fit(value) => Ok(value),
            other => Err(mismatch(port, Type::Fit, other.ty())),
        }
    }

    /// The single table at a port.
    pub fn table(&self, port: &str) -> Result<Table, KindError> {
        match self.value(port)? {
            Value::Table(value) => Ok(value),
            other => Err(mismatch(port, Type::Table, other.ty())),
        }
    }

    /// A product of the values `of`, and its digest: from the store, else made and stored.
    pub fn product(
        &mut self,
        product: Product,
        of: Digest,
        detail: Option<Digest>,
        ty: Type,
        make: impl FnOnce(&mut Self) -> Result<Value, KindError>,
    ) -> Result<(Value, Digest), KindError> {
        let ingredients = product.ingredients(of, detail);
        let read = |(path, digest): (PathBuf, Digest)| Ok::<_, KindError>((Value::read(ty, &path)?, digest));
        if let Some(found) = self.host.find(&ingredients) {
            return read(found);
        }
        let _claim = self.host.claim(&ingredients).map_err(|e| cannot_store(product.name, &e))?;
        if let Some(found) = self.host.find(&ingredients) {
            return read(found);
        }
        let start = std::time::Instant::now();
        let value = make(self)?;
        let seconds = start.elapsed().as_secs_f64();
        let digest = self.host.keep(&ingredients, &value, seconds).map_err(|e| cannot_store(product.name, &e))?;
        Ok((value, digest))
    }

    /// Sets memory aside before a computation that will need it: the most it will hold at any time. Where the machine has
    /// less, an error says so and what would need less.
    pub fn reserve(&mut self, bytes: u64, advice: &str) -> Result<(), KindError> {
        self.host.reserve(bytes).map_err(|refusal| KindError::new(format!("{refusal}; {advice}")))
    }

    /// The path of a file parameter and the digest of its content.
    pub fn file(&self, param: &str) -> (&Path, Digest) {
        let (path, digest) = self.files.get(param).expect("the executor resolves every file parameter");
        (path, *digest)
    }

    /// Stores an output.
    pub fn emit(&mut self, port: &str, value: Value) -> Result<(), KindError> {
        self.host.emit(port, None, &value).map_err(|e| cannot_store(port, &e))
    }

    /// Stores one entry of a keyed or folded output.
    pub fn emit_keyed(&mut self, port: &str, key: &str, value: Value) -> Result<(), KindError> {
        self.host.emit(port, Some(key), &value).map_err(|e| cannot_store(port, &e))
    }

    /// Stores an output of one round: keyed by fold under folds.
    pub fn emit_round(&mut self, port: &str, fold: Option<usize>, value: Value) -> Result<(), KindError> {
        match fold {
            None => self.emit(port, value),
            Some(fold) => self.emit_keyed(port, &fold.to_string(), value),
        }
    }

    /// Opens a matrix output of a known shape, whose rows are then written in order.
    pub fn open_matrix(
        &mut self,
        port: &str,
        key: Option<&str>,
        about: &matrix::About,
        rows: usize,
        columns: usize,
    ) -> Result<MatrixSink, KindError> {
        let header = Matrix::header(about, Stored::F32, rows, columns).map_err(|e| cannot_store(port, &e))?;
        self.open_floats(port, key, Type::Matrix, Stored::F32, &header, rows * columns)
    }

    /// Opens a matrix output that an earlier computation may have begun, in some precision; gives the rows that are there.
    pub fn resume_matrix(
        &mut self,
        (port, key): (&str, Option<&str>),
        about: &matrix::About,
        stored: Stored,
        (rows, columns): (usize, usize),
        detail: &str,
    ) -> Result<(MatrixSink, usize), KindError> {
        let header = Matrix::header(about, stored, rows, columns).map_err(|e| cannot_store(port, &e))?;
        let opened = self.host.resume(port, key, Type::Matrix, detail);
        let (mut sink, bytes) = opened.map_err(|e| cannot_store(port, &e))?;
        let row = (columns * stored.size()) as u64;
        let done = match bytes.checked_sub(header.len() as u64) {
            // The first mark stands after the header.
            None => {
                io::Write::write_all(&mut sink, &header).map_err(|e| cannot_store(port, &e))?;
                0
            }
            Some(rest) => rest.checked_div(row).unwrap_or(0) as usize,
        };
        let left = (rows - done) * columns;
        Ok((MatrixSink { sink, port: port.to_owned(), stored, left, bytes: Vec::new() }, done))
    }

    /// Opens a fit output whose arrays have known names and shapes and are then written in their order.
    pub fn open_fit(
        &mut self,
        port: &str,
        key: Option<&str>,
        about: &fit::About,
        arrays: &[(&str, Vec<usize>)],
    ) -> Result<MatrixSink, KindError> {
        let header = Fit::header(about, arrays).map_err(|e| cannot_store(port, &e))?;
        let floats = arrays.iter().map(|(_, shape)| shape.iter().product::<usize>()).sum();
        self.open_floats(port, key, Type::Fit, Stored::F32, &header, floats)
    }

    fn open_floats(
        &mut self,
        port: &str,
        key: Option<&str>,
        ty: Type,
        stored: Stored,
        header: &[u8],
        floats: usize,
    ) -> Result<MatrixSink, KindError> {
        let mut sink = self.host.open(port, key, ty).map_err(|e| cannot_store(port, &e))?;
        io::Write::write_all(&mut sink, header).map_err(|e| cannot_store(port, &e))?;
        Ok(MatrixSink { sink, port: port.to_owned(), stored, left: floats, bytes: Vec::new() })
    }

    /// Tells how far the computation is.
    pub fn progress(&mut self, done: u64, total: u64, what: &str) {
        self.host.progress(done, total, what);
    }

    /// Says something a person should know.
    pub fn note(&mut self, text: impl AsRef<str>) {
        self.host.note(text.as_ref());
    }

    /// Says the version of something that computes with it, such as an interpreter.
    pub fn version(&mut self, name: &str, version: &str) {
        self.host.version(name, version);
    }
}

/// A matrix that is written row by row, or a fit that is written array by array.
pub struct MatrixSink {
    sink: Box<dyn Sink>,
    port: String,
    stored: Stored,
    left: usize,
    bytes: Vec<u8>,
}

impl MatrixSink {
    /// Writes whole rows, row-major.
    pub fn write(&mut self, rows: &[f32]) -> Result<(), KindError> {
        assert!(rows.len() <= self.left, "more rows than the matrix was opened for");
        self.left -= rows.len();
        if self.stored == Stored::F32 {
            return self.sink.write_all(codec::bytes_of(rows)).map_err(|e| cannot_store(&self.port, &e));
        }
        self.stored.encode(rows, &mut self.bytes).map_err(|at| {
            KindError::new(format!(
                "`{}` holds {}, but 16-bit floats end at 65504; store it as `bf16` or `f32`",
                self.port, rows[at]
            ))
        })?;
        self.sink.write_all(&self.bytes).map_err(|e| cannot_store(&self.port, &e))
    }

    /// What was written so far will be gone on with if this computation is killed.
    pub fn mark(&mut self) -> Result<(), KindError> {
        self.sink.mark().map_err(|e| cannot_store(&self.port, &e))
    }

    /// Stores the matrix; every row must have been written.
    pub fn finish(self) -> Result<(), KindError> {
        assert_eq!(self.left, 0, "fewer rows than the matrix was opened for");
        self.sink.finish().map_err(|e| cannot_store(&self.port, &e))
    }
}

fn mismatch(port: &str, wanted: Type, got: Type) -> KindError {
    KindError::new(format!("`{port}` takes {wanted}, but {got} arrives"))
}

fn cannot_store(port: &str, error: &io::Error) -> KindError {
    KindError::new(format!("cannot store `{port}`: {error}"))
}

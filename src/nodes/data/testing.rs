//! A host that keeps outputs in a temporary folder, so that a kind runs as it does in the worker.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use crate::device::Device;
use crate::digest::Digest;
use crate::formats::listing;
use crate::kind::{Arrival, Compute, Host, Kind, KindError, NodeKind, Run, Sink};
use crate::value::Value;
use crate::value::ty::Type;

/// One node and its surroundings.
pub struct Bench {
    folder: tempfile::TempDir,
    pub notes: Vec<String>,
    inputs: BTreeMap<String, Vec<Arrival>>,
    pub sources: BTreeMap<Digest, PathBuf>,
}

struct FileSink(File);

impl Write for FileSink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Sink for FileSink {
    fn finish(self: Box<Self>) -> io::Result<()> {
        Ok(())
    }
}

struct Outputs<'a> {
    folder: &'a Path,
    notes: &'a mut Vec<String>,
}

impl Host for Outputs<'_> {
    fn emit(&mut self, port: &str, _: Option<&str>, value: &Value) -> io::Result<()> {
        value.write(&mut File::create(self.folder.join(port))?)
    }

    fn open(&mut self, port: &str, _: Option<&str>, _: Type) -> io::Result<Box<dyn Sink>> {
        Ok(Box::new(FileSink(File::create(self.folder.join(port))?)))
    }

    fn progress(&mut self, _: u64, _: u64, _: &str) {}

    fn note(&mut self, text: &str) {
        self.notes.push(text.to_owned());
    }
}

impl Bench {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { folder, notes: Vec::new(), inputs: BTreeMap::new(), sources: BTreeMap::new() }
    }

    /// Connects a value to an input port.
    pub fn input(mut self, port: &str, value: &Value) -> Self {
        let path = self.folder.path().join(format!("in-{port}"));
        value.write(&mut File::create(&path).unwrap()).unwrap();
        let digest = Digest::of_file(&path).unwrap();
        let arrival = Arrival { label: Vec::new(), key: None, ty: value.ty(), digest, path };
        self.inputs.insert(port.to_owned(), vec![arrival]);
        self
    }

    /// Runs a kind with parameters as a recipe gives them; paths are absolute.
    pub fn run<K: Compute>(&mut self, params: Json) -> Result<(), KindError> {
        let kind = Kind::computed::<K>("data");
        let params = kind.normalise(params).map_err(|problem| KindError::new(problem.message))?;
        let digest = |path: &Path| if path.is_dir() { listing::folder_digest(path) } else { Digest::of_file(path) };
        let mut files = BTreeMap::new();
        for (name, path) in kind.files(&params) {
            let digest = digest(Path::new(path)).map_err(|e| KindError::new(format!("{path}: {e}")))?;
            files.insert(name, (PathBuf::from(path), digest));
            self.sources.insert(digest, PathBuf::from(path));
        }
        let mut host = Outputs { folder: self.folder.path(), notes: &mut self.notes };
        let mut run = Run {
            inputs: self.inputs.clone(),
            files,
            sources: self.sources.clone(),
            device: Device::Cpu,
            batch: 8,
            wanted: None,
            declared: crate::nodes::testing::declared(),
            host: &mut host,
        };
        kind.run(params, &mut run)
    }

    /// An output of the kind, read back.
    pub fn output<K: NodeKind>(&self, port: &str) -> Value {
        let ty = K::OUTPUTS.iter().find(|output| output.name == port).unwrap().ty;
        Value::read(ty, &self.folder.path().join(port)).unwrap()
    }

    /// The bytes of an output.
    pub fn bytes(&self, port: &str) -> Vec<u8> {
        std::fs::read(self.folder.path().join(port)).unwrap()
    }
}

/// The refusal of a run that must fail.
pub fn refusal<K: Compute>(bench: &mut Bench, params: Json) -> String {
    bench.run::<K>(params).expect_err("this input must be refused").message
}

macro_rules! unwrap {
    // A macro, since each variant has a type of its own.
    ($value:expr, $variant:ident) => {
        match $value {
            crate::value::Value::$variant(value) => value,
            other => panic!("{} where {} was expected", other.ty(), stringify!($variant)),
        }
    };
}
pub(crate) use unwrap;

/// A folder beside the repository, absent on most machines. `make test` leaves tests out where it is, whose names begin with
/// `needs_shared` or `needs_python`; run otherwise they fail.
#[track_caller]
pub fn shared(name: &str) -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = package.ancestors().find(|folder| folder.join("tests/fixtures").is_dir()).expect("the repository");
    let path = root.join("../shared/data").join(name);
    assert!(path.exists(), "../shared/data/{name} is not here");
    path
}

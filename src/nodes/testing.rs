//! Runs one kind in a test: values go in by port, outputs are kept in a temporary folder and read back.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::{Arc, LazyLock};

use ndarray::Array2;
use serde_json::{Map, Value as Json, json};
use tempfile::TempDir;

use crate::device::Device;
use crate::digest::Digest;
use crate::kind::{Arrival, Compute, Declared, Host, Ingredients, Kind, KindError, Run, Sink};
use crate::value::Value;
use crate::value::fit::Fit;
use crate::value::matrix;
use crate::value::matrix::Matrix;
use crate::value::network::Network;
use crate::value::responses;
use crate::value::responses::Responses;
use crate::value::split::{Assignment, Part, Split};
use crate::value::stimuli::{Stimuli, Stimulus};
use crate::value::table::Table;
use crate::value::ty::Type;

/// What a kind is given.
pub struct Inputs {
    folder: TempDir,
    inputs: BTreeMap<String, Vec<Arrival>>,
    files: BTreeMap<String, (PathBuf, Digest)>,
    sources: BTreeMap<Digest, PathBuf>,
    wanted: Option<BTreeSet<String>>,
    checkpoints: Checkpoints,
}

/// What trainings kept, by the name of each; shared by computations that are one after the other.
pub type Checkpoints = Rc<RefCell<BTreeMap<Digest, Vec<u8>>>>;

/// What a kind made.
pub struct Outputs {
    _folder: TempDir,
    outputs: BTreeMap<(String, Option<String>), (Type, PathBuf)>,
    pub notes: Vec<String>,
}

/// What the kinds that ship declare.
pub fn declared() -> BTreeMap<&'static str, Declared> {
    static DECLARED: LazyLock<BTreeMap<&'static str, Declared>> = LazyLock::new(|| crate::nodes::registry().declared());
    DECLARED.clone()
}

/// A computation with nothing given yet.
pub fn inputs() -> Inputs {
    Inputs {
        folder: TempDir::new().expect("a temporary folder"),
        inputs: BTreeMap::new(),
        files: BTreeMap::new(),
        sources: BTreeMap::new(),
        wanted: None,
        checkpoints: Checkpoints::default(),
    }
}

impl Inputs {
    /// Where checkpoints of earlier computations are found, and this one's are kept.
    pub fn beside(mut self, checkpoints: &Checkpoints) -> Self {
        self.checkpoints = Rc::clone(checkpoints);
        self
    }

    /// A value at a port.
    pub fn value(self, port: &str, value: &Value) -> Self {
        self.arrives(port, &[], None, value)
    }

    /// A value at a port that takes many, under a label.
    pub fn labelled(self, port: &str, label: &[(&str, Json)], value: &Value) -> Self {
        self.arrives(port, label, None, value)
    }

    /// One entry of a keyed or folded value at a port.
    pub fn keyed(self, port: &str, key: &str, value: &Value) -> Self {
        self.arrives(port, &[], Some(key), value)
    }

    fn arrives(mut self, port: &str, label: &[(&str, Json)], key: Option<&str>, value: &Value) -> Self {
        let arrivals = self.inputs.entry(port.to_owned()).or_default();
        let name = format!("in-{port}-{}.{}", arrivals.len(), value.ty().extension());
        let path = self.folder.path().join(name);
        value.write(&mut File::create(&path).expect("a file")).expect("a written value");
        let digest = Digest::of_file(&path).expect("it reads");
        arrivals.push(Arrival {
            label: label.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
            key: key.map(str::to_owned),
            ty: value.ty(),
            digest,
            path,
        });
        self
    }

    /// Where a file of the sample's own may lie, as long as it lives.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A file parameter, resolved.
    pub fn file(mut self, param: &str, path: PathBuf) -> Self {
        let digest = if path.is_dir() { crate::formats::listing::folder_digest(&path) } else { Digest::of_file(&path) };
        let digest = digest.expect("it reads");
        self.files.insert(param.to_owned(), (path.clone(), digest));
        self.source(digest, path)
    }

    /// Where the pictures of a digest lie.
    pub fn source(mut self, digest: Digest, path: PathBuf) -> Self {
        self.sources.insert(digest, path);
        self
    }

    /// The output ports that are read; without it all are.
    pub fn wanting(mut self, ports: &[&str]) -> Self {
        self.wanted = Some(ports.iter().map(|&port| port.to_owned()).collect());
        self
    }

    /// Computes a kind on the CPU; `params` are checked as a recipe's are.
    pub fn run<K: Compute>(self, params: Json) -> Result<Outputs, KindError> {
        let kind = Kind::computed::<K>("test");
        let params = if params.is_null() { Json::Object(Map::new()) } else { params };
        let params = kind.normalise(params).map_err(|problem| KindError::new(problem.message))?;
        let mut host = Folder {
            path: self.folder.path().to_owned(),
            outputs: BTreeMap::new(),
            notes: Vec::new(),
            checkpoints: self.checkpoints,
        };
        let mut run = Run {
            inputs: self.inputs,
            files: self.files,
            sources: self.sources,
            device: Device::Cpu,
            batch: 8,
            wanted: self.wanted,
            declared: declared(),
            host: &mut host,
        };
        kind.run(params, &mut run)?;
        Ok(Outputs { _folder: self.folder, outputs: host.outputs, notes: host.notes })
    }

    /// The words in which a kind refuses.
    pub fn refusal<K: Compute>(self, params: Json) -> KindError {
        match self.run::<K>(params) {
            Ok(_) => panic!("`{}` refuses", K::NAME),
            Err(error) => error,
        }
    }
}

impl Outputs {
    /// Whether a port was emitted.
    pub fn has(&self, port: &str) -> bool {
        self.outputs.keys().any(|(name, _)| name == port)
    }

    /// The keys under which a port was emitted.
    pub fn keys(&self, port: &str) -> Vec<&str> {
        self.outputs.keys().filter(|(name, _)| name == port).filter_map(|(_, key)| key.as_deref()).collect()
    }

    /// What a port holds.
    pub fn value(&self, port: &str) -> Value {
        self.read(port, None)
    }

    /// One entry of a keyed or folded port.
    pub fn entry(&self, port: &str, key: &str) -> Value {
        self.read(port, Some(key))
    }

    fn read(&self, port: &str, key: Option<&str>) -> Value {
        let (ty, path) = self.outputs.get(&(port.to_owned(), key.map(str::to_owned))).expect("an emitted port");
        Value::read(*ty, path).expect("what was written reads")
    }

    /// Every output, by port and key.
    pub fn all(&self) -> BTreeMap<String, Value> {
        let name =
            |(port, key): &(String, Option<String>)| key.as_ref().map_or(port.clone(), |key| format!("{port}[{key}]"));
        self.outputs.keys().map(|id| (name(id), self.read(&id.0, id.1.as_deref()))).collect()
    }

    /// The bytes of a port's file.
    pub fn bytes(&self, port: &str) -> Vec<u8> {
        std::fs::read(&self.outputs[&(port.to_owned(), None)].1).expect("an emitted port")
    }

    pub fn matrix(&self, port: &str) -> Matrix {
        into_matrix(self.value(port))
    }

    pub fn matrix_of(&self, port: &str, key: &str) -> Matrix {
        into_matrix(self.entry(port, key))
    }

    pub fn responses(&self, port: &str) -> Responses {
        match self.value(port) {
            Value::Responses(value) => value,
            other => panic!("`{port}` holds {}", other.ty()),
        }
    }

    pub fn fit(&self, port: &str) -> Fit {
        match self.value(port) {
            Value::Fit(value) => value,
            other => panic!("`{port}` holds {}", other.ty()),
        }
    }

    pub fn network(&self, port: &str) -> Network {
        match self.value(port) {
            Value::Network(value) => value,
            other => panic!("`{port}` holds {}", other.ty()),
        }
    }

    pub fn table(&self, port: &str) -> Table {
        match self.value(port) {
            Value::Table(value) => value,
            other => panic!("`{port}` holds {}", other.ty()),
        }
    }

    /// A column of numbers in a table, null as NaN.
    pub fn numbers(&self, port: &str, column: &str) -> Vec<f64> {
        let table = self.table(port);
        let column = table.column(column).expect("a column");
        column.f64().expect("64-bit floats").iter().map(|value| value.unwrap_or(f64::NAN)).collect()
    }

    /// A column of text in a table.
    pub fn texts(&self, port: &str, column: &str) -> Vec<String> {
        let table = self.table(port);
        let column = table.column(column).expect("a column");
        column.str().expect("text").iter().map(|value| value.expect("no null").to_owned()).collect()
    }
}

fn into_matrix(value: Value) -> Matrix {
    match value {
        Value::Matrix(value) => value,
        other => panic!("no matrix but {}", other.ty()),
    }
}

/// Keeps outputs as files in a folder.
struct Folder {
    path: PathBuf,
    outputs: BTreeMap<(String, Option<String>), (Type, PathBuf)>,
    notes: Vec<String>,
    checkpoints: Checkpoints,
}

impl Folder {
    fn place(&mut self, port: &str, key: Option<&str>, ty: Type) -> PathBuf {
        let path = self.path.join(format!("out-{}.{}", self.outputs.len(), ty.extension()));
        let known = self.outputs.insert((port.to_owned(), key.map(str::to_owned)), (ty, path.clone()));
        assert!(known.is_none(), "`{port}` was emitted twice");
        path
    }
}

impl Host for Folder {
    fn emit(&mut self, port: &str, key: Option<&str>, value: &Value) -> io::Result<()> {
        let path = self.place(port, key, value.ty());
        value.write(&mut BufWriter::new(File::create(path)?))
    }

    fn open(&mut self, port: &str, key: Option<&str>, ty: Type) -> io::Result<Box<dyn Sink>> {
        let path = self.place(port, key, ty);
        Ok(Box::new(Stream(BufWriter::new(File::create(path)?))))
    }

    fn checkpoint(&mut self, of: &Ingredients) -> Option<Vec<u8>> {
        self.checkpoints.borrow().get(&Digest::of_json(&json!(of))).cloned()
    }

    fn keep_checkpoint(&mut self, of: &Ingredients, state: &[u8]) -> io::Result<()> {
        self.checkpoints.borrow_mut().insert(Digest::of_json(&json!(of)), state.to_vec());
        Ok(())
    }

    fn progress(&mut self, _done: u64, _total: u64, _what: &str) {}

    fn note(&mut self, text: &str) {
        self.notes.push(text.to_owned());
    }
}

struct Stream(BufWriter<File>);

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Sink for Stream {
    fn finish(mut self: Box<Self>) -> io::Result<()> {
        self.0.flush()
    }
}

/// Stimuli `s0`, `s1`, … of one source, without known pixels.
pub fn stimuli(count: usize) -> Stimuli {
    named((0..count).map(|at| format!("s{at}")))
}

/// Stimuli of one source by name.
pub fn named(names: impl IntoIterator<Item = String>) -> Stimuli {
    let list = names.into_iter().map(|name| Stimulus { source: "source".into(), name: Arc::from(name), content: None });
    Stimuli::new(list.collect()).expect("distinct names")
}

/// A matrix whose rows are the given stimuli.
pub fn matrix(stimuli: &Stimuli, data: Array2<f32>) -> Value {
    Value::Matrix(Matrix::new(data, matrix::About { stimuli: Some(stimuli.clone()), ..Default::default() }))
}

/// Predictions of units `u0`, `u1`, …
pub fn predictions(stimuli: &Stimuli, data: Array2<f32>) -> Value {
    let columns = Some(units(data.ncols()));
    Value::Matrix(Matrix::new(data, matrix::About { stimuli: Some(stimuli.clone()), columns, ..Default::default() }))
}

/// Responses of units `u0`, `u1`, … to the given stimuli, without repeats.
pub fn responses(stimuli: &Stimuli, mean: Array2<f32>) -> Value {
    Value::Responses(Responses::new(about(stimuli, mean.ncols()), mean, None))
}

/// What responses of that many units say about themselves.
pub fn about(stimuli: &Stimuli, count: usize) -> responses::About {
    responses::About {
        stimuli: stimuli.clone(),
        units: units(count),
        regions: None,
        subjects: None,
        known: Default::default(),
        true_ceiling: None,
        recording: None,
        lineage: Default::default(),
    }
}

fn units(count: usize) -> Vec<String> {
    (0..count).map(|at| format!("u{at}")).collect()
}

/// A hold-out split: `t`, `v` or `e` (train, val, test) per stimulus.
pub fn hold_out(stimuli: &Stimuli, parts: &str) -> Value {
    let parts = parts.chars().map(|part| match part {
        't' => Part::Train,
        'v' => Part::Val,
        _ => Part::Test,
    });
    Value::Split(Split { stimuli: stimuli.clone(), assignment: Assignment::Parts(parts.collect()) })
}

/// A k-fold split that deals stimuli in turn.
pub fn folds(stimuli: &Stimuli, count: usize) -> Value {
    let fold = (0..stimuli.len()).map(|row| row % count).collect();
    Value::Split(Split { stimuli: stimuli.clone(), assignment: Assignment::Folds { count, fold } })
}

//! What a node kind is: a name, a version, typed parameters and ports, and a computation.
//!
//! A kind is one file under `nodes/`: a params struct (serde and schemars; the doc comment on a field is its
//! manual), an `impl NodeKind`, and, behind the cargo feature `torch`, an `impl Compute`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::digest::Digest;
use crate::value::fit::{self, Fit};
use crate::value::images::Images;
use crate::value::labels::Labels;
use crate::value::matrix::{self, Matrix};
use crate::value::network::Network;
use crate::value::responses::Responses;
use crate::value::split::Split;
use crate::value::table::Table;
use crate::value::{Type, Value};

/// A kind of node, as its file declares it.
pub trait NodeKind: 'static {
    /// The name in a recipe, equal to the file's.
    const NAME: &'static str;
    /// Raised when equal inputs give other bytes than before; part of every key.
    const VERSION: u32;
    /// What it does, in Markdown; the first line stands alone in `ventral kinds`.
    const ABOUT: &'static str;
    /// A node in YAML, with its ports and typical parameters, that checks.
    const EXAMPLE: &'static str;
    /// The parameters under `with`, `deny_unknown_fields`; a field's doc comment is its manual. Schema extensions:
    /// `x-file: true` marks a path whose content enters keys (`x-words` lists words that are no paths, such as
    /// `random`); `x-neutral` gives the value that counts as absent in keys; `x-unit` names a unit.
    type Params: DeserializeOwned + Serialize + JsonSchema;
    const INPUTS: &'static [Input];
    /// The main port stands first.
    const OUTPUTS: &'static [Output];
    /// The output ports that are made only where somebody reads them, since they are large or slow to make.
    const LAZY: &'static [&'static str] = &[];
    /// How many threads the computation is given.
    const THREADS: Threads = Threads::One;

    /// What a schema cannot say, such as that two parameters exclude each other.
    fn check(_params: &Self::Params) -> Result<(), ParamProblem> {
        Ok(())
    }

    /// The keys of the keyed output port, where the parameters tell them: each has an action of its own.
    fn entries(_params: &Self::Params) -> Vec<String> {
        Vec::new()
    }

    /// The same parameters, asking for some of `entries` only.
    fn narrow(params: Self::Params, _entries: &[String]) -> Self::Params {
        params
    }

    /// The input ports of which a computation of the ports `wanted` reads a product alone, where the store holds it.
    fn stand_ins(_params: &Self::Params, _wanted: &BTreeSet<String>) -> Vec<(&'static str, Product)> {
        Vec::new()
    }
}

/// What an action key is the digest of, part by part: `kind`, `version`, `param.alphas`, `file.weights`,
/// `input.features`. Two ingredient lists that differ say why a node reruns.
pub type Ingredients = BTreeMap<String, Json>;

/// What several nodes make of the same values, such as the Gram matrix of features: an action of its own, so that it is
/// made once, and stands in for an input whose object was dropped (`keep: false`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Product {
    /// No node kind's name.
    pub name: &'static str,
    /// Raised when equal values give other bytes than before; part of every key.
    pub version: u32,
}

impl Product {
    /// What its key is the digest of: the content of the values it is made of, and whatever else decides it.
    pub fn ingredients(self, of: Digest, detail: Option<Digest>) -> Ingredients {
        let mut ingredients = BTreeMap::from([
            ("product".to_owned(), Json::from(self.name)),
            ("version".to_owned(), Json::from(self.version)),
            ("of".to_owned(), Json::from(of.to_string())),
        ]);
        ingredients.extend(detail.map(|detail| ("detail".to_owned(), Json::from(detail.to_string()))));
        ingredients
    }
}

/// A kind that this build can compute.
pub trait Compute: NodeKind {
    /// Reads inputs from `run` and emits every output port to it, lazy ones where they are wanted.
    fn run(params: Self::Params, run: &mut Run<'_>) -> Result<(), KindError>;
}

/// How many threads a node's computation is given; fixed per machine, since bytes depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Threads {
    /// Light work: many such nodes run side by side.
    One,
    /// Tensor work: a team of the machine's threads.
    Team,
}

/// An input port.
#[derive(Clone, Copy, Debug)]
pub struct Input {
    pub name: &'static str,
    /// The types it takes.
    pub types: &'static [Type],
    pub arity: Arity,
    pub about: &'static str,
}

/// How many references a port takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arity {
    One,
    Optional,
    /// `@*`, a list, or a map of labels.
    Many,
}

/// An output port.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    pub name: &'static str,
    pub ty: Type,
    /// What its keys are, where it is keyed by a parameter, such as `layer`.
    pub keyed: Option<&'static str>,
    pub about: &'static str,
}

/// A kind, with its types erased, as the registry holds it.
pub struct Kind {
    pub name: &'static str,
    pub version: u32,
    /// The folder under `nodes/`.
    pub domain: &'static str,
    pub about: &'static str,
    pub example: &'static str,
    pub inputs: &'static [Input],
    pub outputs: &'static [Output],
    /// The output ports that are made only where somebody reads them.
    pub lazy: &'static [&'static str],
    pub threads: Threads,
    /// The JSON Schema of `with`.
    pub schema: Json,
    normalise: fn(Json) -> Result<Json, ParamProblem>,
    entries: fn(&Json) -> Vec<String>,
    narrow: fn(&Json, &[String]) -> Json,
    stand_ins: fn(&Json, &BTreeSet<String>) -> Vec<(&'static str, Product)>,
    compute: Option<Computation>,
}

/// A kind's `Compute::run`, from JSON.
type Computation = fn(Json, &mut Run<'_>) -> Result<(), KindError>;

/// A parameter that is refused.
#[derive(Clone, Debug, PartialEq)]
pub struct ParamProblem {
    /// Where under `with`, such as `layers[2]`; empty for the whole.
    pub path: String,
    pub message: String,
}

impl ParamProblem {
    /// A problem of the parameter at a path.
    pub fn at(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), message: message.into() }
    }
}

impl Kind {
    /// A kind that this build knows but cannot compute.
    pub fn described<K: NodeKind>(domain: &'static str) -> Self {
        let mut generator = schemars::generate::SchemaSettings::draft07()
            .with(|settings| settings.inline_subschemas = true)
            .into_generator();
        let schema = generator.root_schema_for::<K::Params>().to_value();
        Self {
            name: K::NAME,
            version: K::VERSION,
            domain,
            about: K::ABOUT,
            example: K::EXAMPLE,
            inputs: K::INPUTS,
            outputs: K::OUTPUTS,
            lazy: K::LAZY,
            threads: K::THREADS,
            schema,
            normalise: |params| {
                let params: K::Params = typed(params)?;
                K::check(&params)?;
                serde_json::to_value(params).map_err(|e| ParamProblem { path: String::new(), message: e.to_string() })
            },
            entries: |params| K::entries(&known::<K>(params)),
            narrow: |params, entries| {
                serde_json::to_value(K::narrow(known::<K>(params), entries))
                    .expect("params serialise, as they did before")
            },
            stand_ins: |params, wanted| K::stand_ins(&known::<K>(params), wanted),
            compute: None,
        }
    }

    /// A kind that this build can compute.
    pub fn computed<K: Compute>(domain: &'static str) -> Self {
        Self { compute: Some(|params, run| K::run(known::<K>(&params), run)), ..Self::described::<K>(domain) }
    }

    /// Parameters checked and with their defaults filled in, or the first problem.
    pub fn normalise(&self, params: Json) -> Result<Json, ParamProblem> {
        (self.normalise)(params)
    }

    /// The keys of the keyed output port for normalised parameters; empty for kinds without one.
    pub fn entries(&self, params: &Json) -> Vec<String> {
        (self.entries)(params)
    }

    /// Normalised parameters that ask for some entries only.
    pub fn narrow(&self, params: &Json, entries: &[String]) -> Json {
        (self.narrow)(params, entries)
    }

    /// The input ports of which a computation reads a product alone, where the store holds it.
    pub fn stand_ins(&self, params: &Json, wanted: &BTreeSet<String>) -> Vec<(&'static str, Product)> {
        (self.stand_ins)(params, wanted)
    }

    /// Whether this build holds the computation.
    pub fn computes(&self) -> bool {
        self.compute.is_some()
    }

    /// Computes a node.
    pub fn run(&self, params: Json, run: &mut Run<'_>) -> Result<(), KindError> {
        let compute = self.compute.expect("the caller asked `computes` first");
        compute(params, run)
    }

    /// The port that stands for the node's name.
    pub fn main_output(&self) -> &'static Output {
        &self.outputs[0]
    }

    /// An output port by name.
    pub fn output(&self, name: &str) -> Option<&'static Output> {
        self.outputs.iter().find(|port| port.name == name)
    }

    /// An input port by name.
    pub fn input(&self, name: &str) -> Option<&'static Input> {
        self.inputs.iter().find(|port| port.name == name)
    }

    /// The schemas of the parameters by name.
    pub fn param_schemas(&self) -> impl Iterator<Item = (&str, &Json)> {
        self.schema.get("properties").and_then(Json::as_object).into_iter().flatten().map(|(k, v)| (k.as_str(), v))
    }

    /// Whether it draws random numbers: then `seed` is a parameter, the recipe's unless given.
    pub fn draws(&self) -> bool {
        self.param_schemas().any(|(name, _)| name == "seed")
    }

    /// The parameters that name files, with the paths, for normalised parameters.
    pub fn files<'a>(&'a self, params: &'a Json) -> Vec<(&'a str, &'a str)> {
        self.param_schemas()
            .filter(|(_, schema)| schema.get("x-file") == Some(&Json::Bool(true)))
            .filter_map(|(name, schema)| {
                let path = params.get(name)?.as_str()?;
                let words = schema.get("x-words").and_then(Json::as_array);
                let is_word = words.is_some_and(|words| words.iter().any(|w| w.as_str() == Some(path)));
                (!is_word).then_some((name, path))
            })
            .collect()
    }

    /// Normalised parameters as they enter a key: those at their neutral value are left out.
    pub fn significant(&self, params: &Json) -> Map<String, Json> {
        let neutral: BTreeMap<&str, &Json> =
            self.param_schemas().filter_map(|(name, schema)| Some((name, schema.get("x-neutral")?))).collect();
        let fields = params.as_object().into_iter().flatten();
        fields
            .filter(|(name, value)| neutral.get(name.as_str()) != Some(value))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }
}

fn typed<P: DeserializeOwned>(params: Json) -> Result<P, ParamProblem> {
    serde_path_to_error::deserialize(params).map_err(|e| {
        let path = e.path().to_string();
        ParamProblem { path: if path == "." { String::new() } else { path }, message: e.into_inner().to_string() }
    })
}

fn known<K: NodeKind>(params: &Json) -> K::Params {
    K::Params::deserialize(params).expect("the plan holds only params that `normalise` returned")
}

/// Why a kind refuses its data, in words: lower case, both numbers, then the rule.
#[derive(Clone, Debug, PartialEq)]
pub struct KindError {
    pub message: String,
    /// The kind of the upstream fit that has seen rows to be scored; the executor names the path to it.
    pub leak: Option<String>,
}

impl KindError {
    /// A refusal.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), leak: None }
    }
}

impl fmt::Display for KindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<String> for KindError {
    fn from(message: String) -> Self {
        Self::new(message)
    }
}

impl From<crate::value::ReadError> for KindError {
    fn from(error: crate::value::ReadError) -> Self {
        Self::new(error.to_string())
    }
}

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

/// What a computation asks of whoever runs it.
pub trait Host {
    /// Stores a value as an output.
    fn emit(&mut self, port: &str, key: Option<&str>, value: &Value) -> io::Result<()>;
    /// Opens an output of a known type to stream into.
    fn open(&mut self, port: &str, key: Option<&str>, ty: Type) -> io::Result<Box<dyn Sink>>;
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
    /// Sets memory aside for the rest of the computation, waiting where others of the run hold it; refused in words
    /// where the machine has less.
    fn reserve(&mut self, _bytes: u64) -> Result<(), String> {
        Ok(())
    }
    /// Bytes of disk that outputs may still take.
    fn disk(&self) -> u64 {
        u64::MAX
    }
    /// How far the computation is, in units of `what`, such as `images`.
    fn progress(&mut self, done: u64, total: u64, what: &str);
    /// Something a person should know: kept in the record and shown in the report.
    fn note(&mut self, text: &str);
}

/// An output that is streamed.
pub trait Sink: io::Write {
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

    /// Sets memory aside before a computation that will need it; where the machine has less, an error that says so and
    /// what would need less.
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
        let header = Matrix::header(about, rows, columns).map_err(|e| cannot_store(port, &e))?;
        self.open_floats(port, key, Type::Matrix, &header, rows * columns)
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
        self.open_floats(port, key, Type::Fit, &header, floats)
    }

    fn open_floats(
        &mut self,
        port: &str,
        key: Option<&str>,
        ty: Type,
        header: &[u8],
        floats: usize,
    ) -> Result<MatrixSink, KindError> {
        let mut sink = self.host.open(port, key, ty).map_err(|e| cannot_store(port, &e))?;
        io::Write::write_all(&mut sink, header).map_err(|e| cannot_store(port, &e))?;
        Ok(MatrixSink { sink, port: port.to_owned(), left: floats })
    }

    /// Tells how far the computation is.
    pub fn progress(&mut self, done: u64, total: u64, what: &str) {
        self.host.progress(done, total, what);
    }

    /// Says something a person should know.
    pub fn note(&mut self, text: impl AsRef<str>) {
        self.host.note(text.as_ref());
    }
}

/// A matrix that is written row by row, or a fit that is written array by array.
pub struct MatrixSink {
    sink: Box<dyn Sink>,
    port: String,
    left: usize,
}

impl MatrixSink {
    /// Writes whole rows, row-major.
    pub fn write(&mut self, rows: &[f32]) -> Result<(), KindError> {
        assert!(rows.len() <= self.left, "more rows than the matrix was opened for");
        self.left -= rows.len();
        self.sink.write_all(crate::value::codec::bytes_of(rows)).map_err(|e| cannot_store(&self.port, &e))
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

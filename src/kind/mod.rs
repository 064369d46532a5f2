//! What a node kind is: a name, a version, typed parameters and ports, and a computation.
//!
//! A kind is one file under `nodes/`: a params struct (serde and schemars; the doc comment on a field is its
//! manual), an `impl NodeKind`, and, behind the cargo feature `torch`, an `impl Compute`.

pub mod ahead;
pub mod chart;
pub mod column;
pub mod declared;
pub mod error;
pub mod fact;
pub mod measure;
pub mod product;
pub mod registry;
pub mod role;
pub mod run;
pub mod shape;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{LazyLock, Mutex, PoisonError};

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

use crate::kind::ahead::{Ahead, Misfit};
pub use crate::kind::declared::Declared;
pub use crate::kind::error::KindError;
pub use crate::kind::measure::Measure;
pub use crate::kind::product::{Ingredients, Product};
pub use crate::kind::role::Role;
pub use crate::kind::run::{Arrival, Epoch, Host, Limits, MatrixSink, Run, Signal, Sink};
use crate::value::fit::Form;
use crate::value::ty::Type;

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
    /// `x-file: true` marks a path, at any depth of maps, whose content enters keys (`x-words` lists words that are no paths, such as
    /// `random`); `x-neutral` gives the value that counts as absent in keys; `x-unit` names a unit; `x-also` lists what other programs call it; `x-draws: true` marks a list of swept
    /// variables that is filled, where it is null, with those that reach nothing but seeds.
    type Params: DeserializeOwned + Serialize + JsonSchema;
    const INPUTS: &'static [Input];
    /// The main port stands first.
    const OUTPUTS: &'static [Output];
    /// The output ports that are made only where somebody reads them, since they are large or slow to make.
    const LAZY: &'static [&'static str] = &[];
    /// The output ports that hand an input port on, and so exist only where that is connected: (output, input).
    const PASSES: &'static [(&'static str, &'static str)] = &[];
    /// Whether it chooses among models by rows that it looks at: these are then no test rows of what it gives.
    const CHOOSES: bool = false;
    /// Whether its outputs show the pictures that it reads as they are: where those are private, so are these.
    const SHOWS_PICTURES: bool = false;
    /// How its fits map features to predictions, where they do: `predict` takes them then.
    const FIT: Option<Form> = None;
    /// The measures in its tables, the one that is spoken of first at the front; no part of a key.
    const MEASURES: &'static [Measure] = &[];
    /// Parameters that people look for here and that stand elsewhere, with where that is.
    const ELSEWHERE: &'static [(&'static str, &'static str)] = &[];
    /// How many threads the computation is given.
    const THREADS: Threads = Threads::One;
    /// What decodes the pictures that it names, with versions: part of its key, since other decoders give other pixels.
    const DECODERS: Option<&'static str> = None;

    /// Ports that a node's own parameters name, beside those declared: for kinds that cannot know them.
    const SHAPE: Option<shape::Reader> = None;

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

    /// What its outputs are certain to be, before anything runs; what is not certain is left out.
    fn foresee(_params: &Self::Params, _ahead: &Ahead<'_>) -> Vec<ahead::Output> {
        Vec::new()
    }

    /// What a run is certain to refuse of what arrives: the first of it.
    fn fits(_params: &Self::Params, _ahead: &Ahead<'_>) -> Result<(), Misfit> {
        Ok(())
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
    /// The same, or nothing.
    AnyNumber,
}

impl Arity {
    /// Whether several references may stand there.
    pub fn takes_many(self) -> bool {
        matches!(self, Self::Many | Self::AnyNumber)
    }

    /// Whether nothing may be connected.
    pub fn may_be_absent(self) -> bool {
        matches!(self, Self::Optional | Self::AnyNumber)
    }
}

/// An output port.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    pub name: &'static str,
    pub ty: Type,
    /// What its keys are, where it is keyed by a parameter, such as `layer`.
    pub keyed: Option<&'static str>,
    /// What it is to a reader of results; none where its type says all there is to say.
    pub role: Option<Role>,
    pub about: &'static str,
}

impl Output {
    /// What it is to a reader of results: as its port says, else as its type does.
    pub fn role(&self) -> Option<Role> {
        self.role.or(Role::of_type(self.ty))
    }
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
    /// The output ports that exist only where an input port is connected: (output, input).
    pub passes: &'static [(&'static str, &'static str)],
    pub measures: &'static [Measure],
    /// Parameters that people look for here, with where they stand.
    pub elsewhere: &'static [(&'static str, &'static str)],
    pub threads: Threads,
    /// What decodes the pictures that it names, with versions.
    pub decoders: Option<&'static str>,
    pub declared: Declared,
    /// Whether its outputs show the pictures that it reads as they are.
    pub shows_pictures: bool,
    /// The JSON Schema of `with`.
    pub schema: Json,
    /// Ports that a node's own parameters name.
    shape: Option<shape::Reader>,
    normalise: fn(Json) -> Result<Json, ParamProblem>,
    entries: fn(&Json) -> Vec<String>,
    narrow: fn(&Json, &[String]) -> Json,
    stand_ins: fn(&Json, &BTreeSet<String>) -> Vec<(&'static str, Product)>,
    foresee: fn(&Json, &Ahead<'_>) -> Vec<ahead::Output>,
    fits: fn(&Json, &Ahead<'_>) -> Result<(), Misfit>,
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
            passes: K::PASSES,
            measures: K::MEASURES,
            elsewhere: K::ELSEWHERE,
            threads: K::THREADS,
            decoders: K::DECODERS,
            declared: Declared { chooses: K::CHOOSES, fit: K::FIT },
            shows_pictures: K::SHOWS_PICTURES,
            schema,
            shape: K::SHAPE,
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
            foresee: |params, ahead| K::foresee(&known::<K>(params), ahead),
            fits: |params, ahead| K::fits(&known::<K>(params), ahead),
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

    /// What the outputs are certain to be, before anything runs.
    pub fn foresee(&self, params: &Json, ahead: &Ahead<'_>) -> Vec<ahead::Output> {
        (self.foresee)(params, ahead)
    }

    /// What a run is certain to refuse of what arrives.
    pub fn fits(&self, params: &Json, ahead: &Ahead<'_>) -> Result<(), Misfit> {
        (self.fits)(params, ahead)
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

    /// The same for a node whose inputs are known: where the main output exists only with an input that is not connected, the first
    /// other that an input hands on.
    pub fn first_output(&self, connected: impl Fn(&str) -> bool) -> &'static Output {
        let handed_on = |output: &&Output| {
            let input = self.passes.iter().find(|(of, _)| *of == output.name).map(|(_, input)| *input);
            input.is_some_and(&connected)
        };
        let main = self.main_output();
        if self.passes.iter().all(|(of, _)| *of != main.name) {
            return main;
        }
        self.outputs.iter().find(handed_on).unwrap_or(main)
    }

    /// An output port by name.
    pub fn output(&self, name: &str) -> Option<&'static Output> {
        self.outputs.iter().find(|port| port.name == name)
    }

    /// The first output port of a role.
    pub fn gives(&self, role: Role) -> Option<&'static Output> {
        self.outputs.iter().find(|port| port.role() == Some(role))
    }

    /// Whether it scores predictions: scores per unit, and a summary of them.
    pub fn scores(&self) -> bool {
        self.gives(Role::Scores).is_some() && self.gives(Role::Summary).is_some()
    }

    /// The first input port that takes a type and no other.
    pub fn takes(&self, ty: Type) -> Option<&'static Input> {
        self.inputs.iter().find(|port| port.types == [ty])
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

    /// The parameters that name files, with the paths, for normalised parameters. One within a map is named by its way
    /// there, such as `model.torchscript`.
    pub fn files<'a>(&'a self, params: &'a Json) -> Vec<(String, &'a str)> {
        let mut found = Vec::new();
        files_under(&self.schema, params, "", &mut found);
        found
    }

    /// Normalised parameters as they enter a key: those at their neutral value are left out, and paths of files.
    pub fn significant(&self, params: &Json) -> Map<String, Json> {
        let neutral: BTreeMap<&str, &Json> =
            self.param_schemas().filter_map(|(name, schema)| Some((name, schema.get("x-neutral")?))).collect();
        let fields = params.as_object().into_iter().flatten();
        let mut significant: Map<String, Json> = fields
            .filter(|(name, value)| neutral.get(name.as_str()) != Some(value))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        for (file, _) in self.files(params) {
            take_out(&mut significant, &file);
        }
        for (name, _) in self.param_schemas().filter(|(_, schema)| schema.get("items").is_some_and(of_command)) {
            let program = significant.get_mut(name).and_then(Json::as_array_mut).and_then(|words| words.first_mut());
            if let Some(program) = program
                && let Some((_, own)) = program.as_str().and_then(|path| path.rsplit_once('/'))
            {
                *program = json!(own);
            }
        }
        significant
    }

    /// Whether a file is a program or a script: it is started as it is named, since a link may say in which environment.
    pub fn starts(&self, param: &str) -> bool {
        let (name, _) = param.split_once('.').unwrap_or((param, ""));
        self.param_schemas().any(|(known, schema)| known == name && schema.get("items").is_some_and(of_command))
    }
}

impl Kind {
    /// Whether nodes of this kind name their own ports.
    pub fn is_shaped(&self) -> bool {
        self.shape.is_some()
    }

    /// Whether a parameter does so.
    pub fn names_ports(&self, param: &str) -> bool {
        self.is_shaped() && param == shape::PORTS
    }

    /// The kind with the ports that a node names: `inputs` by name, outputs by its parameters. The same for the same ports, as long as the
    /// program lives.
    pub fn shaped(&'static self, inputs: &[&str], params: &Json) -> &'static Kind {
        static KNOWN: LazyLock<Mutex<HashMap<String, &'static Kind>>> = LazyLock::new(Mutex::default);
        let Some(read) = self.shape else { return self };
        let given = read(params);
        let ports: Vec<Json> = given.iter().map(|one| json!([one.name, one.ty, format!("{:?}", one.role)])).collect();
        let name = json!([self.name, inputs, ports]).to_string();
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        known.entry(name).or_insert_with(|| Box::leak(Box::new(self.with_ports(inputs, &given))))
    }

    fn with_ports(&self, inputs: &[&str], given: &[shape::Given]) -> Self {
        let text = |name: &str| -> &'static str { Box::leak(name.to_owned().into_boxed_str()) };
        let input = |name: &&str| Input {
            name: text(name),
            types: shape::TYPES,
            arity: Arity::One,
            about: "What the node names so.",
        };
        let output = |one: &shape::Given| Output {
            name: text(&one.name),
            ty: one.ty,
            keyed: None,
            role: one.role,
            about: "What the node promises by this name.",
        };
        Self {
            inputs: Box::leak(inputs.iter().map(input).collect::<Vec<_>>().into_boxed_slice()),
            outputs: Box::leak(given.iter().map(output).collect::<Vec<_>>().into_boxed_slice()),
            schema: self.schema.clone(),
            ..*self
        }
    }
}

/// Adds what a schema calls a file, at any depth of maps and lists.
fn files_under<'a>(schema: &Json, value: &'a Json, way: &str, found: &mut Vec<(String, &'a str)>) {
    // A parameter may be a path or a map with one in it.
    if schema.get("x-file") == Some(&Json::Bool(true)) && !value.is_object() {
        let words = schema.get("x-words").and_then(Json::as_array);
        let is_word = |path: &str| words.is_some_and(|words| words.iter().any(|word| word.as_str() == Some(path)));
        let counts = |path: &&str| !is_word(path) && (!of_command(schema) || names_file(path));
        found.extend(value.as_str().filter(counts).map(|path| (way.to_owned(), path)));
        return;
    }
    if let (Some(items), Some(schema)) = (value.as_array(), schema.get("items")) {
        let of_command = of_command(schema);
        for (at, item) in items.iter().enumerate() {
            // A program that is named by where it lies counts by its name.
            if !(of_command && at == 0 && item.as_str().is_some_and(|word| word.starts_with(['/', '~']))) {
                files_under(schema, item, &format!("{way}.{at}"), found);
            }
        }
        return;
    }
    let Some(fields) = value.as_object() else { return };
    let alternatives = ["anyOf", "oneOf"].iter().filter_map(|key| schema.get(key).and_then(Json::as_array)).flatten();
    for schema in std::iter::once(schema).chain(alternatives) {
        let properties = schema.get("properties").and_then(Json::as_object);
        for (name, schema) in properties.into_iter().flatten() {
            if let Some(value) = fields.get(name) {
                let way = if way.is_empty() { name.clone() } else { format!("{way}.{name}") };
                files_under(schema, value, &way, found);
            }
        }
    }
}

/// Whether a schema is of the words of a command.
fn of_command(schema: &Json) -> bool {
    schema.get("x-where").and_then(Json::as_str) == Some("command")
}

/// Whether a word of a command is a file of the workspace: it has a `/`, or ends as scripts do.
pub fn names_file(word: &str) -> bool {
    const ENDS: [&str; 7] = [".py", ".R", ".r", ".jl", ".m", ".js", ".pl"];
    !word.starts_with('-') && (word.contains('/') || ENDS.iter().any(|end| word.ends_with(end)))
}

/// Removes what a way such as `model.torchscript` leads to, and a map that is empty then. In a list, whose places count, nothing stands there.
fn take_out(fields: &mut Map<String, Json>, way: &str) {
    let (name, rest) = way.split_once('.').map_or((way, None), |(name, rest)| (name, Some(rest)));
    let is_empty = match (rest, fields.get_mut(name)) {
        (None, _) => true,
        (Some(rest), Some(Json::Object(inner))) => {
            take_out(inner, rest);
            inner.is_empty()
        }
        (Some(at), Some(Json::Array(items))) => {
            if let Some(item) = at.parse::<usize>().ok().and_then(|at| items.get_mut(at)) {
                *item = Json::Null;
            }
            false
        }
        (Some(_), _) => false,
    };
    if is_empty {
        fields.shift_remove(name);
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

//! Toy kinds over 1 × 1 matrices, and a runner in this process: what tests of the engine need, without tensors.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ndarray::array;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use typed_index_collections::TiVec;
use ventral::device::Device;
use ventral::engine::event::Event;
use ventral::engine::executor;
use ventral::engine::executor::{Execution, Options, execute};
use ventral::engine::files::Files;
use ventral::engine::machine::Machine;
use ventral::engine::record::State;
use ventral::engine::store::{Output as Port, Store, StreamedObject};
use ventral::engine::worker::job::{Capacity, Done, Job, JobFailure, Reply, Runner};
use ventral::kind::registry::Registry;
use ventral::kind::{Arity, Compute, Host, Input, Kind, KindError, NodeKind, Output, Run, Said, Sink};
use ventral::plan::{Edge, Node, NodeId, Plan};
use ventral::value::Value;
use ventral::value::matrix::{About, Matrix};
use ventral::value::ty::Type;

const OUT: &[Output] = &[Output { name: "out", ty: Type::Matrix, keyed: None, role: None, about: "a number" }];
const MANY: &[Input] = &[Input { name: "in", types: &[Type::Matrix], arity: Arity::Many, about: "numbers" }];

fn number(value: f32) -> Value {
    Value::Matrix(Matrix::new(array![[value]], About::default()))
}

fn read(run: &Run<'_>) -> Vec<f32> {
    let arrivals = run.arrivals("in").iter();
    let values = arrivals.map(|a| Value::read(a.ty, &a.path).expect("a stored matrix"));
    values.map(|value| if let Value::Matrix(m) = value { m.as_slice()[0] } else { f32::NAN }).collect()
}

/// A number from a parameter or a file.
pub struct Constant;

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConstantParams {
    #[serde(default)]
    value: f32,
    #[serde(default)]
    #[schemars(extend("x-file" = true))]
    path: Option<String>,
    /// Added later: 0 counts as absent.
    #[serde(default)]
    #[schemars(extend("x-neutral" = 0))]
    shift: i32,
    /// Milliseconds to take.
    #[serde(default)]
    sleep: u64,
}

impl NodeKind for Constant {
    const NAME: &'static str = "constant";
    const VERSION: u32 = 1;
    const ABOUT: &'static str = "A number.";
    const EXAMPLE: &'static str = "";
    type Params = ConstantParams;
    const INPUTS: &'static [Input] = &[];
    const OUTPUTS: &'static [Output] = OUT;
}

impl Compute for Constant {
    fn run(params: ConstantParams, run: &mut Run<'_>) -> Result<(), KindError> {
        std::thread::sleep(Duration::from_millis(params.sleep));
        let value = match &params.path {
            None => params.value,
            Some(_) => {
                let text = std::fs::read_to_string(run.file("path").0).map_err(|e| KindError::new(e.to_string()))?;
                text.trim().parse().map_err(|_| KindError::new("holds no number"))?
            }
        };
        run.emit("out", number(value + params.shift as f32))
    }
}

#[derive(Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// The sum of its inputs, and lazily their product.
pub struct Sum;

impl NodeKind for Sum {
    const NAME: &'static str = "sum";
    const VERSION: u32 = 1;
    const ABOUT: &'static str = "A sum.";
    const EXAMPLE: &'static str = "";
    type Params = Nothing;
    const INPUTS: &'static [Input] = MANY;
    const OUTPUTS: &'static [Output] =
        &[OUT[0], Output { name: "product", ty: Type::Matrix, keyed: None, role: None, about: "a number" }];
    const LAZY: &'static [&'static str] = &["product"];
}

impl Compute for Sum {
    fn run(_: Nothing, run: &mut Run<'_>) -> Result<(), KindError> {
        let values = read(run);
        if run.wants("product") {
            run.emit("product", number(values.iter().product()))?;
        }
        run.emit("out", number(values.iter().sum()))
    }
}

/// The same as `sum`, a version on.
pub struct SumNext;

impl NodeKind for SumNext {
    const NAME: &'static str = "sum";
    const VERSION: u32 = 2;
    const ABOUT: &'static str = "A sum.";
    const EXAMPLE: &'static str = "";
    type Params = Nothing;
    const INPUTS: &'static [Input] = MANY;
    const OUTPUTS: &'static [Output] = OUT;
}

impl Compute for SumNext {
    fn run(_: Nothing, run: &mut Run<'_>) -> Result<(), KindError> {
        let sum = read(run).iter().sum();
        run.emit("out", number(sum))
    }
}

/// Whether a number is odd: many inputs, equal outputs.
pub struct Odd;

impl NodeKind for Odd {
    const NAME: &'static str = "odd";
    const VERSION: u32 = 1;
    const ABOUT: &'static str = "Parity.";
    const EXAMPLE: &'static str = "";
    type Params = Nothing;
    const INPUTS: &'static [Input] = MANY;
    const OUTPUTS: &'static [Output] = OUT;
}

impl Compute for Odd {
    fn run(_: Nothing, run: &mut Run<'_>) -> Result<(), KindError> {
        let value = read(run)[0];
        run.emit("out", number(value % 2.0))
    }
}

/// A number per name: an action of its own each.
pub struct Lengths;

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LengthsParams {
    names: Vec<String>,
}

impl NodeKind for Lengths {
    const NAME: &'static str = "lengths";
    const VERSION: u32 = 1;
    const ABOUT: &'static str = "Lengths.";
    const EXAMPLE: &'static str = "";
    type Params = LengthsParams;
    const INPUTS: &'static [Input] = &[];
    const OUTPUTS: &'static [Output] =
        &[Output { name: "out", ty: Type::Matrix, keyed: Some("name"), role: None, about: "a number" }];

    fn entries(params: &LengthsParams) -> Vec<String> {
        params.names.clone()
    }

    fn narrow(_: LengthsParams, entries: &[String]) -> LengthsParams {
        LengthsParams { names: entries.to_vec() }
    }
}

impl Compute for Lengths {
    fn run(params: LengthsParams, run: &mut Run<'_>) -> Result<(), KindError> {
        for name in &params.names {
            run.emit_keyed("out", name, number(name.len() as f32))?;
        }
        Ok(())
    }
}

/// Always refuses.
pub struct Refuse;

impl NodeKind for Refuse {
    const NAME: &'static str = "refuse";
    const VERSION: u32 = 1;
    const ABOUT: &'static str = "A refusal.";
    const EXAMPLE: &'static str = "";
    type Params = Nothing;
    const INPUTS: &'static [Input] = &[];
    const OUTPUTS: &'static [Output] = OUT;
}

impl Compute for Refuse {
    fn run(_: Nothing, _: &mut Run<'_>) -> Result<(), KindError> {
        Err(KindError::new("the data refuse"))
    }
}

/// The toy kinds; `next` gives `sum` its second version.
pub fn registry(next: bool) -> Registry {
    let mut registry = Registry::new();
    registry.add(Kind::computed::<Constant>("toy"));
    registry.add(if next { Kind::computed::<SumNext>("toy") } else { Kind::computed::<Sum>("toy") });
    registry.add(Kind::computed::<Odd>("toy"));
    registry.add(Kind::computed::<Lengths>("toy"));
    registry.add(Kind::computed::<Refuse>("toy"));
    registry
}

/// A plan of toy nodes: (name, kind, params, references as `node`, `node.port` or `node[key]`).
pub fn plan(registry: &Registry, workspace: &Path, nodes: &[(&str, &str, Json, &[&str])]) -> Plan {
    let mut plan = Plan {
        name: "toy".to_owned(),
        recipe: None,
        source: String::new(),
        title: "Toy".to_owned(),
        about: String::new(),
        workspace: workspace.to_owned(),
        sweep: Vec::new(),
        rung: None,
        private: None,
        nodes: TiVec::new(),
        report: Vec::new(),
    };
    for (name, kind, params, inputs) in nodes {
        let kind = registry.get(kind).expect("a toy kind");
        let edges = inputs.iter().map(|reference| {
            let (node, key) = match reference.split_once('[') {
                Some((node, key)) => (node, Some(key.trim_end_matches(']').to_owned())),
                None => (*reference, None),
            };
            let (node, output) = node.split_once('.').unwrap_or((node, "out"));
            let from = plan.nodes.position(|n| n.id.name == node).expect("an earlier node");
            let output = output.to_owned();
            Edge { port: "in".to_owned(), label: Vec::new(), from, output, key, ty: Type::Matrix }
        });
        let edges = edges.collect();
        plan.nodes.push(Node {
            id: NodeId::plain(name),
            kind,
            params: kind.normalise(params.clone()).expect("toy params"),
            device: Device::Auto,
            keep: true,
            about: String::new(),
            edges,
            place: None,
        });
    }
    plan
}

/// Computes in this process, and counts.
pub struct InProcess<'a> {
    pub registry: &'a Registry,
    pub jobs: Option<usize>,
    pub ran: Mutex<Vec<String>>,
}

struct Emitter<'a> {
    store: Store,
    said: &'a mut dyn FnMut(Reply),
}

impl Host for Emitter<'_> {
    fn emit(&mut self, port: &str, key: Option<&str>, value: &Value) -> io::Result<()> {
        let stored = self.store.objects().put(port, key, value)?;
        (self.said)(Reply::Output { stored });
        Ok(())
    }
    fn open(&mut self, port: &str, key: Option<&str>, ty: Type) -> io::Result<Box<dyn Sink>> {
        Ok(Box::new(StreamedObject::new(self.store.objects().create(Port { port, key, ty })?, |_| {})))
    }
    fn say(&mut self, said: Said) {
        (self.said)(Reply::Said { said });
    }
}

impl Runner for InProcess<'_> {
    fn capacity(&self) -> Capacity {
        Capacity { threads: 4, gpus: 0, jobs: self.jobs }
    }

    fn run(&self, job: &Job, said: &mut dyn FnMut(Reply)) -> Result<Done, JobFailure> {
        self.ran.lock().expect("no panic").push(job.node.clone());
        let kind = self.registry.get(&job.kind).expect("a toy kind");
        let mut host = Emitter { store: Store::of_run(&job.cache, &job.scratch), said };
        let mut run = Run {
            inputs: job.inputs.clone(),
            files: job.files.clone(),
            sources: job.sources.clone(),
            device: job.device,
            batch: job.batch,
            wanted: Some(job.wanted.clone()),
            declared: self.registry.declared(),
            host: &mut host,
        };
        match kind.run(job.params.clone(), &mut run) {
            Ok(()) => Ok(Done::default()),
            Err(error) => Err(JobFailure { message: error.message, leak: error.leak, cancelled: false }),
        }
    }

    fn cancel(&self) {}
}

/// What a run of a plan did: the nodes that were computed, sorted, and how it ended.
pub struct Ran {
    pub computed: Vec<String>,
    pub execution: Execution,
}

impl Ran {
    /// The states by node.
    pub fn states(&self, plan: &Plan) -> BTreeMap<String, State> {
        plan.nodes.iter().zip(&self.execution.outcomes).map(|(n, o)| (n.id.to_string(), o.state)).collect()
    }

    /// The number that a node gave.
    pub fn number(&self, plan: &Plan, node: &str, cache: &Path) -> f32 {
        let at = plan.find(node)[0];
        let stored = self.execution.outcomes[at].outputs().next().expect("an output");
        match Store::read_only(cache).value(stored) {
            Ok(Value::Matrix(matrix)) => matrix.as_slice()[0],
            other => panic!("{node}: {other:?}"),
        }
    }
}

/// Runs a plan in a cache.
pub fn run(plan: &Plan, registry: &Registry, cache: &Path, options: &Options) -> Ran {
    let mut events = Vec::new();
    run_with(plan, InProcess { registry, jobs: None, ran: Mutex::default() }, cache, options, &mut events)
}

/// Runs a plan in a cache, and keeps what it emits.
pub fn run_with(plan: &Plan, runner: InProcess<'_>, cache: &Path, options: &Options, events: &mut Vec<Event>) -> Ran {
    let store = Store::open(cache).expect("a cache");
    let mut history = store.history(&plan.name);
    let mut files = Files::new(store.files());
    let machine = Machine { threads: 4, team: 2, batch: 8, gpus: 0 };
    let never = AtomicBool::new(false);
    let run = executor::Run {
        plan,
        store: &store,
        history: &mut history,
        files: &mut files,
        machine: &machine,
        runner: &runner,
        options,
        interrupted: &never,
    };
    let execution = execute(run, &mut |event| events.push(event.clone())).expect("a cache that works");
    if let Some(news) = files.news() {
        store.write_files(news).expect("written");
    }
    assert!(!never.load(Ordering::SeqCst));
    let mut computed = runner.ran.into_inner().expect("no panic");
    computed.sort();
    Ran { computed, execution }
}

/// A toy chain: a → b (odd) → c (sum).
pub fn chain(value: f64) -> [(&'static str, &'static str, Json, &'static [&'static str]); 3] {
    [
        ("a", "constant", json!({ "value": value }), &[]),
        ("b", "odd", json!({}), &["a"]),
        ("c", "sum", json!({}), &["b"]),
    ]
}

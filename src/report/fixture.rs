//! A study out of nothing for the tests: values with the columns of the real kinds' tables.

use std::collections::BTreeMap;
use std::path::PathBuf;

use ndarray::Array2;
use polars::prelude::{Column, DataFrame, NamedFrom, Series};
use serde_json::{Value as Json, json};
use tempfile::TempDir;
use typed_index_collections::TiVec;

use crate::device::Device;
use crate::digest::Digest;
use crate::engine::record::{Outcome, Provenance, Record, State, Stored};
use crate::engine::store::Store;
use crate::kind::NodeKind;
use crate::plan::{Edge, Node, NodeId, NodeIndex, Plan};
use crate::report::charts;
use crate::report::charts::chart::View;
use crate::report::draw::figure::Figure;
use crate::report::kinds::{Ceiling, Compare, Evaluate, Load, Pca, Ridge, kind};
use crate::report::read::results::Results;
use crate::report::read::study::{Audience, Study};
use crate::value::Value;
use crate::value::images::Images;
use crate::value::labels::Labels;
use crate::value::lineage::{Exposure, Lineage};
use crate::value::matrix;
use crate::value::matrix::Matrix;
use crate::value::responses;
use crate::value::responses::Responses;
use crate::value::split::{Assignment, Part, Split};
use crate::value::stimuli::{Stimuli, Stimulus};
use crate::value::table;
use crate::value::table::Table;
use crate::value::ty::Type;

/// What the study is like.
#[derive(Clone)]
pub struct Options {
    pub layers: Vec<String>,
    pub units: Vec<String>,
    pub stimuli: usize,
    pub folds: bool,
    pub title: String,
    /// Node names whose last variant failed; what needs it was skipped.
    pub fails: Vec<String>,
    /// Every score is undefined.
    pub nulls: bool,
    pub extended: bool,
    /// Adds a training, a decoder and a choice among variants.
    pub trained: bool,
    /// Adds similarities of representations, and shares of bands.
    pub alike: bool,
}

impl Default for Options {
    fn default() -> Self {
        let layers = ["1", "3", "4", "6", "7", "9", "10", "11", "12"];
        Self {
            layers: layers.iter().map(|n| format!("features.{n}")).collect(),
            units: (0..89).map(|n| format!("site{n:02}")).collect(),
            stimuli: 400,
            folds: false,
            title: "Which layer of SqueezeNet explains V4 best?".to_owned(),
            fails: Vec::new(),
            nulls: false,
            extended: true,
            trained: false,
            alike: false,
        }
    }
}

/// A study on disk.
pub struct Fixture {
    pub plan: Plan,
    pub outcomes: TiVec<NodeIndex, Outcome>,
    pub sources: BTreeMap<Digest, PathBuf>,
    pub store: Store,
    pub cache: TempDir,
}

impl Fixture {
    pub fn study(&self) -> Study<'_> {
        Study {
            plan: &self.plan,
            outcomes: &self.outcomes,
            objects: self.store.objects(),
            sources: &self.sources,
            finished: "2025-11-24T01:02:03Z".to_owned(),
            audience: Audience::Here,
        }
    }
}

/// A chart of the variants of a node, or of a port of theirs: `node`, `node.port`.
pub fn drawn(fixture: &Fixture, kind: &str, node: &str, options: Json) -> Option<Figure> {
    let study = fixture.study();
    let (node, port) = node.split_once('.').map_or((node, None), |(node, port)| (node, Some(port)));
    let (results, nodes) = (Results::new(&study), fixture.plan.find(node));
    let view = View { results: &results, nodes: &nodes, port, title: None };
    charts::named(kind).expect("a chart").draw(&view, options.as_object().expect("options"))
}

/// Numbers that look like noise and are always the same.
pub fn noise(a: usize, b: usize) -> f64 {
    let mut x = (a as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (b as u64).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x ^= x >> 31;
    x = x.wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^= x >> 29;
    let u = (x >> 11) as f64 / (1u64 << 53) as f64;
    let v = (x.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11) as f64 / (1u64 << 53) as f64;
    (-2.0 * (u.max(1e-12)).ln()).sqrt() * (std::f64::consts::TAU * v).cos()
}

pub struct Maker {
    pub options: Options,
    store: Store,
    cache: TempDir,
    nodes: TiVec<NodeIndex, Node>,
    outcomes: TiVec<NodeIndex, Outcome>,
    stimuli: Stimuli,
    parts: Vec<Part>,
}

/// The study that is wished for.
pub fn fixture(options: Options) -> Fixture {
    let stimuli = (0..options.stimuli).map(|at| Stimulus {
        source: "toy".into(),
        name: format!("image{at:04}").into(),
        content: None,
    });
    let parts = (0..options.stimuli).map(|at| if at % 5 == 0 { Part::Test } else { Part::Train }).collect();
    let cache = TempDir::new().unwrap();
    let mut maker = Maker {
        stimuli: Stimuli::new(stimuli.collect()).unwrap(),
        parts,
        store: Store::open(cache.path()).unwrap(),
        cache,
        nodes: TiVec::new(),
        outcomes: TiVec::new(),
        options,
    };
    maker.make();
    let layers = maker.options.layers.iter().map(|layer| Json::from(layer.as_str())).collect();
    let plan = Plan {
        name: "v4_layers".to_owned(),
        recipe: Some("/somewhere/recipes/v4_layers.yaml".into()),
        set: Vec::new(),
        source: SOURCE.to_owned(),
        seed: 0,
        title: maker.options.title.clone(),
        about: "Recordings from **macaque V4**; nine layers, 500 components, ridge.".to_owned(),
        workspace: "/somewhere".into(),
        sweep: vec![("layer".to_owned(), layers)],
        rung: None,
        private: Some(vec!["v4".to_owned()]),
        origins: Vec::new(),
        nodes: maker.nodes,
        question: None,
        report: Vec::new(),
    };
    Fixture { plan, outcomes: maker.outcomes, sources: BTreeMap::new(), store: maker.store, cache: maker.cache }
}

const SOURCE: &str = "\
version: 1
title: Which layer of SqueezeNet explains V4 best?   # a comment & more
seed: 0
sweep: { layer: [features.1, features.3] }
nodes:
  v4:
    kind: load_recordings
    with: { images: \"images.zip\", image_size: 224 }
  pcs: { kind: pca, in: { features: \"layers[${layer}]\" }, with: { components: 500 } }
";

impl Maker {
    fn make(&mut self) {
        let load = self.load();
        let ceiling = self.ceiling(load);
        let mut scores = Vec::new();
        for at in 0..self.options.layers.len() {
            let pcs = self.pcs(load, at);
            let readout = self.readout(load, pcs, at);
            scores.push(self.evaluate(load, ceiling, readout, at));
        }
        self.compare(&scores);
        if self.options.trained {
            self.trained(load);
        }
        if self.options.alike {
            self.alike(load);
        }
    }

    pub fn stimuli(&self) -> &Stimuli {
        &self.stimuli
    }

    pub fn add<K: NodeKind>(
        &mut self,
        name: &str,
        layer: Option<usize>,
        edges: Vec<(&str, NodeIndex, &str)>,
        outputs: Vec<(&str, Option<String>, Value)>,
        notes: &[&str],
    ) -> NodeIndex {
        let at = self.nodes.next_key();
        let kind = kind::<K>();
        let variant = layer.map(|layer| ("layer".to_owned(), self.options.layers[layer].clone()));
        let edge = |&(port, from, output): &(&str, NodeIndex, &str)| Edge {
            port: port.to_owned(),
            label: match port {
                "scores" => self.nodes[from].id.variant.iter().map(|(n, v)| (n.clone(), json!(v))).collect(),
                _ => Vec::new(),
            },
            from,
            output: output.to_owned(),
            key: None,
            ty: Type::Table,
        };
        let edges: Vec<Edge> = edges.iter().map(edge).collect();
        let broken = edges.iter().any(|e| matches!(self.outcomes[e.from].state, State::Failed | State::Skipped));
        let last = layer.is_none_or(|layer| layer + 1 == self.options.layers.len());
        let fails = last && self.options.fails.iter().any(|failed| failed == name);
        self.nodes.push(Node {
            id: NodeId { name: name.to_owned(), variant: variant.into_iter().collect() },
            kind,
            params: json!({ "components": 500, "on": null }),
            device: Device::Auto,
            limits: Default::default(),
            keep: true,
            about: String::new(),
            edges,
            place: None,
        });
        let outcome = if broken {
            Outcome {
                state: State::Skipped,
                records: Vec::new(),
                message: Some("something it needs failed".to_owned()),
            }
        } else if fails {
            let message = Some("`features` has 1200 rows but `responses` has 1188; a row is one stimulus".to_owned());
            Outcome { state: State::Failed, records: Vec::new(), message }
        } else {
            let stored = outputs.into_iter().map(|(port, key, value)| self.store(port, key, &value)).collect();
            let record = Record {
                key: Digest::of(format!("{name}{at}").as_bytes()),
                kind: kind.name.to_owned(),
                version: 1,
                ingredients: BTreeMap::from([("file.images".to_owned(), json!(Digest::of(b"zip").to_string()))]),
                outputs: stored,
                provenance: Provenance {
                    at: "2025-11-24T01:02:03Z".to_owned(),
                    seconds: 0.1 + usize::from(at) as f64 * 0.37,
                    device: "cpu".to_owned(),
                    threads: 2,
                    peak_bytes: 812_000_000,
                    ventral: "0.1.0".to_owned(),
                    libtorch: "2.11.0".to_owned(),
                    hardware: "a processor".to_owned(),
                    software: Default::default(),
                },
                lazy: Vec::new(),
                notes: notes.iter().map(|&note| note.to_owned()).collect(),
            };
            Outcome { state: State::Ran, records: vec![record], message: None }
        };
        self.outcomes.push(outcome);
        at
    }

    fn store(&self, port: &str, key: Option<String>, value: &Value) -> Stored {
        self.store.objects().put(port, key.as_deref(), value).unwrap()
    }

    fn measured(&self, row: usize, unit: usize) -> f64 {
        (4.0 + self.signal(row, unit) + 0.8 * noise(row * 7919 + 13, unit + 5)).max(0.0)
    }

    fn signal(&self, row: usize, unit: usize) -> f64 {
        1.4 * noise(row + 1, unit / 4) + 0.6 * noise(row + 1, unit + 1000)
    }

    fn predicted(&self, row: usize, unit: usize, layer: usize) -> f64 {
        let good = 1.0 - (layer as f64 - 5.0).abs() / 12.0;
        let share =
            (good * (0.25 + 0.7 * (unit as f64 + 1.0) / (self.options.units.len() + 1) as f64)).clamp(0.02, 0.95);
        4.0 + share * self.signal(row, unit) + (1.0 - share) * 0.5 * noise(row * 31 + layer, unit * 17)
    }

    fn load(&mut self) -> NodeIndex {
        let (rows, units) = (self.options.stimuli, self.options.units.len());
        let side = 24;
        let pixels = (0..rows * side * side * 3).map(|at| {
            let (row, place) = (at / (side * side * 3), at % (side * side * 3) / 3);
            let (x, y) = (place % side, place / side);
            ((x * (row % 7 + 2) * 9 + y * (row % 5 + 1) * 11 + at % 3 * 60) % 256) as u8
        });
        let images = Images::rendered(self.stimuli.clone(), (side, side), pixels.collect());
        let mean = Array2::from_shape_fn((rows, units), |(row, unit)| self.measured(row, unit) as f32);
        let about = responses::About {
            stimuli: self.stimuli.clone(),
            units: self.options.units.clone(),
            regions: Some(vec!["V4".to_owned(); units]),
            subjects: None,
            known: Default::default(),
            true_ceiling: None,
            recording: None,
            lineage: Lineage::default(),
        };
        let labels = Labels {
            stimuli: self.stimuli.clone(),
            object: (0..rows).map(|row| format!("object {}", row % 8)).collect(),
            category: None,
        };
        let assignment = if self.options.folds {
            Assignment::Folds { count: 3, fold: (0..rows).map(|row| row % 3).collect() }
        } else {
            Assignment::Parts(self.parts.clone())
        };
        let split = Split { stimuli: self.stimuli.clone(), assignment };
        let outputs = vec![
            ("images", None, Value::Images(images)),
            ("responses", None, Value::Responses(Responses::new(about, mean, None))),
            ("labels", None, Value::Labels(labels)),
            ("split", None, Value::Split(split)),
        ];
        self.add::<Load>("v4", None, Vec::new(), outputs, &["2 stimuli have no responses and are left out"])
    }

    fn ceiling(&mut self, load: NodeIndex) -> NodeIndex {
        let ceilings: Vec<f64> = (0..self.options.units.len()).map(ceiling_of).collect();
        let frame = frame(vec![
            strings("unit", &self.options.units),
            numbers("ceiling", &ceilings.iter().map(|&x| Some(x)).collect::<Vec<_>>()),
        ]);
        let table = Table { frame, about: table::About::default() };
        self.add::<Ceiling>(
            "ceiling",
            None,
            vec![("responses", load, "responses")],
            vec![("ceiling", None, Value::Table(table))],
            &[],
        )
    }

    fn lineage(&self, by: &str) -> Lineage {
        let train: Vec<usize> = (0..self.options.stimuli).filter(|&row| self.parts[row] == Part::Train).collect();
        Lineage::default().fitted_on(Exposure::new(by, &self.stimuli, &train))
    }

    fn pcs(&mut self, load: NodeIndex, layer: usize) -> NodeIndex {
        let n = 500.min(self.options.stimuli);
        let decay = 0.8 + layer as f64 * 0.08;
        let variance: Vec<f64> = (1..=n).map(|k| (k as f64).powf(-decay)).collect();
        let total: f64 = variance.iter().sum::<f64>() * 1.08;
        let explained: Vec<Option<f64>> = variance.iter().map(|v| Some(v / total)).collect();
        let mut sum = 0.0;
        let cumulative: Vec<Option<f64>> = explained
            .iter()
            .flatten()
            .map(|v| {
                sum += v;
                Some(sum)
            })
            .collect();
        let frame = frame(vec![
            Series::new("component".into(), (1..=n as u32).collect::<Vec<_>>()).into(),
            numbers("variance", &variance.iter().map(|&v| Some(v * 1e4)).collect::<Vec<_>>()),
            numbers("explained", &explained),
            numbers("cumulative", &cumulative),
        ]);
        let about = table::About { lineage: self.lineage("pca"), ..table::About::default() };
        let keys: Vec<Option<String>> =
            if self.options.folds { (0..3).map(|k| Some(k.to_string())).collect() } else { vec![None] };
        let outputs = keys
            .into_iter()
            .map(|key| ("spectrum", key, Value::Table(Table { frame: frame.clone(), about: about.clone() })));
        let edges = vec![("features", load, "images"), ("split", load, "split")];
        self.add::<Pca>("pcs", Some(layer), edges, outputs.collect(), &[])
    }

    fn readout(&mut self, load: NodeIndex, pcs: NodeIndex, layer: usize) -> NodeIndex {
        let units = self.options.units.len();
        let data =
            Array2::from_shape_fn((self.options.stimuli, units), |(row, unit)| self.predicted(row, unit, layer) as f32);
        let about = matrix::About {
            stimuli: Some(self.stimuli.clone()),
            columns: Some(self.options.units.clone()),
            lineage: self.lineage("ridge"),
            ..matrix::About::default()
        };
        let alphas: Vec<Option<f64>> =
            (0..units).map(|u| Some(10f64.powf((3.5 + 0.7 * noise(u, layer)).clamp(1.0, 5.0)))).collect();
        let edge: Vec<bool> = alphas.iter().map(|a| a.is_some_and(|a| a >= 1e5 * 0.999)).collect();
        let frame = frame(vec![
            strings("unit", &self.options.units),
            numbers("alpha", &alphas),
            Series::new("at_edge".into(), edge).into(),
            numbers("explained_variance", &vec![Some(0.3); units]),
        ]);
        let facts = BTreeMap::from([
            ("grid".to_owned(), json!([10.0, 1e2, 1e3, 1e4, 1e5])),
            ("extended".to_owned(), json!(self.options.extended)),
            ("method".to_owned(), json!("leave_one_out")),
        ]);
        let table =
            Table { frame, about: table::About { facts, lineage: self.lineage("ridge"), ..table::About::default() } };
        let keys: Vec<Option<String>> =
            if self.options.folds { (0..3).map(|k| Some(k.to_string())).collect() } else { vec![None] };
        let mut outputs: Vec<(&str, Option<String>, Value)> = keys
            .into_iter()
            .map(|key| ("predictions", key, Value::Matrix(Matrix::new(data.clone(), about.clone()))))
            .collect();
        outputs.push(("alphas", None, Value::Table(table)));
        let edges = vec![("features", pcs, "scores"), ("responses", load, "responses"), ("split", load, "split")];
        self.add::<Ridge>("readout", Some(layer), edges, outputs, &["the grid of penalties was extended to 10⁵"])
    }

    fn scores(&self, layer: usize) -> Vec<[Option<f64>; 4]> {
        let rows: Vec<usize> =
            (0..self.options.stimuli).filter(|&row| self.options.folds || self.parts[row] == Part::Test).collect();
        let score = |unit: usize| {
            if self.options.nulls || rows.len() < 2 {
                return [None; 4];
            }
            let y: Vec<f64> = rows.iter().map(|&row| self.measured(row, unit)).collect();
            let p: Vec<f64> = rows.iter().map(|&row| self.predicted(row, unit, layer)).collect();
            let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
            let (my, mp) = (mean(&y), mean(&p));
            let cov: f64 = y.iter().zip(&p).map(|(a, b)| (a - my) * (b - mp)).sum();
            let (vy, vp): (f64, f64) =
                (y.iter().map(|a| (a - my).powi(2)).sum(), p.iter().map(|b| (b - mp).powi(2)).sum());
            let e: Vec<f64> = y.iter().zip(&p).map(|(a, b)| a - b).collect();
            let me = mean(&e);
            let ev = 1.0 - e.iter().map(|x| (x - me).powi(2)).sum::<f64>() / vy;
            let r2 = 1.0 - e.iter().map(|x| x * x).sum::<f64>() / vy;
            let ceiling = ceiling_of(unit);
            [Some(ev), Some(cov / (vy * vp).sqrt()), Some(r2), Some(ev / ceiling)]
        };
        (0..self.options.units.len()).map(score).collect()
    }

    fn evaluate(&mut self, load: NodeIndex, ceiling: NodeIndex, readout: NodeIndex, layer: usize) -> NodeIndex {
        let scores = self.scores(layer);
        let column = |at: usize| scores.iter().map(|s| s[at]).collect::<Vec<_>>();
        // The first half of the units is of one region, the rest of another.
        let count = self.options.units.len();
        let regions: Vec<String> =
            (0..count).map(|unit| if 2 * unit < count { "V4" } else { "IT" }.to_owned()).collect();
        let frame = frame(vec![
            strings("unit", &self.options.units),
            strings("region", &regions),
            numbers("explained_variance", &column(0)),
            numbers("r", &column(1)),
            numbers("r2", &column(2)),
            numbers("ceiling", &(0..count).map(|unit| Some(ceiling_of(unit))).collect::<Vec<_>>()),
        ]);
        let facts = BTreeMap::from([
            ("on".to_owned(), json!(if self.options.folds { "folds" } else { "test" })),
            ("rows_scored".to_owned(), json!(self.options.stimuli / 5)),
            ("rows_fitted".to_owned(), json!(self.options.stimuli - self.options.stimuli / 5)),
            ("selected".to_owned(), json!(false)),
        ]);
        let about = table::About { facts, definitions: definitions(), lineage: self.lineage("ridge") };
        let summary = summary(&[("explained_variance", column(0)), ("r", column(1)), ("r2", column(2))], &[]);
        let outputs = vec![
            ("per_unit", None, Value::Table(Table { frame, about: about.clone() })),
            ("summary", None, Value::Table(Table { frame: summary, about })),
        ];
        let edges = vec![
            ("predictions", readout, "predictions"),
            ("responses", load, "responses"),
            ("split", load, "split"),
            ("ceiling", ceiling, "ceiling"),
        ];
        self.add::<Evaluate>("scores", Some(layer), edges, outputs, &[])
    }

    fn compare(&mut self, scores: &[NodeIndex]) {
        let (mut layers, mut units, mut columns) = (Vec::new(), Vec::new(), [const { Vec::new() }; 4]);
        let mut ceilings = Vec::new();
        let mut blocks: Vec<DataFrame> = Vec::new();
        let mut means = Vec::new();
        for (at, layer) in self.options.layers.iter().enumerate() {
            let scores = self.scores(at);
            for (unit, score) in scores.iter().enumerate() {
                layers.push(layer.clone());
                units.push(self.options.units[unit].clone());
                for (column, value) in columns.iter_mut().zip(score) {
                    column.push(*value);
                }
                ceilings.push(Some(ceiling_of(unit)));
            }
            let of = |k: usize| scores.iter().map(|s| s[k]).collect::<Vec<_>>();
            let each = [("explained_variance", of(0)), ("r", of(1)), ("explained_variance_nc", of(3))];
            blocks.push(summary(&each, &[("layer", layer)]));
            means.push(of(0).iter().flatten().sum::<f64>() / scores.len() as f64);
        }
        let mut table = blocks[0].clone();
        for block in &blocks[1..] {
            table.vstack_mut(block).unwrap();
        }
        let [ev, r, r2, nc] = columns;
        let per_unit = frame(vec![
            strings("layer", &layers),
            strings("unit", &units),
            numbers("explained_variance", &ev),
            numbers("r", &r),
            numbers("r2", &r2),
            numbers("ceiling", &ceilings),
            numbers("explained_variance_nc", &nc),
        ]);
        let (mut a, mut b, mut d) = (Vec::new(), Vec::new(), Vec::new());
        for i in 0..self.options.layers.len() {
            for j in i + 1..self.options.layers.len() {
                a.push(format!("layer={}", self.options.layers[i]));
                b.push(format!("layer={}", self.options.layers[j]));
                d.push(Some(means[i] - means[j]));
            }
        }
        let n = a.len();
        let shifted = |by: f64| d.iter().map(|x: &Option<f64>| x.map(|x| x + by)).collect::<Vec<_>>();
        let pairs = frame(vec![
            strings("a", &a),
            strings("b", &b),
            strings("measure", &vec!["explained_variance".to_owned(); n]),
            numbers("difference", &d),
            numbers("low", &shifted(-0.012)),
            numbers("high", &shifted(0.012)),
            numbers("p", &d.iter().map(|x| x.map(|x| (-300.0 * x.abs()).exp())).collect::<Vec<_>>()),
            Series::new("units".into(), vec![self.options.units.len() as u32; n]).into(),
        ]);
        let about = table::About { definitions: definitions(), ..table::About::default() };
        let outputs = [("table", table), ("per_unit", per_unit), ("pairs", pairs)];
        let outputs = outputs.map(|(port, frame)| (port, None, Value::Table(Table { frame, about: about.clone() })));
        let edges = scores.iter().map(|&from| ("scores", from, "per_unit")).collect();
        self.add::<Compare>("by_layer", None, edges, outputs.into(), &[]);
    }
}

/// The ceiling of a unit.
pub fn ceiling_of(unit: usize) -> f64 {
    (0.6 + 0.12 * noise(unit, 99)).clamp(0.1, 0.98)
}

fn definitions() -> BTreeMap<String, String> {
    BTreeMap::from([("explained_variance".to_owned(), "1 − Var(y − ŷ) / Var(y), per unit, over stimuli".to_owned())])
}

fn summary(measures: &[(&str, Vec<Option<f64>>)], labels: &[(&str, &String)]) -> DataFrame {
    let stats: Vec<_> = measures
        .iter()
        .map(|(_, values)| {
            let finite: Vec<f64> = values.iter().flatten().copied().collect();
            let n = finite.len();
            let mean = (n > 0).then(|| finite.iter().sum::<f64>() / n as f64);
            let sd = mean
                .filter(|_| n > 1)
                .map(|m| (finite.iter().map(|x| (x - m).powi(2)).sum::<f64>() / (n - 1) as f64).sqrt());
            (mean, sd.map(|sd| sd / (n as f64).sqrt()), n as u32)
        })
        .collect();
    let mut columns: Vec<Column> =
        labels.iter().map(|(name, value)| strings(name, &vec![(*value).clone(); measures.len()])).collect();
    columns.extend([
        strings("measure", &measures.iter().map(|m| m.0.to_owned()).collect::<Vec<_>>()),
        numbers("mean", &stats.iter().map(|s| s.0).collect::<Vec<_>>()),
        numbers("median", &stats.iter().map(|s| s.0).collect::<Vec<_>>()),
        numbers("sem", &stats.iter().map(|s| s.1).collect::<Vec<_>>()),
        Series::new("units".into(), stats.iter().map(|s| s.2).collect::<Vec<_>>()).into(),
    ]);
    frame(columns)
}

pub fn frame(columns: Vec<Column>) -> DataFrame {
    let rows = columns.first().map_or(0, Column::len);
    DataFrame::new(rows, columns).unwrap()
}

pub fn strings(name: &str, values: &[String]) -> Column {
    Series::new(name.into(), values).into()
}

pub fn numbers(name: &str, values: &[Option<f64>]) -> Column {
    Series::new(name.into(), values).into()
}

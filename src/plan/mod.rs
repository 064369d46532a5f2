//! A study as a DAG with typed edges: what a recipe means once variables, sweeps and references are resolved.
//!
//! It knows no YAML; a session may build one in Rust.

pub mod draws;

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use typed_index_collections::TiVec;

use crate::kind::Kind;
use crate::kind::chart::Options;
use crate::value::ty::Type;

/// Nodes in an order in which every node comes after what it reads.
#[derive(Clone)]
pub struct Plan {
    /// The recipe's file stem, with `@K=V` for `--set`: what its report and its links are called.
    pub name: String,
    /// The recipe file; absent for a plan built in Rust.
    pub recipe: Option<PathBuf>,
    /// What was set beside the recipe, as `--set` takes it: names and values.
    pub set: Vec<(String, String)>,
    /// The recipe's text, shown in the report.
    pub source: String,
    /// The recipe's: what draws from nothing of its own draws from it.
    pub seed: u64,
    pub title: String,
    /// Markdown, shown at the top of the report.
    pub about: String,
    /// The folder against which relative paths are resolved.
    pub workspace: PathBuf,
    /// Swept variables and what their values are called, in order.
    pub sweep: Vec<(String, Vec<Json>)>,
    /// What decides how a search by halving goes on; absent without one, and once all its rungs are decided.
    pub rung: Option<Rung>,
    /// Names of nodes (without variant) whose pictures are never published; absent, those that read them from files.
    pub private: Option<Vec<String>>,
    /// Where files come from, in no key.
    pub origins: Vec<Origin>,
    pub nodes: TiVec<NodeIndex, Node>,
    /// What the page answers; absent, which variant is best.
    pub question: Option<Question>,
    pub report: Vec<ReportItem>,
}

/// Where a file comes from, and what it holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// Where it lies, within the workspace.
    pub path: String,
    /// An address or a DOI.
    pub from: String,
    /// In hexadecimal digits.
    pub sha256: String,
    pub bytes: Option<u64>,
}

/// The last rung of a search by halving that is decided, and what decides the next.
#[derive(Clone, Debug, PartialEq)]
pub struct Rung {
    /// The trials on it, each with the node that scores it on val.
    pub judges: Vec<(usize, NodeIndex)>,
    /// The scores' port.
    pub port: String,
    /// The larger the better, in the mean over units.
    pub measure: String,
    /// How many trials go on.
    pub keep: usize,
}

/// A question, and of which scores it is asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Question {
    pub ask: Ask,
    /// The evaluations that it is asked of, every variant.
    pub of: Vec<NodeIndex>,
    /// The measure in question; absent, that which the scores are read by first.
    pub measure: Option<String>,
}

/// What is asked. Variables are swept ones, and their values as the recipe calls them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ask {
    /// How much higher one value of a variable scores than another, over all or for each value of `by`.
    Contrast { of: String, plus: String, minus: String, by: Option<String> },
    /// Which value of a variable scores highest.
    Best(String),
    /// Whether scores rise or fall along a variable.
    Trend(String),
    /// How far the best lies above a baseline.
    Against(Baseline),
}

/// What scores are held against.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Baseline {
    /// Other evaluations of the study: their node's name, and every variant meant.
    Scores(String, Vec<NodeIndex>),
    /// A value from elsewhere.
    Published(f64),
}

/// A node's index in `Plan::nodes`, and in every other vector that has an entry per node.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NodeIndex(usize);

impl From<usize> for NodeIndex {
    fn from(index: usize) -> Self {
        Self(index)
    }
}

impl From<NodeIndex> for usize {
    fn from(index: NodeIndex) -> Self {
        index.0
    }
}

impl fmt::Display for NodeIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for NodeIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A node that can run: one variant of a recipe's node.
#[derive(Clone)]
pub struct Node {
    pub id: NodeId,
    pub kind: &'static Kind,
    /// Checked, with defaults, variables resolved.
    pub params: Json,
    pub device: crate::device::Device,
    /// What it may take, as far as its kind heeds that; in no key.
    pub limits: crate::kind::Limits,
    /// Whether its outputs stay once their readers are done.
    pub keep: bool,
    pub about: String,
    /// In the order of the kind's ports, then of the recipe.
    pub edges: Vec<Edge>,
    /// Bytes of `Plan::source` that name it.
    pub place: Option<Range<usize>>,
}

/// A node's name and the values of the swept variables it depends on: `scores@layer=features.9`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct NodeId {
    pub name: String,
    /// Variables in the sweep's order, with their values as text.
    pub variant: Vec<(String, String)>,
}

impl NodeId {
    /// The node without variants.
    pub fn plain(name: &str) -> Self {
        Self { name: name.to_owned(), variant: Vec::new() }
    }

    /// The variant as text, `layer=features.9,components=100`; empty without one.
    pub fn variant_text(&self) -> String {
        self.variant.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(",")
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if !self.variant.is_empty() {
            write!(f, "@{}", self.variant_text())?;
        }
        Ok(())
    }
}

/// A reference from a node's input port to an output.
#[derive(Clone, Debug, PartialEq)]
pub struct Edge {
    /// The input port.
    pub port: String,
    /// What tells it from others at a port that takes many: the swept variables that differ, or one `label`.
    pub label: Vec<(String, Json)>,
    pub from: NodeIndex,
    /// The output port.
    pub output: String,
    /// The key, where the reference names one.
    pub key: Option<String>,
    pub ty: Type,
}

/// What a recipe's `report:` lists.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReportItem {
    /// Markdown.
    Text(String),
    Chart(Chart),
    Table {
        nodes: Vec<NodeIndex>,
        port: Option<String>,
    },
}

/// A chart that a recipe asks for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Chart {
    /// The nodes meant: several where the reference has variants.
    pub nodes: Vec<NodeIndex>,
    pub port: Option<String>,
    /// Such as `box`; none for the one that the nodes usually have.
    pub kind: Option<String>,
    /// What the chart takes beside: names and values, checked by their shapes.
    pub options: Options,
    pub title: Option<String>,
}

impl Plan {
    /// The nodes of a name, all variants, or the one variant that is named: `scores`, `scores@layer=features.9`.
    pub fn find(&self, reference: &str) -> Vec<NodeIndex> {
        self.nodes
            .keys()
            .filter(|&at| {
                let id = &self.nodes[at].id;
                id.name == reference || id.to_string() == reference
            })
            .collect()
    }

    /// The nodes that read any output of the node.
    pub fn readers(&self, node: NodeIndex) -> Vec<NodeIndex> {
        self.nodes.keys().filter(|&at| self.nodes[at].edges.iter().any(|edge| edge.from == node)).collect()
    }

    /// The nodes and everything they need, in plan order.
    pub fn with_needs(&self, targets: &[NodeIndex]) -> Vec<NodeIndex> {
        let mut needed: TiVec<NodeIndex, bool> = vec![false; self.nodes.len()].into();
        for &target in targets {
            needed[target] = true;
        }
        for at in self.nodes.keys().rev() {
            if needed[at] {
                for edge in &self.nodes[at].edges {
                    needed[edge.from] = true;
                }
            }
        }
        self.nodes.keys().filter(|&at| needed[at]).collect()
    }
}

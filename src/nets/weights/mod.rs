//! A network's tensors by torchvision's names: which ones an architecture wants, and whether given ones are those.

pub mod choice;
pub mod file;
pub mod given;
#[cfg(test)]
#[path = "../../../tests/fixtures/saved.rs"]
mod saved;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use crate::formats::checkpoint::Stored;
use crate::formats::element::Kind;
use crate::nets::graph::{Graph, Step, Wire};
use crate::nets::zoo::catalogue::Architecture;

/// Tensors by name, such as `features.3.squeeze.weight`.
pub type Weights = BTreeMap<String, Tensor>;

/// Numbers in row-major order.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    pub shape: Vec<usize>,
    pub data: Vec<f32>,
}

/// How many tensors of a kind an error names.
const NAMED: usize = 5;
/// What batch norm counts while it trains; nothing in evaluation depends on it.
const COUNTER: &str = "num_batches_tracked";

/// The steps that some layers of a graph depend on; the layers must exist.
pub fn needed<'a>(graph: &'a Graph, layers: &[&str]) -> impl Iterator<Item = &'a Step> + use<'a> {
    let wires: Vec<Wire> =
        layers.iter().map(|layer| graph.wire(layer).expect("the caller checked the layers")).collect();
    let needed = graph.needed(&wires);
    graph.steps.iter().zip(needed).filter_map(|(step, needed)| needed.then_some(step))
}

/// Takes what some layers need out of given tensors, as 32-bit floats.
///
/// Tensors of the rest of the architecture may be absent or of any shape (a classifier of other classes); names that
/// the architecture does not have, and needed tensors that are absent or of another shape, are one error in words.
pub fn gather<'a>(
    architecture: &Architecture,
    layers: &[&str],
    names: &[&str],
    get: impl Fn(&str) -> Option<Stored<'a>>,
) -> Result<Weights, String> {
    let wanted = Wanted::new(architecture, layers);
    let differences = wanted.compare(names.iter().copied(), &get);
    if differences.is_none() {
        return Ok(wanted.take(get));
    }
    Err(differences.whole_numbers().unwrap_or_else(|| wanted.another(&differences)))
}

/// The tensors that some layers of an architecture need.
pub struct Wanted<'a> {
    pub architecture: &'a Architecture,
    /// Names and shapes, each once, in the order of the steps.
    tensors: Vec<(String, Vec<usize>)>,
    /// Every name under which a tensor of the architecture may stand, of today and of older files.
    known: BTreeSet<String>,
}

/// How given tensors differ from those that are wanted.
#[derive(Debug, Default)]
pub struct Differences {
    pub absent: Vec<String>,
    /// Names with both shapes.
    misshapen: Vec<String>,
    /// Names that the architecture does not have.
    pub unknown: Vec<String>,
    /// A needed tensor of whole numbers.
    whole: Option<String>,
}

impl<'a> Wanted<'a> {
    /// What some layers need, which must exist.
    pub fn new(architecture: &'a Architecture, layers: &[&str]) -> Self {
        let mut tensors: Vec<(String, Vec<usize>)> = Vec::new();
        let mut seen = BTreeSet::new();
        for step in needed(architecture.graph(), layers) {
            let named = step.op.tensors().into_iter().map(|(part, shape)| (step.tensor(part), shape));
            tensors.extend(named.filter(|(name, _)| seen.insert(name.clone())));
        }
        let steps = architecture.graph().steps.iter();
        let current: Vec<String> =
            steps.flat_map(|s| s.op.tensors().into_iter().map(|(part, _)| s.tensor(part))).collect();
        let former: Vec<String> = current.iter().filter_map(|name| (architecture.former)(name)).collect();
        Self { architecture, tensors, known: current.into_iter().chain(former).collect() }
    }

    /// How many tensors are needed.
    pub fn count(&self) -> usize {
        self.tensors.len()
    }

    /// The needed tensors' names, each with the one that older files have for it.
    pub fn names(&self) -> impl Iterator<Item = (&str, Option<String>)> {
        self.tensors.iter().map(|(name, _)| (name.as_str(), (self.architecture.former)(name)))
    }

    /// How given tensors differ.
    pub fn compare<'n, 's>(
        &self,
        names: impl Iterator<Item = &'n str>,
        get: impl Fn(&str) -> Option<Stored<'s>>,
    ) -> Differences {
        let mut differences = Differences::default();
        for (name, shape) in &self.tensors {
            match self.find(name, &get) {
                None => differences.absent.push(name.clone()),
                Some(given) if !is_float(&given) => differences.whole = differences.whole.or(Some(name.clone())),
                Some(given) if given.shape != shape => {
                    differences.misshapen.push(format!("{name} ({}, not {})", text(given.shape), text(shape)));
                }
                Some(_) => {}
            }
        }
        let unknown = names.filter(|name| !self.knows(name)).map(str::to_owned);
        differences.unknown = unknown.collect();
        differences
    }

    /// The needed tensors, once nothing differs.
    pub fn take<'s>(&self, get: impl Fn(&str) -> Option<Stored<'s>>) -> Weights {
        let taken = self.tensors.iter().map(|(name, shape)| {
            let given = self.find(name, &get).expect("the caller compared first");
            (name.clone(), Tensor { data: given.floats(), shape: shape.clone() })
        });
        taken.collect()
    }

    /// A needed tensor under its name, or the one of older files.
    pub fn find<'s>(&self, name: &str, get: impl Fn(&str) -> Option<Stored<'s>>) -> Option<Stored<'s>> {
        get(name).or_else(|| (self.architecture.former)(name).and_then(|former| get(&former)))
    }

    /// Those of some unknown names that speak of another architecture, `layer1.2.conv1.weight` where this one has a `layer1`
    /// without a `2`; and not of what stands beside a network (a projector, a queue) or in place of a head (`fc.0.weight`).
    pub fn foreign(&self, unknown: &[String], has: impl Fn(&str) -> bool) -> Vec<String> {
        let top = |name: &str| name.split('.').next().unwrap_or_default().to_owned();
        let tops: BTreeSet<String> = self.known.iter().map(|name| top(name)).collect();
        let replaced = |name: &String| {
            let steps = self.architecture.graph().steps.iter().filter(|step| !step.name.is_empty());
            let mut over = steps.filter(|step| name.strip_prefix(&step.name).is_some_and(|rest| rest.starts_with('.')));
            over.any(|step| {
                let mut tensors = step.op.tensors().into_iter().peekable();
                tensors.peek().is_some() && tensors.all(|(part, _)| !has(&step.tensor(part)))
            })
        };
        unknown.iter().filter(|name| tops.contains(&top(name)) && !replaced(name)).cloned().collect()
    }

    /// That the tensors are of another architecture, with what differs.
    pub fn another(&self, differences: &Differences) -> String {
        format!(
            "the tensors are not those of {}; {}; are these weights of another architecture?",
            self.architecture.name,
            differences.text()
        )
    }

    fn knows(&self, name: &str) -> bool {
        self.known.contains(name)
            || name.rsplit('.').next() == Some(COUNTER)
            || self.architecture.spare.iter().any(|start| name.starts_with(start))
    }
}

impl Differences {
    /// Whether there are none.
    pub fn is_none(&self) -> bool {
        self.fits() && self.unknown.is_empty()
    }

    /// Whether every needed tensor is there and of its shape.
    pub fn fits(&self) -> bool {
        self.absent.is_empty() && self.misshapen.is_empty() && self.whole.is_none()
    }

    /// That a needed tensor is no tensor of weights, where one is.
    pub fn whole_numbers(&self) -> Option<String> {
        self.whole.as_ref().map(|name| format!("tensor {name} is of whole numbers; weights are floats"))
    }

    /// `4 absent: conv1.weight, …; 1 of another shape: fc.weight (2 × 3, not 4 × 5)`.
    pub fn text(&self) -> String {
        let lists = [("absent", &self.absent), ("of another shape", &self.misshapen), ("unknown to it", &self.unknown)];
        let lists = lists.into_iter().filter(|(_, list)| !list.is_empty());
        lists.map(|(what, list)| format!("{} {what}: {}", list.len(), some(list))).collect::<Vec<_>>().join("; ")
    }
}

fn is_float(given: &Stored<'_>) -> bool {
    matches!(given.element.kind, Kind::Float | Kind::BFloat)
}

/// `64 × 3 × 3 × 3`.
fn text(shape: &[usize]) -> String {
    if shape.is_empty() {
        return "a single number".to_owned();
    }
    shape.iter().map(usize::to_string).collect::<Vec<_>>().join(" × ")
}

/// The first of some names, and that there are more.
pub fn some(list: &[String]) -> String {
    let more = if list.len() > NAMED { ", …" } else { "" };
    format!("{}{more}", list[..list.len().min(NAMED)].join(", "))
}

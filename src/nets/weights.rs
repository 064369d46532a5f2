//! A network's tensors by torchvision's names: which ones an architecture wants, and whether given ones are those.

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
    let mut weights = Weights::new();
    let (mut missing, mut misshapen) = (Vec::new(), Vec::new());
    for step in needed(architecture.graph(), layers) {
        for (part, shape) in step.op.tensors() {
            let name = step.tensor(part);
            if weights.contains_key(&name) {
                continue;
            }
            let former = || (architecture.former)(&name).and_then(|former| get(&former));
            match get(&name).or_else(former) {
                None if missing.contains(&name) => {}
                None => missing.push(name),
                Some(given) if given.shape != shape => {
                    misshapen.push(format!("{name} ({}, not {})", text(given.shape), text(&shape)));
                }
                Some(given) => {
                    if !matches!(given.element.kind, Kind::Float | Kind::BFloat) {
                        return Err(format!("tensor {name} is of whole numbers; weights are floats"));
                    }
                    weights.insert(name, Tensor { data: given.floats(), shape });
                }
            }
        }
    }
    let steps = architecture.graph().steps.iter();
    let current: Vec<String> = steps.flat_map(|s| s.op.tensors().into_iter().map(|(part, _)| s.tensor(part))).collect();
    let known: BTreeSet<String> =
        current.iter().filter_map(|name| (architecture.former)(name)).chain(current.iter().cloned()).collect();
    let foreign: Vec<String> = names
        .iter()
        .filter(|name| !architecture.spare.iter().any(|start| name.starts_with(start)))
        .filter(|name| !known.contains(**name) && name.rsplit('.').next() != Some(COUNTER))
        .map(|name| (*name).to_owned())
        .collect();
    let problems: Vec<String> = [("absent", missing), ("of another shape", misshapen), ("unknown to it", foreign)]
        .into_iter()
        .filter(|(_, list)| !list.is_empty())
        .map(|(what, list)| format!("{} {what}: {}", list.len(), some(&list)))
        .collect();
    if problems.is_empty() {
        return Ok(weights);
    }
    Err(format!(
        "the tensors are not those of {}; {}; are these weights of another architecture?",
        architecture.name,
        problems.join("; ")
    ))
}

/// `64 × 3 × 3 × 3`.
fn text(shape: &[usize]) -> String {
    if shape.is_empty() {
        return "a single number".to_owned();
    }
    shape.iter().map(usize::to_string).collect::<Vec<_>>().join(" × ")
}

fn some(list: &[String]) -> String {
    let more = if list.len() > NAMED { ", …" } else { "" };
    format!("{}{more}", list[..list.len().min(NAMED)].join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::element::Element;
    use crate::nets::init::random;
    use crate::nets::zoo::catalogue::describe;

    /// Random weights of all of an architecture, as little-endian 32-bit floats.
    fn file(name: &str) -> BTreeMap<String, (Vec<usize>, Vec<u8>)> {
        let architecture = describe(name).expect("it ships");
        let last = if name == "resnet50" { "fc" } else { "classifier" };
        let weights = random(architecture, &[last], 0);
        let bytes = |t: &Tensor| t.data.iter().flat_map(|x| x.to_le_bytes()).collect();
        weights.into_iter().map(|(name, t)| (name, (t.shape.clone(), bytes(&t)))).collect()
    }

    fn check(
        file: &BTreeMap<String, (Vec<usize>, Vec<u8>)>,
        architecture: &str,
        layer: &str,
    ) -> Result<Weights, String> {
        let names: Vec<&str> = file.keys().map(String::as_str).collect();
        gather(describe(architecture).expect("it ships"), &[layer], &names, |name| {
            let (shape, bytes) = file.get(name)?;
            Some(Stored { element: Element::little(Kind::Float, 4), shape, strides: None, bytes })
        })
    }

    #[test]
    fn own_tensors_fit_and_those_of_another_architecture_are_named() {
        let mut weights = file("squeezenet1_1");
        assert!(check(&weights, "squeezenet1_1", "features.12").is_ok());
        let error = check(&weights, "resnet50", "layer4").expect_err("other names");
        assert!(error.contains("265 absent: conv1.weight, bn1.weight, bn1.bias, bn1.running_mean"), "{error}");
        assert!(error.contains("52 unknown to it: classifier.1.bias"), "{error}");

        weights.insert("features.0.num_batches_tracked".to_owned(), (vec![], vec![0; 8]));
        assert!(check(&weights, "squeezenet1_1", "features.12").is_ok());
        weights.get_mut("features.0.weight").expect("it is there").0 = vec![64, 3, 7, 7];
        let error = check(&weights, "squeezenet1_1", "features.0").expect_err("another shape");
        assert!(
            error.contains("1 of another shape: features.0.weight (64 × 3 × 7 × 7, not 64 × 3 × 3 × 3)"),
            "{error}"
        );
    }

    #[test]
    fn a_head_is_wanted_only_by_layers_that_need_it() {
        let mut weights = file("squeezenet1_1");
        weights.retain(|name, _| !name.starts_with("classifier"));
        assert!(check(&weights, "squeezenet1_1", "features").is_ok());
        assert!(check(&weights, "squeezenet1_1", "classifier").expect_err("no head").contains("classifier.1.weight"));
    }

    #[test]
    fn whole_numbers_are_no_weights() {
        let squeezenet = describe("squeezenet1_1").expect("it ships");
        let (shape, bytes) = (&[64, 3, 3, 3], vec![0; 64 * 27]);
        let given = Stored { element: Element::little(Kind::Signed, 1), shape, strides: None, bytes: &bytes };
        let error = gather(squeezenet, &["features.0"], &["features.0.weight"], |_| Some(given)).expect_err("int8");
        assert_eq!(error, "tensor features.0.weight is of whole numbers; weights are floats");
    }
}

//! A network's tensors by torchvision's names: which ones an architecture wants, and whether given ones are those.

use std::collections::{BTreeMap, BTreeSet};

use half::{bf16, f16};
use safetensors::Dtype;

use super::catalogue::Architecture;
use super::graph::{Step, Wire};

/// Tensors by name, such as `features.3.squeeze.weight`.
pub type Weights = BTreeMap<String, Tensor>;

/// Numbers in row-major order.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    pub shape: Vec<usize>,
    pub data: Vec<f32>,
}

/// A tensor as a file holds it: its type, shape and little-endian bytes.
pub type Raw<'a> = (Dtype, &'a [usize], &'a [u8]);

/// How many tensors of a kind an error names.
const NAMED: usize = 5;
/// What batch norm counts while it trains; nothing in evaluation depends on it.
const COUNTER: &str = "num_batches_tracked";

/// The steps that some layers of an architecture depend on; the layers must exist.
pub fn needed<'a>(architecture: &'a Architecture, layers: &[&str]) -> impl Iterator<Item = &'a Step> + use<'a> {
    let graph = architecture.graph();
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
    get: impl Fn(&str) -> Option<Raw<'a>>,
) -> Result<Weights, String> {
    let mut weights = Weights::new();
    let (mut missing, mut misshapen) = (Vec::new(), Vec::new());
    for step in needed(architecture, layers) {
        for (part, shape) in step.op.tensors() {
            let name = step.tensor(part);
            if weights.contains_key(&name) {
                continue;
            }
            let former = || (architecture.former)(&name).and_then(|former| get(&former));
            match get(&name).or_else(former) {
                None if missing.contains(&name) => {}
                None => missing.push(name),
                Some((_, given, _)) if given != shape => {
                    misshapen.push(format!("{name} ({}, not {})", text(given), text(&shape)));
                }
                Some((dtype, _, bytes)) => {
                    let data = floats(dtype, bytes).ok_or_else(|| {
                        format!("tensor {name} is of {dtype:?}; weights are of F32, F64, F16 or BF16")
                    })?;
                    weights.insert(name, Tensor { shape, data });
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

fn floats(dtype: Dtype, bytes: &[u8]) -> Option<Vec<f32>> {
    match dtype {
        Dtype::F32 => Some(numbers(bytes, f32::from_le_bytes)),
        Dtype::F64 => Some(numbers(bytes, |b| f64::from_le_bytes(b) as f32)),
        Dtype::F16 => Some(numbers(bytes, |b| f16::from_le_bytes(b).to_f32())),
        Dtype::BF16 => Some(numbers(bytes, |b| bf16::from_le_bytes(b).to_f32())),
        _ => None,
    }
}

fn numbers<const N: usize>(bytes: &[u8], read: impl Fn([u8; N]) -> f32) -> Vec<f32> {
    bytes.chunks_exact(N).map(|chunk| read(chunk.try_into().expect("chunks of N bytes"))).collect()
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
    use crate::nets::catalogue::describe;
    use crate::nets::init::random;

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
            file.get(name).map(|(shape, bytes)| (Dtype::F32, shape.as_slice(), bytes.as_slice()))
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
    fn other_floats_are_converted() {
        assert_eq!(floats(Dtype::F16, &f16::from_f32(0.5).to_le_bytes()), Some(vec![0.5]));
        assert_eq!(floats(Dtype::BF16, &bf16::from_f32(-2.0).to_le_bytes()), Some(vec![-2.0]));
        assert_eq!(floats(Dtype::F64, &0.25_f64.to_le_bytes()), Some(vec![0.25]));
        assert_eq!(floats(Dtype::I64, &[0; 8]), None);
    }
}

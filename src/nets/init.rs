//! Random weights: the distributions that torchvision starts its networks from, drawn by a generator of our own.
//!
//! Each tensor has a stream of its own, seeded by its name, so that a tensor's numbers depend on the seed alone:
//! not on which others are drawn, nor on threads, nor on PyTorch's version.

use rand::SeedableRng;
use rand_chacha::ChaCha12Rng;

use crate::nets::graph::Graph;
use crate::nets::weights::{Tensor, Weights, needed};
use crate::nets::zoo::catalogue::Architecture;

/// Draws the tensors that some layers need; equal seeds give equal numbers.
pub fn random(architecture: &Architecture, layers: &[&str], seed: u64) -> Weights {
    random_of(architecture.graph(), layers, seed)
}

/// The same of any graph.
pub fn random_of(graph: &Graph, layers: &[&str], seed: u64) -> Weights {
    let steps = needed(graph, layers);
    let drawn = steps.flat_map(|step| {
        let tensors = step.op.tensors();
        tensors.into_iter().map(move |(part, shape)| {
            let name = step.tensor(part);
            let data = step.op.draw(part, &shape, &mut stream(seed, &name));
            (name, Tensor { shape, data })
        })
    });
    drawn.collect()
}

fn stream(seed: u64, name: &str) -> ChaCha12Rng {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&seed.to_le_bytes()).update(name.as_bytes());
    ChaCha12Rng::from_seed(*hasher.finalize().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nets::zoo::catalogue::describe;

    fn spread(data: &[f32]) -> (f64, f64) {
        let n = data.len() as f64;
        let mean = data.iter().map(|&x| f64::from(x)).sum::<f64>() / n;
        let variance = data.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / n;
        (mean, variance.sqrt())
    }

    #[test]
    fn a_tensor_depends_on_the_seed_and_its_name_alone() {
        let resnet = describe("resnet50").expect("it ships");
        let few = random(resnet, &["layer1.0"], 7);
        let more = random(resnet, &["layer2"], 7);
        assert!(few.len() < more.len());
        assert!(few.iter().all(|(name, tensor)| more[name] == *tensor));
        assert_ne!(few["conv1.weight"], random(resnet, &["conv1"], 8)["conv1.weight"]);
        assert_ne!(few["layer1.0.conv1.weight"].data[..64], few["conv1.weight"].data[..64]);
    }

    #[test]
    fn spreads_are_those_of_torchvision() {
        // Analytic: a uniform within ±b has deviation b/√3, and the variances are those that `Init` documents.
        let resnet = random(describe("resnet50").expect("it ships"), &["fc"], 0);
        let (mean, deviation) = spread(&resnet["conv1.weight"].data);
        assert!(mean.abs() < 1e-3 && (deviation / (2.0 / (64.0 * 49.0_f64)).sqrt() - 1.0).abs() < 0.03);
        let (_, deviation) = spread(&resnet["fc.weight"].data);
        assert!((deviation * (3.0 * 2048.0_f64).sqrt() - 1.0).abs() < 0.01);
        assert!(resnet["bn1.running_var"].data.iter().all(|&x| x == 1.0));
        assert!(resnet["bn1.bias"].data.iter().all(|&x| x == 0.0));

        let squeezenet = random(describe("squeezenet1_1").expect("it ships"), &["classifier"], 0);
        let (_, deviation) = spread(&squeezenet["features.12.expand3x3.weight"].data);
        assert!((deviation / (2.0 / (64.0 * 9.0_f64)).sqrt() - 1.0).abs() < 0.01);
        let (_, deviation) = spread(&squeezenet["classifier.1.weight"].data);
        assert!((deviation - 0.01).abs() < 1e-4);
        assert!(squeezenet["features.0.bias"].data.iter().all(|&x| x == 0.0));
    }
}

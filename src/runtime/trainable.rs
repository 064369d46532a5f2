//! A network that learns: the steps of a graph run one by one, with gradients for the tensors that are trained.
//!
//! Steps before the first that is trained stay as they are given, batch norm included. Where one wire leads from them to the
//! rest, the rest starts there, so that what does not change need not be computed at every look.

use std::collections::{BTreeMap, BTreeSet};

use tch::{Device, Kind, Tensor};

use crate::nets::graph::{Graph, IMAGES, Wire};
use crate::nets::op::operation::Learning;
use crate::nets::weights;
use crate::nets::weights::Weights;
use crate::runtime::kernel::{Tensors, kernel};
use crate::runtime::layout::channels_last;
use crate::runtime::network::tensor;

/// What a network does with its own noise and statistics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Batch norm by the batch, dropout and other noise on.
    Train,
    /// Batch norm by what was learned, no noise.
    Evaluate,
}

/// A graph's steps with tensors on a device, some of them trained.
pub struct Trainable {
    graph: Graph,
    /// Steps to run, in order.
    steps: Vec<usize>,
    start: Wire,
    outputs: Vec<Wire>,
    /// The first step that is trained.
    first: usize,
    /// The names of the trained tensors, in the order of `parameters`.
    pub names: Vec<String>,
    pub parameters: Vec<Tensor>,
    /// Of each parameter, whether weight decay may touch it.
    decayed: Vec<bool>,
    /// All other tensors of the steps.
    fixed: BTreeMap<String, Tensor>,
    by_name: BTreeMap<String, usize>,
    /// Whether convolutions and linear steps compute in bf16; the tensors stay of 32 bits.
    coarse: bool,
}

impl Trainable {
    /// Prepares the steps that `outputs` need; those numbered from `first` on are trained. `weights` holds every tensor; a
    /// `whole` network starts at the images whatever is frozen.
    pub fn new(
        graph: Graph,
        outputs: Vec<Wire>,
        first: usize,
        weights: &Weights,
        device: Device,
        coarse: bool,
        whole: bool,
    ) -> Self {
        let needed = graph.needed(&outputs);
        let learns = |at: usize| at >= first && !graph.steps[at].op.tensors().is_empty();
        // Whether a trained tensor has a say in what a step gives.
        let mut alive = vec![false; graph.steps.len() + 1];
        for (at, step) in graph.steps.iter().enumerate().filter(|(at, _)| needed[*at]) {
            alive[at + 1] = learns(at) || step.inputs.iter().any(|&wire| alive[wire]);
        }
        let living = (0..graph.steps.len()).filter(|&at| needed[at] && alive[at + 1]);
        let entries: BTreeSet<Wire> =
            living.clone().flat_map(|at| graph.steps[at].inputs.iter().copied()).filter(|&wire| !alive[wire]).collect();
        let (start, steps) = match entries.iter().copied().collect::<Vec<_>>().as_slice() {
            &[wire] if !whole => (wire, living.collect()),
            _ => (IMAGES, (0..graph.steps.len()).filter(|&at| needed[at]).collect::<Vec<_>>()),
        };
        let (mut names, mut parameters, mut decayed, mut fixed) = (Vec::new(), Vec::new(), Vec::new(), BTreeMap::new());
        for &at in &steps {
            let step = &graph.steps[at];
            for (part, _) in step.op.tensors() {
                let name = step.tensor(part);
                if fixed.contains_key(&name) || names.contains(&name) {
                    continue;
                }
                let given = tensor(weights.get(&name).expect("every tensor of the graph is given"));
                let given = laid_out(&given.to_device(device));
                let learning = step.op.learning(part);
                if at >= first && learning != Learning::Fixed {
                    names.push(name);
                    decayed.push(learning == Learning::Decayed);
                    parameters.push(given.set_requires_grad(true));
                } else {
                    // A copy, since batch norm writes over it.
                    fixed.insert(name, given.copy());
                }
            }
        }
        let by_name = names.iter().cloned().zip(0..).collect();
        Self { graph, steps, start, outputs, first, names, parameters, decayed, fixed, by_name, coarse }
    }

    /// The wire that `forward` is fed: the images, or where what is trained begins.
    pub fn start(&self) -> Wire {
        self.start
    }

    /// The outputs for what lies on the starting wire, an entry per image first. Gradients flow where they are turned on.
    pub fn forward(&self, input: &Tensor, mode: Mode) -> Vec<Tensor> {
        let mut wires: Vec<Option<Tensor>> = (0..=self.graph.steps.len()).map(|_| None).collect();
        wires[self.start] = Some(if input.dim() == 4 { channels_last(input) } else { input.shallow_clone() });
        for &at in &self.steps {
            let step = &self.graph.steps[at];
            let wire = |wire: &Wire| wires[*wire].as_ref().expect("a wire is driven before it is read").shallow_clone();
            let output = self.step(at, step.inputs.iter().map(wire).collect(), mode);
            wires[at + 1] = Some(output);
        }
        self.outputs.iter().map(|&wire| wires[wire].as_ref().expect("it is driven").shallow_clone()).collect()
    }

    fn step(&self, at: usize, inputs: Vec<Tensor>, mode: Mode) -> Tensor {
        let step = &self.graph.steps[at];
        let kernel = kernel(&step.op);
        let get = |part: &str| self.get(&step.tensor(part)).shallow_clone();
        if self.coarse && kernel.multiplies() {
            let coarse = |tensor: &Tensor| tensor.to_kind(Kind::BFloat16);
            let tensors = Tensors::of(&step.op, |part| coarse(&get(part)));
            return kernel.run(&tensors, inputs.iter().map(coarse).collect()).to_kind(Kind::Float);
        }
        let tensors = Tensors::of(&step.op, get);
        match mode {
            Mode::Train if at >= self.first => kernel.train(&tensors, inputs),
            _ => kernel.run(&tensors, inputs),
        }
    }

    fn get(&self, name: &str) -> &Tensor {
        match self.by_name.get(name) {
            Some(&at) => &self.parameters[at],
            None => &self.fixed[name],
        }
    }

    /// The last weights that all outputs share, where there are any: those of the deepest step above which outputs part.
    pub fn shared(&self) -> Option<usize> {
        let reached = |output: Wire| {
            let needed = self.graph.needed(&[output]);
            move |at: usize| needed[at]
        };
        let by: Vec<_> = self.outputs.iter().map(|&output| reached(output)).collect();
        let common = self.steps.iter().rev().filter(|&&at| by.iter().all(|reaches| reaches(at)));
        let weight = |&at: &usize| self.by_name.get(&self.graph.steps[at].tensor("weight")).copied();
        common.filter(|&&at| kernel(&self.graph.steps[at].op).multiplies()).find_map(weight)
    }

    /// The weight decay of each parameter: of weights, not of biases, norms, and places.
    pub fn decays(&self, decay: f64) -> Vec<f64> {
        let of = |(tensor, may): (&Tensor, &bool)| if tensor.dim() > 1 && *may { decay } else { 0.0 };
        self.parameters.iter().zip(&self.decayed).map(of).collect()
    }

    /// The tensors as they are now, by name, as 32-bit floats of the CPU.
    pub fn weights(&self) -> Weights {
        let trained = self.names.iter().zip(&self.parameters);
        trained.chain(&self.fixed).map(|(name, tensor)| (name.clone(), numbers(tensor))).collect()
    }

    /// Takes tensors of the same names and shapes.
    pub fn restore(&mut self, weights: &Weights) {
        let _guard = tch::no_grad_guard();
        let all = self.names.iter().zip(&mut self.parameters).chain(&mut self.fixed);
        for (name, slot) in all {
            slot.copy_(&tensor(weights.get(name).expect("it was written with every name")));
        }
    }
}

/// Convolutions' weights channels last, as libtorch's convolutions prefer them.
fn laid_out(given: &Tensor) -> Tensor {
    if given.dim() == 4 { channels_last(given) } else { given.shallow_clone() }
}

/// A tensor's numbers in row-major order.
pub fn numbers(tensor: &Tensor) -> weights::Tensor {
    let tensor = tensor.detach().to_device(Device::Cpu).to_kind(Kind::Float).contiguous();
    let mut data = vec![0.0; tensor.numel()];
    tensor.copy_data(&mut data, tensor.numel());
    weights::Tensor { shape: tensor.size().iter().map(|&side| side as usize).collect(), data }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bounds::{Fraction, Positive};
    use crate::nets::blueprint::{Block, Blueprint, Full, Head, Nonlinearity, Pooled, Readout, Trunk};
    use crate::nets::init::random_of;
    use crate::nets::zoo::catalogue::describe;
    use crate::runtime::network::Network;

    fn blueprint(readout: Readout) -> Blueprint {
        let (pool, dropout) = (Positive::new(2), Fraction::new(0.3));
        let block = |channels, activation| Block { activation, pool, dropout, ..Block::new(channels, 3) };
        let head = Some(Head { outputs: 3, readout });
        let trunk = Trunk::Blocks(vec![block(4, Nonlinearity::Relu), block(5, Nonlinearity::Elu)]);
        Blueprint { trunk, responses: head.clone(), classes: head, norm: false, softplus: true }
    }

    fn images() -> Tensor {
        (Tensor::arange(6 * 3 * 12 * 12, (Kind::Float, Device::Cpu)) * 0.37).sin().view([6, 3, 12, 12])
    }

    fn load(blueprint: &Blueprint, coarse: bool) -> (Trainable, Graph, Weights) {
        let graph = blueprint.graph((12, 12)).expect("it fits");
        let weights = random_of(&graph, &blueprint.outputs(), 3);
        let wires = blueprint.outputs().iter().map(|layer| graph.wire(layer).unwrap()).collect();
        (Trainable::new(graph.clone(), wires, 0, &weights, Device::Cpu, coarse, false), graph, weights)
    }

    #[test]
    fn evaluation_is_what_the_finished_network_gives() {
        for readout in [
            Readout::Pooled(Pooled { grid: Positive::new(2), dropout: Fraction::new(0.5) }),
            Readout::Full(Full { hidden: vec![Positive::new(7)], dropout: Fraction::new(0.5) }),
            Readout::Factorised,
            Readout::Gaussian,
        ] {
            let blueprint = blueprint(readout.clone());
            let (trainable, graph, _) = load(&blueprint, false);
            for _ in 0..3 {
                trainable.forward(&images(), Mode::Train);
            }
            let weights = trainable.weights();
            assert_ne!(weights["blocks.0.norm.running_mean"].data, [0.0; 4], "statistics are learned");
            let finished = Network::load_as(&graph, &blueprint.outputs(), &weights, Device::Cpu, Kind::Float);
            let ours = tch::no_grad(|| trainable.forward(&images(), Mode::Evaluate));
            for (ours, theirs) in ours.iter().zip(finished.forward(&images())) {
                assert_eq!(ours.size(), [6, 3]);
                let off = (ours - &theirs).abs().max().double_value(&[]);
                assert!(off < 1e-5, "{readout:?}: {off}");
            }
            let again = tch::no_grad(|| trainable.forward(&images(), Mode::Evaluate));
            assert!(again[0].equal(&ours[0]), "evaluation changes nothing");
        }
    }

    /// Gradients against differences of the loss, for every tensor that is trained.
    #[test]
    fn gradients_are_the_slopes_of_the_loss() {
        for readout in [
            Readout::Factorised,
            Readout::Full(Full { hidden: vec![Positive::new(4)], dropout: Fraction::new(0.0) }),
            Readout::Gaussian,
        ] {
            let (mut trainable, ..) = load(&blueprint(readout.clone()), false);
            let loss = |net: &Trainable| {
                let outputs = net.forward(&images(), Mode::Evaluate);
                outputs.iter().map(|x| (x - 0.3).square().sum(Kind::Double)).sum::<Tensor>()
            };
            let value = tch::with_grad(|| loss(&trainable));
            let gradients = Tensor::run_backward(&[value], &trainable.parameters, false, false);
            for (at, gradient) in gradients.iter().enumerate() {
                let name = trainable.names[at].clone();
                if !gradient.defined() {
                    assert!(name.ends_with("spread"), "{name} has no gradient");
                    continue;
                }
                let direction = gradient.sign();
                let step = 1e-3;
                let mut moved = |by: f64| {
                    tch::no_grad(|| {
                        let change = &direction * by;
                        let _ = trainable.parameters[at].g_add_(&change);
                        loss(&trainable).double_value(&[])
                    })
                };
                let (above, below) = (moved(step), moved(-2.0 * step));
                moved(step);
                let slope = (above - below) / (2.0 * step);
                let expected = gradient.abs().sum(Kind::Double).double_value(&[]);
                // Pooling and ReLU have kinks, so that differences are not exact.
                assert!((slope - expected).abs() < 0.05 * expected.max(0.05), "{readout:?} {name}: {slope} {expected}");
            }
        }
    }

    #[test]
    fn what_is_restored_is_what_was_written() {
        let (mut trainable, _, start) = load(&blueprint(Readout::Factorised), false);
        trainable.forward(&images(), Mode::Train);
        assert_ne!(trainable.weights(), start);
        trainable.restore(&start);
        assert_eq!(trainable.weights(), start);
    }

    #[test]
    fn coarse_arithmetic_is_near_and_trains() {
        let (fine, ..) = load(&blueprint(Readout::Factorised), false);
        let (coarse, ..) = load(&blueprint(Readout::Factorised), true);
        let [a, b] = [&fine, &coarse].map(|net| net.forward(&images(), Mode::Evaluate).swap_remove(0));
        let off = (&a - &b).abs().max().double_value(&[]);
        assert!(off > 0.0 && off < 0.05, "{off}");
        let loss = b.sum(Kind::Float);
        let gradients = Tensor::run_backward(&[loss], &coarse.parameters, false, false);
        assert!(gradients.iter().any(Tensor::defined));
    }

    #[test]
    fn a_frozen_trunk_is_passed_once_and_stays() {
        let trunk = Trunk::Layer { model: "squeezenet1_1".to_owned(), layer: "features.5".to_owned() };
        let responses = Some(Head { outputs: 2, readout: Readout::Factorised });
        let blueprint = Blueprint { trunk, responses, classes: None, norm: true, softplus: false };
        let graph = blueprint.graph((64, 64)).expect("it fits");
        let weights = random_of(&graph, &["responses"], 1);
        let squeezenet = describe("squeezenet1_1").expect("it ships");
        let output = vec![graph.wire("responses").unwrap()];
        let head = squeezenet.graph().steps.len();
        let alone = Trainable::new(graph.clone(), output.clone(), head, &weights, Device::Cpu, false, false);
        assert_eq!(alone.start(), graph.wire("features.5").unwrap());
        assert!(alone.names.iter().all(|name| name.starts_with("re")), "{:?}", alone.names);
        let first = graph.steps.iter().position(|step| step.name.starts_with("features.4.")).unwrap();
        let some = Trainable::new(graph.clone(), output.clone(), first, &weights, Device::Cpu, false, false);
        assert_eq!(some.start(), graph.wire("features.3").unwrap());
        assert!(some.names.iter().all(|name| name.starts_with("features.4") || name.starts_with("re")));
        let whole = Trainable::new(graph.clone(), output, 0, &weights, Device::Cpu, false, false);
        assert_eq!(whole.start(), IMAGES);
        // What they give is the same.
        let images = (Tensor::arange(3 * 64 * 64, (Kind::Float, Device::Cpu)) * 0.1).sin().view([1, 3, 64, 64]);
        let all = tch::no_grad(|| whole.forward(&images, Mode::Evaluate)).swap_remove(0);
        let trunk = Network::load_wires(&graph, vec![some.start()], &weights, Device::Cpu, Kind::Float);
        let there = trunk.forward(&images).swap_remove(0);
        let part = tch::no_grad(|| some.forward(&there, Mode::Evaluate)).swap_remove(0);
        assert!((all - part).abs().max().double_value(&[]) < 1e-4);
    }
}

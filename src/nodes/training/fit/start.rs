//! Where a training starts: the network that is request for, its first tensors, and which of them are trained.

use std::collections::BTreeSet;

use crate::bounds::{Fraction, Positive};
use crate::kind::{KindError, Run};
use crate::nets::blueprint::{Blueprint, HEADS, Head, Pooled, RESPONSES, Readout, Trunk};
use crate::nets::graph::Graph;
use crate::nets::init::random_of;
use crate::nets::input::Normalisation;
use crate::nets::weights;
use crate::nets::weights::{Tensor, Weights};
use crate::nets::zoo::catalogue::{IMAGENET_MEAN, IMAGENET_STD};
use crate::nodes::training::fit::request::Inputs;
use crate::nodes::training::fit::targets::{Classes, Targets};
use crate::nodes::training::fit::trained;
use crate::nodes::training::options;
use crate::nodes::training::options::{Loss, READOUT, WHOLE};
use crate::nodes::training::parameters::Training;
use crate::value::lineage::Lineage;
use crate::value::network;
use crate::value::network::Network;

/// The network that is request for, with a head per task.
pub fn blueprint(
    training: &Training,
    inputs: &Inputs,
    targets: Option<&Targets>,
    classes: Option<&Classes>,
) -> Result<Blueprint, KindError> {
    let network = training.network();
    let trunk = match &inputs.network {
        None => network.trunk(),
        Some(inputs) => {
            if training.architecture.is_some() || training.model.is_some() {
                return Err(KindError::new(
                    "`network` is connected, but the parameters name an architecture or model too; a trunk is one of them",
                ));
            }
            trained::Rebuilt::of(inputs)?.blueprint.trunk
        }
    };
    if let (Trunk::Layer { model, .. }, None, None) = (&trunk, &training.weights, &inputs.network) {
        return Err(KindError::new(format!(
            "`weights` is not given for {model}; name a file, or `random` to train it from the start"
        )));
    }
    let readout = network.head();
    // A place of its own suits a unit; for a class, means are the like of it.
    let for_classes = match &readout {
        Readout::Gaussian => Readout::Pooled(Pooled { grid: Positive::new(1), dropout: Fraction::new(0.0) }),
        other => other.clone(),
    };
    let head = |outputs, readout| Head { outputs, readout };
    Ok(Blueprint {
        responses: targets.map(|targets| head(targets.units.len(), readout)),
        classes: classes.map(|classes| head(classes.names.len(), for_classes)),
        norm: matches!(trunk, Trunk::Layer { .. }),
        softplus: training.loss == Loss::Poisson && targets.is_some(),
        trunk,
    })
}

/// The tensors that a training starts with.
pub struct Start {
    pub weights: Weights,
    /// The names of those that were given.
    pub known: BTreeSet<String>,
    /// What these have seen.
    pub lineage: Lineage,
    /// What is to be said of where they were found.
    pub notes: Vec<String>,
}

/// Gathers what is given, and draws the rest.
pub fn start(
    training: &Training,
    inputs: &Inputs,
    blueprint: &Blueprint,
    graph: &Graph,
    targets: Option<&Targets>,
    run: &Run<'_>,
) -> Result<Start, KindError> {
    let mut known = BTreeSet::new();
    let mut weights = random_of(graph, &blueprint.outputs(), training.seed);
    let mut lineage = Lineage::default();
    let mut notes = Vec::new();
    let trunk = blueprint.trunk_layer();
    match (&inputs.network, &training.weights) {
        (Some(network), _) => {
            lineage = network.about.lineage.clone();
            for step in weights::needed(graph, &[&trunk]) {
                for (part, _) in step.op.tensors() {
                    let name = step.tensor(part);
                    let array =
                        network.tensors.get(&name).ok_or_else(|| format!("`network`: tensor {name} is absent"))?;
                    let data = array.iter().copied().collect();
                    known.insert(name.clone());
                    weights.insert(name, Tensor { shape: array.shape().to_vec(), data });
                }
            }
        }
        (None, Some(given)) if !given.is_random() => {
            let path = run.file(given.parameter()).0;
            let architecture = blueprint.architecture().expect("`check` found the model");
            let taken = weights::file::read(path, given.asked(), architecture, &[&trunk])?;
            notes = taken.notes;
            known.extend(taken.weights.keys().cloned());
            weights.extend(taken.weights);
        }
        _ => {}
    }
    if let Some(targets) = targets {
        for (part, numbers) in [("scale", &targets.scale), ("shift", &targets.shift)] {
            let name = format!("{RESPONSES}.output.{part}");
            let slot = weights.get_mut(&name).expect("responses end in their own scale");
            slot.data.clone_from(numbers);
        }
    }
    Ok(Start { weights, known, lineage, notes })
}

/// The first step that is trained.
pub fn first_step(training: &Training, blueprint: &Blueprint, graph: &Graph) -> Result<usize, KindError> {
    let under = |layer: &str| {
        let inside = format!("{layer}.");
        graph.steps.iter().position(|step| step.name == layer || step.name.starts_with(&inside))
    };
    let heads = HEADS.into_iter().filter_map(under).min().expect("a head");
    match training.tune.as_str() {
        WHOLE => Ok(0),
        READOUT => Ok(heads),
        layer => {
            let first = under(layer).ok_or_else(|| format!("`tune` is {layer}, and the network has no such layer"))?;
            let end = graph.wire(&blueprint.trunk_layer()).expect("the trunk has an end");
            if first >= end && first < heads {
                return Err(KindError::new(format!(
                    "`tune` is {layer}, which lies beyond the layer that is read out ({}); nothing but the readout would be \
                     trained, which `tune: readout` says",
                    blueprint.trunk_layer()
                )));
            }
            Ok(first)
        }
    }
}

/// How it wants its images.
pub fn normalisation(blueprint: &Blueprint, inputs: &Inputs) -> Normalisation {
    match (&inputs.network, blueprint.architecture()) {
        (Some(Network { about: network::About { trained: Some(trained), .. }, .. }), _) => (trained.mean, trained.std),
        (_, Some(architecture)) => (architecture.mean, architecture.std),
        _ => (IMAGENET_MEAN, IMAGENET_STD),
    }
}

/// What it is called in its value.
pub fn named(training: &Training, blueprint: &Blueprint) -> String {
    match &blueprint.trunk {
        Trunk::Layer { model, .. } => model.clone(),
        Trunk::Blocks(_) => training.architecture.as_ref().map_or("blocks", options::Architecture::name).to_owned(),
    }
}

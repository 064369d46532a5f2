//! A training node from end to end: joins what arrives, trains once a round of the split, and emits.

use std::collections::BTreeMap;

use ndarray::{Array2, ArrayD, IxDyn};
use rand::SeedableRng;
use serde_json::{Value as Json, json};
use tch::{Device, Kind};

use super::balance::Balance;
use super::checkpoint::State;
use super::fitting::{Broken, Feed, Fitting, Follower, Plan, is_over};
use super::history::{self, History, Tasks};
use super::options::{self, Loss, Optimizer, Precision, RANDOM, READOUT, WHOLE};
use super::parameters::Training;
use super::pictures::{self, Pictures};
use super::targets::{Classes, Judges, Rows, Targets};
use super::trained;
use crate::device;
use crate::digest::Digest;
use crate::formats::checkpoint::Checkpoint;
use crate::kind::{Ingredients, KindError, Run};
use crate::math::augment::Looks;
use crate::math::optim::Rule;
use crate::math::schedule::Schedule;
use crate::math::tensor::place;
use crate::nets::blueprint::{Blueprint, CLASSES, Head, RESPONSES, Trunk};
use crate::nets::catalogue::{IMAGENET_MEAN, IMAGENET_STD};
use crate::nets::graph::{Graph, IMAGES, Wire};
use crate::nets::init::random_of;
use crate::nets::trainable::Trainable;
use crate::nets::weights::{self, Tensor, Weights};
use crate::nodes::regression::readout::train_rows;
use crate::value::Value;
use crate::value::images::Images;
use crate::value::labels::Labels;
use crate::value::lineage::{Exposure, Lineage};
use crate::value::matrix::{self, Matrix};
use crate::value::network::{self, Network};
use crate::value::responses::Responses;
use crate::value::split::{Round, Split};

/// Images that pass at a time when predictions are made: fixed, since bytes depend on it.
const PREDICTED_AT_ONCE: usize = 32;
/// Bytes of a frozen trunk's outputs that are held rather than computed at every look.
const HELD: u64 = 4 << 30;

/// What a kind asks for.
pub struct Asked<'a> {
    pub kind: &'static str,
    pub version: u32,
    pub training: Training,
    /// The parameters as they are written, for the name of checkpoints.
    pub written: Json,
    /// The weighing of two tasks, to start from.
    pub balance: &'a dyn Fn(Device) -> Balance,
    pub alternating: bool,
}

/// What arrives.
struct Given {
    images: Images,
    split: Split,
    responses: Option<Responses>,
    labels: Option<Labels>,
    /// A trained network to go on from.
    network: Option<Network>,
    size: (usize, usize),
}

/// Trains, once a round.
pub fn train(asked: &Asked<'_>, run: &mut Run<'_>) -> Result<(), KindError> {
    let images = run.images("images")?;
    let side = asked.training.image_size.map(|side| (side.get(), side.get()));
    let given = Given {
        size: side.unwrap_or(images.about.size),
        images,
        split: run.split("split")?,
        responses: if run.has("responses") { Some(run.responses("responses")?) } else { None },
        labels: if run.has("labels") { Some(run.labels("labels")?) } else { None },
        network: if run.has("network") { Some(run.network("network")?) } else { None },
    };
    let rounds = given.split.rounds();
    if run.device != crate::device::Device::Cpu {
        run.note("on a GPU sums are added up in varying order: another run gives slightly other numbers");
    }
    let mut histories = Vec::new();
    let mut lineage = Lineage::default();
    let tasks = match (&given.responses, &given.labels) {
        (Some(_), Some(_)) => Tasks::Both,
        (Some(_), None) => Tasks::Responses,
        _ => Tasks::Classes,
    };
    for (at, round) in rounds.iter().enumerate() {
        let (history, seen) = one_round(asked, &given, round, (at, rounds.len()), tasks, run)?;
        histories.push(history);
        lineage = Lineage::merge([&lineage, &seen]);
    }
    run.emit("history", Value::Table(history::table(tasks, &histories, loss_words(asked, tasks), lineage)))
}

fn loss_words(asked: &Asked<'_>, tasks: Tasks) -> &'static str {
    match (tasks, asked.training.loss) {
        (Tasks::Classes, _) => "the cross-entropy of classes",
        (Tasks::Responses, Loss::Mse) => "the mean squared error of z-scored responses",
        (Tasks::Responses, Loss::Poisson) => "the Poisson loss ŷ − y log ŷ of responses over their unit's mean",
        (Tasks::Both, _) => "the weighed sum of the responses' loss and the cross-entropy",
    }
}

fn one_round(
    asked: &Asked<'_>,
    given: &Given,
    round: &Round,
    (at, of): (usize, usize),
    tasks: Tasks,
    run: &mut Run<'_>,
) -> Result<(History, Lineage), KindError> {
    let training = &asked.training;
    let rows = dealt(asked, given, round)?;
    let stimuli = &given.images.about.stimuli;
    let targets = match &given.responses {
        Some(responses) => Some(Targets::join(responses, stimuli, &rows, training.loss, run)?),
        None => None,
    };
    let classes = match &given.labels {
        Some(labels) => Some(Classes::join(labels, stimuli, &rows, training.classes)?),
        None => None,
    };
    if tasks != Tasks::Responses && at == 0 {
        say_unknown(classes.as_ref().expect("labels arrive"), &rows, run);
    }
    let blueprint = blueprint(training, given, targets.as_ref(), classes.as_ref())?;
    let graph = blueprint.graph(given.size)?;
    let (weights, upstream) = start(training, given, &blueprint, &graph, targets.as_ref(), run)?;
    let first = first_step(training, &blueprint, &graph)?;
    let plan = plan(asked, rows.fit.len(), round.fold)?;
    reserve(training, given, &graph, &blueprint, run)?;

    let device = place(run.device);
    let normalisation = normalisation(&blueprint, given);
    let raw: Vec<Wire> = blueprint
        .outputs()
        .iter()
        .map(|head| graph.wire(&Blueprint::raw(head)).expect("every head has a readout"))
        .collect();
    let coarse = training.precision == Precision::BF16;
    let net =
        |whole| device::guard(|| Trainable::new(graph.clone(), raw.clone(), first, &weights, device, coarse, whole));
    let mut trainable = net(false)?;
    let held = held_bytes(&graph, trainable.start(), given);
    if trainable.start() != IMAGES && !(plan.looks.is_plain() && held <= HELD) {
        trainable = net(true)?;
    }
    let pictures = Pictures::load(&given.images, &run.sources, given.size, normalisation)?;
    let feed = feed(pictures, trainable.start(), &graph, &weights, given, device)?;

    let mut ingredients = ingredients(asked, round.fold, run);
    ingredients.insert("feed".to_owned(), json!(if matches!(feed, Feed::Frozen(_)) { "frozen" } else { "pictures" }));
    let from = resumed(&ingredients, &plan, tasks, training, run);
    let fitting = Fitting {
        plan: &plan,
        net: trainable,
        feed: &feed,
        rows: &rows,
        responses: targets.as_ref(),
        classes: classes.as_ref(),
        balance: (asked.balance)(device),
        device,
    };
    let mut watch = Watch { ingredients: &ingredients, tasks, before: at * plan.epochs, total: of * plan.epochs, run };
    let over = match fitting.run(from, &mut watch) {
        Ok(over) => over,
        Err(broken) => return Err(kept(broken, tasks, &rows, &ingredients, loss_words(asked, tasks), run)),
    };
    drop(feed);

    let lineage = lineage(asked, given, &rows, &upstream);
    let units = targets.map_or(Vec::new(), |targets| targets.units);
    let classes = classes.map_or(Vec::new(), |classes| classes.names);
    let all = weights::Weights::from_iter(weights.into_iter().chain(over.weights));
    let network = Network {
        about: network::About {
            architecture: named(training, &blueprint),
            lineage: lineage.clone(),
            trained: Some(network::Trained {
                blueprint: serde_json::to_value(&blueprint).expect("plain data"),
                size: given.size,
                mean: normalisation.0,
                std: normalisation.1,
                units: units.clone(),
                classes: classes.clone(),
            }),
        },
        tensors: all.into_iter().map(|(name, tensor)| (name, array(tensor))).collect(),
    };
    let outputs = trained::predict(&network, &given.images, &run.sources, device, PREDICTED_AT_ONCE)?;
    let matrix = |data: Array2<f32>, columns: &[String]| {
        let about = matrix::About {
            stimuli: Some(stimuli.clone()),
            columns: Some(columns.to_vec()),
            row_shape: Vec::new(),
            lineage: lineage.clone(),
        };
        Value::Matrix(Matrix::new(data, about))
    };
    let mut ports = vec!["predictions", "probabilities"].into_iter();
    if let Some(responses) = outputs.responses {
        run.emit_round(ports.next().expect("two"), round.fold, matrix(responses, &units))?;
    }
    if let Some(probabilities) = outputs.probabilities {
        run.emit_round(ports.next().expect("two"), round.fold, matrix(probabilities, &classes))?;
    }
    run.emit_round("network", round.fold, Value::Network(network))?;
    let history = History { fold: round.fold, epochs: over.history, best: over.best, judges: rows.judges };
    tell(&history, &plan, run);
    Ok((history, lineage))
}

/// The rows that are fitted on and those that judge; with both tasks, those of which anything is known.
fn dealt(asked: &Asked<'_>, given: &Given, round: &Round) -> Result<Rows, KindError> {
    let training = &asked.training;
    let stimuli = &given.images.about.stimuli;
    let mut train = train_rows(&given.split, round, stimuli, "images")?;
    let seen = stimuli.select(&train);
    match (&given.responses, &given.labels) {
        (Some(responses), Some(labels)) => {
            let responses = seen.find_in(responses.stimuli(), "train", "responses")?;
            let labels = seen.find_in(&labels.stimuli, "train", "labels")?;
            let known = responses.iter().zip(&labels).map(|(a, b)| a.is_some() || b.is_some());
            train = train.into_iter().zip(known).filter(|(_, known)| *known).map(|(row, _)| row).collect();
        }
        (Some(responses), None) => {
            seen.align(responses.stimuli(), "train", "responses")?;
        }
        (None, Some(labels)) => {
            seen.align(&labels.stimuli, "train", "labels")?;
        }
        (None, None) => unreachable!("the kind asked for one"),
    }
    let rows = Rows::deal(&given.split, round, stimuli, train, training.early_stopping, training.seed)?;
    let batch = training.batch.get();
    if batch > rows.fit.len() {
        return Err(KindError::new(format!(
            "`batch` is {batch}, but {} rows are fitted on; a batch is at most all of them",
            rows.fit.len()
        )));
    }
    Ok(rows)
}

fn say_unknown(classes: &Classes, rows: &Rows, run: &mut Run<'_>) {
    let unknown = rows.judge.iter().filter(|&&row| classes.of[row] < 0).count();
    if unknown > 0 && !rows.judge.is_empty() {
        run.note(format!(
            "{unknown} of {} judging rows show no class that is fitted on, and do not count for `val_accuracy`",
            rows.judge.len()
        ));
    }
}

fn blueprint(
    training: &Training,
    given: &Given,
    targets: Option<&Targets>,
    classes: Option<&Classes>,
) -> Result<Blueprint, KindError> {
    let network = training.network();
    let trunk = match &given.network {
        None => network.trunk(),
        Some(given) => {
            if training.architecture.is_some() || training.model.is_some() {
                return Err(KindError::new(
                    "`network` is connected, but the parameters name an architecture or model too; a trunk is one of them",
                ));
            }
            trained::Rebuilt::of(given)?.blueprint.trunk
        }
    };
    if let (Trunk::Layer { model, .. }, None, None) = (&trunk, &training.weights, &given.network) {
        return Err(KindError::new(format!(
            "`weights` is not given for {model}; name a file, or `random` to train it from the start"
        )));
    }
    let readout = network.plan();
    // A place of its own suits a unit; for a class, means are the like of it.
    let for_classes = match &readout {
        crate::nets::blueprint::Readout::Gaussian => crate::nets::blueprint::Readout::Pooled { grid: 1, dropout: 0.0 },
        other => other.clone(),
    };
    let head = |outputs, readout| Head { outputs, readout };
    Ok(Blueprint {
        trunk,
        responses: targets.map(|targets| head(targets.units.len(), readout)),
        classes: classes.map(|classes| head(classes.names.len(), for_classes)),
        softplus: training.loss == Loss::Poisson && targets.is_some(),
    })
}

/// The tensors to start with, and what those that are given have seen.
fn start(
    training: &Training,
    given: &Given,
    blueprint: &Blueprint,
    graph: &Graph,
    targets: Option<&Targets>,
    run: &Run<'_>,
) -> Result<(Weights, Lineage), KindError> {
    let mut weights = random_of(graph, &blueprint.outputs(), training.seed);
    let mut lineage = Lineage::default();
    let trunk = blueprint.trunk_layer();
    match (&given.network, training.weights.as_deref()) {
        (Some(network), _) => {
            lineage = network.about.lineage.clone();
            for step in weights::needed(graph, &[&trunk]) {
                for (part, _) in step.op.tensors() {
                    let name = step.tensor(part);
                    let array =
                        network.tensors.get(&name).ok_or_else(|| format!("`network`: tensor {name} is absent"))?;
                    let data = array.iter().copied().collect();
                    weights.insert(name, Tensor { shape: array.shape().to_vec(), data });
                }
            }
        }
        (None, Some(path)) if path != RANDOM => {
            let path = run.file("weights").0;
            let file = Checkpoint::open(path)?;
            let architecture = blueprint.architecture().expect("`check` found the model");
            let read = weights::gather(architecture, &[&trunk], &file.names(), |name| file.get(name))
                .map_err(|problem| format!("{}: {problem}", path.display()))?;
            weights.extend(read);
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
    Ok((weights, lineage))
}

/// The first step that is trained.
fn first_step(training: &Training, blueprint: &Blueprint, graph: &Graph) -> Result<usize, KindError> {
    let under = |layer: &str| {
        let inside = format!("{layer}.");
        graph.steps.iter().position(|step| step.name == layer || step.name.starts_with(&inside))
    };
    let heads = [RESPONSES, CLASSES].into_iter().filter_map(under).min().expect("a head");
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

fn plan(asked: &Asked<'_>, fitted: usize, fold: Option<usize>) -> Result<Plan, KindError> {
    let training = &asked.training;
    let looks = training.augment.map_or(Looks { crop: 1.0, ..Looks::default() }, |augment| Looks {
        flip: augment.flip,
        shift: augment.shift.get(),
        crop: augment.crop.get(),
        brightness: augment.brightness.get(),
    });
    debug_assert!(fitted > 0, "the rows were dealt");
    let seed = fold.map_or(training.seed, |fold| Digest::of(format!("{} {fold}", training.seed).as_bytes()).prefix());
    Ok(Plan {
        rule: match training.optimizer {
            Optimizer::Sgd => Rule::Sgd { momentum: training.momentum.get() },
            Optimizer::Adam => Rule::Adam,
            Optimizer::AdamW => Rule::AdamW,
        },
        rate: training.learning_rate.get(),
        decay: training.weight_decay.get(),
        schedule: training.schedule.plan(),
        epochs: training.epochs.get(),
        batch: training.batch.get(),
        looks,
        patience: training.early_stopping.map(|stopping| stopping.patience.get()),
        clip: training.clip.map(|clip| clip.get()),
        loss: training.loss,
        alternating: asked.alternating,
        seed,
    })
}

/// Sets memory aside: pictures, tensors with their moments and copies, and what a batch holds on its way there and back.
fn reserve(
    training: &Training,
    given: &Given,
    graph: &Graph,
    blueprint: &Blueprint,
    run: &mut Run<'_>,
) -> Result<(), KindError> {
    let wires: Vec<Wire> = blueprint.outputs().iter().filter_map(|layer| graph.wire(layer)).collect();
    let needed = graph.needed(&wires);
    let shapes = graph.shapes(given.size.0, given.size.1);
    let steps = || graph.steps.iter().enumerate().filter(|(at, _)| needed[*at]);
    let floats = |at: usize| shapes[at + 1].as_ref().map_or(0, |shape| shape.iter().product::<usize>());
    let held: usize = steps().map(|(at, _)| floats(at)).sum();
    let tensors: usize =
        steps().flat_map(|(_, step)| step.op.tensors()).map(|(_, shape)| shape.iter().product::<usize>()).sum();
    // Outputs are kept for their gradients, which are as large; half as much again for copies that convolutions make.
    let batch = training.batch.get() * held * 5 / 2;
    let bytes = pictures::needed(&given.images, given.size) + 4 * (8 * tensors + batch) as u64 + (200 << 20);
    run.reserve(bytes, "a smaller `batch` or `image_size`, or fewer channels, need less")
}

fn held_bytes(graph: &Graph, start: Wire, given: &Given) -> u64 {
    let shape = graph.shapes(given.size.0, given.size.1).swap_remove(start);
    let row: usize = shape.map_or(0, |shape| shape.iter().product());
    4 * (row * given.images.len()) as u64
}

/// Pictures, or what a frozen trunk gives for them.
fn feed(
    pictures: Pictures,
    start: Wire,
    graph: &Graph,
    weights: &Weights,
    given: &Given,
    device: Device,
) -> Result<Feed, KindError> {
    if start == IMAGES {
        return Ok(Feed::Pictures(pictures));
    }
    let given = device::guard(|| {
        let trunk = crate::nets::network::Network::load_wires(graph, vec![start], weights, device, Kind::Float);
        let rows: Vec<usize> = (0..given.images.len()).collect();
        // Nothing is drawn for pictures as they are.
        let mut plain = rand_chacha::ChaCha12Rng::seed_from_u64(0);
        let parts = rows.chunks(PREDICTED_AT_ONCE).map(|rows| {
            let batch = pictures.batch(rows, None, &mut plain, device);
            trunk.forward(&batch).swap_remove(0).to_device(Device::Cpu)
        });
        tch::Tensor::cat(&parts.collect::<Vec<_>>(), 0)
    })?;
    Ok(Feed::Frozen(given))
}

fn normalisation(blueprint: &Blueprint, given: &Given) -> crate::nets::input::Normalisation {
    match (&given.network, blueprint.architecture()) {
        (Some(Network { about: network::About { trained: Some(trained), .. }, .. }), _) => (trained.mean, trained.std),
        (_, Some(architecture)) => (architecture.mean, architecture.std),
        _ => (IMAGENET_MEAN, IMAGENET_STD),
    }
}

fn named(training: &Training, blueprint: &Blueprint) -> String {
    match &blueprint.trunk {
        Trunk::Layer { model, .. } => model.clone(),
        Trunk::Blocks(_) => training.architecture.as_ref().map_or("blocks", options::Architecture::name).to_owned(),
    }
}

fn lineage(asked: &Asked<'_>, given: &Given, rows: &Rows, upstream: &Lineage) -> Lineage {
    let stimuli = &given.images.about.stimuli;
    let recorded = given.responses.as_ref().map(|responses| &responses.about.lineage);
    let mut lineage = Lineage::merge(recorded.into_iter().chain([upstream]));
    let slice = if rows.judges == Judges::Slice { rows.judge.as_slice() } else { &[] };
    let fitted: Vec<usize> = rows.fit.iter().chain(slice).copied().collect();
    lineage = lineage.fitted_on(Exposure::new(asked.kind, stimuli, &fitted));
    if rows.judges == Judges::Val {
        lineage = lineage.selected_by(Exposure::new(asked.kind, stimuli, &rows.judge));
    }
    lineage
}

/// What a checkpoint is known by: all that decides an epoch, but how many there will be and when it stops.
fn ingredients(asked: &Asked<'_>, fold: Option<usize>, run: &Run<'_>) -> Ingredients {
    let mut written = asked.written.clone();
    let fields = written.as_object_mut().expect("parameters are a map");
    fields.shift_remove("epochs");
    if let Some(stopping) = fields.get_mut("early_stopping").and_then(Json::as_object_mut) {
        stopping.shift_remove("patience");
    }
    if let Some((_, digest)) = run.files.get("weights") {
        fields.insert("weights".to_owned(), json!(digest.to_string()));
    }
    let inputs: BTreeMap<&String, Vec<String>> = run
        .inputs
        .iter()
        .map(|(port, arrivals)| (port, arrivals.iter().map(|arrival| arrival.digest.to_string()).collect()))
        .collect();
    Ingredients::from([
        ("training".to_owned(), json!(asked.kind)),
        ("version".to_owned(), json!(asked.version)),
        ("params".to_owned(), written),
        ("inputs".to_owned(), json!(inputs)),
        ("fold".to_owned(), json!(fold)),
    ])
}

/// The state to go on from, if there is one that this training would have passed through.
fn resumed(
    ingredients: &Ingredients,
    plan: &Plan,
    tasks: Tasks,
    training: &Training,
    run: &mut Run<'_>,
) -> Option<State> {
    let state = run.host.checkpoint(ingredients).and_then(|bytes| State::read(&bytes))?;
    let done = state.history.len();
    if state.planned != plan.epochs && !plan.schedule.goes_on() {
        run.note(format!(
            "{done} of {} epochs of this training are there, but `schedule: {}` spreads over all epochs, so that one of {} \
             starts anew; `constant` and `step` go on",
            state.planned,
            training.schedule.name(),
            plan.epochs
        ));
        return None;
    }
    // With less patience, or fewer epochs, it would have ended before.
    let ended = (1..done).any(|epochs| is_over(&state.history[..epochs], plan.patience, tasks));
    if done > plan.epochs || ended {
        return None;
    }
    if done > 0 {
        run.note(format!("{done} of {} epochs were there; it went on from the last of them", plan.epochs));
    }
    Some(state)
}

/// Keeps and tells every epoch.
struct Watch<'a, 'b> {
    ingredients: &'a Ingredients,
    tasks: Tasks,
    before: usize,
    total: usize,
    run: &'a mut Run<'b>,
}

impl Follower for Watch<'_, '_> {
    fn epoch(&mut self, state: &State) -> Result<(), KindError> {
        let done = state.history.len();
        let kept = self.run.host.keep_checkpoint(self.ingredients, &state.write());
        kept.map_err(|e| KindError::new(format!("cannot keep the state of epoch {done}: {e}")))?;
        let values = self.tasks.values(state.history.last().expect("an epoch is done"));
        self.run.host.metric((self.before + done) as u64, &values);
        self.run.progress((self.before + done) as u64, self.total as u64, "epochs");
        Ok(())
    }
}

/// Keeps the history of a training that broke, and says where.
fn kept(
    broken: Broken,
    tasks: Tasks,
    rows: &Rows,
    ingredients: &Ingredients,
    loss: &str,
    run: &mut Run<'_>,
) -> KindError {
    let Broken { error, history } = broken;
    if history.is_empty() {
        return KindError::new(error);
    }
    let done = history.len();
    let history = History { fold: None, epochs: history, best: done, judges: rows.judges };
    let table = Value::Table(history::table(tasks, &[history], loss, Lineage::default()));
    let of = Digest::of_json(&json!(ingredients));
    let product = crate::kind::Product { name: "broken_history", version: 1 };
    match run.host.keep(&product.ingredients(of, None), &table, 0.0) {
        Ok(digest) => {
            let name = digest.to_string();
            KindError::new(format!(
                "{error}; the history of {done} epochs before it is cache/objects/{}/{name}.parquet",
                &name[..2]
            ))
        }
        Err(_) => KindError::new(error),
    }
}

fn tell(history: &History, plan: &Plan, run: &mut Run<'_>) {
    let place = history.fold.map_or(String::new(), |fold| format!("fold {fold}: "));
    let done = history.epochs.len();
    if plan.patience.is_some() && done < plan.epochs {
        run.note(format!(
            "{place}stopped after {done} of {} epochs; the weights of epoch {} are kept, judged by {}",
            plan.epochs,
            history.best,
            history.judges.words()
        ));
    } else if plan.patience.is_some() && history.best == done && plan.schedule == Schedule::Constant {
        run.note(format!("{place}the last of {done} epochs was the best: more `epochs` may be better"));
    }
}

fn array(tensor: Tensor) -> ArrayD<f32> {
    ArrayD::from_shape_vec(IxDyn(&tensor.shape), tensor.data).expect("as many numbers as the shape asks for")
}

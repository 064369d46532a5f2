//! A training node from end to end: joins what arrives, trains once a round of the split, and emits.

use ndarray::{ArrayD, IxDyn};
use rand::SeedableRng;
use serde_json::json;
use tch::{Device, Kind};

use crate::digest::Digest;
use crate::kind::{KindError, Run};
use crate::libtorch;
use crate::math::tensor::place;
use crate::nets::blueprint::Blueprint;
use crate::nets::graph::{Graph, IMAGES, Wire};
use crate::nets::learn::looks::Looks;
use crate::nets::learn::schedule::Schedule;
use crate::nets::weights::{Tensor, Weights};
use crate::nodes::rows::train_rows;
use crate::nodes::training::fit::fitting::{Feed, Fitting, Plan};
use crate::nodes::training::fit::history;
use crate::nodes::training::fit::history::{History, Tasks};
use crate::nodes::training::fit::pictures;
use crate::nodes::training::fit::pictures::Pictures;
use crate::nodes::training::fit::request::{Inputs, Request};
use crate::nodes::training::fit::resuming::{Watch, ingredients, kept, resumed};
use crate::nodes::training::fit::start::{Start, blueprint, first_step, named, normalisation, start};
use crate::nodes::training::fit::targets::{Classes, Judges, Rows, Targets};
use crate::nodes::training::fit::trained;
use crate::nodes::training::options;
use crate::nodes::training::options::{Loss, Precision};
use crate::nodes::training::parameters::Training;
use crate::runtime::trainable::Trainable;
use crate::value::Value;
use crate::value::lineage::{Exposure, Lineage};
use crate::value::matrix;
use crate::value::matrix::Matrix;
use crate::value::network;
use crate::value::network::Network;
use crate::value::split::Round;

/// Images that pass at a time when predictions are made: fixed, since bytes depend on it.
const PREDICTED_AT_ONCE: usize = 32;
/// Bytes of a frozen trunk's outputs that are held rather than computed at every look.
const HELD: u64 = 4 << 30;

/// Trains, once a round.
pub fn train(request: &Request<'_>, run: &mut Run<'_>) -> Result<(), KindError> {
    let images = run.images("images")?;
    let side = request.training.image_size.map(|side| (side.get(), side.get()));
    let inputs = Inputs {
        size: side.unwrap_or(images.about.size),
        images,
        split: run.split("split")?,
        responses: if run.has("responses") { Some(run.responses("responses")?) } else { None },
        labels: if run.has("labels") { Some(run.labels("labels")?) } else { None },
        network: if run.has("network") { Some(run.network("network")?) } else { None },
    };
    if let Some(squashed) = inputs.images.squashed(inputs.size) {
        run.note(squashed);
    }
    let rounds = inputs.split.rounds();
    if run.device != crate::device::Device::Cpu {
        run.note("on a GPU sums are added up in varying order: another run gives slightly other numbers");
    }
    let mut histories = Vec::new();
    let mut lineage = Lineage::default();
    let tasks = match (&inputs.responses, &inputs.labels) {
        (Some(_), Some(_)) => Tasks::Both,
        (Some(_), None) => Tasks::Responses,
        _ => Tasks::Classes,
    };
    for (at, round) in rounds.iter().enumerate() {
        let (history, seen) = one_round(request, &inputs, round, (at, rounds.len()), tasks, run)?;
        histories.push(history);
        lineage = Lineage::merge([&lineage, &seen]);
    }
    run.emit("history", Value::Table(history::table(tasks, &histories, loss_words(request, tasks), lineage)))
}

fn loss_words(request: &Request<'_>, tasks: Tasks) -> &'static str {
    match (tasks, request.training.loss) {
        (Tasks::Classes, _) => "the cross-entropy of classes",
        (Tasks::Responses, Loss::Mse) => "the mean squared error of z-scored responses",
        (Tasks::Responses, Loss::Poisson) => "the Poisson loss ŷ − y log ŷ of responses over their unit's mean",
        (Tasks::Both, _) => "the weighed sum of the responses' loss and the cross-entropy",
    }
}

fn one_round(
    request: &Request<'_>,
    inputs: &Inputs,
    round: &Round,
    (at, of): (usize, usize),
    tasks: Tasks,
    run: &mut Run<'_>,
) -> Result<(History, Lineage), KindError> {
    let training = &request.training;
    let mut rows = dealt(request, inputs, round)?;
    let (targets, classes) = joined(training, inputs, &mut rows, run)?;
    if tasks != Tasks::Responses && at == 0 {
        say_unknown(classes.as_ref().expect("labels arrive"), &rows, run);
    }
    let blueprint = blueprint(training, inputs, targets.as_ref(), classes.as_ref())?;
    let graph = blueprint.graph(inputs.size)?;
    let Start { weights, known, lineage: upstream, notes } =
        start(training, inputs, &blueprint, &graph, targets.as_ref(), run)?;
    if at == 0 {
        notes.iter().for_each(|note| run.note(note));
    }
    let first = first_step(training, &blueprint, &graph)?;
    let plan = plan(request, rows.fit.len(), round.fold)?;
    reserve(training, inputs, &graph, &blueprint, 0, run)?;

    let device = place(run.device);
    let normalisation = normalisation(&blueprint, inputs);
    let raw = readouts(&blueprint, &graph);
    let coarse = training.precision == Precision::BF16;
    let net =
        |whole| libtorch::guard(|| Trainable::new(graph.clone(), raw.clone(), first, &weights, device, coarse, whole));
    let mut trainable = net(false)?;
    let held = held_bytes(&graph, trainable.start(), inputs);
    if trainable.start() != IMAGES && !(plan.looks.is_plain() && held <= HELD) {
        trainable = net(true)?;
    }
    if trainable.start() != IMAGES {
        reserve(training, inputs, &graph, &blueprint, held, run)?;
    }
    let pictures = Pictures::load(&inputs.images, &run.sources, inputs.size, normalisation)?;
    let feed = feed(pictures, trainable.start(), &graph, &weights, inputs, device)?;

    let mut ingredients = ingredients(request, round.fold, run);
    ingredients.insert("feed".to_owned(), json!(if matches!(feed, Feed::Frozen(_)) { "frozen" } else { "pictures" }));
    let from = resumed(&ingredients, &plan, tasks, training, run);
    let fitting = Fitting {
        plan: &plan,
        known: &known,
        net: trainable,
        feed: &feed,
        rows: &rows,
        responses: targets.as_ref(),
        classes: classes.as_ref(),
        balance: (request.balance)(device),
        device,
    };
    let mut watch = Watch { ingredients: &ingredients, tasks, before: at * plan.epochs, total: of * plan.epochs, run };
    if let Some(state) = &from {
        watch.resumed(state);
    }
    let over = match fitting.run(from, &mut watch) {
        Ok(over) => over,
        Err(broken) => return Err(kept(broken, tasks, &rows, &ingredients, loss_words(request, tasks), run)),
    };
    drop(feed);

    let lineage = lineage(request, inputs, &rows, &upstream);
    let trained = network::Trained {
        blueprint: serde_json::to_value(&blueprint).expect("plain data"),
        size: inputs.size,
        mean: normalisation.0,
        std: normalisation.1,
        units: targets.map_or(Vec::new(), |targets| targets.units),
        classes: classes.map_or(Vec::new(), |classes| classes.names),
    };
    let about =
        network::About { architecture: named(training, &blueprint), lineage: lineage.clone(), trained: Some(trained) };
    let all = Weights::from_iter(weights.into_iter().chain(over.weights));
    let network = Network { about, tensors: all.into_iter().map(|(name, tensor)| (name, array(tensor))).collect() };
    emit(network, inputs, round.fold, device, run)?;
    let history = History { fold: round.fold, epochs: over.history, best: over.best, judges: rows.judges };
    report(&history, &plan, run);
    Ok((history, lineage))
}

/// What arrives of both tasks, joined with the images; who judges must know of them.
fn joined(
    training: &Training,
    inputs: &Inputs,
    rows: &mut Rows,
    run: &mut Run<'_>,
) -> Result<(Option<Targets>, Option<Classes>), KindError> {
    let stimuli = &inputs.images.about.stimuli;
    let targets = match &inputs.responses {
        Some(responses) => Some(Targets::join(responses, stimuli, rows, training.loss, run)?),
        None => None,
    };
    let classes = match &inputs.labels {
        Some(labels) => Some(Classes::join(labels, stimuli, rows, training.classes)?),
        None => None,
    };
    check_judges(rows, targets.as_ref(), classes.as_ref())?;
    Ok((targets, classes))
}

/// What the losses look at: the readout of each head.
fn readouts(blueprint: &Blueprint, graph: &Graph) -> Vec<Wire> {
    let readout = |head: &&str| graph.wire(&Blueprint::raw(head)).expect("every head has a readout");
    blueprint.outputs().iter().map(readout).collect()
}

/// Emits the network, and what it gives for all images.
fn emit(
    network: Network,
    inputs: &Inputs,
    fold: Option<usize>,
    device: Device,
    run: &mut Run<'_>,
) -> Result<(), KindError> {
    let outputs = trained::predict(&network, &inputs.images, &run.sources, device, PREDICTED_AT_ONCE)?;
    let trained = network.about.trained.as_ref().expect("it was");
    let heads = [(outputs.responses, &trained.units), (outputs.probabilities, &trained.classes)];
    let there = heads.into_iter().filter_map(|(data, columns)| Some((data?, columns)));
    for (port, (data, columns)) in ["predictions", "probabilities"].into_iter().zip(there) {
        let about = matrix::About {
            stimuli: Some(inputs.images.about.stimuli.clone()),
            columns: Some(columns.clone()),
            row_shape: Vec::new(),
            lineage: network.about.lineage.clone(),
        };
        run.emit_round(port, fold, Value::Matrix(Matrix::new(data, about)))?;
    }
    run.emit_round("network", fold, Value::Network(network))
}

/// The rows that are fitted on and those that judge; with both tasks, those of which anything is known.
fn dealt(request: &Request<'_>, inputs: &Inputs, round: &Round) -> Result<Rows, KindError> {
    let training = &request.training;
    let stimuli = &inputs.images.about.stimuli;
    let mut train = train_rows(&inputs.split, round, stimuli, "images")?;
    let seen = stimuli.select(&train);
    match (&inputs.responses, &inputs.labels) {
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
        (None, None) => unreachable!("the kind request for one"),
    }
    let groups = groups(inputs, training.classes)?;
    let rows = Rows::deal(&inputs.split, round, stimuli, train, &groups, training.early_stopping, training.seed)?;
    let batch = training.batch.get();
    if batch > rows.fit.len() {
        return Err(KindError::new(format!(
            "`batch` is {batch}, but {} rows are fitted on; a batch is at most all of them",
            rows.fit.len()
        )));
    }
    Ok(rows)
}

/// The class of each image, by which the slice that judges is stratified; nothing where no labels arrive.
fn groups(inputs: &Inputs, classes: options::Classes) -> Result<Vec<Option<&String>>, KindError> {
    let Some(labels) = &inputs.labels else { return Ok(Vec::new()) };
    let names = match (classes, &labels.category) {
        (options::Classes::Category, Some(categories)) => categories,
        _ => &labels.object,
    };
    let found = inputs.images.about.stimuli.find_in(&labels.stimuli, "images", "labels")?;
    Ok(found.into_iter().map(|at| at.map(|at| &names[at])).collect())
}

/// Rows of which nothing is known cannot judge: an error where they should, else nobody does.
fn check_judges(rows: &mut Rows, targets: Option<&Targets>, classes: Option<&Classes>) -> Result<(), KindError> {
    let known = |&row: &usize| match (targets, classes) {
        (Some(targets), _) => targets.raw.row(row).iter().any(|value| !value.is_nan()),
        (None, Some(classes)) => classes.of[row] >= 0,
        (None, None) => false,
    };
    if rows.judge.is_empty() || rows.judge.iter().any(known) {
        return Ok(());
    }
    if rows.judges == Judges::Onlookers {
        rows.judge.clear();
        rows.judges = Judges::Nobody;
        return Ok(());
    }
    Err(KindError::new(format!(
        "none of the {} rows that should judge an epoch ({}) has {}; `early_stopping` needs some that do",
        rows.judge.len(),
        rows.judges.words(),
        if targets.is_some() { "a response" } else { "a label that is fitted on" }
    )))
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

fn plan(request: &Request<'_>, fitted: usize, fold: Option<usize>) -> Result<Plan, KindError> {
    let training = &request.training;
    assert!(fitted > 0, "the rows were dealt");
    let seed = fold.map_or(training.seed, |fold| Digest::of(format!("{} {fold}", training.seed).as_bytes()).prefix());
    Ok(Plan {
        rule: training.optimizer,
        momentum: training.momentum.get(),
        rate: training.learning_rate.get(),
        decay: training.weight_decay.get(),
        trunk_rate: training.trunk_rate.get(),
        schedule: training.schedule,
        epochs: training.epochs.get(),
        batch: training.batch.get(),
        looks: training.augment.unwrap_or_else(Looks::plain),
        patience: training.early_stopping.map(|stopping| stopping.patience.get()),
        clip: training.clip.map(|clip| clip.get()),
        loss: training.loss,
        alternating: request.alternating,
        seed,
    })
}

/// Sets memory aside: pictures, tensors with their moments and copies, what a batch holds on its way there and back, and the
/// outputs of a frozen trunk.
fn reserve(
    training: &Training,
    inputs: &Inputs,
    graph: &Graph,
    blueprint: &Blueprint,
    frozen: u64,
    run: &mut Run<'_>,
) -> Result<(), KindError> {
    let wires: Vec<Wire> = blueprint.outputs().iter().filter_map(|layer| graph.wire(layer)).collect();
    let needed = graph.needed(&wires);
    let shapes = graph.shapes(inputs.size.0, inputs.size.1);
    let steps = || graph.steps.iter().enumerate().filter(|(at, _)| needed[*at]);
    let floats = |at: usize| shapes[at + 1].as_ref().map_or(0, |shape| shape.iter().product::<usize>());
    let held: usize = steps().map(|(at, _)| floats(at)).sum();
    let tensors: usize =
        steps().flat_map(|(_, step)| step.op.tensors()).map(|(_, shape)| shape.iter().product::<usize>()).sum();
    // Outputs are kept for their gradients, which are as large; half as much again for copies that convolutions make.
    let batch = training.batch.get() * held * 5 / 2;
    let bytes = pictures::needed(&inputs.images, inputs.size) + 4 * (8 * tensors + batch) as u64 + frozen + (200 << 20);
    run.reserve(bytes, "a smaller `batch` or `image_size`, or fewer channels, need less")
}

fn held_bytes(graph: &Graph, start: Wire, inputs: &Inputs) -> u64 {
    let shape = graph.shapes(inputs.size.0, inputs.size.1).swap_remove(start);
    let row: usize = shape.map_or(0, |shape| shape.iter().product());
    4 * (row * inputs.images.len()) as u64
}

/// Pictures, or what a frozen trunk gives for them.
fn feed(
    pictures: Pictures,
    start: Wire,
    graph: &Graph,
    weights: &Weights,
    inputs: &Inputs,
    device: Device,
) -> Result<Feed, KindError> {
    if start == IMAGES {
        return Ok(Feed::Pictures(pictures));
    }
    let inputs = libtorch::guard(|| {
        let trunk = crate::runtime::network::Network::load_wires(graph, vec![start], weights, device, Kind::Float);
        let rows: Vec<usize> = (0..inputs.images.len()).collect();
        // Nothing is drawn for pictures as they are.
        let mut plain = rand_chacha::ChaCha12Rng::seed_from_u64(0);
        let parts = rows.chunks(PREDICTED_AT_ONCE).map(|rows| {
            let batch = pictures.batch(rows, None, &mut plain, device);
            trunk.forward(&batch).swap_remove(0).to_device(Device::Cpu)
        });
        tch::Tensor::cat(&parts.collect::<Vec<_>>(), 0)
    })?;
    Ok(Feed::Frozen(inputs))
}

fn lineage(request: &Request<'_>, inputs: &Inputs, rows: &Rows, upstream: &Lineage) -> Lineage {
    let stimuli = &inputs.images.about.stimuli;
    let recorded = inputs.responses.as_ref().map(|responses| &responses.about.lineage);
    let mut lineage = Lineage::merge(recorded.into_iter().chain([upstream]));
    let slice = if rows.judges == Judges::Slice { rows.judge.as_slice() } else { &[] };
    let fitted: Vec<usize> = rows.fit.iter().chain(slice).copied().collect();
    let recording = inputs.responses.as_ref().and_then(|responses| responses.about.recording.as_ref());
    lineage = lineage.fitted_on(Exposure::new(request.kind, stimuli, &fitted)).to_responses_of(recording);
    if rows.judges == Judges::Val {
        lineage = lineage.selected_by(Exposure::new(request.kind, stimuli, &rows.judge));
    }
    lineage
}

fn report(history: &History, plan: &Plan, run: &mut Run<'_>) {
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

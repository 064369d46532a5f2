//! One training: epochs of steps on batches, judged after each, from the start or from where an earlier one stopped.

use std::collections::BTreeSet;
use std::time::Instant;

use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha12Rng;
use tch::{Device, Tensor};

use crate::device;
use crate::kind::KindError;
use crate::libtorch;
use crate::math::learn::loss;
use crate::math::learn::optim::{Optimizer, Pace, clip};
use crate::math::tensor::{index, narrow_vec};
use crate::nets::learn::looks::Looks;
use crate::nets::learn::rule::Rule;
use crate::nets::learn::schedule::Schedule;
use crate::nets::op::readout::Link;
use crate::nets::weights::Weights;
use crate::nodes::training::fit::balance::Balance;
use crate::nodes::training::fit::checkpoint::State;
use crate::nodes::training::fit::history::{Epoch, Tasks};
use crate::nodes::training::fit::pictures::Pictures;
use crate::nodes::training::fit::targets::{Classes, Rows, Targets};
use crate::nodes::training::options::Loss;
use crate::runtime::kernel::linked;
use crate::runtime::trainable::{Mode, Trainable, numbers};
use crate::stats::summary;

/// Rows that are judged at a time.
const JUDGED_AT_ONCE: usize = 64;

/// How a training goes.
#[derive(Clone, Debug)]
pub struct Plan {
    pub rule: Rule,
    /// Of `sgd`.
    pub momentum: f64,
    pub rate: f64,
    pub decay: f64,
    /// What the rate is multiplied by for tensors that were given.
    pub trunk_rate: f64,
    pub schedule: Schedule,
    pub epochs: usize,
    pub batch: usize,
    pub looks: Looks,
    /// Epochs without a better one after which it ends; none where nothing stops it.
    pub patience: Option<usize>,
    pub clip: Option<f64>,
    pub loss: Loss,
    /// Whether batches of responses and of labels take turns, where both are trained on.
    pub alternating: bool,
    /// What all draws come from.
    pub seed: u64,
}

/// What steps are taken on: pictures, or what a frozen trunk gives for them.
pub enum Feed {
    Pictures(Pictures),
    /// Images × anything, 32-bit floats.
    Frozen(Tensor),
}

/// All that a training works with.
pub struct Fitting<'a> {
    pub plan: &'a Plan,
    /// The names of the tensors that were given, not drawn.
    pub known: &'a BTreeSet<String>,
    pub net: Trainable,
    pub feed: &'a Feed,
    pub rows: &'a Rows,
    pub responses: Option<&'a Targets>,
    pub classes: Option<&'a Classes>,
    pub balance: Balance,
    pub device: Device,
}

/// Whoever follows a training.
pub trait Follower {
    /// An epoch is done; `state` is all that the next depends on.
    fn epoch(&mut self, state: &State) -> Result<(), KindError>;
}

/// A training that is over.
pub struct Trained {
    pub weights: Weights,
    pub history: Vec<Epoch>,
    /// The epoch whose weights these are, from 1.
    pub best: usize,
}

/// A training that could not go on, with what was done until then.
pub struct Broken {
    pub error: String,
    pub history: Vec<Epoch>,
}

/// What a batch is trained on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Of {
    Responses,
    Classes,
    Both,
}

/// Sums over the batches of an epoch: of losses times rows, and of rows.
#[derive(Default)]
struct Sums {
    joint: (f64, f64),
    responses: (f64, f64),
    classes: (f64, f64),
}

/// What the steps of an epoch share.
struct Pass<'a> {
    optimizer: &'a mut Optimizer,
    /// Of each parameter, at a learning rate of 1.
    paces: Vec<Pace>,
    sums: Sums,
}

impl Fitting<'_> {
    /// Trains to the end, from a state if there is one.
    pub fn run(mut self, from: Option<State>, follower: &mut dyn Follower) -> Result<Trained, Broken> {
        let mut optimizer = Optimizer::new(self.plan.rule, self.plan.momentum, &self.parameters());
        let mut state = from.unwrap_or_else(|| State { planned: self.plan.epochs, ..State::default() });
        if !state.history.is_empty() {
            self.restore(&state, &mut optimizer);
        }
        state.planned = self.plan.epochs;
        while state.history.len() < self.plan.epochs && !is_over(&state.history, self.plan.patience, self.tasks()) {
            let broken = |error, history: &[Epoch]| Broken { error, history: history.to_vec() };
            let epoch = match libtorch::guard(|| self.epoch(state.history.len(), &mut optimizer)).flatten() {
                Ok(epoch) => epoch,
                Err(error) => return Err(broken(self.advised(error), &state.history)),
            };
            state.history.push(epoch);
            self.remember(&mut state, &optimizer);
            if let Err(error) = follower.epoch(&state) {
                return Err(broken(error.message, &state.history));
            }
        }
        let (best, weights) = match (self.plan.patience, state.best) {
            (Some(_), Some(best)) => best,
            _ => (state.history.len(), state.weights),
        };
        Ok(Trained { weights, history: state.history, best })
    }

    /// What the history is about.
    pub fn tasks(&self) -> Tasks {
        match (self.responses, self.classes) {
            (Some(_), Some(_)) => Tasks::Both,
            (Some(_), None) => Tasks::Responses,
            _ => Tasks::Classes,
        }
    }

    /// Handles of all that gradients move; they share their memory with the network.
    fn parameters(&self) -> Vec<Tensor> {
        self.net.parameters.iter().chain(self.balance.parameter()).map(Tensor::shallow_clone).collect()
    }

    /// The pace of each parameter at a learning rate of 1. What weighs tasks learns as drawn tensors do.
    fn paces(&self) -> Vec<Pace> {
        let decays = self.net.decays(self.plan.decay);
        let pace = |(name, decay): (&String, f64)| Pace {
            rate: if self.known.contains(name) { self.plan.trunk_rate } else { 1.0 },
            decay,
        };
        self.net.names.iter().zip(decays).map(pace).chain([Pace { rate: 1.0, decay: 0.0 }]).collect()
    }

    fn restore(&mut self, state: &State, optimizer: &mut Optimizer) {
        self.net.restore(&state.weights);
        self.balance.restore(&state.balance);
        optimizer.steps.clone_from(&state.steps);
        for (slots, kept) in [(&mut optimizer.first, &state.first), (&mut optimizer.second, &state.second)] {
            for (slot, kept) in slots.iter_mut().zip(kept) {
                let _guard = tch::no_grad_guard();
                let shape: Vec<i64> = kept.shape.iter().map(|&side| index(side)).collect();
                slot.copy_(&Tensor::from_slice(&kept.data).view(shape.as_slice()));
            }
        }
    }

    fn remember(&self, state: &mut State, optimizer: &Optimizer) {
        state.weights = self.net.weights();
        state.steps.clone_from(&optimizer.steps);
        state.first = optimizer.first.iter().map(numbers).collect();
        state.second = optimizer.second.iter().map(numbers).collect();
        state.balance = self.balance.state();
        if best_of(&state.history, self.tasks()) == Some(state.history.len()) {
            state.best = Some((state.history.len(), state.weights.clone()));
        }
    }

    /// One pass over the rows, and what it came to. `done` epochs lie before it.
    fn epoch(&mut self, done: usize, optimizer: &mut Optimizer) -> Result<Epoch, String> {
        let start = Instant::now();
        let batches = self.batches(done);
        let mut pass = Pass { optimizer, paces: self.paces(), sums: Sums::default() };
        let mut rate = self.plan.rate;
        for (at, (rows, of)) in batches.iter().enumerate() {
            let step = done * batches.len() + at;
            rate = self.plan.rate * self.plan.schedule.factor(step, batches.len(), self.plan.epochs);
            let mut rng = stream(self.plan.seed, "batch", done, at);
            // Dropout and the noise of places draw from libtorch's generator.
            libtorch::seed(rng.random());
            let value = self.step((rows, *of), rate, &mut pass, &mut rng);
            if !value.is_finite() {
                return Err(format!(
                    "the loss is {value} in batch {} of epoch {}; a smaller `learning_rate` than {}, `clip: 1`{} or \
                     `schedule: one_cycle`, which starts low, keep it finite",
                    at + 1,
                    done + 1,
                    self.plan.rate,
                    if self.plan.batch < 16 { ", a larger `batch`" } else { "" },
                ));
            }
        }
        let sums = pass.sums;
        let mean = |(sum, count): (f64, f64)| (count > 0.0).then(|| sum / count);
        let mut epoch = Epoch { train_loss: mean(sums.joint), learning_rate: rate, ..Epoch::default() };
        if self.tasks() == Tasks::Both {
            (epoch.train_loss_response, epoch.train_loss_class) = (mean(sums.responses), mean(sums.classes));
            let [response, class] = self.balance.weights();
            (epoch.weight_response, epoch.weight_class) = (Some(response), Some(class));
        }
        self.judge(&mut epoch);
        if epoch.val_loss.is_some_and(|loss| !loss.is_finite()) {
            return Err(format!(
                "the loss over the judging rows is {} after epoch {}; a smaller `learning_rate` than {} or `clip: 1` keep it \
                 finite",
                epoch.val_loss.unwrap_or(f64::NAN),
                done + 1,
                self.plan.rate
            ));
        }
        epoch.seconds = start.elapsed().as_secs_f64();
        Ok(epoch)
    }

    /// The rows of each batch of an epoch, shuffled.
    fn batches(&self, epoch: usize) -> Vec<(Vec<usize>, Of)> {
        let dealt = |mut rows: Vec<usize>, what: &str, of: Of| {
            rows.shuffle(&mut stream(self.plan.seed, what, epoch, 0));
            let mut batches: Vec<Vec<usize>> = rows.chunks(self.plan.batch).map(<[usize]>::to_vec).collect();
            // Batch norm cannot normalise a single row.
            if batches.len() > 1 && batches.last().is_some_and(|last| last.len() == 1) {
                let lone = batches.pop().expect("it was looked at");
                batches.last_mut().expect("another stands before it").extend(lone);
            }
            batches.into_iter().map(move |rows| (rows, of)).collect::<Vec<_>>()
        };
        let all = || self.rows.fit.clone();
        match self.tasks() {
            Tasks::Responses => dealt(all(), "order", Of::Responses),
            Tasks::Classes => dealt(all(), "order", Of::Classes),
            Tasks::Both if !self.plan.alternating => dealt(all(), "order", Of::Both),
            Tasks::Both => {
                let (targets, classes) = (self.responses.expect("both"), self.classes.expect("both"));
                let known = |row: &usize| targets.raw.row(*row).iter().any(|x| !x.is_nan());
                let responses = dealt(all().into_iter().filter(known).collect(), "responses", Of::Responses);
                let labels = all().into_iter().filter(|&row| classes.of[row] >= 0).collect();
                let labels = dealt(labels, "classes", Of::Classes);
                // The shorter list is gone through again, so that neither task waits.
                let turns = responses.len().max(labels.len());
                (0..turns)
                    .flat_map(|at| [&responses[at % responses.len()], &labels[at % labels.len()]])
                    .cloned()
                    .collect()
            }
        }
    }

    /// A step on a batch; gives its loss.
    fn step(&mut self, (rows, of): (&[usize], Of), rate: f64, pass: &mut Pass<'_>, rng: &mut ChaCha12Rng) -> f64 {
        let Pass { optimizer, paces, sums } = pass;
        let input = self.input(rows, Some(&self.plan.looks), rng);
        let joint = tch::with_grad(|| {
            let outputs = self.net.forward(&input, Mode::Train);
            let mut outputs = outputs.iter();
            let response = self.responses.map(|targets| (targets, outputs.next().expect("a head of its own")));
            let class = self.classes.map(|classes| (classes, outputs.next().expect("a head of its own")));
            let response = response.filter(|_| of != Of::Classes).map(|(t, raw)| self.response_loss(t, raw, rows));
            let class = class
                .filter(|_| of != Of::Responses)
                .map(|(classes, logits)| loss::cross_entropy(logits, &self.chosen(&classes.numbers, rows)));
            let count = rows.len() as f64;
            for (loss, sum) in [(&response, &mut sums.responses), (&class, &mut sums.classes)] {
                if let Some(loss) = loss.as_ref().filter(|_| self.tasks_of_two()) {
                    *sum = (sum.0 + loss.double_value(&[]) * count, sum.1 + count);
                }
            }
            if let (Some(response), Some(class)) = (&response, &class) {
                let shared = self.net.shared().map(|at| self.net.parameters[at].shallow_clone());
                self.balance.learn(response, class, shared.as_ref());
            }
            match self.tasks() {
                Tasks::Both => self.balance.joint(response.as_ref(), class.as_ref()),
                _ => response.or(class).expect("a training has a task"),
            }
        });
        let value = joint.double_value(&[]);
        sums.joint = (sums.joint.0 + value * rows.len() as f64, sums.joint.1 + rows.len() as f64);
        if value.is_finite() {
            let mut parameters = self.parameters();
            let mut gradients = Tensor::run_backward(&[joint], &parameters, false, false);
            if let Some(most) = self.plan.clip {
                clip(&mut gradients, most);
            }
            let paces: Vec<Pace> = paces.iter().map(|pace| Pace { rate: rate * pace.rate, ..*pace }).collect();
            optimizer.step(&mut parameters, &gradients, &paces);
        }
        value
    }

    fn tasks_of_two(&self) -> bool {
        self.tasks() == Tasks::Both
    }

    fn response_loss(&self, targets: &Targets, raw: &Tensor, rows: &[usize]) -> Tensor {
        let target = self.chosen(&targets.scaled, rows);
        let mask = targets.mask.as_ref().map(|mask| self.chosen(mask, rows));
        match self.plan.loss {
            Loss::Mse => loss::squared(raw, &target, mask.as_ref()),
            Loss::Poisson => loss::poisson(&linked(raw, Link::Softplus), &target, mask.as_ref()),
        }
    }

    fn chosen(&self, of: &Tensor, rows: &[usize]) -> Tensor {
        let rows: Vec<i64> = rows.iter().map(|&row| index(row)).collect();
        of.index_select(0, &Tensor::from_slice(&rows)).to_device(self.device)
    }

    fn input(&self, rows: &[usize], looks: Option<&Looks>, rng: &mut ChaCha12Rng) -> Tensor {
        match self.feed {
            Feed::Pictures(pictures) => pictures.batch(rows, looks, rng, self.device),
            Feed::Frozen(given) => self.chosen(given, rows),
        }
    }

    /// Looks at the judging rows in evaluation mode.
    fn judge(&self, epoch: &mut Epoch) {
        let rows = &self.rows.judge;
        if rows.is_empty() {
            return;
        }
        let mut parts: Vec<Vec<Tensor>> = Vec::new();
        for rows in rows.chunks(JUDGED_AT_ONCE) {
            let input = self.input(rows, None, &mut stream(0, "", 0, 0));
            parts.push(tch::no_grad(|| self.net.forward(&input, Mode::Evaluate)));
        }
        let output = |at: usize| Tensor::cat(&parts.iter().map(|part| &part[at]).collect::<Vec<_>>(), 0);
        let mut at = 0;
        if let Some(targets) = self.responses {
            let raw = output(at);
            at += 1;
            let loss = self.response_loss(targets, &raw, rows).double_value(&[]);
            let link = if self.plan.loss == Loss::Poisson { Link::Softplus } else { Link::Identity };
            let predicted = narrow_vec(&linked(&raw, link));
            // Neither measure depends on a unit's scale.
            let units = targets.units.len();
            let scores = (0..units).map(|unit| {
                let known = rows.iter().enumerate().filter(|(_, row)| !targets.raw[[**row, unit]].is_nan());
                let (truth, predicted): (Vec<f64>, Vec<f64>) = known
                    .map(|(at, row)| {
                        let truth = (targets.raw[[*row, unit]] - targets.shift[unit]) / targets.scale[unit];
                        (f64::from(truth), f64::from(predicted[at * units + unit]))
                    })
                    .unzip();
                if truth.len() < 2 {
                    return (None, None);
                }
                (summary::explained_variance(&truth, &predicted), summary::pearson(&truth, &predicted))
            });
            let (explained, correlation): (Vec<_>, Vec<_>) = scores.unzip();
            let mean = |values: Vec<Option<f64>>| {
                let known: Vec<f64> = values.into_iter().flatten().collect();
                (!known.is_empty()).then(|| summary::mean(&known))
            };
            (epoch.val_explained_variance, epoch.val_r) = (mean(explained), mean(correlation));
            epoch.val_loss_response = Some(loss);
            epoch.val_loss = Some(loss);
        }
        if let Some(classes) = self.classes {
            let logits = output(at);
            let known: Vec<usize> = (0..rows.len()).filter(|&at| classes.of[rows[at]] >= 0).collect();
            if known.is_empty() {
                return;
            }
            let loss = loss::cross_entropy(&logits, &self.chosen(&classes.numbers, rows)).double_value(&[]);
            let likeliest: Vec<i64> =
                Vec::<i64>::try_from(logits.argmax(-1, false).to_device(Device::Cpu)).expect("a list");
            let right = known.iter().filter(|&&at| likeliest[at] == classes.of[rows[at]]).count();
            epoch.val_accuracy = Some(right as f64 / known.len() as f64);
            epoch.val_loss_class = Some(loss);
            let [first, second] = self.balance.weights();
            epoch.val_loss = match epoch.val_loss_response {
                Some(response) => Some(first * response + second * loss),
                None => Some(loss),
            };
        }
    }

    /// What would help where memory ran out.
    fn advised(&self, error: String) -> String {
        if !device::is_short_of_memory(&error) {
            return error;
        }
        format!(
            "memory ran out on {} with batches of {}: {error}; a smaller `batch` or `image_size`, or fewer channels, need less",
            if self.device == Device::Cpu { "the CPU" } else { "the GPU" },
            self.plan.batch
        )
    }
}

/// The generator of one purpose, epoch and batch.
fn stream(seed: u64, what: &str, epoch: usize, batch: usize) -> ChaCha12Rng {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&seed.to_le_bytes()).update(what.as_bytes());
    hasher.update(&(epoch as u64).to_le_bytes()).update(&(batch as u64).to_le_bytes());
    ChaCha12Rng::from_seed(*hasher.finalize().as_bytes())
}

/// What an epoch is judged by. The weights between two tasks move, so that sums of epochs do not compare: responses judge.
fn judged(epoch: &Epoch, tasks: Tasks) -> Option<f64> {
    if tasks == Tasks::Both { epoch.val_loss_response } else { epoch.val_loss }
}

/// The best epoch, from 1; the first of equals.
fn best_of(history: &[Epoch], tasks: Tasks) -> Option<usize> {
    let known = history.iter().enumerate().filter_map(|(at, epoch)| Some((at, judged(epoch, tasks)?)));
    known.reduce(|best, next| if next.1 < best.1 { next } else { best }).map(|(at, _)| at + 1)
}

/// Whether so many epochs have passed since the best.
pub fn is_over(history: &[Epoch], patience: Option<usize>, tasks: Tasks) -> bool {
    match (patience, best_of(history, tasks)) {
        (Some(patience), Some(best)) => history.len() - best >= patience,
        _ => false,
    }
}

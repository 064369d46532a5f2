//! What scores say to a recipe's question: differences of the same units, their intervals and tests.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use crate::kind::{Role, fact};
use crate::plan::draws::{Draw, draws};
use crate::plan::{Ask, Baseline, NodeIndex, Question};
use crate::report::read::order::Order;
use crate::report::read::results::Results;
use crate::report::read::sample::{BY_NODE, Group, Sample, Source};
use crate::stats::multiple::holm;
use crate::stats::{resampling, summary, wilcoxon};

/// Draws behind an interval, and the share that lies within.
const DRAWS: usize = 2_000;
const LEVEL: f64 = 0.95;
/// More lines than these across a chart say nothing.
const BASELINES: usize = 3;

/// A mean over units, with how sure it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Effect {
    /// What it is of: a value of a variable, a variant.
    pub name: String,
    pub mean: f64,
    /// The 95 % bootstrap interval over units.
    pub interval: Option<(f64, f64)>,
    /// Wilcoxon's signed-rank test over units, two-sided.
    pub p: Option<f64>,
    /// The same, corrected by Holm over all effects of one list.
    pub adjusted: Option<f64>,
    pub units: usize,
}

/// What the scores say.
#[derive(Clone, Debug)]
pub struct Found {
    /// The scores that it comes of.
    pub sample: Sample,
    /// An evaluation that it comes of.
    pub node: NodeIndex,
    pub on: Option<String>,
    pub finding: Finding,
}

/// By question.
#[derive(Clone, Debug)]
pub enum Finding {
    /// A difference over all that both values share, how many variants that is, and by another variable where it is asked so.
    Contrast { over_all: Effect, variants: usize, parts: Vec<Effect> },
    /// The best value with its mean, and how far it lies above each other, the nearest first.
    Best { value: String, mean: f64, units: usize, others: Vec<Effect> },
    /// The mean change from a value to the next, the values, and their means.
    Trend { step: Effect, means: Vec<(String, f64)> },
    /// What the baseline is called and its mean; the best variant, its mean, and each variant's difference to the baseline, the best first.
    Against { baseline: (String, f64), best: String, mean: f64, effects: Vec<Effect> },
}

/// Scores by unit.
type Units = BTreeMap<String, f64>;

/// Answers a question out of the scores; nothing where they are not there, the reason where they do not allow it.
pub fn asked(results: &Results<'_>, question: &Question) -> Option<Result<Found, String>> {
    let of: Vec<NodeIndex> =
        question.of.iter().copied().filter(|&node| results.of_role(node, Role::Scores).is_some()).collect();
    let node = *of.first()?;
    let variables = of.iter().flat_map(|&node| &results.node(node).id.variant).map(|(name, _)| name.clone());
    let variables: BTreeSet<String> = variables.collect();
    let asks: Vec<&str> = match &question.ask {
        Ask::Contrast { of, by, .. } => std::iter::once(of.as_str()).chain(by.as_deref()).collect(),
        Ask::Best(of) | Ask::Trend(of) => vec![of],
        Ask::Against(_) => Vec::new(),
    };
    let drawn: Vec<Draw> = draws(&results.study.plan.nodes)
        .into_iter()
        .filter(|draw| variables.contains(&draw.variable) && !asks.contains(&draw.variable.as_str()))
        .collect();
    let measure = question.measure.as_deref();
    let sample = Sample::gather_over(results, &of, Source::Of(Role::Scores), (None, measure), &drawn)?;
    let seed = results.study.plan.seed;
    let held = Held { results, of: &of, sample: &sample, seed };
    let finding = match &question.ask {
        Ask::Contrast { of, plus, minus, by } => held.contrast(of, plus, minus, by.as_deref()),
        Ask::Best(of) => held.best(of),
        Ask::Trend(over) => held.trend(over),
        Ask::Against(baseline) => held.against(baseline, measure),
    };
    let on = facts(results, &of, fact::SCORED_ON).into_iter().next();
    Some(finding.map(|finding| Found { node, on, finding, sample: sample.clone() }))
}

/// Baselines of a comparison: evaluations that it does not compare, which have no variants and score the same units on the same part, with
/// their means over units.
pub fn baselines(results: &Results<'_>, compare: NodeIndex, measure: &str) -> Vec<(String, f64)> {
    let compared: Vec<NodeIndex> = results.node(compare).edges.iter().map(|edge| edge.from).collect();
    let lone = results.giving(&[Role::Scores, Role::Summary]).into_iter().filter(|node| {
        let both: Vec<NodeIndex> = compared.iter().chain([node]).copied().collect();
        !compared.contains(node)
            && results.node(*node).id.variant.is_empty()
            && one_recording(results, &both).is_ok()
            && !facts(results, &[*node], fact::RECORDING).is_empty()
    });
    let mean = |node: NodeIndex| {
        let sample = Sample::gather(results, &[node], Source::Of(Role::Scores), None, Some(measure))?;
        let mean = sample.groups.first().filter(|_| sample.groups.len() == 1)?.summary?.mean;
        Some((results.node(node).id.name.replace('_', " "), mean))
    };
    lone.filter_map(mean).take(BASELINES).collect()
}

struct Held<'a, 'r> {
    results: &'a Results<'r>,
    of: &'a [NodeIndex],
    sample: &'a Sample,
    seed: u64,
}

impl Held<'_, '_> {
    fn contrast(&self, of: &str, plus: &str, minus: &str, by: Option<&str>) -> Result<Finding, String> {
        let mut pairs: Vec<(String, Units)> = Vec::new();
        for a in self.groups(of, plus) {
            let twin = |b: &&Group| rest(a, of) == rest(b, of);
            let Some(b) = self.groups(of, minus).find(twin) else { continue };
            self.same_units(a, b)?;
            let part = by.map_or_else(String::new, |by| label(a, by));
            pairs.push((part, differences(&units(a), &units(b))));
        }
        if pairs.is_empty() {
            return Err(format!("no variant is scored both with {of} {plus} and with {of} {minus}"));
        }
        let all: Vec<&Units> = pairs.iter().map(|(_, units)| units).collect();
        let over_all = self.effect(String::new(), &mean_over(&all))?;
        let mut parts = Vec::new();
        if let Some(by) = by {
            for value in self.order(by, pairs.iter().map(|(part, _)| part.as_str())) {
                let of_part: Vec<&Units> =
                    pairs.iter().filter(|(part, _)| *part == value).map(|(_, units)| units).collect();
                parts.push(self.effect(value, &mean_over(&of_part))?);
            }
        }
        correct(&mut parts);
        Ok(Finding::Contrast { over_all, variants: pairs.len(), parts })
    }

    /// Each value's scores by unit, in the mean over what else varies; all of one recording.
    fn levels(&self, of: &str) -> Result<Vec<(String, Units)>, String> {
        let first = self.sample.groups.first().ok_or("there are no scores")?;
        for other in &self.sample.groups {
            self.same_units(first, other)?;
        }
        let all = self.order(
            of,
            self.sample.groups.iter().map(|group| label(group, of)).collect::<Vec<_>>().iter().map(String::as_str),
        );
        let units_of = |value: String| {
            let groups: Vec<Units> = self.groups(of, &value).map(units).collect();
            let mean = mean_over(&groups.iter().collect::<Vec<_>>());
            (value, mean)
        };
        Ok(all.into_iter().map(units_of).collect())
    }

    fn best(&self, of: &str) -> Result<Finding, String> {
        let levels = self.levels(of)?;
        let mean = |units: &Units| summary::mean(&units.values().copied().collect::<Vec<_>>());
        let scored = levels.iter().filter(|(_, units)| !units.is_empty());
        let (value, best) = scored.max_by(|a, b| mean(&a.1).total_cmp(&mean(&b.1))).ok_or("no unit has a score")?;
        let mut others = Vec::new();
        for (other, units) in levels.iter().filter(|(other, _)| other != value) {
            others.push(self.effect(other.clone(), &differences(best, units))?);
        }
        correct(&mut others);
        others.sort_by(|a, b| a.mean.total_cmp(&b.mean));
        Ok(Finding::Best { value: value.clone(), mean: mean(best), units: best.len(), others })
    }

    fn trend(&self, over: &str) -> Result<Finding, String> {
        let levels = self.levels(over)?;
        if levels.len() < 3 {
            return Err(format!("only {} values of {over} are scored; a trend needs 3", levels.len()));
        }
        let middle = (levels.len() - 1) as f64 / 2.0;
        let spread: f64 = (0..levels.len()).map(|at| (at as f64 - middle).powi(2)).sum();
        let slope = |unit: &String| {
            let scores = levels.iter().map(|(_, units)| units.get(unit).copied()).collect::<Option<Vec<f64>>>()?;
            Some(scores.iter().enumerate().map(|(at, y)| (at as f64 - middle) * y).sum::<f64>() / spread)
        };
        let slopes: Units = levels[0].1.keys().filter_map(|unit| Some((unit.clone(), slope(unit)?))).collect();
        let step = self.effect(String::new(), &slopes)?;
        let mean = |units: &Units| summary::mean(&units.values().copied().collect::<Vec<_>>());
        Ok(Finding::Trend { step, means: levels.iter().map(|(value, units)| (value.clone(), mean(units))).collect() })
    }

    fn against(&self, baseline: &Baseline, measure: Option<&str>) -> Result<Finding, String> {
        let (name, theirs) = match baseline {
            Baseline::Published(value) => ("the published value".to_owned(), Err(*value)),
            Baseline::Scores(name, nodes) => (name.replace('_', " "), Ok(self.baseline(name, nodes, measure)?)),
        };
        let mut effects = Vec::new();
        let mut best: Option<(String, f64)> = None;
        for group in &self.sample.groups {
            let mine = units(group);
            let difference = match &theirs {
                Ok(theirs) => differences(&mine, theirs),
                Err(value) => mine.iter().map(|(unit, score)| (unit.clone(), score - value)).collect(),
            };
            let name = self.sample.name(group);
            effects.push(self.effect(name.clone(), &difference)?);
            let mean = summary::mean(&mine.values().copied().collect::<Vec<_>>());
            if best.as_ref().is_none_or(|(_, known)| mean > *known) {
                best = Some((name, mean));
            }
        }
        let (best, mean) = best.ok_or("no unit has a score")?;
        correct(&mut effects);
        effects.sort_by(|a, b| b.mean.total_cmp(&a.mean));
        let value = match theirs {
            Ok(theirs) => summary::mean(&theirs.values().copied().collect::<Vec<_>>()),
            Err(value) => value,
        };
        Ok(Finding::Against { baseline: (name, value), best, mean, effects })
    }

    /// A baseline's scores by unit, in the mean over its variants, of the very recording and rows in question.
    fn baseline(&self, name: &str, nodes: &[NodeIndex], measure: Option<&str>) -> Result<Units, String> {
        let there: Vec<NodeIndex> =
            nodes.iter().copied().filter(|&node| self.results.of_role(node, Role::Scores).is_some()).collect();
        if there.is_empty() {
            return Err(format!("{name} has no scores yet"));
        }
        let measure = measure.unwrap_or(&self.sample.measure.name);
        let sample = Sample::gather(self.results, &there, Source::Of(Role::Scores), None, Some(measure));
        let sample = sample.ok_or_else(|| format!("{name} has no {}", self.sample.measure.label))?;
        let both: Vec<NodeIndex> = self.of.iter().chain(&there).copied().collect();
        one_recording(self.results, &both)?;
        let groups: Vec<Units> = sample.groups.iter().map(units).collect();
        Ok(mean_over(&groups.iter().collect::<Vec<_>>()))
    }

    fn groups<'s>(&'s self, of: &'s str, value: &'s str) -> impl Iterator<Item = &'s Group> {
        self.sample.groups.iter().filter(move |group| label(group, of) == value)
    }

    /// Values in the order of the sweep.
    fn order<'v>(&self, variable: &str, values: impl Iterator<Item = &'v str>) -> Vec<String> {
        let mut order = Order::of(self.results, variable);
        values.for_each(|value| {
            order.place(value);
        });
        order.used().0
    }

    /// Units pair by name only where the name means one neuron, and scores compare only where the same part was scored.
    fn same_units(&self, a: &Group, b: &Group) -> Result<(), String> {
        let behind: Vec<NodeIndex> =
            self.of.iter().copied().filter(|&node| self.is_of(node, a) || self.is_of(node, b)).collect();
        one_recording(self.results, &behind)
    }

    fn is_of(&self, node: NodeIndex, group: &Group) -> bool {
        let id = &self.results.node(node).id;
        group.labels.iter().filter(|(_, value)| !value.is_empty()).all(|(name, value)| match name.as_str() {
            BY_NODE => id.name == *value,
            _ => id.variant.iter().any(|own| (&own.0, &own.1) == (name, value)),
        })
    }

    fn effect(&self, name: String, units: &Units) -> Result<Effect, String> {
        let values: Vec<f64> = units.values().copied().collect();
        if values.is_empty() {
            return Err("no unit has a score on both sides".to_owned());
        }
        let interval = (values.len() > 1).then(|| resampling::of_mean(&values, DRAWS, LEVEL, self.seed));
        let p = wilcoxon::signed_rank(&values);
        Ok(Effect { name, mean: summary::mean(&values), interval, p, adjusted: None, units: values.len() })
    }
}

/// Refuses scores of several recordings, whose units are different neurons, and of different parts of a split.
fn one_recording(results: &Results<'_>, nodes: &[NodeIndex]) -> Result<(), String> {
    if facts(results, nodes, fact::RECORDING).len() > 1 {
        return Err(
            "these scores are of several recordings, whose units are different neurons and do not pair".to_owned()
        );
    }
    let on = facts(results, nodes, fact::SCORED_ON);
    if on.len() > 1 {
        let parts: Vec<String> = on.into_iter().collect();
        return Err(format!("these scores are on different parts of the split: {}", parts.join(", ")));
    }
    Ok(())
}

/// The distinct values of a fact of some evaluations.
fn facts(results: &Results<'_>, nodes: &[NodeIndex], name: &str) -> BTreeSet<String> {
    let tables = nodes.iter().filter_map(|&node| results.of_role(node, Role::Scores));
    tables.filter_map(|grid| grid.facts.get(name).and_then(Json::as_str).map(str::to_owned)).collect()
}

fn label(group: &Group, variable: &str) -> String {
    group.labels.iter().find(|(name, _)| name == variable).map(|(_, value)| value.clone()).unwrap_or_default()
}

/// What tells a variant from others, but for a variable.
fn rest<'g>(group: &'g Group, but: &str) -> Vec<&'g (String, String)> {
    group.labels.iter().filter(|(name, _)| name != but).collect()
}

fn units(group: &Group) -> Units {
    group.values.iter().cloned().collect()
}

/// a − b of the units that both have.
fn differences(a: &Units, b: &Units) -> Units {
    a.iter().filter_map(|(unit, x)| Some((unit.clone(), x - b.get(unit)?))).collect()
}

/// The mean of each unit that all have.
fn mean_over(all: &[&Units]) -> Units {
    let Some((first, others)) = all.split_first() else { return Units::new() };
    let of_unit = |(unit, x): (&String, &f64)| {
        let rest = others.iter().map(|units| units.get(unit).copied()).collect::<Option<Vec<f64>>>()?;
        Some((unit.clone(), (x + rest.iter().sum::<f64>()) / all.len() as f64))
    };
    first.iter().filter_map(of_unit).collect()
}

/// Holm's correction over a list.
fn correct(effects: &mut [Effect]) {
    let (places, p): (Vec<usize>, Vec<f64>) =
        effects.iter().enumerate().filter_map(|(at, effect)| Some((at, effect.p?))).unzip();
    for (place, adjusted) in places.into_iter().zip(holm(&p)) {
        effects[place].adjusted = Some(adjusted);
    }
}

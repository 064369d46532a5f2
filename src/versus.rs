//! Two studies side by side: what changed in the science, and what came of it, unit by unit.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use polars::prelude::DataFrame;
use serde::Serialize;
use serde_json::Value as Json;

use crate::engine::record::{Outcome, State, Stored};
use crate::engine::walk::Survey;
use crate::math::{stats, wilcoxon};
use crate::plan::{Node, NodeIndex};
use crate::value::responses::Responses;
use crate::value::split::{Assignment, Part, Split};
use crate::value::table::Table;
use crate::value::{Type, Value};
use crate::workspace::Session;

/// Resamples of units behind an interval, as many as `compare` draws.
const DRAWS: usize = 2000;

/// A study with its results as they stand.
pub struct Side {
    pub session: Session,
    outcomes: Vec<Outcome>,
}

/// What two studies differ in, and what came of it.
#[derive(Clone, Debug, Serialize)]
pub struct Versus {
    pub a: String,
    pub b: String,
    /// What was done otherwise, in the order of the second plan.
    pub changes: Vec<Change>,
    pub contrasts: Vec<Contrast>,
    /// Evaluations that have no counterpart, or none that may be compared, with the reason.
    pub apart: Vec<(String, String)>,
}

/// Something that is done otherwise: nodes, what of them, and both values.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    pub nodes: Vec<String>,
    pub what: String,
    pub a: String,
    pub b: String,
}

/// One measure of two evaluations over the units that both score.
#[derive(Clone, Debug, Serialize)]
pub struct Contrast {
    pub a: String,
    pub b: String,
    pub measure: String,
    pub definition: String,
    pub mean_a: f64,
    pub mean_b: f64,
    /// The mean over units of b − a, and its 95 % bootstrap interval.
    pub difference: f64,
    pub low: Option<f64>,
    pub high: Option<f64>,
    /// Wilcoxon's signed-rank test over units, two-sided.
    pub p: Option<f64>,
    pub units: usize,
    /// The part of the split that was scored, how many rows, and whether both scored the very same.
    pub on: String,
    pub rows: (u64, u64),
    pub same_rows: bool,
}

impl Side {
    /// The study as it stands; nothing runs.
    pub fn new(session: Session) -> Self {
        let Survey { outcomes, .. } = session.survey();
        Self { session, outcomes }
    }

    fn node(&self, at: NodeIndex) -> &Node {
        &self.session.plan.nodes[at]
    }

    fn name(&self, at: NodeIndex) -> String {
        self.node(at).id.to_string()
    }

    fn current(&self, at: NodeIndex) -> bool {
        matches!(self.outcomes[at].state, State::Cached | State::Ran | State::Dropped)
    }

    fn evaluations(&self) -> Vec<NodeIndex> {
        let scores = |node: &Node| ["per_unit", "summary"].iter().all(|port| node.kind.output(port).is_some());
        (0..self.outcomes.len()).filter(|&at| scores(self.node(at))).collect()
    }

    fn value(&self, stored: &Stored) -> Option<Value> {
        Value::read(stored.ty, &stored.path(self.session.cache())).ok()
    }

    fn table(&self, at: NodeIndex, port: &str) -> Option<Table> {
        let stored = self.outcomes[at].outputs().find(|stored| stored.port == port && stored.ty == Type::Table)?;
        match self.value(stored)? {
            Value::Table(table) => Some(table),
            _ => None,
        }
    }

    /// What arrives at a node's port, of a port that is not keyed.
    fn arrival(&self, at: NodeIndex, port: &str) -> Option<&Stored> {
        let edge = self.node(at).edges.iter().find(|edge| edge.port == port)?;
        self.outcomes[edge.from].outputs().find(|stored| stored.port == edge.output && stored.key == edge.key)
    }
}

/// Compares two studies.
pub fn versus(a: &Side, b: &Side) -> Versus {
    let mut apart = Vec::new();
    let mut contrasts = Vec::new();
    for (one, other) in matched(a, b, &mut apart) {
        match contrast(a, one, b, other) {
            Ok(mut found) => contrasts.append(&mut found),
            Err(why) => apart.push((b.name(other), why)),
        }
    }
    Versus { a: a.session.plan.name.clone(), b: b.session.plan.name.clone(), changes: changes(a, b), contrasts, apart }
}

/// Evaluations of one name and variant; where only one side has variants, by name.
fn matched(a: &Side, b: &Side, apart: &mut Vec<(String, String)>) -> Vec<(NodeIndex, NodeIndex)> {
    let (ours, theirs) = (a.evaluations(), b.evaluations());
    let mut pairs: Vec<(NodeIndex, NodeIndex)> = Vec::new();
    for &other in &theirs {
        let same = ours.iter().find(|&&one| a.node(one).id == b.node(other).id);
        let named: Vec<NodeIndex> =
            ours.iter().copied().filter(|&one| a.node(one).id.name == b.node(other).id.name).collect();
        let fits = |one: &&NodeIndex| {
            let (mine, its) = (&a.node(**one).id.variant, &b.node(other).id.variant);
            // A variable that one side sets is one that it does not sweep.
            mine.iter().all(|v| its.iter().all(|w| w.0 != v.0 || w == v))
        };
        let near: Vec<&NodeIndex> = named.iter().filter(fits).collect();
        match (same, near.as_slice()) {
            (Some(&one), _) => pairs.push((one, other)),
            (None, [one]) => pairs.push((**one, other)),
            (None, []) => apart.push((b.name(other), format!("`{}` has no such evaluation", a.session.plan.name))),
            (None, many) => pairs.extend(many.iter().map(|one| (**one, other))),
        }
    }
    for &one in &ours {
        if !pairs.iter().any(|pair| pair.0 == one) {
            apart.push((a.name(one), format!("`{}` has no such evaluation", b.session.plan.name)));
        }
    }
    pairs
}

fn contrast(a: &Side, one: NodeIndex, b: &Side, other: NodeIndex) -> Result<Vec<Contrast>, String> {
    for (side, at) in [(a, one), (b, other)] {
        if !side.current(at) {
            let state = side.outcomes[at].state.name();
            return Err(format!("it is {state} in `{}`; run that first", side.session.plan.name));
        }
    }
    let (Some(mine), Some(its)) = (a.table(one, "per_unit"), b.table(other, "per_unit")) else {
        return Err("its scores are not in the cache any more; run it again".to_owned());
    };
    let fact = |table: &Table, name: &str| table.about.facts.get(name).cloned().unwrap_or(Json::Null);
    let on = |table: &Table| fact(table, "on").as_str().unwrap_or("").to_owned();
    if on(&mine) != on(&its) {
        return Err(format!("one was scored on {} rows, the other on {}", on(&mine), on(&its)));
    }
    same_units(a, one, b, other)?;
    let rows = |table: &Table| fact(table, "rows_scored").as_u64().unwrap_or(0);
    let same_rows = scored(a, one, &on(&mine)).is_some_and(|rows| Some(rows) == scored(b, other, &on(&its)));
    let mut contrasts = Vec::new();
    for (measure, definition) in &mine.about.definitions {
        if its.about.definitions.get(measure) != Some(definition) {
            continue;
        }
        let (x, y) = (scores(&mine.frame, measure), scores(&its.frame, measure));
        let shared: Vec<(f64, f64)> = x.iter().filter_map(|(unit, x)| Some((*x, *y.get(unit)?))).collect();
        if shared.is_empty() {
            continue;
        }
        let differences: Vec<f64> = shared.iter().map(|(x, y)| y - x).collect();
        let interval = (differences.len() > 1).then(|| stats::bootstrap_mean(&differences, DRAWS));
        let (low, high) = interval.unzip();
        contrasts.push(Contrast {
            a: a.name(one),
            b: b.name(other),
            measure: measure.clone(),
            definition: definition.clone(),
            mean_a: stats::mean(&shared.iter().map(|pair| pair.0).collect::<Vec<_>>()),
            mean_b: stats::mean(&shared.iter().map(|pair| pair.1).collect::<Vec<_>>()),
            difference: stats::mean(&differences),
            low,
            high,
            p: wilcoxon::signed_rank(&differences),
            units: shared.len(),
            on: on(&mine),
            rows: (rows(&mine), rows(&its)),
            same_rows,
        });
    }
    if contrasts.is_empty() {
        return Err("no measure of one definition has units in common".to_owned());
    }
    // In the order of the table, whose first measure is the one that is talked of.
    let columns: Vec<&str> = mine.frame.columns().iter().map(|column| column.name().as_str()).collect();
    contrasts.sort_by_key(|contrast| columns.iter().position(|column| *column == contrast.measure));
    Ok(contrasts)
}

/// Units pair by name only where the name means one neuron: the same responses to the stimuli that both have.
fn same_units(a: &Side, one: NodeIndex, b: &Side, other: NodeIndex) -> Result<(), String> {
    let (Some(mine), Some(its)) = (a.arrival(one, "responses"), b.arrival(other, "responses")) else {
        return Err("its responses are not in the cache any more; run it again".to_owned());
    };
    if mine.digest == its.digest {
        return Ok(());
    }
    let (Some(Value::Responses(x)), Some(Value::Responses(y))) = (a.value(mine), b.value(its)) else {
        return Err("its responses do not read".to_owned());
    };
    let theirs: HashMap<(&str, &str), usize> =
        y.stimuli().iter().enumerate().map(|(row, s)| ((&*s.source, &*s.name), row)).collect();
    let rows: Vec<(usize, usize)> = x
        .stimuli()
        .iter()
        .enumerate()
        .filter_map(|(row, s)| Some((row, *theirs.get(&(&*s.source, &*s.name))?)))
        .collect();
    let columns: Vec<(usize, usize)> = x
        .units()
        .iter()
        .enumerate()
        .filter_map(|(at, unit)| Some((at, y.units().iter().position(|name| name == unit)?)))
        .collect();
    let equal = |x: &Responses, y: &Responses| {
        rows.iter().all(|&(r, s)| columns.iter().all(|&(u, v)| x.mean[(r, u)].to_bits() == y.mean[(s, v)].to_bits()))
    };
    if rows.is_empty() || columns.is_empty() || !equal(&x, &y) {
        return Err("they explain other responses, so their units do not pair".to_owned());
    }
    Ok(())
}

/// The stimuli that an evaluation scored, by source and name.
fn scored(side: &Side, at: NodeIndex, on: &str) -> Option<BTreeSet<(String, String)>> {
    let Value::Split(Split { stimuli, assignment }) = side.value(side.arrival(at, "split")?)? else { return None };
    let taken = |row: usize| match &assignment {
        Assignment::Parts(parts) => parts.get(row).copied().map(Part::name) == Some(on),
        Assignment::Folds { .. } => true,
    };
    let rows = stimuli.iter().enumerate().filter(|(row, _)| taken(*row));
    Some(rows.map(|(_, stimulus)| (stimulus.source.to_string(), stimulus.name.to_string())).collect())
}

/// A measure by unit, where it is defined.
fn scores(frame: &DataFrame, measure: &str) -> BTreeMap<String, f64> {
    let (Ok(units), Ok(values)) = (frame.column("unit"), frame.column(measure)) else { return BTreeMap::new() };
    let (Ok(units), Ok(values)) = (units.str(), values.f64()) else { return BTreeMap::new() };
    let pairs = units.iter().zip(values.iter());
    pairs.filter_map(|(unit, value)| Some((unit?.to_owned(), value.filter(|x| x.is_finite())?))).collect()
}

/// What is done otherwise: nodes that one side lacks, other kinds, versions, parameters, files or inputs.
fn changes(a: &Side, b: &Side) -> Vec<Change> {
    let mut changes: Vec<Change> = Vec::new();
    let mut tell = |node: &str, what: &str, was: String, is: String| {
        let same = |change: &&mut Change| (change.what == what) && (&change.a, &change.b) == (&was, &is);
        match changes.iter_mut().filter(|change| change.what != "node").find(same) {
            Some(change) => change.nodes.push(node.to_owned()),
            None => changes.push(Change { nodes: vec![node.to_owned()], what: what.to_owned(), a: was, b: is }),
        }
    };
    for (name, node) in families(b) {
        let Some(before) = families(a).find(|(known, _)| *known == name).map(|(_, node)| node) else {
            tell(&name, "node", String::new(), node.kind.name.to_owned());
            continue;
        };
        if before.kind.name != node.kind.name {
            tell(&name, "kind", before.kind.name.to_owned(), node.kind.name.to_owned());
            continue;
        }
        for (field, was, is) in settings(a, b, &name) {
            tell(&name, &field, was, is);
        }
        let (was, is) = (inputs(before), inputs(node));
        if was != is {
            tell(&name, "inputs", was, is);
        }
    }
    for (name, node) in families(a) {
        if !families(b).any(|(known, _)| known == name) {
            tell(&name, "node", node.kind.name.to_owned(), String::new());
        }
    }
    changes
}

/// The first variant of each name, in the plan's order.
fn families(side: &Side) -> impl Iterator<Item = (String, &Node)> {
    let mut seen = BTreeSet::new();
    side.session.plan.nodes.iter().filter(move |node| seen.insert(node.id.name.clone())).map(|n| (n.id.name.clone(), n))
}

/// Parameters and files that differ, over all variants of a name: what is swept is listed as its values.
fn settings(a: &Side, b: &Side, name: &str) -> Vec<(String, String, String)> {
    let all = |side: &Side| -> BTreeMap<String, Vec<String>> {
        let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut add = |field: String, value: String| {
            let values = found.entry(field).or_default();
            if !values.contains(&value) {
                values.push(value);
            }
        };
        for at in (0..side.outcomes.len()).filter(|&at| side.node(at).id.name == name) {
            let files: Vec<(&String, &Json)> = side.outcomes[at]
                .records
                .iter()
                .take(1)
                .flat_map(|record| &record.ingredients)
                .filter(|(field, _)| field.starts_with("file."))
                .collect();
            for (field, value) in side.node(at).params.as_object().into_iter().flatten() {
                // Where a file lies decides nothing; its content does.
                let of_file = files.iter().any(|(known, _)| known["file.".len()..].split('.').next() == Some(field));
                if !of_file && !value.is_null() {
                    add(field.clone(), shown(value));
                }
            }
            for (field, digest) in files {
                let digest = digest.as_str().map_or_else(|| digest.to_string(), |text| text.chars().take(12).collect());
                add(format!("content of {}", &field["file.".len()..]), digest);
            }
            add("version".to_owned(), side.node(at).kind.version.to_string());
        }
        found
    };
    let (was, is) = (all(a), all(b));
    let fields: BTreeSet<&String> = was.keys().chain(is.keys()).collect();
    let text = |values: Option<&Vec<String>>| values.map_or("not set".to_owned(), |values| values.join(", "));
    let differing = fields.into_iter().filter(|field| was.get(*field) != is.get(*field));
    differing.map(|field| (field.clone(), text(was.get(field)), text(is.get(field)))).collect()
}

/// A parameter as a recipe spells it.
fn shown(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Number(number) => number.as_f64().map_or_else(|| number.to_string(), |x| x.to_string()),
        Json::Array(items) => format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}

/// Which outputs a node reads, by name; a layer is told by its key.
fn inputs(node: &Node) -> String {
    let mut ports: Vec<&str> = node.edges.iter().map(|edge| edge.port.as_str()).collect();
    ports.dedup();
    ports.join(", ")
}

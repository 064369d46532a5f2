//! Two studies side by side: what changed in the science, and what came of it, unit by unit.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use polars::prelude::DataFrame;
use serde_json::Value as Json;
use typed_index_collections::{TiSlice, TiVec};

use crate::diagnostic::Diagnostics;
use crate::digest::Digest;
use crate::engine::record::{Outcome, State, Stored};
use crate::engine::store::PastRun;
use crate::engine::walk::Survey;
use crate::kind::fact;
use crate::kind::registry::Registry;
use crate::kind::{Role, column};
use crate::plan::{Edge, Node, NodeIndex};
use crate::report::comparison::outcome::{Change, Comparison, Correction, Paired, Unit};
use crate::stats::multiple::{benjamini_hochberg, holm};
use crate::stats::{resampling, summary, wilcoxon};
use crate::value::Value;
use crate::value::responses::Responses;
use crate::value::split::{Assignment, Part, Split};
use crate::value::table::Table;
use crate::value::ty::Type;
use crate::workspace::Session;

/// Resamples of units behind an interval, as many as `compare` draws.
const DRAWS: usize = 2000;
/// The share of resamples within it.
const LEVEL: f64 = 0.95;

/// A study with its results as they stand.
pub struct Side {
    pub session: Session,
    /// What it is called: the plan's name, for a run that was with its number.
    pub label: String,
    /// The number of a run that was, and when it ended; none for a study as it stands.
    pub run: Option<(u64, String)>,
    outcomes: TiVec<NodeIndex, Outcome>,
}

impl Side {
    /// The study as it stands; nothing runs.
    pub fn new(session: Session) -> Self {
        let Survey { outcomes, .. } = session.survey();
        Self { label: session.plan.name.clone(), session, run: None, outcomes }
    }

    /// A run that was, as it was.
    pub fn past(run: &PastRun, registry: &Registry) -> Result<Self, Diagnostics> {
        let (session, outcomes) = Session::of_past(run, registry)?;
        let label = format!("{}@{}", session.plan.name, run.number);
        Ok(Self { label, session, run: Some((run.number, run.at.clone())), outcomes })
    }

    /// How its nodes stand.
    pub fn outcomes(&self) -> &TiSlice<NodeIndex, Outcome> {
        &self.outcomes
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

    fn value(&self, stored: &Stored) -> Option<Value> {
        self.session.store().value(stored).ok()
    }

    /// The scores per unit of an evaluation.
    fn scores(&self, at: NodeIndex) -> Option<Table> {
        let port = self.node(at).kind.gives(Role::Scores)?.name;
        let stored = self.outcomes[at].outputs().find(|stored| stored.port == port && stored.ty == Type::Table)?;
        match self.value(stored)? {
            Value::Table(table) => Some(table),
            _ => None,
        }
    }

    /// What arrives at a node's input of a type, which is not keyed.
    fn arrival(&self, at: NodeIndex, ty: Type) -> Option<&Stored> {
        let port = self.node(at).kind.takes(ty)?.name;
        let edge = self.node(at).edges.iter().find(|edge| edge.port == port)?;
        self.outcomes[edge.from].outputs().find(|stored| stored.port == edge.output && stored.key == edge.key)
    }
}

/// Compares two studies. Resamples are drawn from the seed of the second, which is the one that is judged.
pub fn compare(a: &Side, b: &Side, correction: Correction) -> Comparison {
    let mut apart = Vec::new();
    let mut pairs = Vec::new();
    let known = counterparts(a, b);
    for (one, other) in matched(a, b, &known, &mut apart) {
        match paired(a, one, b, other) {
            Ok(mut found) => pairs.append(&mut found),
            Err(why) => apart.push((b.name(other), why)),
        }
    }
    correct(&mut pairs, correction);
    Comparison { a: a.label.clone(), b: b.label.clone(), changes: changes(a, b, &known), pairs, apart, correction }
}

/// Corrects p over all scores that are compared.
fn correct(pairs: &mut [Paired], correction: Correction) {
    let p: Vec<f64> = pairs.iter().filter_map(|pair| pair.p).collect();
    let adjusted = match correction {
        Correction::Holm => holm(&p),
        Correction::Bh => benjamini_hochberg(&p),
        Correction::None => return,
    };
    let tested = pairs.iter_mut().filter(|pair| pair.p.is_some());
    tested.zip(adjusted).for_each(|(pair, p)| pair.p_adjusted = Some(p));
}

/// Names of the second study by those that they bear in the first: the same, or another for what is the same work.
fn counterparts(a: &Side, b: &Side) -> BTreeMap<String, String> {
    let has = |side: &Side, name: &str| families(side).any(|(known, _)| known == name);
    let mut known: BTreeMap<String, String> =
        families(b).filter(|(name, _)| has(a, name)).map(|(name, _)| (name.clone(), name)).collect();
    let keys = |side: &Side, name: &str| -> BTreeSet<Digest> {
        let nodes = side.outcomes.keys().filter(|&at| side.node(at).id.name == name);
        nodes.flat_map(|at| &side.outcomes[at].records).map(|record| record.key).collect()
    };
    for (name, node) in families(b).filter(|(name, _)| !has(a, name)) {
        let mine = keys(b, &name);
        let candidates: Vec<String> = families(a)
            .filter(|(other, before)| !has(b, other) && before.kind.name == node.kind.name)
            .map(|(other, _)| other)
            .filter(|other| !known.values().any(|taken| taken == other))
            .collect();
        let same = candidates.iter().find(|other| !mine.is_empty() && keys(a, other) == mine);
        let alike = || candidates.iter().find(|other| settings(a, b, (other, &name)).is_empty());
        if let Some(other) = same.or_else(alike) {
            known.insert(name, other.clone());
        }
    }
    known
}

/// Evaluations of one name and variant; where only one side has variants, by name.
fn matched(
    a: &Side,
    b: &Side,
    known: &BTreeMap<String, String>,
    apart: &mut Vec<(String, String)>,
) -> Vec<(NodeIndex, NodeIndex)> {
    let (ours, theirs) = (a.session.evaluations(), b.session.evaluations());
    let mut pairs: Vec<(NodeIndex, NodeIndex)> = Vec::new();
    for &other in &theirs {
        let name = known.get(&b.node(other).id.name);
        let named: Vec<NodeIndex> = ours.iter().copied().filter(|&one| Some(&a.node(one).id.name) == name).collect();
        let same = named.iter().find(|&&one| a.node(one).id.variant == b.node(other).id.variant);
        let fits = |one: &&NodeIndex| {
            let (mine, its) = (&a.node(**one).id.variant, &b.node(other).id.variant);
            // A variable that one side sets is one that it does not sweep.
            mine.iter().all(|v| its.iter().all(|w| w.0 != v.0 || w == v))
        };
        let near: Vec<&NodeIndex> = named.iter().filter(fits).collect();
        match (same, near.as_slice()) {
            (Some(&one), _) => pairs.push((one, other)),
            (None, [one]) => pairs.push((**one, other)),
            (None, []) => apart.push((b.name(other), format!("`{}` has no such evaluation", a.label))),
            (None, many) => pairs.extend(many.iter().map(|one| (**one, other))),
        }
    }
    for &one in &ours {
        if !pairs.iter().any(|pair| pair.0 == one) {
            apart.push((a.name(one), format!("`{}` has no such evaluation", b.label)));
        }
    }
    pairs
}

fn paired(a: &Side, one: NodeIndex, b: &Side, other: NodeIndex) -> Result<Vec<Paired>, String> {
    for (side, at) in [(a, one), (b, other)] {
        if !side.current(at) {
            let outcome = &side.outcomes[at];
            return Err(match (&side.run, &outcome.message) {
                (Some(_), Some(message)) => format!("in `{}`, {message}", side.label),
                _ => format!("it is {} in `{}`; run that first", outcome.state.name(), side.label),
            });
        }
    }
    let (Some(mine), Some(its)) = (a.scores(one), b.scores(other)) else {
        return Err("its scores are not in the cache any more; run it again".to_owned());
    };
    let fact = |table: &Table, name: &str| table.about.facts.get(name).cloned().unwrap_or(Json::Null);
    let on = |table: &Table| fact(table, fact::SCORED_ON).as_str().unwrap_or("").to_owned();
    if on(&mine) != on(&its) {
        return Err(format!("one was scored on {} rows, the other on {}", on(&mine), on(&its)));
    }
    same_units(a, one, b, other)?;
    let rows = |table: &Table| fact(table, fact::ROWS_SCORED).as_u64().unwrap_or(0);
    let same_rows = scored(a, one, &on(&mine)).is_some_and(|rows| Some(rows) == scored(b, other, &on(&its)));
    let mut pairs = Vec::new();
    for (measure, definition) in &mine.about.definitions {
        if its.about.definitions.get(measure) != Some(definition) {
            continue;
        }
        let (x, y) = (scores(&mine.frame, measure), scores(&its.frame, measure));
        let per_unit: Vec<Unit> =
            x.iter().filter_map(|(unit, x)| Some(Unit { unit: unit.clone(), a: *x, b: *y.get(unit)? })).collect();
        let shared: Vec<(f64, f64)> = per_unit.iter().map(|one| (one.a, one.b)).collect();
        if shared.is_empty() {
            continue;
        }
        let differences: Vec<f64> = shared.iter().map(|(x, y)| y - x).collect();
        let interval =
            (differences.len() > 1).then(|| resampling::of_mean(&differences, DRAWS, LEVEL, b.session.plan.seed));
        let (low, high) = interval.unzip();
        pairs.push(Paired {
            a: a.name(one),
            b: b.name(other),
            measure: measure.clone(),
            definition: definition.clone(),
            mean_a: summary::mean(&shared.iter().map(|pair| pair.0).collect::<Vec<_>>()),
            mean_b: summary::mean(&shared.iter().map(|pair| pair.1).collect::<Vec<_>>()),
            difference: summary::mean(&differences),
            low,
            high,
            p: wilcoxon::signed_rank(&differences),
            p_adjusted: None,
            units: shared.len(),
            on: on(&mine),
            rows: (rows(&mine), rows(&its)),
            same_rows,
            per_unit,
            declared: a.node(one).kind.measures.iter().find(|known| known.name == *measure),
        });
    }
    if pairs.is_empty() {
        return Err("no measure of one definition has units in common".to_owned());
    }
    // In the order of the table, whose first measure is the one that is talked of.
    let columns: Vec<&str> = mine.frame.columns().iter().map(|column| column.name().as_str()).collect();
    pairs.sort_by_key(|pair| columns.iter().position(|column| *column == pair.measure));
    Ok(pairs)
}

/// Units pair by name only where the name means one neuron: the same responses to the stimuli that both have.
fn same_units(a: &Side, one: NodeIndex, b: &Side, other: NodeIndex) -> Result<(), String> {
    let (Some(mine), Some(its)) = (a.arrival(one, Type::Responses), b.arrival(other, Type::Responses)) else {
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
    let Value::Split(Split { stimuli, assignment }) = side.value(side.arrival(at, Type::Split)?)? else { return None };
    let taken = |row: usize| match &assignment {
        Assignment::Parts(parts) => parts.get(row).copied().map(Part::name) == Some(on),
        Assignment::Folds { .. } => true,
        Assignment::Draws(draws) => draws.iter().any(|parts| parts.get(row).copied().map(Part::name) == Some(on)),
    };
    let rows = stimuli.iter().enumerate().filter(|(row, _)| taken(*row));
    Some(rows.map(|(_, stimulus)| (stimulus.source.to_string(), stimulus.name.to_string())).collect())
}

/// A measure by unit, where it is defined.
fn scores(frame: &DataFrame, measure: &str) -> BTreeMap<String, f64> {
    let (Ok(units), Ok(values)) = (frame.column(column::UNIT), frame.column(measure)) else { return BTreeMap::new() };
    let (Ok(units), Ok(values)) = (units.str(), values.f64()) else { return BTreeMap::new() };
    let pairs = units.iter().zip(values.iter());
    pairs.filter_map(|(unit, value)| Some((unit?.to_owned(), value.filter(|x| x.is_finite())?))).collect()
}

/// What is done otherwise: nodes that one side lacks, other kinds, versions, parameters, files or inputs.
fn changes(a: &Side, b: &Side, known: &BTreeMap<String, String>) -> Vec<Change> {
    let mut changes: Vec<Change> = Vec::new();
    let mut tell = |node: &str, what: &str, was: String, is: String| {
        let same = |change: &&mut Change| (change.what == what) && (&change.a, &change.b) == (&was, &is);
        match changes.iter_mut().filter(|change| change.what != "node").find(same) {
            Some(change) => change.nodes.push(node.to_owned()),
            None => changes.push(Change { nodes: vec![node.to_owned()], what: what.to_owned(), a: was, b: is }),
        }
    };
    for (name, node) in families(b) {
        let before = known.get(&name).and_then(|was| families(a).find(|(other, _)| other == was));
        let Some((was, before)) = before else {
            tell(&name, "node", String::new(), node.kind.name.to_owned());
            continue;
        };
        if before.kind.name != node.kind.name {
            tell(&name, "kind", before.kind.name.to_owned(), node.kind.name.to_owned());
        } else {
            for (field, was, is) in settings(a, b, (&was, &name)) {
                tell(&name, &field, was, is);
            }
        }
        let (mine, its) =
            (inputs(a, &was, &|name| name), inputs(b, &name, &|name| known.get(name).map_or(name, |x| x)));
        let ports: BTreeSet<&String> = mine.keys().chain(its.keys()).collect();
        for port in ports.into_iter().filter(|port| mine.get(*port) != its.get(*port)) {
            let text = |found: &BTreeMap<String, Vec<String>>| {
                found.get(port).map_or_else(|| "nothing".to_owned(), |sources| sources.join(", "))
            };
            tell(&name, &format!("input {port}"), text(&mine), text(&its));
        }
    }
    for (name, node) in families(a) {
        if !known.values().any(|was| *was == name) {
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
fn settings(a: &Side, b: &Side, (was, is): (&str, &str)) -> Vec<(String, String, String)> {
    let all = |side: &Side, name: &str| -> BTreeMap<String, Vec<String>> {
        let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut add = |field: String, value: String| {
            let values = found.entry(field).or_default();
            if !values.contains(&value) {
                values.push(value);
            }
        };
        for at in side.outcomes.keys().filter(|&at| side.node(at).id.name == name) {
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
    let (was, is) = (all(a, was), all(b, is));
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

/// Which outputs the variants of a name read, by port; `canon` gives nodes the names that both sides know.
fn inputs<'n>(side: &'n Side, name: &str, canon: &dyn Fn(&'n str) -> &'n str) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let source = |edge: &Edge| {
        let from = side.node(edge.from);
        let main = from.kind.outputs.first().is_some_and(|port| port.name == edge.output);
        let output = if main { String::new() } else { format!(".{}", edge.output) };
        let key = edge.key.as_ref().map(|key| format!("[{key}]")).unwrap_or_default();
        format!("{}{output}{key}", canon(&from.id.name))
    };
    for node in side.session.plan.nodes.iter().filter(|node| node.id.name == name) {
        for edge in &node.edges {
            let (sources, source) = (found.entry(edge.port.clone()).or_default(), source(edge));
            if !sources.contains(&source) {
                sources.push(source);
            }
        }
    }
    found
}

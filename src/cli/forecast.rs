//! What a run would do and take, by what its nodes last took: `ventral run --dry-run`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};

use crate::cli::terminal;
use crate::digest::Digest;
use crate::engine::record::{Record, State};
use crate::engine::store::Store;
use crate::plan::NodeIndex;
use crate::text::amount;
use crate::workspace::Session;

/// A node that would run.
struct Row {
    node: String,
    state: State,
    why: String,
    /// Absent where it never ran.
    last: Option<Took>,
}

/// What a node last took.
#[derive(Clone, Copy, Default)]
struct Took {
    seconds: f64,
    peak: u64,
    /// Its results.
    bytes: u64,
    /// What is kept of its inputs beside them, such as the products of rows.
    products: u64,
}

/// Tells what would run, from how long and how large it last was.
pub fn forecast(session: &Session, as_json: bool) {
    let rows = rows(session);
    if as_json {
        let rows: Vec<_> = rows.iter().map(as_value).collect();
        return terminal::print_json(&json!(rows));
    }
    if rows.is_empty() {
        return terminal::print(&format!("{}: nothing to do", session.plan.name));
    }
    let known = rows.iter().filter_map(|row| row.last);
    let all = known.fold(Took::default(), |sum, one| Took {
        seconds: sum.seconds + one.seconds,
        peak: sum.peak.max(one.peak),
        bytes: sum.bytes + one.bytes,
        products: sum.products + one.products,
    });
    let unknown = rows.iter().filter(|row| row.last.is_none()).count();
    let products = match all.products {
        0 => String::new(),
        bytes => format!(" ({} of it kept products of rows and the like)", amount::bytes(bytes)),
    };
    let (count, never) = (rows.len(), if unknown == 1 { "1 node never ran" } else { "" });
    let never = if unknown > 1 { format!("{unknown} nodes never ran") } else { never.to_owned() };
    let unknown = if unknown == 0 { String::new() } else { format!("; {never}, so what they take comes on top") };
    let lines = rows.into_iter().map(line).collect();
    let header = ["would run", "state", "last took", "memory", "disk", "why"];
    terminal::print(&terminal::table(&header, &["last took", "memory", "disk"], lines));
    terminal::print(&format!(
        "{count} node{} would run, as they last did: about {} of computation, at most {} of memory a node and {} of disk{products}{unknown}",
        if count == 1 { "" } else { "s" },
        amount::seconds(all.seconds),
        amount::bytes(all.peak),
        amount::bytes(all.bytes + all.products),
    ));
}

fn rows(session: &Session) -> Vec<Row> {
    let survey = session.survey();
    let history = session.history();
    let store = session.store();
    let mut products = Products::of(&store);
    let mut rows = Vec::new();
    for (at, node) in session.plan.nodes.iter_enumerated() {
        let outcome = &survey.outcomes[at];
        if matches!(outcome.state, State::Cached | State::Dropped) {
            continue;
        }
        let last = history.nodes.get(&node.id.to_string());
        let records: Vec<Record> =
            last.into_iter().flat_map(|last| last.keys.values()).filter_map(|key| store.record(*key)).collect();
        let there = inputs_there(session, at, &survey.outcomes);
        let took = (!records.is_empty()).then(|| Took {
            seconds: records.iter().map(|record| record.provenance.seconds).sum::<f64>(),
            peak: records.iter().map(|record| record.provenance.peak_bytes).max().unwrap_or(0),
            bytes: records.iter().flat_map(|record| &record.outputs).map(|stored| stored.bytes).sum::<u64>(),
            products: products.of_inputs(&records, &there),
        });
        let why = outcome.message.clone().unwrap_or_default();
        rows.push(Row { node: node.id.to_string(), state: outcome.state, why, last: took });
    }
    rows
}

/// The digests of a node's inputs that are current: what is kept of these is there.
fn inputs_there(
    session: &Session,
    at: NodeIndex,
    outcomes: &typed_index_collections::TiSlice<NodeIndex, crate::engine::record::Outcome>,
) -> BTreeSet<String> {
    let edges = session.plan.nodes[at].edges.iter();
    edges.flat_map(|edge| outcomes[edge.from].outputs()).map(|stored| stored.digest.to_string()).collect()
}

/// What nodes made of values, by the content of these; each counts once.
struct Products(BTreeMap<String, u64>);

impl Products {
    fn of(store: &Store) -> Self {
        let mut by_content: BTreeMap<String, u64> = BTreeMap::new();
        for record in store.records().all() {
            if let Some(of) = record.product_of() {
                *by_content.entry(of.to_owned()).or_default() +=
                    record.outputs.iter().map(|stored| stored.bytes).sum::<u64>();
            }
        }
        Self(by_content)
    }

    /// Bytes of what was made of the inputs behind records, but for inputs that are `there` still.
    fn of_inputs(&mut self, records: &[Record], there: &BTreeSet<String>) -> u64 {
        let mut bytes = 0;
        for record in records {
            let inputs = record.ingredients.iter().filter(|(name, _)| name.starts_with("input."));
            let digests: Vec<String> = inputs.flat_map(|(_, value)| digests(value)).collect();
            bytes +=
                digests.iter().filter(|one| !there.contains(*one)).filter_map(|one| self.0.remove(one)).sum::<u64>();
        }
        bytes
    }
}

/// The digests in an ingredient: one, or one for each that arrives.
fn digests(value: &Json) -> Vec<String> {
    match value {
        Json::String(text) => text.parse::<Digest>().map(|digest| digest.to_string()).into_iter().collect(),
        Json::Array(many) => many.iter().filter_map(|one| one.get("digest")).flat_map(digests).collect(),
        _ => Vec::new(),
    }
}

fn as_value(row: &Row) -> Json {
    let Row { node, state, why, last } = row;
    json!({
        "node": node, "state": state, "why": why,
        "seconds": last.map(|last| last.seconds), "peak_bytes": last.map(|last| last.peak),
        "bytes": last.map(|last| last.bytes), "product_bytes": last.map(|last| last.products),
    })
}

fn line(row: Row) -> Vec<String> {
    let Row { node, state, why, last } = row;
    let [seconds, peak, bytes] = match last {
        None => ["?".to_owned(), "?".to_owned(), "?".to_owned()],
        Some(last) => {
            [amount::seconds(last.seconds), amount::bytes(last.peak), amount::bytes(last.bytes + last.products)]
        }
    };
    vec![node, state.name().to_owned(), seconds, peak, bytes, why]
}

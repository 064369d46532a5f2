//! How results were made, as their records say it.

use serde_json::{Value as Json, json};

use crate::cli::outcome::Failure;
use crate::cli::result::found;
use crate::engine::record::Record;
use crate::text::amount;
use crate::workspace::Session;

/// The records behind the results that a reference means, each once, with the name of its node.
pub fn behind(session: &Session, reference: &str) -> Result<Vec<(String, Record)>, Failure> {
    let survey = session.survey();
    let mut records: Vec<(String, Record)> = Vec::new();
    for one in found(session, reference)? {
        let name = session.plan.nodes[one.node].id.to_string();
        let of = |record: &&Record| record.outputs.contains(&one.stored);
        for record in survey.outcomes[one.node].records.iter().filter(of) {
            if records.iter().all(|(_, known)| known.key != record.key) {
                records.push((name.clone(), record.clone()));
            }
        }
    }
    Ok(records)
}

/// As a program reads them.
pub fn json(records: &[(String, Record)]) -> Json {
    let one = |(node, record): &(String, Record)| json!({ "node": node, "kind": record.kind, "version": record.version, "key": record.key, "made": record.provenance, "notes": record.notes });
    records.iter().map(one).collect()
}

/// As people do: a line a fact.
pub fn text(records: &[(String, Record)]) -> String {
    records.iter().map(|(node, record)| one(node, record)).collect::<Vec<_>>().join("\n")
}

fn one(node: &str, record: &Record) -> String {
    let made = &record.provenance;
    let mut facts = vec![
        ("key", record.key.to_string()),
        ("kind", format!("{}, version {}", record.kind, record.version)),
        ("made", format!("{}, in {}", made.at, amount::seconds(made.seconds))),
        ("device", format!("{} ({}), threads: {}", made.device, made.hardware, made.threads)),
        ("peak memory", amount::bytes(made.peak_bytes)),
        ("ventral", made.ventral.clone()),
        ("libtorch", made.libtorch.clone()),
    ];
    facts.extend(made.software.iter().map(|(name, version)| (name.as_str(), version.clone())));
    facts.extend(record.notes.iter().map(|note| ("note", note.clone())));
    let width = facts.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let lines = facts.iter().map(|(name, value)| format!("  {name:width$}  {value}\n"));
    format!("{node}\n{}", lines.collect::<String>())
}

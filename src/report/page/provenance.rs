//! How each result came about: parameters, inputs, key, machine, seconds, and the command that makes it again.

use serde::Serialize;
use serde_json::Value as Json;

use crate::engine::record::Provenance;
use crate::kind::fact;
use crate::plan::{Node, NodeIndex};
use crate::report::draw::number::{bytes, count, counted, seconds};
use crate::report::read::grid::json_text;
use crate::report::read::results::Results;
use crate::report::read::status::{Status, families};
use crate::report::read::study::Study;
use crate::text::shell::quoted;
use crate::value::Value;
use crate::value::lineage::{Exposure, Lineage};
use crate::value::ty::Type;

/// A node as the template takes it.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    pub at: NodeIndex,
    pub id: String,
    pub kind: String,
    pub state: &'static str,
    pub seconds: String,
    pub key: String,
    pub about: String,
    pub message: String,
    pub params: Vec<(String, String)>,
    pub inputs: Vec<Line>,
    pub outputs: Vec<Line>,
    /// Names and values: versions, device, seconds, memory.
    pub facts: Vec<(String, String)>,
    pub notes: Vec<String>,
    pub command: String,
}

/// An input or an output.
#[derive(Clone, Debug, Serialize)]
pub struct Line {
    pub name: String,
    pub detail: String,
    pub digest: String,
    /// The node it comes from.
    pub from: Option<NodeIndex>,
}

/// All variants of one name.
#[derive(Clone, Debug, Serialize)]
pub struct Section {
    pub name: String,
    pub kind: String,
    /// The first sentence of what its kind does.
    pub does: String,
    pub summary: String,
    pub state: &'static str,
    pub entries: Vec<Entry>,
}

/// Every node, by name, in the order of the plan.
pub fn sections(results: &Results<'_>) -> Vec<Section> {
    let study = results.study;
    let families = families(&study.plan.nodes);
    let section = families.iter().map(|family| {
        let kind = study.plan.nodes[family.nodes[0]].kind;
        let mut summary = if family.nodes.len() > 1 {
            format!("{} · ", counted(family.nodes.len(), "variant"))
        } else {
            String::new()
        };
        summary += &seconds(family.seconds(study));
        Section {
            name: family.name.to_owned(),
            kind: family.kind.to_owned(),
            does: kind.about.lines().next().unwrap_or("").to_owned(),
            summary,
            state: family.status(study).name(),
            entries: family.nodes.iter().map(|&node| entry(results, node)).collect(),
        }
    });
    section.collect()
}

fn entry(results: &Results<'_>, at: NodeIndex) -> Entry {
    let study = results.study;
    let node = &study.plan.nodes[at];
    let outcome = study.outcomes.get(at);
    let records = outcome.map(|outcome| outcome.records.as_slice()).unwrap_or_default();
    let keys: Vec<String> = records.iter().map(|record| record.key.short()).collect();
    let notes = records.iter().flat_map(|record| record.notes.iter().cloned());
    Entry {
        at,
        id: node.id.to_string(),
        kind: format!("{} v{}", node.kind.name, records.first().map_or(node.kind.version, |record| record.version)),
        state: Status::of(study, at).name(),
        seconds: if records.is_empty() { String::new() } else { seconds(outcome.map_or(0.0, |o| o.seconds())) },
        key: keys.join(" "),
        about: node.about.clone(),
        message: outcome.and_then(|outcome| outcome.message.clone()).unwrap_or_default(),
        params: params(node),
        inputs: inputs(results, at, node),
        outputs: outputs(study, at),
        facts: facts(results, at),
        notes: distinct(notes),
        command: format!("{} --node {}", command(study), quoted(&node.id.to_string())),
    }
}

fn params(node: &Node) -> Vec<(String, String)> {
    let fields = node.params.as_object().into_iter().flatten();
    fields.filter(|(_, value)| !value.is_null()).map(|(name, value)| (name.clone(), param(value))).collect()
}

fn param(value: &Json) -> String {
    match value {
        Json::Array(items) if items.len() > 12 => {
            let shown: Vec<String> = items.iter().take(10).map(json_text).collect();
            format!("{}, … ({})", shown.join(", "), counted(items.len(), "value"))
        }
        Json::Array(items) => items.iter().map(json_text).collect::<Vec<_>>().join(", "),
        other => json_text(other),
    }
}

fn inputs(results: &Results<'_>, at: NodeIndex, node: &Node) -> Vec<Line> {
    let edges = node.edges.iter().map(|edge| {
        let stored = results.outputs(edge.from, &edge.output);
        let mut digests = stored.iter().filter(|stored| edge.key.is_none() || stored.key == edge.key);
        let key = edge.key.as_ref().map(|key| format!("[{key}]")).unwrap_or_default();
        Line {
            name: edge.port.clone(),
            detail: format!("{}.{}{key}", results.node(edge.from).id, edge.output),
            digest: digests.next().map(|stored| stored.digest.short()).unwrap_or_default(),
            from: Some(edge.from),
        }
    });
    let mut lines: Vec<Line> = edges.collect();
    let records = results.study.outcomes.get(at).map(|outcome| outcome.records.as_slice()).unwrap_or_default();
    for (name, value) in records.iter().take(1).flat_map(|record| &record.ingredients) {
        if let Some(param) = name.strip_prefix("file.") {
            let digest: String = json_text(value).chars().take(12).collect();
            lines.push(Line { name: param.to_owned(), detail: "file, by content".to_owned(), digest, from: None });
        }
    }
    lines
}

/// Beyond these, keys of a port are counted only.
const KEYS: usize = 24;

fn outputs(study: &Study<'_>, at: NodeIndex) -> Vec<Line> {
    let all = study.outcomes.get(at).into_iter().flat_map(|outcome| outcome.outputs());
    let lines = all.map(|stored| Line {
        name: stored.name(),
        detail: format!("{}, {}", stored.ty, bytes(stored.bytes)),
        digest: stored.digest.short(),
        from: None,
    });
    lines.take(KEYS).collect()
}

fn facts(results: &Results<'_>, at: NodeIndex) -> Vec<(String, String)> {
    let Some(outcome) = results.study.outcomes.get(at) else { return Vec::new() };
    let mut facts = Vec::new();
    let mut fact = |name: &str, values: Vec<String>| {
        let values = distinct(values.into_iter().filter(|value| !value.is_empty()));
        if !values.is_empty() {
            facts.push((name.to_owned(), values.join(", ")));
        }
    };
    let each = |read: fn(&Provenance) -> String| outcome.records.iter().map(|r| read(&r.provenance)).collect();
    if outcome.records.len() > 1 {
        fact("computations", vec![count(outcome.records.len())]);
    }
    let (fitted, selected, scored) = exposures(results, at);
    fact("fitted on", fitted);
    fact("chosen by", selected);
    fact("scored on", scored);
    fact("made", each(|made| made.at.clone()));
    fact("device", each(|made| made.device.clone()));
    fact("hardware", each(|made| made.hardware.clone()));
    fact("threads", each(|made| if made.threads > 0 { made.threads.to_string() } else { String::new() }));
    let peak = outcome.records.iter().map(|record| record.provenance.peak_bytes).max().unwrap_or(0);
    fact("peak memory", vec![if peak > 0 { bytes(peak) } else { String::new() }]);
    fact("ventral", each(|made| made.ventral.clone()));
    fact("libtorch", each(|made| made.libtorch.clone()));
    fact("software", each(software));
    facts
}

/// Versions of what else computed, as in `python3 Python 3.11.2, numpy 2.1.0`.
fn software(made: &Provenance) -> String {
    made.software.iter().map(|(name, version)| format!("{name} {version}")).collect::<Vec<_>>().join(", ")
}

/// What the fits behind a node's results have seen, and how many rows it scored.
fn exposures(results: &Results<'_>, at: NodeIndex) -> (Vec<String>, Vec<String>, Vec<String>) {
    let outputs = results.all_outputs(at);
    let mut lineages = Vec::new();
    let mut scored = Vec::new();
    for stored in outputs.filter(|stored| matches!(stored.ty, Type::Fit | Type::Matrix | Type::Rdm | Type::Table)) {
        // A keyed output has one history; the first tells it. Matrices are mapped, not read.
        if stored.ty != Type::Table && !lineages.is_empty() {
            continue;
        }
        match results.value(stored).as_deref() {
            Some(Value::Fit(fit)) => lineages.push(fit.about.lineage.clone()),
            Some(Value::Matrix(matrix)) => lineages.push(matrix.about.lineage.clone()),
            Some(Value::Rdm(rdm)) => lineages.push(rdm.about.lineage.clone()),
            Some(Value::Table(table)) => {
                lineages.push(table.about.lineage.clone());
                let on = table.about.facts.get(fact::SCORED_ON).and_then(Json::as_str).unwrap_or("");
                if let Some(rows) = table.about.facts.get(fact::ROWS_SCORED).and_then(Json::as_u64) {
                    let selected = table.about.facts.get(fact::SELECTED).and_then(Json::as_bool).unwrap_or(false);
                    let also = if selected { ", some of which also chose settings" } else { "" };
                    scored.push(format!("{} {on} stimuli{also}", count(rows as usize)).replace("  ", " "));
                }
            }
            _ => {}
        }
    }
    let merged = Lineage::merge(&lineages);
    let tell = |list: &[Exposure]| -> Vec<String> {
        list.iter().map(|seen| format!("{} ({})", counted(seen.len(), "stimulus"), seen.by)).collect()
    };
    (tell(&merged.fitted), tell(&merged.selected), scored)
}

/// Values in order, each once.
pub fn distinct(values: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for value in values {
        if !kept.contains(&value) {
            kept.push(value);
        }
    }
    kept
}

/// The command that makes the study again.
pub fn command(study: &Study<'_>) -> String {
    let plan = study.plan;
    let recipe = match &plan.recipe {
        // A path within the workspace is one that a reader has too; any other is of this machine.
        Some(path) => match path.strip_prefix(&plan.workspace) {
            Ok(inside) => inside.display().to_string(),
            Err(_) if path.is_relative() => path.display().to_string(),
            Err(_) => {
                path.file_name().map_or_else(|| "recipe.yaml".to_owned(), |name| name.to_string_lossy().into_owned())
            }
        },
        None => format!("recipes/{}.yaml", plan.name.split('@').next().unwrap_or_default()),
    };
    let mut command = format!("ventral run {}", quoted(&recipe));
    for (name, value) in &plan.set {
        command += &format!(" --set {}", quoted(&format!("{name}={value}")));
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_named_twice_is_named_once() {
        assert_eq!(distinct(["a", "b", "a"].map(str::to_owned)), ["a", "b"]);
    }
}

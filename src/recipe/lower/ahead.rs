//! What can be told of a study before it runs: each node says what it is certain to give, and whether it can work with what arrives.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use typed_index_collections::TiVec;

use crate::diagnostic::{Problems, quoted};
use crate::kind::Kind;
use crate::kind::ahead::{Ahead, Arriving, Known, Misfit, Output, Place};
use crate::plan::{Edge, NodeIndex};
use crate::recipe::lower::heads::{Head, Heads};
use crate::recipe::lower::link::{Linked, Placed};
use crate::recipe::lower::node::Draft;
use crate::recipe::lower::sweep;
use crate::recipe::syntax::tree::{Entry, Value};

/// Tells what a run is certain to refuse. A node with other mistakes is left out, and so is what reads it, as far as it depends on it.
pub fn check(linked: &Linked, heads: &Heads<'_>, drafts: &[Draft<'_>], workspace: &Path, problems: &mut Problems) {
    let mut given: TiVec<NodeIndex, Vec<Output>> = TiVec::with_capacity(linked.placed.len());
    for placed in &linked.placed {
        let head = &heads.all[placed.node];
        let sound = head.kind.zip(placed.params.as_ref()).filter(|(kind, _)| {
            let draft = &drafts[placed.node];
            connected(kind, head, draft) && every_wire_leads(draft, placed)
        });
        let Some((kind, params)) = sound else {
            given.push(Vec::new());
            continue;
        };
        let arriving: Vec<Arriving> = placed.edges.iter().map(|edge| arriving(edge, linked, heads, &given)).collect();
        let ahead = Ahead { arriving: &arriving, workspace: Some(workspace) };
        if let Err(misfit) = kind.fits(params, &ahead) {
            report(misfit, head, placed, linked, heads, problems);
        }
        given.push(kind.foresee(params, &ahead));
    }
}

/// Whether the node has nothing but ports that it can have, and all that it needs.
fn connected(kind: &Kind, head: &Head<'_>, draft: &Draft<'_>) -> bool {
    let written = map_of(head, "in");
    let mut needed = kind.inputs.iter().filter(|input| !input.arity.may_be_absent());
    written.iter().all(|entry| kind.input(&entry.key).is_some())
        && needed.all(|input| draft.slots.iter().any(|slot| slot.input.name == input.name))
}

/// Whether every reference means something in this variant.
fn every_wire_leads(draft: &Draft<'_>, placed: &Placed) -> bool {
    let mut wires = draft.slots.iter().flat_map(|slot| &slot.wires);
    wires.all(|wire| matches!(wire.targets.get(&sweep::restrict(&placed.row, &wire.uses)), Some(Some(_))))
}

fn arriving(edge: &Edge, linked: &Linked, heads: &Heads<'_>, given: &TiVec<NodeIndex, Vec<Output>>) -> Arriving {
    let head = &heads.all[linked.placed[edge.from].node];
    let is_meant = |output: &&Output| output.port == edge.output && output.key == edge.key;
    let known: Option<&Known> = given[edge.from].iter().find(is_meant).map(|output| &output.known);
    let main = head.kind.is_some_and(|kind| kind.main_output().name == edge.output);
    let port = if main { String::new() } else { format!(".{}", edge.output) };
    let key = edge.key.as_ref().map_or(String::new(), |key| format!("[{key}]"));
    Arriving {
        port: edge.port.clone(),
        from: format!("{}{port}{key}", head.name),
        known: known.cloned().unwrap_or_default(),
    }
}

fn report(
    misfit: Misfit,
    head: &Head<'_>,
    placed: &Placed,
    linked: &Linked,
    heads: &Heads<'_>,
    problems: &mut Problems,
) {
    let (section, path) = match &misfit.at {
        Place::Param(path) => ("with", path.as_str()),
        Place::Port(port) => ("in", *port),
    };
    let place = deepest(map_of(head, section), path);
    // What stands at its default is nowhere in the recipe.
    let written = place.is_some();
    let kind = head.body.iter().find(|entry| entry.key == "kind").map(|entry| entry.value.place.clone());
    let recipe = Arc::clone(&problems.source);
    let problem = problems.foreseen(place.or(kind).unwrap_or_else(|| head.place.clone()), misfit.message);
    if let (false, Place::Param(path)) = (written, &misfit.at) {
        problem.help(format!("that is the default: give {} under `with:`", quoted(path)));
    }
    for help in misfit.help {
        problem.help(help);
    }
    let because = misfit.because.and_then(|(port, what)| {
        let edge = placed.edges.iter().find(|edge| edge.port == port)?;
        Some((heads.all[linked.placed[edge.from].node].place.clone(), what))
    });
    // What `--set` says stands in a text of its own, which has no nodes to point at.
    if let Some((place, what)) = because.filter(|_| Arc::ptr_eq(&problem.source, &recipe)) {
        problem.also(place, what);
    }
}

/// The place that a path such as `early_stopping.on` or `layers[1]` leads to, or the last on the way.
fn deepest(entries: &[Entry], path: &str) -> Option<Range<usize>> {
    let mut steps = path.split(['.', '[']);
    let first = entries.iter().find(|entry| Some(entry.key.as_str()) == steps.clone().next())?;
    steps.next();
    let mut at = &first.value;
    for step in steps {
        let next = match &at.value {
            Value::Map(entries) => entries.iter().find(|entry| entry.key == step).map(|entry| &entry.value),
            Value::List(items) => step.trim_end_matches(']').parse().ok().and_then(|index: usize| items.get(index)),
            Value::Scalar(_) => None,
        };
        let Some(next) = next else { break };
        at = next;
    }
    Some(if at.is_null() { first.place.clone() } else { at.place.clone() })
}

fn map_of<'t>(head: &Head<'t>, section: &str) -> &'t [Entry] {
    match head.body.iter().find(|entry| entry.key == section).map(|entry| &entry.value.value) {
        Some(Value::Map(entries)) => entries,
        _ => &[],
    }
}

//! A node of a recipe, with its variants: how it stands, why it would run, what it is made of.

use std::fmt;

use serde_json::Value as Json;

use crate::engine::record::State;
use crate::plan::NodeIndex;
use crate::repl::handle::Run;
use crate::repl::setting::Setting;
use crate::repl::{Outcome, Refusal};
use crate::text::nearest::nearest;
use crate::workspace::why::{Answer, View};

/// One node, or all variants of it.
#[derive(Clone)]
pub struct Node {
    pub(super) run: Run,
    pub(super) nodes: Vec<NodeIndex>,
}

/// Why nodes would run and what that costs, or that they would not.
#[derive(Clone)]
pub struct Why {
    pub(super) text: String,
}

/// Parameters as they went into a node's key.
#[derive(Clone, PartialEq)]
pub struct Params {
    json: Json,
}

impl Params {
    /// A parameter as recipes spell it: `params()[0].get("components")?`; those inside others by dots.
    pub fn get(&self, name: &str) -> Outcome<String> {
        let found = self.json.pointer(&format!("/{}", name.replace('.', "/")));
        found.map(|value| Setting(value.clone()).yaml()).ok_or_else(|| {
            let names: Vec<&str> = self.json.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
            let hint = match nearest(name, names.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("there are {}", names.join(", ")),
            };
            Refusal::new(format!("there is no parameter `{name}`; {hint}"))
        })
    }
}

impl Node {
    pub(super) fn of(run: &Run, nodes: Vec<NodeIndex>) -> Self {
        Self { run: run.clone(), nodes }
    }

    /// The names of its variants; its own where it has none.
    pub fn names(&self) -> Vec<String> {
        self.nodes.iter().map(|&at| self.run.session.plan.nodes[at].id.to_string()).collect()
    }

    /// The kind that computes it.
    pub fn kind(&self) -> &'static str {
        self.nodes.first().map_or("", |&at| self.run.session.plan.nodes[at].kind.name)
    }

    /// Which part of its key changed, from what to what, and what rerunning costs.
    pub fn why(&self) -> Why {
        let view = View::of(&self.run.session);
        let answers: Vec<Answer> = self.nodes.iter().map(|&at| view.explain(at)).collect();
        Why { text: answers.iter().map(Answer::text).collect::<Vec<_>>().join("\n") }
    }

    /// How each variant stands: `cached`, `stale`, `new`, `failed` or `dropped`.
    pub fn states(&self) -> Vec<&'static str> {
        let survey = self.run.session.survey();
        self.nodes
            .iter()
            .map(|&at| survey.outcomes.get(at).map_or(State::New, |outcome| outcome.state).name())
            .collect()
    }

    /// The parameters of each variant, with defaults.
    pub fn params(&self) -> Vec<Params> {
        self.nodes.iter().map(|&at| Params { json: self.run.session.plan.nodes[at].params.clone() }).collect()
    }

    /// The output ports, main first, with their types.
    pub fn ports(&self) -> Vec<(&'static str, String)> {
        let kind = self.nodes.first().map(|&at| self.run.session.plan.nodes[at].kind);
        kind.into_iter().flat_map(|kind| kind.outputs).map(|port| (port.name, port.ty.to_string())).collect()
    }

    /// What the computations of its current results said, such as a grid that was extended.
    pub fn notes(&self) -> Vec<String> {
        let survey = self.run.session.survey();
        let records = self.nodes.iter().filter_map(|&at| survey.outcomes.get(at)).flat_map(|outcome| &outcome.records);
        let mut notes: Vec<String> = records.flat_map(|record| record.notes.iter().cloned()).collect();
        notes.dedup();
        notes
    }

    /// Wall-clock seconds of computation behind its current results, all variants together.
    pub fn seconds(&self) -> f64 {
        let survey = self.run.session.survey();
        self.nodes.iter().filter_map(|&at| survey.outcomes.get(at)).map(|outcome| outcome.seconds()).sum()
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.names().join(", "), self.kind())
    }
}

impl fmt::Debug for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.json.to_string())
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text.trim_end())
    }
}

impl fmt::Debug for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text.trim_end())
    }
}

//! `ventral status` and `ventral why`: how nodes stand, and what changed.

use clap::Args;
use serde_json::{Value as Json, json};

use super::{Failure, Outcome, Recipe, terminal};
use crate::registry::Registry;
use crate::workspace::amount;
use crate::workspace::why::{Answer, View};

/// How every node stands: cached, stale, new, failed or dropped, and why
#[derive(Args)]
pub struct Status {
    #[command(flatten)]
    recipe: Recipe,
    /// Print JSON: an array with an object per node
    #[arg(long)]
    json: bool,
}

impl Status {
    pub fn execute(self, registry: &Registry) -> Outcome {
        let session = self.recipe.open(registry)?;
        let view = View::of(&session);
        let rows = (0..session.plan.nodes.len()).map(|at| {
            let outcome = &view.survey.outcomes[at];
            let last = view.last_records(at);
            let records = if outcome.records.is_empty() { &last } else { &outcome.records };
            let seconds = (!records.is_empty()).then(|| records.iter().map(|r| r.made.seconds).sum::<f64>());
            let bytes = outcome.bytes();
            (
                session.plan.nodes[at].id.to_string(),
                session.plan.nodes[at].kind.name,
                outcome.state,
                view.short(at),
                seconds,
                bytes,
            )
        });
        if self.json {
            let rows: Vec<Json> = rows
                .map(|(node, kind, state, why, seconds, bytes)| {
                    json!({ "node": node, "kind": kind, "state": state, "why": why, "seconds": seconds, "bytes": bytes })
                })
                .collect();
            terminal::print_json(&json!(rows));
            return Ok(());
        }
        let rows = rows
            .map(|(node, kind, state, why, seconds, bytes)| {
                let seconds = seconds.map_or_else(String::new, amount::seconds);
                let bytes = if bytes == 0 { String::new() } else { amount::bytes(bytes) };
                vec![node, kind.to_owned(), state.name().to_owned(), seconds, bytes, why]
            })
            .collect();
        let header = ["node", "kind", "state", "took", "bytes", "why"];
        terminal::print(&terminal::table(&header, &["took", "bytes"], rows));
        Ok(())
    }
}

/// What changed for a node: which part of its key, old and new value, and what rerunning costs
///
/// Compares what the node is now with what it was when the recipe last ran. A node whose inputs are not current yet is
/// explained by the inputs that changed.
#[derive(Args)]
pub struct Why {
    #[command(flatten)]
    recipe: Recipe,
    /// A node, or one variant of it: scores, scores@layer=features.9
    node: String,
    /// Print JSON: an array with an object per variant
    #[arg(long)]
    json: bool,
}

impl Why {
    pub fn execute(self, registry: &Registry) -> Outcome {
        let session = self.recipe.open(registry)?;
        let nodes = session.nodes(&self.node).map_err(Failure::Usage)?;
        let view = View::of(&session);
        let answers: Vec<Answer> = nodes.iter().map(|&at| view.explain(at)).collect();
        if self.json {
            terminal::print_json(&json!(answers.iter().map(Answer::json).collect::<Vec<_>>()));
        } else {
            terminal::print(&answers.iter().map(Answer::text).collect::<Vec<_>>().join("\n"));
        }
        Ok(())
    }
}

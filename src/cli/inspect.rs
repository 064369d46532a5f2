//! `ventral status` and `ventral why`: how nodes stand, and what changed.

use clap::Args;
use serde_json::{Value as Json, json};

use crate::cli::outcome::{Failure, Outcome};
use crate::cli::recipe::Recipe;
use crate::cli::terminal;
use crate::engine::store::Store;
use crate::kind::registry::Registry;
use crate::report;
use crate::report::Audience;
use crate::report::comparison::outcome::Correction;
use crate::text::amount;
use crate::workspace::comparison::{Side, compare};
use crate::workspace::why::{Answer, View};

/// How every node stands: cached, stale, new, failed or dropped, and why
#[derive(Args)]
pub struct Status {
    #[command(flatten)]
    recipe: Recipe,
    /// List the recipe's last runs instead, oldest first: the name by which `ventral compare` knows each, when it ended, its result or
    /// which node failed, and below it what was done otherwise than in the run before. At most 20 are kept
    #[arg(long)]
    runs: bool,
    /// Print JSON: an array with an object per node, or per run
    #[arg(long)]
    json: bool,
}

impl Status {
    pub fn execute(self, registry: &Registry) -> Outcome {
        if self.runs {
            return self.runs(registry);
        }
        let session = self.recipe.open(registry)?;
        let view = View::of(&session);
        let rows = session.plan.nodes.keys().map(|at| {
            let outcome = &view.survey.outcomes[at];
            let last = view.last_records(at);
            let records = if outcome.records.is_empty() { &last } else { &outcome.records };
            let seconds = (!records.is_empty()).then(|| records.iter().map(|r| r.provenance.seconds).sum::<f64>());
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

    fn runs(&self, registry: &Registry) -> Outcome {
        let workspace = crate::recipe::workspace_of(&self.recipe.recipe);
        let name = crate::recipe::plan_name(&self.recipe.recipe, &self.recipe.set.set);
        let runs = Store::of_workspace(&workspace).past_runs(&name);
        let mut rows: Vec<Json> = Vec::new();
        let mut before: Option<Side> = None;
        for run in &runs {
            let side = Side::past(run, registry).ok();
            let changes: Vec<String> = match (&before, &side) {
                (Some(a), Some(b)) => {
                    compare(a, b, Correction::Holm).changes.iter().map(|change| change.words()).collect()
                }
                _ => Vec::new(),
            };
            let score = side.as_ref().and_then(|side| {
                let none = std::collections::BTreeMap::new();
                side.session.with_study(side.outcomes(), &none, Audience::Here, report::card).answer
            });
            let score = score.map(|(before, score, after)| format!("{before}{score}{after}"));
            rows.push(json!({
                "run": run.number, "at": run.at, "changes": changes, "answer": score, "failed": run.failed,
            }));
            before = side;
        }
        if self.json {
            terminal::print_json(&json!(rows));
            return Ok(());
        }
        if rows.is_empty() {
            return Err(Failure::Failed(format!(
                "`{name}` has not run here yet; `ventral run {}` does",
                self.recipe.recipe.display()
            )));
        }
        for row in &rows {
            let text = |field: &str| row[field].as_str().unwrap_or_default().to_owned();
            let failed = row["failed"].as_object().into_iter().flatten();
            let failed: Vec<String> =
                failed.map(|(node, why)| format!("failed: `{node}`: {}", why.as_str().unwrap_or_default())).collect();
            let came_to = if failed.is_empty() { text("answer") } else { failed.join("; ") };
            terminal::print(&format!("{name}@{}  {}  {came_to}", row["run"], text("at")));
            for change in row["changes"].as_array().into_iter().flatten() {
                terminal::print(&format!("    {}", change.as_str().unwrap_or_default()));
            }
        }
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

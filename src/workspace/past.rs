//! Earlier runs of a recipe as studies of their own: written down when a run ends, and opened again.

use typed_index_collections::TiVec;

use crate::diagnostic::Diagnostics;
use crate::engine::executor::Execution;
use crate::engine::record::{Outcome, State, Stored};
use crate::engine::store::{PastRun, Store, StoreError};
use crate::kind::registry::Registry;
use crate::plan::NodeIndex;
use crate::recipe;
use crate::report;
use crate::value::ty::Type;

use crate::workspace::Session;

impl Session {
    /// The nodes that score: those with scores per unit and a summary of them.
    pub fn evaluations(&self) -> Vec<NodeIndex> {
        self.plan.nodes.keys().filter(|&at| self.plan.nodes[at].kind.scores()).collect()
    }

    /// Remembers how a run ended. Plans that were built in Rust have no recipe to come back to.
    pub(super) fn remember(&self, store: &Store, execution: &Execution) -> Result<(), StoreError> {
        let Some(path) = self.plan.recipe.clone().filter(|_| !execution.interrupted) else { return Ok(()) };
        let outcomes = &execution.outcomes;
        let nodes = self.plan.nodes.iter().zip(outcomes).filter(|(_, outcome)| !outcome.records.is_empty());
        let nodes = nodes.map(|(node, outcome)| {
            (node.id.to_string(), outcome.records.iter().map(|record| record.key).collect::<Vec<_>>())
        });
        let mut objects: Vec<Stored> = Vec::new();
        for at in self.evaluations() {
            let scores = outcomes[at].outputs().filter(|stored| stored.ty == Type::Table);
            let kind = self.plan.nodes[at].kind;
            let ports = [Type::Responses, Type::Split].map(|ty| kind.takes(ty).map(|port| port.name));
            let edges = self.plan.nodes[at].edges.iter().filter(|edge| ports.contains(&Some(&*edge.port)));
            let read = edges.flat_map(|edge| {
                let of_edge = |stored: &&Stored| stored.port == edge.output && stored.key == edge.key;
                outcomes[edge.from].outputs().filter(of_edge)
            });
            for stored in scores.chain(read) {
                if !objects.iter().any(|known| known.digest == stored.digest && known.ty == stored.ty) {
                    objects.push(stored.clone());
                }
            }
        }
        let nodes = nodes.collect();
        let failed = self.plan.nodes.iter().zip(outcomes).filter(|(_, outcome)| outcome.state == State::Failed);
        let failed =
            failed.map(|(node, outcome)| (node.id.to_string(), outcome.message.clone().unwrap_or_default())).collect();
        let at = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let (set, survivors) = (self.set.clone(), self.survivors.clone());
        let source = self.plan.source.clone();
        let run = PastRun { number: 0, at, path, set, source, survivors, nodes, failed, objects };
        store.remember(&self.plan.name, run)
    }

    /// A run that was, as it was: its recipe's text, and the results it came to. What it made is looked up, not checked
    /// against files that may have changed since.
    pub fn of_past(run: &PastRun, registry: &Registry) -> Result<(Self, TiVec<NodeIndex, Outcome>), Diagnostics> {
        let (set, survivors) = (run.set.clone(), run.survivors.clone());
        let options = recipe::Options { set, survivors, ran: true, ..recipe::Options::default() };
        let mut loaded = recipe::read(&run.path, &run.source, registry, report::charts(), &options)?;
        loaded.plan.recipe = Some(run.path.clone());
        let session = Self { set: run.set.clone(), survivors: run.survivors.clone(), ..Self::of(loaded) };
        let store = session.store();
        let outcomes = session.plan.nodes.iter().map(|node| {
            let keys = run.nodes.get(&node.id.to_string()).map(Vec::as_slice).unwrap_or_default();
            let records: Vec<_> = keys.iter().filter_map(|key| store.record(*key)).collect();
            let whole = !keys.is_empty() && records.len() == keys.len();
            let message = match (keys.is_empty(), whole) {
                (true, _) => Some("it had no result in that run".to_owned()),
                (_, false) => Some("the record of that run is not in the cache any more".to_owned()),
                _ => None,
            };
            Outcome { state: if whole { State::Cached } else { State::New }, records, message }
        });
        let outcomes = outcomes.collect();
        Ok((session, outcomes))
    }
}

//! What a recipe keeps private: which of its files and results stay here when the study travels.

use std::collections::BTreeSet;

use typed_index_collections::TiSlice;

use crate::digest::Digest;
use crate::engine::files::Files;
use crate::engine::fingerprint;
use crate::engine::record::Outcome;
use crate::plan::{NodeIndex, Plan};
use crate::report;
use crate::value::Value;
use crate::value::ty::Type;
use crate::workspace::Session;

/// What stays here.
#[derive(Clone, Debug, Default)]
pub struct Private {
    /// Files and folders, by their digests.
    pub files: BTreeSet<Digest>,
    /// Results, by theirs.
    pub results: BTreeSet<Digest>,
}

impl Private {
    /// Of pictures that are private: the file that they come from, their pixels where a result holds them, and results that show them as
    /// they are. Of a node that is named without having pictures: what it reads and what it gives.
    pub fn of(session: &Session, outcomes: &TiSlice<NodeIndex, Outcome>, files: &mut Files) -> Result<Self, String> {
        let plan = &session.plan;
        let mut found = Self::default();
        for at in plan.nodes.keys() {
            let node = &plan.nodes[at];
            let named = plan.private.as_ref().is_some_and(|names| names.contains(&node.id.name));
            if node.kind.outputs.iter().any(|port| port.ty == Type::Images) {
                found.pictures(session, at, outcomes, files)?;
            } else if named {
                found.results.extend(outcomes[at].outputs().map(|stored| stored.digest));
                found.files_of(plan, at, files)?;
            }
        }
        Ok(found)
    }

    fn pictures(
        &mut self,
        session: &Session,
        at: NodeIndex,
        outcomes: &TiSlice<NodeIndex, Outcome>,
        files: &mut Files,
    ) -> Result<(), String> {
        let plan = &session.plan;
        for stored in outcomes[at].outputs().filter(|stored| stored.ty == Type::Images) {
            match session.store().value(stored) {
                Ok(Value::Images(images)) if !report::is_private(plan, at, &images) => continue,
                Ok(Value::Images(images)) => match images.about.source.digest() {
                    Some(source) => drop(self.files.insert(source)),
                    None => drop(self.results.insert(stored.digest)),
                },
                // They were dropped, so that nobody can tell: what cannot be known to be public stays.
                _ if plan.private.as_ref().is_none_or(|names| names.contains(&plan.nodes[at].id.name)) => {
                    self.results.insert(stored.digest);
                    self.files_of(plan, at, files)?;
                }
                _ => continue,
            }
            for reader in plan.readers(at).into_iter().filter(|&reader| plan.nodes[reader].kind.shows_pictures) {
                let reads = |edge: &crate::plan::Edge| edge.from == at && edge.output == stored.port;
                if plan.nodes[reader].edges.iter().any(reads) {
                    self.results.extend(outcomes[reader].outputs().map(|stored| stored.digest));
                }
            }
        }
        Ok(())
    }

    fn files_of(&mut self, plan: &Plan, at: NodeIndex, files: &mut Files) -> Result<(), String> {
        let uses = fingerprint::files(plan, &plan.nodes[at], files).map_err(|problem| problem.to_string())?;
        self.files.extend(uses.into_values().map(|(_, digest)| digest));
        Ok(())
    }
}

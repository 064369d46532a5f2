//! A recipe at hand, and its results by reference.

use std::path::PathBuf;
use std::sync::Arc;

use crate::engine::walk::Survey;
use crate::repl::setting::Setting;
use crate::repl::{Outcome, Refusal};
use crate::value::Value;
use crate::workspace::Session;
use crate::workspace::results;
use crate::workspace::results::{Found, Lack, Remedy};

/// A recipe beside its cache. Cheap to clone; every method looks at the cache anew, so that nothing it gives is stale.
#[derive(Clone)]
pub struct Run {
    pub(super) session: Arc<Session>,
    pub(super) origin: Arc<Origin>,
}

/// Where a plan comes from, so that it can be made again with other settings.
pub(super) struct Origin {
    /// The recipe file; absent for a plan built in Rust.
    pub path: Option<PathBuf>,
    /// The recipe as it was read; empty for a plan that was built node by node.
    pub text: String,
    /// What was set since, in order; a later setting of a name replaces an earlier one.
    pub set: Vec<(String, Setting)>,
}

impl Run {
    /// The results that a reference means, and how the recipe stands.
    pub(super) fn find(&self, reference: &str) -> Outcome<(Vec<Found>, Survey)> {
        results::find(&self.session, reference).map_err(|lack| match lack {
            Lack::Unknown(message) => Refusal::new(message),
            Lack::Absent(message, remedy) => {
                let here = match &remedy {
                    Remedy::Run => "`run()?` computes it here".to_owned(),
                    Remedy::Make(what) | Remedy::Force(what) => format!("`make(\"{what}\")?` makes it here"),
                };
                let shell = match &self.origin.path {
                    // What was set in a node is in no recipe yet.
                    Some(path) if self.origin.set.is_empty() => format!(", {} in a shell", remedy.command(path)),
                    _ => String::new(),
                };
                Refusal::new(format!("{message}; {here}{shell}"))
            }
        })
    }

    pub(super) fn single(&self, reference: &str) -> Outcome<(Found, Value, Survey)> {
        let (mut found, survey) = self.find(reference)?;
        if found.len() != 1 {
            let names: Vec<&str> = found.iter().map(|one| one.name.as_str()).collect();
            let message = format!("`{reference}` means {} results; name one of {}", names.len(), names.join(", "));
            return Err(Refusal::new(message));
        }
        let one = found.remove(0);
        let value = self.read(&one)?;
        Ok((one, value, survey))
    }

    pub(super) fn read(&self, found: &Found) -> Outcome<Value> {
        let stored = &found.stored;
        self.session.store().value(stored).map_err(|error| {
            Refusal::new(format!(
                "{error}; `ventral cache verify` sets damaged results aside, and the next run makes them again"
            ))
        })
    }
}

//! What goes into the reading of a recipe beside its text, and what comes of it.

use std::path::PathBuf;

use crate::diagnostic::Diagnostics;
use crate::plan::Plan;

/// What the command line adds to a recipe.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// `--set NAME=VALUE`, in the order given: a variable or `node.parameter`; the value is read as YAML, a scalar or a flow
    /// list, for a parameter also a flow map.
    pub set: Vec<(String, String)>,
    /// The workspace, where it is not to be found from the recipe's place.
    pub workspace: Option<PathBuf>,
    /// Of a search by halving, the trials that go on at each rung after the first, as far as that is decided.
    pub survivors: Vec<Vec<usize>>,
    /// Whether it is of a run that was: then it is not held against files, which may have changed since, nor against rules of today.
    pub ran: bool,
}

/// A recipe that can run.
pub struct Loaded {
    pub plan: Plan,
    /// What is hardly meant, such as a variable that nothing uses.
    pub warnings: Diagnostics,
}

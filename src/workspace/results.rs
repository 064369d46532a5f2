//! The stored results that a reference means, or what is lacking and the command that makes it.

use std::path::Path;

use crate::engine::record::{State, Stored};
use crate::engine::walk::Survey;
use crate::plan::NodeIndex;
use crate::workspace::{Session, reference};

/// A result under the name by which a person refers to it.
#[derive(Clone, Debug)]
pub struct Found {
    /// `NODE.PORT`, `NODE.PORT[KEY]`, with `@VARIANT` where the node has variants.
    pub name: String,
    pub node: NodeIndex,
    pub stored: Stored,
}

/// Why there is no such result, in words.
#[derive(Debug)]
pub enum Lack {
    /// Nothing is called so.
    Unknown(String),
    /// It could be there, and is not; with what makes it.
    Absent(String, Remedy),
}

/// What makes a result that is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Bringing the recipe up to date.
    Run,
    /// Asking for a port that nothing in the recipe reads.
    Make(String),
    /// Computing a node again whose outputs were dropped.
    Force(String),
}

impl Remedy {
    /// As a shell does it, after what is lacking.
    pub fn command(&self, recipe: &Path) -> String {
        let recipe = recipe.display();
        match self {
            Self::Run => format!("`ventral run {recipe}` computes it"),
            Self::Make(port) => format!("`ventral run {recipe} --node {port}` makes it"),
            Self::Force(node) => format!("`ventral run {recipe} --node {node} --force {node}` makes and keeps them"),
        }
    }
}

/// The current results that a reference means, and how the recipe stands; an error names the nearest that exists, or says
/// which command computes what is missing.
pub fn find(session: &Session, text: &str) -> Result<(Vec<Found>, Survey), Lack> {
    let target = reference::resolve(session, text).map_err(Lack::Unknown)?;
    let survey = session.survey();
    let mut found = Vec::new();
    for &at in &target.nodes {
        let id = &session.plan.nodes[at].id;
        let outcome = &survey.outcomes[at];
        match outcome.state {
            State::Cached | State::Ran => {}
            State::Dropped => {
                let message = format!("the outputs of `{id}` were dropped (keep: false)");
                return Err(Lack::Absent(message, Remedy::Force(id.to_string())));
            }
            state => {
                let why = outcome.message.as_ref().map(|message| format!(" ({message})")).unwrap_or_default();
                return Err(Lack::Absent(format!("`{id}` is {}{why}", state.name()), Remedy::Run));
            }
        }
        let of_port: Vec<&Stored> = outcome.outputs().filter(|stored| stored.port == target.port).collect();
        let chosen: Vec<&Stored> = match &target.key {
            None => of_port.clone(),
            Some(key) => of_port.iter().filter(|stored| stored.key.as_ref() == Some(key)).copied().collect(),
        };
        if chosen.is_empty() {
            let keys: Vec<&str> = of_port.iter().filter_map(|stored| stored.key.as_deref()).collect();
            return Err(match &target.key {
                Some(key) => {
                    Lack::Unknown(format!("`{id}.{}` has no `{key}`; it has {}", target.port, keys.join(", ")))
                }
                None => {
                    let port = format!("{}.{}", id.name, target.port);
                    Lack::Absent(
                        format!("`{id}.{}` was not made, since nothing reads it", target.port),
                        Remedy::Make(port),
                    )
                }
            });
        }
        for stored in chosen {
            let variant = if id.variant.is_empty() { String::new() } else { format!("@{}", id.variant_text()) };
            let name = format!("{}.{}{variant}", id.name, stored.name());
            found.push(Found { name, node: at, stored: stored.clone() });
        }
    }
    Ok((found, survey))
}

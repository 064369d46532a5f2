//! A recipe's results by reference, with what a person at a terminal does where there is none.

use std::path::Path;

use crate::cli::outcome::Failure;
use crate::engine::record::Stored;
use crate::value::Value;
use crate::workspace::Session;
use crate::workspace::results;
use crate::workspace::results::{Found, Lack};

/// The results that a reference means, by name.
pub fn find(session: &Session, text: &str) -> Result<Vec<(String, Stored)>, Failure> {
    Ok(found(session, text)?.into_iter().map(|found| (found.name, found.stored)).collect())
}

/// The same, with the nodes that gave them.
pub fn found(session: &Session, text: &str) -> Result<Vec<Found>, Failure> {
    let (found, _) = results::find(session, text).map_err(|lack| match lack {
        Lack::Unknown(message) => Failure::Usage(message),
        Lack::Absent(message, remedy) => {
            let recipe = session.plan.recipe.as_deref().unwrap_or(Path::new("RECIPE"));
            Failure::Failed(format!("{message}; {}", remedy.command(recipe)))
        }
    })?;
    Ok(found)
}

/// A result itself.
pub fn read(session: &Session, stored: &Stored) -> Result<Value, Failure> {
    session.store().value(stored).map_err(|e| {
        Failure::Failed(format!(
            "{e}; `ventral cache verify` sets damaged results aside, and the next run makes them again"
        ))
    })
}

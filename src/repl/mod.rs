//! Exploring a recipe's results in Rust: what evcxr and Jupyter sessions work with.
//!
//! `run` opens a recipe and gives its results as values that a session can keep between cells: owned, and of types that
//! `ventral::prelude` names, since evcxr loses silently what it cannot name. What is missing, stale or misspelt is a
//! `Refusal` in words; nothing here panics. Results go through the recipe's cache and keys, so nothing is computed twice.

mod browser;
pub mod chart;
pub mod draft;
pub mod handle;
pub mod images;
pub mod matrix;
pub mod node;
mod plain;
pub mod run;
mod save;
pub mod setting;
pub mod show;
pub mod table;

use std::fmt;

use crate::diagnostic::Diagnostics;

/// Why something cannot be had, in words, with the nearest name or the command that helps.
#[derive(Clone, PartialEq, Eq)]
pub struct Refusal {
    message: String,
}

/// What most methods give.
pub type Outcome<T> = Result<T, Refusal>;

impl Refusal {
    /// A refusal in words.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into() }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// As `Display`: a session prints the errors that nobody took apart.
impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Refusal {}

impl From<Diagnostics> for Refusal {
    fn from(diagnostics: Diagnostics) -> Self {
        Self::new(diagnostics.render(false).trim_end())
    }
}

impl From<String> for Refusal {
    fn from(message: String) -> Self {
        Self::new(message)
    }
}

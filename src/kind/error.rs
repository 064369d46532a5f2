//! Why a kind refuses its data.

use std::fmt;

use crate::value::error::ReadError;

/// Why a kind refuses its data, in words: lower case, both numbers, then the rule.
#[derive(Clone, Debug, PartialEq)]
pub struct KindError {
    pub message: String,
    /// The kind of the upstream fit that has seen rows to be scored; the executor names the path to it.
    pub leak: Option<String>,
}

impl KindError {
    /// A refusal.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), leak: None }
    }
}

impl fmt::Display for KindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<String> for KindError {
    fn from(message: String) -> Self {
        Self::new(message)
    }
}

impl From<ReadError> for KindError {
    fn from(error: ReadError) -> Self {
        Self::new(error.to_string())
    }
}

//! A workspace: recipes/, cache/ and reports/ joined. The one facade for the command, the REPL and the tests.

pub mod comparison;
pub mod past;
pub mod publish;
pub mod reference;
pub mod results;
pub mod session;
#[cfg(feature = "command")]
pub mod travel;
pub mod why;

pub use crate::workspace::session::{ReportFailure, Session, Written};

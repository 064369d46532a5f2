//! How a command ends.

use crate::diagnostic::Diagnostics;

/// How a command ends short of success.
pub enum Failure {
    /// The recipe or the usage is wrong: said, and nothing has run.
    Usage(String),
    /// Recipe diagnostics.
    Recipe(Diagnostics),
    /// Something could not be done.
    Failed(String),
    /// A failure that was told already.
    Reported(u8),
}

impl From<Diagnostics> for Failure {
    fn from(diagnostics: Diagnostics) -> Self {
        Self::Recipe(diagnostics)
    }
}

/// What a command gives.
pub type Outcome = Result<(), Failure>;

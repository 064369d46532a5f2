//! `ventral man`: the manual's pages.

use std::path::PathBuf;

use clap::{Args, Command};

use crate::cli::outcome::{Failure, Outcome};
use crate::cli::terminal;

/// Write the manual's pages, one per command: `ventral man ~/.local/share/man/man1`
#[derive(Args)]
#[command(
    after_help = "A wheel brings them along. `man ventral-run` finds them where MANPATH, or the folder of `ventral` beside share/man, does."
)]
pub struct Man {
    /// The folder to write them into; pages of the same names are replaced
    dir: PathBuf,
}

impl Man {
    /// Writes them, of the command line that `command` is.
    pub fn execute(self, command: Command) -> Outcome {
        let wrong = |e: std::io::Error| Failure::Failed(format!("{}: {e}", self.dir.display()));
        std::fs::create_dir_all(&self.dir).map_err(wrong)?;
        // `help` is a page for each command once more.
        let command = command.disable_help_subcommand(true);
        clap_mangen::generate_to(command, &self.dir).map_err(wrong)?;
        terminal::note(&format!("the manual's pages are in {}", self.dir.display()));
        Ok(())
    }
}

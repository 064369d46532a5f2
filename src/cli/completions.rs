//! `ventral completions`: what a shell completes.

use clap::{Args, Command};
use clap_complete::Shell;

use crate::cli::outcome::Outcome;
use crate::cli::terminal;

/// What a shell completes, to be put where it looks for that
#[derive(Args)]
#[command(
    after_help = "Examples:\n  ventral completions bash > ~/.local/share/bash-completion/completions/ventral\n  \
    ventral completions zsh > ~/.zfunc/_ventral\n  \
    ventral completions fish > ~/.config/fish/completions/ventral.fish"
)]
pub struct Completions {
    shell: Shell,
}

impl Completions {
    /// Prints it, of the command line that `command` is.
    pub fn execute(self, mut command: Command) -> Outcome {
        let mut text = Vec::new();
        clap_complete::generate(self.shell, &mut command, "ventral", &mut text);
        terminal::print(&String::from_utf8_lossy(&text));
        Ok(())
    }
}

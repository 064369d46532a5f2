//! `ventral completions`: what a shell completes.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::cli::outcome::Outcome;
use crate::cli::{Arguments, terminal};

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
    pub fn execute(self) -> Outcome {
        let mut text = Vec::new();
        clap_complete::generate(self.shell, &mut Arguments::command(), "ventral", &mut text);
        terminal::print(&String::from_utf8_lossy(&text));
        Ok(())
    }
}

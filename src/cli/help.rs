//! `ventral help`: a command's help, or a page of the manual.

use clap::{Args, Command};

use crate::cli::outcome::{Failure, Outcome};
use crate::cli::shipped;
use crate::cli::terminal;
use crate::diagnostic::{listed, quoted};
use crate::text::nearest::nearest;

/// A command's help, or a page of the manual: data, measures, training, …
#[derive(Args)]
#[command(after_help = "Examples:\n  ventral help run\n  ventral help data | less")]
pub struct Help {
    /// A command (and its subcommand), or a page; without one, the commands and pages
    topic: Vec<String>,
}

impl Help {
    /// Prints it, of the command line that `command` is.
    pub fn execute(self, mut command: Command) -> Outcome {
        command.build();
        let [first, rest @ ..] = &self.topic[..] else {
            let pages = listed(shipped::PAGES.iter().map(|(name, _)| *name));
            terminal::print(&format!("{}\nPages, as in `ventral help data`: {pages}.\n", command.render_long_help()));
            return Ok(());
        };
        if command.find_subcommand(first).is_some() {
            let mut found = &mut command;
            for name in [first].into_iter().chain(rest) {
                let of = found.get_name().to_owned();
                found = found
                    .find_subcommand_mut(name)
                    .ok_or_else(|| Failure::Usage(format!("`{of}` has no command {}", quoted(name))))?;
            }
            terminal::print(&found.render_long_help().to_string());
            return Ok(());
        }
        let page = first.trim_end_matches(".md");
        match shipped::named(shipped::PAGES, page) {
            Some(text) if rest.is_empty() => terminal::print(text),
            _ => return Err(Failure::Usage(absent(&command, page))),
        }
        Ok(())
    }
}

/// What there is instead.
fn absent(command: &Command, topic: &str) -> String {
    let pages = || shipped::PAGES.iter().map(|(name, _)| *name);
    let commands = command.get_subcommands().map(Command::get_name).collect::<Vec<_>>();
    let near = nearest(topic, commands.iter().copied().chain(pages()));
    let near = near.map_or("; the".to_owned(), |near| format!("; did you mean {}? The", quoted(near)));
    format!("there is no command or page {}{near} pages are {}", quoted(topic), listed(pages()))
}

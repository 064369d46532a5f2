//! `ventral help`: a command's help, or a page of the manual.

use clap::{Args, Command};

use crate::cli::outcome::{Failure, Outcome};
use crate::cli::shipped::{self, Named};
use crate::cli::terminal;
use crate::diagnostic::{listed, quoted};
use crate::text::nearest::nearest;

/// A command's help, or a page of the manual: recipes, data, questions, …
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
            terminal::print(&format!("{}\nPages of the manual:\n{}", command.render_long_help(), topics(&command)));
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
            if rest.is_empty() && shipped::named(shipped::PAGES, first).is_some() {
                terminal::print(&format!("\nThe manual has a page of that name: `ventral help {first}.md`"));
            }
            return Ok(());
        }
        let page = first.trim_end_matches(".md");
        match shipped::named(shipped::PAGES, page) {
            Some(text) if rest.is_empty() => terminal::print(&without_comments(text)),
            _ => return Err(Failure::Usage(absent(&command, page))),
        }
        Ok(())
    }
}

/// The pages with their titles, a line each. One that is called as a command is reached by its file's name.
fn topics(command: &Command) -> String {
    let width = shipped::PAGES.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let topic =
        |name: &str| if command.find_subcommand(name).is_some() { format!("{name}.md") } else { name.to_owned() };
    let title = |text: &'static str| text.lines().next().unwrap_or_default().trim_start_matches("# ");
    let line = |(name, text): &Named| format!("  {:width$}  {}\n", topic(name), title(text));
    shipped::PAGES.iter().map(line).collect()
}

/// A page without the comments that are for tests and for who writes it.
fn without_comments(text: &str) -> String {
    let is_comment = |line: &&str| line.starts_with("<!--") && line.ends_with("-->");
    text.lines().filter(|line| !is_comment(line)).map(|line| format!("{line}\n")).collect()
}

/// What there is instead.
fn absent(command: &Command, topic: &str) -> String {
    let pages = || shipped::PAGES.iter().map(|(name, _)| *name);
    let commands = command.get_subcommands().map(Command::get_name).collect::<Vec<_>>();
    let near = nearest(topic, commands.iter().copied().chain(pages()));
    let near = near.map_or("; the".to_owned(), |near| format!("; did you mean {}? The", quoted(near)));
    format!("there is no command or page {}{near} pages are {}", quoted(topic), listed(pages()))
}

//! A download as a person sees it.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::download::Event;
use crate::cli::terminal;
use crate::text::amount;

/// A download as it goes: a bar on a terminal, a line per tenth elsewhere.
pub struct Coming<'a> {
    url: &'a str,
    bar: Option<ProgressBar>,
    tenth: Option<u64>,
}

impl<'a> Coming<'a> {
    pub fn new(url: &'a str) -> Self {
        Self { url, bar: None, tenth: None }
    }

    pub fn show(&mut self, event: Event) {
        match (event, &self.bar) {
            (Event::Note(text), Some(bar)) => bar.println(text),
            (Event::Note(text), None) => terminal::note(&text),
            (Event::Progress(here, total), _) if std::io::stderr().is_terminal() => {
                let bar = self.bar.get_or_insert_with(|| {
                    let template = "{wide_bar} {bytes}/{total_bytes}  {bytes_per_sec}, {eta} left";
                    let style = ProgressStyle::with_template(template).expect("a template of ours");
                    ProgressBar::no_length().with_style(style).with_message(self.url.to_owned())
                });
                if let Some(total) = total {
                    bar.set_length(total);
                }
                bar.set_position(here);
            }
            (Event::Progress(here, total), _) => {
                let tenth = total.map_or(0, |total| 10 * here / total.max(1));
                match self.tenth.replace(tenth) {
                    None => {
                        let size = total.map_or_else(String::new, |total| format!(" ({})", amount::bytes(total)));
                        terminal::note(&format!("fetching {}{size}", self.url));
                    }
                    Some(last) if last < tenth => terminal::note(&format!("{}0 %", tenth)),
                    Some(_) => {}
                }
            }
        }
    }

    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

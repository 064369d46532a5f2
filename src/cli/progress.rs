//! A run as it goes: bars with rate and time left on a terminal, plain lines elsewhere.

use std::collections::{HashMap, HashSet};
use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::cli::terminal;
use crate::engine::event::Event;
use crate::engine::record::State;
use crate::text::amount;

/// Shows events to a person.
pub struct Progress {
    bars: Option<MultiProgress>,
    running: HashMap<String, ProgressBar>,
    total: usize,
    /// Nodes that finished; one whose dropped outputs are needed again finishes twice.
    done: HashSet<String>,
}

impl Progress {
    /// Bars where standard error is a terminal.
    pub fn new() -> Self {
        let bars = std::io::stderr().is_terminal().then(MultiProgress::new);
        Self { bars, running: HashMap::new(), total: 0, done: HashSet::new() }
    }

    /// Shows one event. Cached nodes pass in silence.
    pub fn show(&mut self, event: &Event) {
        match event {
            Event::RunStarted { nodes, .. } => self.total = *nodes,
            Event::NodeStarted { node, .. } => match &self.bars {
                Some(bars) => {
                    let bar = bars.add(ProgressBar::new_spinner());
                    bar.set_style(style("{spinner} {prefix}  {elapsed}"));
                    bar.set_prefix(node.clone());
                    bar.enable_steady_tick(Duration::from_millis(120));
                    self.running.insert(node.clone(), bar);
                }
                None => terminal::note(&format!("{node}: started")),
            },
            Event::NodeProgress { node, done, total, what } => {
                if let Some(bar) = self.running.get(node) {
                    if bar.length() != Some(*total) {
                        bar.set_length(*total);
                        let template = "{spinner} {prefix}  {wide_bar} {pos}/{len} {msg}  {per_sec}, {eta} left";
                        bar.set_style(style(template));
                    }
                    bar.set_message(what.clone());
                    bar.set_position(*done);
                }
            }
            Event::NodeNote { node, text } => self.line(&format!("{node}: note: {text}")),
            Event::Metric { node, epoch, values } => {
                let numbers: Vec<String> = values.iter().map(|(name, value)| format!("{name} {value:.4}")).collect();
                self.line(&format!("{node}: epoch {epoch}: {}", numbers.join(", ")));
            }
            Event::NodeFinished { node, state, seconds, outputs, message, .. } => {
                self.done.insert(node.clone());
                if let Some(bar) = self.running.remove(node) {
                    bar.finish_and_clear();
                }
                let count = format!("[{}/{}]", self.done.len(), self.total);
                match state {
                    State::Ran => {
                        let bytes = outputs.values().map(|output| output.bytes).sum();
                        let (took, size) = (amount::seconds(*seconds), amount::bytes(bytes));
                        self.line(&format!("{count} {node}: ran in {took}, {size}"));
                    }
                    State::Failed | State::Skipped => {
                        let message = message.as_deref().unwrap_or("no reason was given");
                        self.line(&format!("{count} {node}: {}: {message}", state.name()));
                    }
                    _ => {}
                }
            }
            // A note says so.
            // What else happens has no line here.
            _ => {}
        }
    }

    fn line(&self, text: &str) {
        match &self.bars {
            Some(bars) => {
                let _ = bars.println(text);
            }
            None => terminal::note(text),
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("a template of ours")
}

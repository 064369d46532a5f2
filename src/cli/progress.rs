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
    /// Nodes that were not run, by the reason: in the order in which reasons first came.
    not_run: Vec<(String, Vec<String>)>,
}

/// How many nodes a line names that were not run; the others are counted.
const NAMED: usize = 6;

impl Progress {
    /// Bars where standard error is a terminal.
    pub fn new() -> Self {
        let bars = std::io::stderr().is_terminal().then(MultiProgress::new);
        Self { bars, running: HashMap::new(), total: 0, done: HashSet::new(), not_run: Vec::new() }
    }

    /// Shows one event. Cached nodes pass in silence.
    pub fn show(&mut self, event: &Event) {
        match event {
            Event::RunStarted { nodes, .. } => {
                self.total = *nodes;
                self.done.clear();
                self.not_run.clear();
            }
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
            Event::NodeFinished { node, state, seconds, outputs, message, because, .. } => {
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
                    State::Failed => {
                        let message = message.as_deref().unwrap_or("no reason was given");
                        self.line(&format!("{count} {node}: failed: {message}"));
                    }
                    // Told together, once all are known.
                    State::Skipped => self.not_run(node, because.as_deref(), message.as_deref()),
                    _ => {}
                }
            }
            Event::RunFinished { skipped, .. } => self.tell_not_run(*skipped),
            // What else happens has no line here.
            _ => {}
        }
    }

    fn not_run(&mut self, node: &str, because: Option<&str>, message: Option<&str>) {
        let why = match (because, message) {
            (Some(failed), _) => format!("because `{failed}` failed"),
            (None, Some(message)) => format!("({message})"),
            (None, None) => "(no reason was given)".to_owned(),
        };
        match self.not_run.iter_mut().find(|(known, _)| *known == why) {
            Some((_, nodes)) => nodes.push(node.to_owned()),
            None => self.not_run.push((why, vec![node.to_owned()])),
        }
    }

    /// A line a reason. What a stopped run never came to has no event of its own: of `skipped` nodes the rest.
    fn tell_not_run(&mut self, skipped: usize) {
        let not_run = std::mem::take(&mut self.not_run);
        let known: usize = not_run.iter().map(|(_, nodes)| nodes.len()).sum();
        for (why, nodes) in &not_run {
            self.line(&format!("{} not run {why}: {}", counted(nodes.len()), named(nodes)));
        }
        if skipped > known {
            self.line(&format!("{} not run (the run was stopped)", counted(skipped - known)));
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

fn counted(nodes: usize) -> String {
    format!("{nodes} node{}", if nodes == 1 { "" } else { "s" })
}

/// The first of them; a line of a hundred names says less than their number.
fn named(nodes: &[String]) -> String {
    let first = nodes.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    match nodes.len().saturating_sub(NAMED) {
        0 => first,
        more => format!("{first}, and {more} more"),
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("a template of ours")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_of_names_ends() {
        let nodes = |count: usize| (0..count).map(|at| format!("n{at}")).collect::<Vec<_>>();
        assert_eq!(named(&nodes(1)), "n0");
        assert_eq!(named(&nodes(6)), "n0, n1, n2, n3, n4, n5");
        assert_eq!(named(&nodes(9)), "n0, n1, n2, n3, n4, n5, and 3 more");
    }
}

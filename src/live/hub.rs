//! What listening pages are told: events of a run as they come, new pages, a recipe's mistakes.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard};

use serde::Serialize;
use serde_json::{Value as Json, json};

use crate::engine::event::Event;
use crate::engine::record::State;
use crate::kind::Epoch;

/// A server-sent event: its name, and a line of JSON.
#[derive(Clone, Debug)]
pub struct Message {
    pub name: &'static str,
    pub data: String,
}

/// Where a followed recipe stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    #[default]
    Waiting,
    Running,
    Done,
    /// The recipe has mistakes; the last good page stays.
    Wrong,
}

/// A node as a page shows it during a run.
#[derive(Clone, Debug, Default, Serialize)]
struct Node {
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

#[derive(Default)]
struct Inner {
    phase: Phase,
    recipe: String,
    total: usize,
    nodes: BTreeMap<String, Node>,
    /// The epochs so far of each training of this run, earlier ones that it goes on from among them: a page that opens midway
    /// draws the whole curve.
    metrics: BTreeMap<String, Vec<Epoch>>,
    /// The mistakes of the recipe as it is saved now, with carets.
    problem: Option<String>,
    summary: Option<Json>,
    page: Arc<String>,
    passing: bool,
    revision: u64,
    listeners: Vec<Sender<Message>>,
}

/// Shared by the run, the renderer and every request.
#[derive(Default)]
pub struct Hub {
    inner: Mutex<Inner>,
}

impl Hub {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("nobody panics while holding it")
    }

    /// A listener; it first hears how everything stands.
    pub fn listen(&self) -> Receiver<Message> {
        let (sender, receiver) = channel();
        let mut inner = self.lock();
        let _ = sender.send(inner.state());
        inner.listeners.push(sender);
        receiver
    }

    /// The page as it is, and its revision.
    pub fn page(&self) -> (Arc<String>, u64) {
        let inner = self.lock();
        (Arc::clone(&inner.page), inner.revision)
    }

    /// Shows another page. A passing one is of a run under way: what it lacks is yet to come.
    pub fn show(&self, page: String, passing: bool) {
        let mut inner = self.lock();
        // The last page of a run is told though it looks like the one before: it passes no more.
        if *inner.page == page && inner.passing == passing {
            return;
        }
        inner.passing = passing;
        inner.page = Arc::new(page);
        inner.revision += 1;
        let data = json!({ "revision": inner.revision, "passing": passing });
        inner.emit("page", &data);
    }

    /// The recipe that is saved now has mistakes, or none any more.
    pub fn problem(&self, problem: Option<String>) {
        let mut inner = self.lock();
        if problem.is_some() {
            inner.phase = Phase::Wrong;
        } else if inner.phase == Phase::Wrong {
            inner.phase = if inner.summary.is_some() { Phase::Done } else { Phase::Waiting };
        }
        inner.problem = problem;
        let state = inner.state();
        inner.send(&state);
    }

    /// Passes an event of the run on, and remembers it for pages that open later.
    pub fn event(&self, event: &Event) {
        let mut inner = self.lock();
        match event {
            Event::RunStarted { recipe, nodes } => {
                inner.phase = Phase::Running;
                inner.recipe.clone_from(recipe);
                inner.total = *nodes;
                inner.nodes.clear();
                inner.metrics.clear();
                inner.summary = None;
            }
            Event::NodeStarted { node, .. } => {
                inner.nodes.insert(node.clone(), Node { state: "running", ..Node::default() });
                // One whose dropped outputs are read again starts twice.
                inner.metrics.remove(node);
            }
            Event::TrainingResumed { node, epochs } => {
                inner.metrics.entry(node.clone()).or_default().extend(epochs.iter().cloned());
            }
            Event::Metric { node, epoch, values } => {
                let known = Epoch { epoch: *epoch, values: values.clone() };
                inner.metrics.entry(node.clone()).or_default().push(known);
            }
            Event::NodeFinished { node, state, seconds, message, .. } => {
                let seconds = (*state == State::Ran).then_some(*seconds);
                let known = Node { state: state.name(), seconds, message: message.clone() };
                inner.nodes.insert(node.clone(), known);
            }
            Event::RunFinished { .. } => {
                inner.phase = if inner.problem.is_some() { Phase::Wrong } else { Phase::Done };
                inner.summary = serde_json::to_value(event).ok();
            }
            _ => {}
        }
        let data = serde_json::to_value(event).expect("events serialise");
        inner.emit("run", &data);
    }

    /// A run ended before its end: the next one follows.
    pub fn interrupted(&self) {
        let mut inner = self.lock();
        inner.phase = Phase::Waiting;
        let state = inner.state();
        inner.send(&state);
    }
}

impl Inner {
    fn state(&self) -> Message {
        let data = json!({
            "phase": self.phase, "recipe": self.recipe, "total": self.total, "nodes": self.nodes,
            "metrics": self.metrics, "problem": self.problem, "summary": self.summary, "revision": self.revision,
        });
        Message { name: "state", data: data.to_string() }
    }

    fn emit(&mut self, name: &'static str, data: &Json) {
        self.send(&Message { name, data: data.to_string() });
    }

    fn send(&mut self, message: &Message) {
        self.listeners.retain(|listener| listener.send(message.clone()).is_ok());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_listener_hears_how_it_stands() {
        let hub = Hub::default();
        hub.event(&Event::RunStarted { recipe: "a".to_owned(), nodes: 2 });
        hub.event(&Event::NodeStarted { node: "n".to_owned(), kind: "k".to_owned(), device: "cpu".to_owned() });
        let listener = hub.listen();
        let state: Json = serde_json::from_str(&listener.recv().unwrap().data).unwrap();
        assert_eq!((&state["phase"], &state["nodes"]["n"]["state"]), (&json!("running"), &json!("running")));
        for epoch in 1..=2 {
            let values = BTreeMap::from([("train_loss".to_owned(), 1.0 / epoch as f64)]);
            hub.event(&Event::Metric { node: "n".to_owned(), epoch, values });
        }
        let state: Json = serde_json::from_str(&hub.listen().recv().unwrap().data).unwrap();
        assert_eq!(state["metrics"]["n"][1], json!({ "epoch": 2, "values": { "train_loss": 0.5 } }));
        assert_eq!((listener.recv().unwrap().name, listener.recv().unwrap().name), ("run", "run"));
        // It starts again, and goes on from what is there: one curve, from its start.
        hub.event(&Event::NodeStarted { node: "n".to_owned(), kind: "k".to_owned(), device: "cpu".to_owned() });
        let epochs = (1..=2).map(|epoch| Epoch { epoch, values: BTreeMap::new() }).collect();
        hub.event(&Event::TrainingResumed { node: "n".to_owned(), epochs });
        hub.event(&Event::Metric { node: "n".to_owned(), epoch: 3, values: BTreeMap::new() });
        let state: Json = serde_json::from_str(&hub.listen().recv().unwrap().data).unwrap();
        let told: Vec<&Json> = state["metrics"]["n"].as_array().unwrap().iter().map(|epoch| &epoch["epoch"]).collect();
        assert_eq!(told, [1, 2, 3]);
        assert_eq!([(); 3].map(|()| listener.recv().unwrap().name), ["run"; 3]);
        hub.show("<p>".to_owned(), true);
        hub.show("<p>".to_owned(), true);
        assert_eq!(listener.recv().unwrap().name, "page");
        assert!(listener.try_recv().is_err(), "an equal page is no news");
        hub.show("<p>".to_owned(), false);
        assert!(listener.recv().unwrap().data.contains("\"passing\":false"), "but its being the last one is");
        hub.problem(Some("error: no such kind".to_owned()));
        let state: Json = serde_json::from_str(&listener.recv().unwrap().data).unwrap();
        assert_eq!((&state["phase"], &state["problem"]), (&json!("wrong"), &json!("error: no such kind")));
        assert_eq!(hub.page().1, 2, "the last good page stays");
    }
}

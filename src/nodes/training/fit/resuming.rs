//! How a training outlives its process: what its checkpoints are known by, which one it goes on from, and what is kept.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use crate::digest::Digest;
use crate::kind::{Epoch, Ingredients, KindError, Product, Run};
use crate::nodes::training::fit::checkpoint::State;
use crate::nodes::training::fit::fitting::{Broken, Follower, Plan, is_over};
use crate::nodes::training::fit::history;
use crate::nodes::training::fit::history::{History, Tasks};
use crate::nodes::training::fit::request::Request;
use crate::nodes::training::fit::targets::Rows;
use crate::nodes::training::parameters::Training;
use crate::value::Value;
use crate::value::lineage::Lineage;

/// What a checkpoint is known by: all that decides an epoch, but how many there will be and when it stops.
pub fn ingredients(request: &Request<'_>, fold: Option<usize>, run: &Run<'_>) -> Ingredients {
    let mut written = request.written.clone();
    let fields = written.as_object_mut().expect("parameters are a map");
    fields.shift_remove("epochs");
    if let Some(stopping) = fields.get_mut("early_stopping").and_then(Json::as_object_mut) {
        stopping.shift_remove("patience");
    }
    if let Some((_, digest)) = run.files.get("weights") {
        fields.insert("weights".to_owned(), json!(digest.to_string()));
    }
    let inputs: BTreeMap<&String, Vec<String>> = run
        .inputs
        .iter()
        .map(|(port, arrivals)| (port, arrivals.iter().map(|arrival| arrival.digest.to_string()).collect()))
        .collect();
    Ingredients::from([
        ("training".to_owned(), json!(request.kind)),
        ("version".to_owned(), json!(request.version)),
        ("params".to_owned(), written),
        ("inputs".to_owned(), json!(inputs)),
        ("fold".to_owned(), json!(fold)),
    ])
}

/// The state to go on from, if there is one that this training would have passed through.
pub fn resumed(
    ingredients: &Ingredients,
    plan: &Plan,
    tasks: Tasks,
    training: &Training,
    run: &mut Run<'_>,
) -> Option<State> {
    let state = run.host.checkpoint(ingredients).and_then(|bytes| State::read(&bytes))?;
    let done = state.history.len();
    if state.planned != plan.epochs && !plan.schedule.goes_on() {
        run.note(format!(
            "{done} of {} epochs of this training are there, but `schedule: {}` spreads over all epochs, so that one of {} \
             starts anew; `constant` and `step` go on",
            state.planned,
            training.schedule.name(),
            plan.epochs
        ));
        return None;
    }
    // With less patience, or fewer epochs, it would have ended before.
    let ended = (1..done).any(|epochs| is_over(&state.history[..epochs], plan.patience, tasks));
    if done > plan.epochs || ended {
        return None;
    }
    if done > 0 {
        run.note(format!("{done} of {} epochs were there; it went on from the last of them", plan.epochs));
    }
    Some(state)
}

/// Keeps and tells every epoch.
pub struct Watch<'a, 'b> {
    pub ingredients: &'a Ingredients,
    pub tasks: Tasks,
    pub before: usize,
    pub total: usize,
    pub run: &'a mut Run<'b>,
}

impl Watch<'_, '_> {
    /// Tells what is there already, so that whoever watches sees the whole curve.
    pub fn resumed(&mut self, state: &State) {
        let done = state.history.len();
        if done > 0 {
            let epochs = (1..=done).map(|epoch| self.told(state, epoch)).collect();
            self.run.host.resumed(epochs);
            self.run.progress((self.before + done) as u64, self.total as u64, "epochs");
        }
    }

    fn told(&self, state: &State, epoch: usize) -> Epoch {
        Epoch { epoch: (self.before + epoch) as u64, values: self.tasks.values(&state.history[epoch - 1]) }
    }
}

impl Follower for Watch<'_, '_> {
    fn epoch(&mut self, state: &State) -> Result<(), KindError> {
        let done = state.history.len();
        let kept = self.run.host.keep_checkpoint(self.ingredients, &state.write());
        kept.map_err(|e| KindError::new(format!("cannot keep the state of epoch {done}: {e}")))?;
        self.run.host.metric(self.told(state, done));
        self.run.progress((self.before + done) as u64, self.total as u64, "epochs");
        Ok(())
    }
}

/// Keeps the history of a training that broke, and says where.
pub fn kept(
    broken: Broken,
    tasks: Tasks,
    rows: &Rows,
    ingredients: &Ingredients,
    loss: &str,
    run: &mut Run<'_>,
) -> KindError {
    let Broken { error, history } = broken;
    if history.is_empty() {
        return KindError::new(error);
    }
    let done = history.len();
    let history = History { fold: None, epochs: history, best: done, judges: rows.judges };
    let table = Value::Table(history::table(tasks, &[history], loss, Lineage::default()));
    let of = Digest::of_json(&json!(ingredients));
    let product = Product { name: "broken_history", version: 1 };
    match run.host.keep(&product.ingredients(of, None), &table, 0.0) {
        Ok(digest) => {
            let name = digest.to_string();
            KindError::new(format!(
                "{error}; the history of {done} epochs before it is cache/objects/{}/{name}.parquet",
                &name[..2]
            ))
        }
        Err(_) => KindError::new(error),
    }
}

//! What each epoch came to, and the table of it.

use std::collections::BTreeMap;

use polars::prelude::{Column, DataFrame};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use crate::nodes::training::fit::targets::Judges;
use crate::value::lineage::Lineage;
use crate::value::table::Table;

/// One epoch's numbers; absent ones do not apply, or no row judges.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Epoch {
    pub train_loss: Option<f64>,
    pub train_loss_response: Option<f64>,
    pub train_loss_class: Option<f64>,
    pub val_loss: Option<f64>,
    pub val_loss_response: Option<f64>,
    pub val_loss_class: Option<f64>,
    pub val_explained_variance: Option<f64>,
    pub val_r: Option<f64>,
    pub val_accuracy: Option<f64>,
    pub weight_response: Option<f64>,
    pub weight_class: Option<f64>,
    pub learning_rate: f64,
    pub seconds: f64,
}

/// What is trained on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tasks {
    Responses,
    Classes,
    Both,
}

/// A column of the table: its name, its numbers, and what they mean.
type Measure = (&'static str, fn(&Epoch) -> Option<f64>, &'static str);

const TRAIN: Measure =
    ("train_loss", |e| e.train_loss, "the loss over the epoch's batches, while they were trained on");
const VAL: Measure = ("val_loss", |e| e.val_loss, "the same loss over the judging rows, in evaluation mode");
const EXPLAINED: Measure = (
    "val_explained_variance",
    |e| e.val_explained_variance,
    "1 − Var(y − ŷ)/Var(y) over the judging rows, the mean over units that vary",
);
const CORRELATION: Measure = ("val_r", |e| e.val_r, "Pearson's r over the judging rows, the mean over units that vary");
const ACCURACY: Measure =
    ("val_accuracy", |e| e.val_accuracy, "the share of judging rows whose likeliest class is theirs");
const RATE: Measure = ("learning_rate", |e| Some(e.learning_rate), "the learning rate of the epoch's last step");
const SECONDS: Measure =
    ("seconds", |e| Some(e.seconds), "what the epoch took, judging included; differs between runs");
const PER_TASK: [Measure; 6] = [
    ("train_loss_response", |e| e.train_loss_response, "the responses' part of the train loss, not weighed"),
    ("train_loss_class", |e| e.train_loss_class, "the cross-entropy over the epoch's batches, not weighed"),
    ("val_loss_response", |e| e.val_loss_response, "the responses' loss over the judging rows"),
    ("val_loss_class", |e| e.val_loss_class, "the cross-entropy over the judging rows"),
    ("weight_response", |e| e.weight_response, "what the responses' loss was multiplied by at the epoch's end"),
    ("weight_class", |e| e.weight_class, "what the cross-entropy was multiplied by at the epoch's end"),
];

impl Tasks {
    fn measures(self) -> Vec<Measure> {
        match self {
            Self::Responses => vec![TRAIN, VAL, EXPLAINED, CORRELATION, RATE, SECONDS],
            Self::Classes => vec![TRAIN, VAL, ACCURACY, RATE, SECONDS],
            Self::Both => {
                [vec![TRAIN, VAL], PER_TASK.to_vec(), vec![EXPLAINED, CORRELATION, ACCURACY, RATE, SECONDS]].concat()
            }
        }
    }

    /// An epoch's numbers by name, for whoever watches.
    pub fn values(self, epoch: &Epoch) -> BTreeMap<String, f64> {
        let named = self.measures().into_iter().filter_map(|(name, get, _)| Some((name.to_owned(), get(epoch)?)));
        named.collect()
    }
}

/// The history of one training.
pub struct History {
    pub fold: Option<usize>,
    pub epochs: Vec<Epoch>,
    /// The epoch, from 1, whose weights are kept.
    pub best: usize,
    pub judges: Judges,
}

/// The table of one training, or of one per fold.
pub fn table(tasks: Tasks, histories: &[History], loss: &str, lineage: Lineage) -> Table {
    let rows: Vec<&Epoch> = histories.iter().flat_map(|history| &history.epochs).collect();
    let mut columns = Vec::new();
    if histories.iter().any(|history| history.fold.is_some()) {
        let folds = histories.iter().flat_map(|h| std::iter::repeat_n(h.fold.unwrap_or(0) as u32, h.epochs.len()));
        columns.push(Column::new("fold".into(), folds.collect::<Vec<u32>>()));
    }
    let numbers = histories.iter().flat_map(|history| 1..=history.epochs.len() as i64);
    columns.push(Column::new("epoch".into(), numbers.collect::<Vec<i64>>()));
    let mut definitions = BTreeMap::from([("epoch".to_owned(), "passes over the rows that are fitted on".to_owned())]);
    for (name, get, meaning) in tasks.measures() {
        columns.push(Column::new(name.into(), rows.iter().map(|epoch| get(epoch)).collect::<Vec<Option<f64>>>()));
        definitions.insert(name.to_owned(), meaning.to_owned());
    }
    definitions.insert("train_loss".to_owned(), format!("{}: {loss}", TRAIN.2));
    let mut table = Table::new(DataFrame::new_infer_height(columns).expect("columns of equal length"));
    table.about.definitions = definitions;
    let best: Vec<usize> = histories.iter().map(|history| history.best).collect();
    let best = if best.len() == 1 { json!(best[0]) } else { json!(best) };
    let judged = histories.first().map_or("", |history| history.judges.words());
    let facts: [(&str, Json); 2] = [("best_epoch", best), ("judged_by", json!(judged))];
    table.about.facts = facts.map(|(name, fact)| (name.to_owned(), fact)).into();
    table.about.lineage = lineage;
    table
}

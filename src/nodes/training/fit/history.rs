//! What each epoch came to, and the table of it.

use std::collections::BTreeMap;

use polars::prelude::{Column, DataFrame};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use crate::kind;
use crate::nodes::training::curves;
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

const fn measure(of: kind::Measure, get: fn(&Epoch) -> Option<f64>) -> Measure {
    (of.name, get, of.definition)
}

const TRAIN: Measure = measure(curves::TRAIN_LOSS, |e| e.train_loss);
const VAL: Measure = measure(curves::VAL_LOSS, |e| e.val_loss);
const EXPLAINED: Measure = measure(curves::VAL_EXPLAINED_VARIANCE, |e| e.val_explained_variance);
const CORRELATION: Measure = measure(curves::VAL_R, |e| e.val_r);
const ACCURACY: Measure = measure(curves::VAL_ACCURACY, |e| e.val_accuracy);
const RATE: Measure = measure(curves::LEARNING_RATE, |e| Some(e.learning_rate));
const SECONDS: Measure =
    ("seconds", |e| Some(e.seconds), "what the epoch took, judging included; differs between runs");
const PER_TASK: [Measure; 6] = [
    measure(curves::TRAIN_LOSS_RESPONSE, |e| e.train_loss_response),
    measure(curves::TRAIN_LOSS_CLASS, |e| e.train_loss_class),
    measure(curves::VAL_LOSS_RESPONSE, |e| e.val_loss_response),
    measure(curves::VAL_LOSS_CLASS, |e| e.val_loss_class),
    measure(curves::WEIGHT_RESPONSE, |e| e.weight_response),
    measure(curves::WEIGHT_CLASS, |e| e.weight_class),
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

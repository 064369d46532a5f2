//! The rows that a score is of, and the rule that no fit and no choice of a model has seen them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Rows to score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum On {
    Train,
    Val,
    Test,
    Folds,
}

impl On {
    /// What the rows are called in a sentence.
    pub fn word(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Val => "val",
            Self::Test => "test",
            Self::Folds => "held-out",
        }
    }
}

#[cfg(feature = "torch")]
pub use checks::{refuse_seen, rounds};

#[cfg(feature = "torch")]
mod checks {
    use super::On;
    use crate::kind::KindError;
    use crate::value::lineage::Lineage;
    use crate::value::split::{Assignment, Part, Round, Split};
    use crate::value::stimuli::Stimuli;

    /// Kinds that choose among models. A test row that one of them looked at is no test row any more; what only chose
    /// units or penalties is scored, and marked.
    const CHOOSERS: [&str; 3] = ["co_train", "select", "train_cnn"];

    /// The fits that are scored, each with the rows that it is scored on: one, or one a fold.
    pub fn rounds(on: On, split: &Split) -> Result<Vec<Round>, KindError> {
        match (&split.assignment, on) {
            (Assignment::Folds { .. }, On::Folds) => Ok(split.rounds()),
            (Assignment::Folds { count, .. }, _) => Err(KindError::new(format!(
                "`split` has {count} folds and no {} rows; score it with `on: folds`",
                on.word()
            ))),
            (Assignment::Parts(_), On::Folds) => Err(KindError::new(format!(
                "`split` is a hold-out ({}) and has no folds; score one of its parts",
                parts(split)
            ))),
            (Assignment::Parts(_), on) => {
                let held_out = split.rows(match on {
                    On::Train => Part::Train,
                    On::Val => Part::Val,
                    _ => Part::Test,
                });
                if held_out.is_empty() {
                    return Err(KindError::new(format!("`split` has no {} rows; it has {}", on.word(), parts(split))));
                }
                Ok(vec![Round { fold: None, train: split.rows(Part::Train), held_out }])
            }
        }
    }

    fn parts(split: &Split) -> String {
        let counts =
            [Part::Train, Part::Val, Part::Test].map(|part| format!("{} {}", split.rows(part).len(), part.name()));
        counts.join(", ")
    }

    /// No score of a row that a fit has seen, nor of a test row that chose the model.
    pub fn refuse_seen(on: On, stimuli: &Stimuli, rows: &[usize], lineage: &Lineage) -> Result<(), KindError> {
        for exposure in &lineage.fitted {
            let seen = rows.iter().filter(|&&row| exposure.saw(stimuli.get(row))).count();
            if seen > 0 {
                return Err(KindError {
                    message: format!(
                        "{seen} of {} {} rows were seen by `{}`, which was fitted on {} rows; a score is of rows that no fit has seen",
                        rows.len(),
                        on.word(),
                        exposure.by,
                        exposure.len()
                    ),
                    leak: Some(exposure.by.clone()),
                });
            }
        }
        if on != On::Test {
            return Ok(());
        }
        for exposure in lineage.selected.iter().filter(|exposure| CHOOSERS.contains(&exposure.by.as_str())) {
            let seen = rows.iter().filter(|&&row| exposure.saw(stimuli.get(row))).count();
            if seen > 0 {
                return Err(KindError {
                    message: format!(
                        "{seen} of {} test rows have chosen the model: `{}` looked at {} rows; choose on val and score on test, \
                         or score these `on: val`, where they are marked",
                        rows.len(),
                        exposure.by,
                        exposure.len()
                    ),
                    leak: Some(exposure.by.clone()),
                });
            }
        }
        Ok(())
    }
}

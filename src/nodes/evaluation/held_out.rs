//! The rows that a score is of, and the rule that no fit and no choice of a model has seen them.

use std::collections::BTreeMap;

use crate::kind::{Declared, KindError};
use crate::nodes::evaluation::on::On;
use crate::value::lineage::{Exposure, Lineage};
use crate::value::split::{Assignment, Part, Round, Split};
use crate::value::stimuli::Stimuli;

/// The fits that are scored, each with the rows that it is scored on: one, or one a fold.
pub fn rounds(on: On, split: &Split) -> Result<Vec<Round>, KindError> {
    match (&split.assignment, on) {
        (Assignment::Folds { .. }, On::Folds) => Ok(split.rounds()),
        (Assignment::Folds { count, .. }, _) => Err(KindError::new(format!(
            "`split` has {count} folds and no {} rows; score it with `on: folds`",
            on.word()
        ))),
        (Assignment::Draws(draws), On::Folds) => Err(KindError::new(format!(
            "`split` has {} draws and no folds; score their test rows, `on: test`",
            draws.len()
        ))),
        (Assignment::Draws(draws), on) => {
            let part = of(on);
            let rows = |parts: &Vec<Part>| (0..parts.len()).filter(|&row| parts[row] == part).collect::<Vec<_>>();
            if draws.iter().any(|draw| rows(draw).is_empty()) {
                return Err(KindError::new(format!("`split` has draws without {} rows", on.word())));
            }
            let rounds = split.rounds().into_iter().zip(draws);
            Ok(rounds.map(|(round, parts)| Round { held_out: rows(parts), ..round }).collect())
        }
        (Assignment::Parts(_), On::Folds) => Err(KindError::new(format!(
            "`split` is a hold-out ({}) and has no folds; score one of its parts",
            parts(split)
        ))),
        (Assignment::Parts(_), on) => {
            let held_out = split.rows(of(on));
            if held_out.is_empty() {
                return Err(KindError::new(format!("`split` has no {} rows; it has {}", on.word(), parts(split))));
            }
            Ok(vec![Round { fold: None, train: split.rows(Part::Train), held_out }])
        }
    }
}

/// For kinds that take the rows of all fits together.
pub fn refuse_draws(split: &Split) -> Result<(), KindError> {
    match &split.assignment {
        Assignment::Draws(draws) => Err(KindError::new(format!(
            "`split` has {} draws, which score a stimulus several times; this kind takes a hold-out or folds",
            draws.len()
        ))),
        _ => Ok(()),
    }
}

fn of(on: On) -> Part {
    match on {
        On::Train => Part::Train,
        On::Val => Part::Val,
        On::Test | On::Folds => Part::Test,
    }
}

fn parts(split: &Split) -> String {
    let counts = [Part::Train, Part::Val, Part::Test].map(|part| format!("{} {}", split.rows(part).len(), part.name()));
    counts.join(", ")
}

/// No score of a row that a fit has seen, nor of a test row that chose the model. What only chose units or penalties is scored,
/// and marked.
pub fn refuse_seen(
    on: On,
    stimuli: &Stimuli,
    rows: &[usize],
    lineage: &Lineage,
    declared: &BTreeMap<&'static str, Declared>,
) -> Result<(), KindError> {
    refuse_fitted(on.word(), stimuli, rows, lineage)?;
    if on == On::Test { refuse_chosen(stimuli, rows, lineage, declared) } else { Ok(()) }
}

/// No score of a row that a fit has seen; `word` is what the rows are called.
pub fn refuse_fitted(word: &str, stimuli: &Stimuli, rows: &[usize], lineage: &Lineage) -> Result<(), KindError> {
    for exposure in &lineage.fitted {
        let seen = rows.iter().filter(|&&row| exposure.saw(stimuli.get(row))).count();
        if seen > 0 {
            return Err(KindError {
                message: format!(
                    "{seen} of {} {} rows were seen by `{}`, which was fitted on {} rows; a score is of rows that no fit has seen{}",
                    rows.len(),
                    word,
                    exposure.by,
                    exposure.len(),
                    alike(stimuli, rows, exposure)
                ),
                leak: Some(exposure.by.clone()),
            });
        }
    }
    Ok(())
}

/// No score of a test row that chose the model.
fn refuse_chosen(
    stimuli: &Stimuli,
    rows: &[usize],
    lineage: &Lineage,
    declared: &BTreeMap<&'static str, Declared>,
) -> Result<(), KindError> {
    let chooses = |kind: &str| declared.get(kind).is_some_and(|declared| declared.chooses);
    for exposure in lineage.selected.iter().filter(|exposure| chooses(&exposure.by)) {
        let seen = rows.iter().filter(|&&row| exposure.saw(stimuli.get(row))).count();
        if seen > 0 {
            return Err(KindError {
                message: format!(
                    "{seen} of {} test rows have chosen the model: `{}` looked at {} rows; choose on val and score on test, \
                     or score these `on: val`, where they are marked{}",
                    rows.len(),
                    exposure.by,
                    exposure.len(),
                    alike(stimuli, rows, exposure)
                ),
                leak: Some(exposure.by.clone()),
            });
        }
    }
    Ok(())
}

/// Where a row was seen under another name alone: which picture it is, and what to do.
fn alike(stimuli: &Stimuli, rows: &[usize], exposure: &Exposure) -> String {
    let mut seen = rows.iter().map(|&row| stimuli.get(row)).filter(|one| exposure.saw(one));
    let Some(one) = seen.find(|one| !exposure.saw_itself(one)) else { return String::new() };
    let content = one.content.as_deref().unwrap_or_default();
    let other = stimuli.iter().find(|other| other.content == one.content && exposure.saw_itself(other));
    let other = other.map_or_else(|| "one that it was fitted on".to_owned(), |other| format!("`{}`", other.name));
    format!(
        "; `{}` is the same picture as {other} (content {content}): let `split` draw, which keeps equal pictures in one part, or give \
         them one part in its `from`",
        one.name
    )
}

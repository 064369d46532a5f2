//! The rows that are compared, and the rule that no fit behind them has seen them.

use crate::kind::{KindError, Run};
use crate::nodes::evaluation::held_out;
use crate::nodes::evaluation::on::On as Part;
use crate::nodes::similarity::on::On;
use crate::value::lineage::Lineage;
use crate::value::split::{Assignment, Split};
use crate::value::stimuli::Stimuli;

/// Rows of the two sides that are compared, by their stimuli.
pub struct Scored {
    pub on: On,
    /// In order.
    pub stimuli: Stimuli,
    /// Where they are from: the split's, or the second side's.
    known: Stimuli,
    rows: Vec<usize>,
}

impl Scored {
    /// The rows that `on` names; without a split, those of the second side, `b`.
    pub fn of(on: On, b: &Stimuli, run: &Run<'_>) -> Result<Self, KindError> {
        let split = run.has("split").then(|| run.split("split")).transpose()?;
        let (known, rows) = match (on.part(), split) {
            (None, None) => (b.clone(), (0..b.len()).collect()),
            (None, Some(split)) => (split.stimuli.clone(), (0..split.stimuli.len()).collect()),
            (Some(_), None) => {
                return Err(KindError::new(format!(
                    "nothing arrives at `split`, which says what {0} rows are; connect one, or compare `on: all`",
                    on.word()
                )));
            }
            (Some(part), Some(split)) => {
                let rows = rows_of(part, &split)?;
                (split.stimuli, rows)
            }
        };
        Ok(Self { on, stimuli: known.select(&rows), known, rows })
    }

    /// How many they are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// The rows of a side, in order.
    pub fn within(&self, stimuli: &Stimuli, port: &str) -> Result<Vec<usize>, KindError> {
        Ok(self.stimuli.align(stimuli, "the compared rows", port)?)
    }

    /// Refuses rows that a fit behind a side has seen, and test rows that have chosen it. Gives whether any have chosen something, which
    /// a note says then.
    pub fn check(&self, lineage: &Lineage, run: &mut Run<'_>) -> Result<bool, KindError> {
        match self.on {
            On::Train => {}
            On::Val => held_out::refuse_seen(Part::Val, &self.known, &self.rows, lineage, &run.declared)?,
            On::Test => held_out::refuse_seen(Part::Test, &self.known, &self.rows, lineage, &run.declared)?,
            On::All => held_out::refuse_fitted("compared", &self.known, &self.rows, lineage)?,
        }
        let chose = |row: &&usize| lineage.selected.iter().any(|exposure| exposure.saw(self.known.get(**row)));
        let selected = self.rows.iter().filter(chose).count();
        if selected > 0 {
            let by: Vec<&str> = lineage.selected.iter().map(|exposure| exposure.by.as_str()).collect();
            run.note(format!(
                "{selected} of the compared rows were selected by ({}): what is compared was chosen with a look at them",
                by.join(", ")
            ));
        }
        Ok(selected > 0)
    }
}

fn rows_of(part: crate::value::split::Part, split: &Split) -> Result<Vec<usize>, KindError> {
    if let Assignment::Folds { count, .. } = &split.assignment {
        return Err(KindError::new(format!(
            "`split` has {count} folds and no {} rows; what {count} fits make has no space in common, so compare a part of a \
             hold-out split, or what nothing was fitted to `on: all`",
            part.name()
        )));
    }
    if let Assignment::Draws(draws) = &split.assignment {
        return Err(KindError::new(format!(
            "`split` has {0} draws, and what {0} fits make has no space in common; compare a part of a hold-out split",
            draws.len()
        )));
    }
    let rows = split.rows(part);
    if rows.is_empty() {
        return Err(KindError::new(format!("`split` has no {} rows", part.name())));
    }
    Ok(rows)
}

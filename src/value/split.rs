//! Which stimuli fit, select and test; or k folds that take turns.

use std::io::{self, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::value::codec;
use crate::value::codec::Archive;
use crate::value::error::ReadError;
use crate::value::stimuli::Stimuli;

/// The part that a stimulus plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    Train,
    Val,
    Test,
}

impl Part {
    /// `train`, `val` or `test`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Val => "val",
            Self::Test => "test",
        }
    }
}

/// An assignment of stimuli to parts or to folds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Split {
    pub stimuli: Stimuli,
    pub assignment: Assignment,
}

/// Per stimulus, in the order of `Split::stimuli`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Assignment {
    Parts(Vec<Part>),
    /// The fold that leaves the stimulus out, in 0..count.
    Folds {
        count: usize,
        fold: Vec<usize>,
    },
    /// Several draws of a hold-out, each with a part per stimulus.
    Draws(Vec<Vec<Part>>),
}

/// One fit's view of a split: the rows it may see, and the rows that score it.
#[derive(Clone, Debug, PartialEq)]
pub struct Round {
    /// The fold's number, or the draw's; absent under a hold-out split.
    pub fold: Option<usize>,
    /// Rows of `Split::stimuli` to fit on.
    pub train: Vec<usize>,
    /// Rows that the fold leaves out (under a hold-out split: val and test).
    pub held_out: Vec<usize>,
}

impl Split {
    /// The rounds of fitting that the split asks for: one under a hold-out, one a fold or a draw otherwise.
    pub fn rounds(&self) -> Vec<Round> {
        match &self.assignment {
            Assignment::Parts(parts) => {
                let (train, held_out) = (0..parts.len()).partition(|&row| parts[row] == Part::Train);
                vec![Round { fold: None, train, held_out }]
            }
            Assignment::Folds { count, fold } => (0..*count)
                .map(|left_out| {
                    let (held_out, train) = (0..fold.len()).partition(|&row| fold[row] == left_out);
                    Round { fold: Some(left_out), train, held_out }
                })
                .collect(),
            Assignment::Draws(draws) => (0..draws.len())
                .map(|draw| {
                    let (train, held_out) = (0..self.stimuli.len()).partition(|&row| draws[draw][row] == Part::Train);
                    Round { fold: Some(draw), train, held_out }
                })
                .collect(),
        }
    }

    /// The rows of a part; none under folds and draws.
    pub fn rows(&self, part: Part) -> Vec<usize> {
        match &self.assignment {
            Assignment::Parts(parts) => (0..parts.len()).filter(|&row| parts[row] == part).collect(),
            Assignment::Folds { .. } | Assignment::Draws(_) => Vec::new(),
        }
    }

    pub(super) fn read(path: &Path) -> Result<Self, ReadError> {
        Archive::open(path)?.about(path)
    }

    pub(super) fn write(&self, sink: &mut dyn Write) -> io::Result<()> {
        codec::write(sink, self, &[])
    }
}

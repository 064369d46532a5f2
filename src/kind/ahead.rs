//! What is known of values before anything runs: by parameters, by what arrives, and by the headers of files. What is not certain is unknown.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::system;

/// The parts that a split has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parts {
    /// Train rows, and those that are held out.
    HeldOut {
        val: bool,
        test: bool,
    },
    Folds(usize),
    /// So many draws of train and test rows.
    Draws(usize),
}

impl fmt::Display for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HeldOut { val: true, test: true } => f.write_str("train, val and test rows"),
            Self::HeldOut { val: true, test: false } => f.write_str("train and val rows"),
            Self::HeldOut { val: false, test: true } => f.write_str("train and test rows"),
            Self::HeldOut { val: false, test: false } => f.write_str("train rows"),
            Self::Folds(count) => write!(f, "{count} folds"),
            Self::Draws(count) => write!(f, "{count} draws of train and test rows"),
        }
    }
}

/// What is certain of one value.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Known {
    /// Of a split; of responses, to which parts of the same node's split there are any beside train.
    pub parts: Option<Parts>,
    pub rows: Option<usize>,
    /// Of a matrix its columns, of responses their units.
    pub columns: Option<usize>,
    /// Height and width of images.
    pub size: Option<(usize, usize)>,
    /// Whether its rows belong to no stimuli.
    pub nameless: bool,
}

/// What a node's output is known to be.
#[derive(Clone, Debug)]
pub struct Output {
    pub port: &'static str,
    /// Of a keyed port, which entry.
    pub key: Option<String>,
    pub known: Known,
}

impl Output {
    /// What is known of a port that has no keys.
    pub fn of(port: &'static str, known: Known) -> Self {
        Self { port, key: None, known }
    }
}

/// What arrives at an input port.
#[derive(Clone, Debug)]
pub struct Arriving {
    pub port: String,
    /// The reference's node and port, as people write it.
    pub from: String,
    pub known: Known,
}

/// What a node can know before it runs, beside its parameters.
pub struct Ahead<'a> {
    /// In the order of the node's edges.
    pub arriving: &'a [Arriving],
    /// The folder against which relative paths are resolved; none where files are not looked at.
    pub workspace: Option<&'a Path>,
}

impl Ahead<'_> {
    /// Whether anything is connected to a port.
    pub fn has(&self, port: &str) -> bool {
        self.arriving.iter().any(|one| one.port == port)
    }

    /// What arrives at a port that takes one.
    pub fn at(&self, port: &str) -> Option<&Arriving> {
        self.arriving.iter().find(|one| one.port == port)
    }

    /// The file that a parameter names, where it is there.
    pub fn file(&self, written: &str) -> Option<PathBuf> {
        let path = system::resolve(self.workspace?, written);
        path.exists().then_some(path)
    }
}

/// Why a node cannot work with what is certain to arrive.
#[derive(Clone, Debug, PartialEq)]
pub struct Misfit {
    pub at: Place,
    /// Lower case, both sides, then the rule.
    pub message: String,
    pub help: Vec<String>,
    /// The port at which arrives what does not fit, and what that is: pointed at where it is made.
    pub because: Option<(&'static str, String)>,
}

/// What is to be pointed at.
#[derive(Clone, Debug, PartialEq)]
pub enum Place {
    /// A parameter's value, such as `bootstrap.over`.
    Param(String),
    /// What is connected to an input port.
    Port(&'static str),
}

impl Misfit {
    /// A parameter that does not fit what arrives.
    pub fn param(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { at: Place::Param(path.into()), message: message.into(), help: Vec::new(), because: None }
    }

    /// Something that does not fit at a port.
    pub fn port(port: &'static str, message: impl Into<String>) -> Self {
        Self { at: Place::Port(port), message: message.into(), help: Vec::new(), because: None }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// Points at what arrives at a port.
    #[must_use]
    pub fn because(mut self, port: &'static str, what: impl Into<String>) -> Self {
        self.because = Some((port, what.into()));
        self
    }
}

//! What a format says of itself, and what it is given.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use crate::digest::Digest;
use crate::value::Value;
use crate::value::stimuli::Stimuli;
use crate::value::ty::Type;

/// A format of files that results are written to.
pub struct Format {
    /// Without its dot.
    pub extension: &'static str,
    /// The types that it can hold.
    pub types: &'static [Type],
    /// What a reader of the help must know of it; a sentence, or nothing.
    pub note: &'static str,
    pub write: fn(&Source<'_>, &Path) -> Result,
}

/// A file that was written beside the one that was asked for, and what it holds; or what went wrong.
pub type Result = std::result::Result<Option<(PathBuf, &'static str)>, String>;

/// A result that is to be written.
pub struct Source<'a> {
    pub value: &'a Value,
    /// The file that the cache keeps it in.
    pub object: &'a Path,
    /// Where the files lie that pictures were read from.
    pub pictures: &'a dyn Fn() -> BTreeMap<Digest, PathBuf>,
}

impl Source<'_> {
    /// The stimuli of its rows.
    pub fn stimuli(&self) -> Option<&Stimuli> {
        match self.value {
            Value::Matrix(matrix) => matrix.about.stimuli.as_ref(),
            Value::Responses(responses) => Some(responses.stimuli()),
            Value::Rdm(rdm) => Some(&rdm.about.stimuli),
            _ => None,
        }
    }

    /// Writes the file that the cache keeps. Not `fs::copy`: the copy would be read-only, as objects are.
    pub fn copy(&self, to: &Path) -> Result {
        let copied = File::open(self.object)
            .and_then(|mut from| File::create(to).and_then(|mut to| std::io::copy(&mut from, &mut to)));
        copied.map(|_| None).map_err(|e| e.to_string())
    }

    /// What a format is not asked for, since its `types` leave it out.
    pub fn other(&self) -> ! {
        unreachable!("the format offers nothing for {}", self.value.ty())
    }
}

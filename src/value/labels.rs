//! What each stimulus shows: an object, and its category where known.

use std::io::{self, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::value::codec;
use crate::value::codec::Archive;
use crate::value::error::ReadError;
use crate::value::stimuli::Stimuli;

/// Object (and category) names, one per stimulus.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Labels {
    pub stimuli: Stimuli,
    /// The object's name, per stimulus.
    pub object: Vec<String>,
    /// The category's name, per stimulus.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<Vec<String>>,
}

impl Labels {
    pub(super) fn read(path: &Path) -> Result<Self, ReadError> {
        Archive::open(path)?.about(path)
    }

    pub(super) fn write(&self, sink: &mut dyn Write) -> io::Result<()> {
        codec::write(sink, self, &[])
    }
}

//! A network's weights out of a file, wherever in it they stand.

use std::path::Path;

use crate::formats::checkpoint::{Checkpoint, index};
use crate::formats::name_of;
use crate::nets::weights::choice::{Asked, choose};
use crate::nets::weights::{Wanted, Weights, some};
use crate::nets::zoo::catalogue::Architecture;

/// What was taken out of a file.
#[derive(Debug)]
pub struct Taken {
    pub weights: Weights,
    /// What a reader of results must know: what was taken of several, and what was passed over.
    pub notes: Vec<String>,
}

/// Takes what some layers need out of a file, an index of parts or a folder, as 32-bit floats.
///
/// `asked` says which of several networks in it is meant. Errors name the file, the tensors that differ, and what may be
/// done: it does not read, does not fit, or holds several networks that do.
pub fn read(path: &Path, asked: Asked<'_>, architecture: &Architecture, layers: &[&str]) -> Result<Taken, String> {
    let file = Checkpoint::open(path)?;
    let wanted = Wanted::new(architecture, layers);
    let shown = path.display();
    let part = index::part(file.read()).filter(|part| part.of > 1 && file.read() == name_of(path));
    let whole = || match index::index_of(path) {
        Some(index) => format!("name {index}, which lists them all"),
        None => "name the index that lists them all (NAME.index.json), or a folder with all of them".to_owned(),
    };
    let chosen = choose(&file, asked, &wanted).map_err(|problem| match part {
        None => format!("{shown}: {problem}"),
        Some(part) => {
            let (number, of) = (part.number, part.of);
            format!("{shown} is a part of a sharded checkpoint; {}. It is part {number} of {of}: {problem}", whole())
        }
    })?;
    let mut notes = chosen.notes;
    if let Some(part) = part {
        notes.push(format!(
            "{} is part {} of {} of a checkpoint; it holds all that the layers need",
            file.read(),
            part.number,
            part.of
        ));
    }
    if file.read() != name_of(path) {
        notes.push(format!("of {}, {} is read", name_of(path), file.read()));
    }
    if !file.skipped().is_empty() {
        notes.push(format!(
            "{} holds objects of Python's beside its tensors, which were passed over and not run: {}",
            file.read(),
            some(file.skipped())
        ));
    }
    let place = chosen.place;
    Ok(Taken { weights: wanted.take(|name| place.get(name)), notes })
}

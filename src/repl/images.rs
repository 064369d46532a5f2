//! Images: pictures of stimuli, decoded when they are looked at.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use image::RgbImage;

use crate::digest::Digest;
use crate::repl::{Outcome, Refusal};
use crate::text::nearest::nearest;
use crate::value::Value;
use crate::value::decode::Decoder;
use crate::value::images;
use crate::value::ty::Type;

/// Pictures in row order, and where they lie. Cheap to clone.
#[derive(Clone)]
pub struct Images {
    pub name: String,
    pub(super) value: images::Images,
    pub(super) sources: BTreeMap<Digest, PathBuf>,
    /// The rows that are meant, where they were picked.
    pub(super) picked: Option<Vec<usize>>,
}

impl Images {
    pub(super) fn of(name: &str, value: Value, sources: BTreeMap<Digest, PathBuf>) -> Outcome<Self> {
        match value {
            Value::Images(value) => Ok(Self { name: name.to_owned(), value, sources, picked: None }),
            other => {
                let way = match other.ty() {
                    Type::Table => "table",
                    Type::Matrix | Type::Responses => "matrix",
                    _ => "value",
                };
                let ty = other.ty();
                Err(Refusal::new(format!("`{name}` is no Images but {ty}; `{way}(\"{name}\")?` gives it")))
            }
        }
    }

    /// The number of pictures.
    pub fn len(&self) -> usize {
        self.picked.as_ref().map_or(self.value.len(), Vec::len)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Height and width after decoding.
    pub fn size(&self) -> (usize, usize) {
        self.value.about.size
    }

    /// The names of the stimuli, in row order.
    pub fn ids(&self) -> Vec<String> {
        self.rows().into_iter().map(|row| self.value.about.stimuli.get(row).name.to_string()).collect()
    }

    /// Some of the pictures, by their stimuli's names.
    pub fn pick<S: AsRef<str>>(&self, ids: impl IntoIterator<Item = S>) -> Outcome<Self> {
        let (known, rows) = (self.ids(), self.rows());
        let picked: Outcome<Vec<usize>> = ids
            .into_iter()
            .map(|id| {
                let id = id.as_ref();
                known.iter().position(|name| name == id).map(|at| rows[at]).ok_or_else(|| {
                    let near = nearest(id, known.iter().map(String::as_str));
                    let hint = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
                    Refusal::new(format!("`{}` has no stimulus `{id}`{hint}", self.name))
                })
            })
            .collect();
        Ok(Self { picked: Some(picked?), ..self.clone() })
    }

    /// The bytes of a picture, height × width × 3, RGB.
    pub fn pixels(&self, id: &str) -> Outcome<Vec<u8>> {
        let row = self.pick([id])?.rows()[0];
        let picture = Decoder::open(&self.value, &self.sources)?.picture(row)?;
        Ok(picture.rgb)
    }

    /// Writes a contact sheet, as `ventral export` does.
    pub fn save(&self, path: impl AsRef<Path>) -> Outcome<()> {
        let path = path.as_ref();
        self.sheet()?.save(path).map_err(|error| Refusal::new(format!("{}: {error}", path.display())))
    }

    /// Pictures side by side: those picked, else some at even distances.
    pub(super) fn sheet(&self) -> Outcome<RgbImage> {
        let rows = match &self.picked {
            Some(rows) => rows.clone(),
            None => {
                let shown = self.value.len().min(SHOWN);
                (0..shown).map(|at| at * self.value.len() / shown).collect()
            }
        };
        Ok(crate::report::contact_sheet_of(&self.value, &self.sources, &rows)?)
    }

    fn rows(&self) -> Vec<usize> {
        self.picked.clone().unwrap_or_else(|| (0..self.value.len()).collect())
    }
}

/// More pictures than these say no more at a glance.
const SHOWN: usize = 24;

impl fmt::Debug for Images {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (height, width) = self.size();
        write!(f, "{}: {} images of {height} × {width} pixels", self.name, self.len())
    }
}

//! What a recipe's text is read into: values with their places.

use std::ops::Range;

use serde_json::Value as Json;

use crate::diagnostic::Source;
use crate::recipe::syntax::template;
use crate::recipe::syntax::template::Piece;
use crate::recipe::wording;

/// A value with its place in the text.
#[derive(Clone, Debug, PartialEq)]
pub struct Tree {
    /// Bytes of the source; an alias has the place of what it repeats.
    pub place: Range<usize>,
    pub value: Value,
}

/// What stands there.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Null, a truth value, a number or text.
    Scalar(Json),
    List(Vec<Tree>),
    /// In the text's order; of keys that stand twice the first.
    Map(Vec<Entry>),
}

/// A key and what stands under it.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub key: String,
    pub place: Range<usize>,
    pub value: Tree,
}

impl Tree {
    /// The text, where it is text.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(Json::String(text)) => Some(text),
            _ => None,
        }
    }

    /// Whether nothing stands there, as after `with:`.
    pub fn is_null(&self) -> bool {
        self.value == Value::Scalar(Json::Null)
    }

    /// What it is, in words: "a list", "the text `x`".
    pub fn describe(&self) -> String {
        match &self.value {
            Value::Scalar(value) => wording::given(value),
            Value::List(_) => "a list".to_owned(),
            Value::Map(_) => "a map".to_owned(),
        }
    }

    /// The place of some bytes of its text: exact where the text stands in the source as it is, else the whole.
    pub fn part(&self, source: &Source, part: &Range<usize>) -> Range<usize> {
        let written = source.text.get(self.place.clone()).unwrap_or_default();
        let quotes = usize::from(written.len() >= 2 && written.starts_with(['"', '\'']));
        let bare = written.get(quotes..written.len() - quotes);
        match self.text() {
            Some(text) if bare == Some(text) => {
                let start = self.place.start + quotes;
                start + part.start..start + part.end
            }
            _ => self.place.clone(),
        }
    }

    /// Every variable in its texts, with the place of `${name}`.
    pub fn variables<'t>(&'t self, source: &Source) -> Vec<(&'t str, Range<usize>)> {
        match &self.value {
            Value::List(items) => items.iter().flat_map(|item| item.variables(source)).collect(),
            Value::Map(entries) => entries.iter().flat_map(|entry| entry.value.variables(source)).collect(),
            Value::Scalar(Json::String(text)) => {
                let names = template::pieces(text).into_iter().flatten().filter_map(|piece| match piece {
                    Piece::Variable(name, at) => Some((name, self.part(source, &at))),
                    Piece::Text(_) => None,
                });
                names.collect()
            }
            Value::Scalar(_) => Vec::new(),
        }
    }

    /// The same further down its text, by so many bytes.
    pub fn moved(mut self, by: usize) -> Self {
        let shift = |place: Range<usize>| place.start + by..place.end + by;
        self.place = shift(self.place);
        self.value = match self.value {
            Value::Scalar(value) => Value::Scalar(value),
            Value::List(items) => Value::List(items.into_iter().map(|item| item.moved(by)).collect()),
            Value::Map(entries) => {
                let moved = |e: Entry| Entry { key: e.key, place: shift(e.place), value: e.value.moved(by) };
                Value::Map(entries.into_iter().map(moved).collect())
            }
        };
        self
    }
}

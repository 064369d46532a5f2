//! The values of a tree's scalars, as `serde_yaml` reads them.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Number, Value as Json};

use crate::diagnostic::{Diagnostic, Problems, Source};
use crate::recipe::syntax::tree::{Entry, Tree, Value};

/// Gives every scalar of the tree its value. Fails where `serde_yaml` refuses the text or sees another structure in it.
pub fn fill(source: &Arc<Source>, tree: &mut Tree, problems: &mut Problems) -> Result<(), Diagnostic> {
    let mut refused = Vec::new();
    let seed = Fill { tree, refused: &mut refused };
    let outcome = seed.deserialize(serde_yaml::Deserializer::from_str(&source.text));
    for (place, message) in refused {
        problems.error(place, message);
    }
    outcome.map_err(|e| {
        let at = e.location().map_or(0, |location| location.index()).min(source.text.len());
        let at = (0..=at).rev().find(|&at| source.text.is_char_boundary(at)).unwrap_or(0);
        let mut refusal = Diagnostic::error(source, at..at, format!("this is not plain YAML: {e}"));
        refusal.help("quote texts that hold special characters, and indent with spaces alone");
        refusal
    })
}

/// One step of the walk through text and tree side by side.
struct Fill<'a> {
    tree: &'a mut Tree,
    /// Scalars that no recipe can hold.
    refused: &'a mut Vec<(Range<usize>, String)>,
}

impl Fill<'_> {
    fn set<E: Error>(self, value: Json) -> Result<(), E> {
        match &mut self.tree.value {
            Value::Scalar(scalar) => {
                *scalar = value;
                Ok(())
            }
            _ => Err(two_readings()),
        }
    }

    fn refuse<E: Error>(self, message: String) -> Result<(), E> {
        self.refused.push((self.tree.place.clone(), message));
        // Any number will do: one problem should not make a second.
        self.set(Json::from(1))
    }
}

fn two_readings<E: Error>() -> E {
    E::custom("the text around here can be read in two ways")
}

impl<'de> DeserializeSeed<'de> for Fill<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Fill<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("what a recipe holds")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.set(Json::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.set(Json::from(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.set(Json::from(value))
    }

    fn visit_i128<E: Error>(self, value: i128) -> Result<(), E> {
        self.refuse(format!("{value} has too many digits for a number"))
    }

    fn visit_u128<E: Error>(self, value: u128) -> Result<(), E> {
        self.refuse(format!("{value} has too many digits for a number"))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        match Number::from_f64(value) {
            Some(number) => self.set(Json::Number(number)),
            None => self.refuse(format!("{value} is no number that can be computed with")),
        }
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        self.set(Json::String(value.to_owned()))
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.set(Json::Null)
    }

    fn visit_none<E: Error>(self) -> Result<(), E> {
        self.set(Json::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<(), A::Error> {
        let Self { tree, refused } = self;
        let Value::List(items) = &mut tree.value else { return Err(two_readings()) };
        for item in items {
            access.next_element_seed(Fill { tree: item, refused })?.ok_or_else(two_readings)?;
        }
        // What is left over is refused by `serde_yaml` itself.
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<(), A::Error> {
        let Self { tree, refused } = self;
        let Value::Map(entries) = &mut tree.value else { return Err(two_readings()) };
        let mut nameless = false;
        for Entry { key, place, value } in entries.iter_mut() {
            let mut read = Tree { place: place.clone(), value: Value::Scalar(Json::Null) };
            access.next_key_seed(Fill { tree: &mut read, refused })?.ok_or_else(two_readings)?;
            match read.value {
                Value::Scalar(Json::String(text)) => *key = text,
                Value::Scalar(Json::Null) => {
                    nameless = true;
                    key.clear();
                    refused.push((place.clone(), "a key is missing before this `:`".to_owned()));
                }
                // A number or a truth value stays as it is written.
                _ => {}
            }
            access.next_value_seed(Fill { tree: value, refused })?;
        }
        if nameless {
            entries.retain(|entry| !entry.key.is_empty());
        }
        Ok(())
    }
}

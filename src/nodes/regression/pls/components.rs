//! Numbers of components as a recipe gives them.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::SeqAccessDeserializer;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Numbers of components to try; each is at least 1.
#[derive(Clone, Debug, PartialEq)]
pub enum Components {
    One(usize),
    List(Vec<usize>),
}

impl Default for Components {
    fn default() -> Self {
        Self::One(25)
    }
}

impl Components {
    fn check(self) -> Result<Self, String> {
        match &self {
            Self::List(list) if list.is_empty() => Err("the list of components is empty".to_owned()),
            Self::One(0) => Err("0 components predict nothing; a number is at least 1".to_owned()),
            Self::List(list) if list.contains(&0) => {
                Err("0 components predict nothing; a number is at least 1".to_owned())
            }
            _ => Ok(self),
        }
    }

    /// Ascending, each once.
    pub fn counts(&self) -> Vec<usize> {
        match self {
            Self::One(count) => vec![*count],
            Self::List(list) => list.iter().copied().collect::<BTreeSet<_>>().into_iter().collect(),
        }
    }
}

impl Serialize for Components {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::One(count) => count.serialize(serializer),
            Self::List(list) => list.serialize(serializer),
        }
    }
}

// By hand, since an untagged enum would say no more than "did not match any variant".
impl<'de> Deserialize<'de> for Components {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Components;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number of components or a list of them")
            }

            fn visit_u64<E: de::Error>(self, count: u64) -> Result<Components, E> {
                usize::try_from(count).map(Components::One).map_err(E::custom)
            }

            fn visit_i64<E: de::Error>(self, count: i64) -> Result<Components, E> {
                let negative = || E::custom(format!("{count} components are none; a number is at least 1"));
                usize::try_from(count).map(Components::One).map_err(|_| negative())
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, list: A) -> Result<Components, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(list)).map(Components::List)
            }
        }

        deserializer.deserialize_any(Visitor)?.check().map_err(de::Error::custom)
    }
}

impl JsonSchema for Components {
    fn schema_name() -> Cow<'static, str> {
        "Components".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let count = json_schema!({ "type": "integer", "minimum": 1 });
        json_schema!({ "oneOf": [count, { "type": "array", "items": count, "minItems": 1 }] })
    }
}

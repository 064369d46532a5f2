//! The node kinds by name: find and list.

use std::collections::BTreeMap;

use crate::kind::Kind;
use crate::kind::declared::Declared;

/// Every kind that a recipe may use.
#[derive(Default)]
pub struct Registry {
    kinds: BTreeMap<&'static str, &'static Kind>,
}

impl Registry {
    /// A registry without kinds.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a kind, which lives as long as the program; two of one name are our mistake.
    pub fn add(&mut self, kind: Kind) {
        let kind: &'static Kind = Box::leak(Box::new(kind));
        assert!(self.kinds.insert(kind.name, kind).is_none(), "two kinds named {}", kind.name);
    }

    /// The kind of that name.
    pub fn get(&self, name: &str) -> Option<&'static Kind> {
        self.kinds.get(name).copied()
    }

    /// What every kind declares, by name.
    pub fn declared(&self) -> BTreeMap<&'static str, Declared> {
        self.iter().map(|kind| (kind.name, kind.declared)).collect()
    }

    /// All kinds, by name.
    pub fn iter(&self) -> impl Iterator<Item = &'static Kind> + '_ {
        self.kinds.values().copied()
    }
}

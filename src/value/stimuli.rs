//! Who the rows are: stimulus identities, by which nodes join.

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;

/// One stimulus: where it comes from, its name there, and its pixels' digest where they are known.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Stimulus {
    /// The short digest of the source's content (an archive, a folder, an h5), or a generator's name and seed.
    pub source: Arc<str>,
    /// The name in the source, without extension.
    pub name: Arc<str>,
    /// The first 16 hexadecimal digits of the encoded picture's digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Arc<str>>,
}

impl Stimulus {
    /// The identity as a number: source and name.
    pub fn identity(&self) -> u64 {
        let mut hasher = blake3::Hasher::new();
        hasher.update(self.source.as_bytes()).update(b"\0").update(self.name.as_bytes());
        Digest::from(hasher).prefix()
    }

    /// The content as a number; 0 where it is unknown.
    pub fn content_number(&self) -> u64 {
        self.content.as_ref().map_or(0, |text| Digest::of(text.as_bytes()).prefix())
    }
}

/// The stimuli of a value's rows, in row order; no two are the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "Columns", into = "Columns")]
pub struct Stimuli(Arc<Vec<Stimulus>>);

/// On disk: the sources once each, then columns.
#[derive(Serialize, Deserialize)]
struct Columns {
    sources: Vec<Arc<str>>,
    source: Vec<usize>,
    name: Vec<Arc<str>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    content: Vec<Option<Arc<str>>>,
}

impl From<Columns> for Stimuli {
    fn from(columns: Columns) -> Self {
        let mut content = columns.content.into_iter();
        let list = columns.source.into_iter().zip(columns.name).map(|(source, name)| Stimulus {
            source: columns.sources[source].clone(),
            name,
            content: content.next().flatten(),
        });
        Self(Arc::new(list.collect()))
    }
}

impl From<Stimuli> for Columns {
    fn from(stimuli: Stimuli) -> Self {
        let mut sources: Vec<Arc<str>> = Vec::new();
        let mut source = Vec::with_capacity(stimuli.len());
        for stimulus in stimuli.iter() {
            let at = sources.iter().position(|known| *known == stimulus.source).unwrap_or_else(|| {
                sources.push(stimulus.source.clone());
                sources.len() - 1
            });
            source.push(at);
        }
        let known = stimuli.iter().any(|s| s.content.is_some());
        Self {
            sources,
            source,
            name: stimuli.iter().map(|s| s.name.clone()).collect(),
            content: if known { stimuli.iter().map(|s| s.content.clone()).collect() } else { Vec::new() },
        }
    }
}

impl Stimuli {
    /// Takes rows in order; a stimulus that stands twice is an error in words.
    pub fn new(list: Vec<Stimulus>) -> Result<Self, String> {
        let mut seen = HashMap::with_capacity(list.len());
        for (row, stimulus) in list.iter().enumerate() {
            if let Some(first) = seen.insert((&stimulus.source, &stimulus.name), row) {
                return Err(format!(
                    "stimulus `{}` stands twice, in rows {first} and {row}; a row is one stimulus",
                    stimulus.name
                ));
            }
        }
        drop(seen);
        Ok(Self(Arc::new(list)))
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The stimuli in row order.
    pub fn iter(&self) -> std::slice::Iter<'_, Stimulus> {
        self.0.iter()
    }

    /// The stimulus of a row.
    pub fn get(&self, row: usize) -> &Stimulus {
        &self.0[row]
    }

    /// The stimuli of some rows, in the order given.
    pub fn select(&self, rows: &[usize]) -> Self {
        Self(Arc::new(rows.iter().map(|&row| self.0[row].clone()).collect()))
    }

    /// For each row of `self`, the row of `other` that shows the same stimulus, if any.
    ///
    /// `this` and `that` are the ports' names. Fails where both have rows but come from different sources, even if
    /// names agree: two recordings may both have an `image0001`.
    pub fn find_in(&self, other: &Self, this: &str, that: &str) -> Result<Vec<Option<usize>>, String> {
        if self == other {
            return Ok((0..self.len()).map(Some).collect());
        }
        let rows: HashMap<(&str, &str), usize> =
            other.iter().enumerate().map(|(row, s)| ((&*s.source, &*s.name), row)).collect();
        let found: Vec<Option<usize>> = self.iter().map(|s| rows.get(&(&*s.source, &*s.name)).copied()).collect();
        if !self.is_empty() && !other.is_empty() && found.iter().all(Option::is_none) {
            let names: HashMap<&str, usize> = other.iter().enumerate().map(|(row, s)| (&*s.name, row)).collect();
            let same_name = self.iter().find(|s| names.contains_key(&*s.name));
            return Err(match same_name {
                Some(s) => format!(
                    "`{this}` and `{that}` come from different sources ({} and {}), though both have a `{}`; \
                     rows join by stimulus, never by name or position alone",
                    s.source,
                    other.get(names[&*s.name]).source,
                    s.name
                ),
                None => format!("`{this}` and `{that}` have no stimulus in common; rows join by stimulus"),
            });
        }
        Ok(found)
    }

    /// As `find_in`, where every row of `self` must be found.
    pub fn align(&self, other: &Self, this: &str, that: &str) -> Result<Vec<usize>, String> {
        let found = self.find_in(other, this, that)?;
        let missing: Vec<usize> = (0..self.len()).filter(|&row| found[row].is_none()).collect();
        match missing.first() {
            None => Ok(found.into_iter().flatten().collect()),
            Some(&first) => Err(format!(
                "{} of {} stimuli of `{this}` are not in `{that}` ({} rows); the first is `{}`",
                missing.len(),
                self.len(),
                other.len(),
                self.get(first).name
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stimuli(source: &str, names: &[&str]) -> Stimuli {
        let list = names.iter().map(|&name| Stimulus { source: source.into(), name: name.into(), content: None });
        Stimuli::new(list.collect()).expect("distinct names")
    }

    #[test]
    fn rows_join_by_identity_not_by_position() {
        let a = stimuli("x", &["one", "two", "three"]);
        let b = stimuli("x", &["three", "one"]);
        assert_eq!(a.find_in(&b, "a", "b"), Ok(vec![Some(1), None, Some(0)]));
        assert_eq!(b.align(&a, "b", "a"), Ok(vec![2, 0]));
        assert!(a.align(&b, "a", "b").unwrap_err().contains("1 of 3 stimuli of `a`"));
    }

    #[test]
    fn equal_names_of_two_sources_do_not_join() {
        let error = stimuli("x", &["image0001"]).align(&stimuli("y", &["image0001"]), "a", "b").unwrap_err();
        assert!(error.contains("different sources (x and y)"), "{error}");
    }

    #[test]
    fn a_stimulus_stands_once() {
        let twice = vec![Stimulus { source: "x".into(), name: "one".into(), content: None }; 2];
        assert!(Stimuli::new(twice).unwrap_err().contains("stands twice"));
    }
}

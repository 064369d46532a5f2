//! What a value has seen: the stimuli that fitted it, and those that chose among its variants.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::value::stimuli::{Stimuli, Stimulus};

/// The stimuli a value's upstream fits have seen; part of the value's identity.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lineage {
    /// Fits: PCA, a readout, a trained network, z-scores.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fitted: Vec<Exposure>,
    /// Choices: early stopping, penalties, `select`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub selected: Vec<Exposure>,
    /// The recordings whose responses were fitted to, where they say which they are.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub recordings: BTreeSet<String>,
}

/// One kind of fit or choice, and the stimuli it saw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exposure {
    /// The node kind that looked, such as `pca`.
    pub by: String,
    /// Sorted identities (source and name).
    identities: BTreeSet<u64>,
    /// Sorted contents, where pixels are known: the same picture under another name is still seen.
    contents: BTreeSet<u64>,
}

impl Exposure {
    /// A fit or choice by `by` that saw the given rows.
    pub fn new(by: &str, stimuli: &Stimuli, rows: &[usize]) -> Self {
        let seen = || rows.iter().map(|&row| stimuli.get(row));
        Self {
            by: by.to_owned(),
            identities: seen().map(Stimulus::identity).collect(),
            contents: seen().map(Stimulus::content_number).filter(|&c| c != 0).collect(),
        }
    }

    /// How many stimuli were seen.
    pub fn len(&self) -> usize {
        self.identities.len()
    }

    /// Whether none was seen.
    pub fn is_empty(&self) -> bool {
        self.identities.is_empty()
    }

    /// Whether the stimulus itself was seen, not only the same picture under another name.
    pub fn saw_itself(&self, stimulus: &Stimulus) -> bool {
        self.identities.contains(&stimulus.identity())
    }

    /// Whether the stimulus was seen, by identity or by equal content.
    pub fn saw(&self, stimulus: &Stimulus) -> bool {
        self.identities.contains(&stimulus.identity())
            || (stimulus.content.is_some() && self.contents.contains(&stimulus.content_number()))
    }
}

impl Lineage {
    /// The lineage of a value made from several: everything that any of them has seen.
    pub fn merge<'a>(lineages: impl IntoIterator<Item = &'a Self>) -> Self {
        let mut merged = Self::default();
        for lineage in lineages {
            for exposure in &lineage.fitted {
                add(&mut merged.fitted, exposure.clone());
            }
            for exposure in &lineage.selected {
                add(&mut merged.selected, exposure.clone());
            }
            merged.recordings.extend(lineage.recordings.iter().cloned());
        }
        merged
    }

    /// The same lineage after a fit.
    #[must_use]
    pub fn fitted_on(mut self, exposure: Exposure) -> Self {
        add(&mut self.fitted, exposure);
        self
    }

    /// The same lineage after a fit to the responses of a recording, where it is known.
    #[must_use]
    pub fn to_responses_of(mut self, recording: Option<&String>) -> Self {
        self.recordings.extend(recording.cloned());
        self
    }

    /// The same lineage after a choice.
    #[must_use]
    pub fn selected_by(mut self, exposure: Exposure) -> Self {
        add(&mut self.selected, exposure);
        self
    }
}

/// Keeps one exposure a kind, so that lineage stays small along a chain; sorted, so that order says nothing.
fn add(list: &mut Vec<Exposure>, exposure: Exposure) {
    match list.binary_search_by(|known| known.by.cmp(&exposure.by)) {
        Ok(at) => {
            list[at].identities.extend(exposure.identities);
            list[at].contents.extend(exposure.contents);
        }
        Err(at) => list.insert(at, exposure),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stimuli(content: &str, names: &[&str]) -> Stimuli {
        let list = names.iter().map(|&name| Stimulus {
            source: "x".into(),
            name: name.into(),
            content: Some(format!("{content}{name}").into()),
        });
        Stimuli::new(list.collect()).expect("distinct names")
    }

    #[test]
    fn a_fit_remembers_identity_and_content() {
        let rows = stimuli("a", &["one", "two"]);
        let exposure = Exposure::new("pca", &rows, &[0]);
        assert!(exposure.saw(rows.get(0)));
        assert!(!exposure.saw(rows.get(1)));
        let renamed = Stimulus { name: "other".into(), ..rows.get(0).clone() };
        assert!(exposure.saw(&renamed), "the same picture under another name");
    }

    #[test]
    fn merging_keeps_one_exposure_a_kind() {
        let rows = stimuli("a", &["one", "two"]);
        let first = Lineage::default().fitted_on(Exposure::new("pca", &rows, &[0]));
        let second = Lineage::default().fitted_on(Exposure::new("pca", &rows, &[1]));
        let merged = Lineage::merge([&first, &second]);
        assert_eq!(merged.fitted.len(), 1);
        assert_eq!(merged.fitted[0].len(), 2);
        assert_eq!(merged, Lineage::merge([&second, &first]));
        let of = |recording: &str| Lineage::default().to_responses_of(Some(&recording.to_owned()));
        let merged = Lineage::merge([&of("b"), &Lineage::default(), &of("a"), &of("b")]);
        assert_eq!(merged.recordings.into_iter().collect::<Vec<_>>(), ["a", "b"]);
    }
}

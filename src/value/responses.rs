//! Responses of units to stimuli: means, and the repeats behind them where they were recorded.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

use ndarray::{Array2, Array3};
use serde::{Deserialize, Serialize};

use crate::value::codec;
use crate::value::codec::{Archive, Part};
use crate::value::error::ReadError;
use crate::value::lineage::Lineage;
use crate::value::stimuli::Stimuli;

/// Responses, stimuli × units. A stimulus without responses has no row here.
#[derive(Clone, Debug)]
pub struct Responses {
    pub about: About,
    /// Stimuli × units: the mean over repeats, in the recording's unit (spike counts or rates).
    pub mean: Array2<f32>,
    /// Stimuli × units × repeats; NaN where a repeat is missing.
    pub repeats: Option<Array3<f32>>,
}

/// Everything about responses but their numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct About {
    pub stimuli: Stimuli,
    /// The units' names, in column order; no two are the same.
    pub units: Vec<String>,
    /// The units' regions, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regions: Option<Vec<String>>,
    /// The subjects that the units were recorded in, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subjects: Option<Vec<String>>,
    /// What else is known of each unit, such as `x` and `y`, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub known: BTreeMap<String, PerUnit>,
    /// The unit's true ceiling (explainable variance as a fraction), where the responses are simulated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub true_ceiling: Option<Vec<f64>>,
    /// Which recording the units are of, as a digest of its file: only units of one recording are the same neurons, whatever they are
    /// called. Absent where the stimuli's source says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recording: Option<String>,
    /// What chose among the units, if anything.
    #[serde(default)]
    pub lineage: Lineage,
}

/// Something that is known of each unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum PerUnit {
    /// None where it is not known.
    Numbers(Vec<Option<f64>>),
    Words(Vec<String>),
}

impl PerUnit {
    /// The same of some of the units.
    fn select(&self, units: &[usize]) -> Self {
        match self {
            Self::Numbers(all) => Self::Numbers(picked(all, units)),
            Self::Words(all) => Self::Words(picked(all, units)),
        }
    }
}

impl About {
    /// What is known of some of the units, in the order given.
    pub fn of_units(&self, units: &[usize]) -> Self {
        Self {
            stimuli: self.stimuli.clone(),
            units: picked(&self.units, units),
            regions: self.regions.as_ref().map(|all| picked(all, units)),
            subjects: self.subjects.as_ref().map(|all| picked(all, units)),
            known: self.known.iter().map(|(name, all)| (name.clone(), all.select(units))).collect(),
            true_ceiling: self.true_ceiling.as_ref().map(|all| picked(all, units)),
            recording: self.recording.clone(),
            lineage: self.lineage.clone(),
        }
    }
}

fn picked<T: Clone>(all: &[T], units: &[usize]) -> Vec<T> {
    units.iter().map(|&unit| all[unit].clone()).collect()
}

impl Responses {
    /// Takes responses; shapes must agree with the stimuli and the units.
    pub fn new(about: About, mean: Array2<f32>, repeats: Option<Array3<f32>>) -> Self {
        assert_eq!(mean.dim(), (about.stimuli.len(), about.units.len()), "stimuli × units");
        if let Some(repeats) = &repeats {
            assert_eq!((repeats.dim().0, repeats.dim().1), mean.dim(), "stimuli × units × repeats");
        }
        Self { about, mean, repeats }
    }

    /// The stimuli of the rows.
    pub fn stimuli(&self) -> &Stimuli {
        &self.about.stimuli
    }

    /// Which recording the units are of: equal for the same neurons alone.
    pub fn recording(&self) -> String {
        self.about.recording.clone().unwrap_or_else(|| {
            let mut sources: Vec<&str> = self.about.stimuli.iter().map(|stimulus| &*stimulus.source).collect();
            sources.sort_unstable();
            sources.dedup();
            sources.join(" ")
        })
    }

    /// The names of the units.
    pub fn units(&self) -> &[String] {
        &self.about.units
    }

    pub(super) fn read(path: &Path) -> Result<Self, ReadError> {
        let archive = Archive::open(path)?;
        let about: About = archive.about(path)?;
        let wrong = || ReadError::new(path, "holds no responses of the shape it names");
        let (shape, mean) = archive.f32("mean").ok_or_else(wrong)?;
        let &[stimuli, units] = shape else { return Err(wrong()) };
        let mean = Array2::from_shape_vec((stimuli, units), mean.into_owned()).map_err(|_| wrong())?;
        let repeats = match archive.f32("repeats") {
            None => None,
            Some((&[a, b, c], data)) => {
                Some(Array3::from_shape_vec((a, b, c), data.into_owned()).map_err(|_| wrong())?)
            }
            Some(_) => return Err(wrong()),
        };
        if mean.dim() != (about.stimuli.len(), about.units.len()) {
            return Err(wrong());
        }
        Ok(Self { about, mean, repeats })
    }

    pub(super) fn write(&self, sink: &mut dyn Write) -> io::Result<()> {
        let mean = self.mean.as_standard_layout();
        let repeats = self.repeats.as_ref().map(|r| r.as_standard_layout());
        let mut parts = vec![("mean", Part::f32(mean.shape(), mean.as_slice().expect("row-major")))];
        if let Some(repeats) = &repeats {
            parts.push(("repeats", Part::f32(repeats.shape(), repeats.as_slice().expect("row-major"))));
        }
        codec::write(sink, &self.about, &parts)
    }
}

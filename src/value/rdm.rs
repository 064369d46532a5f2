//! Representational dissimilarity matrices of the same stimuli: one, or one a subject, region or model.

use std::io::{self, Write};
use std::path::Path;

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use crate::value::codec;
use crate::value::codec::{Archive, Part};
use crate::value::error::ReadError;
use crate::value::lineage::Lineage;
use crate::value::stimuli::Stimuli;

const PAIRS: &str = "pairs";

/// Dissimilarities of all pairs of stimuli, matrix by matrix.
#[derive(Clone, Debug)]
pub struct Rdm {
    pub about: About,
    /// Matrices × pairs: (0, 1), (0, 2), …, (n − 2, n − 1), as SciPy's `squareform` has them.
    pub pairs: Array2<f32>,
}

/// Everything about dissimilarities but their numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct About {
    pub stimuli: Stimuli,
    /// What each matrix is of, in their order.
    pub of: Vec<Of>,
    /// How dissimilar is meant, such as `correlation`; `given` where a file holds it.
    pub dissimilarity: String,
    #[serde(default)]
    pub lineage: Lineage,
}

/// What a matrix is of, as far as that is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Of {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// What else it is called, such as a model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

impl Of {
    /// All that is known of it in one phrase; nothing where nothing is.
    pub fn words(&self) -> Option<String> {
        let words: Vec<&str> =
            [&self.name, &self.subject, &self.region].into_iter().filter_map(|word| word.as_deref()).collect();
        (!words.is_empty()).then(|| words.join(", "))
    }
}

impl Rdm {
    /// Takes matrices; each has a number for every pair of stimuli.
    pub fn new(about: About, pairs: Array2<f32>) -> Self {
        let n = about.stimuli.len();
        assert_eq!(pairs.dim(), (about.of.len(), n * n.saturating_sub(1) / 2), "matrices × pairs");
        Self { about, pairs }
    }

    /// A matrix whole: n × n, zero on its diagonal.
    pub fn square(&self, at: usize) -> Array2<f32> {
        let n = self.about.stimuli.len();
        let mut whole = Array2::zeros((n, n));
        let mut pairs = self.pairs.row(at).into_iter();
        for i in 0..n {
            for j in i + 1..n {
                let value = *pairs.next().expect("a number for every pair");
                whole[[i, j]] = value;
                whole[[j, i]] = value;
            }
        }
        whole
    }

    pub(super) fn read(path: &Path) -> Result<Self, ReadError> {
        let archive = Archive::open(path)?;
        let about: About = archive.about(path)?;
        let n = about.stimuli.len();
        match archive.f32(PAIRS) {
            Some((&[rows, columns], pairs)) if rows == about.of.len() && columns == n * n.saturating_sub(1) / 2 => {
                let pairs = Array2::from_shape_vec((rows, columns), pairs.into_owned()).expect("as many numbers");
                Ok(Self { about, pairs })
            }
            _ => Err(ReadError::new(path, "holds no dissimilarities `pairs` of the stimuli it names")),
        }
    }

    pub(super) fn write(&self, sink: &mut dyn Write) -> io::Result<()> {
        let pairs = self.pairs.as_standard_layout();
        let part = Part::f32(pairs.shape(), pairs.as_slice().expect("row-major"));
        codec::write(sink, &self.about, &[(PAIRS, part)])
    }
}

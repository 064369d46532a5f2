//! The fitted parameters of a readout or a decomposition.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

use ndarray::ArrayD;
use safetensors::Dtype;
use serde::{Deserialize, Serialize};

use crate::value::codec;
use crate::value::codec::{Archive, Part};
use crate::value::error::ReadError;
use crate::value::lineage::Lineage;

/// Named arrays of 32-bit floats, and what they were fitted by and on.
#[derive(Clone, Debug)]
pub struct Fit {
    pub about: About,
    /// Such as `mean` (p), `weights` (p × units), `intercept` (units).
    pub arrays: BTreeMap<String, ArrayD<f32>>,
}

/// Everything about a fit but its numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct About {
    /// The node kind that fitted it, which knows what the arrays mean.
    pub kind: String,
    /// The names of the predicted columns, where it predicts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub units: Option<Vec<String>>,
    pub lineage: Lineage,
}

/// What the arrays of a fit are to features x, rows × columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `weights` W (columns × outputs) and `intercept` b: xW + b.
    Weights,
    /// The same, as log-odds of classes.
    LogOdds,
    /// `components` C (outputs × columns) and `mean` m: (x − m)Cᵀ.
    Components,
    /// `mean` m and `scale` s per column: (x − m) / s.
    Scale,
}

impl Fit {
    pub(super) fn read(path: &Path) -> Result<Self, ReadError> {
        let archive = Archive::open(path)?;
        let about = archive.about(path)?;
        let mut arrays = BTreeMap::new();
        for name in archive.names() {
            let (shape, data) =
                archive.f32(name).ok_or_else(|| ReadError::new(path, format!("`{name}` is not of 32-bit floats")))?;
            let array = ArrayD::from_shape_vec(shape, data.into_owned()).map_err(|e| ReadError::new(path, e))?;
            arrays.insert(name.to_owned(), array);
        }
        Ok(Self { about, arrays })
    }

    pub(super) fn write(&self, sink: &mut dyn Write) -> io::Result<()> {
        let arrays: Vec<_> = self.arrays.iter().map(|(name, array)| (name, array.as_standard_layout())).collect();
        let parts: Vec<_> = arrays
            .iter()
            .map(|(name, array)| (name.as_str(), Part::f32(array.shape(), array.as_slice().expect("row-major"))))
            .collect();
        codec::write(sink, &self.about, &parts)
    }

    /// The header of a fit's file whose arrays, of the given names and shapes, are then streamed after it in their order
    /// as little-endian floats.
    pub fn header(about: &About, arrays: &[(&str, Vec<usize>)]) -> io::Result<Vec<u8>> {
        codec::stream_headers(about, Dtype::F32, arrays)
    }
}

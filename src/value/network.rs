//! A network: its architecture's name and its tensors.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

use ndarray::ArrayD;
use serde::{Deserialize, Serialize};

use crate::value::codec;
use crate::value::codec::{Archive, Part};
use crate::value::error::ReadError;
use crate::value::lineage::Lineage;

/// An architecture with tensors, named as torchvision names them.
#[derive(Clone, Debug)]
pub struct Network {
    pub about: About,
    pub tensors: BTreeMap<String, ArrayD<f32>>,
}

/// Everything about a network but its tensors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct About {
    /// Such as `squeezenet1_1`; `blocks` for one that a recipe describes.
    pub architecture: String,
    pub lineage: Lineage,
    /// What it was trained for, and what is needed to rebuild it; absent for one that was not trained here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trained: Option<Trained>,
}

/// A trained network's trunk and heads, what it sees, and what its outputs are called.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trained {
    /// `nets::blueprint::Blueprint`, as JSON.
    pub blueprint: serde_json::Value,
    /// Height and width of the images that it was trained on; others are resized to it.
    pub size: (usize, usize),
    /// What each colour channel, in [0, 1], is reduced by and divided by before it.
    pub mean: [f32; 3],
    pub std: [f32; 3],
    /// The units that its layer `responses` predicts, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub units: Vec<String>,
    /// The classes whose probabilities its layer `classes` gives, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<String>,
}

impl Network {
    pub(super) fn read(path: &Path) -> Result<Self, ReadError> {
        let archive = Archive::open(path)?;
        let about = archive.about(path)?;
        let mut tensors = BTreeMap::new();
        for name in archive.names() {
            let (shape, data) =
                archive.f32(name).ok_or_else(|| ReadError::new(path, format!("`{name}` is not of 32-bit floats")))?;
            let array = ArrayD::from_shape_vec(shape, data.into_owned()).map_err(|e| ReadError::new(path, e))?;
            tensors.insert(name.to_owned(), array);
        }
        Ok(Self { about, tensors })
    }

    pub(super) fn write(&self, sink: &mut dyn Write) -> io::Result<()> {
        let tensors: Vec<_> = self.tensors.iter().map(|(name, array)| (name, array.as_standard_layout())).collect();
        let parts: Vec<_> = tensors
            .iter()
            .map(|(name, array)| (name.as_str(), Part::f32(array.shape(), array.as_slice().expect("row-major"))))
            .collect();
        codec::write(sink, &self.about, &parts)
    }
}

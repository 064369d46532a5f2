//! The type of a value, as ports declare it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The type of a value, as ports declare it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Type {
    /// Pictures: the encoded source, and how it is decoded, sized and normalised.
    Images,
    /// Rows × columns of 32-bit floats; rows usually are stimuli.
    Matrix,
    /// Responses of units to stimuli, with repeats where they were recorded.
    Responses,
    /// The object, and where known the category, that each stimulus shows.
    Labels,
    /// Which stimuli fit, select and test; or folds.
    Split,
    /// A network's architecture and tensors.
    Network,
    /// The fitted parameters of a readout or a decomposition.
    Fit,
    /// A polars DataFrame.
    Table,
    /// Dissimilarities of all pairs of stimuli: representational dissimilarity matrices.
    Rdm,
    /// Products of rows with rows; on no edge, but a product of its own in the store.
    Gram,
    /// The eigendecomposition of such products; on no edge either.
    Eigen,
    /// Sums of rows; on no edge either.
    Sums,
}

impl Type {
    /// The extension of a file that holds such a value.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Table => "parquet",
            _ => "safetensors",
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

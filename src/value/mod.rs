//! What travels on a recipe's edges, and how it lies on disk.
//!
//! A table is a `.parquet` file; everything else is a `.safetensors` file whose header carries one JSON
//! text, `ventral`, so that Python reads both as they are.

pub mod codec;
pub mod decode;
pub mod eigen;
pub mod fit;
pub mod gram;
pub mod images;
pub mod labels;
pub mod lineage;
pub mod matrix;
pub mod network;
pub mod resize;
pub mod responses;
pub mod split;
pub mod stimuli;
pub mod table;

use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use self::eigen::Eigen;
use self::fit::Fit;
use self::gram::Gram;
use self::images::Images;
use self::labels::Labels;
use self::matrix::Matrix;
use self::network::Network;
use self::responses::Responses;
use self::split::Split;
use self::table::Table;

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
    /// Products of rows with rows; on no edge, but a product of its own in the store.
    Gram,
    /// The eigendecomposition of such products; on no edge either.
    Eigen,
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

/// A value of any type.
#[derive(Clone, Debug)]
pub enum Value {
    Images(Images),
    Matrix(Matrix),
    Responses(Responses),
    Labels(Labels),
    Split(Split),
    Network(Network),
    Fit(Fit),
    Table(Table),
    Gram(Gram),
    Eigen(Eigen),
}

impl Value {
    /// The value's type.
    pub fn ty(&self) -> Type {
        match self {
            Self::Images(_) => Type::Images,
            Self::Matrix(_) => Type::Matrix,
            Self::Responses(_) => Type::Responses,
            Self::Labels(_) => Type::Labels,
            Self::Split(_) => Type::Split,
            Self::Network(_) => Type::Network,
            Self::Fit(_) => Type::Fit,
            Self::Table(_) => Type::Table,
            Self::Gram(_) => Type::Gram,
            Self::Eigen(_) => Type::Eigen,
        }
    }

    /// Reads a value of a known type; matrices stay memory-mapped.
    pub fn read(ty: Type, path: &Path) -> Result<Self, ReadError> {
        Ok(match ty {
            Type::Images => Self::Images(Images::read(path)?),
            Type::Matrix => Self::Matrix(Matrix::read(path)?),
            Type::Responses => Self::Responses(Responses::read(path)?),
            Type::Labels => Self::Labels(Labels::read(path)?),
            Type::Split => Self::Split(Split::read(path)?),
            Type::Network => Self::Network(Network::read(path)?),
            Type::Fit => Self::Fit(Fit::read(path)?),
            Type::Table => Self::Table(Table::read(path)?),
            Type::Gram => Self::Gram(Gram::read(path)?),
            Type::Eigen => Self::Eigen(Eigen::read(path)?),
        })
    }

    /// Writes the value to a sink, in the format of its type.
    pub fn write(&self, sink: &mut dyn std::io::Write) -> std::io::Result<()> {
        match self {
            Self::Images(value) => value.write(sink),
            Self::Matrix(value) => value.write(sink),
            Self::Responses(value) => value.write(sink),
            Self::Labels(value) => value.write(sink),
            Self::Split(value) => value.write(sink),
            Self::Network(value) => value.write(sink),
            Self::Fit(value) => value.write(sink),
            Self::Table(value) => value.write(sink),
            Self::Gram(value) => value.write(sink),
            Self::Eigen(value) => value.write(sink),
        }
    }
}

/// A stored value that does not read: which file, and what is wrong with it.
#[derive(Clone, Debug)]
pub struct ReadError {
    pub path: std::path::PathBuf,
    pub problem: String,
}

impl ReadError {
    pub(crate) fn new(path: &Path, problem: impl fmt::Display) -> Self {
        Self { path: path.to_owned(), problem: problem.to_string() }
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.problem)
    }
}

impl std::error::Error for ReadError {}

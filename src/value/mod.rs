//! What travels on a recipe's edges, and how it lies on disk.
//!
//! A table is a `.parquet` file; everything else is a `.safetensors` file whose header carries one JSON
//! text, `ventral`, so that Python reads both as they are.

pub mod codec;
pub mod decode;
pub mod eigen;
pub mod error;
pub mod fit;
pub mod gram;
pub mod images;
pub mod jpeg;
pub mod labels;
pub mod lineage;
pub mod matrix;
pub mod network;
pub mod rdm;
pub mod resize;
pub mod responses;
pub mod sizing;
pub mod split;
pub mod stimuli;
pub mod sums;
pub mod table;
pub mod ty;

use std::path::Path;

use crate::value::eigen::Eigen;
use crate::value::error::ReadError;
use crate::value::fit::Fit;
use crate::value::gram::Gram;
use crate::value::images::Images;
use crate::value::labels::Labels;
use crate::value::matrix::Matrix;
use crate::value::network::Network;
use crate::value::rdm::Rdm;
use crate::value::responses::Responses;
use crate::value::split::Split;
use crate::value::sums::Sums;
use crate::value::table::Table;
use crate::value::ty::Type;

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
    Rdm(Rdm),
    Gram(Gram),
    Eigen(Eigen),
    Sums(Sums),
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
            Self::Rdm(_) => Type::Rdm,
            Self::Gram(_) => Type::Gram,
            Self::Eigen(_) => Type::Eigen,
            Self::Sums(_) => Type::Sums,
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
            Type::Rdm => Self::Rdm(Rdm::read(path)?),
            Type::Gram => Self::Gram(Gram::read(path)?),
            Type::Eigen => Self::Eigen(Eigen::read(path)?),
            Type::Sums => Self::Sums(Sums::read(path)?),
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
            Self::Rdm(value) => value.write(sink),
            Self::Gram(value) => value.write(sink),
            Self::Eigen(value) => value.write(sink),
            Self::Sums(value) => value.write(sink),
        }
    }
}

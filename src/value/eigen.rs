//! The eigendecomposition of centred products of train rows: one serves every number of components and every penalty.

use std::io::{self, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::value::codec;
use crate::value::codec::{Archive, Part};
use crate::value::error::ReadError;

const VALUES: &str = "values";
const VECTORS: &str = "vectors";

/// The sizes of a decomposition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct About {
    pub rows: usize,
    pub rank: usize,
}

/// Eigenvalues and eigenvectors, in memory.
#[derive(Clone, Debug)]
pub struct Eigen {
    pub about: About,
    /// Descending, none negative; rank.
    pub values: Vec<f64>,
    /// Orthonormal columns, rows × rank, row-major.
    pub vectors: Vec<f64>,
}

impl Eigen {
    pub(super) fn read(path: &Path) -> Result<Self, ReadError> {
        let archive = Archive::open(path)?;
        let about: About = archive.about(path)?;
        match (archive.f64(VALUES), archive.f64(VECTORS)) {
            (Some((&[rank], values)), Some((&[rows, columns], vectors)))
                if columns == rank && (rows, rank) == (about.rows, about.rank) =>
            {
                Ok(Self { about, values, vectors })
            }
            _ => Err(ReadError::new(path, "holds no 64-bit `values` and `vectors` that fit each other")),
        }
    }

    pub(super) fn write(&self, sink: &mut dyn Write) -> io::Result<()> {
        let About { rows, rank } = self.about;
        let parts = [(VALUES, Part::f64(&[rank], &self.values)), (VECTORS, Part::f64(&[rows, rank], &self.vectors))];
        codec::write(sink, &self.about, &parts)
    }
}

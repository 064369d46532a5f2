//! The products of all rows of a matrix with one another: everything that principal components and ridge regression need
//! of very wide features, in rows × rows numbers.

use std::io::{self, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::value::codec;
use crate::value::codec::{Archive, Part};
use crate::value::error::ReadError;
use crate::value::lineage::Lineage;
use crate::value::stimuli::Stimuli;

const PRODUCTS: &str = "products";

/// Everything about products but their numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct About {
    /// The rows' stimuli; absent where rows are something else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stimuli: Option<Stimuli>,
    /// What the matrix's upstream fits have seen.
    #[serde(default)]
    pub lineage: Lineage,
    pub rows: usize,
    /// The columns of the matrix that they are products of.
    pub columns: usize,
    /// Whether products were computed in 64 bits; their sums always are.
    pub double: bool,
}

/// Products of rows with rows, in memory.
#[derive(Clone, Debug)]
pub struct Gram {
    pub about: About,
    /// rows × rows, symmetric, row-major.
    pub products: Vec<f64>,
}

impl Gram {
    pub(super) fn read(path: &Path) -> Result<Self, ReadError> {
        let archive = Archive::open(path)?;
        let about: About = archive.about(path)?;
        match archive.f64(PRODUCTS) {
            Some((&[rows, columns], products)) if rows == about.rows && columns == rows => Ok(Self { about, products }),
            _ => Err(ReadError::new(path, "holds no square 64-bit matrix `products`")),
        }
    }

    pub(super) fn write(&self, sink: &mut dyn Write) -> io::Result<()> {
        let part = Part::f64(&[self.about.rows; 2], &self.products);
        codec::write(sink, &self.about, &[(PRODUCTS, part)])
    }
}

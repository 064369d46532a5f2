//! The sum of every row of a matrix, in 64 bits: beside the products of rows, what correlations of rows need of it.

use std::io::{self, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::value::codec;
use crate::value::codec::{Archive, Part};
use crate::value::error::ReadError;

const SUMS: &str = "sums";

/// Of how many columns they are the sums.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct About {
    pub rows: usize,
    pub columns: usize,
}

/// Sums of rows, in memory.
#[derive(Clone, Debug)]
pub struct Sums {
    pub about: About,
    /// A number a row.
    pub sums: Vec<f64>,
}

impl Sums {
    pub(super) fn read(path: &Path) -> Result<Self, ReadError> {
        let archive = Archive::open(path)?;
        let about: About = archive.about(path)?;
        match archive.f64(SUMS) {
            Some((&[rows], sums)) if rows == about.rows => Ok(Self { about, sums }),
            _ => Err(ReadError::new(path, "holds no 64-bit `sums`, a number a row")),
        }
    }

    pub(super) fn write(&self, sink: &mut dyn Write) -> io::Result<()> {
        codec::write(sink, &self.about, &[(SUMS, Part::f64(&[self.about.rows], &self.sums))])
    }
}

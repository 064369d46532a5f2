//! A matrix of floats: features, scores, predictions. Rows usually are stimuli.

use std::borrow::Cow;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, OnceLock};

use half::slice::{HalfBitsSliceExt, HalfFloatSliceExt};
use half::{bf16, f16};
use ndarray::{Array2, ArrayView2};
use safetensors::Dtype;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::value::codec;
use crate::value::codec::{Archive, Part};
use crate::value::error::ReadError;
use crate::value::lineage::Lineage;
use crate::value::stimuli::Stimuli;

const DATA: &str = "data";

/// Everything about a matrix but its numbers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct About {
    /// The rows' stimuli; absent where rows are something else, such as components.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stimuli: Option<Stimuli>,
    /// What a column is called: units of predictions, names of features. Absent for anonymous columns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub columns: Option<Vec<String>>,
    /// The shape of one row before it was flattened, such as [channels, height, width].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub row_shape: Vec<usize>,
    /// What the upstream fits have seen.
    #[serde(default)]
    pub lineage: Lineage,
}

/// Rows × columns of floats, in memory or memory-mapped.
#[derive(Clone, Debug)]
pub struct Matrix {
    pub about: About,
    data: Data,
}

#[derive(Clone, Debug)]
enum Data {
    Owned(Arc<Array2<f32>>),
    Mapped {
        archive: Archive,
        rows: usize,
        columns: usize,
        stored: Stored,
        /// What half precision is widened to where somebody asks for all of it.
        wide: Arc<OnceLock<Array2<f32>>>,
    },
}

/// How a matrix's numbers lie on disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Stored {
    /// 32 bits.
    #[default]
    F32,
    /// 16 bits: three digits, of numbers below 65,504.
    F16,
    /// 16 bits: two digits, of any size.
    BF16,
}

/// A matrix's numbers as they lie in memory, row-major and little-endian.
#[derive(Clone, Copy, Debug)]
pub struct Raw<'a> {
    pub stored: Stored,
    pub rows: usize,
    pub columns: usize,
    pub bytes: &'a [u8],
}

impl Stored {
    fn dtype(self) -> Dtype {
        match self {
            Self::F32 => Dtype::F32,
            Self::F16 => Dtype::F16,
            Self::BF16 => Dtype::BF16,
        }
    }

    /// Bytes of one number.
    pub fn size(self) -> usize {
        if self == Self::F32 { 4 } else { 2 }
    }

    /// Numbers as they are stored; what was finite and is not any more is told by its place.
    pub fn encode(self, numbers: &[f32], out: &mut Vec<u8>) -> Result<(), usize> {
        out.clear();
        match self {
            Self::F32 => out.extend_from_slice(codec::bytes_of(numbers)),
            Self::BF16 => out.extend(numbers.iter().flat_map(|&x| bf16::from_f32(x).to_le_bytes())),
            Self::F16 => {
                for (at, &x) in numbers.iter().enumerate() {
                    let half = f16::from_f32(x);
                    if x.is_finite() && !half.is_finite() {
                        return Err(at);
                    }
                    out.extend_from_slice(&half.to_le_bytes());
                }
            }
        }
        Ok(())
    }
}

impl Raw<'_> {
    /// One row as 32-bit floats.
    pub fn row(&self, row: usize, out: &mut [f32]) {
        let length = self.columns * self.stored.size();
        widen(self.stored, &self.bytes[row * length..][..length], out);
    }

    /// As many numbers of a row as there is room for, from a column on, as 32-bit floats.
    pub fn part(&self, row: usize, from: usize, out: &mut [f32]) {
        let size = self.stored.size();
        widen(self.stored, &self.bytes[(row * self.columns + from) * size..][..out.len() * size], out);
    }
}

fn widen(stored: Stored, bytes: &[u8], out: &mut [f32]) {
    match stored {
        Stored::F32 => {
            for (slot, bytes) in out.iter_mut().zip(bytes.chunks_exact(4)) {
                *slot = f32::from_le_bytes(bytes.try_into().expect("four bytes"));
            }
        }
        // The file's data lie at multiples of 64 bytes.
        Stored::F16 => bytemuck::cast_slice::<u8, u16>(bytes).reinterpret_cast::<f16>().convert_to_f32_slice(out),
        Stored::BF16 => bytemuck::cast_slice::<u8, u16>(bytes).reinterpret_cast::<bf16>().convert_to_f32_slice(out),
    }
}

impl Matrix {
    /// A matrix in memory; `about.stimuli`, if given, has a stimulus per row.
    pub fn new(data: Array2<f32>, about: About) -> Self {
        if let Some(stimuli) = &about.stimuli {
            assert_eq!(stimuli.len(), data.nrows(), "a stimulus per row");
        }
        if let Some(columns) = &about.columns {
            assert_eq!(columns.len(), data.ncols(), "a name per column");
        }
        let data = if data.is_standard_layout() { data } else { data.as_standard_layout().into_owned() };
        Self { about, data: Data::Owned(Arc::new(data)) }
    }

    /// The numbers, rows × columns, in row-major order; those of half precision are all widened first.
    pub fn view(&self) -> ArrayView2<'_, f32> {
        match &self.data {
            Data::Owned(array) => array.view(),
            Data::Mapped { archive, rows, columns, stored: Stored::F32, .. } => {
                let (_, bytes) = archive.f32(DATA).expect("checked when it was opened");
                let Cow::Borrowed(floats) = bytes else { unreachable!("checked when it was opened") };
                ArrayView2::from_shape((*rows, *columns), floats).expect("checked when it was opened")
            }
            Data::Mapped { rows, columns, stored, wide, .. } => {
                let widened = || {
                    let mut all = vec![0.0; rows * columns];
                    widen(*stored, self.raw().bytes, &mut all);
                    Array2::from_shape_vec((*rows, *columns), all).expect("as many numbers")
                };
                wide.get_or_init(widened).view()
            }
        }
    }

    /// The numbers as they are stored, without a copy.
    pub fn raw(&self) -> Raw<'_> {
        match &self.data {
            Data::Owned(array) => {
                let bytes = codec::bytes_of(array.as_slice().expect("row-major"));
                Raw { stored: Stored::F32, rows: array.nrows(), columns: array.ncols(), bytes }
            }
            Data::Mapped { archive, rows, columns, stored, .. } => {
                let (_, _, bytes) = archive.get(DATA).expect("checked when it was opened");
                Raw { stored: *stored, rows: *rows, columns: *columns, bytes }
            }
        }
    }

    /// The numbers as one row-major slice.
    pub fn as_slice(&self) -> &[f32] {
        self.view().to_slice().expect("row-major")
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.raw().rows
    }

    /// The number of columns.
    pub fn columns(&self) -> usize {
        self.raw().columns
    }

    /// The rows' stimuli, or an error in words that names the port.
    pub fn stimuli(&self, port: &str) -> Result<&Stimuli, String> {
        self.about
            .stimuli
            .as_ref()
            .ok_or_else(|| format!("the rows of `{port}` are no stimuli ({} × {})", self.rows(), self.columns()))
    }

    pub(super) fn read(path: &Path) -> Result<Self, ReadError> {
        let archive = Archive::open(path)?;
        let about = archive.about(path)?;
        let (rows, columns, stored) = match archive.get(DATA) {
            Some((Dtype::F32, &[rows, columns], _)) if matches!(archive.f32(DATA), Some((_, Cow::Borrowed(_)))) => {
                (rows, columns, Stored::F32)
            }
            Some((Dtype::F16, &[rows, columns], _)) => (rows, columns, Stored::F16),
            Some((Dtype::BF16, &[rows, columns], _)) => (rows, columns, Stored::BF16),
            _ => return Err(ReadError::new(path, "holds no aligned matrix `data` of 32-bit or half floats")),
        };
        Ok(Self { about, data: Data::Mapped { archive, rows, columns, stored, wide: Arc::default() } })
    }

    pub(super) fn write(&self, sink: &mut dyn Write) -> io::Result<()> {
        let view = self.view();
        let part = Part::f32(view.shape(), view.to_slice().expect("row-major"));
        codec::write(sink, &self.about, &[(DATA, part)])
    }

    /// The header of a matrix file whose rows are then streamed after it as `stored` encodes them.
    pub fn header(about: &About, stored: Stored, rows: usize, columns: usize) -> io::Result<Vec<u8>> {
        codec::stream_headers(about, stored.dtype(), &[(DATA, vec![rows, columns])])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(numbers: &[f32], columns: usize, stored: Stored) -> (tempfile::TempDir, Matrix) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("m.safetensors");
        let rows = numbers.len() / columns;
        let mut bytes = Matrix::header(&About::default(), stored, rows, columns).expect("a header");
        let mut data = Vec::new();
        stored.encode(numbers, &mut data).expect("they fit");
        bytes.extend(data);
        std::fs::write(&path, bytes).expect("written");
        let matrix = Matrix::read(&path).expect("it reads");
        (folder, matrix)
    }

    #[test]
    fn half_precision_keeps_what_it_can() {
        let numbers = [0.0, 1.0, -2.5, 1000.5, 3.0e-5, 65000.0];
        for (kind, off) in [(Stored::F32, 0.0), (Stored::F16, 1e-3), (Stored::BF16, 8e-3)] {
            let (_folder, matrix) = stored(&numbers, 3, kind);
            assert_eq!((matrix.rows(), matrix.columns(), matrix.raw().bytes.len()), (2, 3, 6 * kind.size()));
            assert!(matrix.as_slice().iter().zip(&numbers).all(|(a, b)| (a - b).abs() <= off * b.abs()), "{kind:?}");
            let mut row = [0.0; 3];
            matrix.raw().row(1, &mut row);
            assert_eq!(row, matrix.view().row(1).to_slice().expect("row-major"));
        }
    }

    #[test]
    fn numbers_too_large_for_half_precision_are_told() {
        let mut out = Vec::new();
        assert_eq!(Stored::F16.encode(&[1.0, 7.0e4], &mut out), Err(1));
        assert_eq!(Stored::BF16.encode(&[1.0, 7.0e4], &mut out), Ok(()));
        assert_eq!(Stored::F16.encode(&[f32::NAN], &mut out), Ok(()));
    }
}

//! A matrix of 32-bit floats: features, scores, predictions. Rows usually are stimuli.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};

use super::ReadError;
use super::codec::{self, Archive, Part};
use super::lineage::Lineage;
use super::stimuli::Stimuli;

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

/// Rows × columns of 32-bit floats, in memory or memory-mapped.
#[derive(Clone, Debug)]
pub struct Matrix {
    pub about: About,
    data: Data,
}

#[derive(Clone, Debug)]
enum Data {
    Owned(Arc<Array2<f32>>),
    Mapped { archive: Archive, rows: usize, columns: usize },
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

    /// The numbers, rows × columns, in row-major order.
    pub fn view(&self) -> ArrayView2<'_, f32> {
        match &self.data {
            Data::Owned(array) => array.view(),
            Data::Mapped { archive, rows, columns } => {
                let (_, bytes) = archive.f32(DATA).expect("checked when it was opened");
                let std::borrow::Cow::Borrowed(floats) = bytes else { unreachable!("checked when it was opened") };
                ArrayView2::from_shape((*rows, *columns), floats).expect("checked when it was opened")
            }
        }
    }

    /// The numbers as one row-major slice.
    pub fn as_slice(&self) -> &[f32] {
        self.view().to_slice().expect("row-major")
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.view().nrows()
    }

    /// The number of columns.
    pub fn columns(&self) -> usize {
        self.view().ncols()
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
        let (rows, columns) = match archive.f32(DATA) {
            Some((&[rows, columns], std::borrow::Cow::Borrowed(_))) => (rows, columns),
            _ => return Err(ReadError::new(path, "holds no aligned 32-bit matrix `data`")),
        };
        Ok(Self { about, data: Data::Mapped { archive, rows, columns } })
    }

    pub(super) fn write(&self, sink: &mut dyn Write) -> io::Result<()> {
        let view = self.view();
        let part = Part::f32(view.shape(), view.to_slice().expect("row-major"));
        codec::write(sink, &self.about, &[(DATA, part)])
    }

    /// The header of a matrix file whose rows are then streamed after it as little-endian floats.
    pub fn header(about: &About, rows: usize, columns: usize) -> io::Result<Vec<u8>> {
        codec::stream_header(about, DATA, &[rows, columns])
    }
}

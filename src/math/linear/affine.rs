//! Fits as maps from features to predictions: ŷ = (x ⊘ s)·W + b, followed by a softmax for a decoder.

use std::collections::BTreeMap;

use ndarray::{Array1, Array2, ArrayD, Axis, Ix1, Ix2};
use tch::{Kind, Tensor};

use crate::math::linear::gram::{Blocks, Precision};
use crate::math::tensor::{from_array, index, rows as rows_of, wide_vec};
use crate::value::fit::Form;
use crate::value::matrix::Raw;

/// What a fit does to a row of features.
pub struct Affine {
    linear: Linear,
    /// Outputs.
    intercept: Array1<f64>,
    /// Whether log-odds are turned into probabilities.
    softmax: bool,
}

enum Linear {
    /// Inputs × outputs.
    Full(Array2<f32>),
    /// A factor per column.
    Diagonal(Array1<f64>),
}

/// The map of a fit by the form of its arrays; an error in words, with what the fit is `called`, where one is absent.
pub fn of(called: &str, form: Form, arrays: &BTreeMap<String, ArrayD<f32>>) -> Result<Affine, String> {
    let vector = |name: &str| {
        let array = arrays.get(name).and_then(|array| array.view().into_dimensionality::<Ix1>().ok());
        array.map(|array| array.mapv(f64::from)).ok_or_else(|| format!("the fit of `{called}` has no vector `{name}`"))
    };
    let table = |name: &str| {
        let array = arrays.get(name).and_then(|array| array.view().into_dimensionality::<Ix2>().ok());
        array.map(|array| array.to_owned()).ok_or_else(|| format!("the fit of `{called}` has no matrix `{name}`"))
    };
    match form {
        Form::Weights | Form::LogOdds => Ok(Affine {
            linear: Linear::Full(table("weights")?),
            intercept: vector("intercept")?,
            softmax: form == Form::LogOdds,
        }),
        Form::Components => {
            let (components, mean) = (table("components")?, vector("mean")?);
            let intercept = components
                .outer_iter()
                .map(|row| -row.iter().zip(&mean).map(|(&v, m)| f64::from(v) * m).sum::<f64>())
                .collect();
            let linear = Linear::Full(components.reversed_axes().as_standard_layout().to_owned());
            Ok(Affine { linear, intercept, softmax: false })
        }
        Form::Scale => {
            let (mean, scale) = (vector("mean")?, vector("scale")?);
            let intercept = -(mean / &scale);
            Ok(Affine { linear: Linear::Diagonal(scale), intercept, softmax: false })
        }
    }
}

impl Affine {
    /// How many columns of features it reads.
    pub fn inputs(&self) -> usize {
        match &self.linear {
            Linear::Full(weights) => weights.nrows(),
            Linear::Diagonal(scale) => scale.len(),
        }
    }

    /// Predictions for some rows of `x` (all rows × inputs): rows × outputs.
    pub fn apply(&self, x: Raw<'_>, rows: &[usize], device: tch::Device) -> Array2<f32> {
        match &self.linear {
            Linear::Full(weights) => {
                let mut out = to_array64(&product(x, rows, weights, device)) + &self.intercept;
                if self.softmax {
                    out = crate::math::linear::decode::softmax(out);
                }
                out.mapv(|value| value as f32)
            }
            Linear::Diagonal(scale) => {
                let mut out = Array2::zeros((rows.len(), x.columns));
                let mut numbers = vec![0.0; x.columns];
                for (mut row, &from) in out.outer_iter_mut().zip(rows) {
                    x.row(from, &mut numbers);
                    for (column, slot) in row.iter_mut().enumerate() {
                        *slot = (f64::from(numbers[column]) / scale[column] + self.intercept[column]) as f32;
                    }
                }
                out
            }
        }
    }
}

/// XW summed in 64 bits over blocks of columns, for wide features that are memory-mapped.
fn product(x: Raw<'_>, rows: &[usize], weights: &Array2<f32>, device: tch::Device) -> Tensor {
    let precision = Precision::of(x.rows, x.columns);
    let blocks = Blocks::new(x, &[], precision, device);
    let out = Tensor::zeros([index(rows.len()), index(weights.ncols())], (Kind::Double, device));
    for block in (0..blocks.len()).map(|at| blocks.get(at)) {
        let width = block.shifted.size()[1] as usize;
        let columns = ndarray::Slice::from(block.start..block.start + width);
        let weights = weights.slice_axis(Axis(0), columns).mapv(f64::from);
        let weights = from_array(&weights, device).to_kind(block.shifted.kind());
        let _ = out.shallow_clone().g_add_(&rows_of(&block.shifted, rows).matmul(&weights).to_kind(Kind::Double));
    }
    out
}

fn to_array64(tensor: &Tensor) -> Array2<f64> {
    let (rows, columns) = tensor.size2().expect("a matrix");
    Array2::from_shape_vec((rows as usize, columns as usize), wide_vec(tensor)).expect("its own shape")
}

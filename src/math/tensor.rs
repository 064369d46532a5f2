//! Between arrays in memory and libtorch's tensors.

use ndarray::{Array2, ArrayView2};
use tch::{Kind, Tensor};

use crate::device::Device;

/// Where a node's tensors lie; the worker has resolved `auto` before a kind runs.
pub fn place(device: Device) -> tch::Device {
    match device {
        Device::Auto | Device::Cpu => tch::Device::Cpu,
        Device::Cuda(index) => tch::Device::Cuda(index),
    }
}

/// A copy of rows × columns as 64-bit floats.
pub fn wide(view: ArrayView2<'_, f32>, device: tch::Device) -> Tensor {
    let view = view.as_standard_layout();
    let shape = [index(view.nrows()), index(view.ncols())];
    let flat = Tensor::from_slice(view.as_slice().expect("standard layout"));
    flat.reshape(shape).to_device(device).to_kind(Kind::Double)
}

/// A copy of a 64-bit array, rows × columns.
pub fn from_array(array: &Array2<f64>, device: tch::Device) -> Tensor {
    let array = array.as_standard_layout();
    let flat = Tensor::from_slice(array.as_slice().expect("standard layout"));
    flat.reshape([index(array.nrows()), index(array.ncols())]).to_device(device)
}

/// Some rows, in the order given.
pub fn rows(tensor: &Tensor, rows: &[usize]) -> Tensor {
    tensor.index_select(0, &indices(rows, tensor.device()))
}

/// Some columns, in the order given.
pub fn columns(tensor: &Tensor, columns: &[usize]) -> Tensor {
    tensor.index_select(1, &indices(columns, tensor.device()))
}

fn indices(list: &[usize], device: tch::Device) -> Tensor {
    let list: Vec<i64> = list.iter().map(|&at| index(at)).collect();
    Tensor::from_slice(&list).to_device(device)
}

/// The column means of rows × columns, 1 × columns.
pub fn column_means(tensor: &Tensor) -> Tensor {
    tensor.mean_dim([0i64].as_slice(), true, Kind::Double)
}

/// A tensor's numbers as 32-bit floats, in row-major order.
pub fn narrow_vec(tensor: &Tensor) -> Vec<f32> {
    let tensor = tensor.to_device(tch::Device::Cpu).to_kind(Kind::Float).contiguous();
    let mut out = vec![0.0; tensor.numel()];
    tensor.copy_data(&mut out, tensor.numel());
    out
}

/// A tensor's numbers as 64-bit floats, in row-major order.
pub fn wide_vec(tensor: &Tensor) -> Vec<f64> {
    let tensor = tensor.to_device(tch::Device::Cpu).to_kind(Kind::Double).contiguous();
    let mut out = vec![0.0; tensor.numel()];
    tensor.copy_data(&mut out, tensor.numel());
    out
}

/// A matrix-shaped tensor as an array of 32-bit floats.
pub fn to_array(tensor: &Tensor) -> Array2<f32> {
    let (rows, columns) = tensor.size2().expect("the caller passes a matrix");
    let shape = (rows as usize, columns as usize);
    Array2::from_shape_vec(shape, narrow_vec(tensor)).expect("as many numbers as the shape asks for")
}

/// A single number.
pub fn scalar(tensor: &Tensor) -> f64 {
    tensor.double_value(&[])
}

/// A size as libtorch counts.
pub fn index(size: usize) -> i64 {
    i64::try_from(size).expect("no array has more than 2⁶³ rows")
}

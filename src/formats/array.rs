//! An n-dimensional array from any file that holds one.

use std::path::Path;

use ndarray::{ArrayD, IxDyn, ShapeBuilder};
use safetensors::tensor::{Dtype, SafeTensors};

use crate::formats::element::{Element, Kind};
use crate::formats::hdf5::Hdf5;
use crate::formats::{csv, name_of, npy, parquet};
use crate::text::nearest::nearest;

/// Numbers in row-major order, with the names of rows and columns where the file has them.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    pub shape: Vec<usize>,
    pub data: Vec<f32>,
    /// Names along the first axis.
    pub rows: Option<Vec<String>>,
    /// Names along the second axis.
    pub columns: Option<Vec<String>>,
}

/// The extensions that [`read`] knows, for messages.
pub const EXTENSIONS: &str = ".npy, .npz, .csv, .parquet, .safetensors, .h5 and .mat (v7.3)";

/// Reads an array; `key` names one where the file may hold several (.npz, .h5, .mat, .safetensors).
pub fn read(path: &Path, key: Option<&str>) -> Result<Array, String> {
    let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase()).unwrap_or_default();
    let alone = |array: Result<Array, String>| match key {
        None => array,
        Some(key) => Err(format!("{} holds one array and no names, so `key: {key}` means nothing", name_of(path))),
    };
    match extension.as_str() {
        "npy" => alone(npy::read(path)),
        "npz" => npy::read_npz(path, key),
        "csv" => alone(csv::read_array(path)),
        "parquet" => alone(parquet::read_array(path)),
        "safetensors" => read_safetensors(path, key),
        "h5" | "hdf5" => read_hdf5(path, key),
        // MATLAB writes arrays column by column, so that HDF5 sees the axes in reverse.
        "mat" => read_hdf5(path, key).map(|array| {
            let shape = array.shape.iter().rev().copied().collect();
            Array::new(shape, array.data, Order::ColumnMajor).expect("the same numbers")
        }),
        _ => Err(format!("{} is of no format that holds an array; there are {EXTENSIONS}", name_of(path))),
    }
}

/// How numbers follow one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The last axis runs fastest.
    RowMajor,
    /// The first axis runs fastest.
    ColumnMajor,
}

impl Array {
    /// Takes numbers in either order, without names; `None` where their count is not the shape's product.
    pub fn new(shape: Vec<usize>, data: Vec<f32>, order: Order) -> Option<Self> {
        let count = shape.iter().try_fold(1_usize, |product, &n| product.checked_mul(n))?;
        if count != data.len() {
            return None;
        }
        let data = match order {
            Order::RowMajor => data,
            Order::ColumnMajor if shape.len() < 2 || count == 0 => data,
            Order::ColumnMajor => {
                let array = ArrayD::from_shape_vec(IxDyn(&shape).f(), data).expect("counted above");
                array.as_standard_layout().into_owned().into_raw_vec_and_offset().0
            }
        };
        Some(Self { shape, data, rows: None, columns: None })
    }

    /// The shape as people write it: `1200 × 89`.
    pub fn shape_text(&self) -> String {
        self.shape.iter().map(ToString::to_string).collect::<Vec<_>>().join(" × ")
    }
}

/// The array that is meant: the one that is named, or the only one.
pub(super) fn choose<'a>(names: &'a [String], key: Option<&str>, file: &str) -> Result<&'a str, String> {
    let all = || names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    match (key, names) {
        (_, []) => Err(format!("{file} holds no array")),
        (None, [one]) => Ok(one),
        (None, many) => Err(format!("{file} holds {} arrays ({}); name one with `key`", many.len(), all())),
        (Some(key), names) => names.iter().find(|name| *name == key).map(String::as_str).ok_or_else(|| {
            let hint = nearest(key, names.iter().map(String::as_str)).map(|name| format!("; did you mean `{name}`?"));
            format!("{file} holds no array `{key}`; it holds {}{}", all(), hint.unwrap_or_default())
        }),
    }
}

fn read_hdf5(path: &Path, key: Option<&str>) -> Result<Array, String> {
    let file = Hdf5::open(path)?;
    let names = file.datasets()?;
    let key = choose(&names, key.map(|key| key.trim_start_matches('/')), &name_of(path))?;
    file.floats(key)?.read_all()
}

fn read_safetensors(path: &Path, key: Option<&str>) -> Result<Array, String> {
    let bytes = std::fs::read(path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
    let file = name_of(path);
    let tensors =
        SafeTensors::deserialize(&bytes).map_err(|e| format!("{file} is damaged or no safetensors file: {e}"))?;
    let mut names: Vec<String> = tensors.names().into_iter().map(|name| name.to_owned()).collect();
    names.sort();
    let key = choose(&names, key, &file)?;
    let tensor = tensors.tensor(key).expect("listed above");
    let element = match tensor.dtype() {
        Dtype::F16 => Some(Element::little(Kind::Float, 2)),
        Dtype::BF16 => Some(Element::little(Kind::BFloat, 2)),
        Dtype::F32 => Some(Element::little(Kind::Float, 4)),
        Dtype::F64 => Some(Element::little(Kind::Float, 8)),
        Dtype::I8 => Some(Element::little(Kind::Signed, 1)),
        Dtype::I16 => Some(Element::little(Kind::Signed, 2)),
        Dtype::I32 => Some(Element::little(Kind::Signed, 4)),
        Dtype::I64 => Some(Element::little(Kind::Signed, 8)),
        Dtype::U8 | Dtype::BOOL => Some(Element::little(Kind::Unsigned, 1)),
        Dtype::U16 => Some(Element::little(Kind::Unsigned, 2)),
        Dtype::U32 => Some(Element::little(Kind::Unsigned, 4)),
        Dtype::U64 => Some(Element::little(Kind::Unsigned, 8)),
        _ => None,
    };
    let data = element.and_then(|element| element.decode(tensor.data())).ok_or_else(|| {
        format!("`{key}` in {file} is of type {:?}, which is no number to compute with", tensor.dtype())
    })?;
    Ok(Array::new(tensor.shape().to_vec(), data, Order::RowMajor).expect("safetensors checks its shapes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn column_major_numbers_are_turned() {
        let array = Array::new(vec![2, 3], vec![1.0, 4.0, 2.0, 5.0, 3.0, 6.0], Order::ColumnMajor).unwrap();
        assert_eq!(array.data, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        assert_eq!(array.shape_text(), "2 × 3");
        assert_eq!(Array::new(vec![2, 2], vec![0.0; 3], Order::RowMajor), None);
        assert_eq!(Array::new(vec![usize::MAX, 2], vec![0.0; 3], Order::RowMajor), None);
    }

    #[test]
    fn a_key_is_needed_where_there_are_several() {
        let names = ["conv1".to_owned(), "conv2".to_owned()];
        assert_eq!(choose(&names, Some("conv2"), "f.npz"), Ok("conv2"));
        assert_eq!(choose(&names[..1], None, "f.npz"), Ok("conv1"));
        assert!(choose(&names, None, "f.npz").unwrap_err().contains("holds 2 arrays (`conv1`, `conv2`)"));
        assert!(choose(&names, Some("con1"), "f.npz").unwrap_err().contains("did you mean `conv1`?"));
    }

    #[test]
    fn safetensors_read_with_their_types() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.safetensors");
        let numbers: Vec<u8> = [1.0_f64, -2.0, 3.5].iter().flat_map(|x| x.to_le_bytes()).collect();
        let view = safetensors::tensor::TensorView::new(Dtype::F64, vec![3, 1], &numbers).unwrap();
        std::fs::write(&path, safetensors::serialize([("x", view)], None).unwrap()).unwrap();
        let array = read(&path, None).unwrap();
        assert_eq!((array.shape, array.data), (vec![3, 1], vec![1.0, -2.0, 3.5]));
        std::fs::write(&path, b"nonsense").unwrap();
        assert!(read(&path, None).unwrap_err().contains("no safetensors file"));
        assert!(read(Path::new("x.xlsx"), None).unwrap_err().contains("of no format that holds an array"));
    }
}

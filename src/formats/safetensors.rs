//! An array out of a `.safetensors` file.

use std::path::Path;

use safetensors::tensor::{Dtype, SafeTensors};

use crate::formats::array::{Array, Order, choose};
use crate::formats::element::{Element, Kind};
use crate::formats::name_of;

/// Reads one array of a `.safetensors` file, whatever its numbers are.
pub fn read(path: &Path, key: Option<&str>) -> Result<Array, String> {
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
    }
}

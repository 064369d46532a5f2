//! A file of tensors read by what it holds: safetensors, or torch's zip or older format.

use std::collections::BTreeMap;

use safetensors::tensor::{Dtype, SafeTensors, TensorInfo};

use crate::formats::checkpoint::tensor::{Contents, Group, Placed};
use crate::formats::checkpoint::{stream, zipped};
use crate::formats::element::{Element, Kind};

/// Reads a file's bytes. The problem reads on from the file's name.
pub fn read(bytes: &[u8]) -> Result<Contents, String> {
    if bytes.get(8) == Some(&b'{') {
        return read_safetensors(bytes);
    }
    match bytes {
        [] => Err("is empty".to_owned()),
        [b'P', b'K', 3 | 5, ..] => zipped::read(bytes),
        [0x80, 1..=5, ..] => stream::read(bytes),
        _ if bytes.starts_with(b"version https://git-lfs") => {
            Err("is a pointer of Git LFS; `git lfs pull` fetches the file that it stands for".to_owned())
        }
        _ if bytes.starts_with(b"\x89HDF") => {
            Err("is an HDF5 file; weights are .safetensors, or what torch.save or tch writes".to_owned())
        }
        _ if bytes.get(257..262) == Some(b"ustar") => Err("is of torch's format before 2017; load it in Python and \
                                                           save it again"
            .to_owned()),
        _ => Err("is no file of weights: neither .safetensors, nor what torch.save (.pth, .pt) or tch (.ot) writes"
            .to_owned()),
    }
}

fn read_safetensors(bytes: &[u8]) -> Result<Contents, String> {
    let (header, metadata) =
        SafeTensors::read_metadata(bytes).map_err(|e| format!("is damaged or no safetensors file: {e}"))?;
    let place = |(name, info): (String, &TensorInfo)| {
        let element = element(info.dtype).ok_or_else(|| {
            format!(
                "holds tensor {name} of {}, which are no plain numbers; weights are F32, F64, F16 or BF16",
                info.dtype
            )
        })?;
        let (from, to) = info.data_offsets;
        let bytes = 8 + header + from..8 + header + to;
        let strides = row_major(&info.shape);
        Ok((name, Placed { element, shape: info.shape.clone(), strides, bytes }))
    };
    let tensors: BTreeMap<String, Placed> = metadata.tensors().into_iter().map(place).collect::<Result<_, String>>()?;
    let group = Group { key: String::new(), is_main: true, tensors: Ok(tensors) };
    Ok(Contents { groups: vec![group], skipped: Vec::new() })
}

fn element(dtype: Dtype) -> Option<Element> {
    let (kind, size) = match dtype {
        Dtype::F64 => (Kind::Float, 8),
        Dtype::F32 => (Kind::Float, 4),
        Dtype::F16 => (Kind::Float, 2),
        Dtype::BF16 => (Kind::BFloat, 2),
        Dtype::I64 => (Kind::Signed, 8),
        Dtype::I32 => (Kind::Signed, 4),
        Dtype::I16 => (Kind::Signed, 2),
        Dtype::I8 => (Kind::Signed, 1),
        Dtype::U64 => (Kind::Unsigned, 8),
        Dtype::U32 => (Kind::Unsigned, 4),
        Dtype::U16 => (Kind::Unsigned, 2),
        Dtype::U8 | Dtype::BOOL => (Kind::Unsigned, 1),
        _ => return None,
    };
    Some(Element::little(kind, size))
}

/// The strides of a shape in row-major order. The product of the sides is a number: the file was checked for it.
pub(super) fn row_major(shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![1; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis] * shape[axis].max(1);
    }
    strides
}

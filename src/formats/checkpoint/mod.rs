//! A network's tensors as people have them: `.safetensors`, what `torch.save` writes (of either format), tch's `.ot`.
//!
//! Formats are told apart by content, never by extension. Nothing in a file is run, what it claims is held against its
//! bytes, and no tensor is copied before somebody asks for its numbers.

mod global;
mod number;
mod pickle;
pub mod script;
mod state;
mod stream;
mod tensor;
#[cfg(test)]
mod tests;
mod values;
mod zipped;

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use memmap2::Mmap;
use safetensors::tensor::{Dtype, SafeTensors};

use crate::formats::checkpoint::tensor::Placed;
use crate::formats::element::{Element, Kind};
use crate::formats::name_of;

/// An open file of tensors.
pub struct Checkpoint {
    map: Mmap,
    tensors: BTreeMap<String, Placed>,
}

/// A tensor as a file holds it.
#[derive(Clone, Copy, Debug)]
pub struct Stored<'a> {
    pub element: Element,
    pub shape: &'a [usize],
    /// Elements from one entry to the next along each axis; none for row-major order.
    pub strides: Option<&'a [usize]>,
    /// From the first element to the last.
    pub bytes: &'a [u8],
}

impl Stored<'_> {
    /// Its numbers in row-major order, as 32-bit floats.
    ///
    /// As many as the shape says: strides of 0 let a small file say a great many, so look at the shape first.
    pub fn floats(&self) -> Vec<f32> {
        const KNOWN: &str = "types were checked when the file was opened";
        let Some(strides) = self.strides else {
            return self.element.decode(self.bytes).expect(KNOWN);
        };
        let size = self.element.size;
        let mut bytes = Vec::with_capacity(self.shape.iter().product::<usize>() * size);
        let mut index = vec![0; self.shape.len()];
        if !self.shape.contains(&0) {
            loop {
                let at = size * index.iter().zip(strides).map(|(i, stride)| i * stride).sum::<usize>();
                bytes.extend_from_slice(&self.bytes[at..at + size]);
                // The last axis that has a next entry moves on; those behind it begin again.
                let Some(axis) = (0..index.len()).rev().find(|&axis| index[axis] + 1 < self.shape[axis]) else { break };
                index[axis] += 1;
                index[axis + 1..].fill(0);
            }
        }
        self.element.decode(&bytes).expect(KNOWN)
    }
}

/// In front of every name of some files: what wraps models for several devices, for compilation and for training adds
/// these.
const PREFIXES: [&str; 6] = ["module.", "_orig_mod.", "model.", "net.", "network.", "backbone."];
/// What averaging of weights counts beside them.
const AVERAGED: &str = "n_averaged";

impl Checkpoint {
    /// Opens a file of any of the formats; its tensors are those of the state dict that it is or wraps.
    ///
    /// Errors name the file: it does not read, is of no such format, is damaged, or asks for code to be run.
    pub fn open(path: &Path) -> Result<Self, String> {
        let cannot = |e| format!("cannot read {}: {e}", path.display());
        let file = File::open(path).map_err(cannot)?;
        if file.metadata().map_err(cannot)?.is_dir() {
            return Err(format!("{} is a folder; weights are a file", path.display()));
        }
        // SAFETY: like every input, the file is not changed while a node reads it; its digest was just taken.
        let map = unsafe { Mmap::map(&file) }.map_err(cannot)?;
        let tensors = read(&map).map_err(|problem| format!("{} {problem}", name_of(path)))?;
        Ok(Self { map, tensors: named_alike(tensors) })
    }

    /// The tensors' names, sorted, without what stands in front of every one of them.
    pub fn names(&self) -> Vec<&str> {
        self.tensors.keys().map(String::as_str).collect()
    }

    /// A tensor.
    pub fn get(&self, name: &str) -> Option<Stored<'_>> {
        let Placed { element, shape, strides, bytes } = self.tensors.get(name)?;
        let strides = (!is_row_major(shape, strides)).then_some(strides.as_slice());
        Some(Stored { element: *element, shape, strides, bytes: &self.map[bytes.clone()] })
    }
}

/// The problem reads on from the file's name.
fn read(bytes: &[u8]) -> Result<BTreeMap<String, Placed>, String> {
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

fn read_safetensors(bytes: &[u8]) -> Result<BTreeMap<String, Placed>, String> {
    let (header, metadata) =
        SafeTensors::read_metadata(bytes).map_err(|e| format!("is damaged or no safetensors file: {e}"))?;
    let place = |(name, info): (String, &safetensors::tensor::TensorInfo)| {
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
    metadata.tensors().into_iter().map(place).collect()
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

/// Names without what stands in front of all of them, nor `module` within, which is left of a part's wrapper.
fn named_alike(mut tensors: BTreeMap<String, Placed>) -> BTreeMap<String, Placed> {
    tensors.remove(AVERAGED);
    let begin_with = |tensors: &BTreeMap<String, Placed>, prefix: &str| {
        !tensors.is_empty() && tensors.keys().all(|name| name.starts_with(prefix) && name.len() > prefix.len())
    };
    while let Some(prefix) = PREFIXES.iter().find(|prefix| begin_with(&tensors, prefix)) {
        tensors = tensors.into_iter().map(|(name, tensor)| (name[prefix.len()..].to_owned(), tensor)).collect();
    }
    tensors.into_iter().map(|(name, tensor)| (name.replace(".module.", "."), tensor)).collect()
}

/// The strides of a shape in row-major order. The product of the sides is a number: the file was checked for it.
fn row_major(shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![1; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis] * shape[axis].max(1);
    }
    strides
}

/// Whether the elements lie in row-major order; the stride of an axis of one entry says nothing.
fn is_row_major(shape: &[usize], strides: &[usize]) -> bool {
    shape.iter().zip(strides).zip(row_major(shape)).all(|((&side, &stride), row)| side == 1 || stride == row)
        || shape.contains(&0)
}

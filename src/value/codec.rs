//! The safetensors file behind every value but tables: tensors, and one JSON text about them.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use memmap2::Mmap;
use safetensors::tensor::{Dtype, SafeTensors, TensorInfo};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::value::error::ReadError;

/// The header key under which a value's description lies.
const ABOUT: &str = "ventral";

/// A tensor on its way to a file: its type, shape and little-endian bytes.
pub struct Part<'a> {
    pub dtype: Dtype,
    pub shape: Vec<usize>,
    pub bytes: Cow<'a, [u8]>,
}

impl<'a> Part<'a> {
    /// 32-bit floats in row-major order; `shape`'s product is `data`'s length.
    pub fn f32(shape: &[usize], data: &'a [f32]) -> Self {
        assert_eq!(shape.iter().product::<usize>(), data.len());
        Self { dtype: Dtype::F32, shape: shape.to_vec(), bytes: Cow::Borrowed(bytes_of(data)) }
    }

    /// 64-bit floats in row-major order; `shape`'s product is `data`'s length.
    pub fn f64(shape: &[usize], data: &'a [f64]) -> Self {
        assert_eq!(shape.iter().product::<usize>(), data.len());
        Self { dtype: Dtype::F64, shape: shape.to_vec(), bytes: Cow::Borrowed(bytemuck::cast_slice(data)) }
    }

    /// Unsigned 64-bit integers.
    pub fn u64(shape: &[usize], data: &[u64]) -> Part<'static> {
        assert_eq!(shape.iter().product::<usize>(), data.len());
        let bytes = data.iter().flat_map(|x| x.to_le_bytes()).collect();
        Part { dtype: Dtype::U64, shape: shape.to_vec(), bytes: Cow::Owned(bytes) }
    }

    /// Bytes, such as 8-bit pixels.
    pub fn u8(shape: &[usize], data: &'a [u8]) -> Self {
        assert_eq!(shape.iter().product::<usize>(), data.len());
        Self { dtype: Dtype::U8, shape: shape.to_vec(), bytes: Cow::Borrowed(data) }
    }
}

/// The bytes of little-endian floats, without a copy.
pub fn bytes_of(data: &[f32]) -> &[u8] {
    const { assert!(cfg!(target_endian = "little"), "safetensors are little-endian") }
    bytemuck::cast_slice(data)
}

/// Writes a description and named tensors as one safetensors file.
pub fn write<T: Serialize>(sink: &mut dyn Write, about: &T, parts: &[(&str, Part<'_>)]) -> io::Result<()> {
    let about = serde_json::to_string(about).map_err(io::Error::other)?;
    let metadata = HashMap::from([(ABOUT.to_owned(), about)]);
    let mut order: Vec<&(&str, Part<'_>)> = parts.iter().collect();
    // The order safetensors itself keeps: alignment descending, then name.
    order.sort_by(|a, b| b.1.dtype.cmp(&a.1.dtype).then(a.0.cmp(b.0)));
    let mut offset = 0;
    let infos = order
        .iter()
        .map(|(name, part)| {
            let info = TensorInfo {
                dtype: part.dtype,
                shape: part.shape.clone(),
                data_offsets: (offset, offset + part.bytes.len()),
            };
            offset += part.bytes.len();
            ((*name).to_owned(), info)
        })
        .collect();
    sink.write_all(&header(&metadata, infos)?)?;
    for (_, part) in order {
        sink.write_all(&part.bytes)?;
    }
    Ok(())
}

/// The header of a file that will hold tensors of one type and of known shapes, whose data is streamed after it in their
/// order.
pub fn stream_headers<T: Serialize>(about: &T, dtype: Dtype, tensors: &[(&str, Vec<usize>)]) -> io::Result<Vec<u8>> {
    let about = serde_json::to_string(about).map_err(io::Error::other)?;
    let metadata = HashMap::from([(ABOUT.to_owned(), about)]);
    let mut offset = 0;
    let infos = tensors
        .iter()
        .map(|(name, shape)| {
            let end = offset + shape.iter().product::<usize>() * dtype.bitsize() / 8;
            let info = TensorInfo { dtype, shape: shape.clone(), data_offsets: (offset, end) };
            offset = end;
            ((*name).to_owned(), info)
        })
        .collect();
    header(&metadata, infos)
}

/// Eight bytes of length, then JSON padded with spaces so that the data is aligned.
fn header(metadata: &HashMap<String, String>, infos: Vec<(String, TensorInfo)>) -> io::Result<Vec<u8>> {
    let mut fields = serde_json::Map::new();
    fields.insert("__metadata__".to_owned(), serde_json::to_value(metadata).map_err(io::Error::other)?);
    for (name, info) in infos {
        fields.insert(name, serde_json::to_value(&info).map_err(io::Error::other)?);
    }
    let mut json = serde_json::to_vec(&fields).map_err(io::Error::other)?;
    // A page-aligned start lets a memory map hand out aligned rows.
    json.resize((json.len() + 8).next_multiple_of(64) - 8, b' ');
    let mut bytes = (json.len() as u64).to_le_bytes().to_vec();
    bytes.append(&mut json);
    Ok(bytes)
}

/// An open, memory-mapped safetensors file.
#[derive(Clone, Debug)]
pub struct Archive {
    map: Arc<Mmap>,
    about: String,
    tensors: HashMap<String, TensorInfo>,
    start: usize,
}

impl Archive {
    /// Opens a file that this program wrote.
    pub fn open(path: &Path) -> Result<Self, ReadError> {
        let mut archive = Self::open_foreign(path)?;
        archive.about = archive
            .header_text(path)?
            .ok_or_else(|| ReadError::new(path, "is no file of ventral's: its header has no `ventral`"))?;
        Ok(archive)
    }

    /// Opens any safetensors file, such as a network's weights.
    pub fn open_foreign(path: &Path) -> Result<Self, ReadError> {
        let file = File::open(path).map_err(|e| ReadError::new(path, e))?;
        // SAFETY: objects of the store are never changed in place; weights are read once.
        let map = unsafe { Mmap::map(&file) }.map_err(|e| ReadError::new(path, e))?;
        let (length, metadata) = SafeTensors::read_metadata(&map)
            .map_err(|e| ReadError::new(path, format!("is no safetensors file: {e}")))?;
        let tensors = metadata.tensors().into_iter().map(|(name, info)| (name, info.clone())).collect();
        Ok(Self { map: Arc::new(map), about: String::new(), tensors, start: length + 8 })
    }

    fn header_text(&self, path: &Path) -> Result<Option<String>, ReadError> {
        let (_, metadata) = SafeTensors::read_metadata(&self.map).map_err(|e| ReadError::new(path, e))?;
        Ok(metadata.metadata().as_ref().and_then(|m| m.get(ABOUT).cloned()))
    }

    /// The description that the file was written with.
    pub fn about<T: DeserializeOwned>(&self, path: &Path) -> Result<T, ReadError> {
        serde_json::from_str(&self.about)
            .map_err(|e| ReadError::new(path, format!("its description does not read: {e}")))
    }

    /// The tensors' names, sorted.
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.tensors.keys().map(String::as_str).collect();
        names.sort_unstable();
        names
    }

    /// A tensor's type, shape and bytes.
    pub fn get(&self, name: &str) -> Option<(Dtype, &[usize], &[u8])> {
        let info = self.tensors.get(name)?;
        let (from, to) = info.data_offsets;
        Some((info.dtype, &info.shape, &self.map[self.start + from..self.start + to]))
    }

    /// A tensor of 32-bit floats, borrowed from the map where it is aligned (this program's files are).
    pub fn f32(&self, name: &str) -> Option<(&[usize], Cow<'_, [f32]>)> {
        let (dtype, shape, bytes) = self.get(name)?;
        if dtype != Dtype::F32 {
            return None;
        }
        let floats = match bytemuck::try_cast_slice(bytes) {
            Ok(floats) => Cow::Borrowed(floats),
            Err(_) => Cow::Owned(bytemuck::pod_collect_to_vec(bytes)),
        };
        Some((shape, floats))
    }

    /// A tensor of 64-bit floats.
    pub fn f64(&self, name: &str) -> Option<(&[usize], Vec<f64>)> {
        let (dtype, shape, bytes) = self.get(name)?;
        if dtype != Dtype::F64 {
            return None;
        }
        Some((shape, bytemuck::pod_collect_to_vec(bytes)))
    }

    /// A tensor of unsigned 64-bit integers.
    pub fn u64(&self, name: &str) -> Option<Vec<u64>> {
        let (dtype, _, bytes) = self.get(name)?;
        (dtype == Dtype::U64)
            .then(|| bytes.chunks_exact(8).map(|b| u64::from_le_bytes(b.try_into().expect("eight bytes"))).collect())
    }
}

//! The shape of an array by its file's header alone: no number is read, so that a mistake is told before a run begins.
//!
//! Nothing is said of a file that is not there, is damaged, or whose shape only its numbers tell: whoever reads it says what is wrong.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde_json::Value as Json;

use crate::formats::array::choose;
use crate::formats::content::{self, Content};
use crate::formats::{datasets, name_of, npy};

/// Longer headers are left to the reader.
const LONGEST_HEADER: u64 = 1 << 24;

/// The shape of the array that `key` names, or of the only one, as `open::read` would give it. Such an array has no names of rows.
pub fn shape(path: &Path, key: Option<&str>) -> Option<Vec<usize>> {
    if path.is_dir() {
        return None;
    }
    match content::of(path).ok()?? {
        Content::Npy if key.is_none() => npy::shape(path).ok()?,
        Content::Npz => npy::npz_shape(path, key).ok()?,
        Content::Safetensors => safetensors(path, key),
        Content::Hdf5 => {
            let (file, key) = datasets::plain(path, key).ok()??;
            Some(file.floats(&key).ok()?.shape().to_vec())
        }
        _ => None,
    }
}

fn safetensors(path: &Path, key: Option<&str>) -> Option<Vec<usize>> {
    let mut file = File::open(path).ok()?;
    let mut length = [0; 8];
    file.read_exact(&mut length).ok()?;
    let length = u64::from_le_bytes(length);
    if length > LONGEST_HEADER {
        return None;
    }
    let mut text = vec![0; usize::try_from(length).ok()?];
    file.read_exact(&mut text).ok()?;
    let header: Json = serde_json::from_slice(&text).ok()?;
    let tensors = header.as_object()?;
    let mut names: Vec<String> = tensors.keys().filter(|name| *name != "__metadata__").cloned().collect();
    names.sort();
    let tensor = &tensors[choose(&names, key, &name_of(path)).ok()?];
    tensor.get("shape")?.as_array()?.iter().map(|side| usize::try_from(side.as_u64()?).ok()).collect()
}

#[cfg(test)]
mod tests {
    use ndarray_npy::{NpzWriter, write_npy};
    use safetensors::tensor::{Dtype, TensorView, serialize};

    use super::*;
    use crate::formats::fixtures::fixture;
    use crate::formats::open;

    #[test]
    fn a_header_says_what_the_reader_would() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let numbers = ndarray::Array3::<f32>::ones((4, 3, 2));
        write_npy(at("x.npy"), &numbers).unwrap();
        let mut archive = NpzWriter::new_compressed(File::create(at("x.npz")).unwrap());
        archive.add_array("a", &numbers).unwrap();
        archive.add_array("b", &ndarray::array![1.0_f64, 2.0]).unwrap();
        archive.finish().unwrap();
        let bytes = [0; 24];
        let view = TensorView::new(Dtype::F32, vec![2, 3], &bytes).unwrap();
        let note = std::collections::HashMap::from([("by".to_owned(), "hand".to_owned())]);
        std::fs::write(at("x.safetensors"), serialize([("x", view)], Some(note)).unwrap()).unwrap();
        let typed = fixture("types.h5");
        let asked = [
            (at("x.npy"), None),
            (at("x.npz"), Some("a")),
            (at("x.npz"), Some("b")),
            (at("x.safetensors"), None),
            (typed.clone(), Some("f32")),
            (typed, Some("deep/i16")),
        ];
        for (path, key) in asked {
            let read = open::read(&path, &open::Options { key, ..Default::default() }).unwrap();
            assert_eq!(shape(&path, key), Some(read.shape), "{} {key:?}", path.display());
            assert!(read.rows.is_none(), "{} has names", path.display());
        }
    }

    #[test]
    fn nothing_is_said_of_what_only_a_reader_can_tell() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("x.csv"), "id,a\ns,1\n").unwrap();
        std::fs::write(at("x.npy"), b"\x93NUMPY\x01\x00").unwrap();
        for name in ["x.csv", "x.npy", "none.npy", "."] {
            assert_eq!(shape(&at(name), None), None, "{name}");
        }
        write_npy(at("y.npy"), &ndarray::array![1.0_f32]).unwrap();
        assert_eq!(shape(&at("y.npy"), Some("x")), None);
        // Coordinates name an assembly's rows.
        assert_eq!(shape(&fixture("assembly.nc"), None), None);
        assert_eq!(shape(&fixture("v73.mat"), Some("responses")), None);
    }
}

//! Rows that have an array each: a folder with a file per row, as Net2Brain writes features, or a `.npz` with an array per row.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::formats::array::{Array, Order, shape_text};
use crate::formats::{name_of, npy};

/// The `key` that takes every array of a `.npz` as a row, named by its own key.
pub const EVERY: &str = "*";
const EXTENSIONS: [&str; 2] = ["npy", "npz"];

/// Reads a folder of `.npy` or `.npz` files: a row per file, in the order of their names, named by the file without its
/// extension. Of files with several arrays, `key` names the one that is meant, such as a layer.
pub fn folder(path: &Path, key: Option<&str>, id_column: Option<&str>) -> Result<Array, String> {
    let called = name_of(path);
    let files = files(path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
    if files.is_empty() {
        return Err(format!(
            "{called} is a folder without .npy or .npz files; a folder of features has one of them per stimulus"
        ));
    }
    if let Some(column) = id_column.filter(|&column| column != "none") {
        return Err(format!("{called} is a folder, whose files name the rows, so `id_column: {column}` means nothing"));
    }
    let mut rows = Rows::new(&called);
    for file in &files {
        let array = match extension(file).as_deref() {
            Some("npz") => npy::read_npz(file, key, None)?,
            _ if key.is_some() => {
                let key = key.unwrap_or_default();
                return Err(format!("{} holds one array and no names, so `key: {key}` means nothing", name_of(file)));
            }
            _ => npy::read(file, None)?,
        };
        let stem = file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        rows.push(stem, array)?;
    }
    rows.finish("files")
}

/// Reads a `.npz` whose arrays are rows, in the order of their keys, which are their names; but `arr_0`, `arr_1` and so on are no names.
pub fn archive(path: &Path) -> Result<Array, String> {
    let called = name_of(path);
    let mut rows = Rows::new(&called);
    let mut arrays = npy::read_npz_all(path)?;
    // What `np.savez(file, *list)` calls the arrays of a list: their places in it, and no names.
    let place = |key: &str| key.strip_prefix("arr_").and_then(|digits| digits.parse::<usize>().ok());
    let are_places = arrays.iter().all(|(key, _)| place(key).is_some());
    if are_places {
        arrays.sort_by_key(|(key, _)| place(key));
    }
    for (key, array) in arrays {
        rows.push(key, array)?;
    }
    let mut array = rows.finish("arrays")?;
    if are_places {
        array.rows = None;
        array.notes = vec![format!("the arrays of {called} are taken for rows without names, from `arr_0` on")];
    }
    Ok(array)
}

fn extension(path: &Path) -> Option<String> {
    path.extension().map(|extension| extension.to_string_lossy().to_lowercase())
}

/// The files of a folder that hold arrays, sorted; hidden ones and folders are left out.
fn files(path: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(path)? {
        let path = entry?.path();
        let hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if !hidden && path.is_file() && extension(&path).is_some_and(|found| EXTENSIONS.contains(&&*found)) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Rows of one shape, gathered.
struct Rows<'a> {
    called: &'a str,
    names: Vec<String>,
    known: HashSet<String>,
    /// Of every row.
    shape: Vec<usize>,
    data: Vec<f32>,
}

impl<'a> Rows<'a> {
    fn new(called: &'a str) -> Self {
        Self { called, names: Vec::new(), known: HashSet::new(), shape: Vec::new(), data: Vec::new() }
    }

    /// Adds a row; a leading axis of one, that of a batch of one picture, falls away.
    fn push(&mut self, name: String, array: Array) -> Result<(), String> {
        let Self { called, names, .. } = self;
        let shape = match &array.shape[..] {
            [1, rest @ ..] if !rest.is_empty() => rest.to_vec(),
            shape => shape.to_vec(),
        };
        match names.first() {
            None => self.shape = shape,
            Some(first) if shape != self.shape => {
                return Err(format!(
                    "`{name}` in {called} is {} but `{first}` is {}; rows have one shape",
                    shape_text(&shape),
                    shape_text(&self.shape)
                ));
            }
            Some(_) => {}
        }
        if !self.known.insert(name.clone()) {
            return Err(format!("two files in {called} are called `{name}`; names without extension tell rows apart"));
        }
        self.names.push(name);
        self.data.extend(array.data);
        Ok(())
    }

    fn finish(self, what: &str) -> Result<Array, String> {
        let shape = std::iter::once(self.names.len()).chain(self.shape).collect();
        let mut array =
            Array::new(shape, self.data, Order::RowMajor).ok_or_else(|| format!("{} holds no numbers", self.called))?;
        array.notes.push(format!(
            "the {} {what} of {} are taken for rows, named by them",
            self.names.len(),
            self.called
        ));
        array.rows = Some(self.names);
        Ok(array)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array1, Array3};
    use ndarray_npy::{NpzWriter, write_npy};

    fn npz(path: &Path, arrays: &[(&str, f32)]) {
        let mut writer = NpzWriter::new(fs::File::create(path).unwrap());
        for (key, start) in arrays {
            let array = Array3::from_shape_fn((1, 2, 2), |(_, a, b)| start + (2 * a + b) as f32);
            writer.add_array(*key, &array).unwrap();
        }
        writer.finish().unwrap();
    }

    #[test]
    fn a_folder_has_a_file_per_row_and_a_layer_in_each() {
        let folder_ = tempfile::tempdir().unwrap();
        npz(&folder_.path().join("im10.npz"), &[("conv1", 10.0), ("fc", 20.0)]);
        npz(&folder_.path().join("im2.npz"), &[("fc", 40.0), ("conv1", 30.0)]);
        fs::write(folder_.path().join(".hidden.npz"), b"x").unwrap();
        fs::write(folder_.path().join("readme.txt"), b"x").unwrap();
        let read = |key| folder(folder_.path(), key, None);
        let array = read(Some("fc")).unwrap();
        assert_eq!(array.rows.as_deref().unwrap(), ["im10", "im2"]);
        assert_eq!((array.shape, array.data), (vec![2, 2, 2], vec![20., 21., 22., 23., 40., 41., 42., 43.]));
        assert!(read(None).unwrap_err().contains("im10.npz holds 2 arrays (`conv1`, `fc`); name one with `key`"));
    }

    #[test]
    fn an_archive_has_an_array_per_row() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("fc.npz");
        npz(&path, &[("b", 5.0), ("a", 1.0)]);
        let array = archive(&path).unwrap();
        assert_eq!(array.rows.as_deref().unwrap(), ["a", "b"]);
        assert_eq!((array.shape, array.data), (vec![2, 2, 2], vec![1., 2., 3., 4., 5., 6., 7., 8.]));
    }

    #[test]
    fn arrays_of_a_list_are_rows_by_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("list.npz");
        let keys: Vec<String> = (0..12).map(|at| format!("arr_{at}")).collect();
        npz(&path, &keys.iter().zip(0_u8..).map(|(key, at)| (key.as_str(), f32::from(at) * 10.0)).collect::<Vec<_>>());
        let array = archive(&path).unwrap();
        assert_eq!(array.rows, None);
        assert_eq!(
            array.data.iter().step_by(4).copied().collect::<Vec<_>>(),
            (0..12).map(|at| at as f32 * 10.0).collect::<Vec<_>>()
        );
    }

    #[test]
    fn rows_of_other_shapes_or_the_same_name_are_refused() {
        let folder_ = tempfile::tempdir().unwrap();
        let read = || folder(folder_.path(), None, None).unwrap_err();
        assert!(read().contains("is a folder without .npy or .npz files"));
        write_npy(folder_.path().join("a.npy"), &Array1::from(vec![1.0_f32, 2.0])).unwrap();
        write_npy(folder_.path().join("b.npy"), &Array1::from(vec![1.0_f32])).unwrap();
        assert!(read().contains("`b` in") && read().ends_with("is 1 but `a` is 2; rows have one shape"), "{}", read());
        fs::remove_file(folder_.path().join("b.npy")).unwrap();
        let mut writer = NpzWriter::new(fs::File::create(folder_.path().join("a.npz")).unwrap());
        writer.add_array("x", &Array1::from(vec![3.0_f32, 4.0])).unwrap();
        writer.finish().unwrap();
        assert!(read().contains("two files in") && read().contains("are called `a`"), "{}", read());
    }
}

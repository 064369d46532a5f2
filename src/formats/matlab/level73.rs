//! MATLAB's files of version 7.3: HDF5, with arrays column by column, letters as numbers, cells as references and
//! structs as groups.

use std::collections::HashMap;

use hdf5_reader::Datatype;

use crate::formats::array::{Array, choose};
use crate::formats::hdf5::Hdf5;
use crate::formats::matlab::variable::Variable;

/// Where MATLAB keeps what cells hold.
const REFERENCES: &str = "#refs#";
/// Cells nest less deeply than this.
const DEEPEST: usize = 8;
/// What a reference to nothing is.
const NOWHERE: [u64; 2] = [0, u64::MAX];

/// Whether a dataset is MATLAB's by what is written on it.
pub fn is_matlab_s(file: &Hdf5, key: &str) -> bool {
    file.dataset(key).is_ok_and(|dataset| dataset.attribute("MATLAB_class").is_ok())
}

/// Reads an array by its path, such as `data.rates`; its axes are as MATLAB's `size` gives them.
pub fn read(file: &Hdf5, names: &[String], key: Option<&str>) -> Result<Array, String> {
    let (key, variable, rest) = find(file, names, key)?;
    let place = format!("`{key}{rest}` in {}", file.name());
    let mut array = variable.part(&rest).and_then(Variable::array).map_err(|problem| format!("{place} {problem}"))?;
    for note in &mut array.notes {
        *note = format!("`{key}{rest}` in `{}`: {note}", file.name());
    }
    Ok(array)
}

/// Reads a list of names: rows of letters, a cell array of strings, or whole numbers.
pub fn read_names(file: &Hdf5, names: &[String], key: Option<&str>) -> Result<Vec<String>, String> {
    let (key, variable, rest) = find(file, names, key)?;
    let names = variable.part(&rest).and_then(Variable::names);
    names.map_err(|problem| format!("`{key}{rest}` in {} {problem}", file.name()))
}

/// The dataset that a path begins with, what it holds, and the path's rest.
fn find(file: &Hdf5, names: &[String], key: Option<&str>) -> Result<(String, Variable, String), String> {
    let (path, rest) = match key {
        None => (choose(names, None, file.name())?.to_owned(), String::new()),
        Some(key) => {
            let end = key.find(['{', '(']).unwrap_or(key.len());
            let fields = key[..end].replace('.', "/");
            let inside: Vec<String> = names
                .iter()
                .filter_map(|name| name.strip_prefix(&format!("{fields}/")))
                .map(|name| format!("`{name}`"))
                .collect();
            if names.contains(&fields) {
                (fields, key[end..].to_owned())
            } else if !inside.is_empty() {
                let way_out =
                    format!("is a struct, of the fields {}; name one, such as `{key}.field`", inside.join(", "));
                return Err(format!("`{key}` in {} {way_out}", file.name()));
            } else {
                let dotted: Vec<String> = names.iter().map(|name| name.replace('/', ".")).collect();
                let chosen = choose(&dotted, Some(&key[..end]), file.name())?;
                (chosen.replace('.', "/"), key[end..].to_owned())
            }
        }
    };
    let mut reader = Reader { file, places: None };
    let variable = reader.variable(&path, 0)?;
    Ok((path.replace('/', "."), variable, rest))
}

struct Reader<'a> {
    file: &'a Hdf5,
    /// The paths of what cells hold, by address; listed once.
    places: Option<HashMap<u64, String>>,
}

impl Reader<'_> {
    fn variable(&mut self, path: &str, depth: usize) -> Result<Variable, String> {
        let place = format!("`{path}` in {}", self.file.name());
        let dataset = self.file.dataset(path)?;
        let mut shape: Vec<usize> = dataset.shape().iter().rev().map(|&n| n as usize).collect();
        let class =
            dataset.attribute("MATLAB_class").ok().and_then(|class| class.read_string().ok()).unwrap_or_default();
        let empty = dataset.attribute("MATLAB_empty").is_ok_and(|empty| empty.read_as_f64().is_ok_and(|x| x != 0.0));
        if let Datatype::Reference { .. } = dataset.dtype() {
            if depth > DEEPEST {
                return Err(format!("{place} holds cells in cells without end"));
            }
            let bytes = dataset.read_raw_bytes().map_err(|e| format!("{place} does not read: {e}"))?;
            let cells =
                bytes.as_chunks::<8>().0.iter().map(|&bytes| self.cell(u64::from_le_bytes(bytes), &place, depth));
            return Ok(Variable::Cells { shape, cells: cells.collect::<Result<_, _>>()? });
        }
        let (element, mut bytes) = self.file.floats(path)?.bytes()?;
        if empty {
            // The numbers of an empty array are its axes.
            let sides = element.names(&bytes).and_then(Result::ok).unwrap_or_default();
            shape = sides.iter().map(|side| side.parse().unwrap_or(0)).collect();
            bytes.clear();
            if !shape.contains(&0) {
                return Err(format!("{place} is damaged: it is said to be empty, and is {shape:?}"));
            }
        }
        if class.trim_end_matches('\0') == "char" {
            let codes = element.decode(&bytes).unwrap_or_default();
            let letter = |code: f32| char::from_u32(code as u32).unwrap_or(char::REPLACEMENT_CHARACTER);
            return Ok(Variable::Letters { shape, letters: codes.into_iter().map(letter).collect() });
        }
        Ok(Variable::Numbers { shape, element, bytes })
    }

    /// What a cell's reference leads to.
    fn cell(&mut self, address: u64, place: &str, depth: usize) -> Result<Variable, String> {
        if NOWHERE.contains(&address) {
            return Err(format!("{place} holds a cell that leads nowhere"));
        }
        if self.places.is_none() {
            self.places = Some(places(self.file)?);
        }
        let path = self.places.as_ref().and_then(|places| places.get(&address)).cloned();
        let path = path.ok_or_else(|| {
            format!("{place} holds a cell that is no array (a struct, perhaps); save a numeric array")
        })?;
        self.variable(&path, depth + 1)
    }
}

/// The datasets that cells may lead to, by address.
fn places(file: &Hdf5) -> Result<HashMap<u64, String>, String> {
    let mut places = HashMap::new();
    if let Ok(group) = file.root()?.group(REFERENCES) {
        let datasets = group.datasets().map_err(|e| format!("the cells in {} do not read: {e}", file.name()))?;
        places.extend(
            datasets
                .iter()
                .map(|dataset| (dataset.address(), format!("{REFERENCES}/{}", dataset.name().trim_start_matches('/')))),
        );
    }
    Ok(places)
}

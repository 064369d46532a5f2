//! MATLAB's files of version 4 to 7, also as SciPy's `savemat` writes them. Version 7.3 is HDF5: `level73.rs`.

pub mod cells;
mod level4;
mod level5;
pub mod level73;
mod variable;

use std::path::Path;

use crate::formats::array::{Array, choose};
use crate::formats::matlab::variable::Variable;
use crate::formats::name_of;

/// Reads an array by its path: `responses`, `data.rates`, `data.trials{3}`. Its axes are as MATLAB's `size` gives them.
pub fn read(path: &Path, key: Option<&str>) -> Result<Array, String> {
    let (name, variables) = variables(path, key)?;
    let (key, variable) = find(&variables, key, &name)?;
    let mut array = variable.array().map_err(|problem| format!("`{key}` in {name} {problem}"))?;
    for note in &mut array.notes {
        *note = format!("`{key}` in `{name}`: {note}");
    }
    Ok(array)
}

/// Reads a list of names: rows of letters, a cell array of strings, or whole numbers.
pub fn read_names(path: &Path, key: Option<&str>) -> Result<Vec<String>, String> {
    let (name, variables) = variables(path, key)?;
    let only = variables.first().filter(|_| variables.len() == 1).map(|(name, _)| name.clone());
    let key = key.map(str::to_owned).or(only);
    let (key, variable) = find(&variables, key.as_deref(), &name)?;
    variable.names().map_err(|problem| format!("`{key}` in {name} {problem}"))
}

/// The same field of every struct of an array of them, such as `RDMs.RDM`.
pub struct Each {
    /// The axes of the array of structs, those of one left out.
    pub shape: Vec<usize>,
    /// A field's array of each, the last axis running fastest.
    pub arrays: Vec<Array>,
    /// What each is called in its field `name`, where all have one.
    pub names: Option<Vec<String>>,
}

/// Reads a field of every struct of an array; nothing where `key` means something else. Without a key, the field `field` of the only
/// variable is meant.
pub fn read_each(path: &Path, key: Option<&str>, field: &str) -> Result<Option<Each>, String> {
    let (name, variables) = variables(path, key)?;
    let (variable, rest) = match (key, &variables[..]) {
        (Some(key), _) => {
            let (first, rest) = split(key);
            let Some((_, variable)) = variables.iter().find(|(name, _)| name == first) else { return Ok(None) };
            (variable, rest.to_owned())
        }
        (None, [(_, only)]) => (only, format!(".{field}")),
        (None, _) => return Ok(None),
    };
    let Variable::Structs { shape, fields } = variable else { return Ok(None) };
    let count: usize = shape.iter().product();
    let wanted = rest.strip_prefix('.').map(|rest| rest.split(['.', '{', '(']).next().unwrap_or(rest));
    if count < 2 || !wanted.is_some_and(|wanted| fields.iter().any(|(field, _)| field == wanted)) {
        return Ok(None);
    }
    let shape: Vec<usize> = shape.iter().copied().filter(|&n| n > 1).collect();
    // MATLAB's first axis runs fastest.
    let places: Vec<usize> = (0..count).map(|at| column_major(at, &shape)).collect();
    let array = |&at: &usize| {
        let part = variable.part(&format!("({}){rest}", at + 1)).and_then(Variable::array);
        part.map_err(|problem| format!("struct {} in {name} {problem}", at + 1))
    };
    let arrays = places.iter().map(array).collect::<Result<Vec<_>, String>>()?;
    let called = |&at: &usize| {
        let names = variable.part(&format!("({}).name", at + 1)).and_then(Variable::names).ok()?;
        names.into_iter().next()
    };
    Ok(Some(Each { shape, arrays, names: places.iter().map(called).collect() }))
}

/// Where an element of an array lies column by column, of which `at` is the place row by row.
fn column_major(mut at: usize, shape: &[usize]) -> usize {
    let mut indices = vec![0; shape.len()];
    for (index, length) in indices.iter_mut().zip(shape).rev() {
        *index = at % length;
        at /= length;
    }
    indices.iter().zip(shape).rev().fold(0, |place, (index, length)| place * length + index)
}

fn variables(path: &Path, key: Option<&str>) -> Result<(String, Vec<(String, Variable)>), String> {
    let bytes = std::fs::read(path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
    let name = name_of(path);
    let level_5 = bytes.starts_with(b"MATLAB") || matches!(bytes.get(126..128), Some(b"IM" | b"MI"));
    let read = |key: Option<&str>| if level_5 { level5::read(&bytes, key) } else { level4::read(&bytes) };
    let mut found = read(key.map(|key| split(key).0)).map_err(|problem| format!("{name} {problem}"))?;
    if found.is_empty() && key.is_some() {
        // What there is, for the message.
        found = read(None).map_err(|problem| format!("{name} {problem}"))?;
    }
    Ok((name, found))
}

/// A path's variable, and the rest.
fn split(key: &str) -> (&str, &str) {
    key.split_at(key.find(['.', '{', '(']).unwrap_or(key.len()))
}

fn find<'a>(
    variables: &'a [(String, Variable)],
    key: Option<&str>,
    file: &str,
) -> Result<(String, &'a Variable), String> {
    if let Some(key) = key
        && let Some((_, variable)) = variables.iter().find(|(name, _)| name == split(key).0)
    {
        let (name, rest) = split(key);
        let part = variable.part(rest).map_err(|problem| format!("`{name}` in {file} {problem}"))?;
        return Ok((key.to_owned(), part));
    }
    let arrays: Vec<String> = variables.iter().flat_map(|(name, variable)| variable.arrays(name, 0)).collect();
    let all = || variables.iter().map(|(name, _)| name.clone()).collect();
    let arrays = if arrays.is_empty() { all() } else { arrays };
    let chosen = choose(&arrays, key, file)?;
    // A damaged name may hold signs of a path.
    let (name, rest) = if variables.iter().any(|(name, _)| name == chosen) { (chosen, "") } else { split(chosen) };
    let variable = variables.iter().find(|(one, _)| one == name).map(|(_, variable)| variable.part(rest));
    match variable {
        Some(Ok(part)) => Ok((chosen.to_owned(), part)),
        _ => Err(format!("{file} is damaged: its variable `{chosen}` has a name that none has")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by SciPy: `tests/fixtures/make_mat.py`.
    fn fixture(name: &str) -> std::path::PathBuf {
        crate::formats::fixtures::fixture(name)
    }

    #[test]
    fn arrays_of_every_version_have_matlab_s_axes() {
        for file in ["level4.mat", "level5.mat", "level7.mat"] {
            let array = read(&fixture(file), Some("responses")).unwrap();
            assert_eq!(array.shape, [2, 3], "{file}");
            assert_eq!(array.data, [11.0, 12.0, 13.0, 21.0, 22.0, 23.5], "{file}");
            assert_eq!(read_names(&fixture(file), Some("words")).unwrap(), ["im2", "im10"], "{file}");
            assert_eq!(read_names(&fixture(file), Some("numbers")).unwrap(), ["3", "71515"], "{file}");
        }
    }

    #[test]
    fn every_struct_of_an_array_is_read_at_once() {
        for file in ["level5.mat", "level7.mat"] {
            let each = read_each(&fixture(file), Some("sessions.x"), "x").unwrap().unwrap();
            assert_eq!(each.shape, [2]);
            assert_eq!(each.arrays.iter().map(|array| array.data[0]).collect::<Vec<_>>(), [5.0, 6.0]);
            assert_eq!(each.names, None);
            for key in [Some("data.rates"), Some("sessions(2).x"), Some("sessions.y"), None] {
                assert!(read_each(&fixture(file), key, "x").unwrap().is_none(), "{key:?}");
            }
        }
        assert_eq!((0..6).map(|at| column_major(at, &[2, 3])).collect::<Vec<_>>(), [0, 2, 4, 1, 3, 5]);
    }

    #[test]
    fn structs_and_cells_are_found_by_path() {
        for file in ["level5.mat", "level7.mat"] {
            let data = |key: &str| read(&fixture(file), Some(key)).map(|array| (array.shape, array.data));
            assert_eq!(data("data.rates"), Ok((vec![2, 2], vec![1.0, 2.0, 3.0, 4.0])));
            assert_eq!(data("data.inner.deep"), Ok((vec![1, 1], vec![7.0])));
            assert_eq!(data("data.trials{2}"), Ok((vec![2, 3], vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0])));
            assert_eq!(data("sessions(2).x"), Ok((vec![1, 1], vec![6.0])));
            let trials = read(&fixture(file), Some("data.trials")).unwrap();
            assert_eq!(trials.shape, [2, 2, 3]);
            assert_eq!(trials.data[6..], [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
            assert_eq!(read_names(&fixture(file), Some("data.names")).unwrap(), ["a", "é", ""]);
            let error = |key: &str| read(&fixture(file), Some(key)).unwrap_err();
            assert_eq!(
                error("data"),
                format!(
                    "`data` in {file} is a struct, of the fields `rates`, `inner`, `trials`, `names`; name one with `key`"
                )
            );
            assert_eq!(
                error("data.rate"),
                format!("`data` in {file} has no field `rate`; it has `rates`, `inner`, `trials`, `names`")
            );
            assert!(error("sessions.x").contains("an array of 2 structs; say which, such as `(1).x`"));
            assert!(error("data.trials{3}").contains("has no part `{3}`"));
            assert!(error("respnses").contains("did you mean `responses`?"), "{}", error("respnses"));
            assert!(error("odd").contains("complex"));
            assert!(error("sparse").contains("full(x)"));
        }
        assert!(read(&fixture("level5.mat"), None).unwrap_err().contains("`data.inner.deep`"));
    }
}

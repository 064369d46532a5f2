//! An array or a list of names out of an HDF5 file, whoever wrote it: h5py, MATLAB (version 7.3) or xarray (NetCDF-4).

use std::path::Path;

use crate::formats::array::{Array, choose};
use crate::formats::hdf5::Hdf5;
use crate::formats::matlab::level73;
use crate::formats::netcdf;

/// Reads one dataset whole. MATLAB's axes are as its `size` gives them; of an assembly of xarray's, coordinates are names
/// along axes.
pub fn read_array(path: &Path, key: Option<&str>) -> Result<Array, String> {
    let (file, names, key) = open(path, key)?;
    if file.matlab {
        return level73::read(&file, &names, key);
    }
    if netcdf::is_assembly(&file, &names) {
        return netcdf::read(&file, &names, key);
    }
    let key = choose(&names, key, file.name())?;
    if level73::is_matlab_s(&file, key) {
        return level73::read(&file, &names, Some(key));
    }
    file.floats(key)?.read_all()
}

/// Reads a dataset of strings or whole numbers as names.
pub fn read_names(path: &Path, key: Option<&str>) -> Result<Vec<String>, String> {
    let (file, names, key) = open(path, key)?;
    if file.matlab {
        return level73::read_names(&file, &names, key);
    }
    let key = choose(&names, key, file.name())?;
    if level73::is_matlab_s(&file, key) {
        return level73::read_names(&file, &names, Some(key));
    }
    file.names(key)
}

/// The file and key of a dataset that is as HDF5 has it, neither MATLAB's nor an assembly's: it can be read in parts.
pub fn plain(path: &Path, key: Option<&str>) -> Result<Option<(Hdf5, String)>, String> {
    let (file, names, key) = open(path, key)?;
    if file.matlab || netcdf::is_assembly(&file, &names) {
        return Ok(None);
    }
    let key = choose(&names, key, file.name())?.to_owned();
    Ok((!level73::is_matlab_s(&file, &key)).then_some((file, key)))
}

/// Opens a file, and lists its datasets; where one of them stands in the way, the one that is wanted alone.
fn open<'a>(path: &Path, key: Option<&'a str>) -> Result<(Hdf5, Vec<String>, Option<&'a str>), String> {
    let file = Hdf5::open(path)?;
    let key = key.map(|key| key.trim_start_matches('/'));
    let names = file.datasets().or_else(|problem| match key.map(|key| (key, file.dataset(key))) {
        Some((key, Ok(_))) => Ok(vec![key.to_owned()]),
        Some((_, Err(problem))) => Err(problem),
        None => Err(problem),
    })?;
    Ok((file, names, key))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixture(name: &str) -> std::path::PathBuf {
        crate::formats::fixtures::fixture(name)
    }

    #[test]
    fn matlab_arrays_have_their_axes_in_matlab_s_order() {
        let array = read_array(&fixture("v73.mat"), Some("responses")).unwrap();
        assert_eq!(array.shape, [2, 3], "as MATLAB's size() says");
        assert_eq!(array.data, [11.0, 12.0, 13.0, 21.0, 22.0, 23.0]);
    }

    /// Made by h5py as MATLAB writes it: `tests/fixtures/make_assemblies.py`.
    #[test]
    fn structs_cells_and_strings_of_version_7_3_are_found_by_path() {
        let path = fixture("cells73.mat");
        let array = read_array(&path, Some("trials")).unwrap();
        assert_eq!(array.shape, [2, 2, 3]);
        assert_eq!(array.data[..2], [0.0, 2.0]);
        assert!(array.data[2].is_nan());
        assert_eq!(array.data[6..], [0.0, 2.0, 4.0, 1.0, 3.0, 5.0]);
        assert_eq!(array.notes.len(), 1, "{:?}", array.notes);
        let rates = read_array(&path, Some("data.rates")).unwrap();
        assert_eq!((rates.shape, rates.data), (vec![2, 3], vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0]));
        assert_eq!(read_array(&path, Some("trials{2}")).unwrap().shape, [3, 2]);
        assert_eq!(read_array(&path, Some("nothing")).unwrap().shape, [0, 5]);
        assert_eq!(read_names(&path, Some("names")).unwrap(), ["im2", "im10"]);
        assert_eq!(read_names(&path, Some("word")).unwrap(), ["im2"]);
        assert!(read_array(&path, Some("data")).unwrap_err().contains("is a struct, of the fields `rates`"));
        assert!(read_array(&path, Some("trails")).unwrap_err().contains("did you mean `trials`?"));
    }

    #[test]
    fn a_dataset_that_is_not_read_leaves_the_others_readable() {
        assert_eq!(read_array(&fixture("virtual.h5"), Some("plain")).unwrap().data, [0.0, 1.0, 2.0]);
        assert!(read_array(&fixture("virtual.h5"), Some("virtual")).unwrap_err().contains("is a virtual dataset"));
    }

    /// Made by xarray: `tests/fixtures/make_assemblies.py`.
    #[test]
    fn an_assembly_brings_the_names_of_its_axes() {
        let array = read_array(&fixture("assembly.nc"), None).unwrap();
        assert_eq!(array.shape, [3, 2]);
        assert_eq!(array.data[..5], [0.0, 1.0, 2.0, 3.0, 4.0]);
        assert!(array.data[5].is_nan(), "a fill value is missing");
        let names = |names: &[&str]| Some(names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>());
        assert_eq!((array.rows, array.columns), (names(&["im2", "im10", "é"]), names(&["7", "9"])));
        let mut coordinates: Vec<(&str, usize)> = array.coordinates.iter().map(|c| (c.name.as_str(), c.axis)).collect();
        coordinates.sort_unstable();
        assert_eq!(coordinates, [("neuroid_id", 1), ("region", 1), ("repetition", 0), ("stimulus_id", 0)]);
        assert_eq!(
            array.notes,
            ["`assembly.nc`: `__xarray_dataarray_variable__` is presentation × neuroid; `stimulus_id` names axis 1, \
              `neuroid_id` names axis 2"]
        );
        assert_eq!(read_names(&fixture("assembly.nc"), Some("stimulus_id")).unwrap(), ["im2", "im10", "é"]);
    }

    #[test]
    fn an_assembly_s_packed_numbers_are_unpacked_and_equal_axes_kept_apart() {
        let array = read_array(&fixture("packed.nc"), None).unwrap();
        assert_eq!((array.shape, array.data), (vec![2, 2], vec![10.0, 10.5, 11.0, 11.5]));
        assert_eq!(array.rows.unwrap(), ["b", "a"]);
        assert_eq!(array.columns.unwrap(), ["u", "v"]);
    }
}

//! NetCDF-4 files, as xarray and Brain-Score write assemblies: HDF5 in which some variables name the axes of others.
//!
//! A dimension is a dataset ("scale") that lists which axes it belongs to (`REFERENCE_LIST`). A variable along the same
//! dimension is a coordinate of that axis: so `stimulus_id` (presentation) names the rows of an array (presentation ×
//! neuroid). The convention: <https://docs.unidata.ucar.edu/netcdf-c/current/file_format_specifications.html>.

use std::collections::{BTreeSet, HashMap, HashSet};

use hdf5_reader::{Attribute, Dataset, Datatype};

use crate::formats::array::{Array, Coordinate, choose};
use crate::formats::hdf5::Hdf5;
use crate::formats::ids;

/// What xarray calls an array without a name.
const NAMELESS: &str = "__xarray_dataarray_variable__";
/// What a scale is called that is a dimension only.
const NO_VARIABLE: &str = "This is a netCDF dimension but not a netCDF variable";
/// Coordinates that name the rows or columns before all others.
const FIRST: [&str; 4] = ["stimulus_id", "image_id", "neuroid_id", "id"];

/// A dataset and what it says of itself.
struct Variable<'a> {
    name: &'a str,
    dataset: Dataset,
    is_scale: bool,
    /// Whether it is a dimension without values of its own.
    is_bare: bool,
    /// Of a scale: the datasets (by address) and axes that it belongs to.
    belongs: Vec<(u64, usize)>,
    /// The names of variables that it calls its coordinates.
    coordinates: String,
}

/// Whether a file's datasets are variables with dimensions.
pub fn is_assembly(file: &Hdf5, names: &[String]) -> bool {
    names.iter().any(|name| name == NAMELESS)
        || file.root().is_ok_and(|root| root.attribute("_NCProperties").is_ok())
        || names.iter().any(|name| file.dataset(name).is_ok_and(|dataset| dataset.attribute("_Netcdf4Dimid").is_ok()))
}

/// Reads an array with the names along its axes: the variable that is named, or the only one that is no coordinate.
pub fn read(file: &Hdf5, names: &[String], key: Option<&str>) -> Result<Array, String> {
    let variables: Vec<Variable<'_>> = names.iter().filter_map(|name| variable(file, name)).collect();
    let called: HashSet<&str> = variables.iter().flat_map(|one| one.coordinates.split_whitespace()).collect();
    let arrays: Vec<String> = match names.iter().find(|name| *name == NAMELESS) {
        Some(name) => vec![name.clone()],
        None => {
            let free = variables.iter().filter(|one| !one.is_scale && !called.contains(one.name));
            let (wide, narrow): (Vec<_>, Vec<_>) = free.partition(|one| one.dataset.ndim() > 1);
            let chosen = if wide.is_empty() { narrow } else { wide };
            chosen.into_iter().map(|one| one.name.to_owned()).collect()
        }
    };
    let key = match key {
        Some(key) => choose(names, Some(key), file.name())?,
        None => choose(&arrays, None, file.name())?,
    };
    let floats = file.floats(key)?;
    let mut array = floats.read_all()?;
    let dataset = file.dataset(key)?;
    unpack(&mut array, &dataset);
    let (dimensions, coordinates, unsure) = along(file, &dataset, key, &variables)?;
    let rows = best(&coordinates, 0);
    let columns = best(&coordinates, 1);
    let mut note = format!("`{}`: `{key}` is {}", file.name(), dimensions.join(" × "));
    for (axis, name) in [&rows, &columns].into_iter().enumerate() {
        if let Some(coordinate) = name {
            note += &format!(
                "{} `{}` names axis {}",
                if note.contains(" names ") { "," } else { ";" },
                coordinate.name,
                axis + 1
            );
        }
    }
    for name in unsure {
        note += &format!("; `{name}` is left out, since several axes have its length");
    }
    array.notes.push(note);
    array.rows = rows.map(|coordinate| coordinate.values.clone());
    array.columns = columns.map(|coordinate| coordinate.values.clone());
    array.coordinates = coordinates;
    Ok(array)
}

fn variable<'a>(file: &Hdf5, name: &'a str) -> Option<Variable<'a>> {
    let dataset = file.dataset(name).ok()?;
    let text = |attribute: &str| dataset.attribute(attribute).ok().and_then(|text| text.read_string().ok());
    let belongs = dataset.attribute("REFERENCE_LIST").map(|list| references(&list)).unwrap_or_default();
    Some(Variable {
        name,
        is_scale: text("CLASS").is_some_and(|class| class.trim_end_matches('\0') == "DIMENSION_SCALE"),
        is_bare: text("NAME").is_some_and(|name| name.starts_with(NO_VARIABLE)),
        belongs,
        coordinates: text("coordinates").unwrap_or_default(),
        dataset,
    })
}

/// The (address, axis) pairs of a scale's list of references.
fn references(list: &Attribute) -> Vec<(u64, usize)> {
    let Datatype::Compound { size, fields } = &list.datatype else { return Vec::new() };
    let [reference, axis] = &fields[..] else { return Vec::new() };
    let pair = |record: &[u8]| {
        let address = record.get(reference.byte_offset as usize..)?.first_chunk::<8>()?;
        let axis = record.get(axis.byte_offset as usize..)?.first_chunk::<4>()?;
        Some((u64::from_le_bytes(*address), u32::from_le_bytes(*axis) as usize))
    };
    list.raw_data.chunks_exact((*size).max(1) as usize).filter_map(pair).collect()
}

/// What a variable's attributes say of its numbers: which one is missing, and how they are packed.
fn unpack(array: &mut Array, dataset: &Dataset) {
    let number = |name: &str| {
        dataset.attribute(name).ok().and_then(|attribute| attribute.read_as_f64().ok()).filter(|x| x.is_finite())
    };
    let missing = [number("_FillValue"), number("missing_value")];
    let (factor, offset) = (number("scale_factor"), number("add_offset"));
    for x in &mut array.data {
        if missing.into_iter().flatten().any(|missing| missing as f32 == *x) {
            *x = f32::NAN;
        } else if factor.is_some() || offset.is_some() {
            *x = (f64::from(*x) * factor.unwrap_or(1.0) + offset.unwrap_or(0.0)) as f32;
        }
    }
}

/// The names of an array's dimensions, its coordinates, and the variables that may belong to several of its axes.
fn along<'a>(
    file: &Hdf5,
    array: &Dataset,
    key: &str,
    variables: &'a [Variable<'_>],
) -> Result<(Vec<String>, Vec<Coordinate>, Vec<&'a str>), String> {
    let shape = array.shape();
    // The axis of the array that each scale belongs to, by the scale's place.
    let mut axes: HashMap<usize, usize> = HashMap::new();
    for (at, scale) in variables.iter().enumerate() {
        let axis = scale.belongs.iter().find(|(address, _)| *address == array.address()).map(|(_, axis)| *axis);
        axes.extend(axis.filter(|&axis| axis < shape.len()).map(|axis| (at, axis)));
    }
    let mut dimensions: Vec<String> = (0..shape.len()).map(|axis| format!("axis {}", axis + 1)).collect();
    for (&at, &axis) in &axes {
        dimensions[axis] = variables[at].name.to_owned();
    }
    let (mut coordinates, mut unsure) = (Vec::new(), Vec::new());
    for (at, one) in variables.iter().enumerate() {
        if one.is_bare || one.name == key || one.dataset.ndim() != 1 {
            continue;
        }
        let by_scale = axes.get(&at).copied().or_else(|| {
            let shared =
                axes.iter().find(|(scale, _)| variables[**scale].belongs.contains(&(one.dataset.address(), 0)));
            shared.map(|(_, axis)| *axis)
        });
        let length = one.dataset.shape()[0];
        let fitting: Vec<usize> = (0..shape.len()).filter(|&axis| shape[axis] == length).collect();
        let axis = match (by_scale, axes.is_empty(), &fitting[..]) {
            (Some(axis), ..) => axis,
            // Without dimensions, as some programs write, lengths decide where they can.
            (None, true, &[axis]) => axis,
            (None, true, [_, _, ..]) => {
                unsure.push(one.name);
                continue;
            }
            _ => continue,
        };
        let Some(values) = values(file, one)? else { continue };
        coordinates.push(Coordinate { name: one.name.to_owned(), axis, values });
    }
    Ok((dimensions, coordinates, unsure))
}

/// A coordinate's values as texts; `None` where they are neither strings nor numbers.
fn values(file: &Hdf5, variable: &Variable<'_>) -> Result<Option<Vec<String>>, String> {
    match variable.dataset.dtype() {
        Datatype::String { .. } | Datatype::VarLen { .. } => file.strings(variable.name).map(Some),
        _ => match file.floats(variable.name) {
            Err(_) => Ok(None),
            Ok(_) => Ok(Some(match file.names(variable.name) {
                Ok(names) => names,
                Err(_) => file.floats(variable.name)?.read_all()?.data.iter().map(ToString::to_string).collect(),
            })),
        },
    }
}

/// The coordinate that names an axis: called like names, and of which no two are alike; of a stimulus shown again and
/// again, also one of which some are.
fn best(coordinates: &[Coordinate], axis: usize) -> Option<&Coordinate> {
    let distinct = |one: &Coordinate| one.values.iter().collect::<BTreeSet<_>>().len() == one.values.len();
    let counts = |one: &Coordinate| one.values.iter().enumerate().all(|(at, name)| name.parse() == Ok(at));
    let able: Vec<&Coordinate> =
        coordinates.iter().filter(|one| one.axis == axis && ids::is_heading(&one.name)).collect();
    let of_stimuli = |one: &&&Coordinate| one.name.starts_with("stimulus") || one.name.starts_with("image");
    let alike = || able.iter().find(|one| FIRST.contains(&one.name.as_str()) && of_stimuli(one));
    let first = FIRST.iter().find_map(|first| able.iter().find(|one| one.name == *first && distinct(one)));
    let any = || able.iter().find(|one| distinct(one) && !counts(one));
    first.or_else(alike).or_else(any).copied()
}

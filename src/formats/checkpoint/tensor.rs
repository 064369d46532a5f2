//! A pickled tensor: a view of a storage, checked against the bytes that are there.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::formats::checkpoint::state::Found;
use crate::formats::checkpoint::values::{Id, Storage, Tensor, Value, Values};
use crate::formats::element::Element;

/// A tensor that lies within its file.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed {
    pub element: Element,
    pub shape: Vec<usize>,
    /// Elements from one entry to the next, along each axis.
    pub strides: Vec<usize>,
    /// From its first element to its last, in the file.
    pub bytes: Range<usize>,
}

/// A state dict whose tensors lie within their file.
#[derive(Debug)]
pub struct Group {
    /// The keys that lead to it, with dots between them; empty for the whole.
    pub key: String,
    /// Whether it is the one that files of this make are about.
    pub is_main: bool,
    /// Its tensors by name, or what is wrong with one of them, as it reads on from the file's name.
    pub tensors: Result<BTreeMap<String, Placed>, String>,
}

/// What a file of tensors holds.
#[derive(Debug)]
pub struct Contents {
    /// At least one; the main one first, where there is one.
    pub groups: Vec<Group>,
    /// Python's objects that it names beside its tensors, which were passed over.
    pub skipped: Vec<String>,
}

/// Bytes of the widest number.
const LARGEST_NUMBER: usize = 16;
/// torch's own limit.
const MOST_AXES: usize = 64;

impl Tensor {
    /// Its storage.
    pub fn storage<'v, 'a>(&self, values: &'v Values<'a>) -> Result<&'v Storage<'a>, String> {
        match values.get(self.storage) {
            Value::Storage(storage) => Ok(storage),
            _ => Err("has no storage".to_owned()),
        }
    }

    /// Checks it against the bytes of its storage, a range of the file. The problem reads on from the tensor's name.
    pub fn place(&self, values: &Values<'_>, file: &Range<usize>) -> Result<Placed, String> {
        let storage = self.storage(values)?;
        let number = self.number.or(storage.number).ok_or("has no type")?;
        let element = number.element.ok_or_else(|| {
            format!("is of {}, which is no plain number; weights are floats of 16, 32 or 64 bits", number.name)
        })?;
        let shape = axes(values, self.shape, "shape")?;
        let strides = axes(values, self.strides, "strides")?;
        if shape.len() != strides.len() {
            return Err(format!("has {} axes but {} strides", shape.len(), strides.len()));
        }
        let Value::Whole(offset) = *values.get(self.offset) else { return Err("has no offset".to_owned()) };
        let beyond = || {
            format!(
                "lies outside its storage: shape {shape:?}, strides {strides:?}, offset {offset}, in {} bytes",
                file.len()
            )
        };
        let offset = usize::try_from(offset).map_err(|_| beyond())?;
        let skipped = usize::try_from(storage.skipped).map_err(|_| beyond())?;
        let first = skipped.checked_mul(storage.unit()).zip(offset.checked_mul(number.size));
        let first = first.and_then(|(skipped, offset)| skipped.checked_add(offset)).ok_or_else(beyond)?;
        let length = extent(&shape, &strides).and_then(|extent| extent.checked_mul(number.size)).ok_or_else(beyond)?;
        let last = first.checked_add(length).filter(|&last| last <= file.len()).ok_or_else(beyond)?;
        let element = Element::little(element, number.size);
        Ok(Placed { element, shape, strides, bytes: file.start + first..file.start + last })
    }
}

/// Checks every tensor of some state dicts against its storage's bytes, which `locate` finds in the file by the storage and
/// its key. What is wrong with the main one is an error; what is wrong with another stands in its place.
pub fn place_all<'a>(
    values: &Values<'a>,
    found: Vec<Found>,
    mut locate: impl FnMut(&Storage<'a>, &'a str) -> Result<Range<usize>, String>,
) -> Result<Vec<Group>, String> {
    let mut groups = Vec::with_capacity(found.len());
    for Found { key, is_main, tensors } in found {
        let placed = place_each(values, tensors, &mut locate);
        if let (true, Err(problem)) = (is_main, &placed) {
            return Err(problem.clone());
        }
        groups.push(Group { key, is_main, tensors: placed });
    }
    if let [Group { tensors: Err(problem), .. }] = groups.as_slice() {
        return Err(problem.clone());
    }
    Ok(groups)
}

fn place_each<'a>(
    values: &Values<'a>,
    tensors: BTreeMap<String, Tensor>,
    locate: &mut impl FnMut(&Storage<'a>, &'a str) -> Result<Range<usize>, String>,
) -> Result<BTreeMap<String, Placed>, String> {
    let mut placed = BTreeMap::new();
    for (name, tensor) in tensors {
        let own = |problem| format!("is damaged: tensor {name} {problem}");
        let storage = tensor.storage(values).map_err(own)?;
        let file = locate(storage, storage.key)?;
        let tensor = tensor.place(values, &file).map_err(|problem| format!("holds tensor {name}, which {problem}"))?;
        placed.insert(name, tensor);
    }
    Ok(placed)
}

/// Elements from the first to the last, both included; none where that is beyond all memory.
fn extent(shape: &[usize], strides: &[usize]) -> Option<usize> {
    // Its size must be one that memory can have, though strides of 0 may repeat one element all along.
    let count = shape.iter().try_fold(1_usize, |count, &side| count.checked_mul(side.max(1)))?;
    count.checked_mul(LARGEST_NUMBER).filter(|&bytes| isize::try_from(bytes).is_ok())?;
    if shape.contains(&0) {
        return Some(0);
    }
    let reaches = shape.iter().zip(strides).map(|(side, stride)| (side - 1).checked_mul(*stride));
    reaches.into_iter().try_fold(1_usize, |sum, reach| sum.checked_add(reach?))
}

fn axes(values: &Values<'_>, id: Id, what: &str) -> Result<Vec<usize>, String> {
    let wrong = || format!("has a {what} that is no list of sizes");
    let (Value::Tuple(items) | Value::List(items)) = values.get(id) else { return Err(wrong()) };
    if items.len() > MOST_AXES {
        return Err(format!("has {} axes, more than any tensor", items.len()));
    }
    let side = |&id: &Id| match *values.get(id) {
        Value::Whole(side) => usize::try_from(side).map_err(|_| wrong()),
        _ => Err(wrong()),
    };
    items.iter().map(side).collect()
}

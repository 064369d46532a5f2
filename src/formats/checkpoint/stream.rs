//! What `torch.save` wrote before version 1.6, and writes still when asked: pickles in a row, then the storages.
//!
//! A magic number, the format's version, facts about the machine, the object, the storages' keys; then for each key
//! eight bytes of its count and the numbers.

use std::collections::HashMap;
use std::ops::Range;

use crate::formats::checkpoint::pickle;
use crate::formats::checkpoint::state;
use crate::formats::checkpoint::tensor::{Contents, place_all};
use crate::formats::checkpoint::values::{Storage, Value, Values};

/// 0x1950a86a20f9469cfc6c, little-endian.
const MAGIC: [u8; 10] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];
const VERSION: i64 = 1001;

/// Reads such a file's bytes.
pub fn read(bytes: &[u8]) -> Result<Contents, String> {
    let mut at = 0;
    let mut next = || {
        let values = pickle::read(&bytes[at..])?;
        at += values.length;
        Ok::<_, String>(values)
    };
    let magic = next()?;
    if !matches!(magic.get(magic.root), Value::Long(number) if *number == MAGIC) {
        return Err("is a pickle, but none of torch.save's".to_owned());
    }
    let version = next()?;
    if !matches!(version.get(version.root), Value::Whole(VERSION)) {
        return Err("is of another version of torch's format than 1001".to_owned());
    }
    let machine = next()?;
    if let Value::Dict(facts) = machine.get(machine.root)
        && let Some(little) = machine.entry(facts, "little_endian")
        && matches!(machine.get(little), Value::Truth(false))
    {
        return Err("was written on a big-endian machine; only little-endian files are read".to_owned());
    }
    let values = next()?;
    let keys = next()?;
    let ranges = storages(bytes, at, &values, &keys)?;
    let found = state::groups(&values)?;
    let groups = place_all(&values, found, |_: &Storage<'_>, key| {
        ranges.get(key).cloned().ok_or_else(|| format!("is damaged: it holds no storage `{key}`"))
    })?;
    Ok(Contents { groups, skipped: state::skipped(&values) })
}

/// Where each storage's numbers lie; they begin at a place in the file.
fn storages<'a>(
    bytes: &[u8],
    mut at: usize,
    values: &Values<'a>,
    keys: &Values<'a>,
) -> Result<HashMap<&'a str, Range<usize>>, String> {
    let units: HashMap<&str, usize> = values
        .iter()
        .filter_map(|value| match value {
            Value::Storage(storage) => Some((storage.key, storage.unit())),
            _ => None,
        })
        .collect();
    let Value::List(list) = keys.get(keys.root) else {
        return Err("is damaged: it does not list its storages".to_owned());
    };
    let mut ranges = HashMap::new();
    for &key in list {
        let Value::Text(key) = *keys.get(key) else {
            return Err("is damaged: a storage's key is no text".to_owned());
        };
        let unit = *units.get(key).ok_or_else(|| format!("is damaged: no tensor is of its storage `{key}`"))?;
        let rest = &bytes[at..];
        let truncated = |count: u64| {
            format!("is truncated: storage `{key}` is said to have {count} numbers, but {} bytes are left", rest.len())
        };
        let (count, rest) = rest.split_first_chunk().ok_or_else(|| truncated(0))?;
        let count = u64::from_le_bytes(*count);
        let length = usize::try_from(count).ok().and_then(|count| count.checked_mul(unit));
        let length = length.filter(|&length| length <= rest.len()).ok_or_else(|| truncated(count))?;
        ranges.insert(key, at + 8..at + 8 + length);
        at += 8 + length;
    }
    Ok(ranges)
}

//! The state dicts of an unpickled object: itself, those within a checkpoint of training, or a module's own tensors.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::formats::checkpoint::global;
use crate::formats::checkpoint::values::{Id, Tensor, Value, Values};

/// Under which keys people keep a state dict, the likelier first.
const WRAPPERS: [&str; 9] =
    ["state_dict", "model_state_dict", "model_state", "model", "net", "network", "module", "weights", "params"];
/// How deep wrappers, and modules of TorchScript, lie in one another.
const DEEPEST: usize = 32;
/// More dictionaries within dictionaries than any checkpoint has; shared ones count as often as they are reached.
const MOST_WRAPPERS: usize = 10_000;
/// More modules and tensors than any network has.
const MOST_NAMES: usize = 100_000;
/// How many keys down other state dicts than the likeliest are looked for, and how many entries are looked at.
const LEVELS: usize = 3;
const MOST_ENTRIES: usize = 1 << 20;
/// How an optimiser's key begins.
const OPTIMISER: &str = "optim";
/// How many keys an error names.
const NAMED: usize = 8;

/// A state dict within a pickle.
#[derive(Debug)]
pub struct Found {
    /// The keys that lead to it, with dots between them; empty for the whole.
    pub key: String,
    /// Whether it is the one that files of this make are about.
    pub is_main: bool,
    pub tensors: BTreeMap<String, Tensor>,
}

/// The state dicts of a pickle, the one that it is about first, where it says which. The problem reads on from the file's
/// name.
pub fn groups(values: &Values<'_>) -> Result<Vec<Found>, String> {
    let main = main(values, values.root, 0, &mut 0)?;
    let mut found: Vec<Found> = main.into_iter().collect();
    let taken = found.first().map(|main| main.key.clone());
    found.extend(every(values).into_iter().filter(|other| Some(&other.key) != taken.as_ref()));
    if found.is_empty() { Err(none(values)) } else { Ok(found) }
}

/// Why there is no state dict.
fn none(values: &Values<'_>) -> String {
    let skipped = values.iter().find_map(|value| match value {
        Value::Skipped(module, name) if !global::is_machinery(module) => Some((module, name)),
        _ => None,
    });
    match (values.get(values.root), skipped) {
        (_, Some((module, name))) => global::refused(module, name),
        (Value::Dict(entries), None) => {
            let keys: Vec<&str> = entries.iter().filter_map(|&(key, _)| text(values, key)).collect();
            let more = if keys.len() > NAMED { ", …" } else { "" };
            let keys = if keys.is_empty() { "none".to_owned() } else { keys[..keys.len().min(NAMED)].join(", ") };
            format!(
                "holds no state dict, neither at its top nor under {}; its keys are {keys}{more}",
                WRAPPERS.join(", ")
            )
        }
        _ => "holds no state dict: a dictionary of tensors by name".to_owned(),
    }
}

/// The objects that were passed over, each once, in the order in which the pickle names them.
pub fn skipped(values: &Values<'_>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let named = values.iter().filter_map(|value| match value {
        Value::Skipped(module, name) if !global::is_machinery(module) => Some((*module, *name)),
        _ => None,
    });
    named.filter(|name| seen.insert(*name)).map(|(module, name)| global::shown(module, name)).collect()
}

/// The state dict that a value is, or wraps under the likeliest of its keys.
fn main(values: &Values<'_>, id: Id, depth: usize, looked: &mut usize) -> Result<Option<Found>, String> {
    *looked += 1;
    if *looked > MOST_WRAPPERS {
        return Err(format!("has more than {MOST_WRAPPERS} dictionaries in one another, and no tensors in them"));
    }
    match values.get(id) {
        Value::Module(..) => {
            let mut tensors = BTreeMap::new();
            attributes(values, id, "", 0, &mut 0, &mut tensors)?;
            Ok(Some(tensors).filter(|tensors| !tensors.is_empty()).map(whole))
        }
        Value::Dict(entries) if depth < DEEPEST => {
            // Checkpoints may keep a tensor or two beside the state dict (the best accuracy), so wrappers come first.
            for wrapper in WRAPPERS {
                let Some(inner) = values.entry(entries, wrapper) else { continue };
                if let Some(found) = main(values, inner, depth + 1, looked)? {
                    return Ok(Some(Found { key: join(wrapper, &found.key), ..found }));
                }
            }
            let tensors = direct(values, entries);
            Ok(Some(tensors).filter(|tensors| !tensors.is_empty()).map(whole))
        }
        _ => Ok(None),
    }
}

fn whole(tensors: BTreeMap<String, Tensor>) -> Found {
    Found { key: String::new(), is_main: true, tensors }
}

/// A dictionary's own tensors.
fn direct(values: &Values<'_>, entries: &[(Id, Id)]) -> BTreeMap<String, Tensor> {
    let named = entries.iter().filter_map(|&(key, value)| match values.get(value) {
        Value::Tensor(tensor) => Some((text(values, key)?.to_owned(), *tensor)),
        _ => None,
    });
    named.collect()
}

/// Every dictionary of tensors, and every module, at the top and some keys down; optimisers' are left out, which keep a
/// tensor per parameter too.
fn every(values: &Values<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    let mut queue = VecDeque::from([(values.root, String::new(), 0)]);
    let mut spent = 0;
    while let Some((id, key, depth)) = queue.pop_front() {
        spent += 1;
        let tensors = match values.get(id) {
            Value::Dict(entries) => {
                spent += entries.len();
                if depth < LEVELS {
                    // Of equal keys the last counts.
                    let inner: BTreeMap<&str, Id> = entries
                        .iter()
                        .filter(|(_, value)| matches!(values.get(*value), Value::Dict(_) | Value::Module(..)))
                        .filter_map(|&(name, value)| Some((text(values, name)?, value)))
                        .filter(|(name, _)| !name.starts_with(OPTIMISER))
                        .collect();
                    queue.extend(inner.into_iter().map(|(name, value)| (value, join(&key, name), depth + 1)));
                }
                direct(values, entries)
            }
            Value::Module(..) => {
                let (mut seen, mut tensors) = (0, BTreeMap::new());
                let read = attributes(values, id, "", 0, &mut seen, &mut tensors);
                spent += seen;
                if read.is_ok() { tensors } else { BTreeMap::new() }
            }
            _ => BTreeMap::new(),
        };
        if !tensors.is_empty() {
            found.push(Found { key, is_main: false, tensors });
        }
        if spent > MOST_ENTRIES {
            break;
        }
    }
    found
}

/// A key and one within it.
fn join(outer: &str, inner: &str) -> String {
    if outer.is_empty() || inner.is_empty() { format!("{outer}{inner}") } else { format!("{outer}.{inner}") }
}

/// A module's tensors and those of the modules in it, named by the path. tch writes `|` for the dots of a name.
fn attributes(
    values: &Values<'_>,
    module: Id,
    path: &str,
    depth: usize,
    seen: &mut usize,
    found: &mut BTreeMap<String, Tensor>,
) -> Result<(), String> {
    if depth > DEEPEST {
        return Err(format!("has modules more than {DEEPEST} deep; does one hold itself?"));
    }
    let Value::Module(_, Some(state)) = *values.get(module) else { return Ok(()) };
    let Value::Dict(entries) = values.get(state) else { return Ok(()) };
    for &(key, value) in entries {
        let Some(key) = text(values, key) else { continue };
        let name = || format!("{path}{}", key.replace('|', "."));
        match values.get(value) {
            Value::Tensor(tensor) => drop(found.insert(name(), *tensor)),
            Value::Module(..) => attributes(values, value, &format!("{}.", name()), depth + 1, seen, found)?,
            _ => continue,
        }
        *seen += 1;
        if *seen > MOST_NAMES {
            return Err(format!("has more than {MOST_NAMES} modules and tensors"));
        }
    }
    Ok(())
}

fn text<'a>(values: &Values<'a>, id: Id) -> Option<&'a str> {
    match *values.get(id) {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

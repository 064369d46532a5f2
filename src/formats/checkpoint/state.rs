//! Which tensors an unpickled object means: a state dict, one within a checkpoint of training, or a module's own.

use std::collections::BTreeMap;

use crate::formats::checkpoint::values::{Id, Tensor, Value, Values};

/// Under which keys people keep a state dict, the likelier first.
const WRAPPERS: [&str; 9] =
    ["state_dict", "model_state_dict", "model_state", "model", "net", "network", "module", "weights", "params"];
/// How deep wrappers, and modules of TorchScript, lie in one another.
const DEEPEST: usize = 32;
/// More modules and tensors than any network has.
const MOST_NAMES: usize = 100_000;
/// How many keys an error names.
const NAMED: usize = 8;

/// The tensors by name. The problem reads on from the file's name.
pub fn tensors(values: &Values<'_>) -> Result<BTreeMap<String, Tensor>, String> {
    let found = state_dict(values, values.root, 0)?;
    found.ok_or_else(|| match values.get(values.root) {
        Value::Dict(entries) => {
            let keys: Vec<&str> = entries.iter().filter_map(|&(key, _)| text(values, key)).collect();
            let more = if keys.len() > NAMED { ", …" } else { "" };
            let keys = if keys.is_empty() { "none".to_owned() } else { keys[..keys.len().min(NAMED)].join(", ") };
            format!(
                "holds no state dict, neither at its top nor under {}; its keys are {keys}{more}",
                WRAPPERS.join(", ")
            )
        }
        _ => "holds no state dict: a dictionary of tensors by name".to_owned(),
    })
}

/// The state dict that a value is or wraps.
fn state_dict(values: &Values<'_>, id: Id, depth: usize) -> Result<Option<BTreeMap<String, Tensor>>, String> {
    match values.get(id) {
        Value::Module(..) => {
            let mut found = BTreeMap::new();
            attributes(values, id, "", 0, &mut 0, &mut found)?;
            Ok(Some(found).filter(|found| !found.is_empty()))
        }
        Value::Dict(entries) if depth < DEEPEST => {
            // Checkpoints may keep a tensor or two beside the state dict (the best accuracy), so wrappers come first.
            for wrapper in WRAPPERS.iter().filter_map(|wrapper| values.entry(entries, wrapper)) {
                let inner = state_dict(values, wrapper, depth + 1)?;
                if inner.is_some() {
                    return Ok(inner);
                }
            }
            let named = entries.iter().filter_map(|&(key, value)| match values.get(value) {
                Value::Tensor(tensor) => Some((text(values, key)?.to_owned(), *tensor)),
                _ => None,
            });
            let found: BTreeMap<String, Tensor> = named.collect();
            Ok(Some(found).filter(|found| !found.is_empty()))
        }
        _ => Ok(None),
    }
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

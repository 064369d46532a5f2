//! One node of a recipe, read and checked as far as it stands alone.

use std::collections::HashMap;

use crate::device::Device;
use crate::diagnostic::{Problems, quoted};
use crate::kind::Limits;
use crate::recipe::lower::heads::{Head, Heads};
use crate::recipe::lower::limits;
use crate::recipe::lower::params;
use crate::recipe::lower::params::{Params, Site};
use crate::recipe::lower::ports;
use crate::recipe::lower::ports::Slot;
use crate::recipe::lower::suggest::suggest;
use crate::recipe::lower::variables::Variables;
use crate::recipe::syntax::tree::{Entry, Tree, Value};
use crate::recipe::wording;

/// What a node may have.
const KEYS: [&str; 7] = ["kind", "in", "with", "about", "device", "keep", "resources"];

/// A node whose own parts are checked; its edges wait for the variants of what it reads.
pub struct Draft<'t> {
    /// The swept variables that it uses itself, ascending.
    pub uses: Vec<usize>,
    pub params: Params,
    pub slots: Vec<Slot<'t>>,
    pub about: Option<&'t Tree>,
    pub device: Device,
    pub keep: bool,
    pub limits: Limits,
}

impl<'t> Draft<'t> {
    /// Checks a node's own parts.
    pub fn read(head: &Head<'t>, heads: &Heads<'t>, seed: u64, variables: &Variables, problems: &mut Problems) -> Self {
        let entry = |key: &str| head.body.iter().find(|entry| entry.key == key);
        for entry in head.body.iter().filter(|entry| !KEYS.contains(&entry.key.as_str())) {
            unknown(head, entry, problems);
        }
        let kind_place = entry("kind").map_or(&head.place, |kind| &kind.value.place).clone();
        let mut uses = Vec::new();
        let (params, slots) = match head.kind {
            Some(kind) => {
                let site = Site { with: entry("with"), otherwise: kind_place.clone(), seed };
                let params = params::check(kind, &site, variables, problems);
                (params, ports::read(kind, entry("in"), &kind_place, heads, variables, problems))
            }
            None => {
                // Without a kind nothing tells what is right, but a missing variable is wrong anyway.
                for entry in [entry("in"), entry("with")].into_iter().flatten() {
                    uses.extend(variables.check(&entry.value, problems).swept);
                }
                (Params { uses: Vec::new(), by_row: HashMap::new() }, Vec::new())
            }
        };
        uses.extend(params.uses.iter().chain(slots.iter().flat_map(Slot::uses)));
        let about = entry("about").map(|entry| &entry.value);
        if let Some(about) = about {
            uses.extend(variables.check(about, problems).swept);
            if matches!(about.value, Value::List(_) | Value::Map(_)) {
                problems.error(about.place.clone(), format!("`about` is {}; it is a text", about.describe()));
            }
        }
        uses.sort_unstable();
        uses.dedup();
        let device = entry("device").and_then(|entry| read_device(entry, variables, problems)).unwrap_or_default();
        let keep = entry("keep").and_then(|entry| read_keep(entry, variables, problems)).unwrap_or(true);
        let limits = entry("resources").map_or(Limits::default(), |entry| limits::read(entry, variables, problems));
        Self { uses, params, slots, about, device, keep, limits }
    }
}

fn unknown(head: &Head<'_>, entry: &Entry, problems: &mut Problems) {
    let name = &entry.key;
    let problem = problems.error(entry.place.clone(), format!("a node has no key {}", quoted(name)));
    match head.kind {
        Some(kind) if kind.param_schemas().any(|(param, _)| param == name) => {
            problem.help(format!("`{name}` is a parameter of {}: it belongs under `with:`", kind.name));
        }
        Some(kind) if kind.input(name).is_some() => {
            problem.help(format!("`{name}` is an input port of {}: it belongs under `in:`", kind.name));
        }
        _ => {
            let other_tools_word = match name.as_str() {
                "input" | "inputs" => Some("in"),
                "args" | "options" | "param" | "parameters" | "params" => Some("with"),
                "type" => Some("kind"),
                _ => None,
            };
            match other_tools_word {
                Some(word) => {
                    problem.help(format!("did you mean `{word}`?"));
                }
                None if name == "<<" => {
                    problem.help("merge keys are not read; an alias stands for a whole value, as in `with: *base`");
                }
                None => suggest(problem, name, KEYS.into_iter(), "a node has"),
            }
        }
    }
}

fn read_device(entry: &Entry, variables: &Variables, problems: &mut Problems) -> Option<Device> {
    if !variables.check_fixed(&entry.value, problems) {
        return None;
    }
    let value = variables.expand(&entry.value, &[])?;
    match value.as_str().map(str::parse) {
        Some(Ok(device)) => return Some(device),
        Some(Err(message)) => problems.error(entry.value.place.clone(), message),
        None => problems.error(entry.place.clone(), format!("`device` is {}; it is a text", wording::given(&value))),
    };
    None
}

fn read_keep(entry: &Entry, variables: &Variables, problems: &mut Problems) -> Option<bool> {
    if !variables.check_fixed(&entry.value, problems) {
        return None;
    }
    let value = variables.expand(&entry.value, &[])?;
    if !value.is_boolean() {
        problems.error(entry.place.clone(), format!("`keep` is {}; it is `true` or `false`", wording::given(&value)));
    }
    value.as_bool()
}

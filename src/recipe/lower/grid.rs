//! The section `sweep`: a grid of values, or chosen combinations.

use std::collections::HashMap;
use std::ops::Range;

use serde_json::Value as Json;

use crate::diagnostic::{Problems, quoted};
use crate::recipe::lower::settings::Settings;
use crate::recipe::lower::sweep::{MAX_VARIANTS, Sweep, Swept, repeated, wrong_value};
use crate::recipe::lower::variables::Variables;
use crate::recipe::syntax::tree::{Entry, Tree, Value};
use crate::recipe::wording;

/// More swept variables than this make no table that anybody reads.
const MAX_SWEPT: usize = 32;

/// The names that a sweep sweeps.
pub fn names(sweep: &Tree) -> Vec<&str> {
    match &sweep.value {
        Value::Map(entries) => entries.iter().map(|entry| entry.key.as_str()).collect(),
        Value::List(items) => items.iter().flat_map(names).collect(),
        Value::Scalar(_) => Vec::new(),
    }
}

/// Reads the section `sweep`; its variables become known.
pub fn read(entry: &Entry, variables: &mut Variables, settings: &mut Settings, problems: &mut Problems) -> Sweep {
    match &entry.value.value {
        Value::Scalar(Json::Null) => Sweep::default(),
        Value::Map(entries) => read_grid(entries, variables, settings, problems),
        Value::List(items) => read_chosen(items, variables, settings, problems),
        Value::Scalar(_) => {
            problems
                .error(entry.place.clone(), format!("`sweep` is {}; it is a map of lists", entry.value.describe()))
                .help("as in `sweep: { layer: [layer1, layer2] }`, or a list of maps for chosen combinations");
            Sweep::default()
        }
    }
}

fn read_grid(entries: &[Entry], variables: &mut Variables, settings: &mut Settings, problems: &mut Problems) -> Sweep {
    let mut swept = Vec::new();
    for Entry { key, place, value } in entries {
        variables.declare(key, place, problems);
        if swept.len() == MAX_SWEPT {
            problems.error(place.clone(), format!("a recipe sweeps at most {MAX_SWEPT} variables"));
            break;
        }
        let values = match settings.take(key) {
            Some(setting) => setting.swept(problems),
            None => read_values(key, place, value, variables, problems),
        };
        swept.push(Swept::new(key, values));
    }
    Sweep::grid(swept)
}

/// The values of one variable of a grid; nothing where they are wrong.
fn read_values(
    name: &str,
    place: &Range<usize>,
    tree: &Tree,
    variables: &Variables,
    problems: &mut Problems,
) -> Vec<Json> {
    if !variables.check_fixed(tree, problems) {
        return Vec::new();
    }
    let values = match variables.expand(tree, &[]) {
        Some(Json::Array(values)) => values,
        None => return Vec::new(),
        Some(other) => {
            let what = wording::given(&other);
            problems
                .error(place.clone(), format!("`{name}` is swept over {what}; a sweep has a list of values"))
                .help(format!("as in `{name}: [layer1, layer2]`; a variable with one value belongs under `vars:`"));
            return Vec::new();
        }
    };
    if values.is_empty() {
        problems.error(place.clone(), format!("`{name}` is swept over no values"));
    }
    let place_of = |at: usize| match &tree.value {
        Value::List(items) => items[at].place.clone(),
        _ => tree.place.clone(),
    };
    for (at, value) in values.iter().enumerate() {
        if let Some(problem) = wrong_value(name, value) {
            problems.error(place_of(at), problem);
        }
    }
    for (at, twice) in repeated(&values) {
        problems.error(place_of(at), format!("{} stands twice in the sweep of `{name}`", quoted(&twice)));
    }
    values
}

fn read_chosen(items: &[Tree], variables: &mut Variables, settings: &mut Settings, problems: &mut Problems) -> Sweep {
    let mut maps: Vec<(&Tree, &[Entry])> = Vec::new();
    for item in items {
        match &item.value {
            Value::Map(entries) => maps.push((item, entries)),
            _ => {
                problems
                    .error(
                        item.place.clone(),
                        format!("a combination is a map of names and values, not {}", item.describe()),
                    )
                    .help("as in `sweep: [{ layer: layer1, components: 100 }, { layer: layer2, components: 500 }]`");
            }
        }
    }
    let mut names: Vec<&str> = Vec::new();
    for entry in maps.iter().flat_map(|(_, entries)| entries.iter()) {
        if !names.contains(&entry.key.as_str()) {
            variables.declare(&entry.key, &entry.place, problems);
            if names.len() == MAX_SWEPT {
                problems.error(entry.place.clone(), format!("a recipe sweeps at most {MAX_SWEPT} variables"));
                return Sweep::default();
            }
            names.push(&entry.key);
        }
    }
    let set: Vec<Option<Vec<Json>>> =
        names.iter().map(|name| settings.take(name).map(|setting| setting.swept(problems))).collect();
    let mut columns: Vec<Column> = names.iter().map(|_| Column::default()).collect();
    let mut chosen: Vec<Vec<usize>> = Vec::new();
    for (map, entries) in maps {
        let mut rows: Vec<Vec<usize>> = vec![Vec::new()];
        for (at, name) in names.iter().enumerate() {
            let values = match &set[at] {
                Some(values) => values.clone(),
                None => chosen_value(name, map, entries, variables, problems).into_iter().collect(),
            };
            let indices: Vec<usize> = values.into_iter().map(|value| columns[at].index(value)).collect();
            let longer = |row: &Vec<usize>, index: usize| row.iter().copied().chain([index]).collect();
            rows = rows.iter().flat_map(|row| indices.iter().map(move |&index| longer(row, index))).collect();
            if rows.len() > MAX_VARIANTS {
                problems.error(map.place.clone(), "what `--set` says makes too many combinations of this");
                return Sweep::default();
            }
        }
        chosen.extend(rows);
    }
    let swept = names.iter().zip(columns).map(|(name, column)| Swept::new(name, column.values)).collect();
    Sweep::chosen(swept, chosen)
}

/// The value of a variable in a chosen combination: its own, or the one under `vars`.
fn chosen_value(
    name: &str,
    map: &Tree,
    entries: &[Entry],
    variables: &Variables,
    problems: &mut Problems,
) -> Option<Json> {
    let Some(entry) = entries.iter().find(|entry| entry.key == name) else {
        if let Some(value) = variables.fixed(name) {
            return value.cloned();
        }
        problems
            .error(map.place.clone(), format!("this combination gives no `{name}`, which another one gives"))
            .help(format!("add `{name}:` here, or a default for it under `vars:`"));
        return None;
    };
    if !variables.check_fixed(&entry.value, problems) {
        return None;
    }
    let value = variables.expand(&entry.value, &[])?;
    match wrong_value(name, &value) {
        None => Some(value),
        Some(problem) => {
            problems.error(entry.value.place.clone(), problem).help("a combination gives each variable one value");
            None
        }
    }
}

/// The distinct values of a variable in chosen combinations.
#[derive(Default)]
struct Column {
    values: Vec<Json>,
    indices: HashMap<String, usize>,
}

impl Column {
    fn index(&mut self, value: Json) -> usize {
        let next = self.values.len();
        let index = *self.indices.entry(wording::scalar_text(&value)).or_insert(next);
        if index == next {
            self.values.push(value);
        }
        index
    }
}

//! The section `sweep`: a grid of values, or chosen combinations.

use std::collections::HashMap;
use std::ops::Range;

use serde_json::{Map, Value as Json};

use crate::diagnostic::{Problems, quoted};
use crate::recipe::lower::called::shortened;
use crate::recipe::lower::settings::Settings;
use crate::recipe::lower::sweep::{Level, MAX_VARIANTS, Sweep, Swept, repeated, same_value, wrong_name, wrong_value};
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
        let levels = match settings.take(key) {
            // What is set may be one of the recipe's names.
            Some(setting) => {
                let named = matches!(value.value, Value::Map(_));
                let levels = if named { read_levels(key, place, value, variables, problems) } else { Vec::new() };
                setting.swept(&levels, problems)
            }
            None => read_levels(key, place, value, variables, problems),
        };
        swept.push(Swept::new(key, shortened(levels)));
    }
    Sweep::grid(swept)
}

/// The values of one variable of a grid, a list of them or a map of names and values; nothing where they are wrong.
fn read_levels(
    name: &str,
    place: &Range<usize>,
    tree: &Tree,
    variables: &Variables,
    problems: &mut Problems,
) -> Vec<Level> {
    if !variables.check_fixed(tree, problems) {
        return Vec::new();
    }
    let values = match variables.expand(tree, &[]) {
        Some(Json::Array(values)) => values,
        Some(Json::Object(values)) => return named_levels(name, place, tree, values, problems),
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
    let levels: Vec<Level> = values.into_iter().map(Level::plain).collect();
    for (at, twice) in repeated(&levels) {
        problems.error(place_of(at), format!("{} stands twice in the sweep of `{name}`", quoted(&twice)));
    }
    levels
}

/// Values with the names that a recipe gives them, which may then be anything but nothing.
fn named_levels(
    variable: &str,
    place: &Range<usize>,
    tree: &Tree,
    values: Map<String, Json>,
    problems: &mut Problems,
) -> Vec<Level> {
    if values.is_empty() {
        problems.error(place.clone(), format!("`{variable}` is swept over no values"));
    }
    let levels: Vec<Level> = values.into_iter().map(|(name, value)| Level { value, name: Some(name) }).collect();
    let places: Vec<Range<usize>> = match &tree.value {
        Value::Map(entries) => entries.iter().map(|entry| entry.place.clone()).collect(),
        _ => vec![tree.place.clone(); levels.len()],
    };
    for (level, place) in levels.iter().zip(&places) {
        let name = level.name.as_deref().unwrap_or_default();
        if let Some(problem) = wrong_name(variable, name) {
            problems.error(place.clone(), problem);
        }
        if level.value.is_null() {
            problems
                .error(place.clone(), format!("the value {} of the swept `{variable}` is empty", quoted(name)))
                .help(format!("a map gives each value a name: `{variable}: {{ {name}: VALUE }}`"));
        }
    }
    if let Some((a, b)) = same_value(&levels) {
        let [a, b] = [a, b].map(|at| (quoted(&levels[at].text()), places[at].clone()));
        problems.error(b.1, format!("{} and {} are names of one value of `{variable}`", a.0, b.0));
    }
    levels
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
    let mut set: Vec<Option<Vec<Level>>> = Vec::with_capacity(names.len());
    for name in &names {
        let setting = settings.take(name);
        set.push(setting.map(|setting| setting.swept(&named_in(name, &maps, variables), problems)));
    }
    let mut columns: Vec<Column> = names.iter().map(|_| Column::default()).collect();
    let mut chosen: Vec<Vec<usize>> = Vec::new();
    for (map, entries) in maps {
        let mut rows: Vec<Vec<usize>> = vec![Vec::new()];
        for (at, name) in names.iter().enumerate() {
            let values = match &set[at] {
                Some(values) => values.clone(),
                None => chosen_level(name, map, entries, variables, problems).into_iter().collect(),
            };
            let indices: Vec<usize> = values.into_iter().map(|level| columns[at].index(level)).collect();
            let longer = |row: &Vec<usize>, index: usize| row.iter().copied().chain([index]).collect();
            rows = rows.iter().flat_map(|row| indices.iter().map(move |&index| longer(row, index))).collect();
            if rows.len() > MAX_VARIANTS {
                problems.error(map.place.clone(), "what `--set` says makes too many combinations of this");
                return Sweep::default();
            }
        }
        chosen.extend(rows);
    }
    for (name, column) in names.iter().zip(&columns) {
        for twice in &column.two {
            let message = format!("{} stands for two values of the swept `{name}`", quoted(twice));
            let place = maps_place(name, items);
            problems
                .error(place, message)
                .help("the first combination that has it names it; others repeat the name alone");
        }
        if let Some((a, b)) = same_value(&column.levels) {
            let [a, b] = [a, b].map(|at| quoted(&column.levels[at].text()));
            problems.error(maps_place(name, items), format!("{a} and {b} are names of one value of `{name}`"));
        }
    }
    let swept = names.iter().zip(columns).map(|(name, column)| Swept::new(name, shortened(column.levels))).collect();
    Sweep::chosen(swept, chosen)
}

/// Where the combinations first give a variable.
fn maps_place(name: &str, items: &[Tree]) -> Range<usize> {
    let entries = items.iter().filter_map(|item| match &item.value {
        Value::Map(entries) => entries.iter().find(|entry| entry.key == name),
        _ => None,
    });
    entries.map(|entry| entry.value.place.clone()).next().unwrap_or_default()
}

/// The names that combinations give values of a variable.
fn named_in(name: &str, maps: &[(&Tree, &[Entry])], variables: &Variables) -> Vec<Level> {
    let given = maps.iter().filter_map(|(_, entries)| entries.iter().find(|entry| entry.key == name));
    let values = given.filter_map(|entry| variables.expand(&entry.value, &[]));
    values.filter_map(|value| one_named(&value)).collect()
}

/// A map of one name and its value.
fn one_named(value: &Json) -> Option<Level> {
    let (name, value) = value.as_object().filter(|map| map.len() == 1)?.iter().next()?;
    (!value.is_null()).then(|| Level { value: value.clone(), name: Some(name.clone()) })
}

/// The value of a variable in a chosen combination: its own, or the one under `vars`.
fn chosen_level(
    name: &str,
    map: &Tree,
    entries: &[Entry],
    variables: &Variables,
    problems: &mut Problems,
) -> Option<Level> {
    let Some(entry) = entries.iter().find(|entry| entry.key == name) else {
        if let Some(value) = variables.fixed(name) {
            return value.cloned().map(Level::plain);
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
    if let Some(level) = one_named(&value) {
        if let Some(problem) = wrong_name(name, &level.text()) {
            problems.error(entry.value.place.clone(), problem);
        }
        return Some(level);
    }
    match wrong_value(name, &value) {
        None => Some(Level::plain(value)),
        Some(problem) => {
            problems.error(entry.value.place.clone(), problem).help("a combination gives each variable one value");
            None
        }
    }
}

/// The distinct values of a variable in chosen combinations.
#[derive(Default)]
struct Column {
    levels: Vec<Level>,
    indices: HashMap<String, usize>,
    /// Names of two values.
    two: Vec<String>,
}

impl Column {
    fn index(&mut self, level: Level) -> usize {
        let next = self.levels.len();
        let index = *self.indices.entry(level.text()).or_insert(next);
        match self.levels.get(index) {
            None => self.levels.push(level),
            // A name alone means what it was given to.
            Some(known) if level.name.is_none() && known.name.is_some() => {}
            Some(known) if known.value != level.value => self.two.push(level.text()),
            Some(_) => {}
        }
        index
    }
}

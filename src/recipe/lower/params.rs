//! The parameters of a node, checked by its kind; every wrong one is found, each at its own place.

use std::collections::HashMap;
use std::ops::Range;

use serde_json::{Map, Value as Json};

use crate::diagnostic::{Problems, quoted};
use crate::kind::{Kind, ParamProblem};
use crate::recipe::lower::suggest::{meant, suggest};
use crate::recipe::lower::sweep::Row;
use crate::recipe::lower::variables::Variables;
use crate::recipe::syntax::tree::{Entry, Tree, Value};
use crate::recipe::wording;

/// The parameters of a node for each combination of the swept variables that they use.
pub struct Params {
    /// The swept variables in `with`, ascending.
    pub uses: Vec<usize>,
    /// Checked, with defaults; absent where they are wrong.
    pub by_row: HashMap<Row, Option<Json>>,
}

/// Where the parameters stand, and what a recipe gives to those that lack one.
pub struct Site<'a> {
    pub with: Option<&'a Entry>,
    /// Where to say that something is missing, when there is no `with`.
    pub otherwise: Range<usize>,
    /// The recipe's seed.
    pub seed: u64,
}

/// Checks the parameters of a node.
pub fn check(kind: &Kind, site: &Site<'_>, variables: &Variables, problems: &mut Problems) -> Params {
    let entries = entries_of(kind, site, problems);
    let mut sound = entries.is_some();
    let entries = entries.unwrap_or_default();
    let mut uses = Vec::new();
    let mut known = Vec::with_capacity(entries.len());
    for entry in entries {
        let used = variables.check(&entry.value, problems);
        uses.extend(used.swept);
        let exists = has_param(kind, &entry.key);
        if !exists {
            unknown(kind, entry, problems);
        }
        sound &= used.sound && exists;
        if used.sound && exists {
            known.push(entry);
        }
    }
    uses.sort_unstable();
    uses.dedup();
    sound &= nothing_missing(kind, site, entries, problems);
    let rows = variables.sweep.project(&uses).unwrap_or_default();
    let by_row = rows
        .into_iter()
        .map(|row| {
            let checked = check_row(kind, site, &known, sound, variables, &row, problems);
            (row, checked)
        })
        .collect();
    Params { uses, by_row }
}

fn entries_of<'a>(kind: &Kind, site: &Site<'a>, problems: &mut Problems) -> Option<&'a [Entry]> {
    let Some(with) = site.with else { return Some(&[]) };
    match &with.value.value {
        Value::Map(entries) => Some(entries),
        Value::Scalar(Json::Null) => Some(&[]),
        _ => {
            problems
                .error(with.place.clone(), format!("`with` is {}; it is a map of parameters", with.value.describe()))
                .help(format!("`ventral kinds {}` lists them", kind.name));
            None
        }
    }
}

fn has_param(kind: &Kind, name: &str) -> bool {
    kind.schema.get("properties").and_then(|properties| properties.get(name)).is_some()
}

fn unknown(kind: &Kind, entry: &Entry, problems: &mut Problems) {
    let name = &entry.key;
    let message = format!("{} has no parameter {}", kind.name, quoted(name));
    let problem = problems.error(entry.place.clone(), message);
    if kind.input(name).is_some() {
        problem.help(format!("`{name}` is an input port: it belongs under `in:`"));
        return;
    }
    if matches!(name.as_str(), "about" | "device" | "keep" | "kind" | "resources") {
        problem.help(format!("`{name}` belongs beside `with:`, not under it"));
        return;
    }
    if let Some(word) = was_a_truth(name).filter(|word| has_param(kind, word)) {
        problem.help(format!(
            "YAML 1.1, as PyYAML has it, reads `{word}` as {name} and writes `{name}:`; write `\"{word}\":` there"
        ));
        return;
    }
    if let Some((_, where_it_stands)) = kind.elsewhere.iter().find(|(known, _)| *known == name.as_str()) {
        problem.help(*where_it_stands);
        return;
    }
    if let Some(known) = known_here_as(kind, name) {
        problem.help(format!("that parameter is called `{known}` here"));
        return;
    }
    let all: Vec<&str> = kind.param_schemas().map(|(name, _)| name).collect();
    suggest(problem, name, all.into_iter(), &format!("the parameters of {} are", kind.name));
    if kind.param_schemas().next().is_none() {
        problem.help(format!("{} takes no parameters", kind.name));
    }
}

/// The parameter that other programs call so.
fn known_here_as<'k>(kind: &'k Kind, name: &str) -> Option<&'k str> {
    let name = name.to_lowercase();
    let also = |schema: &Json| {
        let words = schema.get("x-also").and_then(Json::as_array);
        words.is_some_and(|words| words.iter().any(|word| word.as_str() == Some(&name)))
    };
    kind.param_schemas().find(|(_, schema)| also(schema)).map(|(name, _)| name)
}

/// The word of which YAML 1.1 makes a truth value.
fn was_a_truth(name: &str) -> Option<&'static str> {
    match name {
        "true" => Some("on"),
        "false" => Some("off"),
        _ => None,
    }
}

fn nothing_missing(kind: &Kind, site: &Site<'_>, given: &[Entry], problems: &mut Problems) -> bool {
    let required = kind.schema.get("required").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str);
    let mut complete = true;
    for name in required.filter(|name| given.iter().all(|entry| entry.key != *name)) {
        if name == "seed" {
            continue;
        }
        complete = false;
        let mut strange = given.iter().filter(|entry| !has_param(kind, &entry.key));
        // A misspelt parameter is told once.
        let stands_for = |key: &str| {
            meant(key, kind.param_schemas().map(|(name, _)| name)) == Some(name)
                || was_a_truth(key) == Some(name)
                || known_here_as(kind, key) == Some(name)
        };
        if strange.any(|entry| stands_for(&entry.key)) {
            continue;
        }
        let place = site.with.map_or(&site.otherwise, |with| &with.place);
        let problem = problems.error(place.clone(), format!("{} needs the parameter `{name}`", kind.name));
        let schema = &kind.schema["properties"][name];
        let about = schema.get("description").and_then(Json::as_str).map(|text| text.replace('\n', " "));
        let sentence = about.as_deref().and_then(|text| text.split(". ").next());
        let about = sentence.map_or(String::new(), |about| format!(" ({})", about.trim_end_matches('.')));
        problem.help(format!("add `{name}:` under `with:`; it takes {}{about}", wording::expected(schema)));
    }
    complete
}

/// Checks one combination. The kind tells one problem at a time, so each parameter that it refuses is reported and
/// taken out until it is content with the rest.
fn check_row(
    kind: &Kind,
    site: &Site<'_>,
    known: &[&Entry],
    mut sound: bool,
    variables: &Variables,
    row: &Row,
    problems: &mut Problems,
) -> Option<Json> {
    let mut params = Map::new();
    for entry in known {
        match variables.expand(&entry.value, row) {
            Some(value) => {
                params.insert(entry.key.clone(), value);
            }
            None => sound = false,
        }
    }
    if kind.draws() && !params.contains_key("seed") {
        params.insert("seed".to_owned(), Json::from(site.seed));
    }
    loop {
        let problem = match kind.normalise(Json::Object(params.clone())) {
            Ok(checked) => return sound.then_some(checked),
            Err(problem) => problem,
        };
        let refused = params.keys().find(|name| is_under(&problem.path, name)).cloned();
        let entry = refused.as_ref().and_then(|name| known.iter().find(|entry| entry.key == *name));
        match (entry, refused) {
            (Some(entry), Some(name)) => {
                report(kind, &problem, entry, &params, problems);
                params.remove(&name);
                sound = false;
            }
            // What concerns the whole is told only of a whole: with a parameter out, it may be no problem at all.
            _ => {
                if sound {
                    let place = site.with.map_or(&site.otherwise, |with| &with.place);
                    let message = sentence(&problem, &Json::Object(params), Some(&kind.schema));
                    problems.error(place.clone(), format!("{}: {message}", kind.name));
                }
                return None;
            }
        }
    }
}

/// Whether a path such as `layers[2]` lies at or under a parameter.
fn is_under(path: &str, name: &str) -> bool {
    path.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

fn report(kind: &Kind, problem: &ParamProblem, entry: &Entry, params: &Map<String, Json>, problems: &mut Problems) {
    let unknown = unknown_field(&problem.message);
    let mut rest = &problem.path[entry.key.len()..];
    if let Some(field) = unknown {
        rest = rest.strip_suffix(field).and_then(|rest| rest.strip_suffix('.')).unwrap_or(rest);
    }
    let tree = descend(&entry.value, rest, |tree, step| match (&tree.value, step) {
        (Value::Map(entries), Step::Name(name)) => entries.iter().find(|e| e.key == name).map(|e| &e.value),
        (Value::List(items), Step::Index(index)) => items.get(index),
        _ => None,
    });
    let value = descend(&params[&entry.key], rest, |value, step| match step {
        Step::Name(name) => value.get(name),
        Step::Index(index) => value.get(index),
    });
    let schema = descend(&kind.schema["properties"][&entry.key], rest, schema_step);
    if let Some(field) = unknown {
        let key = match &tree.value {
            Value::Map(entries) => entries.iter().find(|entry| entry.key == field),
            _ => None,
        };
        let place = key.map_or(&tree.place, |key| &key.place).clone();
        let of = quoted(&format!("{}{rest}", entry.key));
        let reported = problems.error(place, format!("{of} has no field {}", quoted(field)));
        let fields: Vec<&str> = fields_of(schema).collect();
        suggest(reported, field, fields.iter().copied(), &format!("the fields of {of} are"));
        return;
    }
    let place = if tree.is_null() { entry.place.clone() } else { tree.place.clone() };
    let message = sentence(problem, value, Some(schema));
    let reported = problems.error(place, message);
    if let (Some(words), Json::String(text)) = (wording::choices(schema), value)
        && let Some(near) = meant(text, words.iter().map(String::as_str))
    {
        reported.help(format!("did you mean `{near}`?"));
    }
    if tree.text().is_none_or(|text| !crate::recipe::syntax::template::has_variables(text)) {
        quotes(value, schema, reported);
    }
    through_variable(tree, value, reported);
}

/// A number in quotation marks is a text, and a bare number is none.
fn quotes(value: &Json, schema: &Json, reported: &mut crate::diagnostic::Diagnostic) {
    let expected = wording::expected(schema);
    match value {
        Json::String(text) if text.parse::<f64>().is_ok() && expected.contains("number") => {
            reported.help(format!("write {text} without quotation marks"));
        }
        Json::String(text) if expected.contains("number") && percent(text).is_some() => {
            reported.help(format!("write {} for {text}", percent(text).unwrap_or_default()));
        }
        Json::Number(_) | Json::Bool(_) if expected.starts_with("a text") => {
            reported.help(format!("write \"{value}\" if that is the text you mean"));
        }
        _ => {}
    }
}

/// A number of per cent as a fraction.
fn percent(text: &str) -> Option<f64> {
    let number: f64 = text.strip_suffix('%')?.trim_end().parse().ok()?;
    Some(number / 100.0)
}

/// Says what a variable's value is where only its name stands.
fn through_variable(tree: &Tree, value: &Json, reported: &mut crate::diagnostic::Diagnostic) {
    if let Some(text) = tree.text().filter(|text| crate::recipe::syntax::template::has_variables(text)) {
        reported.help(format!("{} is {} here", quoted(text), wording::given(value)));
        if let Some(list) = value.as_str().filter(|list| list.contains(',') && !list.contains(['[', ' '])) {
            reported.help(format!("several values are a list: `[{list}]`, as in `--set NAME=[{list}]`"));
        }
    }
}

/// The field of a map that serde does not know, where that is the problem.
fn unknown_field(message: &str) -> Option<&str> {
    message.strip_prefix("unknown field `")?.split('`').next()
}

/// The fields that a schema's maps have.
fn fields_of(schema: &Json) -> impl Iterator<Item = &str> {
    alternatives(schema)
        .filter_map(|schema| schema.get("properties")?.as_object())
        .flatten()
        .map(|(name, _)| name.as_str())
}

/// A schema and those that it lets one choose from.
fn alternatives(schema: &Json) -> impl Iterator<Item = &Json> {
    let inner = ["anyOf", "oneOf"].iter().filter_map(|key| schema.get(key).and_then(Json::as_array)).flatten();
    std::iter::once(schema).chain(inner)
}

/// One step of a path.
enum Step<'p> {
    Name(&'p str),
    Index(usize),
}

/// Follows a path such as `.a[2]` as far as it leads.
fn descend<'t, T: ?Sized>(from: &'t T, path: &str, step: impl Fn(&'t T, Step<'_>) -> Option<&'t T>) -> &'t T {
    let mut at = from;
    let mut rest = path;
    loop {
        let (next, after) = if let Some(inner) = rest.strip_prefix('[') {
            let Some((index, after)) = inner.split_once(']') else { return at };
            (index.parse().ok().and_then(|index| step(at, Step::Index(index))), after)
        } else if let Some(inner) = rest.strip_prefix('.') {
            let end = inner.find(['.', '[']).unwrap_or(inner.len());
            (step(at, Step::Name(&inner[..end])), &inner[end..])
        } else {
            return at;
        };
        match next {
            Some(next) => (at, rest) = (next, after),
            None => return at,
        }
    }
}

fn schema_step<'s>(schema: &'s Json, step: Step<'_>) -> Option<&'s Json> {
    alternatives(schema).find_map(|schema| match step {
        Step::Name(name) => schema.get("properties").and_then(|properties| properties.get(name)),
        Step::Index(_) => schema.get("items"),
    })
}

/// A kind's refusal in words: what was given and what is expected, rather than serde's types.
fn sentence(problem: &ParamProblem, value: &Json, schema: Option<&Json>) -> String {
    let (path, message) = (&problem.path, problem.message.as_str());
    let subject = if path.is_empty() { "the parameters".to_owned() } else { quoted(path) };
    let is_types = ["invalid type", "invalid value", "invalid length", "unknown variant", "data did not match"];
    if is_types.iter().any(|start| message.starts_with(start)) {
        let expected =
            told_by_the_kind(message).unwrap_or_else(|| schema.map_or("another value".to_owned(), wording::expected));
        return format!("{subject} is {}; it takes {expected}", wording::given(value));
    }
    if message.starts_with("missing field") || message.starts_with("unknown field") {
        let field = message.split('`').nth(1).unwrap_or_default();
        let lacks = if message.starts_with("missing") { "lacks" } else { "has no field" };
        return format!("{subject} {lacks} `{field}`");
    }
    if path.is_empty() { message.to_owned() } else { format!("{subject}: {message}") }
}

/// What a bounded type says of itself: `expected a positive number`, unlike `expected u32`.
fn told_by_the_kind(message: &str) -> Option<String> {
    let (_, expected) = message.split_once(", expected ")?;
    let machine =
        ["a string", "a sequence", "a map", "a boolean", "struct ", "one of ", "variant ", "option", "enum ", "tuple "];
    let is_number_type = expected.starts_with(['u', 'i', 'f']) && !expected.contains(' ');
    // serde quotes what it lists; a kind goes on in words, as in "`auto`, a penalty, …".
    let is_listed = expected.starts_with('`') && !expected.contains(", a ");
    let is_machine = is_number_type || is_listed || machine.iter().any(|word| expected.starts_with(word));
    (!is_machine).then(|| expected.to_owned())
}

//! Settings: what `--set`, a session's `set` and `watch` change in a recipe. There is this one door for all of them.
//!
//! A name without a dot is a variable's; `node.parameter` is a node's, and further dots lead into a parameter that is a map.
//! What is set in a node stands in the recipe's tree from then on, as if it were written there.

use std::sync::Arc;

use serde_json::Value as Json;

use crate::diagnostic::{Diagnostic, Problems, Source, quoted};
use crate::recipe::lower::suggest::{meant, suggest};
use crate::recipe::lower::sweep::{Level, repeated, wrong_value};
use crate::recipe::syntax::read;
use crate::recipe::syntax::tree::{Entry, Tree, Value};
use crate::recipe::wording;

/// What a setting's name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target<'a> {
    Variable(&'a str),
    /// A node, and the way to its parameter, joined by dots.
    Parameter(&'a str, &'a str),
}

impl<'a> Target<'a> {
    /// Variables have no dots in their names, nor have nodes.
    pub fn of(name: &'a str) -> Self {
        name.split_once('.').map_or(Self::Variable(name), |(node, way)| Self::Parameter(node, way))
    }
}

/// One `NAME=VALUE`.
pub struct Setting {
    name: String,
    /// The value with its place behind the recipe's text.
    tree: Tree,
    /// `NAME=VALUE` as it was typed.
    source: Arc<Source>,
    /// Where the source begins, behind the recipe's text.
    start: usize,
}

impl Setting {
    fn problem(&self, message: String) -> Diagnostic {
        Diagnostic::error(&self.source, 0..self.name.len(), message)
    }

    /// The value of a variable.
    pub fn value(self) -> Json {
        flat(&self.tree).expect("`Settings::read` lets variables have no other values")
    }

    /// The values as those of a swept variable: one, or a list. Each may be a name that the recipe gives one of its `levels`.
    pub fn swept(self, levels: &[Level], problems: &mut Problems) -> Vec<Level> {
        let values = match flat(&self.tree) {
            Some(Json::Array(values)) => values,
            one => one.into_iter().collect(),
        };
        if values.is_empty() {
            problems.push(self.problem(format!("`--set` leaves `{}` no value to sweep", self.name)));
        }
        for value in &values {
            if let Some(problem) = wrong_value(&self.name, value) {
                problems.push(self.problem(problem));
            }
        }
        let known = |value: &Json| {
            let called = levels.iter().find(|level| level.text() == wording::scalar_text(value));
            called.or_else(|| levels.iter().find(|level| level.value == *value)).cloned()
        };
        let chosen: Vec<Level> =
            values.into_iter().map(|value| known(&value).unwrap_or_else(|| Level::plain(value))).collect();
        for (_, twice) in repeated(&chosen) {
            problems.push(self.problem(format!("{} stands twice in the sweep of `{}`", quoted(&twice), self.name)));
        }
        chosen
    }

    fn entry(&self, key: &str, value: Tree) -> Entry {
        Entry { key: key.to_owned(), place: self.start..self.start + self.name.len(), value }
    }
}

/// The settings that nothing has taken yet.
pub struct Settings(Vec<Setting>);

impl Settings {
    /// Reads values as YAML: a scalar or a flow list; a node's parameter may be a flow map too.
    pub fn read(set: &[(String, String)], problems: &mut Problems) -> Self {
        let mut all: Vec<Setting> = Vec::new();
        for (name, text) in set {
            let source = Arc::new(Source::new("--set", format!("{name}={text}")));
            let start = problems.join(&source);
            let of_variable = matches!(Target::of(name), Target::Variable(_));
            match value(text, of_variable) {
                Ok(tree) => {
                    let tree = tree.moved(start + name.len() + 1);
                    let setting = Setting { name: name.clone(), tree, source, start };
                    if all.iter().any(|other| other.name == *name) {
                        problems.push(setting.problem(format!("`--set` gives {} twice", quoted(name))));
                    } else {
                        all.push(setting);
                    }
                }
                Err(message) => {
                    problems.error(start + name.len() + 1..start + name.len() + 1 + text.len(), message);
                }
            }
        }
        Self(all)
    }

    /// The setting of a variable, once.
    pub fn take(&mut self, name: &str) -> Option<Setting> {
        let found = self.0.iter().position(|setting| setting.name == name)?;
        Some(self.0.remove(found))
    }

    /// Puts what sets parameters into the recipe; gives the variables that were used where it stands now.
    pub fn put(&mut self, recipe: &mut Tree, problems: &mut Problems) -> Vec<String> {
        let Value::Map(sections) = &mut recipe.value else { return Vec::new() };
        // Nodes that are no map are reported with the recipe.
        let nodes = sections.iter_mut().find(|section| section.key == "nodes");
        let Some(Value::Map(nodes)) = nodes.map(|section| &mut section.value.value) else { return Vec::new() };
        let mut replaced = Vec::new();
        self.0.retain(|setting| {
            let Target::Parameter(node, way) = Target::of(&setting.name) else { return true };
            match nodes.iter_mut().find(|entry| entry.key == node) {
                Some(entry) => replaced.extend(put_in_node(setting, entry, way, problems)),
                None => no_such_node(setting, node, way, nodes, problems),
            }
            false
        });
        replaced
    }

    /// Says of what is left that it names nothing.
    pub fn refuse_rest<'v, 'n>(
        self,
        variables: impl Iterator<Item = &'v str> + Clone,
        nodes: impl Iterator<Item = (&'n str, Vec<&'static str>)> + Clone,
        problems: &mut Problems,
    ) {
        for setting in self.0 {
            let name = &setting.name;
            let mut unknown = setting.problem(format!("`--set` names {}, which is no variable here", quoted(name)));
            suggest(&mut unknown, name, variables.clone(), "the variables are");
            if variables.clone().next().is_none() {
                unknown.help("a recipe declares variables under `vars:` or `sweep:`");
            }
            if let Some((_, params)) = nodes.clone().find(|(node, _)| node == name) {
                let param = params.first().unwrap_or(&"PARAMETER");
                unknown.help(format!("`{name}` is a node; `--set {name}.{param}=VALUE` sets a parameter of it"));
            }
            if let Some((node, _)) = nodes.clone().find(|(_, params)| params.contains(&name.as_str())) {
                unknown.help(format!("`{name}` is a parameter of `{node}`: did you mean `{node}.{name}`?"));
            }
            problems.push(unknown);
        }
    }
}

/// Puts a setting under `with:` of a node; gives the variables of what it replaces.
fn put_in_node(setting: &Setting, node: &mut Entry, way: &str, problems: &mut Problems) -> Vec<String> {
    let place = node.place.clone();
    let Value::Map(body) = &mut node.value.value else { return Vec::new() };
    if !body.iter().any(|entry| entry.key == "with") {
        let place = body.iter().find(|entry| entry.key == "kind").map_or(place, |kind| kind.value.place.clone());
        let value = Tree { place: place.clone(), value: Value::Map(Vec::new()) };
        body.push(Entry { key: "with".to_owned(), place, value });
    }
    let with = body.iter_mut().find(|entry| entry.key == "with").expect("it is there now");
    let keys: Vec<&str> = way.split('.').collect();
    let mut at = &mut with.value;
    for (depth, key) in keys.iter().enumerate() {
        if at.is_null() {
            at.value = Value::Map(Vec::new());
        }
        let what = at.describe();
        let Value::Map(entries) = &mut at.value else {
            let holder = if depth == 0 { "with".to_owned() } else { keys[..depth].join(".") };
            problems.push(setting.problem(format!(
                "{} cannot be set: {} of the node `{}` is {what}, which has no keys",
                quoted(&setting.name),
                quoted(&holder),
                node.key,
            )));
            return Vec::new();
        };
        let found = entries.iter().position(|entry| entry.key == *key);
        let last = depth + 1 == keys.len();
        let found = found.unwrap_or_else(|| {
            let empty = Tree { place: setting.tree.place.clone(), value: Value::Scalar(Json::Null) };
            entries.push(setting.entry(key, empty));
            entries.len() - 1
        });
        if last {
            let old = std::mem::replace(&mut entries[found], setting.entry(key, setting.tree.clone()));
            let names = old.value.variables(&problems.source);
            return names.into_iter().map(|(name, _)| name.to_owned()).collect();
        }
        at = &mut entries[found].value;
    }
    Vec::new()
}

fn no_such_node(setting: &Setting, node: &str, way: &str, nodes: &[Entry], problems: &mut Problems) {
    let message = format!("`--set` names {}, and there is no node {}", quoted(&setting.name), quoted(node));
    let unknown = problems.push(setting.problem(message));
    let known = nodes.iter().map(|entry| entry.key.as_str());
    match meant(node, known.clone()) {
        Some(near) => {
            unknown.help(format!("did you mean `{near}.{way}`?"));
        }
        None => suggest(unknown, node, known, "the nodes are"),
    }
}

/// The value of a variable, a scalar or a list of scalars.
fn flat(tree: &Tree) -> Option<Json> {
    let scalar = |tree: &Tree| match &tree.value {
        Value::Scalar(value) => Some(value.clone()),
        _ => None,
    };
    match &tree.value {
        Value::List(items) => items.iter().map(scalar).collect::<Option<Vec<_>>>().map(Json::Array),
        _ => scalar(tree),
    }
}

fn value(text: &str, of_variable: bool) -> Result<Tree, String> {
    let hint = "`--set NAME=VALUE` takes a scalar, or a list such as `[layer1, layer2]`; quote other texts";
    if text.trim().is_empty() {
        return Ok(Tree { place: 0..text.len(), value: Value::Scalar(Json::Null) });
    }
    let source = Arc::new(Source::new("--set", text));
    let mut wrong = Problems::new(&source);
    let tree = read::read(&source, &mut wrong).map_err(|e| format!("{}; {hint}", e.message))?;
    if of_variable {
        return flat(&tree).map(|_| tree).ok_or_else(|| hint.to_owned());
    }
    // Such as a key that stands twice.
    match wrong.finish().0.iter().next() {
        Some(wrong) => Err(wrong.message.clone()),
        None => Ok(tree),
    }
}

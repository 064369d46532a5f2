//! What a recipe's `report:` asks for, with its references resolved.

use std::ops::Range;
use std::sync::Arc;

use serde_json::Value as Json;

use crate::diagnostic::{Problems, quoted};
use crate::kind::chart::{ChartKind, ChartOption, Charts, Options, Shape};
use crate::plan::{Chart, NodeIndex, ReportItem};
use crate::recipe::lower::heads::Heads;
use crate::recipe::lower::link::Linked;
use crate::recipe::lower::ports::{Pick, pick};
use crate::recipe::lower::reference;
use crate::recipe::lower::suggest::{meant, suggest};
use crate::recipe::lower::sweep;
use crate::recipe::lower::variables::Variables;
use crate::recipe::syntax::tree::{Entry, Tree, Value};
use crate::recipe::wording;
use crate::value::ty::Type;

const ITEMS: [&str; 3] = ["text", "chart", "table"];
/// What every chart has before its own options, and after them.
const NODE: &str = "node";
const KIND: &str = "kind";
const TITLE: &str = "title";

/// What the items refer to.
pub struct Page<'a, 't> {
    pub charts: &'a Charts,
    pub heads: &'a Heads<'t>,
    pub variables: &'a Variables,
    pub linked: &'a Linked,
}

impl Page<'_, '_> {
    /// Reads the section `report`.
    pub fn read(&self, section: &Entry, problems: &mut Problems) -> Vec<ReportItem> {
        let items = match &section.value.value {
            Value::List(items) => items.as_slice(),
            Value::Scalar(Json::Null) => &[],
            _ => {
                let what = section.value.describe();
                problems
                    .error(
                        section.place.clone(),
                        format!("`report` is {what}; it is a list of texts, charts and tables"),
                    )
                    .help("begin each item with `- text:`, `- chart:` or `- table:`");
                &[]
            }
        };
        items.iter().filter_map(|item| self.item(item, problems)).collect()
    }

    fn item(&self, item: &Tree, problems: &mut Problems) -> Option<ReportItem> {
        let form = "an item of the report is one of `text:`, `chart:` and `table:`";
        let entry = match &item.value {
            Value::Map(entries) => match entries.as_slice() {
                [one] => one,
                [_, second, ..] if entries.iter().all(|entry| ITEMS.contains(&entry.key.as_str())) => {
                    problems.error(second.place.clone(), form).help("begin a new item with `- `");
                    return None;
                }
                many => {
                    let strange = many.iter().find(|entry| !ITEMS.contains(&entry.key.as_str()));
                    let place = strange.map_or(item.place.clone(), |entry| entry.place.clone());
                    let problem = problems.error(place, form);
                    if strange.is_some_and(|entry| self.is_of_a_chart(&entry.key)) {
                        problem.help("is it indented deeper than `chart:`, or inside its { }?");
                    }
                    return None;
                }
            },
            _ => {
                problems.error(item.place.clone(), format!("{form}, but this is {}", item.describe()));
                return None;
            }
        };
        match entry.key.as_str() {
            "text" => self.text("text", entry, problems).map(ReportItem::Text),
            "chart" => self.chart(entry, problems).map(ReportItem::Chart),
            "table" => self.table(entry, problems),
            other => {
                let problem = problems.error(entry.place.clone(), format!("a report has no item {}", quoted(other)));
                suggest(problem, other, ITEMS.into_iter(), "its items are");
                None
            }
        }
    }

    fn fields<'e>(&self, what: &str, entry: &'e Entry, known: &[&str], problems: &mut Problems) -> Option<&'e [Entry]> {
        let Value::Map(fields) = &entry.value.value else {
            problems
                .error(entry.place.clone(), format!("a {what} is a map with a `node`, not {}", entry.value.describe()))
                .help(format!("as in `{what}: {{ node: by_layer }}`"));
            return None;
        };
        for field in fields.iter().filter(|field| !known.contains(&field.key.as_str())) {
            let problem = problems.error(field.place.clone(), format!("a {what} has no {}", quoted(&field.key)));
            suggest(problem, &field.key, known.iter().copied(), &format!("a {what} has"));
        }
        Some(fields)
    }

    fn table(&self, entry: &Entry, problems: &mut Problems) -> Option<ReportItem> {
        let fields = self.fields("table", entry, &["node"], problems)?;
        let (nodes, port, node, place) = self.node("table", entry, fields, problems)?;
        let kind = self.heads.all[node].kind?;
        let ty = port.as_ref().map_or(Some(kind.main_output()), |port| kind.output(port)).map(|output| output.ty);
        let tables: Vec<&str> = kind.outputs.iter().filter(|o| o.ty == Type::Table).map(|o| o.name).collect();
        if let (Some(ty), true) = (ty, ty != Some(Type::Table)) {
            let name = self.heads.all[node].name;
            let problem = problems.error(place, format!("a table shows a Table, but this is {ty}"));
            match tables.as_slice() {
                [] => problem.help(format!("`{name}` ({}) has no output that is a Table", kind.name)),
                [first, ..] => problem.help(format!("did you mean `{name}.{first}`?")),
            };
            return None;
        }
        Some(ReportItem::Table { nodes, port })
    }

    fn chart(&self, entry: &Entry, problems: &mut Problems) -> Option<Chart> {
        let kind = self.chart_kind(entry);
        let known = self.known(kind);
        let fields = self.fields("chart", entry, &known, problems)?;
        let field = |key: &str| fields.iter().find(|field| field.key == key);
        let mut text = |key: &str| field(key).and_then(|field| self.text(key, field, problems));
        let (named, title) = (text(KIND), text(TITLE));
        if let (Some(named), Some(field)) = (&named, field(KIND))
            && self.charts.get(named).is_none()
        {
            let problem = problems.error(field.value.place.clone(), format!("there is no chart {}", quoted(named)));
            suggest(problem, named, self.charts.names(), "the charts are");
        }
        let mut options = Options::new();
        for option in self.charts.options() {
            let Some(field) = field(&option.name) else { continue };
            if let Some(value) = self.option(option, field, problems) {
                options.insert(option.name.clone(), value);
            }
        }
        let (nodes, port, ..) = self.node("chart", entry, fields, problems)?;
        Some(Chart { nodes, port, kind: named, options, title })
    }

    /// The chart that an item names, where there is such a one and no variable hides it.
    fn chart_kind(&self, entry: &Entry) -> Option<&ChartKind> {
        let Value::Map(fields) = &entry.value.value else { return None };
        self.charts.get(fields.iter().find(|field| field.key == KIND)?.value.text()?)
    }

    /// What an item may have: the options that several charts share, or all of the chart that it names.
    fn known(&self, kind: Option<&ChartKind>) -> Vec<&str> {
        let fits = |name: &str| self.charts.is_shared(name) || kind.is_some_and(|kind| kind.option(name).is_some());
        let options = self.charts.options().into_iter().map(|option| option.name.as_str());
        [NODE, KIND].into_iter().chain(options.filter(|name| fits(name))).chain([TITLE]).collect()
    }

    fn is_of_a_chart(&self, key: &str) -> bool {
        [NODE, KIND, TITLE].contains(&key) || self.charts.option(key).is_some()
    }

    /// The value of an option, by its shape.
    fn option(&self, option: &ChartOption, field: &Entry, problems: &mut Problems) -> Option<Json> {
        match &option.shape {
            Shape::Text => self.text(&option.name, field, problems).map(Json::String),
            Shape::Names => Some(Json::from(self.names(field, problems))),
            Shape::Numbers => Some(Json::Object(self.numbers(field, problems))),
            Shape::Word(words) => {
                let word = self.text(&option.name, field, problems)?;
                if !words.contains(&word) {
                    let message = format!("{} is no {}", quoted(&word), quoted(&option.name));
                    let problem = problems.error(field.value.place.clone(), message);
                    suggest(problem, &word, words.iter().map(String::as_str), "it is one of");
                }
                Some(Json::String(word))
            }
        }
    }

    fn value(&self, tree: &Tree, problems: &mut Problems) -> Option<Json> {
        if self.variables.check_fixed(tree, problems) { self.variables.expand(tree, &[]) } else { None }
    }

    fn text(&self, key: &str, field: &Entry, problems: &mut Problems) -> Option<String> {
        text(key, field, self.variables, problems)
    }

    fn names(&self, field: &Entry, problems: &mut Problems) -> Vec<String> {
        let items = match self.value(&field.value, problems) {
            Some(Json::Array(items)) => items,
            Some(one @ (Json::String(_) | Json::Number(_))) => vec![one],
            Some(other) => {
                let (key, given) = (&field.key, wording::given(&other));
                problems.error(field.place.clone(), format!("`{key}` is {given}; it is a list of {key}' names"));
                Vec::new()
            }
            None => Vec::new(),
        };
        items.iter().map(wording::scalar_text).collect()
    }

    fn numbers(&self, field: &Entry, problems: &mut Problems) -> Options {
        let Value::Map(entries) = &field.value.value else {
            let key = &field.key;
            problems
                .error(field.place.clone(), format!("`{key}` is {}; it is a map", field.value.describe()))
                .help(format!("names and published numbers, as in `{key}: {{ published: 0.406 }}`"));
            return Options::new();
        };
        let number = |entry: &Entry| {
            let value = self.value(&entry.value, problems)?;
            if value.as_f64().is_none() {
                let place = if entry.value.is_null() { &entry.place } else { &entry.value.place };
                let message = format!("{} is {}; it is a number", quoted(&entry.key), wording::given(&value));
                problems.error(place.clone(), message);
            }
            value.as_f64().map(|_| (entry.key.clone(), value))
        };
        entries.iter().filter_map(number).collect()
    }

    /// The nodes that `node:` means: every variant, unless some are chosen.
    fn node(&self, what: &str, entry: &Entry, fields: &[Entry], problems: &mut Problems) -> Option<Found> {
        let Some(field) = fields.iter().find(|field| field.key == "node") else {
            // A misspelt field is told once.
            if !fields.iter().any(|field| meant(&field.key, self.known(None).into_iter()) == Some(NODE)) {
                problems
                    .error(entry.place.clone(), format!("this {what} has no `node`"))
                    .help(format!("as in `{what}: {{ node: by_layer }}`"));
            }
            return None;
        };
        self.referred(what, field, problems)
    }

    /// The nodes that a field refers to.
    pub fn referred(&self, what: &str, field: &Entry, problems: &mut Problems) -> Option<Found> {
        let text = self.text(&field.key, field, problems)?;
        let tree = &field.value;
        let source = Arc::clone(&problems.source);
        let written = tree.text() == Some(text.as_str());
        let part = |at: &Range<usize>| if written { tree.part(&source, at) } else { tree.place.clone() };
        let reference = match reference::parse(&text, &self.variables.sweep) {
            Ok(reference) => reference,
            Err((at, message)) => {
                problems.error(part(&at), message);
                return None;
            }
        };
        let Some(&node) = self.heads.by_name.get(reference.node.as_str()) else {
            let message = format!("there is no node {}", quoted(&reference.node));
            let problem = problems.error(part(&(0..reference.node.len())), message);
            suggest(problem, &reference.node, self.heads.names(), "the nodes are");
            return None;
        };
        if let Some((_, at)) = &reference.key {
            problems.error(part(at), format!("a {what} shows a whole output, so its node has no key"));
        }
        let kind = self.heads.all[node].kind?;
        if let Some((port, at)) = &reference.port
            && kind.output(port).is_none()
        {
            let message = format!("`{}` ({}) has no output {}", reference.node, kind.name, quoted(port));
            let problem = problems.error(part(at), message);
            suggest(problem, port, kind.outputs.iter().map(|output| output.name), "its outputs are");
            return None;
        }
        let pick = pick(&reference, self.variables, &part, problems)?;
        let nodes = self.variants(node, &pick, &field.value.place, problems);
        Some((nodes, reference.port.map(|(port, _)| port), node, field.value.place.clone()))
    }

    fn variants(&self, node: usize, pick: &Pick, place: &Range<usize>, problems: &mut Problems) -> Vec<NodeIndex> {
        let all = &self.linked.variants[node].all;
        let Pick::Chosen(choices) = pick else { return all.clone() };
        let agrees = |index: &&NodeIndex| {
            let row = &self.linked.placed[**index].row;
            choices.iter().all(|&(variable, value)| match sweep::at(row, variable) {
                None => false,
                Some(is) => value.is_none_or(|value| value == is),
            })
        };
        let nodes: Vec<NodeIndex> = all.iter().filter(agrees).copied().collect();
        if nodes.is_empty() && !all.is_empty() {
            problems
                .error(place.clone(), format!("`{}` has no such variant", self.heads.all[node].name))
                .help(format!("`{}` alone means all of them", self.heads.all[node].name));
        }
        nodes
    }
}

/// A text outside nodes, with its variables in place.
pub fn text(key: &str, field: &Entry, variables: &Variables, problems: &mut Problems) -> Option<String> {
    if !variables.check_fixed(&field.value, problems) {
        return None;
    }
    match variables.expand(&field.value, &[])? {
        Json::Null => {
            problems.error(field.place.clone(), format!("`{key}` is empty; it is a text"));
            None
        }
        value @ (Json::Array(_) | Json::Object(_)) => {
            problems.error(field.place.clone(), format!("`{key}` is {}; it is a text", wording::given(&value)));
            None
        }
        value => Some(wording::scalar_text(&value)),
    }
}

/// The variants meant, their port, the node's place among the heads, and where the reference stands.
pub type Found = (Vec<NodeIndex>, Option<String>, usize, Range<usize>);

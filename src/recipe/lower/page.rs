//! What a recipe's `report:` asks for, with its references resolved.

use std::ops::Range;
use std::sync::Arc;

use serde_json::Value as Json;

use crate::diagnostic::{Problems, quoted};
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

/// The kinds of chart that a report draws.
pub const CHARTS: [&str; 17] = [
    "bar",
    "box",
    "confusion",
    "histogram",
    "images",
    "learning",
    "line",
    "pairs",
    "penalties",
    "profile",
    "responses",
    "scatter",
    "spectrum",
    "stimuli",
    "strip",
    "sweep",
    "violin",
];
const ITEMS: [&str; 3] = ["text", "chart", "table"];
const CHART_KEYS: [&str; 7] = ["node", "kind", "x", "y", "units", "reference", "title"];

/// What the items refer to.
pub struct Page<'a, 't> {
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
                    if strange.is_some_and(|entry| CHART_KEYS.contains(&entry.key.as_str())) {
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
        let fields = self.fields("chart", entry, &CHART_KEYS, problems)?;
        let field = |key: &str| fields.iter().find(|field| field.key == key);
        let mut text = |key: &str| field(key).and_then(|field| self.text(key, field, problems));
        let (kind, x, y, title) = (text("kind"), text("x"), text("y"), text("title"));
        if let (Some(kind), Some(field)) = (&kind, field("kind"))
            && !CHARTS.contains(&kind.as_str())
        {
            let problem = problems.error(field.value.place.clone(), format!("there is no chart {}", quoted(kind)));
            suggest(problem, kind, CHARTS.into_iter(), "the charts are");
        }
        let units = field("units").map_or(Vec::new(), |field| self.units(field, problems));
        let reference = field("reference").map_or(Vec::new(), |field| self.published(field, problems));
        let (nodes, port, ..) = self.node("chart", entry, fields, problems)?;
        Some(Chart { nodes, port, kind, x, y, units, reference, title })
    }

    fn value(&self, tree: &Tree, problems: &mut Problems) -> Option<Json> {
        if self.variables.check_fixed(tree, problems) { self.variables.expand(tree, &[]) } else { None }
    }

    fn text(&self, key: &str, field: &Entry, problems: &mut Problems) -> Option<String> {
        text(key, field, self.variables, problems)
    }

    fn units(&self, field: &Entry, problems: &mut Problems) -> Vec<String> {
        let items = match self.value(&field.value, problems) {
            Some(Json::Array(items)) => items,
            Some(one @ (Json::String(_) | Json::Number(_))) => vec![one],
            Some(other) => {
                let message = format!("`units` is {}; it is a list of units' names", wording::given(&other));
                problems.error(field.place.clone(), message);
                Vec::new()
            }
            None => Vec::new(),
        };
        items.iter().map(wording::scalar_text).collect()
    }

    fn published(&self, field: &Entry, problems: &mut Problems) -> Vec<(String, f64)> {
        let Value::Map(entries) = &field.value.value else {
            problems
                .error(field.place.clone(), format!("`reference` is {}; it is a map", field.value.describe()))
                .help("names and published numbers, as in `reference: { published: 0.406 }`");
            return Vec::new();
        };
        let number = |entry: &Entry| {
            let value = self.value(&entry.value, problems)?;
            if value.as_f64().is_none() {
                let place = if entry.value.is_null() { &entry.place } else { &entry.value.place };
                let message = format!("{} is {}; it is a number", quoted(&entry.key), wording::given(&value));
                problems.error(place.clone(), message);
            }
            Some((entry.key.clone(), value.as_f64()?))
        };
        entries.iter().filter_map(number).collect()
    }

    /// The nodes that `node:` means: every variant, unless some are chosen.
    fn node(&self, what: &str, entry: &Entry, fields: &[Entry], problems: &mut Problems) -> Option<Found> {
        let Some(field) = fields.iter().find(|field| field.key == "node") else {
            // A misspelt field is told once.
            if !fields.iter().any(|field| meant(&field.key, CHART_KEYS.into_iter()) == Some("node")) {
                problems
                    .error(entry.place.clone(), format!("this {what} has no `node`"))
                    .help(format!("as in `{what}: {{ node: by_layer }}`"));
            }
            return None;
        };
        let text = self.text("node", field, problems)?;
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

/// Nodes, the port and how many variants were meant, and where the reference stands.
type Found = (Vec<NodeIndex>, Option<String>, usize, Range<usize>);

//! The manual of node kinds and charts: what `ventral kinds` prints, from their own declarations.

use serde_json::{Value as Json, json};

use crate::diagnostic::{listed, quoted};
use crate::kind::chart::{ChartKind, ChartOption, Charts, Shape};
use crate::kind::registry::Registry;
use crate::kind::role::Role;
use crate::kind::shape;
use crate::kind::{Arity, Input, Kind, Output};
use crate::recipe::wording;
use crate::text::nearest::nearest;

/// What a manual can tell of.
pub enum Entry<'a> {
    Kind(&'static Kind),
    Chart(&'a ChartKind),
}

/// The kind or chart of that name, or what to try instead.
pub fn find<'a>(registry: &Registry, charts: &'a Charts, name: &str) -> Result<Entry<'a>, String> {
    let found = registry.get(name).map(Entry::Kind).or_else(|| charts.get(name).map(Entry::Chart));
    found.ok_or_else(|| {
        let names: Vec<&str> = registry.iter().map(|kind| kind.name).chain(charts.names()).collect();
        let hint = match nearest(name, names.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the kinds are {}", listed(names)),
        };
        format!("there is no kind {}; {hint}", quoted(name))
    })
}

/// All kinds by domain, a line each.
pub fn list(registry: &Registry) -> String {
    let width = registry.iter().map(|kind| kind.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for domain in domains(registry) {
        text += &format!("{domain}\n");
        for kind in registry.iter().filter(|kind| kind.domain == domain) {
            text += &format!("  {:width$}  {}\n", kind.name, first_line(kind.about));
        }
        text.push('\n');
    }
    text + "`ventral kinds KIND` tells a kind's ports and parameters, with an example.\n"
}

/// All charts, a line each.
pub fn charts(charts: &Charts) -> String {
    let rows: Vec<(String, String)> = charts.iter().map(|c| (c.name.to_owned(), c.about.to_owned())).collect();
    format!("charts of a report\n{}\n`ventral kinds CHART` tells a chart's options.\n", columns(&rows))
}

/// One chart: what it shows, of what, and its options.
pub fn chart(chart: &ChartKind) -> String {
    let roles = |roles: &[Role]| roles.iter().map(|role| role.words()).collect::<Vec<_>>().join(", ");
    let mut text =
        format!("{} (a chart of a report)\n\n{}\n\ndraws: {}\n", chart.name, chart.about, roles(chart.draws));
    if !chart.usual.is_empty() {
        text += &format!("unless another is named: {}\n", roles(chart.usual));
    }
    text += "\noptions beside node, kind and title:\n";
    if chart.options.is_empty() {
        text += "  none\n";
    }
    for option in &chart.options {
        text += &format!("  {}: {}\n", option.name, taken(option));
        for line in option.about.lines() {
            text += format!("      {line}").trim_end();
            text.push('\n');
        }
    }
    text + &format!("\nexample:\n  report:\n    - chart: {{ node: NODE, kind: {} }}\n", chart.name)
}

/// One chart as a program reads it.
pub fn chart_json(chart: &ChartKind) -> Json {
    let options: Vec<Json> = chart
        .options
        .iter()
        .map(|option| json!({ "name": option.name, "takes": taken(option), "about": option.about }))
        .collect();
    json!({ "chart": chart.name, "about": chart.about, "draws": chart.draws.iter().map(|role| role.words()).collect::<Vec<_>>(), "options": options })
}

/// What an option takes, in words.
fn taken(option: &ChartOption) -> String {
    match &option.shape {
        Shape::Text => "a text".to_owned(),
        Shape::Word(words) => format!("one of {}", words.join(", ")),
        Shape::Names => "a name or a list of names".to_owned(),
        Shape::Numbers => "a map of names to numbers".to_owned(),
    }
}

/// All kinds as a program reads them.
pub fn list_json(registry: &Registry) -> Json {
    registry.iter().map(kind_json).collect()
}

/// One kind: what it does, ports, parameters, an example.
pub fn kind(kind: &Kind) -> String {
    let mut text = format!("{} ({}, version {})\n\n{}\n", kind.name, kind.domain, kind.version, kind.about.trim());
    text += "\nin:\n";
    if kind.is_shaped() {
        let types: Vec<String> = shape::TYPES.iter().map(ToString::to_string).collect();
        text += &format!("  what the node names, or nothing: {}\n", types.join(" or "));
    } else if kind.inputs.is_empty() {
        text += "  nothing\n";
    }
    let ports: Vec<(String, String)> = kind.inputs.iter().map(|i| (i.name.to_owned(), input_line(i))).collect();
    text += &columns(&ports);
    text += "\nout, the main port first:\n";
    if kind.is_shaped() {
        text += &format!("  what the node names under `{}`\n", shape::PORTS);
    } else {
        let ports: Vec<(String, String)> = kind.outputs.iter().map(|o| (output_name(o), output_line(o))).collect();
        text += &columns(&ports);
    }
    text += "\nwith:\n";
    if kind.param_schemas().next().is_none() {
        text += "  nothing\n";
    }
    for (name, schema) in kind.param_schemas() {
        text += &format!("  {name}: {}\n", facts(&kind.schema, name, schema));
        for line in described(schema).lines() {
            text += format!("      {line}").trim_end();
            text.push('\n');
        }
        for (field, map, schema) in fields(schema) {
            text += &format!("      {name}.{field}: {}\n", facts(map, field, schema));
            for line in described(schema).lines() {
                text += format!("          {line}").trim_end();
                text.push('\n');
            }
        }
    }
    text += "\nexample:\n";
    for line in kind.example.trim_matches('\n').lines() {
        text += format!("  {line}").trim_end();
        text.push('\n');
    }
    text
}

/// One kind as a program reads it; `with` is the JSON Schema of its parameters.
pub fn kind_json(kind: &'static Kind) -> Json {
    let inputs: Vec<Json> = kind
        .inputs
        .iter()
        .map(|input| {
            json!({
                "name": input.name,
                "types": input.types,
                "arity": match input.arity { Arity::One => "one", Arity::Optional => "optional", Arity::Many => "many", Arity::AnyNumber => "any number" },
                "about": input.about,
            })
        })
        .collect();
    let outputs: Vec<Json> = kind
        .outputs
        .iter()
        .map(|o| json!({ "name": o.name, "type": o.ty, "keyed": o.keyed, "about": o.about }))
        .collect();
    json!({
        "kind": kind.name,
        "domain": kind.domain,
        "version": kind.version,
        "about": kind.about,
        "in": inputs,
        "out": outputs,
        "with": kind.schema,
        "example": kind.example,
    })
}

/// The domains in the order in which a study passes them, then those that only other builds know.
fn domains(registry: &Registry) -> Vec<&'static str> {
    let known = ["data", "features", "training", "regression", "evaluation"];
    let mut domains: Vec<&'static str> = registry.iter().map(|kind| kind.domain).collect();
    domains.sort_by_key(|domain| (known.iter().position(|k| k == domain).unwrap_or(known.len()), *domain));
    domains.dedup();
    domains
}

fn first_line(about: &str) -> &str {
    about.trim().lines().next().unwrap_or_default()
}

fn columns(rows: &[(String, String)]) -> String {
    let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    rows.iter().map(|(name, text)| format!("  {name:width$}  {text}\n")).collect()
}

fn input_line(input: &Input) -> String {
    let types = input.types.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ");
    let arity = match input.arity {
        Arity::One => "",
        Arity::Optional => ", optional",
        Arity::Many => ", takes many: `@*`, a list, or a map of labels",
        Arity::AnyNumber => ", optional, takes many: `@*`, a list, or a map of labels",
    };
    format!("{types}{arity}. {}", input.about)
}

fn output_name(output: &Output) -> String {
    match output.keyed {
        None => output.name.to_owned(),
        Some(keyed) => format!("{}[{keyed}]", output.name),
    }
}

fn output_line(output: &Output) -> String {
    format!("{}. {}", output.ty, output.about)
}

/// The described fields of a parameter that may be a map, each with the map's schema.
fn fields(schema: &Json) -> impl Iterator<Item = (&str, &Json, &Json)> {
    let maps = schema.get("anyOf").and_then(Json::as_array).into_iter().flatten();
    let fields = maps.filter_map(|map| Some((map, map.get("properties")?.as_object()?)));
    let fields = fields.flat_map(|(map, fields)| fields.iter().map(move |(name, field)| (name.as_str(), map, field)));
    fields.filter(|(.., field)| !described(field).is_empty())
}

/// What a parameter or field of a map takes, its default and its unit.
fn facts(map: &Json, name: &str, schema: &Json) -> String {
    let mut facts = wording::expected(schema);
    if let Some(unit) = schema.get("x-unit").and_then(Json::as_str) {
        facts += &format!(", in {unit}");
    }
    if schema.get("x-file") == Some(&Json::Bool(true)) {
        facts += ", a path whose content counts";
    }
    let required = map.get("required").and_then(Json::as_array);
    let required = required.is_some_and(|names| names.iter().any(|n| n.as_str() == Some(name)));
    match schema.get("default") {
        _ if name == "seed" => facts += "; the recipe's unless given",
        Some(Json::Null) => facts += "; absent unless given",
        Some(default) => facts += &format!("; {} unless given", wording::scalar_text(default)),
        None if required => facts += "; required",
        None => facts += "; absent unless given",
    }
    facts
}

fn described(schema: &Json) -> &str {
    schema.get("description").and_then(Json::as_str).unwrap_or_default()
}

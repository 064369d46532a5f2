//! The JSON Schema of every recipe, by which editors complete and check as one types.

use serde_json::{Map, Value as Json, json};

use crate::kind::chart::{ChartOption, Charts, Shape};
use crate::kind::measure;
use crate::kind::registry::Registry;
use crate::kind::{Arity, Input, Kind};

/// The schema (draft 07) for the kinds of a registry and some charts.
pub fn schema(registry: &Registry, charts: &Charts) -> Json {
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "ventral recipe",
        "description": "An encoding-model study as a graph of nodes.",
        "type": "object",
        "required": ["version", "nodes"],
        "additionalProperties": false,
        "properties": {
            "version": { "description": "The version of the recipe language.", "const": 1 },
            "title": { "description": "The report's title.", "type": "string" },
            "about": { "description": "Markdown, shown at the top of the report.", "type": "string" },
            "seed": loosen(&json!({
                "description": "The seed of every node that draws random numbers, unless it has its own.",
                "type": "integer", "minimum": 0, "default": 0
            })),
            "private": {
                "description": "Nodes whose pictures are never published; `stimuli` stands for all nodes with images.",
                "type": "array", "items": { "type": "string" }
            },
            "data": {
                "description": "Where files come from, by their paths; `ventral fetch` gets them.",
                "type": ["object", "null"],
                "additionalProperties": {
                    "type": "object", "required": ["from", "sha256"], "additionalProperties": false,
                    "properties": {
                        "from": { "description": "An address (https://…) or a DOI.", "type": "string" },
                        "sha256": { "description": "The SHA-256 of its content, in hexadecimal digits.", "type": "string" },
                        "bytes": loosen(&json!({ "description": "Its size.", "type": "integer", "minimum": 0 }))
                    }
                }
            },
            "vars": {
                "description": "Variables: `${name}` stands for the value anywhere below; `--set NAME=VALUE` overrides.",
                "type": ["object", "null"]
            },
            "sweep": sweep(),
            "search": search(registry),
            "question": question(),
            "nodes": {
                "description": "The nodes of the graph by name.",
                "type": "object", "minProperties": 1,
                "propertyNames": { "pattern": "^[A-Za-z_][A-Za-z0-9_-]*$" },
                "additionalProperties": node(registry)
            },
            "report": {
                "description": "What the report shows; without it every node shows its own charts.",
                "type": ["array", "null"], "items": { "anyOf": [text_item(), chart_item(charts), table_item()] }
            }
        },
        "definitions": {
            "variable": { "type": "string", "pattern": "\\$\\{[A-Za-z_][A-Za-z0-9_-]*\\}" },
            "scalar": { "type": ["string", "number", "boolean"] },
            "reference": {
                "type": "string",
                "description": "`node`, `node.port`, `node[key]` or `node.port[key]`, and last the variant: `@layer=layer3`."
            }
        }
    })
}

fn search(registry: &Registry) -> Json {
    let first = measure::first(registry.iter().flat_map(|kind| kind.measures)).map(|first| first.name);
    let span = json!({
        "type": "object", "required": ["from", "to"], "additionalProperties": false,
        "properties": {
            "from": { "type": "number" }, "to": { "type": "number" },
            "scale": { "enum": ["linear", "log"], "default": "linear" },
            "whole": { "type": "boolean", "default": false }
        }
    });
    let values = json!({ "type": "array", "items": { "$ref": "#/definitions/scalar" }, "minItems": 1 });
    json!({
        "description": "Variants drawn at random from ranges; with `method: halving` the better ones go on with a larger budget.",
        "type": ["object", "null"], "required": ["trials", "over"], "additionalProperties": false,
        "properties": {
            "method": { "description": "How trials are spent.", "enum": ["random", "halving"], "default": "random" },
            "trials": { "description": "How many variants are drawn.", "anyOf": [
                { "type": "integer", "minimum": 1 }, { "$ref": "#/definitions/variable" }] },
            "seed": { "description": "What they are drawn from; the recipe's seed unless given.", "anyOf": [
                { "type": "integer", "minimum": 0 }, { "$ref": "#/definitions/variable" }] },
            "over": {
                "description": "Variables and what they are drawn from: a list of values, or a range.",
                "type": "object", "minProperties": 1,
                "additionalProperties": { "anyOf": [values, span, { "$ref": "#/definitions/variable" }] }
            },
            "rungs": {
                "description": "With halving: the variable that grows and its values, as in `epochs: [3, 9, 27]`.",
                "type": "object", "minProperties": 1, "maxProperties": 1,
                "additionalProperties": { "anyOf": [
                    { "type": "array", "items": { "type": "number" }, "minItems": 2 }, { "$ref": "#/definitions/variable" }] }
            },
            "by": { "description": "With halving: the scores on val that judge a trial.", "$ref": "#/definitions/reference" },
            "measure": { "description": "With halving: the measure that counts, in its mean over units.",
                "type": "string", "default": first }
        }
    })
}

fn question() -> Json {
    let name = json!({ "$ref": "#/definitions/scalar" });
    json!({
        "description": "What the page answers in its first sentence; without it, which variant is best.",
        "type": ["object", "null"], "additionalProperties": false,
        "properties": {
            "contrast": {
                "description": "How much higher one value of a swept variable scores than another.",
                "type": "object", "required": ["of", "plus", "minus"], "additionalProperties": false,
                "properties": { "of": name, "plus": name, "minus": name }
            },
            "by": { "description": "The swept variable for each of whose values a contrast is told.", "type": "string" },
            "best": { "description": "The swept variable whose best value is asked for.", "type": "string" },
            "trend": { "description": "The swept variable, in its order, along which scores rise or fall.", "type": "string" },
            "against": {
                "description": "The baseline: a node that scores predictions, or a published value.", "type": ["string", "number"]
            },
            "node": { "description": "The scores in question, or what compares them, where there are several.", "type": "string" },
            "measure": { "description": "The measure in question.", "type": "string" }
        }
    })
}

fn sweep() -> Json {
    let scalar = json!({ "$ref": "#/definitions/scalar" });
    let named = json!({ "description": "Names and values, of any type.", "type": "object", "minProperties": 1 });
    let values = json!({ "anyOf": [
        { "type": "array", "items": scalar, "minItems": 1 }, named, { "$ref": "#/definitions/variable" }
    ] });
    let one = json!({ "anyOf": [scalar, { "type": "object", "minProperties": 1, "maxProperties": 1 }] });
    json!({
        "description": "Swept variables: a list of values each, or a map of names and values, for the grid of all combinations, or a list of chosen ones.",
        "anyOf": [
            { "type": "object", "additionalProperties": values },
            { "type": "array", "items": { "type": "object", "additionalProperties": one } },
            { "type": "null" }
        ]
    })
}

fn node(registry: &Registry) -> Json {
    let kinds: Vec<Json> = registry
        .iter()
        .map(|kind| json!({ "const": kind.name, "description": kind.about.lines().next().unwrap_or_default() }))
        .collect();
    let each: Vec<Json> = registry.iter().map(of_kind).collect();
    let mut node = json!({
        "type": "object",
        "required": ["kind"],
        "additionalProperties": false,
        "properties": {
            "kind": {
                "description": "What the node computes.",
                "anyOf": [{ "oneOf": kinds }, { "$ref": "#/definitions/variable" }]
            },
            "in": { "description": "What its input ports read.", "type": ["object", "null"] },
            "with": { "description": "Its parameters.", "type": ["object", "null"] },
            "about": { "description": "What it is for, in Markdown.", "type": ["string", "null"] },
            "device": {
                "description": "Where it computes: `auto` takes CUDA where it works, else the CPU.",
                "type": "string", "pattern": "^(auto|cpu|cuda(:[0-9]+)?|.*\\$\\{.*)$", "default": "auto"
            },
            "keep": loosen(&json!({
                "description": "Whether its outputs stay once their readers are done.",
                "type": "boolean", "default": true
            })),
            "resources": {
                "description": "What it may take; past it, a script is ended. In no key.",
                "type": ["object", "null"], "additionalProperties": false,
                "properties": {
                    "memory": { "description": "Such as `4GB`.", "type": ["string", "number"] },
                    "disk": { "description": "What it may write beside its inputs, such as `10GB`; 100GB unless said.", "type": ["string", "number"] },
                    "time": { "description": "Such as `90s`, `10m` or `2h`; a number is minutes.", "type": ["string", "number"] }
                }
            }
        }
    });
    if !each.is_empty() {
        node["allOf"] = Json::Array(each);
    }
    node
}

/// What a node of one kind may have under `in` and `with`.
fn of_kind(kind: &'static Kind) -> Json {
    let mut required: Vec<&str> = Vec::new();
    let needed: Vec<&str> = kind.inputs.iter().filter(|i| !i.arity.may_be_absent()).map(|i| i.name).collect();
    if !needed.is_empty() {
        required.push("in");
    }
    let ports: Map<String, Json> = kind.inputs.iter().map(|input| (input.name.to_owned(), port(input))).collect();
    let with = with(kind);
    if with.get("required").is_some() {
        required.push("with");
    }
    json!({
        "if": { "properties": { "kind": { "const": kind.name } }, "required": ["kind"] },
        "then": {
            "required": required,
            "properties": {
                "in": {
                    "type": if needed.is_empty() { json!(["object", "null"]) } else { json!("object") },
                    "required": needed, "additionalProperties": kind.is_shaped(), "properties": ports
                },
                "with": with
            }
        }
    })
}

fn port(input: &Input) -> Json {
    let types = input.types.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ");
    let reference = json!({ "$ref": "#/definitions/reference" });
    let taken = match input.arity {
        Arity::One | Arity::Optional => vec![reference],
        Arity::Many | Arity::AnyNumber => vec![
            reference.clone(),
            json!({ "type": "array", "items": reference, "minItems": 1 }),
            json!({ "type": "object", "additionalProperties": reference, "minProperties": 1 }),
        ],
    };
    json!({ "description": format!("{} ({types})", input.about), "anyOf": taken })
}

fn with(kind: &Kind) -> Json {
    let properties: Map<String, Json> =
        kind.param_schemas().map(|(name, schema)| (name.to_owned(), loosen(schema))).collect();
    // The recipe's seed serves where none is given.
    let required = kind.schema.get("required").and_then(Json::as_array).into_iter().flatten();
    let required: Vec<&Json> = required.filter(|name| name.as_str() != Some("seed")).collect();
    let mut with = json!({ "additionalProperties": false, "properties": properties });
    if required.is_empty() {
        with["type"] = json!(["object", "null"]);
    } else {
        with["type"] = json!("object");
        with["required"] = json!(required);
    }
    with
}

/// The same schema that takes `"${name}"` too, inside lists and maps as well.
fn loosen(schema: &Json) -> Json {
    let Json::Object(fields) = schema else { return schema.clone() };
    let mut inner = fields.clone();
    let mut outer = Map::new();
    // What editors show stays outside, where they look for it.
    for shown in ["description", "default", "title", "x-unit", "examples"] {
        if let Some(value) = inner.shift_remove(shown) {
            outer.insert(shown.to_owned(), value);
        }
    }
    loosen_within(&mut inner);
    for list in ["anyOf", "oneOf"] {
        let alternatives = inner.get_mut(list).and_then(Json::as_array_mut);
        alternatives.into_iter().flatten().filter_map(Json::as_object_mut).for_each(loosen_within);
    }
    let takes_any_text = inner.get("type").and_then(Json::as_str) == Some("string")
        && !["enum", "pattern", "const"].iter().any(|key| inner.contains_key(*key));
    if takes_any_text {
        outer.extend(inner);
    } else {
        outer.insert("anyOf".to_owned(), json!([inner, { "$ref": "#/definitions/variable" }]));
    }
    Json::Object(outer)
}

/// Loosens what lists and maps of a schema hold.
fn loosen_within(schema: &mut Map<String, Json>) {
    for list in ["items", "additionalProperties"] {
        if let Some(schema) = schema.get_mut(list).filter(|schema| schema.is_object()) {
            *schema = loosen(schema);
        }
    }
    if let Some(Json::Object(properties)) = schema.get_mut("properties") {
        properties.values_mut().for_each(|schema| *schema = loosen(schema));
    }
}

fn text_item() -> Json {
    item("text", json!({ "description": "Markdown.", "type": "string" }))
}

fn chart_item(charts: &Charts) -> Json {
    let names: Vec<&str> = charts.names().collect();
    let mut properties = Map::new();
    properties.insert("node".to_owned(), json!({ "$ref": "#/definitions/reference" }));
    properties.insert("kind".to_owned(), loosen(&json!({ "description": "The kind of chart.", "enum": names })));
    for option in charts.options() {
        properties.insert(option.name.clone(), chart_option(option));
    }
    properties.insert("title".to_owned(), text());
    item(
        "chart",
        json!({ "type": "object", "required": ["node"], "additionalProperties": false, "properties": properties }),
    )
}

fn chart_option(option: &ChartOption) -> Json {
    let about = &option.about;
    match &option.shape {
        Shape::Text => json!({ "description": about, "allOf": [text()] }),
        Shape::Word(words) => loosen(&json!({ "description": about, "enum": words })),
        Shape::Names => {
            json!({ "description": about, "anyOf": [{ "type": "array", "items": text() }, text()] })
        }
        Shape::Numbers => json!({
            "description": about, "type": "object", "additionalProperties": loosen(&json!({ "type": "number" }))
        }),
    }
}

/// A text outside nodes; a number is one, too.
fn text() -> Json {
    json!({ "type": ["string", "number"] })
}

fn table_item() -> Json {
    item(
        "table",
        json!({
            "type": "object", "required": ["node"], "additionalProperties": false,
            "properties": { "node": { "$ref": "#/definitions/reference" } }
        }),
    )
}

fn item(name: &str, schema: Json) -> Json {
    json!({ "type": "object", "required": [name], "additionalProperties": false, "properties": { name: schema } })
}

//! Values and schemas in words: what was given, and what is expected.

use serde_json::Value as Json;

use crate::diagnostic::quoted;

/// A value as it was given: "the text `x`", "1.5", "a list".
pub fn given(value: &Json) -> String {
    match value {
        Json::Null => "empty".to_owned(),
        Json::Bool(_) | Json::Number(_) => format!("`{value}`"),
        Json::String(text) if text.is_empty() => "an empty text".to_owned(),
        Json::String(text) => format!("the text {}", quoted(text)),
        Json::Array(_) => "a list".to_owned(),
        Json::Object(_) => "a map".to_owned(),
    }
}

/// A scalar as it stands in a variant's name: text as it is, numbers as they print.
pub fn scalar_text(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// What a parameter's schema asks for: "a whole number, at least 1", "one of `a`, `b`", "a list of texts".
pub fn expected(schema: &Json) -> String {
    if let Some(words) = choices(schema) {
        let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
        return match words.as_slice() {
            [one] => one.clone(),
            many => format!("one of {}", many.join(", ")),
        };
    }
    let alternatives = ["anyOf", "oneOf"].iter().find_map(|key| schema.get(key).and_then(Json::as_array));
    if let Some(alternatives) = alternatives {
        return or(alternatives.iter().map(expected));
    }
    match schema.get("type") {
        Some(Json::Array(types)) => or(types.iter().filter_map(Json::as_str).map(|ty| of_type(ty, schema))),
        Some(Json::String(ty)) => of_type(ty, schema),
        _ => "any value".to_owned(),
    }
}

fn or(kinds: impl Iterator<Item = String>) -> String {
    let mut kinds: Vec<String> = kinds.collect();
    // What is optional may be left out, which goes without saying.
    if kinds.iter().any(|kind| kind != "nothing") {
        kinds.retain(|kind| kind != "nothing");
    }
    kinds.dedup();
    kinds.join(" or ")
}

fn of_type(ty: &str, schema: &Json) -> String {
    let bounds = bounds(schema);
    match ty {
        "integer" => format!("a whole number{bounds}"),
        "number" => format!("a number{bounds}"),
        "string" => "a text".to_owned(),
        "boolean" => "`true` or `false`".to_owned(),
        "null" => "nothing".to_owned(),
        "array" => match schema.get("items").map(expected) {
            Some(item) => format!("a list, each item {item}"),
            None => "a list".to_owned(),
        },
        "object" => "a map".to_owned(),
        other => other.to_owned(),
    }
}

fn bounds(schema: &Json) -> String {
    let bound = |key: &str| schema.get(key).filter(|value| value.is_number());
    let low = bound("minimum").map(|v| ("at least", v)).or(bound("exclusiveMinimum").map(|v| ("more than", v)));
    let high = bound("maximum").map(|v| ("at most", v)).or(bound("exclusiveMaximum").map(|v| ("less than", v)));
    // The limits of machine integers bound nobody.
    let high = high.filter(|(_, v)| v.as_f64().is_some_and(|v| !matches!(v, 255.0 | 65_535.0 | 4_294_967_295.0)));
    let both: Vec<String> =
        [low, high].into_iter().flatten().map(|(words, value)| format!("{words} {}", plain(value))).collect();
    if both.is_empty() { String::new() } else { format!(", {}", both.join(" and ")) }
}

/// A number without a needless fraction: schemas write `1.0` for 1.
fn plain(value: &Json) -> String {
    match value.as_f64() {
        Some(number) if number.fract() == 0.0 && number.abs() < 1e15 => format!("{number:.0}"),
        _ => value.to_string(),
    }
}

/// The words that a schema lets one choose from, where it is such a schema.
pub fn choices(schema: &Json) -> Option<Vec<String>> {
    if let Some(constant) = schema.get("const") {
        return Some(vec![scalar_text(constant)]);
    }
    if let Some(words) = schema.get("enum").and_then(Json::as_array) {
        return Some(words.iter().filter(|word| !word.is_null()).map(scalar_text).collect());
    }
    let alternatives = ["oneOf", "anyOf"].iter().find_map(|key| schema.get(key).and_then(Json::as_array))?;
    let is_null = |schema: &&Json| schema.get("type").and_then(Json::as_str) == Some("null");
    let words: Option<Vec<Vec<String>>> = alternatives.iter().filter(|s| !is_null(s)).map(choices).collect();
    words.map(|words| words.concat()).filter(|words| !words.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn schemas_read_as_sentences() {
        let of = |schema: Json| expected(&schema);
        assert_eq!(of(json!({"type": "integer", "minimum": 1, "format": "uint32"})), "a whole number, at least 1");
        assert_eq!(
            of(json!({"type": "number", "exclusiveMinimum": 0.0, "maximum": 1})),
            "a number, more than 0 and at most 1"
        );
        assert_eq!(of(json!({"type": ["null", "string"]})), "a text");
        assert_eq!(of(json!({"enum": ["exact", "linfa"]})), "one of `exact`, `linfa`");
        assert_eq!(
            of(json!({"anyOf": [{"oneOf": [{"const": "a"}, {"const": "b"}]}, {"type": "null"}]})),
            "one of `a`, `b`"
        );
        assert_eq!(of(json!({"anyOf": [{"enum": ["auto"]}, {"type": "number"}]})), "`auto` or a number");
        assert_eq!(of(json!({"type": "array", "items": {"type": "string"}})), "a list, each item a text");
        assert_eq!(of(json!(true)), "any value");
    }

    #[test]
    fn values_read_as_given() {
        assert_eq!(given(&json!("a\nb")), "the text `a b`");
        assert_eq!(given(&json!(1.5)), "`1.5`");
        assert_eq!(given(&json!([1])), "a list");
        assert_eq!(given(&Json::Null), "empty");
    }
}

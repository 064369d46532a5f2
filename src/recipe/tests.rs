//! The two readers of a recipe hold each other: values, structure and places agree on any text.

use std::sync::Arc;

use proptest::prelude::{Just, Strategy, any, prop, prop_oneof, proptest};
use serde_json::{Map, Value as Json, json};

use crate::diagnostic::{Problems, Source};
use crate::recipe::syntax::read;
use crate::recipe::syntax::tree::{Tree, Value};

fn read(text: &str) -> Option<(Tree, usize)> {
    let source = Arc::new(Source::new("a.yaml", text));
    let mut problems = Problems::new(&source);
    let tree = read::read(&source, &mut problems).ok()?;
    Some((tree, problems.finish().0.len()))
}

fn to_json(tree: &Tree) -> Json {
    match &tree.value {
        Value::Scalar(value) => value.clone(),
        Value::List(items) => items.iter().map(to_json).collect(),
        Value::Map(entries) => entries.iter().map(|e| (e.key.clone(), to_json(&e.value))).collect(),
    }
}

/// Keys as text, as a recipe has them; nothing where a key is none.
fn of_yaml(value: &serde_yaml::Value) -> Option<Json> {
    Some(match value {
        serde_yaml::Value::Sequence(items) => Json::Array(items.iter().map(of_yaml).collect::<Option<_>>()?),
        serde_yaml::Value::Mapping(map) => {
            let pairs = map.iter().map(|(key, value)| Some((key.as_str()?.to_owned(), of_yaml(value)?)));
            Json::Object(pairs.collect::<Option<Map<_, _>>>()?)
        }
        scalar => serde_json::to_value(scalar).ok()?,
    })
}

/// Every scalar that stands on one line reads the same alone as in its place.
fn check_places(text: &str, tree: &Tree) {
    match &tree.value {
        Value::List(items) => items.iter().for_each(|item| check_places(text, item)),
        Value::Map(entries) => {
            for entry in entries {
                let key = &text[entry.place.clone()];
                assert!(key.contains(&entry.key) || key.contains(['"', '\'', '\n', '*']), "{key:?} is {:?}", entry.key);
                check_places(text, &entry.value);
            }
        }
        Value::Scalar(value) => {
            let written = &text[tree.place.clone()];
            let is_plain = written.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '"' || c == '\'');
            let quoted = written.starts_with(['"', '\'']);
            if is_plain && !written.contains(['\n', '\r', '#']) && (quoted || !written.contains(": ")) {
                let alone: serde_yaml::Value = serde_yaml::from_str(written).unwrap_or_default();
                assert_eq!(of_yaml(&alone).as_ref(), Some(value), "{written:?} in {text:?}");
            }
        }
    }
}

/// JSON values as YAML holds them.
fn values() -> impl Strategy<Value = Json> {
    let text = prop_oneof![
        "[a-zA-Z0-9_ .:#\\[\\]{}&*!|>'\"%@`,?~é$-]{0,12}",
        Just("null".to_owned()),
        Just("0x1f".to_owned()),
        Just("1e3".to_owned()),
        Just("${a}".to_owned()),
        Just("line\nbreak\n".to_owned()),
    ];
    let scalar = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        (-1e9..1e9).prop_map(|x: f64| json!(x)),
        text.clone().prop_map(Json::from)
    ];
    scalar.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Json::from),
            prop::collection::btree_map("[a-z][a-z0-9 .:'\"#-]{0,8}", inner, 0..6)
                .prop_map(|map| Json::Object(map.into_iter().collect())),
        ]
    })
}

/// A recipe's text with some of it replaced by what YAML is picky about.
fn mutated() -> impl Strategy<Value = String> {
    let base = "version: 1\ntitle: 'It''s é'\nsweep: { layer: [features.3, features.6] }\nnodes:\n  it: { kind: a, with: \
                {path: \"x\\ty\" } }\n  b: &b\n    kind: c # why\n    in: [*b, \"${d}\"]\n    about: |\n      two\n      \
                lines\nreport:\n- text: >-\n    folded\n    text\n";
    let token = prop::sample::select(vec![
        "\n",
        "\n  ",
        "  ",
        "- ",
        "? ",
        ": ",
        "{",
        "}",
        "[",
        "]",
        ",",
        "\"",
        "'",
        "|\n",
        "|+2\n",
        ">-\n",
        " #",
        "&a ",
        "*b",
        "!",
        "!!str ",
        "%",
        "@",
        "`",
        "---\n",
        "...\n",
        "\t",
        "\r\n",
        "\u{feff}",
        "é",
        "\u{2028}",
        "${x}",
        "~",
        "null",
        "0x1f",
        "1e5",
        ".inf",
        "<<: ",
        "\\",
        "\\x",
        "&",
        "*",
        "%YAML 1.2\n",
        "\0",
        "-",
        "?",
        ":",
        "a: 1\n",
    ]);
    prop::collection::vec((any::<prop::sample::Index>(), 0..4_usize, token), 0..10).prop_map(|edits| {
        edits.into_iter().fold(base.to_owned(), |text, (at, cut, token)| {
            let bounds: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
            let from = at.index(bounds.len());
            let to = (from + cut).min(bounds.len() - 1);
            format!("{}{token}{}", &text[..bounds[from]], &text[bounds[to]..])
        })
    })
}

proptest! {
    #[test]
    fn what_serde_yaml_writes_is_read_as_it_was(value in values()) {
        let text = serde_yaml::to_string(&value).unwrap();
        let (tree, problems) = read(&text).expect("plain YAML reads");
        assert_eq!((to_json(&tree), problems), (value, 0), "{text}");
        check_places(&text, &tree);
    }

    #[test]
    fn what_is_read_at_all_is_read_as_serde_yaml_reads_it(text in mutated()) {
        if let Some((tree, 0)) = read(&text) {
            let yaml: serde_yaml::Value = serde_yaml::from_str(&text).expect("serde_yaml read it before");
            if let Some(expected) = of_yaml(&yaml) {
                assert_eq!(to_json(&tree), expected, "{text:?}");
            }
            check_places(&text, &tree);
        }
    }

    #[test]
    fn any_text_at_all_is_read_or_refused(text in ".{0,200}") {
        read(&text);
    }
}

#[test]
fn what_grows_without_bound_is_refused_at_once() {
    let started = std::time::Instant::now();
    let bombs = [
        format!("a: {}", "[".repeat(1 << 20)),
        format!("a:\n{}", (0..2000).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect::<String>()),
        "- a\n".repeat(1 << 19),
        format!("x: &x {}\ny: [{}]", "z".repeat(1 << 20), "*x, ".repeat(100_000)),
        format!("a: &a [{}]\nb: [{}]", "1, ".repeat(1000), "*a, ".repeat(1000)),
        (0..60).map(|i| format!("{}&a{i}\n{}", " ".repeat(i), " ".repeat(i))).collect::<String>() + "- x",
        "{".repeat(1 << 20),
        "? ".repeat(1 << 20),
        "- ".repeat(1 << 20),
        "x".repeat((4 << 20) + 1),
    ];
    for bomb in bombs {
        assert!(read(&bomb).is_none(), "{}", &bomb[..40]);
    }
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
}

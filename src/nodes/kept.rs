//! Parameters as they enter keys: what every kind makes of its example, of the recipes that ship, and of every form of a training.
//!
//! A key is the digest of this text, so that a field that is renamed, reordered or given another default would rerun what people
//! have computed. `VENTRAL_GOLDEN=write cargo test kept` writes `tests/params.json` anew, where a change is meant.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use crate::kind::registry::Registry;
use crate::nodes::fixtures::fixture;

/// Whether golden files are to be written instead of read.
pub fn writes() -> bool {
    std::env::var_os("VENTRAL_GOLDEN").is_some_and(|word| word == "write")
}

/// Every form that the parameters of a training take.
fn trainings() -> Vec<Json> {
    vec![
        json!({}),
        json!({
            "architecture": { "blocks": [
                { "channels": 4 },
                { "channels": 8, "kernel": 5, "stride": 2, "padding": 0, "norm": false, "activation": "elu", "pool": 2, "dropout": 0.25 },
                { "channels": 2, "activation": "gelu" }, { "channels": 2, "activation": "silu" },
                { "channels": 2, "activation": "none" }, { "channels": 2, "activation": "relu" },
            ] },
            "readout": { "pooled": { "grid": 2, "dropout": 0.5 } }, "schedule": { "step": { "every": 3 } }, "optimizer": "sgd",
            "momentum": 0.5, "learning_rate": 0.1, "weight_decay": 0, "epochs": 3, "batch": 7, "seed": 9, "clip": 1,
            "augment": { "flip": true, "shift": 2.5, "crop": 0.75, "brightness": 0.125 }, "precision": "bf16",
            "early_stopping": { "patience": 4, "on": "val", "fraction": 0.5 }, "image_size": 64, "loss": "poisson",
        }),
        json!({ "architecture": "two_layer", "readout": { "full": { "hidden": [8, 4], "dropout": 0.5 } }, "schedule": "constant" }),
        json!({ "architecture": "three_layer", "readout": { "full": {} }, "schedule": "cosine", "optimizer": "adam" }),
        json!({ "architecture": "core_gaussian", "readout": "gaussian", "schedule": "one_cycle", "optimizer": "adamw" }),
        json!({ "readout": "factorised", "schedule": { "step": { "every": 2, "factor": 0.5 } }, "early_stopping": null }),
        json!({ "readout": { "pooled": {} }, "augment": {}, "early_stopping": {}, "classes": "category" }),
        json!({ "model": "squeezenet1_1", "weights": "random", "layer": "features.9", "tune": "features.6", "trunk_rate": 0.5 }),
    ]
}

fn entry(registry: &Registry, kind: &str, params: Json) -> Json {
    let kind = registry.get(kind).unwrap_or_else(|| panic!("no kind {kind}"));
    let params = kind.normalise(params).unwrap_or_else(|problem| panic!("{}: {problem:?}", kind.name));
    json!({ "params": params, "significant": kind.significant(&params) })
}

/// A value in which `${name}` stands for what a recipe sets.
fn filled(value: &Json, set: &BTreeMap<String, Json>) -> Json {
    match value {
        Json::String(text) => {
            if let Some(name) = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')) {
                return set[name].clone();
            }
            Json::String(set.iter().fold(text.clone(), |text, (name, value)| {
                let word = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                text.replace(&format!("${{{name}}}"), &word)
            }))
        }
        Json::Array(list) => list.iter().map(|value| filled(value, set)).collect(),
        Json::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), filled(value, set))).collect(),
        other => other.clone(),
    }
}

/// What a recipe sets, once for each swept value with the others at their first.
fn settings(recipe: &Json) -> Vec<BTreeMap<String, Json>> {
    let vars = recipe["vars"].as_object().into_iter().flatten();
    let vars: BTreeMap<String, Json> = vars.map(|(name, value)| (name.clone(), value.clone())).collect();
    // Named values: a map from what they are called to what they are.
    let values = |value: &Json| match value {
        Json::Object(named) => named.values().cloned().collect(),
        Json::Array(list) => list.clone(),
        one => vec![one.clone()],
    };
    match &recipe["sweep"] {
        Json::Array(chosen) => chosen
            .iter()
            .map(|one| {
                let one = one.as_object().expect("a map");
                vars.clone().into_iter().chain(one.iter().map(|(name, value)| (name.clone(), value.clone()))).collect()
            })
            .collect(),
        Json::Object(grid) => {
            let first = grid.iter().map(|(name, value)| (name.clone(), values(value).swap_remove(0)));
            let first: BTreeMap<String, Json> = vars.into_iter().chain(first).collect();
            let with = |(name, value): (&String, &Json)| {
                let of = |value| first.clone().into_iter().chain([(name.clone(), value)]).collect();
                values(value).into_iter().map(of).collect::<Vec<_>>()
            };
            grid.iter().flat_map(with).collect()
        }
        _ => vec![vars],
    }
}

fn all() -> Map<String, Json> {
    let registry = crate::nodes::registry();
    let mut all = Map::new();
    for kind in registry.iter() {
        let example: Json = serde_yaml::from_str(kind.example).expect("the example is YAML");
        let node = example.as_object().and_then(|nodes| nodes.values().next()).expect("a node");
        let with = node.get("with").cloned().unwrap_or_else(|| json!({}));
        all.insert(format!("example {}", kind.name), entry(&registry, kind.name, with));
    }
    for kind in ["train_cnn", "co_train"] {
        for (at, params) in trainings().into_iter().enumerate() {
            all.insert(format!("{kind} {at}"), entry(&registry, kind, params));
        }
    }
    for name in [
        "architectures",
        "best_model",
        "co_training",
        "data_driven",
        "it_layers",
        "quickstart",
        "task_driven",
        "v4_ceiling",
        "v4_layers",
    ] {
        let path = fixture("../..").join("recipes").join(name).with_extension("yaml");
        let text = std::fs::read_to_string(&path).expect("a recipe");
        let recipe: Json = serde_yaml::from_str(&text).expect("YAML");
        for set in settings(&recipe) {
            for (node, said) in recipe["nodes"].as_object().expect("nodes") {
                let with = filled(said.get("with").unwrap_or(&json!({})), &set);
                let entry = entry(&registry, said["kind"].as_str().expect("a kind"), with);
                all.insert(format!("{name} {node} {}", entry["params"]), entry);
            }
        }
    }
    all
}

#[test]
fn kept_parameters_are_what_they_were() {
    let now = all();
    let path = fixture("..").join("params.json");
    if writes() {
        let text = serde_json::to_string_pretty(&now).expect("it serialises") + "\n";
        std::fs::write(&path, text).expect("written");
        return;
    }
    let text = std::fs::read_to_string(&path).expect("tests/params.json");
    let kept: Map<String, Json> = serde_json::from_str(&text).expect("JSON");
    assert!(kept.len() > 100, "what is kept is there");
    // As text: the order of fields counts. A new kind has nothing to keep yet.
    for (name, kept) in &kept {
        let now = now.get(name).unwrap_or_else(|| panic!("`{name}` is made no more"));
        assert_eq!(now.to_string(), kept.to_string(), "`{name}` enters keys otherwise than it did");
    }
}

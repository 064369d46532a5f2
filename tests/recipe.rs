//! Recipes as plans: variants, edges, labels, variables, settings; the schema, the manual and the graph.

#[path = "fixtures/kinds.rs"]
mod kinds;
#[path = "recipe/sweeps.rs"]
mod sweeps;

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use proptest::prelude::{any, prop, proptest};
use serde_json::{Value as Json, json};
use typed_index_collections::{TiSlice, TiVec};
use ventral::plan::{Edge, Node, NodeIndex, Plan, ReportItem};
use ventral::recipe;
use ventral::recipe::manual::kinds as manual;
use ventral::recipe::manual::kinds::Entry;
use ventral::recipe::{Loaded, Options};
use ventral::report::draw::dag::{Format, draw};

const IT: &str = include_str!("recipes/it.yaml");
const V4: &str = include_str!("recipes/v4.yaml");

fn options(set: &[(&str, &str)]) -> Options {
    let set = set.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Options { set, workspace: Some(PathBuf::from("/w")), ..Options::default() }
}

fn load(text: &str, set: &[(&str, &str)]) -> Loaded {
    match recipe::read(
        Path::new("recipes/study.yaml"),
        text,
        &kinds::registry(),
        ventral::report::charts(),
        &options(set),
    ) {
        Ok(loaded) => loaded,
        Err(errors) => panic!("{errors}"),
    }
}

fn plan(text: &str) -> Plan {
    let loaded = load(text, &[]);
    assert!(loaded.warnings.is_empty(), "{}", loaded.warnings);
    loaded.plan
}

fn ids(plan: &Plan) -> Vec<String> {
    plan.nodes.iter().map(|node| node.id.to_string()).collect()
}

fn node<'p>(plan: &'p Plan, id: &str) -> &'p Node {
    plan.nodes.iter().find(|node| node.id.to_string() == id).unwrap_or_else(|| panic!("no {id} in {:?}", ids(plan)))
}

fn label(pairs: &[(&str, Json)]) -> Vec<(String, Json)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

fn labels(node: &Node) -> Vec<Vec<(String, Json)>> {
    node.edges.iter().map(|edge| edge.label.clone()).collect()
}

fn from(plan: &Plan, edge: &Edge) -> String {
    let key = edge.key.as_ref().map_or(String::new(), |key| format!("[{key}]"));
    format!("{}.{}{key}", plan.nodes[edge.from].id, edge.output)
}

/// The head of the small recipes below.
const HEAD: &str = "version: 1
sweep: { layer: [layer1, layer2], k: [10, 100] }
nodes:
  it: { kind: load_majaj, with: { path: a.h5 } }
  layers: { kind: extract_layer, in: { images: it }, with: { model: resnet50, layers: [layer1, layer2] } }
  pcs: { kind: pca, in: { features: \"layers[${layer}]\", split: it.split }, with: { components: \"${k}\" } }
  readout: { kind: ridge, in: { features: pcs, responses: it.responses, split: it.split } }
  scores: { kind: evaluate, in: { predictions: readout, responses: it.responses, split: it.split }, with: { on: val } }
";

#[test]
fn the_first_recipe_of_the_contract_is_a_plan() {
    let loaded = load(IT, &[]);
    let plan = &loaded.plan;
    assert_eq!(plan.title, "Which layer of ResNet-50 explains IT best?");
    assert_eq!(plan.name, "study");
    assert_eq!(plan.private.as_deref(), Some(["it".to_owned()].as_slice()));
    assert_eq!(plan.nodes.len(), 2 + 3 * 4 + 1);
    assert_eq!(
        plan.sweep,
        [("layer".to_owned(), vec![json!("layer1"), json!("layer2"), json!("layer3"), json!("layer4")])]
    );
    let pcs = node(plan, "pcs@layer=layer3");
    assert_eq!(pcs.params, json!({ "components": 1000, "solver": "auto", "seed": 414 }));
    assert_eq!(pcs.edges.iter().map(|e| from(plan, e)).collect::<Vec<_>>(), ["layers.activations[layer3]", "it.split"]);
    assert_eq!(pcs.place.clone().map(|place| &IT[place]), Some("pcs"));
    let by_layer = node(plan, "by_layer");
    assert_eq!(labels(by_layer)[2], label(&[("layer", json!("layer3"))]));
    let [ReportItem::Text(_), ReportItem::Chart(chart), ReportItem::Table { nodes, port: None }] =
        plan.report.as_slice()
    else {
        panic!("{:?}", plan.report)
    };
    assert_eq!(chart.options["reference"], json!({ "published": 0.406 }));
    assert_eq!((&chart.nodes, chart.kind.as_deref()), (nodes, Some("box")));
    assert!(loaded.warnings.is_empty(), "{}", loaded.warnings);
}

#[test]
fn the_second_recipe_of_the_contract_is_a_plan() {
    let plan = plan(V4);
    assert_eq!(plan.nodes.len(), 3 + 3 * 4 + 1);
    assert_eq!(node(&plan, "split").params, json!({ "test": 0.2, "folds": null, "seed": 0 }));
    assert_eq!(node(&plan, "scores@layer=features.9").id.variant, [("layer".to_owned(), "features.9".to_owned())]);
    assert_eq!(labels(node(&plan, "by_layer")).len(), 4);
}

#[test]
fn every_node_comes_after_what_it_reads_whatever_the_order_of_the_text() {
    let mut lines: Vec<&str> = HEAD.lines().collect();
    lines[3..].reverse();
    let plan = plan(&lines.join("\n"));
    for (at, node) in plan.nodes.iter_enumerated() {
        assert!(node.edges.iter().all(|edge| edge.from < at), "{}", node.id);
    }
    assert_eq!(plan.nodes.len(), 2 + 3 * 4);
}

#[test]
fn a_node_exists_once_per_combination_of_what_it_depends_on() {
    let plan = plan(&format!(
        "{HEAD}  by_k: {{ kind: concat, in: {{ features: \"pcs@k=*\" }} }}
  fixed: {{ kind: pca, in: {{ features: \"pcs@layer=layer2,k=10\", split: it.split }}, with: {{ components: 3 }} }}
  half: {{ kind: pca, in: {{ features: \"pcs@k=100\", split: it.split }}, with: {{ components: 3 }} }}
  all: {{ kind: concat, in: {{ features: \"pcs@*\" }}, about: \"k is ${{k}}\" }}
"
    ));
    let of = |name: &str| ids(&plan).into_iter().filter(|id| id.split('@').next() == Some(name)).collect::<Vec<_>>();
    assert_eq!(of("layers"), ["layers"]);
    assert_eq!(
        of("pcs"),
        ["pcs@layer=layer1,k=10", "pcs@layer=layer1,k=100", "pcs@layer=layer2,k=10", "pcs@layer=layer2,k=100"]
    );
    assert_eq!(of("by_k"), ["by_k@layer=layer1", "by_k@layer=layer2"]);
    let by_k = node(&plan, "by_k@layer=layer2");
    assert_eq!(labels(by_k), [label(&[("k", json!(10))]), label(&[("k", json!(100))])]);
    assert_eq!(from(&plan, &by_k.edges[1]), "pcs@layer=layer2,k=100.scores");
    assert_eq!(of("fixed"), ["fixed"]);
    assert_eq!(from(&plan, &node(&plan, "fixed").edges[0]), "pcs@layer=layer2,k=10.scores");
    assert_eq!(of("half"), ["half@layer=layer1", "half@layer=layer2"]);
    assert_eq!(of("all"), ["all@k=10", "all@k=100"]);
    assert_eq!((node(&plan, "all@k=100").edges.len(), node(&plan, "all@k=100").about.as_str()), (4, "k is 100"));
}

#[test]
fn many_are_told_apart_by_labels() {
    let plan = plan(&format!(
        "{HEAD}  other: {{ kind: evaluate, in: {{ predictions: it.predicted, responses: it.responses, split: it.split }}, with: {{ on: val }} }}
  list: {{ kind: compare, in: {{ scores: [other.summary, \"scores@k=*,layer=layer1\", \"scores@layer=layer2,k=10\"] }} }}
  map: {{ kind: compare, in: {{ scores: {{ other: other, ridge: \"scores@*\" }} }} }}
  plain: {{ kind: compare, in: {{ scores: other.summary }} }}
  swept: {{ kind: compare, in: {{ scores: scores }} }}
"
    ).replace("predictions: it.predicted", "predictions: \"layers[layer1]\""));
    let text = |text: &str| ("label", json!(text));
    let layer = |value: &str| ("layer", json!(value));
    let k = |value: i32| ("k", json!(value));
    assert_eq!(
        labels(node(&plan, "list")),
        [
            label(&[text("other.summary")]),
            label(&[text("scores"), k(10)]),
            label(&[text("scores"), k(100)]),
            label(&[text("scores@layer=layer2,k=10")]),
        ]
    );
    let map = labels(node(&plan, "map"));
    assert_eq!((map[0].clone(), map.len()), (label(&[text("other")]), 5));
    assert_eq!(map[3], label(&[text("ridge"), layer("layer2"), k(10)]));
    assert_eq!(labels(node(&plan, "plain")), [label(&[text("other.summary")])]);
    assert_eq!(labels(node(&plan, "swept@layer=layer1,k=10")), [label(&[text("scores")])]);
}

#[test]
fn settings_override_variables_and_sweeps() {
    let one = load(HEAD, &[("layer", "layer2")]).plan;
    assert_eq!(one.name, "study@layer=layer2");
    assert_eq!(one.sweep[0], ("layer".to_owned(), vec![json!("layer2")]));
    assert_eq!(one.find("pcs").len(), 2);
    let list = load(HEAD, &[("k", "[1, 2, 3]"), ("layer", "layer1")]).plan;
    assert_eq!(list.name, "study@k=1+2+3,layer=layer1");
    assert_eq!(node(&list, "pcs@layer=layer1,k=3").params["components"], json!(3));
    let loaded = load(IT, &[("components", "50")]);
    assert_eq!(node(&loaded.plan, "pcs@layer=layer1").params["components"], json!(50));
    let path = load(
        &HEAD.replace("a.h5", "\"${file}\"").replace("sweep", "vars: { file: b.h5 }\nsweep"),
        &[("file", "x/../y z.h5")],
    );
    assert_eq!(
        (path.plan.name.as_str(), &path.plan.nodes[NodeIndex::from(0)].params["path"]),
        ("study@file=x-..-y-z.h5", &json!("x/../y z.h5"))
    );
    let chosen = HEAD
        .replace("{ layer: [layer1, layer2], k: [10, 100] }", "[{ layer: layer1, k: 10 }, { layer: layer2, k: 100 }]");
    let chosen = load(&chosen, &[("k", "5")]).plan;
    assert_eq!(chosen.find("scores").len(), 2);
    assert_eq!(node(&chosen, "pcs@layer=layer2,k=5").params["components"], json!(5));
    let long = load(
        HEAD,
        &[("layer", "layer1"), ("k", &format!("[{}]", (1..200).map(|k| k.to_string()).collect::<Vec<_>>().join(",")))],
    );
    assert!(long.plan.name.len() <= 160, "{}", long.plan.name);
}

#[test]
fn variables_keep_their_types_and_stand_anywhere() {
    let text = "version: 1
vars:
  names: [layer1, layer2]
  root: data
  file: \"${root}/IT.h5\"
  kind: concat
  which: it
title: A study of ${root} ($${root})
seed: \"${seed}\"
sweep: { layer: \"${names}\" }
nodes:
  it: { kind: load_majaj, with: { path: \"${file}\" } }
  layers: { kind: extract_layer, in: { images: \"${which}.images\" }, with: { model: resnet50, layers: \"${names}\" } }
  all: { kind: \"${kind}\", in: { features: [\"layers[${layer}]\"] }, with: { scaled: \"${scaled}\" }, keep: \"${scaled}\" }
report:
  - text: Of ${names}
"
    .replace("vars:\n", "vars:\n  seed: 3\n  scaled: true\n")
    .replace("Of ${names}", "Of ${root}");
    let plan = plan(&text);
    assert_eq!(plan.title, "A study of data (${root})");
    assert_eq!(node(&plan, "it").params["path"], json!("data/IT.h5"));
    assert_eq!(node(&plan, "layers").params["layers"], json!(["layer1", "layer2"]));
    assert_eq!(node(&plan, "layers").params["seed"], json!(3));
    let all = node(&plan, "all@layer=layer2");
    assert_eq!((&all.params, all.keep), (&json!({ "scaled": true }), true));
    assert_eq!(from(&plan, &all.edges[0]), "layers.activations[layer2]");
    assert!(matches!(&plan.report[0], ReportItem::Text(text) if text == "Of data"));
}

#[test]
fn a_swept_variable_may_choose_the_node_that_is_read() {
    let plan = plan(
        "version: 1
sweep: { animal: [ada, bea] }
nodes:
  ada: { kind: load_majaj, with: { path: a.h5 } }
  bea: { kind: load_majaj, with: { path: b.h5 } }
  ceiling: { kind: noise_ceiling, in: { responses: \"${animal}.responses\" } }
  both: { kind: compare, in: { scores: \"ceiling@*\" } }
",
    );
    assert_eq!(ids(&plan), ["ada", "bea", "ceiling@animal=ada", "ceiling@animal=bea", "both"]);
    assert_eq!(from(&plan, &node(&plan, "ceiling@animal=bea").edges[0]), "bea.responses");
}

#[test]
fn a_single_entry_needs_no_key_and_folds_are_numbers() {
    let plan = plan(
        "version: 1
nodes:
  it: { kind: load_majaj, with: { path: a.h5 } }
  layers: { kind: extract_layer, in: { images: it }, with: { model: resnet50, layers: [avgpool] } }
  pcs: { kind: pca, in: { features: layers, split: it.split }, with: { components: 5, seed: 8 }, device: cuda:1, keep: false }
  again: { kind: pca, in: { features: \"pcs.scores[2]\", split: it.split }, with: { components: 5 } }
",
    );
    assert_eq!(node(&plan, "pcs").edges[0].key.as_deref(), Some("avgpool"));
    assert_eq!(node(&plan, "pcs").params["seed"], json!(8));
    assert_eq!(node(&plan, "pcs").device.to_string(), "cuda:1");
    assert!(!node(&plan, "pcs").keep);
    assert_eq!(node(&plan, "again").edges[0].key.as_deref(), Some("2"));
}

#[test]
fn reports_name_variants_and_ports() {
    let plan = plan(&format!(
        "{HEAD}report:
  - chart: {{ node: scores, kind: violin, units: [3, u7] }}
  - chart: {{ node: \"scores.summary@layer=layer2\", title: Two }}
  - chart: {{ node: \"scores@layer=*,k=10\" }}
  - table: {{ node: \"pcs.spectrum@layer=layer1,k=100\" }}
"
    ));
    let shown = |item: &ReportItem| match item {
        ReportItem::Chart(chart) => (chart.nodes.clone(), chart.port.clone()),
        ReportItem::Table { nodes, port } => (nodes.clone(), port.clone()),
        ReportItem::Text(_) => panic!("no text"),
    };
    let variants = |item: &ReportItem| {
        let (nodes, port) = shown(item);
        (nodes.into_iter().map(|at| plan.nodes[at].id.variant_text()).collect::<Vec<_>>(), port)
    };
    assert_eq!(variants(&plan.report[0]).0.len(), 4);
    let summary = (vec!["layer=layer2,k=10".to_owned(), "layer=layer2,k=100".to_owned()], Some("summary".to_owned()));
    assert_eq!(variants(&plan.report[1]), summary);
    assert_eq!(variants(&plan.report[2]).0, ["layer=layer1,k=10", "layer=layer2,k=10"]);
    assert_eq!(variants(&plan.report[3]), (vec!["layer=layer1,k=100".to_owned()], Some("spectrum".to_owned())));
    assert!(matches!(&plan.report[0], ReportItem::Chart(chart) if chart.options["units"] == json!(["3", "u7"])));
}

#[test]
fn the_workspace_is_the_nearest_folder_that_holds_recipes() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let root = folder.path().canonicalize().expect("it exists");
    std::fs::create_dir_all(root.join("w/recipes/mine")).expect("folders");
    std::fs::create_dir_all(root.join("w/notes")).expect("folders");
    assert_eq!(recipe::workspace_of(&root.join("w/recipes/a.yaml")), root.join("w"));
    assert_eq!(recipe::workspace_of(&root.join("w/recipes/mine/a.yaml")), root.join("w"));
    assert_eq!(recipe::workspace_of(&root.join("w/notes/a.yaml")), root.join("w"));
    assert!(recipe::workspace_of(&root.join("a.yaml")).is_absolute());
    assert!(recipe::workspace_of(Path::new("a.yaml")).is_absolute());
}

#[test]
fn files_that_are_no_recipe_are_refused_in_words() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    std::fs::create_dir(folder.path().join("recipes")).expect("a folder");
    let path = |name: &str| folder.path().join("recipes").join(name);
    let told = |name: &str| match recipe::load(
        &path(name),
        &kinds::registry(),
        ventral::report::charts(),
        &Options::default(),
    ) {
        Ok(loaded) => loaded.plan.recipe.expect("a loaded plan has its file").display().to_string(),
        Err(errors) => errors.to_string(),
    };
    std::fs::write(path("study.yaml"), format!("\u{feff}{HEAD}")).expect("writes");
    std::fs::write(path("latin.yaml"), b"version: 1\ntitle: f\xfcr\n").expect("writes");
    std::fs::File::create(path("huge.yaml")).and_then(|file| file.set_len(50 << 20)).expect("writes");
    assert_eq!(told("study.yaml"), path("study.yaml").display().to_string());
    assert!(
        told("stduy.yaml").contains("did you mean") && told("stduy.yaml").contains("study.yaml?"),
        "{}",
        told("stduy.yaml")
    );
    assert!(
        told("latin.yaml").contains("0xfc here is no UTF-8") && told("latin.yaml").contains("latin.yaml:2:9"),
        "{}",
        told("latin.yaml")
    );
    assert!(told("huge.yaml").contains("has 52.4 MB; a recipe has at most 4"), "{}", told("huge.yaml"));
    assert!(told("").contains("is a folder"), "{}", told(""));
}

#[test]
fn the_schema_takes_the_recipes_that_load_and_refuses_slips() {
    let schema = recipe::manual::schema::schema(&kinds::registry(), ventral::report::charts());
    let check = |text: &str| {
        let recipe: Json = serde_yaml::from_str(text).expect("a recipe is YAML");
        accepts(&schema, &schema, &recipe)
    };
    for text in [IT, V4, HEAD] {
        assert!(check(text), "{text}");
    }
    for (from, to) in [
        ("components: \"${k}\"", "components: 0"),
        ("components: \"${k}\"", "componets: 3"),
        ("components: \"${k}\"", ""),
        ("kind: pca", "kind: pcs"),
        ("features: pcs", "feature: pcs"),
        ("features: pcs, ", ""),
        ("on: val", "on: vals"),
        ("version: 1", "version: 2"),
        ("  it:", "  2nd:"),
        ("sweep: { layer: [", "sweeps: { layer: ["),
        ("features: pcs", "features: [pcs]"),
    ] {
        assert!(HEAD.contains(from) && !check(&HEAD.replacen(from, to, 1)), "{from} -> {to}");
    }
    assert!(check(&HEAD.replace("layers: [layer1, layer2]", "layers: \"${names}\"")));
    assert!(schema.to_string().contains("How many components to keep."));
}

/// The part of JSON Schema that recipes' schemas use, written after the specification.
fn accepts(root: &Json, schema: &Json, value: &Json) -> bool {
    let Json::Object(rules) = schema else { return schema != &Json::Bool(false) };
    let is = |ty: &str| match ty {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.as_f64().is_some_and(|x| x.fract() == 0.0),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("no type {other}"),
    };
    let all = |schemas: &Json| {
        schemas.as_array().expect("an array").iter().map(|s| accepts(root, s, value)).collect::<Vec<_>>()
    };
    rules.iter().all(|(rule, wanted)| match rule.as_str() {
        "$ref" => {
            let path = wanted.as_str().and_then(|path| path.strip_prefix('#')).expect("a local reference");
            accepts(root, root.pointer(path).expect("a definition"), value)
        }
        "type" => match wanted {
            Json::String(ty) => is(ty),
            types => types.as_array().expect("types").iter().any(|ty| is(ty.as_str().expect("a type"))),
        },
        "const" => value == wanted,
        "enum" => wanted.as_array().expect("values").contains(value),
        "anyOf" => all(wanted).contains(&true),
        "allOf" => !all(wanted).contains(&false),
        "oneOf" => all(wanted).iter().filter(|&&fits| fits).count() == 1,
        "if" => !accepts(root, wanted, value) || accepts(root, &rules["then"], value),
        "minimum" => value.as_f64().is_none_or(|x| x >= wanted.as_f64().expect("a bound")),
        "maximum" => value.as_f64().is_none_or(|x| x <= wanted.as_f64().expect("a bound")),
        "exclusiveMinimum" => value.as_f64().is_none_or(|x| x > wanted.as_f64().expect("a bound")),
        "exclusiveMaximum" => value.as_f64().is_none_or(|x| x < wanted.as_f64().expect("a bound")),
        "minItems" => value.as_array().is_none_or(|items| items.len() as u64 >= wanted.as_u64().expect("a bound")),
        "minProperties" => value.as_object().is_none_or(|map| map.len() as u64 >= wanted.as_u64().expect("a bound")),
        "items" => value.as_array().is_none_or(|items| items.iter().all(|item| accepts(root, wanted, item))),
        "required" => {
            let names = wanted.as_array().expect("names");
            value
                .as_object()
                .is_none_or(|map| names.iter().all(|name| map.contains_key(name.as_str().expect("a name"))))
        }
        "properties" => value.as_object().is_none_or(|map| {
            map.iter().all(|(key, value)| wanted.get(key).is_none_or(|schema| accepts(root, schema, value)))
        }),
        "additionalProperties" => value.as_object().is_none_or(|map| {
            let known = rules.get("properties");
            map.iter()
                .filter(|(key, _)| known.is_none_or(|known| known.get(key.as_str()).is_none()))
                .all(|(_, value)| accepts(root, wanted, value))
        }),
        "propertyNames" => value.as_object().is_none_or(|map| map.keys().all(|key| accepts(root, wanted, &json!(key)))),
        "pattern" => value.as_str().is_none_or(|text| match wanted.as_str().expect("a pattern") {
            "\\$\\{[A-Za-z_][A-Za-z0-9_-]*\\}" => text.contains("${"),
            "^[A-Za-z_][A-Za-z0-9_-]*$" => !text.starts_with(|c: char| c.is_ascii_digit()),
            _ => true,
        }),
        "then" | "$schema" | "title" | "description" | "default" | "definitions" | "format" => true,
        other if other.starts_with("x-") => true,
        other => panic!("the schema has a rule that this test does not know: {other}"),
    })
}

#[test]
fn graphs_show_every_node_edge_and_state() {
    let plan = plan(HEAD);
    let states: TiVec<NodeIndex, Option<String>> =
        plan.nodes.iter().map(|node| (node.id.name == "pcs").then(|| "cached".to_owned())).collect();
    let edges: usize = plan.nodes.iter().map(|node| node.edges.len()).sum();
    let text = draw(&plan, Format::Text, &states);
    assert_eq!(text.lines().count(), plan.nodes.len());
    assert!(text.contains("features ← layers[layer2]; split ← it.split"), "{text}");
    assert!(text.lines().filter(|line| line.contains("cached")).count() == 4, "{text}");
    assert_eq!(draw(&plan, Format::Dot, TiSlice::from_ref(&[])).matches(" -> ").count(), edges);
    assert_eq!(draw(&plan, Format::Mermaid, &states).matches(" -->|").count(), edges);
    let svg = draw(&plan, Format::Svg, &states);
    assert_eq!((svg.matches("<path ").count(), svg.matches("<rect ").count()), (edges, plan.nodes.len()));
    assert!(svg.contains("pca · cached"), "{svg}");
    assert_eq!("png".parse::<Format>().unwrap_err(), "`png` is no format; there are text, dot, mermaid and svg");
}

#[test]
fn the_manual_tells_ports_and_parameters() {
    let (registry, charts) = (kinds::registry(), ventral::report::charts());
    let kind = registry.get("load_recordings").expect("it is registered");
    insta::assert_snapshot!(manual::kind(kind));
    insta::assert_snapshot!("manual_list", manual::list(&registry));
    let pca = manual::kind_json(registry.get("pca").expect("it is registered"));
    assert_eq!(
        pca["out"][0],
        json!({ "name": "scores", "type": "Matrix", "keyed": null, "about": "All rows along the components, rows × k." })
    );
    let missed = |name: &str| manual::find(&registry, charts, name).err().expect("it is neither kind nor chart");
    assert_eq!(missed("pcaa"), "there is no kind `pcaa`; did you mean `pca`?");
    assert_eq!(missed("heatmp"), "there is no kind `heatmp`; did you mean `heatmap`?");
    assert!(matches!(manual::find(&registry, charts, "pca"), Ok(Entry::Kind(kind)) if kind.name == "pca"));
    assert!(matches!(manual::find(&registry, charts, "heatmap"), Ok(Entry::Chart(chart)) if chart.name == "heatmap"));
    insta::assert_snapshot!("manual_charts", manual::charts(charts));
    insta::assert_snapshot!("manual_chart", manual::chart(charts.get("heatmap").expect("it is a chart")));
}

/// A recipe of as many nodes, each reading from others.
fn generated(nodes: usize) -> String {
    let mut text = "version: 1\nnodes:\n  it: { kind: load_majaj, with: { path: a.h5 } }\n".to_owned();
    text += "  layers: { kind: extract_layer, in: { images: it }, with: { model: resnet50, layers: [layer1] } }\n";
    for at in 0..nodes - 2 {
        let from = if at < 10 { "layers".to_owned() } else { format!("n{}", at - 10) };
        let _ = writeln!(
            text,
            "  n{at}:\n    kind: pca\n    in:\n      features: {from}\n      split: it.split\n    with:\n      components: {}",
            at + 1
        );
    }
    text
}

#[test]
fn a_thousand_nodes_load_in_no_time() {
    let registry = kinds::registry();
    let text = generated(1000);
    let best = (0..5)
        .map(|_| {
            let started = Instant::now();
            let loaded = recipe::read(Path::new("a.yaml"), &text, &registry, ventral::report::charts(), &options(&[]))
                .expect("it loads");
            assert_eq!(loaded.plan.nodes.len(), 1000);
            started.elapsed()
        })
        .min()
        .expect("five runs");
    println!("1000 nodes, {} bytes: {best:?}", text.len());
    // Generous, for builds without optimisation on a busy machine; released it takes a tenth of it.
    assert!(best.as_millis() < 500, "{best:?}");
}

proptest! {
    #[test]
    fn no_text_makes_a_reader_panic(text in ".{0,300}") {
        let _ = recipe::read(Path::new("a.yaml"), &text, &kinds::registry(), ventral::report::charts(), &options(&[]));
    }

    #[test]
    fn no_slip_makes_a_reader_panic(
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0..8_usize, any::<prop::sample::Index>(), 0..12_usize), 1..8),
        which in 0..3_usize,
    ) {
        let registry = kinds::registry();
        let base = [IT, V4, HEAD][which];
        // Pieces of the recipes themselves in wrong places reach further than noise does.
        let text = edits.iter().fold(base.to_owned(), |text, (at, cut, from, length)| {
            let bounds: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
            let at = at.index(bounds.len());
            let to = (at + cut).min(bounds.len() - 1);
            let piece: String = base.chars().skip(from.index(base.chars().count())).take(*length).collect();
            format!("{}{piece}{}", &text[..bounds[at]], &text[bounds[to]..])
        });
        if let Err(errors) = recipe::read(Path::new("a.yaml"), &text, &registry, ventral::report::charts(), &options(&[("layer", "layer1")])) {
            assert!(!errors.is_empty());
            let shown = errors.render(true);
            assert!(!shown.is_empty());
        }
    }
}

//! Sweeps and questions: what swept values are called, which combinations there are, and which draws.

use ventral::plan::{Ask, Baseline};

use super::*;

const NAMED: &str = "version: 1
sweep:
  weights: { trained: weights/x.safetensors, random: random }
  layer: [layer1, layer2]
nodes:
  it: { kind: load_majaj, with: { path: a.h5 } }
  layers:
    kind: extract_layer
    in: { images: it }
    with: { model: resnet50, weights: \"${weights}\", layers: [layer1, layer2] }
  readout: { kind: ridge, in: { features: \"layers[${layer}]\", responses: it.responses, split: it.split } }
  scores: { kind: evaluate, in: { predictions: readout, responses: it.responses, split: it.split }, with: { on: val } }
  by_layer: { kind: compare, in: { scores: \"scores@*\" } }
";

#[test]
fn swept_values_with_names_are_called_by_them_and_count_by_value() {
    let named = plan(NAMED);
    assert_eq!(named.sweep[0], ("weights".to_owned(), vec![json!("trained"), json!("random")]));
    assert_eq!(node(&named, "layers@weights=trained").params["weights"], json!("weights/x.safetensors"));
    assert_eq!(
        labels(node(&named, "by_layer"))[0],
        label(&[("weights", json!("trained")), ("layer", json!("layer1"))])
    );
    let chosen = NAMED.replace("\"scores@*\"", "\"scores@weights=trained,layer=*\"");
    assert_eq!(labels(node(&plan(&chosen), "by_layer")).len(), 2);
    let set = load(NAMED, &[("weights", "random")]).plan;
    assert_eq!(set.sweep[0].1, [json!("random")]);
    let set = load(NAMED, &[("weights", "[trained, other.safetensors]")]).plan;
    assert_eq!(set.sweep[0].1, [json!("trained"), json!("other.safetensors")]);
    assert_eq!(node(&set, "layers@weights=trained").params["weights"], json!("weights/x.safetensors"));
    let combined = NAMED.replace(
        "sweep:\n  weights: { trained: weights/x.safetensors, random: random }\n  layer: [layer1, layer2]",
        "sweep:\n  - { weights: { trained: weights/x.safetensors }, layer: layer1 }\n  - { weights: trained, layer: layer2 }",
    );
    let combined = plan(&combined);
    assert_eq!(combined.sweep[0].1, [json!("trained")]);
    assert_eq!(node(&combined, "layers@weights=trained").params["weights"], json!("weights/x.safetensors"));
}

#[test]
fn swept_paths_are_called_by_what_tells_them_apart() {
    let paths = NAMED.replace("{ trained: weights/x.safetensors, random: random }", "[weights/x.safetensors, random]");
    let named = plan(&paths);
    assert_eq!(named.sweep[0].1, [json!("x"), json!("random")]);
    assert_eq!(node(&named, "layers@weights=x").params["weights"], json!("weights/x.safetensors"));
    assert_eq!(labels(node(&named, "by_layer"))[0], label(&[("weights", json!("x")), ("layer", json!("layer1"))]));
    let by_path = paths.replace("\"scores@*\"", "\"scores@weights=weights/x.safetensors,layer=*\"");
    assert_eq!(labels(node(&plan(&by_path), "by_layer")).len(), 2);
    let set = load(&paths, &[("weights", "weights/x.safetensors")]).plan;
    assert_eq!(set.sweep[0].1, [json!("x")]);
}

#[test]
fn a_question_finds_the_scores_that_it_is_asked_of() {
    let asked = |question: &str| plan(&format!("{NAMED}question: {question}\n")).question.expect("a question");
    let contrast = asked("{ contrast: { of: weights, plus: trained, minus: random }, by: layer }");
    let [of, plus, minus] = ["weights", "trained", "random"].map(str::to_owned);
    assert_eq!(contrast.ask, Ask::Contrast { of, plus, minus, by: Some("layer".to_owned()) });
    assert_eq!(contrast.of.len(), 4);
    assert_eq!(asked("{ best: layer, node: by_layer }").of, contrast.of);
    assert_eq!(asked("{ best: layer, node: scores }").ask, Ask::Best("layer".to_owned()));
    assert_eq!(asked("{ against: 0.406, measure: r }").ask, Ask::Against(Baseline::Published(0.406)));
}

#[test]
fn chosen_combinations_are_all_there_is() {
    let text = HEAD.replace(
        "sweep: { layer: [layer1, layer2], k: [10, 100] }",
        "vars: { k: 7 }\nsweep: [{ layer: layer1, k: 10 }, { k: 100, layer: layer2 }, { layer: layer2 }, { layer: layer1, k: 10 }]",
    ) + "  all: { kind: compare, in: { scores: \"scores@*\" } }\n  best: { kind: compare, in: { scores: \"scores@k=*\" } }\n";
    let plan = plan(&text);
    let scores: Vec<String> = plan.find("scores").into_iter().map(|at| plan.nodes[at].id.variant_text()).collect();
    assert_eq!(scores, ["layer=layer1,k=10", "layer=layer2,k=100", "layer=layer2,k=7"]);
    assert_eq!(labels(node(&plan, "all")).len(), 3);
    assert_eq!(labels(node(&plan, "best@layer=layer2")), [label(&[("k", json!(100))]), label(&[("k", json!(7))])]);
}

/// What a comparison is told of three splits by two layers, beside what is said there.
fn drawn(said: &str, split: &str, pcs: &str) -> Json {
    let text = format!(
        "version: 1
sweep: {{ s: [2, 3, 4], layer: [a, b] }}
nodes:
  v4: {{ kind: load_recordings, with: {{ images: p, responses: r.npy, layout: units_by_stimuli }} }}
  split: {{ kind: split, in: {{ rows: v4.images }}, with: {{ {split} }} }}
  layers: {{ kind: extract_layer, in: {{ images: v4.images }}, with: {{ model: m, layers: [a, b] }} }}
  pcs: {{ kind: pca, in: {{ features: \"layers[${{layer}}]\", split: split }}, with: {{ {pcs} }} }}
  readout: {{ kind: ridge, in: {{ features: pcs, responses: v4.responses, split: split }} }}
  scores: {{ kind: evaluate, in: {{ predictions: readout, responses: v4.responses, split: split }}, with: {{ on: test }} }}
  cmp: {{ kind: compare, in: {{ scores: \"scores@*\" }}, with: {{ {said} }} }}
"
    );
    node(&plan(&text), "cmp").params["draws"].clone()
}

#[test]
fn a_comparison_is_told_which_variables_reach_nothing_but_seeds() {
    let (split, pcs) = ("test: 0.1, seed: \"${s}\"", "components: 5");
    assert_eq!(drawn("", split, pcs), json!(["s"]));
    assert_eq!(drawn("draws: []", split, pcs), json!([]), "what is said stands");
    assert_eq!(drawn("", split, "components: 5, seed: \"${s}\""), json!(["s"]));
    assert_eq!(drawn("", "test: 0.1", "components: \"${s}\""), json!(null));
    assert_eq!(drawn("", split, "components: \"${s}\""), json!(null), "it is no draw alone");
    assert_eq!(drawn("", "folds: \"${s}\", seed: \"${s}\"", pcs), json!(null));
    let of = |seed: &str| {
        let text = V4.replace("with: { test: 0.2 }", &format!("with: {{ test: 0.2{seed} }}"));
        let plan = plan(&text.replace("sweep: {", "sweep: { s: [1, 2],"));
        ventral::plan::draws::draws(&plan.nodes)
    };
    let draw = ventral::plan::draws::Draw { variable: "s".to_owned(), of_splits: true };
    assert_eq!(of(", seed: \"${s}\""), [draw]);
}

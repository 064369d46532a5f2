//! The main job on real recordings, where they lie beside the project: slow, run by `make slow` in release.

mod needs;
mod study;

use std::collections::BTreeMap;
use std::path::Path;

use needs::shared;
use study::Study;

/// What the notebook that this program replaces scores on its own split: layer, mean r, mean explained variance.
const NOTEBOOK: [(&str, f64, f64); 9] = [
    ("features.1", 0.323, 0.116),
    ("features.3", 0.419, 0.188),
    ("features.4", 0.462, 0.219),
    ("features.6", 0.519, 0.276),
    ("features.7", 0.525, 0.282),
    ("features.9", 0.573, 0.335),
    ("features.10", 0.562, 0.323),
    ("features.11", 0.544, 0.301),
    ("features.12", 0.502, 0.248),
];

fn recipe(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("recipes").join(name);
    std::fs::read_to_string(path).expect("a shipped recipe")
}

mod needs_shared {
    use super::*;

    #[test]
    #[ignore = "slow: make slow"]
    fn every_layer_scores_at_least_what_the_notebook_does() {
        let (data, weights) = (shared("data/v4-201025"), shared("weights/squeezenet1_1.safetensors"));
        let text = recipe("v4_layers.yaml")
            .replace("../shared/data/v4-201025", &data.to_string_lossy())
            .replace("../shared/weights/squeezenet1_1.safetensors", &weights.to_string_lossy());
        let study = Study::with(&text);
        study.run();
        let table = study.ventral(&["show", "recipes/a.yaml", "by_layer.table", "--json"]).succeeded().json();
        let means: BTreeMap<(String, String), f64> = table
            .as_array()
            .expect("rows")
            .iter()
            .map(|row| {
                let text = |name: &str| row[name].as_str().expect("text").to_owned();
                ((text("layer"), text("measure")), row["mean"].as_f64().expect("a number"))
            })
            .collect();
        for (layer, r, explained) in NOTEBOOK {
            let of = |measure: &str| means[&(layer.to_owned(), measure.to_owned())];
            println!(
                "{layer}: r {:.3} ({r}), explained variance {:.3} ({explained})",
                of("r"),
                of("explained_variance")
            );
            assert!(of("r") >= r - 0.003, "{layer}: r");
            assert!(of("explained_variance") >= explained - 0.003, "{layer}: explained variance");
        }
    }

    #[test]
    #[ignore = "slow: make slow"]
    fn repeats_give_ceilings_and_normalised_scores() {
        let (data, weights) = (shared("data/v4-210325"), shared("weights/squeezenet1_1.safetensors"));
        let text = recipe("v4_ceiling.yaml")
            .replace("../shared/data/v4-210325", &data.to_string_lossy())
            .replace("../shared/weights/squeezenet1_1.safetensors", &weights.to_string_lossy());
        let study = Study::with(&text);
        study.run();
        let show = |what: &str| study.ventral(&["show", "recipes/a.yaml", what, "--json"]).succeeded().json();
        let ceilings = show("ceiling");
        for row in ceilings.as_array().expect("rows") {
            let ceiling = &row["ceiling"];
            assert!(ceiling.is_null() || ceiling.as_f64().is_some_and(|c| c > 0.0 && c <= 1.0), "{row}");
        }
        let units = show("scores@layer=features.9");
        for row in units.as_array().expect("rows") {
            let [ev, ceiling, nc] =
                ["explained_variance", "ceiling", "explained_variance_nc"].map(|name| row[name].as_f64());
            if let (Some(ev), Some(ceiling), Some(nc)) = (ev, ceiling, nc) {
                assert!((nc - ev / ceiling).abs() < 1e-9, "{row}");
            }
        }
    }

    #[test]
    #[ignore = "slow: make slow"]
    fn the_contracts_second_recipe_runs_as_it_stands() {
        let data = shared("data/v4-201025");
        let shared_folder =
            data.parent().and_then(Path::parent).expect("two folders above").to_string_lossy().into_owned();
        let text = "version: 1
title: V4 by layer
seed: 0
sweep: { layer: [features.3, features.6, features.9, features.12] }
nodes:
  v4:
    kind: load_recordings
    with:
      images: ../shared/data/v4-201025/images.zip        # sorted by name
      responses: ../shared/data/v4-201025/responses.npy
      layout: units_by_stimuli                            # or stimuli_by_units; a third axis is repeats
      image_size: 224
  split: { kind: split, in: { rows: v4.images }, with: { test: 0.2 } }
  layers:
    kind: extract_layer
    in: { images: v4.images }
    with:
      model: squeezenet1_1
      weights: ../shared/weights/squeezenet1_1.safetensors
      layers: [features.3, features.6, features.9, features.12]
  pcs: { kind: pca, in: { features: \"layers[${layer}]\", split: split }, with: { components: 500 } }
  readout: { kind: ridge, in: { features: pcs, responses: v4.responses, split: split } }
  scores: { kind: evaluate, in: { predictions: readout, responses: v4.responses, split: split }, with: { on: test } }
  by_layer: { kind: compare, in: { scores: \"scores@*\" } }
";
        let study = Study::with(&text.replace("../shared", &shared_folder));
        assert_eq!(study.run(), (16, 0));
        let table = study.ventral(&["show", "recipes/a.yaml", "by_layer.table", "--json"]).succeeded().json();
        assert!(table.as_array().is_some_and(|rows| rows.len() >= 12), "{table}");
        assert_eq!(study.run(), (0, 16));
    }
}

//! Recipes whose network is a TorchScript file: what they may say, what reruns, what is told where it does not fit.

mod study;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;
use study::Study;

const RECIPE: &str = "\
version: 1
title: A network of one's own
nodes:
  it: { kind: synthetic_it, with: { images: 16, size: 16, units: 2, repeats: 2 } }
  layers:
    kind: extract_layer
    in: { images: it.images }
    with:
      model: { torchscript: data/net.pt }
      layers: [layer1]
";

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

fn workspace() -> Study {
    let study = Study::with(RECIPE);
    fs::copy(fixture("torchscript_traced.pt"), study.path("data/net.pt")).expect("copied");
    study
}

#[test]
fn the_files_content_counts_and_not_its_place() {
    let study = workspace();
    assert_eq!(study.run(), (2, 0));
    assert_eq!(study.run(), (0, 2));
    fs::rename(study.path("data/net.pt"), study.path("data/moved.pt")).expect("moved");
    study.ventral(&["run", "recipes/a.yaml"]).refused(1, &["`model.torchscript`", "there is no such file"]);
    study.edit("data/net.pt", "data/moved.pt");
    assert_eq!(study.run(), (0, 2));
    study.edit("moved.pt }", "moved.pt, mean: [0.485, 0.456, 0.406] }");
    assert_eq!(study.run(), (0, 2));
    study.edit("[0.485, 0.456, 0.406]", "null");
    assert_eq!(study.run(), (1, 1));
    study.edit("[layer1]", "[stem]");
    assert_eq!(study.run(), (1, 1));
    fs::copy(fixture("torchscript_scripted.pt"), study.path("data/moved.pt")).expect("copied");
    let why = study.ventral(&["why", "recipes/a.yaml", "layers"]).succeeded().out();
    assert!(why.contains("file.model.torchscript[stem]: "), "{why}");
    assert_eq!(study.run(), (1, 1));
    let rows = study.ventral(&["weights", "list", "--json"]).succeeded().json();
    let row = rows.as_array().expect("rows").iter().find(|row| row["file"] == "data/moved.pt").expect("it is wanted");
    assert_eq!((&row["present"], &row["wanted_by"]), (&json!(true), &json!([{ "recipe": "a", "node": "layers" }])));
}

#[test]
fn slips_are_told_at_their_place() {
    let study = Study::with(
        "\
version: 1
nodes:
  it: { kind: synthetic_it, with: { images: 16 } }
  misspelt: { kind: extract_layer, in: { images: it.images }, with: { model: { torchscrip: a.pt }, layers: [x] } }
  strange: { kind: extract_layer, in: { images: it.images }, with: { model: { torchscript: a.pt, size: 8 }, layers: [x] } }
  absent: { kind: extract_layer, in: { images: it.images }, with: { model: { mean: null }, layers: [x] } }
  short: { kind: extract_layer, in: { images: it.images }, with: { model: { torchscript: a.pt, mean: [1] }, layers: [x] } }
  zero: { kind: extract_layer, in: { images: it.images }, with: { model: { torchscript: a.pt, std: [1, 1, 0] }, layers: [x] } }
  both: { kind: extract_layer, in: { images: it.images }, with: { model: { torchscript: a.pt }, weights: random, layers: [x] } }
  half: { kind: extract_layer, in: { images: it.images }, with: { model: { torchscript: a.pt }, precision: bf16, layers: [x] } }
  number: { kind: extract_layer, in: { images: it.images }, with: { model: 5, layers: [x] } }
  twice: { kind: extract_layer, in: { images: it.images }, with: { model: { torchscript: a.pt }, layers: [x, x] } }
  file: { kind: extract_layer, in: { images: it.images }, with: { model: a.pt, weights: random, layers: [x] } }
",
    );
    let said = study.ventral(&["check", "recipes/a.yaml"]);
    said.refused(2, &[]);
    insta::assert_snapshot!(said.err());
}

#[test]
fn schema_and_manual_tell_both_forms() {
    let study = workspace();
    let schema = study.ventral(&["schema"]).succeeded().json();
    let nodes = schema["properties"]["nodes"]["additionalProperties"]["allOf"].as_array().expect("kinds").clone();
    let ours = |node: &&serde_json::Value| node["if"]["properties"]["kind"]["const"] == "extract_layer";
    let node = nodes.iter().find(ours).expect("the kind");
    let model = &node["then"]["properties"]["with"]["properties"]["model"];
    let forms = model["anyOf"][0]["anyOf"].as_array().expect("two forms");
    assert_eq!(forms[0], json!({ "type": "string" }));
    assert_eq!(forms[1]["required"], json!(["torchscript"]));
    assert_eq!(forms[1]["additionalProperties"], json!(false));
    assert_eq!(forms[1]["properties"]["torchscript"]["type"], "string");
    let manual = study.ventral(&["kinds", "extract_layer"]).succeeded().out();
    for words in [
        "model: a text or a map; required",
        "model.torchscript: a text, a path whose content counts; required",
        "model.mean: a list, each item a number; [0.485,0.456,0.406] unless given",
    ] {
        assert!(manual.contains(words), "`{words}` is not in:\n{manual}");
    }
}

/// A Python that has torchvision: `VENTRAL_PYTHON`, that of `make bench`, or the one on the path.
fn python() -> PathBuf {
    let own = std::env::var_os("VENTRAL_PYTHON").map(PathBuf::from);
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join(".peers/bin/python");
    let found = own.into_iter().chain([here, PathBuf::from("python3")]).find(|python| {
        let imports = Command::new(python).args(["-c", "import torchvision, safetensors"]).output();
        imports.is_ok_and(|output| output.status.success())
    });
    found.expect("no Python here has torchvision and safetensors; VENTRAL_PYTHON names one")
}

#[test]
#[ignore = "it asks Python for ResNet-18, traced and scripted, and compares every layer"]
fn needs_torchvision_resnet18_gives_what_torchvision_gives() {
    const MAKE: &str = "\
import json, sys, torch, torchvision
torch.manual_seed(1)
model = torchvision.models.resnet18().eval()
torch.jit.trace(model, torch.zeros(1, 3, 64, 64)).save('traced.pt')
torch.jit.script(model).save('scripted.pt')
print(json.dumps([name for name, _ in model.named_modules() if name]))
";
    const COMPARE: &str = "\
import json, sys, torch, torchvision
from safetensors.torch import load_file
torch.manual_seed(1)
model = torchvision.models.resnet18().eval()
pixels = next(t for n, t in load_file('pixels.safetensors').items() if t.dim() == 2)
mean, std = (torch.tensor(x).view(3, 1, 1) for x in ([.485, .456, .406], [.229, .224, .225]))
found = {}
def keep(name):
    return lambda _, __, output: found.__setitem__(name, output.clone())
for name, module in model.named_modules():
    if name: module.register_forward_hook(keep(name))
with torch.no_grad(): found['output'] = model((pixels.view(-1, 3, 64, 64) - mean) / std)
worst = 0
for form in 'traced', 'scripted':
    for name, theirs in found.items():
        ours = next(t for n, t in load_file(f'{form}/{name}.safetensors').items() if t.dim() == 2)
        assert ours.isfinite().all() and theirs.abs().max() > 0, name
        worst = max(worst, float((ours - theirs.flatten(1)).abs().max() / theirs.abs().max()))
print(worst, len(found))
";
    let python = python();
    let study = Study::with("");
    let ask = |script: &str| {
        let asked = Command::new(&python).arg("-c").arg(script).current_dir(study.folder.path()).output();
        let asked = asked.expect("Python starts");
        assert!(asked.status.success(), "{}", String::from_utf8_lossy(&asked.stderr));
        String::from_utf8(asked.stdout).expect("text")
    };
    let mut layers: Vec<String> = serde_json::from_str(&ask(MAKE)).expect("JSON");
    layers.push("output".to_owned());
    let nodes = ["traced", "scripted"].map(|form| {
        format!(
            "  {form}: {{ kind: extract_layer, in: {{ images: it.images }}, with: {{ model: {{ torchscript: {form}.pt }}, \
             layers: {} }} }}\n",
            json!(layers)
        )
    });
    let recipe = format!(
        "version: 1\nnodes:\n  it: {{ kind: synthetic_it, with: {{ images: 16, size: 64, units: 2, repeats: 2 }} }}\n  \
         pixels: {{ kind: pixels, in: {{ images: it.images }}, with: {{ size: 64 }} }}\n{}",
        nodes.concat()
    );
    study.write("recipes/a.yaml", &recipe);
    study.ventral(&["run", "recipes/a.yaml", "--no-report"]).succeeded();
    let export = |what: &str, file: &str| {
        study.ventral(&["export", "recipes/a.yaml", what, file]).succeeded();
    };
    export("pixels.features", "pixels.safetensors");
    for form in ["traced", "scripted"] {
        fs::create_dir(study.path(form)).expect("created");
        for layer in &layers {
            export(&format!("{form}.activations[{layer}]"), &format!("{form}/{layer}.safetensors"));
        }
    }
    let told = ask(COMPARE);
    let (worst, count) = told.trim().split_once(' ').expect("two numbers");
    println!("{count} layers, twice: they differ by at most {worst} of the largest number");
    assert!(worst.parse::<f64>().expect("a number") < 1e-5 && count.parse::<usize>().expect("a number") > 60, "{told}");
}

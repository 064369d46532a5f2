//! Tests of networks against others' numbers: torchvision's and their authors' code, and a published SqueezeNet 1.1.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use ndarray::Array4;
use serde_json::Value as Json;
use tch::{Device, Kind, Tensor};

use crate::formats::checkpoint::Checkpoint;
use crate::nets::weights;
use crate::nets::weights::Weights;
use crate::nets::zoo::catalogue::{Architecture, architectures, describe};
use crate::runtime::network::Network;
use crate::value::codec::Archive;

/// tests/oracles/networks.py made it.
const REFERENCES: &str = include_str!("../../tests/oracles/networks.json");

/// The rule by which the script fills tensors: a hash of the name and the place, in [0, 1).
fn hash(name: &str, count: usize) -> Vec<f64> {
    let start = name.bytes().fold(0_u32, |h, byte| h.wrapping_mul(31).wrapping_add(u32::from(byte)));
    let mut numbers = Vec::with_capacity(count);
    for i in 0..count as u32 {
        let mut x = i.wrapping_mul(2_654_435_761).wrapping_add(start);
        x = (x ^ (x >> 16)).wrapping_mul(0x7FEB_352D);
        x = (x ^ (x >> 15)).wrapping_mul(0x846C_A68B);
        numbers.push(f64::from(x ^ (x >> 16)) / 4_294_967_296.0);
    }
    numbers
}

fn fill(name: &str, shape: &[usize]) -> Vec<f32> {
    let bound = (6.0 / shape[1..].iter().product::<usize>() as f64).sqrt();
    let scale = name.ends_with("weight") || name.ends_with("var");
    let mut numbers = Vec::new();
    for u in hash(name, shape.iter().product()) {
        let x = if name.ends_with("layer_scale") || name.ends_with("gamma") {
            0.5 * u
        } else if shape.len() > 1 {
            (2.0 * u - 1.0) * bound
        } else if scale {
            0.5 + u
        } else {
            0.2 * (u - 0.5)
        };
        numbers.push(x as f32);
    }
    numbers
}

/// Asserts that a layer has the shape, mean, spread and first numbers of a reference, relative to its spread.
fn compare(layer: &str, output: &Tensor, reference: &Json, tolerance: f64) {
    let shape: Vec<i64> = serde_json::from_value(reference["shape"].clone()).expect("a list");
    let skip = output.dim() - shape.len();
    assert_eq!(output.size()[skip..], shape, "{layer}");
    let number = |key: &str| reference[key].as_f64().expect("a number");
    let output = output.to_kind(Kind::Double).contiguous().flatten(0, -1);
    let (mean, std) = (output.mean(Kind::Double).double_value(&[]), output.std(true).double_value(&[]));
    let near = |ours: f64, theirs: f64| (ours - theirs).abs() <= tolerance * number("std").max(theirs.abs());
    assert!(near(mean, number("mean")), "{layer}: mean {mean}, not {}", number("mean"));
    assert!(near(std, number("std")), "{layer}: spread {std}, not {}", number("std"));
    for (at, theirs) in reference["first"].as_array().expect("a list").iter().enumerate() {
        let (ours, theirs) = (output.double_value(&[at as i64]), theirs.as_f64().expect("a number"));
        assert!(near(ours, theirs), "{layer}[{at}]: {ours}, not {theirs}");
    }
}

/// The script's weights and images for one network, of a height and width.
fn filled(network: &Architecture, layers: &[&str], (height, width): (usize, usize)) -> (Weights, Tensor) {
    let steps = weights::needed(network.graph(), layers);
    let tensors = steps.flat_map(|step| {
        step.op.tensors().into_iter().map(move |(part, shape)| {
            let name = step.tensor(part);
            let data = fill(&name, &shape);
            (name, weights::Tensor { shape, data })
        })
    });
    let images: Vec<f32> = hash("images", 3 * height * width).iter().map(|u| (4.0 * u - 2.0) as f32).collect();
    (tensors.collect(), Tensor::from_slice(&images).view([1, 3, height as i64, width as i64]))
}

/// Layers of ours that the publishers' code has under no such name: lists of modules, which are never called.
const OURS_ALONE: [&str; 1] = ["blocks"];

fn same_layers(network: &Architecture, theirs: &[&str]) {
    let ours: BTreeSet<&str> = network.layers().filter(|layer| !OURS_ALONE.contains(layer)).collect();
    let theirs: BTreeSet<&str> = theirs.iter().copied().collect();
    assert_eq!(ours, theirs, "{}", network.name);
}

#[test]
fn layers_are_what_their_publishers_give() {
    let references: Json = serde_json::from_str(REFERENCES).expect("the script wrote JSON");
    for (name, reference) in references.as_object().expect("an object") {
        let network = describe(name).expect("it ships");
        same_layers(
            network,
            &reference["modules"].as_array().expect("a list").iter().flat_map(Json::as_str).collect::<Vec<_>>(),
        );
        let fields = reference["layers"].as_object().expect("an object");
        let layers: Vec<&str> = fields.keys().map(String::as_str).collect();
        let size = if name.starts_with("dino") { (70, 84) } else { (64, 64) };
        let (weights, images) = filled(network, &layers, size);
        let outputs = Network::load(network, &layers, &weights, Device::Cpu).forward(&images);
        for (at, (layer, output)) in layers.iter().zip(&outputs).enumerate() {
            compare(&format!("{name} {layer}"), output, &fields[*layer], 1e-4);
            let shape: Vec<i64> =
                network.shape(layer, size).expect("it fits").iter().map(|&side| side as i64).collect();
            assert_eq!(output.size()[1..], shape, "{name} {layer}");
            // Some are enough: the network need not be prepared for each.
            if at < 3 {
                let alone = Network::load(network, &[layer], &weights, Device::Cpu).forward(&images).swap_remove(0);
                assert!(alone.equal(output), "{name}: {layer} depends on which layers are asked for beside it");
            }
        }
    }
}

/// A Python that has torchvision: `VENTRAL_PYTHON`, that of `make bench`, or the one on the path.
fn python(root: &Path) -> PathBuf {
    let own = std::env::var_os("VENTRAL_PYTHON").map(PathBuf::from);
    let candidates = own.into_iter().chain([root.join(".peers/bin/python"), PathBuf::from("python3")]);
    let found = candidates.into_iter().find(|python| {
        let imports = Command::new(python).args(["-c", "import torchvision, safetensors"]).output();
        imports.is_ok_and(|output| output.status.success())
    });
    found.expect("no Python here has torchvision and safetensors; VENTRAL_PYTHON names one")
}

#[test]
#[ignore = "minutes; wants a Python with torchvision"]
fn needs_torchvision_every_layer_of_every_network_is_what_its_publisher_gives() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().find(|folder| folder.join("Cargo.lock").exists());
    let root = root.expect("a workspace");
    let python = python(root);
    let wanted = std::env::var("VENTRAL_NETWORKS").ok();
    let mut wrong = Vec::new();
    for network in architectures() {
        if wanted.as_ref().is_some_and(|names| !names.split(',').any(|name| name == network.name)) {
            continue;
        }
        let folder = tempfile::tempdir().expect("a folder");
        let script = root.join("tests/oracles/networks.py");
        let made = Command::new(&python).arg(script).args(["parity", network.name]).arg(folder.path()).status();
        assert!(made.is_ok_and(|status| status.success()), "{}: the script failed", network.name);
        let theirs = Archive::open_foreign(&folder.path().join("outputs.safetensors")).expect("it reads");
        let layers: Vec<&str> = theirs.names().into_iter().filter(|name| *name != "images").collect();
        same_layers(network, &layers);
        let read = |name: &str| {
            let (_, shape, bytes) = theirs.get(name).expect("it is there");
            let shape: Vec<i64> = shape.iter().map(|&side| side as i64).collect();
            Tensor::from_data_size(bytes, &shape, Kind::Float)
        };
        let file = Checkpoint::open(&folder.path().join("weights.safetensors")).expect("it reads");
        let weights = weights::gather(network, &layers, &file.names(), |name| file.get(name)).expect("they fit");
        let outputs = Network::load(network, &layers, &weights, Device::Cpu).forward(&read("images"));
        let mut worst = (0.0, "");
        for (layer, output) in layers.iter().zip(&outputs) {
            let theirs = read(layer);
            assert_eq!(output.size(), theirs.size(), "{} {layer}", network.name);
            let off = (output - &theirs).abs().max().double_value(&[]) / theirs.abs().max().double_value(&[]);
            if off > worst.0 || off.is_nan() {
                worst = (off, layer);
            }
        }
        println!(
            "{}: {} layers, off by at most {:.1e} of the layer's largest ({})",
            network.name,
            layers.len(),
            worst.0,
            worst.1
        );
        if worst.0.is_nan() || worst.0 > 1e-4 {
            wrong.push(network.name);
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

/// A folder beside the project; `make test` leaves the tests out that want it where it is absent.
fn shared(below: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().find(|folder| folder.join("Cargo.lock").exists());
    let path = root.expect("a workspace").join("../shared").join(below);
    assert!(path.exists(), "../shared/{below} is not here");
    path
}

#[test]
fn needs_shared_squeezenet_gives_what_its_publisher_gives() {
    let folder = shared("weights");
    let squeezenet = describe("squeezenet1_1").expect("it ships");
    let file = Checkpoint::open(&folder.join("squeezenet1_1.safetensors")).expect("it reads");
    let weights =
        |layers: &[&str]| weights::gather(squeezenet, layers, &file.names(), |name| file.get(name)).expect("they fit");
    let folder = folder.join("squeezenet1_1_reference");
    let read = |name: String| -> ndarray::ArrayD<f32> { ndarray_npy::read_npy(folder.join(name)).expect("it reads") };
    let input = |at: usize| {
        let input = read(format!("input_{at}.npy")).into_dimensionality().expect("1 × 3 × 224 × 224");
        let input: Array4<f32> = input;
        Tensor::from_slice(input.as_slice().expect("row-major")).view([1, 3, 224, 224])
    };

    let last = Network::load(squeezenet, &["classifier"], &weights(&["classifier"]), Device::Cpu);
    for at in 0..3 {
        let ours = last.forward(&input(at)).swap_remove(0).flatten(0, -1);
        let theirs = Tensor::from_slice(read(format!("output_{at}.npy")).as_slice().expect("row-major"));
        let (off, most) = ((&ours - &theirs).abs().max().double_value(&[]), theirs.abs().max().double_value(&[]));
        assert!(off <= 1e-5 * most, "input {at}: off by {off} of {most}");
    }

    let text = std::fs::read_to_string(folder.join("layers_input_0.json")).expect("it reads");
    let fields: serde_json::Map<String, Json> = serde_json::from_str(&text).expect("JSON");
    let layers: Vec<&str> = fields.keys().map(String::as_str).collect();
    let network = Network::load(squeezenet, &layers, &weights(&layers), Device::Cpu);
    for (layer, output) in layers.iter().zip(network.forward(&input(0))) {
        // Single numbers inside the network, whose sums another library takes in another order.
        compare(layer, &output, &fields[*layer], 2e-5);
        let alone = Network::load(squeezenet, &[layer], &weights(&[layer]), Device::Cpu).forward(&input(0));
        assert!(alone[0].equal(&output), "{layer} depends on which layers are asked for beside it");
    }
}

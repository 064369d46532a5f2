//! Weights as people publish them: one network among others, under any prefix and key, in parts; each gives its numbers or a
//! refusal that says what to do.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::formats::element::Element;
use crate::nets::init::random;
use crate::nets::weights::choice::Asked;
use crate::nets::weights::file::{Taken, read};
use crate::nets::weights::saved::Saved;
use crate::nets::zoo::catalogue::describe;

/// Random weights of all of an architecture, as little-endian 32-bit floats.
fn file(name: &str) -> BTreeMap<String, (Vec<usize>, Vec<u8>)> {
    let architecture = describe(name).expect("it ships");
    let last = if name == "resnet50" { "fc" } else { "classifier" };
    let weights = random(architecture, &[last], 0);
    let bytes = |t: &Tensor| t.data.iter().flat_map(|x| x.to_le_bytes()).collect();
    weights.into_iter().map(|(name, t)| (name, (t.shape.clone(), bytes(&t)))).collect()
}

fn check(file: &BTreeMap<String, (Vec<usize>, Vec<u8>)>, architecture: &str, layer: &str) -> Result<Weights, String> {
    let names: Vec<&str> = file.keys().map(String::as_str).collect();
    gather(describe(architecture).expect("it ships"), &[layer], &names, |name| {
        let (shape, bytes) = file.get(name)?;
        Some(Stored { element: Element::little(Kind::Float, 4), shape, strides: None, bytes })
    })
}

#[test]
fn own_tensors_fit_and_those_of_another_architecture_are_named() {
    let mut weights = file("squeezenet1_1");
    assert!(check(&weights, "squeezenet1_1", "features.12").is_ok());
    let error = check(&weights, "resnet50", "layer4").expect_err("other names");
    assert!(error.contains("265 absent: conv1.weight, bn1.weight, bn1.bias, bn1.running_mean"), "{error}");
    assert!(error.contains("52 unknown to it: classifier.1.bias"), "{error}");

    weights.insert("features.0.num_batches_tracked".to_owned(), (vec![], vec![0; 8]));
    assert!(check(&weights, "squeezenet1_1", "features.12").is_ok());
    weights.get_mut("features.0.weight").expect("it is there").0 = vec![64, 3, 7, 7];
    let error = check(&weights, "squeezenet1_1", "features.0").expect_err("another shape");
    assert!(error.contains("1 of another shape: features.0.weight (64 × 3 × 7 × 7, not 64 × 3 × 3 × 3)"), "{error}");
}

#[test]
fn a_head_is_wanted_only_by_layers_that_need_it() {
    let mut weights = file("squeezenet1_1");
    weights.retain(|name, _| !name.starts_with("classifier"));
    assert!(check(&weights, "squeezenet1_1", "features").is_ok());
    assert!(check(&weights, "squeezenet1_1", "classifier").expect_err("no head").contains("classifier.1.weight"));
}

#[test]
fn whole_numbers_are_no_weights() {
    let squeezenet = describe("squeezenet1_1").expect("it ships");
    let (shape, bytes) = (&[64, 3, 3, 3], vec![0; 64 * 27]);
    let given = Stored { element: Element::little(Kind::Signed, 1), shape, strides: None, bytes: &bytes };
    let error = gather(squeezenet, &["features.0"], &["features.0.weight"], |_| Some(given)).expect_err("int8");
    assert_eq!(error, "tensor features.0.weight is of whole numbers; weights are floats");
}

/// The network of the tests below, and the layer of it that is asked for.
const NET: &str = "squeezenet1_1";
const LAYER: &str = "features.3.squeeze";

/// Weights of that network up to the layer, by a seed.
fn numbers(seed: u64) -> Weights {
    random(describe(NET).expect("it ships"), &[LAYER], seed)
}

/// The same as a dictionary, with a prefix in front of every name.
fn state(prefix: &str, seed: u64) -> Saved {
    Saved::Dict(entries(prefix, seed))
}

fn entries(prefix: &str, seed: u64) -> Vec<(String, Saved)> {
    let named = numbers(seed).into_iter();
    named.map(|(name, t)| (format!("{prefix}{name}"), Saved::Tensor(t.shape, t.data))).collect()
}

/// A tensor of no network's.
fn stray() -> Saved {
    Saved::Tensor(vec![3], vec![0.25, 0.5, 0.75])
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

fn put(folder: &TempDir, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.path().join(name);
    fs::write(&path, bytes).expect("written");
    path
}

fn taken(path: &Path, prefix: Option<&str>, key: Option<&str>) -> Result<Taken, String> {
    read(path, Asked { prefix, key }, describe(NET).expect("it ships"), &[LAYER])
}

/// What is taken of a file without a word about it.
fn plain(saved: &Saved) -> Result<Taken, String> {
    taken(&put(&folder(), "net.pth", &saved.bytes()), None, None)
}

#[track_caller]
fn gives(saved: &Saved, seed: u64, notes: &[&str]) {
    let taken = plain(saved).expect("it fits");
    assert_eq!(taken.weights, numbers(seed));
    assert_eq!(taken.notes, notes);
}

#[track_caller]
fn refuses(saved: &Saved, words: &str) {
    let folder = folder();
    let path = put(&folder, "net.pth", &saved.bytes());
    let problem = taken(&path, None, None).expect_err("it is refused");
    assert_eq!(problem, format!("{}: {words}", path.display()));
}

#[test]
fn wrappers_of_the_whole_are_left_out() {
    gives(&state("", 1), 1, &[]);
    for prefix in ["module.", "_orig_mod.", "model.", "network.backbone."] {
        gives(&state(prefix, 1), 1, &[&format!("net.pth: tensors are taken from under `{prefix}`")]);
        gives(
            &Saved::dict([("model", Saved::dict([("state_dict", state(prefix, 1))])), ("epoch", Saved::Number(9))]),
            1,
            &[&format!("net.pth: tensors are taken from under `{prefix}`")],
        );
    }
    let note = "net.pth: tensors are taken from under `module.`";
    gives(&state("module._orig_mod.", 1), 1, &[note]);
    // What compilation of a part leaves within.
    let within = entries("", 1).into_iter().map(|(name, t)| (name.replace("features.", "features._orig_mod."), t));
    gives(&Saved::dict(within), 1, &[]);
}

#[test]
fn any_prefix_is_found() {
    for prefix in ["encoder.", "visual.", "a.b.c.d.", "net.backbone.", "0."] {
        gives(&state(prefix, 1), 1, &[&format!("net.pth: tensors are taken from under `{prefix}`")]);
    }
    let names = entries("backbonefeatures", 1);
    assert!(plain(&Saved::Dict(names)).is_err(), "a name begins after a dot");
}

#[test]
fn a_network_in_a_training_of_lightnings() {
    let mut all = entries("model.", 1);
    all.push(("criterion.weight".to_owned(), stray()));
    let note = "net.pth: tensors are taken from under `model.` in key `state_dict`";
    gives(&Saved::dict([("state_dict", Saved::Dict(all)), ("epoch", Saved::Number(3))]), 1, &[note]);
}

#[test]
fn clips_picture_half() {
    let mut all = entries("visual.", 1);
    all.extend([("token_embedding.weight".to_owned(), stray()), ("logit_scale".to_owned(), stray())]);
    gives(&Saved::Dict(all), 1, &["net.pth: tensors are taken from under `visual.`"]);
}

#[test]
fn a_robust_network_stands_twice_with_the_same_numbers() {
    let mut all = entries("module.model.", 1);
    all.extend(entries("module.attacker.model.", 1));
    all.push(("module.normalizer.new_mean".to_owned(), stray()));
    let note = "net.pth: tensors are taken from under `module.model.` in key `model`; under `module.attacker.model.` in key \
                `model` stand the same";
    gives(&Saved::dict([("model", Saved::Dict(all))]), 1, &[note]);
}

#[test]
fn mocos_query_encoder_is_taken() {
    let mut all = entries("module.encoder_k.", 2);
    all.extend(entries("module.encoder_q.", 1));
    all.push(("module.queue".to_owned(), stray()));
    let saved = Saved::dict([("state_dict", Saved::Dict(all)), ("arch", Saved::Number(0))]);
    let note = "net.pth: tensors are taken from under `module.encoder_q.` in key `state_dict`, MoCo's query encoder, and not \
                from under `module.encoder_k.` in key `state_dict`: `weights: { path: net.pth, prefix: module.encoder_k. }` \
                takes them from there";
    gives(&saved, 1, &[note]);
    let folder = folder();
    let path = put(&folder, "net.pth", &saved.bytes());
    for prefix in ["module.encoder_k.", "encoder_k."] {
        let taken = taken(&path, Some(prefix), None).expect("it is there");
        assert_eq!(taken.weights, numbers(2), "{prefix}");
    }
    let problem = taken(&path, Some("encoder_x."), None).expect_err("it is not there");
    assert!(
        problem.ends_with("no needed tensor stands under prefix `encoder_x.`; names in it begin with `module.`"),
        "{problem}"
    );
}

#[test]
fn dinos_teacher_is_taken() {
    let saved = Saved::dict([
        ("student", state("module.backbone.", 2)),
        ("teacher", state("backbone.", 1)),
        ("optimizer", state("", 3)),
        ("epoch", Saved::Number(100)),
    ]);
    let note = "net.pth: tensors are taken from under `backbone.` in key `teacher`, DINO's teacher, and not from under \
                `module.backbone.` in key `student`: `weights: { path: net.pth, key: student }` takes them from there";
    gives(&saved, 1, &[note]);
    let folder = folder();
    let path = put(&folder, "net.pth", &saved.bytes());
    assert_eq!(taken(&path, None, Some("student")).expect("it is there").weights, numbers(2));
    let problem = taken(&path, None, Some("master")).expect_err("it is not there");
    assert!(
        problem.ends_with("has no tensors under key `master`; tensors stand under `student`, `teacher`"),
        "{problem}"
    );
}

#[test]
fn raw_weights_are_taken_before_averaged_ones() {
    // timm's.
    let saved =
        Saved::dict([("state_dict", state("", 1)), ("state_dict_ema", state("", 2)), ("epoch", Saved::Number(1))]);
    let note = "net.pth: the weights of key `state_dict` are taken; those of key `state_dict_ema`, averaged weights, differ and \
                would fit too: `weights: { path: net.pth, key: state_dict_ema }` takes them";
    gives(&saved, 1, &[note]);
    let path = folder();
    let path = (put(&path, "net.pth", &saved.bytes()), path);
    assert_eq!(taken(&path.0, None, Some("state_dict_ema")).expect("it is there").weights, numbers(2));
    // Under prefixes, as trainings of generators keep them.
    let all = [entries("model_ema.", 2), entries("model.", 1)].concat();
    let note = "net.pth: tensors are taken from under `model.` in key `state_dict`, raw weights, not averaged ones, and not from \
                under `model_ema.` in key `state_dict`: `weights: { path: net.pth, prefix: model_ema. }` takes them from there";
    gives(&Saved::dict([("state_dict", Saved::Dict(all))]), 1, &[note]);
    // Averaged weights alone are what there is.
    let note = "net.pth: tensors are taken from under key `model_ema`";
    gives(&Saved::dict([("model_ema", state("", 2)), ("epoch", Saved::Number(1))]), 2, &[note]);
    // PyTorch's own average counts its steps beside the model.
    let mut averaged = entries("module.", 2);
    averaged.push(("n_averaged".to_owned(), Saved::Tensor(vec![], vec![5.0])));
    gives(&Saved::Dict(averaged), 2, &["net.pth: tensors are taken from under `module.`"]);
}

#[test]
fn two_networks_are_listed() {
    let all = Saved::Dict([entries("left.", 1), entries("right.", 2)].concat());
    refuses(
        &all,
        "it holds 2 networks with all tensors that the layers of squeezenet1_1 need, and their numbers differ: under `left.` \
         and `right.`; say which with `weights: { path: net.pth, prefix: left. }`",
    );
    let keys = Saved::dict([("generator", state("a.", 1)), ("critic", state("a.", 2))]);
    refuses(
        &keys,
        "it holds 2 networks with all tensors that the layers of squeezenet1_1 need, and their numbers differ: under `a.` in \
         key `critic` and `a.` in key `generator`; say which with `weights: { path: net.pth, key: critic, prefix: a. }`",
    );
    let folder = folder();
    let path = put(&folder, "net.pth", &all.bytes());
    assert_eq!(taken(&path, Some("right."), None).expect("it is there").weights, numbers(2));
}

#[test]
fn what_would_be_preferred_but_lacks_a_tensor_is_told() {
    let mut all = entries("encoder_q.", 1);
    all.remove(0);
    all.extend(entries("encoder_k.", 2));
    refuses(
        &Saved::Dict(all),
        "all 4 tensors that the layers of squeezenet1_1 need stand under `encoder_k.`, but it is `encoder_q.` that would be \
         taken, which has 3 of them; `weights: { path: net.pth, prefix: encoder_k. }` takes the first",
    );
}

#[test]
fn what_differs_is_told_where_a_prefix_is_nearly_right() {
    let mut all = entries("model.", 1);
    all.push(("loss.w".to_owned(), stray()));
    all[0].1 = Saved::Tensor(vec![2], vec![1.0, 2.0]);
    let removed = all.remove(1);
    assert_eq!(removed.0, "model.features.0.weight");
    refuses(
        &Saved::Dict(all),
        "under `model.` stand 3 of the 4 tensors that the layers of squeezenet1_1 need, but 1 absent: features.0.weight; 1 of \
         another shape: features.0.bias (2, not 64); layers that need none of these can be asked for",
    );
    refuses(
        &Saved::dict([("a.weight", stray()), ("b.weight", stray())]),
        "the tensors are not those of squeezenet1_1; 4 absent: features.0.weight, features.0.bias, features.3.squeeze.weight, \
         features.3.squeeze.bias; 2 unknown to it: a.weight, b.weight; are these weights of another architecture?",
    );
}

/// A larger network of the same family has all tensors of a smaller one, and more.
#[test]
fn a_larger_network_is_none_of_a_smaller_ones() {
    let larger = random(describe("resnet34").expect("it ships"), &["fc"], 0);
    let file = |prefix: &str, over: Weights| {
        let named = over.into_iter().map(|(name, t)| (format!("{prefix}{name}"), Saved::Tensor(t.shape, t.data)));
        Saved::dict(named).bytes()
    };
    let folder = folder();
    let path = put(&folder, "net.pth", &file("encoder.", larger));
    let resnet18 = describe("resnet18").expect("it ships");
    let problem = read(&path, Asked::default(), resnet18, &["layer1"]).expect_err("it is another network");
    assert!(
        problem.contains("unknown to it: layer1.2.bn1.bias") && problem.ends_with("another architecture?"),
        "{problem}"
    );
    let named = Asked { prefix: Some("encoder."), key: None };
    assert!(read(&path, named, resnet18, &["layer1"]).is_err());

    // What a training put in a head's place, or beside it, is no other network.
    let mut own = random(resnet18, &["layer4"], 0);
    let expected = own.clone();
    for name in ["fc.0.weight", "fc.2.bias", "projector.weight"] {
        own.insert(name.to_owned(), Tensor { shape: vec![1], data: vec![1.0] });
    }
    let path = put(&folder, "net.pth", &file("encoder.", own));
    let taken = read(&path, Asked::default(), resnet18, &["layer4"]).expect("it fits");
    assert_eq!(taken.weights, expected);
    assert_eq!(
        taken.notes,
        [
            "net.pth: tensors are taken from under `encoder.`",
            "net.pth: 3 tensors beside them are none of resnet18's and play no part: fc.0.weight, fc.2.bias, projector.weight"
        ]
    );
}

#[test]
fn settings_are_passed_over_and_said() {
    let settings = Saved::Object(
        "omegaconf.dictconfig",
        "DictConfig",
        vec![
            ("lr".to_owned(), Saved::Number(1)),
            ("inner".to_owned(), Saved::Object("my.training", "Options", vec![("seed".to_owned(), Saved::Number(3))])),
        ],
    );
    let saved = Saved::dict([
        ("args", Saved::Object("argparse", "Namespace", vec![("lr".to_owned(), Saved::Number(1))])),
        ("config", settings),
        ("state_dict", state("", 1)),
    ]);
    let note = "net.pth holds objects of Python's beside its tensors, which were passed over and not run: argparse.Namespace, \
                omegaconf.dictconfig.DictConfig, my.training.Options";
    gives(&saved, 1, &[note]);
    // What runs programs is refused whatever stands beside it, and so is a model that is code as a whole.
    let refusal = |value: Saved| {
        let saved = Saved::dict([("config", value), ("state_dict", state("", 1))]);
        plain(&saved).expect_err("it is refused")
    };
    assert!(refusal(Saved::Object("posix", "system", vec![])).contains("asks for the Python object `posix.system`"));
    let whole = Saved::dict([("model", Saved::Object("torchvision.models.resnet", "ResNet", vec![]))]);
    assert!(
        plain(&whole)
            .expect_err("it is code")
            .contains("`torchvision.models.resnet.ResNet`, which no state dict needs")
    );
}

/// Safetensors of some of the network's tensors.
fn safetensors(weights: &Weights) -> Vec<u8> {
    use safetensors::tensor::{Dtype, TensorView};
    let bytes: Vec<(String, Vec<usize>, Vec<u8>)> = weights
        .iter()
        .map(|(name, t)| (name.clone(), t.shape.clone(), t.data.iter().flat_map(|x| x.to_le_bytes()).collect()))
        .collect();
    let views = bytes.iter().map(|(name, shape, bytes)| {
        (name.clone(), TensorView::new(Dtype::F32, shape.clone(), bytes).expect("as many bytes as the shape says"))
    });
    safetensors::serialize(views, None).expect("serialised")
}

/// The network in two parts with an index, in a format of torch's or in safetensors.
fn in_parts(folder: &TempDir, start: &str, end: &str) -> PathBuf {
    let (first, second): (Weights, Weights) =
        numbers(1).into_iter().partition(|(name, _)| name.starts_with("features.0."));
    let mut map = serde_json::Map::new();
    for (at, weights) in [first, second].into_iter().enumerate() {
        let name = format!("{start}-0000{}-of-00002.{end}", at + 1);
        map.extend(weights.keys().map(|tensor| (tensor.clone(), name.clone().into())));
        let bytes = if end == "bin" {
            Saved::dict(weights.into_iter().map(|(name, t)| (name, Saved::Tensor(t.shape, t.data)))).bytes()
        } else {
            safetensors(&weights)
        };
        put(folder, &name, &bytes);
    }
    let index = serde_json::json!({ "metadata": { "total_size": 1 }, "weight_map": map });
    put(folder, &format!("{start}.{end}.index.json"), index.to_string().as_bytes())
}

#[test]
fn parts_are_joined_by_their_index_or_folder() {
    for (start, end) in [("model", "safetensors"), ("pytorch_model", "bin")] {
        let folder = folder();
        let index = in_parts(&folder, start, end);
        let by_index = taken(&index, None, None).expect("all parts are there");
        assert_eq!((by_index.weights, by_index.notes), (numbers(1), vec![]));
        let by_folder = taken(folder.path(), None, None).expect("the index is there");
        assert_eq!(by_folder.weights, numbers(1));
        let called = folder.path().file_name().expect("a name").to_string_lossy().into_owned();
        assert_eq!(by_folder.notes, [format!("of {called}, {start}.{end}.index.json is read")]);

        let first = folder.path().join(format!("{start}-00001-of-00002.{end}"));
        let problem = taken(&first, None, None).expect_err("a part alone");
        assert_eq!(
            problem,
            format!(
                "{} is a part of a sharded checkpoint; name {start}.{end}.index.json, which lists them all. It is part 1 of 2: \
                 under no prefix stand 2 of the 4 tensors that the layers of squeezenet1_1 need, but 2 absent: \
                 features.3.squeeze.weight, features.3.squeeze.bias; layers that need none of these can be asked for",
                first.display()
            )
        );
        // A layer that lies in one part needs no other.
        let alone =
            read(&first, Asked::default(), describe(NET).expect("it ships"), &["features.0"]).expect("it is there");
        assert_eq!(alone.notes.len(), 1, "{:?}", alone.notes);
        fs::remove_file(&index).expect("removed");
        assert!(
            taken(&first, None, None)
                .expect_err("a part")
                .contains("name the index that lists them all (NAME.index.json)")
        );
        assert_eq!(taken(folder.path(), None, None).expect("all parts are there").weights, numbers(1));
        fs::remove_file(&first).expect("removed");
        assert!(
            taken(folder.path(), None, None).expect_err("one is gone").contains("1 of the 2 parts of a checkpoint")
        );
    }
}

#[test]
fn parts_that_are_not_as_the_index_says_are_told() {
    let folder = folder();
    let index = in_parts(&folder, "model", "safetensors");
    let part = "model-00002-of-00002.safetensors";
    let whole = fs::read(folder.path().join(part)).expect("it is there");
    put(&folder, part, &safetensors(&Weights::new()));
    assert_eq!(
        taken(&index, None, None).expect_err("a tensor is gone"),
        "model.safetensors.index.json says that tensor features.3.squeeze.bias is in model-00002-of-00002.safetensors, which does \
         not hold it; are these parts of another checkpoint?"
    );
    put(&folder, part, &whole[..whole.len() - 1]);
    let problem = taken(&index, None, None).expect_err("it is cut");
    assert!(problem.starts_with("model-00002-of-00002.safetensors is damaged"), "{problem}");
    fs::remove_file(folder.path().join(part)).expect("removed");
    assert_eq!(
        taken(&index, None, None).expect_err("a part is gone"),
        "model.safetensors.index.json names model-00002-of-00002.safetensors, which is not beside it; all 2 parts must be there"
    );
    // Under another name its parts' content would count in no key.
    let hidden = put(&folder, "blob", &fs::read(&index).expect("it is there"));
    let problem = taken(&hidden, None, None).expect_err("it is refused");
    assert!(problem.contains("its name does not end in .json") && problem.contains("name the folder"), "{problem}");
}

fn cases() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(300);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// Good files of each form, with a path of their own.
fn good() -> (TempDir, Vec<(&'static str, Vec<u8>)>) {
    let folder = folder();
    let index = in_parts(&folder, "model", "safetensors");
    let settings = Saved::Object("my.training", "Options", vec![("seed".to_owned(), Saved::Number(3))]);
    let moco = Saved::Dict([entries("encoder_q.", 1), entries("encoder_k.", 2)].concat());
    let files = vec![
        ("model.safetensors.index.json", fs::read(index).expect("it is there")),
        ("model-00001-of-00002.safetensors", safetensors(&numbers(1))),
        ("moco.pth", Saved::dict([("state_dict", moco), ("args", settings)]).bytes()),
        ("dino.pth", Saved::dict([("teacher", state("a.", 1)), ("student", state("a.", 2))]).bytes()),
    ];
    (folder, files)
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn no_mutation_of_a_good_file_panics(
        which in 0..4_usize,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        at_start in any::<bool>(),
        cut in prop::option::of((any::<prop::sample::Index>(), any::<prop::sample::Index>())),
        asked in (prop::option::of("[a-z_.]{0,12}"), prop::option::of("[a-z_.]{0,12}")),
    ) {
        thread_local! {
            static GOOD: (TempDir, Vec<(&'static str, Vec<u8>)>) = good();
        }
        GOOD.with(|(folder, files)| {
            let (name, whole) = &files[which];
            let mut bytes = whole.clone();
            // Headers and pickles say what is where; numbers may be any.
            let reach = if at_start { bytes.len().min(2000) } else { bytes.len() };
            for (at, byte) in changes {
                bytes[at.index(reach)] = byte;
            }
            if let Some((from, to)) = cut {
                let (from, to) = (from.index(bytes.len()), to.index(bytes.len()));
                bytes.drain(from.min(to)..from.max(to));
            }
            let path = put(folder, name, &bytes);
            if let Err(problem) = taken(&path, asked.0.as_deref(), asked.1.as_deref()) {
                assert!(problem.contains("model") || problem.contains(name), "it names no file: {problem}");
            }
            put(folder, name, whole);
        });
    }
}

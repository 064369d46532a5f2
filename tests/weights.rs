//! `ventral weights` against a server of the test's own: fetched whole, resumed, checked, and every failure in words.

mod loopback;
mod needs;
#[path = "fixtures/saved.rs"]
mod saved;
mod study;

use std::fs;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::Command;

use loopback::{Server, without_proxies};
use needs::shared;
use saved::Saved;
use serde_json::json;
use sha2::{Digest, Sha256};
use study::{Ended, Study};

const RECIPE: &str = "\
version: 1
title: Two networks
sweep: { layer: [layer1, layer2] }
nodes:
  it: { kind: synthetic_it, with: { images: 16, size: 32, units: 2, repeats: 2 } }
  drawn: { kind: extract_layer, in: { images: it.images }, with: { model: resnet18, weights: random, layers: [layer1] } }
  deep:
    kind: extract_layer
    in: { images: it.images }
    with: { model: resnet50, weights: weights/resnet50-0676ba61.pth, layers: [\"${layer}\"] }
  own:
    kind: extract_layer
    in: { images: it.images }
    with: { model: squeezenet1_1, weights: data/mine.safetensors, layers: [features.1] }
";

/// What is published, and its name.
fn published() -> (Vec<u8>, String) {
    let bytes: Vec<u8> = (0..700_001_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let hash: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    (bytes, format!("tiny-{}.pth", &hash[..8]))
}

/// How the server answers one connection.
#[derive(Clone, Copy)]
enum Answer {
    /// All of the file, whatever was asked for.
    Whole,
    /// All of it is promised, so many bytes are sent.
    Cut(usize),
    /// What `Range` asks for.
    Part,
    /// It is promised, so many bytes of it are sent.
    PartCut(usize),
    /// Another part than was asked for.
    OtherPart,
    /// A head alone.
    Status(&'static str),
    /// Another file of the same length.
    Wrong,
}

fn serving(answers: &'static [Answer]) -> Server {
    Server::new(answers, respond)
}

fn url(server: &Server) -> String {
    format!("http://{}/models/", server.address)
}

fn respond(mut stream: &TcpStream, answer: Answer, request: &str) -> std::io::Result<()> {
    let (bytes, name) = published();
    let found = request.starts_with(&format!("get /models/{name} "));
    let length = bytes.len();
    let whole = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    let from = loopback::from(request);
    let (head, body) = match answer {
        Answer::Status(status) => {
            (format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"), vec![])
        }
        _ if !found => ("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_owned(), vec![]),
        Answer::Whole => (whole, bytes),
        Answer::Cut(count) => (whole, bytes[..count].to_vec()),
        Answer::Wrong => (whole, vec![7; length]),
        Answer::Part | Answer::PartCut(_) | Answer::OtherPart => {
            let from = if matches!(answer, Answer::OtherPart) { from + 1 } else { from };
            let head = format!(
                "HTTP/1.1 206 Partial Content\r\nContent-Length: {}\r\nContent-Range: bytes {from}-{}/{length}\r\n\r\n",
                length - from,
                length - 1
            );
            let to = if let Answer::PartCut(count) = answer { from + count } else { length };
            (head, bytes[from..to].to_vec())
        }
    };
    stream.write_all(head.as_bytes())?;
    stream.write_all(&body)
}

/// A workspace, and the file that is fetched into it.
fn workspace() -> (Study, PathBuf, String) {
    let study = Study::with(RECIPE);
    let (_, name) = published();
    let path = study.path(&format!("weights/{name}"));
    (study, path, name)
}

/// The command without what the environment of whoever runs the tests says.
fn command(study: &Study, arguments: &[&str]) -> Command {
    let mut command = without_proxies(study.command(arguments));
    command.env_remove("VENTRAL_WEIGHTS_FROM");
    command
}

fn get(study: &Study, name: &str, url: &str) -> Ended {
    Ended(command(study, &["weights", "get", name, "--from", url]).output().expect("the command starts"))
}

/// The names in `weights/`, sorted.
fn kept(study: &Study) -> Vec<String> {
    let entries = fs::read_dir(study.path("weights")).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn a_file_is_fetched_once() {
    let (study, path, name) = workspace();
    let server = serving(&[Answer::Whole]);
    let ended = get(&study, &name, &url(&server));
    ended.succeeded();
    assert!(ended.err().contains(&format!("fetching {}{name} (700.0 kB)", url(&server))), "{}", ended.err());
    assert!(ended.out().starts_with(&format!("weights/{name}: fetched, 700.0 kB")), "{}", ended.out());
    assert_eq!(fs::read(&path).expect("fetched"), published().0);
    assert_eq!(kept(&study), [name.as_str()]);
    // The server is gone, and is not asked.
    let again = get(&study, &name, &url(&server));
    assert!(again.succeeded().out().starts_with(&format!("weights/{name}: is there already")));
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn a_connection_that_is_cut_is_resumed() {
    let (study, path, name) = workspace();
    let server = serving(&[Answer::Cut(1000), Answer::PartCut(0), Answer::PartCut(500), Answer::Part]);
    let ended = get(&study, &name, &url(&server));
    ended.succeeded();
    assert!(ended.err().contains("going on after the 1000 bytes that are here"), "{}", ended.err());
    assert_eq!(fs::read(&path).expect("fetched"), published().0);
    let asked = server.asked();
    let ranges = [None, Some("range: bytes=1000-"), Some("range: bytes=1000-"), Some("range: bytes=1500-")];
    for (request, range) in asked.iter().zip(ranges) {
        assert_eq!(request.lines().find(|line| line.starts_with("range:")), range, "{asked:?}");
    }
}

#[test]
fn a_later_command_goes_on_where_an_earlier_one_ended() {
    let (study, path, name) = workspace();
    let dying = serving(&[Answer::Cut(1000)]);
    get(&study, &name, &url(&dying)).refused(1, &["cannot fetch", "put the file at", &path.display().to_string()]);
    let part = study.path(&format!("weights/{name}.part"));
    assert_eq!(fs::read(&part).expect("a part"), &published().0[..1000]);
    let server = serving(&[Answer::Part]);
    get(&study, &name, &url(&server)).succeeded();
    assert!(server.asked()[0].contains("range: bytes=1000-"), "{:?}", server.asked());
    assert_eq!(fs::read(&path).expect("fetched"), published().0);
    assert_eq!(kept(&study), [name.as_str()]);
}

#[test]
fn a_server_without_ranges_sends_it_all_again() {
    let (study, path, name) = workspace();
    fs::create_dir(study.path("weights")).expect("made");
    fs::write(study.path(&format!("weights/{name}.part")), &published().0[..1000]).expect("written");
    let ended = get(&study, &name, &url(&serving(&[Answer::Whole])));
    assert!(ended.succeeded().err().contains("the server sends the whole file again"));
    assert_eq!(fs::read(&path).expect("fetched"), published().0);
}

#[test]
fn a_part_that_is_whole_needs_no_byte_more() {
    let (study, path, name) = workspace();
    fs::create_dir(study.path("weights")).expect("made");
    let part = study.path(&format!("weights/{name}.part"));
    fs::write(&part, published().0).expect("written");
    get(&study, &name, &url(&serving(&[Answer::Status("416 Range Not Satisfiable")]))).succeeded();
    assert!(path.exists());
    // A part that is longer than the file is no part of it.
    fs::remove_file(&path).expect("removed");
    fs::write(&part, vec![1; 800_000]).expect("written");
    let server = serving(&[Answer::Status("416 Range Not Satisfiable"), Answer::Whole]);
    get(&study, &name, &url(&server)).succeeded();
    assert_eq!(fs::read(&path).expect("fetched"), published().0);
}

#[test]
fn another_content_is_set_aside() {
    let (study, path, name) = workspace();
    let wrong = get(&study, &name, &url(&serving(&[Answer::Wrong])));
    wrong.refused(1, &["whose SHA-256 does not begin with", &format!("{name}.part.bad"), "Run this again"]);
    assert!(!path.exists());
    assert_eq!(kept(&study), [format!("{name}.part.bad")]);
    get(&study, &name, &url(&serving(&[Answer::Wrong]))).refused(1, &[&format!("{name}.part.bad2")]);
    // So is a file in its place that is none of the publisher's.
    fs::write(&path, "my own").expect("written");
    let ended = get(&study, &name, &url(&serving(&[Answer::Whole])));
    assert!(ended.succeeded().err().contains("is not what its hash says; it now is"), "{}", ended.err());
    assert_eq!(fs::read(&path).expect("fetched"), published().0);
    assert_eq!(fs::read(study.path(&format!("weights/{name}.bad"))).expect("kept"), b"my own");
}

#[test]
fn what_cannot_be_fetched_is_told_with_what_to_do() {
    let (study, path, name) = workspace();
    let whither = format!("put the file at {}", path.display());
    let missing = get(&study, &name, &url(&serving(&[Answer::Status("404 Not Found")])));
    missing.refused(1, &["the server answered 404 Not Found", &whither]);
    let other = TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("bound");
    let refused = get(&study, &name, &format!("http://{other}"));
    refused.refused(1, &["cannot fetch", "Connection refused", &format!("http://{other}/{name}"), &whither]);
    assert!(kept(&study).is_empty());
    fs::write(study.path(&format!("weights/{name}.part")), &published().0[..10]).expect("written");
    let other = get(&study, &name, &url(&serving(&[Answer::OtherPart])));
    other.refused(1, &["the server sent another part than was asked for"]);
    let empty = get(&study, &name, &url(&serving(&[Answer::Cut(0), Answer::Cut(0), Answer::Cut(0)])));
    empty.refused(1, &["cannot fetch", &whither]);
    get(&study, "resnet51", "http://127.0.0.1:9").refused(2, &["did you mean `resnet50`?"]);
    get(&study, "../x-0676ba61.pth", "http://127.0.0.1:9").refused(2, &["no weights are known as"]);
    get(&study, &name, "ftp://127.0.0.1").refused(2, &["is no address of a mirror"]);
}

#[test]
fn mirrors_and_proxies_come_from_the_environment() {
    let (study, path, name) = workspace();
    let server = serving(&[Answer::Whole]);
    let mut mirrored = command(&study, &["weights", "get", &name]);
    Ended(mirrored.env("VENTRAL_WEIGHTS_FROM", url(&server)).output().expect("it starts")).succeeded();
    assert!(path.exists());
    let proxy = serving(&[Answer::Status("502 Bad Gateway")]);
    let mut proxied = command(&study, &["weights", "get", "resnet50", "--from", "https://mirror.invalid/models"]);
    let proxied = proxied.env("HTTPS_PROXY", format!("http://{}", proxy.address)).env_remove("NO_PROXY");
    let ended = Ended(proxied.env_remove("no_proxy").output().expect("it starts"));
    ended.refused(1, &["cannot fetch https://mirror.invalid/models/resnet50-0676ba61.pth"]);
    assert!(proxy.asked()[0].starts_with("connect mirror.invalid:443"), "{:?}", proxy.asked());
}

#[test]
fn what_recipes_want_is_listed() {
    let (study, ..) = workspace();
    study.write("data/mine.safetensors", "12345");
    let rows = study.ventral(&["weights", "list", "--json"]).succeeded().json();
    let rows = rows.as_array().expect("an array").clone();
    let row = |file: &str| rows.iter().find(|row| row["file"] == file).unwrap_or_else(|| panic!("no {file}"));
    let own = row("data/mine.safetensors");
    assert_eq!((&own["present"], &own["bytes"], &own["get"]), (&json!(true), &json!(5), &json!(null)));
    assert_eq!(own["wanted_by"], json!([{ "recipe": "a", "node": "own" }]));
    let deep = row("weights/resnet50-0676ba61.pth");
    assert_eq!((&deep["present"], &deep["bytes"], &deep["get"]), (&json!(false), &json!(null), &json!("resnet50")));
    assert_eq!(deep["wanted_by"], json!([{ "recipe": "a", "node": "deep" }]));
    assert_eq!(row("weights/vgg19-dcbb9e9d.pth")["wanted_by"], json!([]));
    let text = study.ventral(&["weights", "list"]).succeeded().out();
    assert!(text.contains("a: deep") && text.contains("ventral weights get resnet50"), "{text}");

    study.write("recipes/b.yaml", "version: 1\ntitle: b\nnodes: { x: { kind: nonsense } }\n");
    study.ventral(&["weights", "list"]).refused(2, &["b.yaml is left out", "ventral check"]);
    let elsewhere = tempfile::tempdir().expect("a folder");
    let mut command = study.command(&["weights", "list"]);
    Ended(command.current_dir(elsewhere.path()).output().expect("it starts")).refused(2, &["has no recipes/"]);
}

/// The first convolution of SqueezeNet's, of numbers that `from` makes others; and the other tensor that it has.
fn convolution(from: usize) -> [(String, Saved); 2] {
    let numbers = |count: usize| (0..count).map(|at| ((at + from) % 7) as f32 / 7.0 - 0.4).collect();
    [
        ("features.0.weight".to_owned(), Saved::Tensor(vec![64, 3, 3, 3], numbers(64 * 27))),
        ("features.0.bias".to_owned(), Saved::Tensor(vec![64], numbers(64))),
    ]
}

#[test]
fn a_part_that_changes_reruns_what_reads_the_index() {
    let study = Study::with(
        "\
version: 1
title: In parts
nodes:
  it: { kind: synthetic_it, with: { images: 16, size: 32, units: 2, repeats: 2 } }
  index:
    kind: extract_layer
    in: { images: it.images }
    with: { model: squeezenet1_1, weights: data/net.bin.index.json, layers: [features.0] }
  folder: { kind: extract_layer, in: { images: it.images }, with: { model: squeezenet1_1, weights: data, layers: [features.0] } }
  alone:
    kind: extract_layer
    in: { images: it.images }
    with: { model: squeezenet1_1, weights: { path: whole.pth, key: ema, prefix: a }, layers: [features.0] }
",
    );
    let put = |name: &str, saved: Saved| fs::write(study.path(name), saved.bytes()).expect("written");
    let [weight, bias] = convolution(0);
    put("data/net-00001-of-00002.bin", Saved::dict([weight.clone()]));
    put("data/net-00002-of-00002.bin", Saved::dict([bias.clone()]));
    let map = json!({ weight.0.as_str(): "net-00001-of-00002.bin", bias.0.as_str(): "net-00002-of-00002.bin" });
    study.write("data/net.bin.index.json", &json!({ "weight_map": map }).to_string());
    let ema = convolution(0).map(|(name, tensor)| (format!("a.{name}"), tensor));
    put("whole.pth", Saved::dict([("ema", Saved::dict(ema)), ("model", Saved::dict(convolution(3)))]));

    let digests = || {
        study.ventral(&["run", "recipes/a.yaml", "--no-report", "--events", "events"]).succeeded();
        let text = fs::read_to_string(study.path("events")).expect("events");
        let events = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"));
        let nodes = events.filter(|event| event["event"] == "node_finished" && event["node"] != "it");
        nodes
            .map(|event| {
                let digest =
                    event["outputs"]["activations[features.0]"]["digest"].as_str().expect("a digest").to_owned();
                (event["node"].as_str().expect("a name").to_owned(), (event["state"].clone(), digest))
            })
            .collect::<std::collections::BTreeMap<_, _>>()
    };
    let first = digests();
    let of =
        |digests: &std::collections::BTreeMap<String, (serde_json::Value, String)>, node: &str| digests[node].1.clone();
    assert!(first.values().all(|(state, _)| state == "ran"), "{first:?}");
    assert_eq!((of(&first, "index"), of(&first, "folder")), (of(&first, "alone"), of(&first, "alone")));
    let rows = study.ventral(&["weights", "list", "--json"]).succeeded().json();
    let row =
        |file: &str| rows.as_array().expect("an array").iter().find(|row| row["file"] == file).expect("it is wanted");
    assert_eq!(row("whole.pth")["present"], json!(true));
    let index = fs::read(study.path("data/net.bin.index.json")).expect("it is there").len();
    let parts: u64 = [1, 2]
        .map(|at| fs::metadata(study.path(&format!("data/net-0000{at}-of-00002.bin"))).expect("it is there").len())
        .iter()
        .sum();
    for file in ["data/net.bin.index.json", "data"] {
        assert_eq!(row(file)["bytes"], json!(index as u64 + parts), "{file}");
    }

    put("data/net-00002-of-00002.bin", Saved::dict([convolution(1)[1].clone()]));
    let second = digests();
    let states: Vec<&serde_json::Value> = ["index", "folder", "alone"].iter().map(|node| &second[*node].0).collect();
    assert_eq!(states[..2], [&json!("ran"), &json!("ran")], "{second:?}");
    assert_ne!(states[2], &json!("ran"), "{second:?}");
    assert_ne!(of(&second, "index"), of(&first, "index"));
    assert_eq!(of(&second, "folder"), of(&second, "index"));

    study.edit("key: ema, prefix: a", "key: model");
    assert_ne!(of(&digests(), "alone"), of(&first, "alone"));
    study.edit("key: model", "kye: model");
    study.ventral(&["check", "recipes/a.yaml"]).refused(2, &["`weights` has no field `kye`", "key"]);
}

mod needs_shared {
    use super::*;

    #[test]
    fn a_network_gives_the_same_from_either_format() {
        const STUDY: &str = "\
version: 1
title: SqueezeNet
nodes:
  it: { kind: synthetic_it, with: { images: 16, size: 64, units: 2, repeats: 2 } }
  layers:
    kind: extract_layer
    in: { images: it.images }
    with: { model: squeezenet1_1, weights: FILE, layers: [features.3, classifier] }
";
        let [safetensors, pth] =
            ["safetensors", "pth"].map(|ending| shared(&format!("weights/squeezenet1_1.{ending}")));
        let study = Study::with(&STUDY.replace("FILE", &safetensors.to_string_lossy()));
        let digests = || {
            study.ventral(&["run", "recipes/a.yaml", "--no-report", "--events", "events"]).succeeded();
            let text = fs::read_to_string(study.path("events")).expect("events");
            let events = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"));
            let mut layers = events.filter(|event| event["event"] == "node_finished" && event["node"] == "layers");
            let event = layers.next().expect("it ran");
            assert_eq!(event["state"], "ran");
            ["features.3", "classifier"]
                .map(|layer| event["outputs"][format!("activations[{layer}]")]["digest"].clone())
        };
        let before = digests();
        assert!(before.iter().all(serde_json::Value::is_string), "{before:?}");
        study.edit(&safetensors.to_string_lossy(), &pth.to_string_lossy());
        assert_eq!(digests(), before);
    }
}

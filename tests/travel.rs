//! Studies that travel: locked, packed, unpacked elsewhere to the same bytes, and every damaged pack refused.

mod study;

use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::process::Command;

use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use study::Study;
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

const RECIPE: &str = "\
version: 1
title: A study that travels
seed: 3
nodes:
  it: { kind: synthetic_it, with: { images: 60, size: 32, units: 4, repeats: 3 } }
  own: { kind: load_features, in: { rows: it.images }, with: { path: data/own.csv } }
  readout: { kind: ridge, in: { features: own, responses: it.responses, split: it.split } }
  scores: { kind: evaluate, in: { predictions: readout, responses: it.responses, split: it.split }, with: { on: val } }
";

/// Features of 60 stimuli in the order of their rows.
fn features(seed: u64) -> String {
    let mut text = String::from("a,b,c\n");
    for row in 0..60_u64 {
        let number = |column: u64| {
            let mixed = (row * 3 + column + seed * 1000).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
            mixed as f64 / f64::from(1 << 24) - 0.5
        };
        text += &format!("{},{},{}\n", number(0), number(1), number(2));
    }
    text
}

/// A workspace that ran.
fn ran() -> Study {
    let study = Study::with(RECIPE);
    study.write("data/own.csv", &features(1));
    assert_eq!(study.run(), (4, 0));
    study
}

#[test]
fn what_differs_from_the_lock_is_refused_and_named() {
    let study = ran();
    study
        .ventral(&["run", "recipes/a.yaml", "--locked"])
        .refused(2, &["there is no recipes/a.lock", "Nothing was run"]);
    let locked = study.ventral(&["lock"]);
    assert_eq!(locked.succeeded().out(), "recipes/a.lock: written, 1 file that the recipe reads\n");
    let text = fs::read_to_string(study.path("recipes/a.lock")).expect("a lock");
    let names: Vec<&str> = text.lines().filter_map(|line| line.trim().split_once(':')).map(|(name, _)| name).collect();
    let expected = [
        "version",
        "ventral",
        "libtorch",
        "kinds",
        "evaluate",
        "load_features",
        "ridge",
        "synthetic_it",
        "recipe",
        "files",
        "data/own.csv",
    ];
    assert_eq!(names, expected, "{text}");
    let again = study.ventral(&["lock", "recipes/a.yaml"]);
    assert!(again.succeeded().out().contains("recipes/a.lock: stands"));
    assert_eq!(study.ventral(&["run", "recipes/a.yaml", "--locked"]).succeeded().counts(), (0, 4));

    // Data, the recipe, and a version, each told with both values; nothing ran.
    study.write("data/own.csv", &features(2));
    let events = study.path("events");
    let told = study.ventral(&["run", "recipes/a.yaml", "--locked", "--events", &events.display().to_string()]);
    told.refused(2, &["recipes/a.yaml is not as recipes/a.lock says:", "  file data/own.csv: locked ", ", now "]);
    assert!(!events.exists() && told.out().is_empty());
    study.write("data/own.csv", &features(1));
    study.edit("seed: 3", "seed: 4");
    study.ventral(&["run", "recipes/a.yaml", "--locked"]).refused(2, &["  the recipe: locked "]);
    study.edit("seed: 4", "seed: 3");
    study.write("recipes/a.lock", &text.replace("  ridge: ", "  ridge: 9"));
    study.ventral(&["run", "recipes/a.yaml", "--locked"]).refused(2, &["  kind ridge: locked version 9"]);
    study.write("recipes/a.lock", "no lock");
    study.ventral(&["run", "recipes/a.yaml", "--locked"]).refused(2, &["recipes/a.lock is no lock", "`ventral lock`"]);
    fs::remove_file(study.path("data/own.csv")).expect("removed");
    study.ventral(&["lock"]).refused(1, &["cannot lock recipes/a.yaml: `own`: `path`:", "there is no such file"]);
}

/// The archive's entries: names with bytes, in order.
fn entries(pack: &Path) -> Vec<(String, Vec<u8>)> {
    let mut zip = ZipArchive::new(fs::File::open(pack).expect("a pack")).expect("a zip");
    let mut found = Vec::new();
    for at in 0..zip.len() {
        let mut entry = zip.by_index(at).expect("an entry");
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).expect("whole");
        found.push((entry.name().to_owned(), bytes));
    }
    found
}

fn names(pack: &Path) -> Vec<String> {
    entries(pack).into_iter().map(|(name, _)| name).collect()
}

fn json_of(pack: &Path, name: &str) -> Json {
    let found = entries(pack).into_iter().find(|(known, _)| known == name);
    serde_json::from_slice(&found.unwrap_or_else(|| panic!("no {name}")).1).expect("JSON")
}

/// A study that was unpacked into a new folder beside its workspace's folders, as one of its own.
fn unpacked(study: &Study, pack: &str) -> Study {
    let folder = tempfile::tempdir().expect("a folder");
    let to = folder.path().join("there");
    study.ventral(&["unpack", pack, &to.display().to_string()]).succeeded();
    let inner = tempfile::tempdir().expect("a folder");
    let own = inner.path().join("study");
    fs::rename(&to, &own).expect("it moves: nothing in it knows where it was");
    // `Study` is its folder.
    let study = Study { folder: tempfile::tempdir().expect("a folder") };
    fs::remove_dir(study.folder.path()).expect("empty");
    fs::rename(&own, study.folder.path()).expect("moved");
    study
}

#[test]
fn a_pack_is_unpacked_to_the_same_report_and_runs_nothing() {
    let study = ran();
    study.ventral(&["lock"]).succeeded();
    let told = study.ventral(&["pack", "recipes/a.yaml", "a.zip", "--with-cache"]);
    assert!(told.succeeded().out().starts_with("a.zip: ") && told.err().is_empty(), "{} {}", told.out(), told.err());
    study.ventral(&["pack", "recipes/a.yaml", "b.zip", "--with-cache"]).succeeded();
    let bytes = fs::read(study.path("a.zip")).expect("a pack");
    assert_eq!(bytes, fs::read(study.path("b.zip")).expect("a pack"), "equal studies give equal bytes");
    let names = names(&study.path("a.zip"));
    assert!(names.is_sorted(), "{names:?}");
    let visible: Vec<&str> = names.iter().map(String::as_str).filter(|name| !name.starts_with("cache/")).collect();
    assert_eq!(
        visible,
        [
            "README.md",
            "data/own.csv",
            "recipes/a.lock",
            "recipes/a.yaml",
            "reports/a/index.html",
            "results/readout.alphas.csv",
            "results/scores.per_unit.csv",
            "results/scores.summary.csv",
            "ro-crate-metadata.json",
            "ventral-pack.json",
        ]
    );

    let there = unpacked(&study, "a.zip");
    let page = |study: &Study| fs::read(study.path("reports/a/index.html")).expect("a report");
    assert_eq!(page(&study), page(&there));
    assert_eq!(there.ventral(&["run", "recipes/a.yaml", "--locked"]).succeeded().counts(), (0, 4));
    assert_eq!(page(&study), page(&there), "a run that computes nothing leaves it");
    there.ventral(&["report", "recipes/a.yaml"]).succeeded();
    assert_eq!(page(&study), page(&there), "and it is rendered again to the same bytes");
    there.ventral(&["pack", "recipes/a.yaml", "a.zip", "--with-cache"]).succeeded();
    assert_eq!(bytes, fs::read(there.path("a.zip")).expect("a pack"), "packed again, it is the same pack");
    there.ventral(&["cache", "verify"]).succeeded();

    // The scores are those that `export` writes, by the command that the pack names.
    let manifest = json_of(&study.path("a.zip"), "ventral-pack.json");
    assert_eq!(manifest["commands"]["reports/a/index.html"], "ventral run recipes/a.yaml");
    let command = manifest["commands"]["results/scores.summary.csv"].as_str().expect("a command");
    assert_eq!(command, "ventral export recipes/a.yaml scores.summary results/scores.summary.csv");
    let before = fs::read(there.path("results/scores.summary.csv")).expect("scores");
    fs::remove_file(there.path("results/scores.summary.csv")).expect("removed");
    there.ventral(&command.split(' ').skip(1).collect::<Vec<_>>()).succeeded();
    assert_eq!(before, fs::read(there.path("results/scores.summary.csv")).expect("scores"));
    assert!(manifest["figures"].as_array().is_some_and(|figures| !figures.is_empty()));

    // Without results it is smaller, and the report is the same.
    study.ventral(&["pack", "recipes/a.yaml", "small.zip"]).succeeded();
    let small = unpacked(&study, "small.zip");
    assert_eq!(page(&study), page(&small));
    assert!(!small.path("cache").exists());
    assert_eq!(small.run(), (4, 0));
}

#[test]
fn what_is_private_or_large_or_elsewhere_is_told_apart() {
    let elsewhere = tempfile::tempdir().expect("a folder");
    fs::write(elsewhere.path().join("own.csv"), features(1)).expect("written");
    let written = elsewhere.path().join("own.csv").display().to_string();
    let study = Study::with(&RECIPE.replace("data/own.csv", &written).replace("seed: 3\n", "seed: 3\nprivate: [it]\n"));
    assert_eq!(study.run(), (4, 0));

    // From elsewhere: it comes along, and is found where the pack says.
    let told = study.ventral(&["pack", "recipes/a.yaml", "a.zip", "--with-cache"]);
    assert_eq!(told.succeeded().err(), "left out 1 results: they are private\n");
    let pack = study.path("a.zip");
    let manifest = json_of(&pack, "ventral-pack.json");
    let at = manifest["inputs"][0]["at"].as_str().expect("where it lies").to_owned();
    assert!(at.starts_with("inputs/") && at.ends_with("/own.csv") && names(&pack).contains(&at), "{at}");
    let there = unpacked(&study, "a.zip");
    fs::remove_dir_all(elsewhere.path()).expect("removed");
    assert_eq!(there.run(), (0, 4));
    let status = there.ventral(&["status", "recipes/a.yaml"]);
    assert!(status.succeeded().out().contains("left out when the study was packed"), "{}", status.out());
    // Handed on once more, nothing is lost of what the pack said.
    there.ventral(&["pack", "recipes/a.yaml", "again.zip", "--with-cache"]).succeeded();
    let again = json_of(&there.path("again.zip"), "ventral-pack.json");
    assert_eq!(manifest["results_left_out"], again["results_left_out"]);
    assert_eq!(manifest["inputs"], again["inputs"]);

    // Pictures are private: neither in the page nor as pixels, and what needs them again says so.
    let page = |study: &Study| fs::read_to_string(study.path("reports/a/index.html")).expect("a report");
    assert!(page(&study).contains("data:image/jpeg") && !page(&there).contains("data:image/jpeg"));
    let left: Vec<&str> =
        manifest["results_left_out"].as_array().expect("a list").iter().filter_map(Json::as_str).collect();
    assert!(left.len() == 1 && !names(&pack).iter().any(|name| name.contains(left[0])), "{left:?}");

    // Larger than is asked for: it stays, with its digest.
    fs::create_dir_all(elsewhere.path()).expect("made");
    fs::write(&written, features(1)).expect("written");
    let told = study.ventral(&["pack", "recipes/a.yaml", "b.zip", "--with-cache", "--inputs-up-to", "100B"]);
    let input = &json_of(&study.path("b.zip"), "ventral-pack.json")["inputs"][0];
    let digest = input["digest"].as_str().expect("a digest");
    assert!(
        told.succeeded().err().contains(&format!("left out {written} (BLAKE3 {digest}): it has ")),
        "{}",
        told.err()
    );
    assert!(!names(&study.path("b.zip")).iter().any(|name| name.ends_with("own.csv")));
    fs::remove_dir_all(elsewhere.path()).expect("removed");
    let there = unpacked(&study, "b.zip");
    assert_eq!(there.run(), (0, 4), "what was made of it stands");
    there
        .ventral(&["run", "recipes/a.yaml", "--force", "own"])
        .refused(1, &["`path`: ", "is not here: the study was packed without it", "`ventral fetch`"]);
}

#[test]
fn a_study_without_current_results_is_not_packed() {
    let study = ran();
    study.edit("seed: 3", "seed: 4");
    study
        .ventral(&["pack", "recipes/a.yaml", "a.zip"])
        .refused(1, &["nodes have no current results", "`ventral run recipes/a.yaml` makes them"]);
    study.edit("seed: 4", "seed: 3");
    study.write("notes.txt", "mine");
    study.ventral(&["pack", "recipes/a.yaml", "notes.txt"]).refused(1, &["notes.txt is there already, and is no pack"]);
    study.ventral(&["pack", "recipes/a.yaml", "no/a.zip"]).refused(1, &["there is no folder no"]);
    assert_eq!(fs::read_to_string(study.path("notes.txt")).expect("kept"), "mine");
    let litter = fs::read_dir(study.folder.path()).expect("a folder").flatten();
    let litter: Vec<_> = litter.map(|e| e.file_name().into_string().unwrap()).filter(|n| n.starts_with('.')).collect();
    assert!(litter.is_empty(), "{litter:?}");
}

/// What is done to the entries of a good pack.
type Change = fn(&mut Vec<(String, Vec<u8>)>);

fn at<'a>(entries: &'a mut [(String, Vec<u8>)], name: &str) -> &'a mut Vec<u8> {
    &mut entries.iter_mut().find(|(known, _)| known.starts_with(name)).expect("an entry").1
}

/// A pack with an entry more, where it lists all.
fn add(entries: &mut Vec<(String, Vec<u8>)>, name: &str) {
    entries.push((name.to_owned(), b"x".to_vec()));
}

#[test]
fn a_pack_that_is_not_sound_is_refused_and_nothing_is_left() {
    let changes: [(Change, &[&str]); 12] = [
        (|all| add(all, "../outside.txt"), &["`../outside.txt`", "leaves the folder by `..`"]),
        (|all| add(all, "data/../../outside.txt"), &["leaves the folder by `..`"]),
        (|all| add(all, "/tmp/outside.txt"), &["it is an absolute path"]),
        (|all| add(all, "C:/outside.txt"), &["it is an absolute path"]),
        (|all| add(all, "data\\outside.txt"), &["a backslash or a control character"]),
        (|all| add(all, "more.txt"), &["`more.txt` is in it, and its ventral-pack.json does not list it"]),
        (|all| all.retain(|(name, _)| name != "README.md"), &["`README.md` is listed, and is not in it"]),
        (|all| all.retain(|(name, _)| name != "ventral-pack.json"), &["is no pack of `ventral pack`"]),
        (|all| *at(all, "ventral-pack.json") = b"{".to_vec(), &["is no pack", "its ventral-pack.json is damaged"]),
        (|all| at(all, "reports/")[100] ^= 1, &["`reports/a/index.html` has another SHA-256 than the pack says"]),
        (|all| at(all, "reports/").truncate(100), &["`reports/a/index.html` has 100 bytes, and ", "are listed"]),
        (|all| at(all, "data/").resize(257 << 20, 0), &["it comes to 2", "times the archive's own size", "`--up-to`"]),
    ];
    let study = ran();
    study.ventral(&["pack", "recipes/a.yaml", "good.zip", "--with-cache"]).succeeded();
    let good = entries(&study.path("good.zip"));
    for (change, said) in changes {
        let mut changed = good.clone();
        change(&mut changed);
        write(&study, &changed, |_| {});
        refused(&study, said);
    }
    // A link, a name that stands twice, an archive that is cut or none.
    write(&study, &good, |zip| zip.add_symlink("data/link", "/etc/passwd", options()).expect("written"));
    refused(&study, &["`data/link` is a link or a special file"]);
    let mut twice = good.clone();
    add(&mut twice, "data/twi1.csv");
    add(&mut twice, "data/twi2.csv");
    write(&study, &twice, |_| {});
    let mut bytes = fs::read(study.path("bad.zip")).expect("a pack");
    let places: Vec<usize> = (0..bytes.len() - 4).filter(|&at| &bytes[at..at + 4] == b"twi2").collect();
    assert_eq!(places.len(), 2);
    for place in places {
        bytes[place + 3] = b'1';
    }
    fs::write(study.path("bad.zip"), bytes).expect("written");
    refused(&study, &["a name stands in it twice"]);
    let whole = fs::read(study.path("good.zip")).expect("a pack");
    for cut in [0, 10, whole.len() / 2, whole.len() - 1] {
        fs::write(study.path("bad.zip"), &whole[..cut]).expect("written");
        refused(&study, &["bad.zip is no zip archive, or one that is cut short"]);
    }
    study.write("bad.zip", "PK, said the text");
    refused(&study, &["is no zip archive"]);
    // A result under another's name, with a manifest that says so.
    let mut forged = good.clone();
    let object = forged.iter().position(|(name, _)| name.starts_with("cache/objects/")).expect("a result");
    *forged[object].1.last_mut().expect("bytes") ^= 1;
    let (name, sha256) = (forged[object].0.clone(), sha256(&forged[object].1));
    let manifest = at(&mut forged, "ventral-pack.json");
    let mut json: Json = serde_json::from_slice(manifest).expect("JSON");
    json["files"][&name]["sha256"] = sha256.into();
    *manifest = serde_json::to_vec(&json).expect("JSON");
    write(&study, &forged, |_| {});
    refused(&study, &["is refused: its bytes are not those of its name"]);
    json["pack"] = 2.into();
    *at(&mut forged, "ventral-pack.json") = serde_json::to_vec(&json).expect("JSON");
    write(&study, &forged, |_| {});
    refused(&study, &["is a pack of form 2, and this ventral reads form 1"]);
    // A folder with files in it stays as it is; an empty one is filled.
    study.ventral(&["unpack", "good.zip", "data"]).refused(1, &["data is not empty"]);
    fs::create_dir(study.path("empty")).expect("made");
    study.ventral(&["unpack", "good.zip", "empty"]).succeeded();
    assert!(study.path("empty/reports/a/index.html").is_file());
    study.ventral(&["unpack", "missing.zip"]).refused(1, &["cannot read missing.zip"]);
}

fn options() -> SimpleFileOptions {
    SimpleFileOptions::default()
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn write(study: &Study, entries: &[(String, Vec<u8>)], more: impl FnOnce(&mut ZipWriter<fs::File>)) {
    let mut zip = ZipWriter::new(fs::File::create(study.path("bad.zip")).expect("made"));
    for (name, bytes) in entries {
        zip.start_file(name.as_str(), options()).expect("begun");
        zip.write_all(bytes).expect("written");
    }
    more(&mut zip);
    zip.finish().expect("whole");
}

/// Unpacking `bad.zip` is refused in words, and leaves nothing beside it.
#[track_caller]
fn refused(study: &Study, said: &[&str]) {
    let all = || -> Vec<_> {
        let here = fs::read_dir(study.folder.path()).expect("a folder").flatten();
        let mut names: Vec<_> = here.map(|entry| entry.file_name()).collect();
        names.sort();
        names
    };
    let before = all();
    study.ventral(&["unpack", "bad.zip", "there"]).refused(1, said);
    assert_eq!(before, all(), "{said:?}");
    fs::create_dir(study.path("empty")).expect("made");
    study.ventral(&["unpack", "bad.zip", "empty"]).refused(1, said);
    fs::remove_dir(study.path("empty")).expect("nothing was left in it");
}

/// Every entity that the metadata names is described in it, and every file of the pack is a part of it.
#[test]
fn the_crate_is_closed() {
    let study = ran();
    study.ventral(&["pack", "recipes/a.yaml", "a.zip", "--license", "https://spdx.org/licenses/CC-BY-4.0"]).succeeded();
    let described = json_of(&study.path("a.zip"), "ro-crate-metadata.json");
    let graph = described["@graph"].as_array().expect("entities");
    let ids: Vec<&str> = graph.iter().map(|entity| entity["@id"].as_str().expect("an id")).collect();
    let mut unknown = Vec::new();
    for entity in graph {
        for value in entity.as_object().expect("an entity").values() {
            let links = value.as_array().map_or_else(|| vec![value], |all| all.iter().collect());
            let links = links.into_iter().filter_map(|link| link.as_object()?.get("@id")?.as_str());
            unknown.extend(links.filter(|link| !ids.contains(link)).map(str::to_owned));
        }
    }
    // The specification stands elsewhere.
    unknown.sort();
    assert_eq!(
        unknown,
        ["https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE", "https://w3id.org/ro/crate/1.1"]
    );
    let root = graph.iter().find(|entity| entity["@id"] == "./").expect("the root");
    assert_eq!(root["license"]["@id"], "https://spdx.org/licenses/CC-BY-4.0");
    let parts: Vec<&str> =
        root["hasPart"].as_array().expect("parts").iter().filter_map(|p| p["@id"].as_str()).collect();
    let files: Vec<String> = names(&study.path("a.zip"));
    let files: Vec<&str> = files
        .iter()
        .map(String::as_str)
        .filter(|name| !["ro-crate-metadata.json", "ventral-pack.json"].contains(name))
        .collect();
    assert_eq!(parts, files);
}

/// roc-validator finds nothing that the profile requires to be missing.
#[test]
fn needs_crate_packs_are_valid_by_their_profile() {
    let study = ran();
    for more in [&[][..], &["--with-cache"], &["--inputs-up-to", "10B"]] {
        study.ventral(&[&["pack", "recipes/a.yaml", "a.zip"], more].concat()).succeeded();
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let checked = Command::new(root.join("target/tools/crate/bin/python"))
            .arg(root.join(".tools/crate.py"))
            .arg(study.path("a.zip"))
            .output()
            .expect("roc-validator is not here; .tools/crate.sh provides it");
        assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stdout));
    }
}

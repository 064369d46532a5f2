//! Publishing: a site of every report, the same bytes while the results are the same, without what is private.

mod study;

use std::fs;
use std::path::Path;

use serde_json::Value as Json;
use study::Study;

const SMALL: &str = "\
version: 1
title: Which size explains simulated IT best?
seed: 3
vars: { images: 120 }
sweep: { size: [2, 4] }
nodes:
  it: { kind: synthetic_it, with: { images: \"${images}\", size: 32, units: 8, repeats: 4 } }
  px: { kind: pixels, in: { images: it.images }, with: { size: \"${size}\" } }
  readout: { kind: ridge, in: { features: px, responses: it.responses, split: it.split } }
  scores: { kind: evaluate, in: { predictions: readout, responses: it.responses, split: it.split }, with: { on: val } }
  by_size: { kind: compare, in: { scores: \"scores@*\" } }
";

fn read(study: &Study, file: &str) -> String {
    fs::read_to_string(study.path(file)).unwrap_or_else(|e| panic!("{file}: {e}"))
}

/// Every file of a folder with its bytes and when it was written.
fn all(folder: &Path) -> Vec<(String, Vec<u8>, std::time::SystemTime)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(all(&path));
        } else {
            let time = entry.metadata().and_then(|meta| meta.modified()).expect("a time");
            found.push((path.display().to_string(), fs::read(&path).expect("readable"), time));
        }
    }
    found.sort();
    found
}

#[test]
fn a_site_has_every_study_and_stays_while_results_do() {
    let study = Study::with(SMALL);
    study.run();
    study.ventral(&["run", "recipes/a.yaml", "--set", "images=80"]).succeeded();
    let told = study.ventral(&["publish", "site", "--json"]).succeeded().json();
    assert_eq!(told["studies"], serde_json::json!(["a", "a@images=80"]), "{told}");
    let index = read(&study, "site/index.html");
    for part in
        ["a/index.html", "a%40images%3D80/index.html", "Leaderboard", "explains IT best: mean explained variance"]
    {
        assert!(index.contains(part), "no {part}");
    }
    assert_eq!(index.matches("class=\"card table board\"").count(), 2, "other responses share no leaderboard");
    let page = read(&study, "site/a/index.html");
    assert!(
        page.contains("href=\"../index.html\"") && page.contains("data:image/jpeg"),
        "synthetic pictures are nobody's"
    );
    assert!(!page.contains(&study.folder.path().display().to_string()), "a path of this machine");

    let before = all(&study.path("site"));
    let told = study.ventral(&["publish", "site", "--json"]).succeeded().json();
    assert_eq!((&told["written"], &told["unchanged"]), (&Json::from(0), &Json::from(5)));
    assert_eq!(before, all(&study.path("site")), "not a byte, not a time");

    fs::remove_file(study.path("recipes/a.yaml")).expect("removed");
    study.write("recipes/b.yaml", SMALL);
    study.ventral(&["run", "recipes/b.yaml"]).succeeded();
    fs::write(study.path("site/a/notes.txt"), "mine").expect("written");
    let told = study.ventral(&["publish", "site", "--json"]).succeeded().json();
    assert_eq!(told["left_out"][0], serde_json::json!(["a", "its recipe is gone"]));
    assert_eq!(told["removed"], serde_json::json!(["a/index.html", "a@images=80/index.html"]));
    assert!(study.path("site/a/notes.txt").is_file(), "what others wrote stays");
    assert!(!study.path("site/a@images=80").exists());
    let index = read(&study, "site/index.html");
    assert!(index.contains("b/index.html") && !index.contains("\"a/index.html"));
}

#[test]
fn a_study_that_failed_is_shown_as_failed() {
    let study = Study::with(SMALL);
    study.run();
    let fails = SMALL.replace("with: { on: val }", "with: { on: val, by: [category] }");
    study.write("recipes/half.yaml", &fails);
    study.ventral(&["run", "recipes/half.yaml"]).refused(1, &["nothing arrives at `labels`"]);
    // Of this one there is no result at all.
    let none = "version: 1\ntitle: Nothing\nnodes:\n  it: { kind: load_majaj, with: { path: data/none.h5 } }\n";
    study.write("recipes/none.yaml", none);
    study.ventral(&["run", "recipes/none.yaml"]).refused(1, &["data/none.h5"]);
    let ended = study.ventral(&["publish", "site", "--json"]);
    let told = ended.succeeded().json();
    assert_eq!(told["studies"], serde_json::json!(["a", "half", "none"]), "{told}");
    assert_eq!(told["failed"], serde_json::json!(["half", "none"]), "{told}");
    assert!(ended.err().contains("half: shown as failed"), "{}", ended.err());
    let index = read(&study, "site/index.html");
    let card = |name: &str| {
        let mut cards = index.split("<li class=\"card study\"").skip(1);
        let address = format!("href=\"{name}/index.html\"");
        cards.find(|card| card.contains(&address)).unwrap_or_else(|| panic!("no card of {name}")).to_owned()
    };
    assert!(!card("a").contains("class=\"problem"), "{}", card("a"));
    assert!(card("half").contains("<span>failed</span>") && card("half").contains("nothing arrives at `labels`"));
    assert!(card("none").contains("<span>failed</span>") && card("none").contains("none.h5"), "{}", card("none"));
}

#[test]
fn named_studies_are_published_alone() {
    let study = Study::with(SMALL);
    study.run();
    study.write("recipes/b.yaml", &SMALL.replace("size: [2, 4]", "size: [1]"));
    study.ventral(&["run", "recipes/b.yaml"]).succeeded();
    study.ventral(&["publish", "site", "--only", "recipes/bb.yaml"]).refused(
        2,
        &["no study of this workspace is called `recipes/bb.yaml`; did you mean `b`?; there are `a` and `b`"],
    );
    assert!(!study.path("site").exists());
    let told = study.ventral(&["publish", "site", "--only", "b", "--json"]).succeeded().json();
    assert_eq!(told["studies"], serde_json::json!(["b"]), "{told}");
    assert!(study.path("site/b/index.html").is_file() && !study.path("site/a").exists());
    assert!(!read(&study, "site/index.html").contains("\"a/index.html"));
    let told = study.ventral(&["publish", "site", "--only", "b", "--only", "a", "--json"]).succeeded().json();
    assert_eq!(told["studies"], serde_json::json!(["a", "b"]), "{told}");
}

#[test]
fn a_study_that_was_moved_is_published_from_where_it_is() {
    let (old, new) = (Study::with(SMALL), Study::with(SMALL));
    old.run();
    fs::remove_dir(new.path("cache")).expect("an empty folder");
    fs::rename(old.path("cache"), new.path("cache")).expect("moved");
    old.edit("size: [2, 4]", "size: [1]");
    let (ran, _) = new.run();
    assert_eq!(ran, 0);
    let published = new.ventral(&["publish", "site"]);
    assert!(published.succeeded().out().contains("1 study"), "{}", published.out());
}

#[test]
fn private_pictures_are_left_out() {
    let study = Study::with(&SMALL.replace("seed: 3", "seed: 3\nprivate: [stimuli]"));
    study.run();
    assert!(read(&study, "reports/a/index.html").contains("data:image/jpeg"));
    study.ventral(&["publish", "site"]).succeeded().refused(0, &["a: pictures left out, since they are private"]);
    let page = read(&study, "site/a/index.html");
    assert!(!page.contains("data:image/jpeg"), "no picture");
    assert!(page.contains("left out, since these pictures are private"), "and the page says so");
    assert!(read(&study, "site/index.html").contains("Pictures that a recipe keeps private are left out."));
}

#[test]
fn a_folder_of_other_files_is_refused() {
    let study = Study::with(SMALL);
    study.ventral(&["publish", "site"]).refused(1, &["there is nothing to publish"]);
    study.run();
    fs::create_dir(study.path("mine")).expect("created");
    study.write("mine/thesis.tex", "years of work");
    study.ventral(&["publish", "mine"]).refused(1, &["mine holds other files (`thesis.tex`); publish to a new folder"]);
    let elsewhere = tempfile::tempdir().expect("a folder");
    let mut command = study.command(&["publish", "site"]);
    let ended = study::Ended(command.current_dir(elsewhere.path()).output().expect("the command starts"));
    ended.refused(2, &["lies in no workspace"]);
}

#[test]
fn init_adds_a_workflow_for_pages() {
    let study = Study::with(SMALL);
    study.ventral(&["init", "lab", "--pages"]).succeeded();
    let workflow: serde_yaml::Value =
        serde_yaml::from_str(&read(&study, "lab/.github/workflows/pages.yml")).expect("YAML");
    let steps = workflow["jobs"]["pages"]["steps"].as_sequence().expect("steps");
    assert!(steps.iter().any(|step| step["with"]["path"] == "site"));
    study.ventral(&["init", "plain"]).succeeded();
    assert!(!study.path("plain/.github").exists());
}

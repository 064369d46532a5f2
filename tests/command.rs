//! The command from end to end: what reruns, how it ends, what it prints, and what it does when the ground gives way.

mod study;

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use serde_json::Value as Json;
use study::{Ended, SMALL, Study};

/// One node that takes a second or two, and one that reads it.
const LONG: &str = "\
version: 1
title: A long one
nodes:
  quick: { kind: synthetic_it, with: { images: 32, size: 16, units: 2, repeats: 2 } }
  slow: { kind: synthetic_it, with: { images: 20000, size: 64, units: 200 } }
  px: { kind: pixels, in: { images: slow.images }, with: { size: 2 } }
";

fn events(path: &Path) -> Vec<Json> {
    let text = fs::read_to_string(path).expect("events");
    text.lines().map(|line| serde_json::from_str(line).expect("a JSON object per line")).collect()
}

#[track_caller]
fn within(limit: Duration, what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < limit, "{what} did not happen within {limit:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The processes whose parent is another, by /proc.
fn children(of: u32) -> Vec<u32> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let ids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    ids.filter(|id: &u32| {
        let status = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        // After the name in parentheses come the state and the parent.
        let fields: Vec<&str> = status.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        fields.get(1) == Some(&of.to_string().as_str()) && fields.first() != Some(&"Z")
    })
    .collect()
}

fn alive(id: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    !status.is_empty() && !status.rsplit(')').next().unwrap_or_default().trim_start().starts_with('Z')
}

fn signal(id: u32, name: &str) {
    let sent = Command::new("kill").args([&format!("-{name}"), &id.to_string()]).status().expect("kill");
    assert!(sent.success(), "kill -{name} {id}");
}

/// Waits until the worker of a run is computing `slow`; gives the worker.
fn computing(study: &Study, run: &Child) -> u32 {
    let log = study.path("events");
    within(Duration::from_secs(60), "the slow node", || {
        fs::read_to_string(&log).is_ok_and(|text| text.contains("\"node_started\",\"node\":\"slow\""))
            && !children(run.id()).is_empty()
    });
    std::thread::sleep(Duration::from_millis(200));
    children(run.id())[0]
}

#[test]
fn an_edit_reruns_what_it_changes_and_no_more() {
    let study = Study::with(SMALL);
    assert_eq!(study.run(), (10, 0));
    let edits: [(&str, &str, &str, (usize, usize)); 9] = [
        ("nothing", "version: 1", "version: 1", (0, 10)),
        ("a comment", "seed: 3", "seed: 3   # a comment", (0, 10)),
        ("the title", "A small study", "Another title", (0, 10)),
        ("the order of keys", "images: 64, size: 32", "size: 32, images: 64", (0, 10)),
        ("a node's name", "px", "pictures", (0, 10)),
        ("how many components", "components: 8", "components: 6", (7, 3)),
        ("back again", "components: 6", "components: 8", (0, 10)),
        ("one more variant", "[4, 8]", "[4, 8, 2]", (5, 9)),
        ("the penalties", "split: it.split } }\n  scores", "split: it.split }, with: { folds: 4 } }\n  scores", (7, 7)),
    ];
    for (what, from, to, counts) in edits {
        study.edit(from, to);
        assert_eq!(study.run(), counts, "{what}");
    }
}

#[test]
fn the_contracts_last_lines_and_events() {
    let study = Study::with(SMALL);
    let ended = study.ventral(&["run", "recipes/a.yaml", "--events", "events"]);
    ended.succeeded();
    let out = ended.out();
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines.len(), 2, "{out}");
    assert!(lines[0].starts_with("10 nodes: 10 ran, 0 cached, 0 failed, 0 skipped in "), "{out}");
    assert_eq!(lines[1], "report: reports/a/index.html");
    assert!(study.path("reports/a/index.html").is_file());
    let finished: Vec<Json> =
        events(&study.path("events")).into_iter().filter(|event| event["event"] == "node_finished").collect();
    assert_eq!(finished.len(), 10);
    for event in &finished {
        assert_eq!(event["state"], "ran");
        assert!(event["seconds"].is_f64() && event["key"].as_str().is_some_and(|key| key.len() == 64), "{event}");
        for (port, output) in event["outputs"].as_object().expect("outputs") {
            assert!(output["digest"].is_string() && output["bytes"].is_u64(), "{port} of {event}");
        }
    }
    let set = study.ventral(&["run", "recipes/a.yaml", "--set", "size=16", "--set", "components=5"]);
    let out = set.succeeded().out();
    assert!(out.contains("6 nodes: 5 ran, 1 cached") && out.contains("report: reports/a@"), "{out}");
}

#[test]
fn seeds_and_runs_give_the_same_bytes() {
    let digests = |study: &Study| -> Vec<Json> {
        study.ventral(&["run", "recipes/a.yaml", "--events", "events", "--no-report"]).succeeded();
        let all = events(&study.path("events")).into_iter().filter(|event| event["event"] == "node_finished");
        let mut all: Vec<Json> = all.map(|e| serde_json::json!([e["node"], e["key"], e["outputs"]])).collect();
        all.sort_by_key(Json::to_string);
        all
    };
    let (one, other) = (Study::with(SMALL), Study::with(SMALL));
    let first = digests(&one);
    assert_eq!(first, digests(&other));
    other.edit("seed: 3", "seed: 4");
    assert_ne!(first, digests(&other));
}

#[test]
fn every_listing_reads_as_json_and_as_text() {
    let study = Study::with(SMALL);
    let dry = study.ventral(&["run", "recipes/a.yaml", "--dry-run"]).succeeded().out();
    assert!(dry.contains("10"), "{dry}");
    assert!(!study.path("cache/objects").exists(), "a dry run wrote results");
    study.run();
    for listing in [
        &["status", "recipes/a.yaml"][..],
        &["show", "recipes/a.yaml", "by_size.table"],
        &["show", "recipes/a.yaml", "it.split"],
        &["show", "recipes/a.yaml", "readout.fit@size=4"],
        &["why", "recipes/a.yaml", "pcs@size=4"],
        &["kinds"],
        &["kinds", "ridge"],
        &["cache", "ls"],
        &["doctor"],
    ] {
        let text = study.ventral(listing).succeeded().out();
        assert!(!text.trim().is_empty(), "{listing:?}");
        let json = study.ventral(&[listing, &["--json"]].concat()).succeeded().json();
        assert!(json.is_array() || json.is_object(), "{listing:?}: {json}");
    }
    let table = study.ventral(&["show", "recipes/a.yaml", "by_size.table", "--json"]).json();
    let first = &table[0];
    for column in ["size", "measure", "mean", "median", "sem", "units"] {
        assert!(first.get(column).is_some(), "no {column} in {first}");
    }
    for format in ["text", "dot", "mermaid", "svg"] {
        let drawn = study.ventral(&["graph", "recipes/a.yaml", "--format", format]).succeeded().out();
        assert!(drawn.contains("by_size"), "{format}: {drawn}");
    }
    let schema = study.ventral(&["schema"]).succeeded().json();
    assert!(schema["$schema"].is_string() && schema.to_string().contains("synthetic_it"));
}

#[test]
fn results_are_written_out_as_people_read_them() {
    let study = Study::with(SMALL);
    study.run();
    for (port, file, magic) in [
        ("pcs.scores@size=4", "scores.npy", &b"\x93NUMPY"[..]),
        ("pcs.scores@size=4", "scores.csv", b"id,"),
        ("by_size.table", "table.csv", b"size,measure"),
        ("by_size.table", "table.parquet", b"PAR1"),
        ("it.responses", "responses.npy", b"\x93NUMPY"),
        ("it.images", "images.png", b"\x89PNG"),
        ("it.labels", "labels.csv", b"id,object,category"),
        ("it.split", "split.csv", b"id,part"),
        ("pcs.scores@size=4", "scores.mat", b"MATLAB 5.0 MAT-file"),
        ("it.responses", "responses.mat", b"MATLAB 5.0 MAT-file"),
        ("by_size.table", "table.mat", b"MATLAB 5.0 MAT-file"),
        ("it.labels", "labels.mat", b"MATLAB 5.0 MAT-file"),
        ("it.split", "split.mat", b"MATLAB 5.0 MAT-file"),
    ] {
        study.ventral(&["export", "recipes/a.yaml", port, file]).succeeded();
        let bytes = fs::read(study.path(file)).expect("an export");
        assert!(bytes.starts_with(magic), "{file} begins {:?}", &bytes[..bytes.len().min(12)]);
    }
    study.ventral(&["export", "recipes/a.yaml", "readout.fit@size=4", "fit.safetensors"]).succeeded();
    let bytes = fs::read(study.path("fit.safetensors")).expect("an export");
    let tensors = safetensors::SafeTensors::deserialize(&bytes).expect("Python would read it");
    assert!(tensors.names().contains(&"weights"));
    study.ventral(&["export", "recipes/a.yaml", "by_size.table", "t.xlsx"]).refused(2, &["xlsx"]);
    assert!(study.path("cache/by-name/a/pcs@size=4").is_dir(), "results are found by name");
}

#[test]
fn a_new_workspace_runs_and_nothing_is_overwritten() {
    let folder = tempfile::tempdir().expect("a folder");
    let study = Study::with("version: 1\nnodes: {}\n");
    let place = folder.path().join("new").display().to_string();
    study.ventral(&["init", &place]).succeeded();
    let recipe = folder.path().join("new/recipes/quickstart.yaml");
    study.ventral(&["check", &recipe.display().to_string()]).succeeded();
    fs::write(&recipe, "mine").expect("written");
    study.ventral(&["init", &place]);
    assert_eq!(fs::read_to_string(&recipe).expect("a recipe"), "mine");
}

#[test]
fn a_run_with_nothing_to_do_needs_no_worker() {
    let study = Study::with(SMALL);
    study.run();
    for arguments in
        [&["run", "recipes/a.yaml"][..], &["status", "recipes/a.yaml"], &["why", "recipes/a.yaml", "scores@size=4"]]
    {
        let mut command = study.command(arguments);
        let output = command.env("VENTRAL_WORKER", "/nowhere/ventral-worker").output().expect("it starts");
        Ended(output).succeeded();
    }
    let mut command = study.command(&["run", "recipes/a.yaml", "--set", "components=5"]);
    let output = command.env("VENTRAL_WORKER", "/nowhere/ventral-worker").output().expect("it starts");
    Ended(output).refused(1, &["VENTRAL_WORKER", "/nowhere/ventral-worker"]);
}

#[test]
fn a_failed_node_leaves_independent_branches_alone() {
    let study = Study::with(SMALL);
    study.edit("sweep: { size: [4, 8] }", "sweep: [{ size: 4, k: 40 }, { size: 8, k: 80 }]");
    study.edit("components: \"${components}\"", "components: \"${k}\"");
    study.edit(
        "by_size: { kind: compare",
        "other: { kind: pixels, in: { images: it.images } }\n  by_size: { kind: compare",
    );
    // 52 train rows of 48 numbers have 40 components; of 192 numbers they have no 80.
    let ended = study.ventral(&["run", "recipes/a.yaml"]);
    ended.refused(1, &["pcs@size=8,k=80", "`components` is 80", "rank"]);
    let out = ended.out();
    assert!(out.contains("1 failed, 3 skipped"), "{out}");
    // What was not run is one line, and no line a node.
    let told: Vec<String> = ended
        .err()
        .lines()
        .filter(|line| line.contains("not run") || line.contains("skipped"))
        .map(str::to_owned)
        .collect();
    let expected = "3 nodes not run because `pcs@size=8,k=80` failed: readout@size=8,k=80, scores@size=8,k=80, by_size";
    assert_eq!(told, [expected]);
    let html = fs::read_to_string(study.path("reports/a/index.html")).expect("a report all the same");
    assert!(html.contains("failed"));
    let fast = study.ventral(&["run", "recipes/a.yaml", "--fail-fast"]);
    assert_eq!(fast.status(), 1);
    let status = study.ventral(&["status", "recipes/a.yaml", "--json"]).succeeded().json();
    let state = |name: &str| {
        status.as_array().expect("rows").iter().find(|row| row["node"] == name).expect(name)["state"].clone()
    };
    assert_eq!((state("pcs@size=8,k=80"), state("other")), (Json::from("failed"), Json::from("cached")));
}

#[test]
fn ctrl_c_stops_the_worker_and_loses_nothing_that_is_done() {
    let study = Study::with(LONG);
    let run = study.start(&["run", "recipes/a.yaml", "--events", "events", "--jobs", "1"]);
    let worker = computing(&study, &run);
    signal(run.id(), "INT");
    let ended = Ended(run.wait_with_output().expect("it ends"));
    ended.refused(130, &["interrupted"]);
    within(Duration::from_secs(5), "the worker's end", || !alive(worker));
    study.ventral(&["cache", "verify"]).succeeded();
    study.edit("images: 20000, size: 64, units: 200", "images: 64, size: 16, units: 2");
    assert_eq!(study.run(), (2, 1), "what had been done before is kept");
}

#[test]
fn a_killed_command_takes_its_worker_along_and_the_next_run_goes_on() {
    let study = Study::with(LONG);
    let mut run = study.start(&["run", "recipes/a.yaml", "--events", "events", "--jobs", "1"]);
    let worker = computing(&study, &run);
    signal(run.id(), "KILL");
    run.wait().expect("it ends");
    within(Duration::from_secs(10), "the worker's end", || !alive(worker));
    study.ventral(&["cache", "verify"]).succeeded();
    study.edit("images: 20000, size: 64, units: 200", "images: 64, size: 16, units: 2");
    assert_eq!(study.run(), (2, 1), "only the node under way is lost");
}

#[test]
fn a_worker_that_dies_is_one_failed_node() {
    let study = Study::with(LONG);
    let run = study.start(&["run", "recipes/a.yaml", "--events", "events", "--jobs", "1"]);
    let worker = computing(&study, &run);
    signal(worker, "KILL");
    let ended = Ended(run.wait_with_output().expect("it ends"));
    ended.refused(1, &["slow", "worker"]);
    assert!(ended.out().contains("1 ran, 0 cached, 1 failed, 1 skipped"), "{}", ended.out());
}

#[test]
fn two_runs_at_once_share_the_work() {
    let study = Study::with(SMALL);
    let runs: Vec<Child> = (0..2).map(|_| study.start(&["run", "recipes/a.yaml", "--no-report"])).collect();
    let ended: Vec<Ended> = runs.into_iter().map(|run| Ended(run.wait_with_output().expect("it ends"))).collect();
    let ran: usize = ended.iter().map(|run| run.succeeded().counts().0).sum();
    assert_eq!(ran, 10, "no node ran twice");
    study.ventral(&["cache", "verify"]).succeeded();
}

/// The largest object of a node's port, by its readable link.
fn object(study: &Study, node: &str, port: &str) -> PathBuf {
    let folder = study.path("cache/by-name/a").join(node);
    let entry =
        fs::read_dir(&folder).expect("links").flatten().find(|e| e.file_name().to_string_lossy().starts_with(port));
    entry.unwrap_or_else(|| panic!("no {port} in {}", folder.display())).path().canonicalize().expect("an object")
}

#[test]
fn a_damaged_object_is_found_set_aside_and_made_again() {
    let study = Study::with(SMALL);
    study.run();
    let path = object(&study, "pcs@size=4", "scores");
    let mut bytes = fs::read(&path).expect("an object");
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    let mut permissions = fs::metadata(&path).expect("metadata").permissions();
    #[expect(clippy::permissions_set_readonly_false, reason = "the file lies in a temporary folder")]
    permissions.set_readonly(false);
    fs::set_permissions(&path, permissions).expect("allowed");
    fs::write(&path, bytes).expect("damaged");
    let ended = study.ventral(&["cache", "verify"]);
    assert_eq!(ended.status(), 1);
    assert!(ended.out().contains("1 damaged"), "{}", ended.out());
    // The same bytes come again, so nothing below runs.
    assert_eq!(study.run(), (1, 9));
    study.ventral(&["cache", "verify"]).succeeded();
}

#[test]
fn a_cache_that_cannot_be_written_is_told() {
    let study = Study::with(SMALL);
    fs::remove_dir(study.path("cache")).expect("empty");
    study.write("cache", "a file where a folder belongs");
    study.ventral(&["run", "recipes/a.yaml"]).refused(1, &["cache"]);
    // Root may write anywhere; everybody else may not.
    let study = Study::with(SMALL);
    let me = Command::new("id").arg("-u").output().map(|out| String::from_utf8_lossy(&out.stdout).trim() == "0");
    let mut command = study.command(&["run", "recipes/a.yaml"]);
    let readonly = std::os::unix::fs::PermissionsExt::from_mode(0o555);
    fs::set_permissions(study.path("cache"), readonly).expect("allowed");
    if me.unwrap_or(true) {
        fs::set_permissions(study.folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("allowed");
        command.uid(65_534).gid(65_534);
    }
    let output = command.output().expect("root may run a program as somebody else");
    Ended(output).refused(1, &["cache", "ermission denied"]);
}

#[test]
fn slips_of_usage_are_told_with_status_2() {
    let study = Study::with(SMALL);
    study.ventral(&["run", "recipes/b.yaml"]).refused(2, &["recipes/b.yaml"]);
    study.ventral(&["run", "recipes/a.yaml", "--node", "pca"]).refused(2, &["pca", "pcs"]);
    study.ventral(&["show", "recipes/a.yaml", "it"]).refused(1, &["`it` is new", "ventral run"]);
    study.ventral(&["show", "recipes/a.yaml", "by_size.tabel"]).refused(2, &["did you mean `table`"]);
    study.ventral(&["why", "recipes/a.yaml", "nobody"]).refused(2, &["nobody"]);
    study.ventral(&["kinds", "rigde"]).refused(2, &["did you mean `ridge`"]);
    study.ventral(&["run", "recipes/a.yaml", "--set", "componets=3"]).refused(2, &["components"]);
    study.ventral(&["run", "recipes/a.yaml", "--device", "gpu"]).refused(2, &["cuda"]);
    study.ventral(&["runn"]).refused(2, &["run"]);
    assert!(!study.path("cache/objects").exists(), "nothing has run");
}

#[test]
fn gc_deletes_what_no_recipe_needs() {
    let study = Study::with(SMALL);
    study.run();
    study.edit("components: 8", "components: 6");
    study.run();
    let objects = |study: &Study| study.ventral(&["cache", "verify"]).succeeded().out();
    let before = objects(&study);
    // A training that was stopped leaves a checkpoint; a dry run counts it as gc does.
    fs::create_dir_all(study.path("cache/checkpoints")).expect("a folder");
    fs::write(study.path("cache/checkpoints/left"), vec![0; 3_000_000]).expect("room");
    let would = study.ventral(&["cache", "gc", "--dry-run"]).succeeded().out();
    let did = study.ventral(&["cache", "gc"]).succeeded().out();
    let deleted = did.trim().strip_prefix("deleted ").and_then(|rest| rest.split_once(',')).expect("bytes").0;
    assert!(deleted.ends_with("MB"), "{did}");
    assert!(would.contains(&format!("would delete {deleted} of ")), "{would} {did}");
    assert_ne!(before, objects(&study));
    assert_eq!(study.run(), (0, 10), "what the last run needs is kept");
    study.edit("components: 6", "components: 8");
    assert_eq!(study.run(), (5, 5), "what it does not need was deleted, less the scores by which runs compare");
}

#[test]
fn workers_do_not_spin_while_they_wait() {
    let study = Study::with(LONG);
    let mut run = study.start(&["run", "recipes/a.yaml", "--events", "events", "--jobs", "1"]);
    let worker = computing(&study, &run);
    let environment = fs::read(format!("/proc/{worker}/environ")).expect("a living worker");
    let said = environment.split(|&byte| byte == 0).any(|one| one == b"OMP_WAIT_POLICY=passive");
    signal(run.id(), "KILL");
    run.wait().expect("it ends");
    assert!(said || std::env::var_os("OMP_WAIT_POLICY").is_some());
}

#[test]
fn a_node_that_keeps_nothing_is_no_fault_in_the_report_and_can_be_asked_for() {
    let study = Study::with(SMALL);
    study.edit("components: \"${components}\" } }", "components: \"${components}\" }, keep: false }");
    study.run();
    let page = fs::read_to_string(study.path("reports/a/index.html")).expect("a page");
    assert!(
        !page.contains("cannot be read") && !page.contains("does not read"),
        "a dropped value is not a damaged one"
    );
    study.ventral(&["show", "recipes/a.yaml", "pcs@size=4"]).refused(1, &["--node pcs@size=4 --force pcs@size=4"]);
    let asked = ["run", "recipes/a.yaml", "--node", "pcs@size=4", "--force", "pcs@size=4"];
    study.ventral(&asked).succeeded();
    study.ventral(&["show", "recipes/a.yaml", "pcs@size=4"]).succeeded();
    // What is made again for a new reader is counted once.
    study.edit("split: it.split } }\n  scores", "split: it.split }, with: { folds: 4 } }\n  scores");
    let ended = study.ventral(&["run", "recipes/a.yaml"]);
    assert!(!ended.succeeded().err().contains("[11/10]"), "{}", ended.err());
}

#[test]
fn the_cost_of_what_never_ran_is_not_known() {
    let study = Study::with(SMALL);
    let out = study.ventral(&["why", "recipes/a.yaml", "px@size=4"]).succeeded().out();
    assert!(out.contains("costs is not known yet") && !out.contains(" ms"), "{out}");
}

#[test]
fn a_workspace_that_is_none_does_not_mean_the_current_one() {
    let study = Study::with(SMALL);
    let elsewhere = tempfile::tempdir().expect("a folder");
    let named = elsewhere.path().to_string_lossy().into_owned();
    study.ventral(&["cache", "ls", "--workspace", &named]).refused(2, &["has no cache/", &named]);
    study.ventral(&["cache", "ls", "--workspace", "recipes"]).succeeded();
}

#[test]
fn gc_leaves_alone_what_a_run_is_making() {
    let study = Study::with(LONG);
    let mut run = study.start(&["run", "recipes/a.yaml", "--events", "events", "--jobs", "1"]);
    computing(&study, &run);
    study.ventral(&["cache", "gc"]).refused(1, &["another run", "cache"]);
    signal(run.id(), "KILL");
    run.wait().expect("it ends");
    study.edit("images: 20000, size: 64, units: 200", "images: 64, size: 16, units: 2");
    assert_eq!(study.run(), (2, 1), "what it made is there");
    study.ventral(&["cache", "gc"]).succeeded();
}

#[test]
fn a_report_that_cannot_be_written_does_not_hide_what_ran() {
    let study = Study::with(SMALL);
    fs::remove_dir(study.path("reports")).expect("empty");
    study.write("reports", "a file where a folder belongs");
    let ended = study.ventral(&["run", "recipes/a.yaml"]);
    ended.refused(1, &["the report cannot be written", "reports"]);
    assert_eq!(ended.counts(), (10, 0));
}

mod needs_no_gpu {
    use super::*;

    #[test]
    fn cuda_where_there_is_none_is_a_clear_error() {
        assert!(!Path::new("/dev/nvidia0").exists(), "there is a GPU; `make test` leaves this test out");
        let study = Study::with(SMALL);
        study
            .ventral(&["run", "recipes/a.yaml", "--device", "cuda"])
            .refused(1, &["cuda", "`auto` or `cpu` work here"]);
    }
}

mod needs_namespaces {
    use super::*;

    #[test]
    fn a_full_disk_fails_the_node_that_meets_it_and_nothing_is_lost() {
        let study = Study::with(SMALL);
        let script = format!(
            "mount -t tmpfs -o size=600k none cache && {0} run recipes/a.yaml --no-report; status=$?; \
         {0} cache verify >&2; mount -o remount,size=40m cache && {0} run recipes/a.yaml --no-report && exit $status",
            env!("CARGO_BIN_EXE_ventral")
        );
        // Pictures of 224 pixels do not fit 600 kB; what came before does.
        study.edit("size: [4, 8]", "size: [4, 224]");
        study.edit("size: \"${size}\"", "size: \"${size}\", grey: true");
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount", "sh", "-c", &script]).current_dir(study.folder.path());
        let probe = Command::new("unshare").args(["--user", "--map-root-user", "--mount", "true"]).output();
        let possible = probe.is_ok_and(|probe| probe.status.success());
        assert!(possible, "no mount namespace can be had here; `make test` leaves this test out");
        let ended = Ended(command.output().expect("it starts"));
        ended.refused(1, &["px@size=224", "/cache: No space left on device", "0 damaged"]);
        let out = ended.out();
        let mut summaries = out.lines().filter(|line| line.contains(" nodes: "));
        assert!(summaries.next().is_some_and(|line| line.contains("1 failed")), "{out}");
        assert!(summaries.next().is_some_and(|line| line.contains("0 failed, 0 skipped")), "{out}");
    }
}

#[test]
fn a_check_tells_which_files_are_not_there() {
    let recipe = "
version: 1
title: t
nodes:
  rec: { kind: load_recordings, with: { responses: data/r.npy, layout: stimuli_by_units, ids: data/ids.txt } }
  it: { kind: synthetic_it, with: { images: 120 } }
  layers: { kind: extract_layer, in: { images: it.images }, with: { model: alexnet, weights: weights/alexnet-owt-7be5be79.pth, layers: [features.0] } }
";
    let study = Study::with(recipe);
    let checked = study.ventral(&["check", "recipes/a.yaml"]);
    checked.succeeded();
    assert_eq!(checked.out(), "recipes/a.yaml: 3 nodes, nothing wrong but 3 files that are not there\n");
    let told = checked.err();
    for words in [
        "warning: data/r.npy is not there; `rec` (responses) reads it\n",
        "warning: data/ids.txt is not there; `rec` (ids) reads it\n",
        "warning: weights/alexnet-owt-7be5be79.pth is not there; `layers` (weights) reads it; `ventral weights get alexnet` gets it\n",
    ] {
        assert!(told.contains(words), "{told}");
    }
    study.ventral(&["check", "recipes/a.yaml", "--strict"]).refused(2, &["error: data/r.npy is not there"]);
    let json = study.ventral(&["check", "recipes/a.yaml", "--strict", "--json"]).json();
    assert_eq!(json.as_array().map(Vec::len), Some(3), "{json}");
}

#[test]
fn values_are_shown_at_a_glance() {
    let study = Study::with(SMALL);
    study.run();
    let shown = |what: &str| study.ventral(&["show", "recipes/a.yaml", what]).succeeded().out();
    let split = shown("it.split");
    assert!(split.starts_with("Split of ") && split.contains(" train, ") && split.contains("image_0"), "{split}");
    let responses = shown("it.responses");
    assert!(
        responses.starts_with("Responses of 6 units to 58 stimuli, up to 4 repeats\nregions: IT (6)\n"),
        "{responses}"
    );
    let labels = shown("it.labels");
    assert!(labels.starts_with("Labels of ") && labels.contains("categories: "), "{labels}");
    assert!(split.lines().count() < 14 && responses.lines().count() < 14 && labels.lines().count() < 14);
}

#[test]
fn recipes_and_pages_come_along() {
    let study = Study::with(SMALL);
    let made = study.ventral(&["init", "lab", "--from", "similarity", "--from", "v4_layers.yaml"]);
    made.succeeded();
    assert!(made.out().contains("recipes/similarity.yaml"), "{}", made.out());
    assert!(study.path("lab/recipes/v4_layers.yaml").is_file() && !study.path("lab/recipes/quickstart.yaml").exists());
    study.ventral(&["check", "lab/recipes/similarity.yaml"]).succeeded();
    study.ventral(&["init", "whole", "--from", "all"]).succeeded();
    assert_eq!(study.path("whole/recipes").read_dir().expect("it reads").count(), 11);
    study
        .ventral(&["init", "none", "--from", "nothing"])
        .refused(2, &["no recipe `nothing` comes with ventral", "`quickstart`"]);
    assert!(!study.path("none").exists());
    assert!(study.ventral(&["help", "data"]).succeeded().out().starts_with("# "));
    assert!(study.ventral(&["help", "weights", "get"]).succeeded().out().contains("ventral weights get resnet50"));
    let all = study.ventral(&["help"]).succeeded().out();
    assert!(all.contains("Commands:") && all.contains("own-steps "), "{all}");
    study
        .ventral(&["help", "trainig"])
        .refused(2, &["there is no command or page `trainig`; did you mean `training`?"]);
}

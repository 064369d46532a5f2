//! What reruns and what does not: a table of edits, and faults injected into the store.

#[path = "fixtures/engine.rs"]
mod fixture;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde_json::json;
use ventral::engine::event::Event;
use ventral::engine::executor::Options;
use ventral::engine::record::{State, Stored};
use ventral::engine::store::{Stat, Store};
use ventral::kind::registry::Registry;
use ventral::plan::{NodeIndex, Plan};

use fixture::{InProcess, chain, plan, registry, registry_with, run, run_with};

fn objects(cache: &Path) -> Vec<String> {
    let mut names: Vec<String> = Store::read_only(cache).objects().list().into_iter().map(|kept| kept.name).collect();
    names.sort();
    names
}

/// Where an object of a cache lies.
fn object(cache: &Path, stored: &Stored) -> PathBuf {
    Store::read_only(cache).objects().get(stored).expect("a local one is had")
}

#[test]
fn an_edit_reruns_what_it_changes_and_no_more() {
    let kinds = registry(false);
    let folder = tempfile::tempdir().expect("a folder");
    let cache = folder.path().join("cache");
    let ran = |nodes: &[(&str, &str, serde_json::Value, &[&str])]| {
        run(&plan(&kinds, folder.path(), nodes), &kinds, &cache, &Options::default()).computed.join(" ")
    };
    assert_eq!(ran(&chain(1.0)), "a b c", "a first run");
    assert_eq!(ran(&chain(1.0)), "", "nothing to do");
    assert_eq!(ran(&chain(2.0)), "a b c", "a parameter");
    assert_eq!(ran(&chain(1.0)), "", "the parameter back again");
    assert_eq!(ran(&chain(3.0)), "a b", "an equal output stops there");
    let mut renamed = chain(1.0);
    renamed[0].0 = "first";
    renamed[1].3 = &["first"];
    assert_eq!(ran(&renamed), "", "a renamed node");
    let mut neutral = chain(1.0);
    neutral[0].2 = json!({ "value": 1.0, "shift": 0 });
    assert_eq!(ran(&neutral), "", "a parameter at its neutral value");
    neutral[0].2 = json!({ "value": 1.0, "shift": 6 });
    assert_eq!(ran(&neutral), "a b", "a parameter away from it");
}

#[test]
fn a_version_bump_reruns_the_kind() {
    let folder = tempfile::tempdir().expect("a folder");
    let cache = folder.path().join("cache");
    let (old, new) = (registry(false), registry(true));
    run(&plan(&old, folder.path(), &chain(1.0)), &old, &cache, &Options::default());
    let ran = run(&plan(&new, folder.path(), &chain(1.0)), &new, &cache, &Options::default());
    assert_eq!(ran.computed, ["c"]);
}

#[test]
fn another_decoder_reruns_the_kind_that_names_pictures() {
    let folder = tempfile::tempdir().expect("a folder");
    let cache = folder.path().join("cache");
    let with = |decoders: Option<&'static str>| {
        let kinds = registry_with(false, decoders);
        run(&plan(&kinds, folder.path(), &chain(1.0)), &kinds, &cache, &Options::default()).computed.join(" ")
    };
    assert_eq!(with(None), "a b c");
    assert_eq!(with(Some("jpeg 1, png 1")), "a", "what it gives is the same, so what reads it is not made again");
    assert_eq!(with(Some("jpeg 2, png 1")), "a");
    assert_eq!((with(Some("jpeg 1, png 1")), with(None)), (String::new(), String::new()), "each has a key of its own");
}

#[test]
fn one_more_key_computes_that_key_alone() {
    let kinds = registry(false);
    let folder = tempfile::tempdir().expect("a folder");
    let cache = folder.path().join("cache");
    let with = |names: serde_json::Value| {
        let nodes: [(&str, &str, serde_json::Value, &[&str]); 2] =
            [("l", "lengths", json!({ "names": names }), &[]), ("s", "sum", json!({}), &["l[one]"])];
        let plan = plan(&kinds, folder.path(), &nodes);
        let ran = run(&plan, &kinds, &cache, &Options::default());
        let at = plan.find("l")[0];
        let keys: Vec<String> = ran.execution.outcomes[at].outputs().filter_map(|stored| stored.key.clone()).collect();
        (ran.computed.join(" "), keys.join(" "))
    };
    assert_eq!(with(json!(["one", "three"])), ("l s".into(), "one three".into()));
    let records = Store::read_only(&cache).records().all().len();
    assert_eq!(with(json!(["seventeen", "three", "one"])), ("l".into(), "seventeen three one".into()));
    assert_eq!(Store::read_only(&cache).records().all().len(), records + 1, "one more action");
    assert_eq!(with(json!(["three", "one"])), (String::new(), "three one".into()));
}

#[test]
fn a_file_counts_by_content_and_not_by_place() {
    let kinds = registry(false);
    let folder = tempfile::tempdir().expect("a folder");
    let cache = folder.path().join("cache");
    let with = |name: &str| {
        let nodes: [(&str, &str, serde_json::Value, &[&str]); 1] = [("a", "constant", json!({ "path": name }), &[])];
        run(&plan(&kinds, folder.path(), &nodes), &kinds, &cache, &Options::default())
    };
    fs::write(folder.path().join("one.txt"), "5").expect("written");
    assert_eq!(with("one.txt").computed, ["a"]);
    fs::rename(folder.path().join("one.txt"), folder.path().join("two.txt")).expect("moved");
    assert!(with("two.txt").computed.is_empty(), "a moved file");
    fs::write(folder.path().join("two.txt"), "6").expect("written");
    assert_eq!(with("two.txt").computed, ["a"], "a changed file");
    let gone = with("three.txt");
    let message = gone.execution.outcomes[NodeIndex::from(0)].message.clone().unwrap_or_default();
    assert!(message.contains("`path`") && message.contains("no such file"), "{message}");
}

#[test]
fn a_failure_leaves_independent_branches_alone() {
    let kinds = registry(false);
    let folder = tempfile::tempdir().expect("a folder");
    let nodes: [(&str, &str, serde_json::Value, &[&str]); 4] = [
        ("bad", "refuse", json!({}), &[]),
        ("after", "sum", json!({}), &["bad"]),
        ("a", "constant", json!({ "value": 2.0 }), &[]),
        ("b", "sum", json!({}), &["a", "a"]),
    ];
    let plan = plan(&kinds, folder.path(), &nodes);
    let cache = folder.path().join("cache");
    let ran = run(&plan, &kinds, &cache, &Options::default());
    let states = ran.states(&plan);
    assert_eq!((states["bad"], states["after"]), (State::Failed, State::Skipped));
    assert_eq!((states["a"], states["b"]), (State::Ran, State::Ran));
    assert_eq!(ran.number(&plan, "b", &cache), 4.0);
    let failed = &Store::read_only(&cache).history("toy").nodes["bad"];
    assert_eq!(failed.failure.as_ref().map(|f| f.message.as_str()), Some("the data refuse"));
    let one = Options { fail_fast: true, ..Options::default() };
    let other = tempfile::tempdir().expect("a folder");
    let alone = InProcess { registry: &kinds, jobs: Some(1), ran: Mutex::default() };
    let states = run_with(&plan, alone, &other.path().join("cache"), &one, &mut Vec::new()).states(&plan);
    assert_eq!((states["a"], states["b"]), (State::Skipped, State::Skipped), "--fail-fast");
}

#[test]
fn a_lost_or_damaged_object_is_made_again() {
    let kinds = registry(false);
    let folder = tempfile::tempdir().expect("a folder");
    let cache = folder.path().join("cache");
    let plan = plan(&kinds, folder.path(), &chain(2.0));
    let all = Options::default();
    let first = run(&plan, &kinds, &cache, &all);
    let before = objects(&cache);
    let at = plan.find("c")[0];
    let path = object(&cache, first.execution.outcomes[at].outputs().next().expect("an output"));

    fs::remove_file(&path).expect("deleted");
    // `b` and `c` give the same number, hence the same object.
    assert_eq!(run(&plan, &kinds, &cache, &all).computed, ["b"]);
    assert_eq!(objects(&cache), before);

    let mut bytes = fs::read(&path).expect("read");
    *bytes.last_mut().expect("not empty") ^= 1;
    fs::remove_file(&path).expect("replaced");
    fs::write(&path, &bytes).expect("damaged");
    let aside = Store::open(&cache).expect("a cache").verify().expect("verified").damaged;
    assert_eq!(aside.len(), 1);
    assert_eq!(fs::read(&aside[0]).expect("kept aside"), bytes);
    assert_eq!(run(&plan, &kinds, &cache, &all).computed, ["b"]);
    assert_eq!(objects(&cache), before);

    // Damage that nobody verified: the stat differs, so the run itself hashes and sees it.
    fs::remove_file(&path).expect("replaced");
    fs::write(&path, &bytes).expect("damaged");
    assert_eq!(run(&plan, &kinds, &cache, &all).computed, ["b"]);
}

#[test]
fn a_torn_record_is_no_record_and_litter_is_swept() {
    let kinds = registry(false);
    let folder = tempfile::tempdir().expect("a folder");
    let cache = folder.path().join("cache");
    let plan = plan(&kinds, folder.path(), &chain(1.0));
    let first = run(&plan, &kinds, &cache, &Options::default());
    let key = first.execution.outcomes[NodeIndex::from(0)].records[0].key.to_string();
    let record = cache.join("actions").join(&key[..2]).join(format!("{key}.json"));
    let text = fs::read(&record).expect("a record");
    fs::write(&record, &text[..text.len() / 2]).expect("torn");
    let abandoned = cache.join("scratch/1-dead");
    fs::create_dir_all(&abandoned).expect("created");
    fs::write(abandoned.join("lock"), "").expect("written");
    fs::write(abandoned.join("0"), "half a result").expect("written");
    assert_eq!(run(&plan, &kinds, &cache, &Options::default()).computed, ["a"]);
    assert!(!abandoned.exists(), "a dead run's scratch folder");
}

#[test]
fn dropped_outputs_are_made_again_only_when_something_new_reads_them() {
    let kinds = registry(false);
    let folder = tempfile::tempdir().expect("a folder");
    let cache = folder.path().join("cache");
    let build = |extra: bool| {
        let mut nodes = chain(5.0).to_vec();
        if extra {
            nodes.push(("d", "sum", json!({}), &["a", "a"]));
        }
        let mut plan = plan(&kinds, folder.path(), &nodes);
        plan.nodes[NodeIndex::from(0)].keep = false;
        plan
    };
    let first = run(&build(false), &kinds, &cache, &Options::default());
    let dropped = object(&cache, first.execution.outcomes[NodeIndex::from(0)].outputs().next().expect("a record"));
    assert!(!dropped.exists());
    let again = run(&build(false), &kinds, &cache, &Options::default());
    assert!(again.computed.is_empty());
    assert_eq!(again.execution.outcomes[NodeIndex::from(0)].state, State::Dropped);
    let more = build(true);
    let ran = run(&more, &kinds, &cache, &Options::default());
    assert_eq!(ran.computed, ["a", "d"]);
    assert_eq!(ran.number(&more, "d", &cache), 10.0);
    assert!(!dropped.exists(), "dropped again");
}

#[test]
fn a_lazy_port_is_computed_where_something_reads_it() {
    let kinds = registry(false);
    let folder = tempfile::tempdir().expect("a folder");
    let cache = folder.path().join("cache");
    let short: Vec<(&str, &str, serde_json::Value, &[&str])> =
        vec![("a", "constant", json!({ "value": 3.0 }), &[]), ("s", "sum", json!({}), &["a", "a"])];
    let mut long = short.clone();
    long.push(("p", "odd", json!({}), &["s.product"]));
    let (short, long) = (plan(&kinds, folder.path(), &short), plan(&kinds, folder.path(), &long));
    assert_eq!(run(&short, &kinds, &cache, &Options::default()).computed, ["a", "s"]);
    let ran = run(&long, &kinds, &cache, &Options::default());
    assert_eq!(ran.computed, ["p", "s"]);
    assert_eq!(ran.number(&long, "p", &cache), 1.0);
    assert!(run(&short, &kinds, &cache, &Options::default()).computed.is_empty());
}

#[test]
fn two_runs_at_once_share_the_work() {
    let kinds = registry(false);
    let folder = tempfile::tempdir().expect("a folder");
    let cache = folder.path().join("cache");
    let nodes: [(&str, &str, serde_json::Value, &[&str]); 2] =
        [("a", "constant", json!({ "value": 1.0, "sleep": 400 }), &[]), ("b", "odd", json!({}), &["a"])];
    let plan = plan(&kinds, folder.path(), &nodes);
    let mut computed: Vec<String> = std::thread::scope(|scope| {
        let runs: Vec<_> =
            (0..3).map(|_| scope.spawn(|| run(&plan, &kinds, &cache, &Options::default()).computed)).collect();
        runs.into_iter().flat_map(|run| run.join().expect("no panic")).collect()
    });
    computed.sort();
    assert_eq!(computed, ["a", "b"], "each computed once among three runs");
}

#[test]
fn a_forced_node_runs_and_equal_bytes_stop_there() {
    let kinds = registry(false);
    let folder = tempfile::tempdir().expect("a folder");
    let cache = folder.path().join("cache");
    let plan = plan(&kinds, folder.path(), &chain(1.0));
    run(&plan, &kinds, &cache, &Options::default());
    let forced = Options { force: vec![NodeIndex::from(0)], ..Options::default() };
    assert_eq!(run(&plan, &kinds, &cache, &forced).computed, ["a"]);
}

#[test]
fn links_lead_to_a_nodes_results() {
    let kinds = registry(false);
    let folder = tempfile::tempdir().expect("a folder");
    let cache = folder.path().join("cache");
    let plan = plan(&kinds, folder.path(), &chain(1.0));
    let ran = run(&plan, &kinds, &cache, &Options::default());
    let link = cache.join("by-name/toy/c/out.safetensors");
    let object = object(&cache, ran.execution.outcomes[NodeIndex::from(2)].outputs().next().expect("an output"));
    assert_eq!(link.canonicalize().expect("leads somewhere"), object.canonicalize().expect("exists"));
}

/// Where the record of a key lies.
fn record(cache: &Path, key: &str) -> PathBuf {
    cache.join("actions").join(&key[..2]).join(format!("{key}.json"))
}

#[test]
fn a_record_that_was_changed_is_told_and_computed_again() {
    let kinds = registry(false);
    let folder = tempfile::tempdir().expect("a folder");
    let cache = folder.path().join("cache");
    let plan = plan(&kinds, folder.path(), &chain(1.0));
    let first = run(&plan, &kinds, &cache, &Options::default());
    let key = first.execution.outcomes[NodeIndex::from(1)].records[0].key.to_string();
    let text = fs::read_to_string(record(&cache, &key)).expect("a record");
    // The digest of another whole object of as many bytes: without a checksum this would be a wrong number.
    let digest = |of: &fixture::Ran| of.execution.outcomes[NodeIndex::from(1)].records[0].outputs[0].digest.to_string();
    let other = run(&self::plan(&kinds, folder.path(), &chain(4.0)), &kinds, &cache, &Options::default());
    assert_ne!(digest(&first), digest(&other));
    fs::write(record(&cache, &key), text.replace(&digest(&first), &digest(&other))).expect("changed");
    let mut events = Vec::new();
    let runner = InProcess { registry: &kinds, jobs: None, ran: Mutex::default() };
    let again = run_with(&plan, runner, &cache, &Options::default(), &mut events);
    assert_eq!(again.computed, ["b"]);
    let told: Vec<String> = events
        .iter()
        .filter_map(|event| match event {
            Event::NodeNote { node, text } => Some(format!("{node}: {text}")),
            _ => None,
        })
        .collect();
    let text = "is damaged and counts as not there: its checksum is that of other content";
    assert_eq!(told, [format!("b: its record {} in the cache {text}", &key[..12])]);
    assert_eq!(run(&plan, &kinds, &cache, &Options::default()).computed, [""; 0], "it stands again");

    fs::write(record(&cache, &key), "{}").expect("changed");
    let verified = Store::open(&cache).expect("a cache").verify().expect("verified");
    assert_eq!((verified.damaged.len(), verified.records.len()), (0, 1));
    assert!(verified.records[0].is_file() && !record(&cache, &key).exists(), "set aside");
}

#[test]
fn records_say_nothing_of_a_host_and_a_look_writes_none() {
    let kinds = registry(false);
    let folder = tempfile::tempdir().expect("a folder");
    let cache = folder.path().join("cache");
    let plan = plan(&kinds, folder.path(), &chain(1.0));
    let first = run(&plan, &kinds, &cache, &Options::default());
    let paths: Vec<PathBuf> =
        first.execution.outcomes.iter().map(|outcome| record(&cache, &outcome.records[0].key.to_string())).collect();
    let texts = || paths.iter().map(|path| fs::read_to_string(path).expect("a record")).collect::<Vec<_>>();
    let before = texts();
    assert!(before.iter().all(|text| !text.contains("inode") && !text.contains("mtime")));
    // As on another host: no object is known by its stat, so each is hashed once, and no record is touched.
    let moved = folder.path().join("moved");
    fs::rename(&cache, &moved).expect("moved");
    fs::remove_dir_all(moved.join("local")).expect("another host");
    fs::rename(&moved, &cache).expect("moved back");
    assert!(run(&plan, &kinds, &cache, &Options::default()).computed.is_empty());
    assert_eq!(texts(), before);
    assert!(cache.join("local").is_dir(), "what was hashed is remembered");
}

/// The study whose cache is frozen in `tests/cache_of_before`: a keyed output, a lazy port, a dropped node.
fn frozen(workspace: &Path, kinds: &Registry) -> Plan {
    let nodes: [(&str, &str, serde_json::Value, &[&str]); 7] = [
        ("a", "constant", json!({ "value": 3.0 }), &[]),
        ("b", "odd", json!({}), &["a"]),
        ("l", "lengths", json!({ "names": ["one", "three"] }), &[]),
        ("s", "sum", json!({}), &["a", "l[three]"]),
        ("p", "odd", json!({}), &["s.product"]),
        ("d", "constant", json!({ "value": 5.0, "shift": 2 }), &[]),
        ("e", "sum", json!({}), &["d", "b"]),
    ];
    let mut plan = plan(kinds, workspace, &nodes);
    plan.nodes[NodeIndex::from(5)].keep = false;
    plan
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("created");
    for entry in fs::read_dir(from).expect("it reads").flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() { copy(&entry.path(), &target) } else { drop(fs::copy(entry.path(), target)) }
    }
}

/// The cache was made by the build before records had checksums, and holds the stats of a host that is gone.
#[test]
fn a_cache_of_before_reruns_nothing_and_is_rewritten() {
    let kinds = registry(false);
    let folder = tempfile::tempdir().expect("a folder");
    let cache = folder.path().join("cache");
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cache_of_before"), &cache);
    let plan = frozen(folder.path(), &kinds);
    for time in ["first", "second"] {
        let ran = run(&plan, &kinds, &cache, &Options::default());
        assert_eq!(ran.computed, [""; 0], "the {time} time");
        assert_eq!((ran.number(&plan, "e", &cache), ran.number(&plan, "p", &cache)), (8.0, 1.0));
        assert_eq!(ran.states(&plan)["d"], State::Dropped);
        let records = ran.execution.outcomes.iter().flat_map(|outcome| &outcome.records);
        for key in records.map(|record| record.key.to_string()) {
            let text = fs::read_to_string(record(&cache, &key)).expect("a record");
            assert!(text.starts_with("{\"checksum\":") && !text.contains("inode"), "{text}");
        }
    }
    let verified = Store::open(&cache).expect("a cache").verify().expect("verified");
    assert_eq!((verified.damaged, verified.records), (Vec::new(), Vec::new()));
}

/// In place, where the stats of before are this host's: no object is hashed again, so none is needed whole to be believed.
#[test]
fn stats_of_before_are_taken_over() {
    let kinds = registry(false);
    let folder = tempfile::tempdir().expect("a folder");
    let cache = folder.path().join("cache");
    let plan = plan(&kinds, folder.path(), &chain(1.0));
    let first = run(&plan, &kinds, &cache, &Options::default());
    fs::remove_dir_all(cache.join("local")).expect("forgotten");
    for outcome in &first.execution.outcomes {
        let known = &outcome.records[0];
        let mut before = serde_json::to_value(known).expect("it serialises");
        for (output, stored) in before["outputs"].as_array_mut().expect("outputs").iter_mut().zip(&known.outputs) {
            let metadata = fs::metadata(object(&cache, stored)).expect("it is there");
            output["stat"] = serde_json::to_value(Stat::from(&metadata)).expect("it serialises");
        }
        fs::write(record(&cache, &known.key.to_string()), before.to_string()).expect("written");
    }
    assert!(run(&plan, &kinds, &cache, &Options::default()).computed.is_empty());
    let hosts: Vec<PathBuf> = fs::read_dir(cache.join("local")).expect("a host").flatten().map(|e| e.path()).collect();
    let lines = fs::read_to_string(hosts[0].join("objects")).expect("its stats").lines().count();
    assert_eq!((hosts.len(), lines), (1, objects(&cache).len()), "one line for each object");
}

//! What reruns and what does not: a table of edits, and faults injected into the store.

mod toy;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;
use ventral::engine::executor::Options;
use ventral::engine::record::State;
use ventral::engine::store::Store;

use toy::{chain, plan, registry, run};

fn objects(cache: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = Store::read_only(cache).objects().into_iter().map(|(path, ..)| path).collect();
    paths.sort();
    paths
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
    let records = Store::read_only(&cache).records().len();
    assert_eq!(with(json!(["seventeen", "three", "one"])), ("l".into(), "seventeen three one".into()));
    assert_eq!(Store::read_only(&cache).records().len(), records + 1, "one more action");
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
    let message = gone.execution.outcomes[0].message.clone().unwrap_or_default();
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
    let one = Options { fail_fast: true, jobs: Some(1), ..Options::default() };
    let other = tempfile::tempdir().expect("a folder");
    let states = run(&plan, &kinds, &other.path().join("cache"), &one).states(&plan);
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
    let path = first.execution.outcomes[at].outputs().next().expect("an output").path(&cache);

    fs::remove_file(&path).expect("deleted");
    // `b` and `c` give the same number, hence the same object.
    assert_eq!(run(&plan, &kinds, &cache, &all).computed, ["b"]);
    assert_eq!(objects(&cache), before);

    let mut bytes = fs::read(&path).expect("read");
    *bytes.last_mut().expect("not empty") ^= 1;
    fs::remove_file(&path).expect("replaced");
    fs::write(&path, &bytes).expect("damaged");
    let (_, aside) = Store::open(&cache).expect("a cache").verify().expect("verified");
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
    let key = first.execution.outcomes[0].records[0].key.to_string();
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
        plan.nodes[0].keep = false;
        plan
    };
    let first = run(&build(false), &kinds, &cache, &Options::default());
    let dropped = first.execution.outcomes[0].outputs().next().expect("a record").path(&cache);
    assert!(!dropped.exists());
    let again = run(&build(false), &kinds, &cache, &Options::default());
    assert!(again.computed.is_empty());
    assert_eq!(again.execution.outcomes[0].state, State::Dropped);
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
    let forced = Options { force: vec![0], ..Options::default() };
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
    let object = ran.execution.outcomes[2].outputs().next().expect("an output").path(&cache);
    assert_eq!(link.canonicalize().expect("leads somewhere"), object.canonicalize().expect("exists"));
}

//! The worker by itself: who it says it is, what it answers, and when it goes.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value as Json;

fn start() -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ventral-worker"));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts")
}

fn line(replies: &mut impl BufRead) -> Json {
    let mut line = String::new();
    replies.read_line(&mut line).expect("a reply");
    serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e} in `{line}`"))
}

#[test]
fn it_greets_with_the_kinds_it_computes() {
    let mut worker = start();
    let mut replies = BufReader::new(worker.stdout.take().expect("piped"));
    let hello = line(&mut replies);
    assert_eq!((&hello["reply"], &hello["libtorch"]), (&Json::from("hello"), &Json::from("2.11.0")));
    let theirs: BTreeMap<String, u32> = serde_json::from_value(hello["kinds"].clone()).expect("versions by kind");
    let registry = ventral_nodes_torch::nodes::registry();
    let ours: BTreeMap<String, u32> = registry.iter().map(|kind| (kind.name.to_owned(), kind.version)).collect();
    assert_eq!(theirs, ours);
    assert!(registry.iter().all(|kind| kind.computes()));
    drop(worker.stdin.take());
    assert!(worker.wait().expect("it ends").success());
}

#[test]
fn it_refuses_what_is_no_job_and_stays() {
    let mut worker = start();
    let mut replies = BufReader::new(worker.stdout.take().expect("piped"));
    line(&mut replies);
    for nonsense in ["nonsense", "{}"] {
        writeln!(worker.stdin.as_mut().expect("piped"), "{nonsense}").expect("sent");
        let reply = line(&mut replies);
        assert_eq!(reply["reply"], "failed");
        assert!(reply["failure"]["message"].as_str().is_some_and(|text| text.contains("does not read")), "{reply}");
    }
    worker.kill().expect("it was there");
    worker.wait().expect("it ends");
}

#[test]
fn it_goes_when_its_command_is_gone() {
    let mut worker = start();
    line(&mut BufReader::new(worker.stdout.take().expect("piped")));
    drop(worker.stdin.take());
    let closed = Instant::now();
    while worker.try_wait().expect("a status").is_none() {
        assert!(closed.elapsed() < Duration::from_secs(5), "it stays with nobody to work for");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn people_are_told_who_starts_it() {
    let output = Command::new(env!("CARGO_BIN_EXE_ventral-worker")).arg("run").output().expect("it starts");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("is started by `ventral`"));
}

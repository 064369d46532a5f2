//! `watch` and `serve` as a browser meets them: requests over a socket, events as they come.

mod study;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::Child;
use std::time::{Duration, Instant};

use serde_json::Value as Json;
use study::Study;

const SMALL: &str = "\
version: 1
title: Which size explains simulated IT best?
seed: 3
sweep: { size: [2, 4] }
nodes:
  it: { kind: synthetic_it, with: { images: 120, size: 32, units: 8, repeats: 4 } }
  px: { kind: pixels, in: { images: it.images }, with: { size: \"${size}\" } }
  readout: { kind: ridge, in: { features: px, responses: it.responses, split: it.split }, with: { alphas: [1, 10, 100] } }
  scores: { kind: evaluate, in: { predictions: readout, responses: it.responses, split: it.split }, with: { on: val } }
  by_size: { kind: compare, in: { scores: \"scores@*\" } }
";

/// A server that is told to end with the test.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    /// Starts the command and reads where it listens.
    fn start(study: &Study, arguments: &[&str]) -> Self {
        let mut child = study.start(&[arguments, &["--port", "0"]].concat());
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("a line");
        let address = line.trim().rsplit_once("http://").unwrap_or_else(|| panic!("no address in `{line}`")).1;
        // Nobody reads what it says on the way; a full pipe would stop it.
        let mut errors = child.stderr.take().expect("piped");
        std::thread::spawn(move || std::io::copy(&mut errors, &mut std::io::sink()));
        Self { child, address: address.trim_end_matches('/').to_owned() }
    }

    fn send(&self, request: &str) -> TcpStream {
        let mut stream = TcpStream::connect(&self.address).expect("it listens");
        stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a timeout");
        stream.write_all(request.as_bytes()).expect("sent");
        stream
    }

    /// Status, and head and body as text.
    fn ask(&self, request: &str) -> (u16, String) {
        let mut bytes = Vec::new();
        self.send(request).read_to_end(&mut bytes).expect("an answer");
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let status = text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("{text}"));
        (status, text)
    }

    fn get(&self, path: &str) -> (u16, String) {
        self.ask(&format!("GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.address))
    }

    fn listen(&self) -> Events {
        let stream = self.send(&format!("GET /events HTTP/1.1\r\nHost: {}\r\n\r\n", self.address));
        Events(BufReader::new(stream))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Events(BufReader<TcpStream>);

impl Events {
    /// The next event for which a condition holds.
    fn until(&mut self, holds: impl Fn(&str, &Json) -> bool) -> Json {
        let mut name = String::new();
        let deadline = Instant::now() + Duration::from_secs(60);
        while Instant::now() < deadline {
            let mut line = String::new();
            assert!(self.0.read_line(&mut line).expect("an event in time") > 0, "the stream ended");
            if let Some(said) = line.strip_prefix("event: ") {
                name = said.trim().to_owned();
            } else if let Some(data) = line.strip_prefix("data: ") {
                let data = serde_json::from_str(data).expect("JSON");
                if holds(&name, &data) {
                    return data;
                }
            }
        }
        panic!("it never came");
    }

    fn run(&mut self, event: &str) -> Json {
        self.until(|name, data| name == "run" && data["event"] == event)
    }
}

#[test]
fn a_recipe_that_is_saved_runs_and_its_page_follows() {
    let study = Study::with(SMALL);
    let server = Server::start(&study, &["watch", "recipes/a.yaml"]);
    let mut events = server.listen();
    events.until(|name, data| name == "page" && data["passing"] == false);
    let (status, page) = server.get("/");
    assert_eq!(status, 200);
    assert!(page.contains("explains IT best: mean explained variance"));
    assert!(page.contains("connect-src 'self'") && page.contains("new EventSource(\"events\")"));
    // The page is shown first, and written then.
    let deadline = Instant::now() + Duration::from_secs(30);
    while !study.path("reports/a/index.html").is_file() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(30));
    }
    let written = std::fs::read_to_string(study.path("reports/a/index.html")).expect("the report");
    assert!(!written.contains("EventSource"), "what is on disk asks nobody");

    for (from, to) in [("[1, 10, 100]", "[1, 10, 200]"), ("[1, 10, 200]", "[1, 30]"), ("[1, 30]", "[2, 30]")] {
        study.edit(from, to);
        events.run("run_started");
        let end = events.run("run_finished");
        // Fewer than all five where a penalty that was dropped had been nobody's.
        assert!((2..=5).contains(&end["ran"].as_u64().unwrap_or(0)), "only what reads the penalties: {end}");
        events.until(|name, data| name == "page" && data["passing"] == false);
    }

    study.edit("kind: compare", "kind: compair");
    let wrong = events.until(|name, data| name == "state" && data["phase"] == "wrong");
    let problem = wrong["problem"].as_str().expect("words");
    assert!(problem.contains("did you mean `compare`?") && problem.contains("^^^^^^^"), "{problem}");
    assert!(server.get("/").1.contains("explains IT best"), "the last good report stays");
    study.edit("kind: compair", "kind: compare");
    events.until(|name, data| name == "state" && data["problem"].is_null());
    events.run("run_finished");

    let before = server.get("/").1;
    study.edit("title: Which size", "title: What size");
    assert!(!before.contains("What size"));
    // A run that is about to end takes the title along; else one follows that finds everything done.
    let deadline = Instant::now() + Duration::from_secs(30);
    while !server.get("/").1.contains("<h1>What size") {
        assert!(Instant::now() < deadline, "the title never came");
        std::thread::sleep(Duration::from_millis(30));
    }
}

#[test]
fn a_save_that_changes_the_work_stops_the_run_under_way() {
    let study = Study::with(&SMALL.replace("images: 120", "images: 4000").replace("size: 32", "size: 128"));
    let server = Server::start(&study, &["watch", "recipes/a.yaml"]);
    let mut events = server.listen();
    events.until(|name, data| {
        let begun = |data: &Json| data["event"] == "node_started" && data["node"] == "it";
        (name == "run" && begun(data)) || (name == "state" && data["nodes"]["it"]["state"] == "running")
    });
    let start = Instant::now();
    study.write("recipes/a.yaml", SMALL);
    let end = loop {
        let end = events.run("run_finished");
        if end["ran"].as_u64() > Some(3) {
            break end;
        }
    };
    assert_eq!(end["failed"], 0, "{end}");
    assert!(start.elapsed() < Duration::from_secs(50), "it waited for the long run");
}

#[test]
fn reports_are_served_to_this_machine_and_nothing_else_is() {
    let study = Study::with(SMALL);
    study.run();
    study.write("secret.txt", "nobody's business");
    std::os::unix::fs::symlink("../secret.txt", study.path("reports/link.txt")).expect("linked");
    let server = Server::start(&study, &["serve"]);
    let (status, index) = server.get("/");
    assert_eq!(status, 200);
    assert!(index.contains("a/index.html") && index.contains("explains IT best"), "a card");
    assert!(index.contains("X-Content-Type-Options: nosniff"));
    let (status, page) = server.get("/a/index.html");
    assert!(status == 200 && page.contains("<h1>Which size"));
    assert_eq!(server.get("/a").0, 302, "a folder's page is at its slash");
    assert!(server.get("/a/").1.contains("<h1>Which size"));
    assert_eq!(server.get("/running.json").1.split("\r\n\r\n").nth(1), Some("[]"));
    for bad in
        ["/../secret.txt", "/%2e%2e/secret.txt", "/link.txt", "/a/../../secret.txt", "/cache", "//etc/passwd", "/none"]
    {
        let (status, text) = server.get(bad);
        assert!(status == 404 && !text.contains("business"), "{bad}: {text}");
    }
    let as_host = |host: &str| server.ask(&format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")).0;
    assert_eq!((as_host("evil.example"), as_host("127.0.0.1:1")), (403, 200));
    let post = format!("POST / HTTP/1.1\r\nHost: {}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", server.address);
    assert_eq!(server.ask(&post).0, 405);

    study.edit("images: 120, size: 32", "images: 3000, size: 128");
    let mut running = study.start(&["run", "recipes/a.yaml"]);
    let deadline = Instant::now() + Duration::from_secs(20);
    let mut seen = false;
    while !seen && Instant::now() < deadline {
        seen = server.get("/running.json").1.contains("\"recipe\":\"a\"");
        std::thread::sleep(Duration::from_millis(20));
    }
    running.kill().expect("stopped");
    running.wait().expect("ended");
    assert!(seen, "a run under way is listed");
}

//! `ventral fetch` against a server of the test's own: whole, resumed, led elsewhere, and every lie refused.

mod loopback;
mod study;

use std::fs;
use std::io::Write;
use std::net::TcpStream;

use loopback::{Server, without_proxies};
use sha2::{Digest, Sha256};
use study::{Ended, Study};

/// How the server answers one connection.
#[derive(Clone, Copy)]
enum Answer {
    Whole,
    /// All of it is promised, so many bytes are sent.
    Cut(usize),
    /// What `Range` asks for.
    Part,
    /// Another file of the same length.
    Wrong,
    /// More bytes than the file has, as it says.
    Longer,
    /// More bytes than the file has, of which it says nothing.
    Endless,
    /// Fewer, as if that were all.
    Shorter,
    /// A head alone.
    Status(&'static str),
    /// To `/moved/…` of the same server.
    Moved,
}

/// The first line of each request, and its range.
fn asked(server: &Server) -> Vec<(String, Option<String>)> {
    let line = |request: &str| request.lines().next().unwrap_or_default().to_owned();
    let range = |request: &str| request.lines().find_map(|line| line.strip_prefix("range: ")).map(str::to_owned);
    server.asked().iter().map(|request| (line(request), range(request))).collect()
}

fn serving(answers: &'static [Answer]) -> Server {
    Server::new(answers, respond)
}

fn respond(mut stream: &TcpStream, answer: Answer, request: &str) -> std::io::Result<()> {
    let file = file();
    let ok = |length: usize| format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    let from = loopback::from(request);
    let (head, body) = match answer {
        Answer::Whole => (ok(file.len()), file),
        Answer::Cut(count) => (ok(file.len()), file[..count].to_vec()),
        Answer::Part => {
            let (rest, last, all) = (file.len() - from, file.len() - 1, file.len());
            let range = format!("Content-Length: {rest}\r\nContent-Range: bytes {from}-{last}/{all}");
            (format!("HTTP/1.1 206 Partial Content\r\n{range}\r\n\r\n"), file[from..].to_vec())
        }
        Answer::Wrong => (ok(file.len()), vec![7; file.len()]),
        Answer::Longer => (ok(file.len() + 5), [file, vec![7; 5]].concat()),
        Answer::Endless => ("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n".to_owned(), [file, vec![7; 5]].concat()),
        Answer::Shorter => (ok(file.len() - 5), file[..file.len() - 5].to_vec()),
        Answer::Status(status) => {
            (format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"), vec![])
        }
        Answer::Moved => {
            let to = "Location: /moved/own.csv\r\nContent-Length: 0\r\nConnection: close";
            (format!("HTTP/1.1 302 Found\r\n{to}\r\n\r\n"), vec![])
        }
    };
    stream.write_all(head.as_bytes())?;
    stream.write_all(&body)
}

/// What is to come: features of 60 stimuli.
fn file() -> Vec<u8> {
    let row = |row: u32| format!("{},{}\n", (row * 37) % 61, (row * row) % 59);
    format!("a,b\n{}", (0..60).map(row).collect::<String>()).into_bytes()
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

const NODES: &str = "\
nodes:
  it: { kind: synthetic_it, with: { images: 60, size: 32, units: 4, repeats: 3 } }
  own: { kind: load_features, in: { rows: it.images }, with: { path: data/new/own.csv } }
";

fn study(server: &Server, bytes: &str) -> Study {
    let from = format!("http://{}/own.csv", server.address);
    let data = format!("data:\n  data/new/own.csv: {{ from: \"{from}\", sha256: \"{}\"{bytes} }}\n", sha256(&file()));
    Study::with(&format!("version: 1\ntitle: t\n{data}{NODES}"))
}

fn fetch(study: &Study, arguments: &[&str]) -> Ended {
    let mut command = without_proxies(study.command(&[&["fetch"], arguments].concat()));
    Ended(command.output().expect("the command starts"))
}

fn kept(study: &Study) -> Vec<String> {
    let entries = fs::read_dir(study.path("data/new")).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn a_file_is_fetched_once_and_the_recipe_runs() {
    let server = serving(&[Answer::Whole]);
    let study = study(&server, &format!(", bytes: {}", file().len()));
    study.ventral(&["run", "recipes/a.yaml"]).refused(1, &["there is no such file; `ventral fetch` gets it"]);
    let told = fetch(&study, &["recipes/a.yaml"]);
    let size = file().len();
    assert_eq!(told.succeeded().out(), format!("data/new/own.csv: fetched, {size} B, whole by its SHA-256\n"));
    assert_eq!(fs::read(study.path("data/new/own.csv")).expect("fetched"), file());
    assert_eq!(kept(&study), ["own.csv"]);
    // The server is gone, and is not asked; without a recipe it is all of them.
    assert!(fetch(&study, &[]).succeeded().out().contains("is there already"));
    assert_eq!(study.run(), (1, 1));
}

#[test]
fn where_a_file_comes_from_is_in_no_key() {
    let server = serving(&[]);
    let study = study(&server, "");
    fs::create_dir_all(study.path("data/new")).expect("made");
    fs::write(study.path("data/new/own.csv"), file()).expect("written");
    assert_eq!(study.run(), (2, 0));
    study.edit("own.csv\",", "elsewhere.csv\",");
    assert_eq!(study.run(), (0, 2));
    study.edit("data:\n", "# data:\n");
    study.edit("  data/new/own.csv: {", "# {");
    assert_eq!(study.run(), (0, 2));
}

#[test]
fn a_connection_that_is_cut_is_resumed_also_by_a_later_command() {
    let server = serving(&[Answer::Cut(100), Answer::Part]);
    let study = study(&server, "");
    fetch(&study, &[]).succeeded();
    assert_eq!(fs::read(study.path("data/new/own.csv")).expect("fetched"), file());
    let ranges: Vec<_> = asked(&server).into_iter().map(|(_, range)| range).collect();
    assert_eq!(ranges, [None, Some("bytes=100-".to_owned())]);

    let server = serving(&[Answer::Cut(100)]);
    let study = self::study(&server, "");
    fetch(&study, &[]).refused(1, &["cannot fetch http://", "the connection ended after 100 bytes"]);
    assert_eq!(kept(&study), ["own.csv.part"]);
    let again = serving(&[Answer::Part]);
    study.edit(&server.address, &again.address);
    fetch(&study, &[]).succeeded();
    assert_eq!(kept(&study), ["own.csv"]);
    assert_eq!(asked(&again)[0].1.as_deref(), Some("bytes=100-"));
}

#[test]
fn a_server_may_lead_elsewhere() {
    let server = serving(&[Answer::Moved, Answer::Whole]);
    let study = study(&server, "");
    fetch(&study, &[]).succeeded();
    let lines: Vec<_> = asked(&server).into_iter().map(|(line, _)| line).collect();
    assert_eq!(lines, ["get /own.csv http/1.1", "get /moved/own.csv http/1.1"]);
}

#[test]
fn a_server_that_lies_is_refused_and_nothing_is_left() {
    let size = format!(", bytes: {}", file().len());
    let cases: [(&'static [Answer], &str, &[&str]); 7] = [
        (&[Answer::Wrong], "", &["gave a file whose SHA-256 is ", "it was not put in place"]),
        (&[Answer::Wrong], &size, &["gave a file whose SHA-256 is "]),
        (&[Answer::Longer], &size, &["bytes or more, and the file has ", "it was not put in place"]),
        (&[Answer::Endless], &size, &["bytes or more, and the file has "]),
        (&[Answer::Shorter], &size, &["bytes or more, and the file has "]),
        (&[Answer::Shorter], "", &["gave a file whose SHA-256 is "]),
        (&[Answer::Status("404 Not Found")], &size, &["cannot fetch http://", "the server answered 404 Not Found"]),
    ];
    for (answers, bytes, said) in cases {
        let server = serving(answers);
        let study = study(&server, bytes);
        let ended = fetch(&study, &[]);
        ended.refused(1, said);
        assert!(ended.out().is_empty() && !study.path("data/new").exists(), "{said:?}: {:?}", kept(&study));
    }
}

#[test]
fn a_file_of_ones_own_is_never_overwritten() {
    let server = serving(&[Answer::Whole]);
    let study = study(&server, "");
    fs::create_dir_all(study.path("data/new")).expect("made");
    fs::write(study.path("data/new/own.csv"), "mine").expect("written");
    let told = [&format!("it is {}", sha256(b"mine"))[..], "data/new/own.csv is there, and is not the file"];
    fetch(&study, &[]).refused(1, &told);
    assert_eq!(fs::read_to_string(study.path("data/new/own.csv")).expect("kept"), "mine");
    assert!(asked(&server).is_empty());
}

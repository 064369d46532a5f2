//! What some tests need of the machine: a browser, evcxr, a Python, recordings.
//!
//! Such a test lies in a module named after its need (`needs_chromium`). `make test` asks `.tools/needs.sh` what is missing and leaves
//! those modules out, so that they count as skipped in the summary. Run in another way, the test fails here and says what it wants:
//! none passes by not running.

#![allow(dead_code, reason = "each test binary needs some of it")]

use std::path::{Path, PathBuf};

fn source() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A program on the path, by the first of its names that is there.
fn program(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .flat_map(|folder| names.iter().map(move |name| folder.join(name)))
        .find(|p| p.is_file())
}

/// Chromium.
#[track_caller]
pub fn chromium() -> PathBuf {
    let found = program(&["chromium", "chromium-browser", "google-chrome"]);
    found.expect("there is no Chromium here; `make test` installs it, or leaves this test out")
}

/// axe-core, which looks for barriers.
#[track_caller]
pub fn axe() -> String {
    let file = source().join("target/tools/axe.min.js");
    std::fs::read_to_string(file).expect("axe-core is not here; .tools/axe.sh fetches it")
}

/// evcxr or its Jupyter kernel, with a library prepared for its sessions and the standard library's sources.
#[track_caller]
pub fn evcxr(name: &str) {
    let there = source().join(".evcxr/bin").join(name).is_file() || program(&[name]).is_some();
    let prepared = source().join("cache/repl/1/prepared").is_file();
    let sources = source().join("cache/repl/std/core/src").is_dir();
    assert!(there && prepared, "{name} is not here, or not prepared; `make repl` provides it");
    assert!(
        sources,
        "the standard library's sources are not here, so that variables have no types; `make repl` fetches them"
    );
}

/// The Python that talks to a Jupyter kernel.
#[track_caller]
pub fn jupyter() -> PathBuf {
    let python = source().join(".evcxr/python/bin/python");
    assert!(python.is_file(), "jupyter_client is not here; `make jupyter` provides it");
    python
}

/// A file or folder beside the project that holds real data.
#[track_caller]
pub fn shared(name: &str) -> PathBuf {
    let path = source().join("../shared").join(name);
    path.canonicalize()
        .unwrap_or_else(|_| panic!("../shared/{name} is not here; `make test` leaves this test out then"))
}

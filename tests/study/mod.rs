//! A workspace of its own for a test, and the real command in it.

#![allow(dead_code, reason = "each test file uses a part")]

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value as Json;

/// Pixels of two sizes, their components, a readout and its scores.
pub const SMALL: &str = "\
version: 1
title: A small study
seed: 3
vars: { components: 8 }
sweep: { size: [4, 8] }
nodes:
  it: { kind: synthetic_it, with: { images: 64, size: 32, units: 6, repeats: 4 } }
  px: { kind: pixels, in: { images: it.images }, with: { size: \"${size}\" } }
  pcs: { kind: pca, in: { features: px, split: it.split }, with: { components: \"${components}\" } }
  readout: { kind: ridge, in: { features: pcs, responses: it.responses, split: it.split } }
  scores: { kind: evaluate, in: { predictions: readout, responses: it.responses, split: it.split }, with: { on: val } }
  by_size: { kind: compare, in: { scores: \"scores@*\" } }
";

/// A workspace in a temporary folder.
pub struct Study {
    pub folder: tempfile::TempDir,
}

impl Study {
    /// A workspace with one recipe, `recipes/a.yaml`.
    pub fn with(recipe: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for name in ["recipes", "cache", "reports", "data"] {
            fs::create_dir(folder.path().join(name)).expect("created");
        }
        let study = Self { folder };
        study.write("recipes/a.yaml", recipe);
        study
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("written");
    }

    /// Replaces text in the recipe; it must be there.
    pub fn edit(&self, from: &str, to: &str) {
        let text = fs::read_to_string(self.path("recipes/a.yaml")).expect("a recipe");
        assert!(text.contains(from), "the recipe has no `{from}`");
        self.write("recipes/a.yaml", &text.replace(from, to));
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ventral"));
        command.current_dir(self.folder.path()).args(arguments).env("NO_COLOR", "1");
        command
    }

    /// Runs the command to its end.
    pub fn ventral(&self, arguments: &[&str]) -> Ended {
        Ended(self.command(arguments).output().expect("the command starts"))
    }

    /// Starts the command and leaves it running.
    pub fn start(&self, arguments: &[&str]) -> Child {
        let mut command = self.command(arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the command starts")
    }

    /// `run recipes/a.yaml`, which must succeed; gives (ran, cached).
    pub fn run(&self) -> (usize, usize) {
        let ended = self.ventral(&["run", "recipes/a.yaml"]);
        ended.succeeded();
        ended.counts()
    }
}

/// A command that ended.
pub struct Ended(pub Output);

impl Ended {
    pub fn out(&self) -> String {
        String::from_utf8_lossy(&self.0.stdout).into_owned()
    }

    pub fn err(&self) -> String {
        String::from_utf8_lossy(&self.0.stderr).into_owned()
    }

    pub fn status(&self) -> i32 {
        self.0.status.code().unwrap_or(-1)
    }

    #[track_caller]
    pub fn succeeded(&self) -> &Self {
        assert_eq!(self.status(), 0, "stdout:\n{}\nstderr:\n{}", self.out(), self.err());
        self
    }

    /// It ended with a status, and said each of these on standard error, with no backtrace.
    #[track_caller]
    pub fn refused(&self, status: i32, said: &[&str]) -> &Self {
        assert_eq!(self.status(), status, "stdout:\n{}\nstderr:\n{}", self.out(), self.err());
        let err = self.err();
        for words in said {
            assert!(err.contains(words), "`{words}` is not said in:\n{err}");
        }
        assert!(!err.contains("panicked") && !err.contains("RUST_BACKTRACE"), "a raw panic:\n{err}");
        self
    }

    /// (ran, cached) of the summary line.
    #[track_caller]
    pub fn counts(&self) -> (usize, usize) {
        let out = self.out();
        let line = out.lines().find(|line| line.contains(" nodes: ")).unwrap_or_else(|| panic!("no summary in {out}"));
        let number = |word: &str| {
            let before = line.split(word).next().expect("a part").trim();
            let digits = before.rsplit([' ', ',']).next().expect("a word");
            digits.parse().unwrap_or_else(|_| panic!("`{digits}` in `{line}`"))
        };
        (number(" ran"), number(" cached"))
    }

    #[track_caller]
    pub fn json(&self) -> Json {
        serde_json::from_str(&self.out()).unwrap_or_else(|e| panic!("{e} in {}", self.out()))
    }
}

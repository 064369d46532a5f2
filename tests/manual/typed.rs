//! A person who reads a page from its top and types what it says.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::json;

use crate::fragment;
use crate::page::{Fence, Mark, Page, root};

/// What stands below the parts of recipes where a page has no whole one.
const NOTHING: &str = "version: 1\ntitle: A part\nnodes: {}\n";

/// Where they are, and what came of it.
pub struct Typist {
    folder: tempfile::TempDir,
    /// A cache that goes from page to page, where one has been filled.
    cache: Option<PathBuf>,
    /// The folder where the page began, and the one where its commands have gone.
    start: PathBuf,
    at: PathBuf,
    base: String,
    pub typed: usize,
    /// Page, command and reason.
    pub left_out: Vec<String>,
    pub wrong: Vec<String>,
}

impl Typist {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let start = folder.path().to_owned();
        Self {
            at: start.clone(),
            start,
            folder,
            cache: None,
            base: String::new(),
            typed: 0,
            left_out: Vec::new(),
            wrong: Vec::new(),
        }
    }

    /// Types a page, in an empty folder or in a workspace with all recipes.
    pub fn page(&mut self, page: &Page, in_workspace: bool) {
        self.start = self.folder.path().join(folder_of(page)).join("here");
        self.at.clone_from(&self.start);
        self.base = NOTHING.to_owned();
        fs::create_dir_all(&self.start).expect("created");
        if in_workspace {
            let made = self.bash("ventral init . --from all");
            assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
            self.move_cache();
        }
        for fence in &page.fences {
            self.fence(page, fence);
        }
        let ends = [self.start.join("cache"), self.start.join("study/cache")];
        self.cache = ends.into_iter().find(|cache| cache.is_dir()).or(self.cache.take());
    }

    fn move_cache(&mut self) {
        if let Some(cache) = self.cache.take() {
            let to = self.start.join("cache");
            fs::remove_dir_all(&to).expect("it was just made");
            fs::rename(cache, to).expect("both lie in one folder");
        }
    }

    fn fence(&mut self, page: &Page, fence: &Fence) {
        for mark in &fence.marks {
            self.prepare(mark);
        }
        let named = fence.marks.iter().find_map(|mark| if let Mark::File(name) = mark { Some(name) } else { None });
        if let Some(name) = named {
            write(&self.at.join(name), &fence.text);
        }
        if let Some(name) =
            fence.marks.iter().find_map(|mark| if let Mark::Cell(name) = mark { Some(name) } else { None })
        {
            add_cell(&self.at.join(name), &fence.text);
        }
        let all = fence.marks.iter().find_map(|mark| match mark {
            Mark::LeftOut { command: None, why } => Some(why.as_str()),
            _ => None,
        });
        let elsewhere = page.tried_by(&fence.language);
        match (fence.language.as_str(), elsewhere.or(all)) {
            ("console", Some(why)) => {
                commands(fence).iter().for_each(|(command, _)| self.leave_out(page, command, why))
            }
            ("console", None) => {
                commands(fence).iter().for_each(|(command, said)| self.command(page, fence, command, said))
            }
            ("yaml", Some(why)) if elsewhere.is_none() => {
                self.leave_out(page, &format!("recipe `{}`", fence.text.lines().next().unwrap_or_default()), why)
            }
            ("yaml", None) => self.recipe(page, fence, named),
            _ => {}
        }
    }

    fn prepare(&mut self, mark: &Mark) {
        match mark {
            Mark::Start => self.at.clone_from(&self.start),
            Mark::Given { file, fixture } => {
                let bytes = fs::read(root().join(fixture)).unwrap_or_else(|e| panic!("{fixture}: {e}"));
                write(&self.at.join(file), bytes);
            }
            Mark::Edit { file, from, to } => {
                let path = self.at.join(file);
                let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
                assert!(text.contains(from.as_str()), "{file} has no `{from}` to edit");
                write(&path, text.replace(from.as_str(), to));
            }
            Mark::Base(file) => {
                self.base = fs::read_to_string(root().join(file)).unwrap_or_else(|e| panic!("{file}: {e}"));
            }
            _ => {}
        }
    }

    fn leave_out(&mut self, page: &Page, what: &str, why: &str) {
        self.left_out.push(format!("{}: {what}: {why}", page.name));
    }

    fn command(&mut self, page: &Page, fence: &Fence, command: &str, said: &[String]) {
        let mut line = command.to_owned();
        let mut status = 0;
        for mark in &fence.marks {
            match mark {
                Mark::LeftOut { command: Some(one), why } if command.starts_with(one.as_str()) => {
                    return self.leave_out(page, command, why);
                }
                Mark::Dry { command: one, why } if command.starts_with(one.as_str()) => {
                    line += " --dry-run";
                    self.leave_out(page, &line, why);
                }
                Mark::Ends { status: other, command: one } if command.starts_with(one.as_str()) => status = *other,
                _ => {}
            }
        }
        self.typed += 1;
        let begun = std::time::Instant::now();
        let ended = self.bash(&line);
        println!("{:5.1} s  {}: {line}", begun.elapsed().as_secs_f64(), page.name);
        let text = [&ended.stdout, &ended.stderr].map(|bytes| String::from_utf8_lossy(bytes)).join("\n");
        if ended.status.code() != Some(status) {
            self.wrong.push(format!(
                "{}: `{line}` ends with {:?}, not {status}:\n{text}",
                page.name,
                ended.status.code()
            ));
        }
        let seen: Vec<String> = text.lines().map(likeness).collect();
        for line in said.iter().filter(|line| !seen.contains(&likeness(line))) {
            self.wrong.push(format!("{}: `{command}` does not say\n{line}\nbut\n{text}", page.name));
        }
    }

    /// A line as bash takes it, in the folder where the lines before have led.
    fn bash(&mut self, line: &str) -> Output {
        let place = self.folder.path().join("place");
        let script = format!("{line}\nstatus=$?\npwd > '{}'\nexit $status", place.display());
        let programs = Path::new(env!("CARGO_BIN_EXE_ventral")).parent().expect("a folder").display();
        let path = format!("{programs}:{}", std::env::var("PATH").unwrap_or_default());
        let mut command = Command::new("bash");
        command
            .args(["-c", &script])
            .current_dir(&self.at)
            .env("PATH", path)
            .env("NO_COLOR", "1")
            .env("COLUMNS", "120");
        let ended = command.output().expect("bash starts");
        let place = fs::read_to_string(&place).expect("the place");
        self.at = PathBuf::from(place.trim_end());
        ended
    }

    fn recipe(&mut self, page: &Page, fence: &Fence, named: Option<&String>) {
        let whole = fragment::is_whole(&fence.text);
        let node =
            fence.marks.iter().find_map(|mark| if let Mark::In(node) = mark { Some(node.as_str()) } else { None });
        let text = if whole { Ok(fence.text.clone()) } else { fragment::within(&self.base, &fence.text, node) };
        let text = match text {
            Ok(text) => text,
            Err(why) => return self.wrong.push(format!("{}:{}: {why}", page.name, fence.line)),
        };
        self.typed += 1;
        let path = match named {
            Some(name) => self.at.join(name),
            None => self.folder.path().join(folder_of(page)).join(format!("checked/recipes/line_{}.yaml", fence.line)),
        };
        write(&path, &text);
        let path = path.display();
        let refused =
            fence.marks.iter().find_map(|mark| if let Mark::Refused(words) = mark { Some(words) } else { None });
        let (line, status) = match refused {
            Some(_) => (format!("ventral check '{path}'"), 2),
            None if fence.marks.contains(&Mark::Run) => (format!("ventral run '{path}'"), 0),
            None => (format!("ventral check '{path}'"), 0),
        };
        let ended = self.bash(&line);
        let said = [&ended.stdout, &ended.stderr].map(|bytes| String::from_utf8_lossy(bytes)).join("\n");
        if ended.status.code() != Some(status) {
            self.wrong.push(format!(
                "{}:{}: `{line}` ends with {:?}, not {status}:\n{said}",
                page.name,
                fence.line,
                ended.status.code()
            ));
        }
        if let Some(words) = refused.filter(|words| !said.contains(words.as_str())) {
            self.wrong.push(format!("{}:{}: `{words}` is not said in:\n{said}", page.name, fence.line));
        }
        if whole && refused.is_none() {
            self.base.clone_from(&fence.text);
        }
    }
}

/// Two pages may be called alike.
fn folder_of(page: &Page) -> String {
    page.name.replace('/', "_")
}

fn write(path: &Path, bytes: impl AsRef<[u8]>) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("created");
    fs::write(path, bytes).expect("written");
}

/// Adds a cell to a notebook, which is made where there is none.
fn add_cell(path: &Path, code: &str) {
    let mut notebook = fs::read_to_string(path).map_or_else(
        |_| json!({ "cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5 }),
        |text| serde_json::from_str(&text).expect("a notebook"),
    );
    let cell = json!({ "cell_type": "code", "source": code, "metadata": {}, "outputs": [], "execution_count": null });
    notebook["cells"].as_array_mut().expect("cells").push(cell);
    write(path, notebook.to_string());
}

/// The commands of a block, each with what it shows below them.
fn commands(fence: &Fence) -> Vec<(String, Vec<String>)> {
    let mut found: Vec<(String, Vec<String>)> = Vec::new();
    for line in fence.text.lines() {
        match (line.strip_prefix("$ "), found.last_mut()) {
            (Some(command), _) => found.push((without_comment(command).to_owned(), Vec::new())),
            (None, Some((_, said))) if !line.trim().is_empty() => said.push(line.to_owned()),
            _ => {}
        }
    }
    found
}

fn without_comment(command: &str) -> &str {
    command.split_once("  #").map_or(command, |(command, _)| command).trim_end()
}

/// A line of output without its numbers, and the units that follow from how large they are.
fn likeness(line: &str) -> String {
    let mut out = String::new();
    for word in line.split_whitespace() {
        let bare: String = word.chars().filter(|c| !c.is_ascii_digit() && *c != '.').collect();
        let bare = if bare.is_empty() { "#".to_owned() } else { bare };
        let bare = bare.replace("ms", "s");
        out += &bare;
        out.push(' ');
    }
    out.trim_end().to_owned()
}

//! A page of the manual as the tests read it: its fenced blocks, and the marks that say how a test takes them.
//!
//! A mark is a comment on a line of its own, before the block that it is about:
//!
//! - ``<!-- test: left out `COMMAND`: WHY -->``: the commands that begin so are not typed; without a command, nothing of the block is;
//! - ``<!-- test: dry `COMMAND`: WHY -->``: it is typed with `--dry-run`;
//! - ``<!-- test: ends 1 `COMMAND` -->``: it ends with another status than 0;
//! - `<!-- test: given FILE from FIXTURE -->`: a person has this file;
//! - ``<!-- test: edit FILE: `FROM` becomes `TO` -->``: and changes it;
//! - `<!-- test: start -->`: what follows is typed where the page began;
//! - `<!-- test: file NAME -->`: the block is a file of that name, which later commands find;
//! - `<!-- test: cell NOTEBOOK -->`: the block is the next cell of a notebook;
//! - `<!-- test: run -->`: the recipe is run, not only checked; `<!-- test: refused WORDS -->`: it is refused in these words;
//! - `<!-- test: base FILE -->`: parts of recipes stand in this one from here on, and not in the last whole one of the page;
//! - `<!-- test: in NODE -->`: a part of a node stands in this node;
//! - `<!-- test: LANGUAGE by FILE -->`: another test tries all blocks in that language.

use std::fs;
use std::path::{Path, PathBuf};

/// The folder of the repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What a test is told of a block.
#[derive(Clone, Debug, PartialEq)]
pub enum Mark {
    LeftOut { command: Option<String>, why: String },
    Dry { command: String, why: String },
    Ends { status: i32, command: String },
    Given { file: String, fixture: String },
    Edit { file: String, from: String, to: String },
    Start,
    File(String),
    Cell(String),
    Run,
    Refused(String),
    Base(String),
    In(String),
    By { language: String, test: String },
}

/// A fenced block.
pub struct Fence {
    pub language: String,
    /// Of its first line, counted from 1.
    pub line: usize,
    pub text: String,
    pub marks: Vec<Mark>,
}

/// A page.
pub struct Page {
    /// As in `docs/recipes.md`.
    pub name: String,
    pub fences: Vec<Fence>,
    /// Its lines without blocks and comments, each with its number.
    pub prose: Vec<(usize, String)>,
}

impl Page {
    /// Reads a page of the repository.
    pub fn read(name: &str) -> Self {
        let text = fs::read_to_string(root().join(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
        let (mut fences, mut prose, mut marks) = (Vec::new(), Vec::new(), Vec::new());
        let mut open: Option<Fence> = None;
        for (at, line) in text.lines().enumerate() {
            let number = at + 1;
            match &mut open {
                Some(fence) if line == "```" => fences.push(Fence { marks: std::mem::take(&mut marks), ..take(fence) }),
                Some(fence) => {
                    fence.text += line;
                    fence.text.push('\n');
                    continue;
                }
                None => {
                    if let Some(language) = line.strip_prefix("```") {
                        open = Some(Fence {
                            language: language.to_owned(),
                            line: number + 1,
                            text: String::new(),
                            marks: Vec::new(),
                        });
                    } else if let Some(mark) =
                        line.strip_prefix("<!-- test: ").and_then(|line| line.strip_suffix(" -->"))
                    {
                        marks.push(
                            Mark::read(mark).unwrap_or_else(|| panic!("{name}:{number}: no mark reads `{mark}`")),
                        );
                    } else if !line.starts_with("<!--") {
                        assert!(
                            !line.trim_start().starts_with("```"),
                            "{name}:{number}: an indented block is tried by no test"
                        );
                        prose.push((number, line.to_owned()));
                    }
                    continue;
                }
            }
            open = None;
        }
        assert!(open.is_none(), "{name} ends within a block");
        Self { name: name.to_owned(), fences, prose }
    }

    /// Its name in `ventral help` and its file in the book.
    pub fn stem(&self) -> &str {
        let file = self.name.rsplit('/').next().expect("a part");
        file.strip_suffix(".md").expect("a page")
    }

    /// The test that tries all blocks in a language, where it is another.
    pub fn tried_by(&self, language: &str) -> Option<&str> {
        let marks = self.fences.iter().flat_map(|fence| &fence.marks);
        marks.into_iter().find_map(|mark| match mark {
            Mark::By { language: of, test } if of == language => Some(test.as_str()),
            _ => None,
        })
    }
}

fn take(fence: &mut Fence) -> Fence {
    Fence {
        language: fence.language.clone(),
        line: fence.line,
        text: std::mem::take(&mut fence.text),
        marks: Vec::new(),
    }
}

impl Mark {
    fn read(text: &str) -> Option<Self> {
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        let quoted = |rest: &str| {
            let (quoted, rest) = rest.trim_start().strip_prefix('`')?.split_once('`')?;
            Some((quoted.to_owned(), rest.trim_start_matches(':').trim().to_owned()))
        };
        Some(match word {
            "left" => match rest.strip_prefix("out")? {
                all if all.starts_with(':') => Self::LeftOut { command: None, why: all[1..].trim().to_owned() },
                one => quoted(one).map(|(command, why)| Self::LeftOut { command: Some(command), why })?,
            },
            "dry" => quoted(rest).map(|(command, why)| Self::Dry { command, why })?,
            "ends" => {
                let (status, command) = rest.split_once(' ')?;
                Self::Ends { status: status.parse().ok()?, command: quoted(command)?.0 }
            }
            "given" => {
                let (file, fixture) = rest.split_once(" from ")?;
                Self::Given { file: file.to_owned(), fixture: fixture.to_owned() }
            }
            "edit" => {
                let (file, change) = rest.split_once(": ")?;
                let (from, change) = quoted(change)?;
                Self::Edit { file: file.to_owned(), from, to: quoted(change.strip_prefix("becomes")?)?.0 }
            }
            "start" => Self::Start,
            "file" => Self::File(rest.to_owned()),
            "cell" => Self::Cell(rest.to_owned()),
            "run" => Self::Run,
            "refused" => Self::Refused(rest.to_owned()),
            "base" => Self::Base(rest.to_owned()),
            "in" => Self::In(rest.to_owned()),
            language => Self::By { language: language.to_owned(), test: rest.strip_prefix("by ")?.to_owned() },
        })
    }
}

/// Every page under docs/, by name.
pub fn manual() -> Vec<Page> {
    let files = fs::read_dir(root().join("docs")).expect("the pages").flatten().map(|entry| entry.path());
    let mut pages: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|end| end == "md")).collect();
    pages.sort();
    let name = |path: &PathBuf| format!("docs/{}", path.file_name().expect("a file").to_string_lossy());
    pages.iter().map(|path| Page::read(&name(path))).collect()
}

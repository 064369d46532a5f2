//! Sessions in a real evcxr: what a cell shows, what stays between cells, and that the page of questions is true.

mod study;

use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use study::Study;

const SMALL: &str = "\
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

/// What evcxr writes after a cell: whether it ran.
const ENDS: [&str; 2] = ["\u{91}", "\u{92}"];
/// A machine that compiles something else beside is slow.
const PATIENCE: Duration = Duration::from_secs(300);

/// A session that is open.
struct Session {
    child: Child,
    input: ChildStdin,
    said: Arc<Mutex<Vec<u8>>>,
}

/// Whether there is an evcxr that `make repl` prepared.
fn prepared(program: &str) -> bool {
    let source = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let there = source.join(".evcxr/bin").join(program).is_file()
        || std::env::split_paths(&path).any(|folder| folder.join(program).is_file());
    if there && source.join("cache/repl/1/prepared").is_file() {
        return true;
    }
    println!("skipped: {program} is not here, or not prepared (make repl)");
    false
}

/// The quickstart with fewer images.
fn quickstart() -> Study {
    let recipe = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("recipes/quickstart.yaml"));
    let recipe = recipe.expect("the quickstart");
    assert!(recipe.contains("images: 2000") && recipe.contains("components: 200"));
    let study = Study::with("");
    let fewer = recipe.replace("images: 2000", "images: 160").replace("components: 200", "components: 40");
    study.write("recipes/quickstart.yaml", &fewer);
    study
}

impl Session {
    /// Opens a session and waits until it takes input.
    fn open(study: &Study, recipe: &str) -> Self {
        let start = Instant::now();
        let (mut from, to) = std::io::pipe().expect("a pipe");
        let mut command = study.command(&["repl", recipe, "--", "--ide-mode", "--disable-readline"]);
        command.stdin(std::process::Stdio::piped()).stdout(to.try_clone().expect("a pipe")).stderr(to);
        let mut child = command.spawn().expect("the command starts");
        drop(command);
        let said = Arc::new(Mutex::new(Vec::new()));
        let ear = said.clone();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = from.read(&mut bytes) {
                ear.lock().expect("no thread panics with it").extend_from_slice(&bytes[..count]);
            }
        });
        let input = child.stdin.take().expect("piped");
        let mut session = Self { child, input, said };
        // The prompt comes before the session is ready: the first cell waits for the rest.
        session.cell("1 + 1");
        println!("ready after {:.1} s", start.elapsed().as_secs_f64());
        session
    }

    fn heard(&self, from: usize) -> String {
        String::from_utf8_lossy(&self.said.lock().expect("no thread panics with it")[from..]).into_owned()
    }

    /// Runs a cell; gives all that it said.
    #[track_caller]
    fn cell(&mut self, code: &str) -> String {
        let from = self.said.lock().expect("no thread panics with it").len();
        writeln!(self.input, "{}", code.trim().replace('\n', "\u{2028}")).expect("evcxr reads");
        let start = Instant::now();
        loop {
            let heard = self.heard(from);
            if ENDS.iter().any(|end| heard.contains(end)) {
                println!("{:.1} s: {code}", start.elapsed().as_secs_f64());
                // What went to the other stream may come a little later.
                std::thread::sleep(Duration::from_millis(100));
                return self.heard(from);
            }
            let ended = self.child.try_wait().ok().flatten();
            assert!(
                ended.is_none() && start.elapsed() < PATIENCE,
                "`{code}` does not end; evcxr said:\n{}",
                self.heard(0)
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Runs a cell that must go well and show each of these.
    #[track_caller]
    fn shows(&mut self, code: &str, words: &[&str]) -> String {
        let said = self.cell(code);
        assert!(said.contains(ENDS[0]) && !said.contains("EVCXR"), "`{code}` went wrong:\n{said}");
        for word in words {
            assert!(said.contains(word), "`{code}` does not show `{word}` but:\n{said}");
        }
        said
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.input.write_all(b":quit\n");
        let _ = self.child.wait();
    }
}

#[test]
fn a_session_explores_changes_and_is_refused_in_words() {
    if !prepared("evcxr") {
        return;
    }
    let study = Study::with(SMALL);
    study.run();
    let mut session = Session::open(&study, "recipes/a.yaml");
    session.shows("run", &["by_size", "cached", "A small study"]);
    session.shows("run.table(\"by_size\")?", &["explained_variance", "rows ×"]);
    session.shows("run.chart(\"by_size\")?", &["█", "n = 6"]);
    session.shows("run.node(\"pca\")?.why()", &["pcs@size=4: cached", "it will not run"]);
    session.shows("run.graph()", &["scores@size=4", "compare"]);
    session.shows("run.table(\"by_sise\")?", &["did you mean `by_size`"]);
    session.shows("run.table(\"scores.per_unt\")", &["did you mean `per_unit`"]);

    // Every method's value stays, under a type that the next cell can name.
    for (name, code, later, shows) in [
        ("table", "run.table(\"scores.per_unit\")?", "table.height()", "12"),
        ("frame", "run.table(\"by_size\")?.frame.clone()", "frame.width() > 3", "true"),
        ("matrix", "run.matrix(\"pcs@size=4\")?", "matrix.view().dim()", "(64, 8)"),
        ("ids", "run.matrix(\"pcs@size=4\")?.ids()", "ids.len()", "64"),
        ("stimuli", "run.matrix(\"pcs@size=4\")?.stimuli()", "stimuli.len()", "64"),
        ("array", "run.matrix(\"pcs@size=4\")?.view().to_owned()", "array.nrows()", "64"),
        ("row", "run.matrix(\"pcs@size=4\")?.row(0)?", "row.len()", "8"),
        ("images", "run.images(\"it.images\")?", "images.len()", "64"),
        ("chart", "run.chart(\"by_size\")?", "chart.kind(\"bar\")?.title().len() > 3", "true"),
        ("node", "run.node(\"scores\")?", "node.names().len()", "2"),
        ("why", "run.node(\"scores\")?.why()", "why.to_string().contains(\"cached\")", "true"),
        ("value", "run.value(\"it.labels\")?", "value.ty()", "Labels"),
        ("graph", "run.graph()", "graph", "by_size"),
        ("report", "run.report()?", "report.path.is_file()", "true"),
        ("text", "run.recipe()?", "text.len() > 100", "true"),
        ("set", "run.set(\"components\", 5)?", "set.node(\"pcs\")?.states()", "stale"),
        ("made", "run.make(\"pcs.components\")?", "made.matrix(\"pcs.components@size=8\")?.rows()", "8"),
        ("again", "run.reload()?", "again.plan().nodes.len()", "10"),
        (
            "draft",
            "Draft::new(\"d\").node(\"it\", \"synthetic_it\").with(\"images\", 16)",
            "draft.plan()?",
            "synthetic_it",
        ),
        ("plan", "Draft::new(\"d\").node(\"it\", \"synthetic_it\").plan()?", "Run::of(plan)", "Run of d"),
    ] {
        session.shows(&format!("let {name} = {code};"), &[]);
        session.shows(later, &[shows]);
    }

    let said = session.shows("let other = set.run()?;", &["pcs@size=4: ran", "by_size: ran"]);
    assert!(!said.contains("it: ran"), "{said}");
    session.shows("other.matrix(\"pcs@size=8\")?.columns()", &["5"]);
    session.shows("other.save_recipe(\"recipes/mine.yaml\")?", &["recipes/mine.yaml"]);
    assert_eq!(study.ventral(&["run", "recipes/mine.yaml"]).succeeded().counts(), (0, 10));
    session.shows("run.set(\"componets\", 3)?", &["did you mean `components`"]);
    session.shows("run.set(\"components\", 6)?.table(\"by_size\")?", &["is stale", "`run()?` computes it here"]);
}

#[test]
fn the_page_of_questions_is_true() {
    if !prepared("evcxr") {
        return;
    }
    let study = quickstart();
    study.ventral(&["run", "recipes/quickstart.yaml"]).succeeded();
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/repl.md")).expect("the page");
    let mut session = Session::open(&study, "recipes/quickstart.yaml");
    let mut questions = 0;
    for block in page.split("```rust\n").skip(1) {
        let code = block.split("```").next().expect("a block").trim();
        assert!(code.lines().count() <= 3, "an answer has one to three lines:\n{code}");
        let said = session.shows(code, &[]);
        let shown = said.trim_matches(|c: char| c.is_control() || c.is_whitespace() || c == '>');
        // What plotters draws itself, a terminal does not show.
        assert!(!shown.is_empty() || code.contains("evcxr_figure"), "`{code}` shows nothing");
        assert!(!said.contains("error"), "`{code}` shows:\n{said}");
        questions += 1;
    }
    assert!(questions >= 10, "only {questions} questions");
    assert_eq!(study.ventral(&["run", "recipes/small.yaml"]).succeeded().counts().0, 0, "what was saved is cached");
}

#[test]
fn a_kernel_shows_the_notebook() {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join(".evcxr/python/bin/python");
    if !prepared("evcxr_jupyter") {
        return;
    }
    if !python.is_file() {
        println!("skipped: jupyter_client is not here (make jupyter)");
        return;
    }
    let study = quickstart();
    study.ventral(&["run", "recipes/quickstart.yaml"]).succeeded();
    // Jupyter itself is not needed: the command leaves a kernel for any.
    let mut install = study.command(&["repl", "--jupyter", "recipes/quickstart.yaml"]);
    install.env("VENTRAL_JUPYTER", "true");
    study::Ended(install.output().expect("the command starts")).succeeded();
    let source = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = std::process::Command::new(&python)
        .arg(source.join(".tools/notebook.py"))
        .args([source.join("docs/repl.ipynb"), "ventral-quickstart".into()])
        .env("JUPYTER_PATH", source.join("cache/repl/jupyter"))
        .current_dir(study.path(""))
        .output()
        .expect("python starts");
    let ended = study::Ended(output);
    let said = ended.succeeded().out();
    let shown: Vec<serde_json::Value> = said.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    println!("ready after {} s", shown[0]["ready"]);
    let html = |code: &str| {
        let cell = shown.iter().find(|cell| cell["code"].as_str().is_some_and(|all| all.contains(code)));
        let cell = cell.unwrap_or_else(|| panic!("no cell has `{code}`"));
        cell["outputs"].to_string()
    };
    assert!(html("run.graph()").contains("<svg"), "{}", html("run.graph()"));
    assert!(html("run.table").contains("<table>"));
    assert!(html("run.chart").contains("<svg"));
    assert!(html("run.images").contains("data:image/png"));
    assert!(html("small.run()").contains("ran in"));
    assert!(html("evcxr_figure").contains("<svg"));
}

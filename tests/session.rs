//! Sessions in a real evcxr: what a cell shows, what stays between cells, and that the page of questions is true.

mod needs;
mod study;

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use study::{SMALL, Study};

/// What evcxr writes after a cell: whether it ran.
const ENDS: [&str; 2] = ["\u{91}", "\u{92}"];
/// A machine that compiles something else beside is slow.
const PATIENCE: Duration = Duration::from_secs(600);

/// What every method gives stays, under a type that the next cell can name: a variable, its type, where it comes from, and
/// what a later cell shows of it.
const VALUES: [(&str, &str, &str, &str, &str); 47] = [
    ("table", "Table", "run.table(\"scores.per_unit\")?", "table.height()", "12"),
    ("frame", "DataFrame", "run.table(\"by_size\")?.frame.clone()", "frame.width() > 3", "true"),
    ("tail", "DataFrame", "table.tail(Some(5))", "tail.height()", "5"),
    ("picked", "DataFrame", "frame.select([\"size\", \"mean\"])?", "picked.width()", "2"),
    ("column", "polars::frame::column::Column", "frame.column(\"mean\")?.clone()", "column.len() > 3", "true"),
    ("numbers", "Vec<f64>", "table.numbers(\"r\")?", "numbers.len()", "12"),
    ("texts", "Vec<String>", "table.texts(\"size\")?", "texts[0]", "4"),
    ("only", "Table", "table.only(\"size\", 8)?", "only.height()", "6"),
    ("by", "Table", "table.by(\"r\")?", "by.height()", "12"),
    ("first", "Table", "table.first(3)", "first.height()", "3"),
    ("defined", "Vec<(String, String)>", "table.definitions()", "defined.len() > 2", "true"),
    ("matrix", "Matrix", "run.matrix(\"pcs@size=4\")?", "matrix.view().dim()", "(64, 8)"),
    ("ids", "Vec<String>", "matrix.ids()", "ids.len()", "64"),
    ("names", "Vec<String>", "matrix.names()", "names.len()", "8"),
    ("stimuli", "Vec<ventral::value::stimuli::Stimulus>", "matrix.stimuli()", "stimuli.len()", "64"),
    ("array", "ndarray::Array2<f32>", "matrix.view().to_owned()", "array.nrows()", "64"),
    ("row", "Vec<f32>", "matrix.row(0)?", "row.len()", "8"),
    ("component", "Vec<f32>", "matrix.column(0)?", "component.len()", "64"),
    ("top", "Vec<String>", "matrix.top(0, 4)?", "top.len()", "4"),
    ("responses", "Matrix", "run.matrix(\"it.responses\")?", "responses.columns()", "6"),
    ("images", "Images", "run.images(\"it.images\")?", "images.len()", "64"),
    ("few", "Images", "images.pick(top.clone())?", "few.len()", "4"),
    ("pixels", "Vec<u8>", "images.pixels(&top[0])?", "pixels.len()", "3072"),
    ("chart", "Chart", "run.chart(\"by_size\")?", "chart.kind(\"bar\")?.title().len() > 3", "true"),
    ("other_y", "Chart", "chart.y(\"r\")?.kind(\"violin\")?", "other_y", "(n = "),
    ("marked", "Chart", "chart.reference(\"published\", 0.5)?", "marked", "n = 6"),
    ("title", "String", "chart.title()", "title.len() > 3", "true"),
    ("caption", "String", "chart.caption()", "caption.contains(\"n = 6\")", "true"),
    ("saved", "std::path::PathBuf", "chart.save(\"chart.svg\")?", "saved.is_file()", "true"),
    ("node", "Node", "run.node(\"scores\")?", "node.names().len()", "2"),
    ("kind", "&'static str", "node.kind()", "kind", "evaluate"),
    ("states", "Vec<&'static str>", "node.states()", "states", "cached"),
    ("params", "Vec<Params>", "run.node(\"pcs\")?.params()", "params[0].get(\"components\")?", "8"),
    ("ports", "Vec<(&'static str, String)>", "node.ports()", "ports", "per_unit"),
    ("notes", "Vec<String>", "node.notes()", "notes.len() < 99", "true"),
    ("seconds", "f64", "node.seconds()", "seconds > 0.0", "true"),
    ("why", "Why", "node.why()", "why", "it will not run"),
    ("value", "ventral::value::Value", "run.value(\"it.labels\")?", "value.ty()", "Labels"),
    ("graph", "Graph", "run.graph()", "graph", "by_size"),
    ("report", "Report", "run.report()?", "report.path.is_file()", "true"),
    ("text", "String", "run.recipe()?", "text.len() > 100", "true"),
    ("set", "Run", "run.set(\"components\", 5)?", "set.node(\"pcs\")?.states()", "stale"),
    ("made", "Run", "run.make(\"pcs.components\")?", "made.matrix(\"pcs.components@size=8\")?.rows()", "8"),
    ("again", "Run", "run.reload()?", "again", "A small study"),
    ("whole", "Plan", "run.plan()", "whole.nodes.len()", "10"),
    (
        "draft",
        "Draft",
        "Draft::new(\"d\").node(\"it\", \"synthetic_it\").with(\"images\", 16)",
        "draft.plan()?",
        "synthetic_it",
    ),
    ("plan", "Plan", "draft.plan()?", "Run::of(plan)", "Run of d (1 node)"),
];

/// A session that is open.
struct Session {
    child: Child,
    input: ChildStdin,
    said: Arc<Mutex<Vec<u8>>>,
    /// Whether variables need their types, for want of the standard library's sources.
    typed: bool,
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
        let mut session = Self { child, input, said, typed: false };
        // The prompt comes before the session is ready: the first cell waits for the rest.
        session.cell("1 + 1");
        session.typed = session.heard(0).contains("give variables their types");
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

/// Where the library and prepared sessions are compiled. What other tests have open may be on its way, and is left out.
fn builds() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("cache/repl");
    let mut library = fs::read_dir(root.join("target")).expect("it is prepared").flatten();
    let library = library.find_map(|host| modified(&host.path().join("debug/deps/libventral_session.so")));
    let current = format!("{:?}", library.expect("the library"));
    let slots = fs::read_dir(&root).expect("it is prepared").flatten().map(|entry| entry.path());
    let current = |slot: &PathBuf| fs::read_to_string(slot.join("prepared")).is_ok_and(|of| of == current);
    let mut builds = vec![root.join("target")];
    builds.extend(slots.filter(current).map(|slot| slot.join("ctx/target")));
    assert!(builds.len() > 2, "two sessions are prepared together: {builds:?}");
    builds
}

/// When each crate there was compiled last, but for the cells' own.
fn compiled(builds: &[PathBuf]) -> BTreeMap<PathBuf, SystemTime> {
    let mut folders = builds.to_vec();
    let mut found = BTreeMap::new();
    while let Some(folder) = folders.pop() {
        let cells = folder.file_name().is_some_and(|name| name.to_string_lossy().starts_with("ctx-"));
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten().filter(|_| !cells) {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.ends_with("invoked.timestamp") {
                found.insert(path.clone(), modified(&path).expect("a time"));
            }
        }
    }
    found
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|file| file.modified()).ok()
}

/// The cells of the notebook in the docs.
fn notebook() -> Vec<serde_json::Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/repl.ipynb");
    let text = fs::read_to_string(path).expect("the notebook");
    let notebook: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let cells = notebook["cells"].as_array().expect("cells");
    cells.iter().filter(|cell| cell["cell_type"] == "code").cloned().collect()
}

#[test]
fn the_notebook_has_outputs_and_no_persons_paths() {
    for cell in notebook() {
        let outputs = cell["outputs"].to_string();
        assert!(outputs.len() > 2 && !outputs.contains("\"error\""), "{cell}");
        for place in ["/root", "/home", "/work", "/tmp", "file://"] {
            assert!(!outputs.contains(&format!("{place}/")), "`{place}` stands in the outputs of {}", cell["source"]);
        }
    }
}

mod needs_jupyter {
    use super::*;

    #[test]
    fn a_kernel_shows_the_notebook() {
        let python = needs::jupyter();
        needs::evcxr("evcxr_jupyter");
        let source = Path::new(env!("CARGO_MANIFEST_DIR"));
        let study = quickstart();
        study.ventral(&["run", "recipes/quickstart.yaml"]).succeeded();
        // Jupyter itself is not needed: the command leaves a kernel for any.
        let mut install = study.command(&["repl", "--jupyter", "recipes/quickstart.yaml"]);
        install.env("VENTRAL_JUPYTER", "true");
        study::Ended(install.output().expect("the command starts")).succeeded();
        let output = Command::new(&python)
            .arg(source.join(".tools/notebook.py"))
            .args([source.join("docs/repl.ipynb"), "ventral-quickstart".into()])
            .args(["--inspect=run.table", "--inspect=run.table(\"by_layer\")?.only(", "--inspect=run.tabel"])
            .env("JUPYTER_PATH", source.join("cache/repl/jupyter"))
            .current_dir(study.path(""))
            .output()
            .expect("python starts");
        let ended = study::Ended(output);
        let said = ended.succeeded().out();
        let shown: Vec<serde_json::Value> =
            said.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
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
        // Shift-Tab, with the cursor behind a name.
        let help =
            |code: &str| shown.iter().find(|line| line["inspect"] == code).expect("it was asked")["shown"].to_string();
        assert!(help("run.table").contains("pub fn table(&self, reference: &str)"), "{}", help("run.table"));
        assert!(help("run.table(\"by_layer\")?.only(").contains("The rows whose cell in a column reads so"));
        assert_eq!(help("run.tabel"), "null");
    }
}

mod needs_evcxr {
    use super::*;

    #[test]
    fn a_session_explores_changes_and_is_refused_in_words() {
        needs::evcxr("evcxr");
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
        session.shows("run.matrix(\"pcs\")?", &["2 results", "pcs.scores@size=4"]);
        session.shows("run.node(\"reedout\")?", &["did you mean `readout`"]);
        session.shows("run.matrix(\"pcs.components@size=4\")?", &["make(\"pcs.components\")?"]);
        session.shows("Run::open(\"recipes/aa.yaml\")?", &["did you mean"]);
        session.shows(":doc run.table", &["pub fn table(&self, reference: &str)", "A table: "]);
        session.shows(":doc Run::set", &["pub fn set("]);
        session.shows(":vars", &["run: Run"]);

        for (name, ty, code, later, shows) in VALUES {
            // Types are told where the sources of the standard library are; by name they are known everywhere.
            let ty = if session.typed { format!(": {ty}") } else { String::new() };
            session.shows(&format!("let {name}{ty} = {code};"), &[]);
            session.shows(later, &[shows]);
        }
        session.shows("let named: Table = run.table(\"by_size\")?;", &[]);
        session.shows("named.definitions().len() > 1", &["true"]);

        let said = session.shows("let other: Run = set.run()?;", &["pcs@size=4: ran", "by_size: ran"]);
        assert!(!said.contains("it: ran"), "{said}");
        session.shows("other.matrix(\"pcs@size=8\")?.columns()", &["5"]);
        session.shows("other.save_recipe(\"recipes/mine.yaml\")?", &["recipes/mine.yaml"]);
        study.ventral(&["check", "recipes/mine.yaml"]).succeeded();
        assert_eq!(study.ventral(&["run", "recipes/mine.yaml"]).succeeded().counts(), (0, 10));
        session.shows("run.set(\"componets\", 3)?", &["did you mean `components`"]);
        session.shows("run.set(\"components\", 6)?.table(\"by_size\")?", &["is stale", "`run()?` computes it here"]);
    }

    #[test]
    fn preparing_leaves_the_first_session_nothing_to_make() {
        needs::evcxr("evcxr");
        let study = Study::with(SMALL);
        study.ventral(&["repl", "--prepare"]).succeeded();
        let builds = builds();
        let before = compiled(&builds);
        assert!(before.len() > 100, "a library is many crates: {}", before.len());
        for slot in ["1", "2"] {
            let slot = Path::new(env!("CARGO_MANIFEST_DIR")).join("cache/repl").join(slot);
            let asked = Command::new("cargo")
                .args(["metadata", "--offline", "--format-version", "1"])
                .current_dir(slot)
                .output()
                .expect("cargo starts");
            assert!(asked.status.success(), "not all is fetched: {}", String::from_utf8_lossy(&asked.stderr));
        }
        let mut session = Session::open(&study, "recipes/a.yaml");
        session.shows("run", &["A small study"]);
        let said = session.heard(0);
        assert!(!said.contains("Compiling"), "{said}");
        drop(session);
        let after = compiled(&builds);
        let again: Vec<&PathBuf> =
            before.iter().filter(|(path, time)| after.get(*path) != Some(*time)).map(|(path, _)| path).collect();
        assert!(again.is_empty(), "compiled again: {again:?}");
        let new: Vec<&PathBuf> = after.keys().filter(|path| !before.contains_key(*path)).collect();
        assert!(new.is_empty(), "compiled in another way: {new:?}");
    }

    #[test]
    fn the_page_of_questions_is_true() {
        needs::evcxr("evcxr");
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
    fn the_notebooks_cells_run() {
        needs::evcxr("evcxr");
        let study = quickstart();
        study.ventral(&["run", "recipes/quickstart.yaml"]).succeeded();
        let mut session = Session::open(&study, "recipes/quickstart.yaml");
        for cell in notebook() {
            let lines = cell["source"].as_array().expect("lines").iter().map(|line| line.as_str().expect("text"));
            session.shows(&lines.collect::<String>(), &[]);
        }
    }
}

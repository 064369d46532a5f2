//! The house's invariants, read from the syntax, so that the code cannot drift from ARCHITECTURE.md.

#[path = "house/imports.rs"]
mod imports;
#[path = "house/writes.rs"]
mod writes;

#[path = "house/names.rs"]
mod names;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use imports::Import;

/// The rooms from the roof down. A file may import from its own room and from rooms that stand below.
const FLOORS: [&str; 28] = [
    "main.rs",
    "cli",
    "prelude.rs",
    "repl",
    "live",
    "workspace",
    "report",
    "recipe",
    "worker",
    "engine",
    "nodes",
    "runtime",
    "math",
    "libtorch",
    "nets",
    "plan",
    "kind",
    "value",
    "formats",
    "base/bounds.rs",
    "base/diagnostic.rs",
    "base/stats",
    "base/text",
    "base/device.rs",
    "base/digest.rs",
    "base/system.rs",
    "lib.rs",
    "base/lib.rs",
];

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src").canonicalize().expect("the sources")
}

/// The roots of all crates: the library, the worker, and each room's `lib.rs`.
fn doors(source: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(source).expect("the sources").flatten();
    let mut doors: Vec<PathBuf> =
        entries.map(|entry| entry.path().join("lib.rs")).filter(|door| door.is_file()).collect();
    doors.extend([source.join("lib.rs"), source.join("worker/main.rs")]);
    doors.sort();
    doors
}

/// Every Rust file under a folder or at a path, with its text.
fn files(path: &Path) -> Vec<(PathBuf, String)> {
    if path.is_file() {
        return vec![(path.to_owned(), fs::read_to_string(path).expect("readable"))];
    }
    let entries = fs::read_dir(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut found: Vec<_> = entries.flatten().flat_map(|entry| files(&entry.path())).collect();
    found.retain(|(path, _)| path.extension().is_some_and(|extension| extension == "rs"));
    found
}

/// The floor that a file stands on, counted from the roof.
fn floor(file: &Path) -> usize {
    let floor = FLOORS.iter().position(|room| file.starts_with(room));
    floor.unwrap_or_else(|| panic!("{} stands in no room; FLOORS lists them", file.display()))
}

fn upward(imports: &[Import]) -> Vec<String> {
    let up = imports.iter().filter(|import| floor(&import.to) < floor(&import.from));
    up.map(|import| format!("{}:{} imports {}", import.from.display(), import.line, import.to.display())).collect()
}

#[test]
fn imports_run_only_downward() {
    let source = source();
    let found = upward(&imports::imports(&source, &doors(&source)));
    assert!(found.is_empty(), "upward:\n{}", found.join("\n"));
}

#[test]
fn no_files_import_one_another_in_a_circle() {
    let source = source();
    let all = imports::imports(&source, &doors(&source));
    assert!(all.len() > 1000, "only {} imports were found", all.len());
    let circles = imports::circles(&all);
    assert!(circles.is_empty(), "circles:\n{circles:#?}");
}

#[test]
fn every_file_stands_in_a_room() {
    let source = source();
    let known = imports::files(&source, &doors(&source));
    assert!(known.len() > 250, "only {} files were found", known.len());
    assert!(known.iter().all(|file| floor(file) < FLOORS.len()));
}

/// A house of its own, of files by name; the crates' roots are `lib.rs` and `engine/lib.rs`.
fn planted(files: &[(&str, &str)]) -> Vec<Import> {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path().canonicalize().expect("a path");
    let doors = [
        ("lib.rs", "pub use ventral_engine::engine;\n#[path = \"value/mod.rs\"]\npub mod value;\npub mod report;\n"),
        ("engine/lib.rs", "#[path = \"mod.rs\"]\npub mod engine;\n"),
    ];
    for (name, text) in doors.iter().chain(files) {
        let path = root.join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("created");
        fs::write(path, text).expect("written");
    }
    imports::imports(&root, &doors.map(|(name, _)| root.join(name)))
}

#[test]
fn imports_upward_are_found_wherever_they_are_spelled() {
    let all = planted(&[
        ("report/mod.rs", "pub mod page;\n"),
        ("report/page.rs", "use crate::value::table;\nuse ventral::engine::walk;\n"),
        ("engine/mod.rs", "pub mod walk;\npub mod plan;\n#[cfg(test)]\nmod tests {\n    use crate::report::page;\n}\n"),
        ("engine/walk.rs", "use crate::{value::{matrix::Matrix as M, table}, report::page};\n"),
        ("engine/plan.rs", "pub use super::super::report as r;\n"),
        ("value/mod.rs", "pub mod table;\npub mod matrix;\npub mod codec;\n"),
        ("value/table.rs", "fn read() {\n    let x = crate::engine::walk::mean(1);\n}\n"),
        ("value/matrix.rs", "fn f() { println!(\"{}\", [crate::report::page::X]); }\n"),
        ("value/codec.rs", "#[serde(default = \"crate::report::seed\")]\nstruct C;\n"),
    ]);
    assert_eq!(
        upward(&all),
        [
            "engine/plan.rs:1 imports report/mod.rs",
            "engine/walk.rs:1 imports report/page.rs",
            "value/codec.rs:1 imports report/mod.rs",
            "value/matrix.rs:1 imports report/page.rs",
            "value/table.rs:2 imports engine/walk.rs",
        ]
    );
}

#[test]
fn circles_are_found_also_through_parents() {
    let all = planted(&[
        ("report/mod.rs", "pub mod page;\npub mod chart;\npub struct Study;\nfn render() { page::render() }\n"),
        ("report/page.rs", "use super::chart;\n"),
        ("report/chart.rs", "impl super::Study {}\n"),
        ("engine/mod.rs", "pub mod walk;\npub mod store;\n"),
        ("engine/walk.rs", "use super::store::Store as S;\n"),
        ("engine/store.rs", "fn f(_: crate::engine::walk::Walk) {}\n"),
        // Sound: a parent that only declares, and children that use it and one another downward.
        ("value/mod.rs", "pub mod table;\npub mod codec;\npub struct Value;\n"),
        ("value/table.rs", "use super::{Value, codec};\n"),
        ("value/codec.rs", "#[cfg(test)]\nmod tests {\n    use crate::value::table;\n}\n"),
    ]);
    let circles = imports::circles(&all);
    let names: Vec<Vec<&str>> =
        circles.iter().map(|circle| circle.iter().filter_map(|file| file.to_str()).collect()).collect();
    assert_eq!(
        names,
        [vec!["engine/store.rs", "engine/walk.rs"], vec!["report/chart.rs", "report/mod.rs", "report/page.rs"]]
    );
}

/// Files that write, beside those of `engine/store`, with what they write: none of it lies in `cache/`.
const WRITERS: [(&str, &str); 15] = [
    ("cli/compare.rs", "a comparison as a page"),
    ("cli/download.rs", "weights"),
    ("cli/init.rs", "a new workspace"),
    ("cli/man.rs", "the manual's pages"),
    ("cli/pdf.rs", "a report as PDF"),
    ("cli/run.rs", "events, where asked"),
    ("cli/export/", "exports"),
    ("cli/figure/", "figures and tables"),
    ("nodes/own/script/", "a folder of its own for each program"),
    ("worker/step.rs", "the same, where nobody is left to take it away"),
    ("live/", "nothing yet"),
    ("workspace/publish.rs", "a site"),
    ("workspace/session.rs", "a report"),
    ("workspace/travel/", "locks, packs, and the workspace that one is unpacked to"),
    ("repl/", "what a session exports, and recipes"),
];

#[test]
fn only_the_store_writes_the_cache() {
    let source = source();
    let writes = |path: &str| {
        let calls = [
            "write",
            "rename",
            "create_dir",
            "create_dir_all",
            "remove_file",
            "remove_dir",
            "remove_dir_all",
            "copy",
            "hard_link",
        ];
        let opens =
            ["File::create", "File::create_new", "OpenOptions::new", "fs::symlink", "unix::fs::symlink", "symlink"];
        path.strip_prefix("fs::").or(path.strip_prefix("std::fs::")).is_some_and(|name| calls.contains(&name))
            || opens.iter().any(|open| path == *open || path.ends_with(&format!("::{open}")))
    };
    for file in imports::files(&source, &doors(&source)) {
        if file.starts_with("engine/store")
            || WRITERS.iter().any(|(known, _)| file.to_string_lossy().starts_with(known))
        {
            continue;
        }
        let mut found = writes::calls(&source.join(&file), writes);
        // The one exception asks the kernel to count anew, in /proc.
        found.retain(|_| file != Path::new("base/system.rs"));
        assert!(found.is_empty(), "{} writes: {found:?}", file.display());
    }
}

#[test]
fn the_plan_knows_no_yaml() {
    let manifest = fs::read_to_string(source().join("kind/Cargo.toml")).expect("readable");
    for word in ["serde_yaml", "saphyr"] {
        assert!(!manifest.contains(word), "the crate of `plan` depends on {word}");
    }
}

#[test]
fn only_its_room_touches_libtorchs_global_state() {
    let global = ["set_num_threads", "set_num_interop_threads", "manual_seed", "cudnn_set_benchmark", "dlopen"];
    let source = source();
    for file in imports::files(&source, &doors(&source)) {
        if !file.starts_with("libtorch") {
            let called =
                writes::calls(&source.join(&file), |path| global.contains(&path.rsplit("::").next().unwrap_or(path)));
            assert!(called.is_empty(), "{}: {called:?}", file.display());
        }
    }
}

#[test]
fn the_engine_prints_nothing() {
    for (path, text) in files(&source().join("engine")) {
        assert!(!text.contains("println!") && !text.contains("eprintln!"), "{} prints", path.display());
    }
}

/// What a kind is known by stands in its file, so that its computation stands beside: one style of the feature, once a file.
#[test]
fn the_feature_splits_a_file_at_most_once() {
    for (path, text) in files(&source()) {
        let count = text.matches("feature = \"torch\"").count();
        let lists = path.ends_with("mod.rs") || path.ends_with("lib.rs");
        assert!(count <= 2 || lists, "{} asks for the feature {count} times", path.display());
    }
}

#[test]
fn every_file_has_a_caption_and_one_idea() {
    for (path, text) in files(&source()) {
        assert!(text.starts_with("//!"), "{} has no caption", path.display());
        let lines = text.lines().count();
        assert!(lines <= 600, "{} has {lines} lines; split it", path.display());
    }
}

#[test]
fn a_kind_is_a_file_of_its_name_with_its_words() {
    for kind in ventral::nodes::registry().iter() {
        let file = source().join("nodes").join(kind.domain).join(format!("{}.rs", kind.name));
        let folder = source().join("nodes").join(kind.domain).join(kind.name).join("mod.rs");
        assert!(file.is_file() || folder.is_file(), "`{}` has no {}", kind.name, file.display());
        assert!(!kind.about.trim().is_empty(), "`{}` says nothing about itself", kind.name);
        assert!(!kind.outputs.is_empty(), "`{}` gives nothing", kind.name);
        for port in kind.inputs {
            assert!(!port.about.is_empty() && !port.types.is_empty(), "`{}.{}`", kind.name, port.name);
        }
        for port in kind.outputs {
            assert!(!port.about.is_empty(), "`{}.{}` is not documented", kind.name, port.name);
        }
        for port in kind.lazy {
            assert!(kind.output(port).is_some(), "`{}` has no port `{port}`", kind.name);
        }
        for (name, schema) in kind.param_schemas() {
            let description = schema.get("description").and_then(|d| d.as_str()).unwrap_or_default();
            assert!(!description.is_empty(), "`{}`: parameter `{name}` is not documented", kind.name);
        }
    }
}

#[test]
fn every_kinds_example_checks() {
    let registry = ventral::nodes::registry();
    for kind in registry.iter() {
        let node: serde_yaml::Value = serde_yaml::from_str(kind.example)
            .unwrap_or_else(|e| panic!("the example of `{}` is no YAML: {e}\n{}", kind.name, kind.example));
        assert!(kind.example.contains(kind.name), "the example of `{}` shows another kind", kind.name);
        let node = node.as_mapping().expect("an example is a mapping");
        let body = if node.contains_key("kind") {
            node.clone()
        } else {
            node.values().next().and_then(|v| v.as_mapping()).cloned().expect("name: {kind: …}")
        };
        let with = body.get("with").cloned().unwrap_or(serde_yaml::Value::Mapping(Default::default()));
        let params = serde_json::to_value(with).expect("JSON-like");
        let first = kind.normalise(params).unwrap_or_else(|e| panic!("`{}`: {e:?}", kind.name));
        let again = kind.normalise(first.clone()).unwrap_or_else(|e| panic!("`{}` again: {e:?}", kind.name));
        assert_eq!(first, again, "the defaults of `{}` do not parse again", kind.name);
        for (port, _) in body.get("in").and_then(|i| i.as_mapping()).into_iter().flatten() {
            let port = port.as_str().expect("a port's name");
            assert!(kind.input(port).is_some() || kind.is_shaped(), "the example of `{}` names `{port}`", kind.name);
        }
    }
}

#[test]
fn the_command_has_no_libtorch_among_its_libraries() {
    let output = Command::new(env!("CARGO_BIN_EXE_ventral"))
        .env("LD_TRACE_LOADED_OBJECTS", "1")
        .output()
        .expect("the loader lists libraries");
    let listed = String::from_utf8_lossy(&output.stdout);
    assert!(listed.contains("libc.so"), "the loader listed nothing: {listed}");
    for library in ["libtorch", "libc10", "libgomp"] {
        assert!(!listed.contains(library), "the command loads {library}:\n{listed}");
    }
}

#[test]
fn every_shipped_recipe_checks() {
    let recipes = Path::new(env!("CARGO_MANIFEST_DIR")).join("recipes");
    let mut count = 0;
    for entry in fs::read_dir(recipes).expect("recipes").flatten() {
        if entry.path().extension().is_some_and(|extension| extension == "yaml") {
            let output = Command::new(env!("CARGO_BIN_EXE_ventral")).arg("check").arg(entry.path()).output();
            let output = output.expect("the command starts");
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            count += 1;
        }
    }
    assert!(count >= 4, "only {count} recipes");
}

/// Names of kinds, ports or measures that are words of the language of recipes and pages as well, with where.
const SHARED_WORDS: [(&str, &str); 14] = [
    ("confusion", "a chart"),
    ("features", "a folder of kinds, which the manual lists after another"),
    ("images", "a chart"),
    ("linear", "the scale of a range that is searched"),
    ("output", "a word of RO-Crates"),
    ("pairs", "a chart"),
    ("responses", "a chart, and what studies explain"),
    ("scores", "the file of a comparison's numbers"),
    ("shares", "a chart"),
    ("similarity", "a chart"),
    ("spectrum", "a chart"),
    ("synthetic_it", "the kind in a hint on how nodes are written"),
    ("table", "an item of a report"),
    ("units", "what studies explain, unit by unit"),
];

/// The names of all kinds, of their outputs and of their measures, without words that are shared.
fn names_of_kinds() -> BTreeSet<&'static str> {
    let mut names = BTreeSet::new();
    for kind in ventral::nodes::registry().iter() {
        names.insert(kind.name);
        names.extend(kind.outputs.iter().map(|port| port.name));
        names.extend(kind.measures.iter().map(|measure| measure.name));
    }
    for (word, _) in SHARED_WORDS {
        assert!(names.remove(word), "`{word}` names nothing any more");
    }
    names
}

#[test]
fn who_reads_results_knows_roles_and_no_names() {
    let names = names_of_kinds();
    let rooms = ["report", "workspace", "recipe"];
    let found: Vec<String> = rooms.iter().flat_map(|room| names::named_below(&source().join(room), &names)).collect();
    assert!(found.is_empty(), "results are found by role, not by name:\n{}", found.join("\n"));
}

#[test]
fn a_planted_name_is_found() {
    let names = names_of_kinds();
    let text = r#"
        //! Not in "per_unit" docs.
        fn shown() { let table = find("per_unit"); println!("{} explained_variance_nc", table); }
        #[cfg(test)]
        mod tests { const PORT: &str = "per_unit"; }
    "#;
    let found = names::named(text, &names);
    assert_eq!(found, [(3, "per_unit".to_owned()), (3, "{} explained_variance_nc".to_owned())]);
}

#[test]
fn kinds_agree_on_what_a_measure_is() {
    let registry = ventral::nodes::registry();
    let all: Vec<_> = registry.iter().flat_map(|kind| kind.measures.iter().map(move |m| (kind.name, m))).collect();
    for (kind, measure) in &all {
        let other = all.iter().find(|(_, other)| other.name == measure.name && other != measure);
        assert_eq!(other, None, "`{}` of `{kind}`", measure.name);
        assert!(!measure.definition.is_empty(), "`{}` of `{kind}` is not defined", measure.name);
    }
}

#[test]
fn a_chart_is_a_file_with_its_words() {
    let charts = ventral::report::charts();
    for chart in charts.iter() {
        // `box` is a word of Rust.
        let file = if chart.name == "box" { "boxes" } else { chart.name };
        let path = source().join("report/charts").join(format!("{file}.rs"));
        assert!(path.is_file(), "`{}` has no {}", chart.name, path.display());
        assert!(!chart.about.is_empty() && !chart.draws.is_empty(), "`{}` says nothing of itself", chart.name);
        for option in &chart.options {
            assert!(!option.about.is_empty(), "`{}`: `{}` is not documented", chart.name, option.name);
            let first = charts.option(&option.name).expect("it was just met");
            assert_eq!(first, option, "`{}` means one thing in all charts", option.name);
        }
    }
}

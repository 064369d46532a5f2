//! The house's invariants, read from the `use` lines, so that the code cannot drift from its plan.

#[path = "house/names.rs"]
mod names;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
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

/// Lines that name a crate module, outside comments.
fn offenders(room: &str, forbidden: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for (path, text) in files(&source().join(room)) {
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            for module in forbidden {
                if code.contains(&format!("crate::{module}::")) || code.contains(&format!("crate::{module};")) {
                    found.push(format!("{}:{}: {}", path.display(), number + 1, line.trim()));
                }
            }
        }
    }
    found
}

#[track_caller]
fn never_imports(room: &str, forbidden: &[&str]) {
    let found = offenders(room, forbidden);
    assert!(found.is_empty(), "{room} must not import {forbidden:?}:\n{}", found.join("\n"));
}

#[test]
fn imports_run_only_downward() {
    never_imports("engine", &["nodes", "recipe", "report", "cli", "workspace"]);
    never_imports("recipe", &["nodes", "engine", "report", "cli", "workspace"]);
    never_imports("nodes", &["recipe", "engine", "report", "cli", "workspace"]);
    never_imports("math", &["nodes", "recipe", "engine", "report", "kind", "plan"]);
    never_imports("nets", &["nodes", "recipe", "engine", "report", "kind", "plan"]);
    never_imports("value", &["nodes", "recipe", "engine", "report", "kind", "plan"]);
    never_imports("plan.rs", &["recipe", "engine", "nodes", "report"]);
    never_imports("report", &["math", "nets", "nodes", "cli", "workspace", "publish", "live", "versus"]);
    never_imports("workspace.rs", &["cli", "publish", "live", "versus", "nodes", "repl"]);
    never_imports("workspace", &["cli", "publish", "live", "versus", "nodes", "repl"]);
    never_imports("publish.rs", &["cli", "live", "versus", "nodes", "math"]);
    never_imports("versus.rs", &["cli", "live", "publish", "report", "nodes"]);
    never_imports("contrast.rs", &["cli", "versus", "publish", "report", "nodes", "engine", "plan"]);
    never_imports("live", &["cli", "nodes", "math", "versus"]);
    never_imports("repl", &["math", "nets", "cli", "prelude"]);
}

#[test]
fn the_plan_knows_no_yaml() {
    let text = fs::read_to_string(source().join("plan.rs")).expect("readable");
    assert!(!text.contains("serde_yaml") && !text.contains("saphyr"));
}

#[test]
fn only_the_device_touches_libtorchs_global_state() {
    let global = ["set_num_threads", "set_num_interop_threads", "manual_seed", "cudnn_set_benchmark", "libc::dlopen"];
    for (path, text) in files(&source()) {
        if path.ends_with("device.rs") || path.parent().is_some_and(|parent| parent.ends_with("device")) {
            continue;
        }
        let code = text.split("mod tests {").next().unwrap_or_default();
        for word in global {
            assert!(!code.contains(word), "{} calls {word}", path.display());
        }
    }
}

#[test]
fn only_the_store_writes_the_cache() {
    let writes = ["fs::write(", "File::create(", "fs::rename(", "fs::create_dir", "fs::remove_", "OpenOptions"];
    for (path, text) in files(&source().join("engine")) {
        if path.ends_with("store.rs") || path.parent().is_some_and(|folder| folder.ends_with("store")) {
            continue;
        }
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for word in writes {
            // The one exception asks the kernel to count anew, in /proc.
            let found = code.lines().find(|line| line.contains(word) && !line.contains("/proc/"));
            assert!(found.is_none(), "{}: {}", path.display(), found.unwrap_or_default());
        }
    }
}

#[test]
fn the_engine_prints_nothing() {
    for (path, text) in files(&source().join("engine")) {
        assert!(!text.contains("println!") && !text.contains("eprintln!"), "{} prints", path.display());
    }
}

#[test]
fn every_file_has_a_caption_and_one_idea() {
    for (path, text) in files(&source()) {
        assert!(text.starts_with("//!"), "{} has no caption", path.display());
        let lines = text.lines().count();
        assert!(lines <= 700, "{} has {lines} lines; split it", path.display());
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
            assert!(kind.input(port).is_some(), "the example of `{}` names `{port}`", kind.name);
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
const SHARED_WORDS: [(&str, &str); 10] = [
    ("confusion", "a chart"),
    ("features", "a folder of kinds, which the manual lists after another"),
    ("images", "a chart"),
    ("linear", "the scale of a range that is searched"),
    ("pairs", "a chart"),
    ("responses", "a chart, and what studies explain"),
    ("scores", "the file of a comparison's numbers"),
    ("spectrum", "a chart"),
    ("synthetic_it", "the kind in a hint on how nodes are written"),
    ("table", "an item of a report"),
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

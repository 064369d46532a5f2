//! Every rule of the recipe language with what a person reads who breaks it: `diagnostics/NAME.yaml` beside `NAME.snap`.
//!
//! A first line `# set: layer=layr4 …` gives `--set` settings.

#[path = "fixtures/kinds.rs"]
mod kinds;

use std::path::Path;

use ventral::recipe::{Options, read};

#[test]
fn every_slip_is_told() {
    let registry = kinds::registry();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/diagnostics");
    let files = std::fs::read_dir(folder).expect("the folder of slips reads");
    let mut paths: Vec<_> = files.map(|file| file.expect("a file of the folder").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    paths.sort();
    for path in paths {
        let text = std::fs::read_to_string(&path).expect("a test's recipe reads");
        let stem = path.file_stem().and_then(|stem| stem.to_str()).expect("a test has a name");
        let name = format!("recipes/{stem}.yaml");
        let set = text.lines().next().and_then(|line| line.strip_prefix("# set: ")).unwrap_or_default();
        let pairs = set.split_whitespace().filter_map(|pair| pair.split_once('='));
        let set = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let shown = match read(
            Path::new(&name),
            &text,
            &registry,
            ventral::report::charts(),
            &Options { set, ..Options::default() },
        ) {
            Ok(loaded) => format!("no error, {} nodes\n\n{}", loaded.plan.nodes.len(), loaded.warnings),
            Err(errors) => errors.to_string(),
        };
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path("diagnostics");
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!(stem, shown.trim_end()));
    }
}

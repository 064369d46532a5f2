//! What the command prints, as people read it: help that teaches, the manual, and slips pointed at.
//!
//! `TRYCMD=overwrite cargo test --test cli` writes the expected texts anew.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

#[test]
fn the_command_says_what_it_said() {
    trycmd::TestCases::new().case("tests/cmd/*.trycmd").env("NO_COLOR", "1").env("COLUMNS", "100");
}

fn said(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_ventral")).args(arguments).output().expect("it starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// The commands that help lists.
fn commands() -> BTreeSet<String> {
    let help = said(&["help"]);
    let list = help.split("Commands:\n").nth(1).and_then(|rest| rest.split("\n\n").next()).expect("a list");
    let name =
        |line: &str| line.strip_prefix("  ")?.split(' ').next().filter(|name| !name.is_empty()).map(str::to_owned);
    list.lines().filter_map(name).filter(|name| name != "help").collect()
}

#[test]
fn each_command_has_a_page_in_the_manual_and_is_completed() {
    let folder = tempfile::tempdir().expect("a folder");
    let pages = folder.path().join("share/man1");
    said(&["man", pages.to_str().expect("a path")]);
    let commands = commands();
    assert!(commands.contains("run") && commands.contains("man") && commands.len() > 20, "{commands:?}");
    for command in &commands {
        let page = fs::read_to_string(pages.join(format!("ventral-{command}.1"))).expect(command);
        assert!(page.contains(&format!("ventral\\-{command}")) && page.contains(".SH SYNOPSIS"), "{page}");
    }
    assert!(fs::read_to_string(pages.join("ventral.1")).expect("the first page").contains(".TH ventral 1"));
    for shell in ["bash", "zsh", "fish"] {
        let text = said(&["completions", shell]);
        let lacking: Vec<&String> = commands.iter().filter(|command| !text.contains(command.as_str())).collect();
        assert!(lacking.is_empty(), "{shell} completes no {lacking:?}");
    }
}

#[test]
fn needs_python3_a_wheel_has_both_programs_the_helper_the_manual_and_completions() {
    let tool = Path::new(env!("CARGO_MANIFEST_DIR")).join(".tools/wheel.py");
    let listed = Command::new("python3").arg(tool).args(["--list", env!("CARGO_BIN_EXE_ventral")]).output();
    let listed = listed.expect("python3 starts");
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
    let version = env!("CARGO_PKG_VERSION");
    let (data, info) = (format!("ventral_studies-{version}.data"), format!("ventral_studies-{version}.dist-info"));
    let mut expected: BTreeSet<String> = [
        "ventral_studies/__init__.py",
        "ventral_studies/_study.py",
        "ventral_studies/py.typed",
        "ventral_studies/bin/ventral-worker",
    ]
    .map(str::to_owned)
    .into();
    expected.insert(format!("{data}/scripts/ventral"));
    for place in
        ["bash-completion/completions/ventral", "zsh/site-functions/_ventral", "fish/vendor_completions.d/ventral.fish"]
    {
        expected.insert(format!("{data}/data/share/{place}"));
    }
    for name in ["METADATA", "WHEEL", "RECORD", "licenses/LICENSE-MIT", "licenses/LICENSE-APACHE"] {
        expected.insert(format!("{info}/{name}"));
    }
    let listed: BTreeSet<String> = String::from_utf8_lossy(&listed.stdout).lines().map(str::to_owned).collect();
    let pages = format!("{data}/data/share/man/man1/");
    let (pages, others): (BTreeSet<String>, BTreeSet<String>) =
        listed.into_iter().partition(|path| path.starts_with(&pages));
    assert_eq!(others, expected);
    for command in commands() {
        assert!(pages.contains(&format!("{data}/data/share/man/man1/ventral-{command}.1")), "no page of {command}");
    }
}

//! The versions of the programs that run a person's own steps, as far as they say them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value as Json;

use crate::kind::names_file;
use crate::plan::Plan;

/// Programs that are known to say their version when asked by `--version`, and to do nothing else then.
const INTERPRETERS: [&str; 10] =
    ["python", "pypy", "Rscript", "R", "julia", "node", "ruby", "perl", "octave-cli", "bash"];

/// The interpreters that a plan's nodes start, with the first line that each says of itself.
///
/// Fails where one cannot be started. Programs that are no interpreters are not asked: who knows what they would do.
pub fn versions(plan: &Plan) -> Result<BTreeMap<String, String>, String> {
    let mut programs = BTreeSet::new();
    for node in &plan.nodes {
        for (name, value) in node.params.as_object().into_iter().flatten() {
            let first = value.as_array().and_then(|words| words.first()).and_then(Json::as_str);
            if let Some(program) = first.filter(|_| node.kind.starts(&format!("{name}.0")))
                && is_interpreter(program)
            {
                programs.insert(program.to_owned());
            }
        }
    }
    programs
        .into_iter()
        .map(|program| {
            let version = version(&program, &plan.workspace)
                .map_err(|why| format!("`{program} --version` says nothing to lock: {why}"))?;
            Ok((program, version))
        })
        .collect()
}

/// Whether a command's first word is such a program: `python3`, `/usr/bin/python3.12`; a script of the workspace is a file that is read.
fn is_interpreter(word: &str) -> bool {
    let elsewhere = word.starts_with(['/', '~']);
    let name = word.rsplit('/').next().unwrap_or(word);
    let plain = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    (elsewhere || !names_file(word)) && INTERPRETERS.contains(&plain)
}

fn version(program: &str, folder: &Path) -> Result<String, String> {
    let started = Command::new(program).arg("--version").current_dir(folder).stdin(Stdio::null()).output();
    let output = started.map_err(|error| error.to_string())?;
    // R says it on standard error.
    let text = if output.stdout.is_empty() { output.stderr } else { output.stdout };
    let text = String::from_utf8_lossy(&text);
    let line = text.lines().map(str::trim).find(|line| !line.is_empty());
    line.map(str::to_owned).ok_or_else(|| format!("it ended with {}", output.status))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interpreters_are_asked_and_other_programs_are_not() {
        for word in ["python3", "python3.12", "/usr/bin/python3", "Rscript", "julia"] {
            assert!(is_interpreter(word), "{word}");
        }
        for word in ["rm", "scripts/python", "my-tool", "scripts/x.py", "python3x"] {
            assert!(!is_interpreter(word), "{word}");
        }
    }
}

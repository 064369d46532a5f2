//! `ventral fetch`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value as Json, json};

use crate::cli::coming::Coming;
use crate::cli::download::{Download, Other};
use crate::cli::outcome::{Failure, Outcome};
use crate::cli::recipe::{chosen, open};
use crate::cli::terminal;
use crate::kind::registry::Registry;
use crate::plan::Origin;
use crate::text::amount;
use crate::workspace::Session;

/// Where a DOI leads.
const RESOLVER: &str = "https://doi.org/";
/// Zenodo's DOIs, and where a record's files lie.
const ZENODO: (&str, &str) = ("10.5281/zenodo.", "https://zenodo.org/records/");

/// Get the files whose sources a recipe names under `data`, each checked
///
/// A file goes on where an earlier attempt ended, and is put in its place only once it has the size and the SHA-256 that the recipe
/// says. One that is there already is checked, and stays. HTTPS_PROXY and NO_PROXY are followed.
#[derive(Args)]
#[command(after_help = "In a recipe:\n  \
    data:\n    data/it.h5: { from: https://example.org/it.h5, sha256: 9f86d0…, bytes: 1024 }\n    \
    data/v4.zip: { from: 10.5281/zenodo.1234567, sha256: 60303a… }      (the record's file v4.zip)\n\n\
    Examples:\n  ventral fetch recipes/v4.yaml\n  ventral fetch      (for all recipes of the workspace)")]
pub struct Fetch {
    /// The recipe file; all of the workspace's recipes unless given
    recipe: Option<PathBuf>,
    /// Print JSON: an array with an object per file
    #[arg(long)]
    json: bool,
}

impl Fetch {
    pub fn execute(self, registry: &Registry) -> Outcome {
        let recipes = chosen(self.recipe).map_err(Failure::Usage)?;
        let sessions: Result<Vec<Session>, Failure> = recipes.iter().map(|path| open(path, registry, &[])).collect();
        let sessions = sessions?;
        let wanted = wanted(&sessions)?;
        let mut failures = Vec::new();
        let mut done = Vec::new();
        for (to, (origin, workspace)) in &wanted {
            match get(origin, to) {
                Ok(fetched) => {
                    let bytes = fs::metadata(to).map_or(0, |metadata| metadata.len());
                    let shown = to.strip_prefix(workspace).unwrap_or(to).display();
                    let what = if fetched { "fetched" } else { "is there already" };
                    if !self.json {
                        terminal::print(&format!("{shown}: {what}, {}, whole by its SHA-256", amount::bytes(bytes)));
                    }
                    done.push(json!({ "file": origin.path, "from": origin.from, "fetched": fetched, "bytes": bytes }));
                }
                Err(why) => failures.push(why),
            }
        }
        if self.json {
            terminal::print_json(&Json::Array(done));
        } else if wanted.is_empty() {
            terminal::print("No recipe here names a file under `data`.");
        }
        match failures.is_empty() {
            true => Ok(()),
            false => Err(Failure::Failed(failures.join("\nerror: "))),
        }
    }
}

/// What recipes want, by where it goes. Two that say different things of one file are refused.
fn wanted(sessions: &[Session]) -> Result<BTreeMap<PathBuf, (&Origin, &Path)>, Failure> {
    let mut wanted: BTreeMap<PathBuf, (&Origin, &Path)> = BTreeMap::new();
    for session in sessions {
        for origin in &session.plan.origins {
            let workspace = session.plan.workspace.as_path();
            let (known, _) = *wanted.entry(workspace.join(&origin.path)).or_insert((origin, workspace));
            if known.sha256 != origin.sha256 {
                return Err(Failure::Usage(format!(
                    "two recipes want other files at {}: one with the SHA-256 {}, one with {}",
                    origin.path, known.sha256, origin.sha256
                )));
            }
        }
    }
    Ok(wanted)
}

fn get(origin: &Origin, to: &Path) -> Result<bool, String> {
    let url = address(&origin.from, &origin.path);
    let mut coming = Coming::new(&url);
    let download = Download { url: &url, sha256: &origin.sha256, bytes: origin.bytes, other: Other::Refused, to };
    let fetched = download.fetch(&mut |event| coming.show(event));
    coming.finish();
    fetched.map_err(|why| match url == origin.from {
        true => why,
        false => format!(
            "{why}. A DOI mostly leads to a page; where that is so, `from` takes the address of the file itself"
        ),
    })
}

/// The address behind `from`: that of a file of Zenodo's by its name in the record, or where a DOI's resolver leads.
fn address(from: &str, path: &str) -> String {
    if from.starts_with("https://") || from.starts_with("http://") {
        return from.to_owned();
    }
    let doi = from.strip_prefix("doi:").unwrap_or(from);
    let Some(record) = doi.strip_prefix(ZENODO.0) else { return format!("{RESOLVER}{doi}") };
    let own = path.rsplit('/').next().unwrap_or(path);
    // The name in the record may stand behind it.
    let (record, name) = record.split_once('/').unwrap_or((record, own));
    format!("{}{record}/files/{}?download=1", ZENODO.1, encoded(name))
}

/// A file's name as part of an address.
fn encoded(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    name.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_doi_of_zenodo_is_a_file_of_its_record() {
        let of = |from| address(from, "data/v4 a.zip");
        assert_eq!(of("https://example.org/x?y=z"), "https://example.org/x?y=z");
        assert_eq!(of("10.5281/zenodo.123"), "https://zenodo.org/records/123/files/v4%20a.zip?download=1");
        assert_eq!(of("doi:10.5281/zenodo.123/b.zip"), "https://zenodo.org/records/123/files/b.zip?download=1");
        assert_eq!(of("doi:10.1000/xyz"), "https://doi.org/10.1000/xyz");
    }
}

//! Where files come from, as a recipe's `data` says.

use std::path::{Component, Path};

use serde_json::Value as Json;

use crate::diagnostic::{Problems, quoted};
use crate::plan::Origin;
use crate::recipe::lower::suggest::suggest;
use crate::recipe::lower::variables::Variables;
use crate::recipe::syntax::tree::{Entry, Tree, Value};
use crate::recipe::wording;

/// What a file's entry may have.
const KEYS: [&str; 3] = ["from", "sha256", "bytes"];
const EXAMPLE: &str = "as in `data: { data/it.h5: { from: https://example.org/it.h5, sha256: 9f86d0…, bytes: 1024 } }`";

/// Reads the section: an origin per file.
pub fn read(entry: &Entry, variables: &Variables, problems: &mut Problems) -> Vec<Origin> {
    let Value::Map(files) = &entry.value.value else {
        if !entry.value.is_null() {
            let message =
                format!("`data` is {}; it is a map from files to where they come from", entry.value.describe());
            problems.error(entry.value.place.clone(), message).help(EXAMPLE);
        }
        return Vec::new();
    };
    files.iter().filter_map(|file| origin(file, variables, problems)).collect()
}

fn origin(file: &Entry, variables: &Variables, problems: &mut Problems) -> Option<Origin> {
    if let Some(why) = no_place(&file.key) {
        problems
            .error(file.place.clone(), format!("{} is no place for a file that is fetched: {why}", quoted(&file.key)))
            .help("it is a path within the workspace, such as `data/it.h5`");
        return None;
    }
    let Value::Map(entries) = &file.value.value else {
        let message =
            format!("{} is {}; it is a map of `from`, `sha256` and `bytes`", quoted(&file.key), file.value.describe());
        problems.error(file.value.place.clone(), message).help(EXAMPLE);
        return None;
    };
    let (mut from, mut sha256, mut bytes) = (None, None, None);
    let mut sound = true;
    for one in entries {
        if !KEYS.contains(&one.key.as_str()) {
            let problem =
                problems.error(one.place.clone(), format!("a file of `data` has no key {}", quoted(&one.key)));
            suggest(problem, &one.key, KEYS.into_iter(), "it has");
            sound = false;
            continue;
        }
        let value = if variables.check_fixed(&one.value, problems) { variables.expand(&one.value, &[]) } else { None };
        let Some(value) = value else {
            sound = false;
            continue;
        };
        let read = match one.key.as_str() {
            "from" => address(&value).map(|text| from = Some(text)),
            "sha256" => hash(&value).map(|text| sha256 = Some(text)),
            _ => value.as_u64().map(|count| bytes = Some(count)).ok_or("a whole number"),
        };
        if let Err(expected) = read {
            let message = format!("`{}` is {}; it is {expected}", one.key, wording::given(&value));
            problems.error(place(&one.value, one), message);
            sound = false;
        }
    }
    for (key, there) in [("from", from.is_some()), ("sha256", sha256.is_some())] {
        if sound && !there {
            let problem = problems.error(file.place.clone(), format!("{} has no `{key}`", quoted(&file.key)));
            match key {
                "from" => problem.help(EXAMPLE),
                _ => problem.help("what comes is checked by it; `sha256sum FILE` says it of a file that you trust"),
            };
            sound = false;
        }
    }
    let (from, sha256) = (from?, sha256?);
    sound.then(|| Origin { path: file.key.clone(), from, sha256, bytes })
}

fn place(tree: &Tree, entry: &Entry) -> std::ops::Range<usize> {
    if tree.is_null() { entry.place.clone() } else { tree.place.clone() }
}

/// Why nothing is fetched to a path.
fn no_place(path: &str) -> Option<&'static str> {
    let parts: Vec<Component<'_>> = Path::new(path).components().collect();
    let plain = |part: &Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
    if path.is_empty() || path.ends_with('/') || !parts.iter().all(plain) {
        return Some("it leaves the workspace, or names no file");
    }
    let hidden =
        |part: &Component<'_>| matches!(part, Component::Normal(name) if name.as_encoded_bytes().starts_with(b"."));
    if parts.iter().any(hidden) {
        return Some("a name in it is hidden");
    }
    let first = parts.iter().find_map(|part| match part {
        Component::Normal(name) => name.to_str(),
        _ => None,
    });
    first.filter(|first| ["cache", "reports", "recipes"].contains(first)).map(|_| "the folder is ventral's own")
}

fn address(value: &Json) -> Result<String, &'static str> {
    const EXPECTED: &str = "an address (https://…) or a DOI (10.5281/zenodo.1234567)";
    let text = value.as_str().ok_or(EXPECTED)?.trim();
    let web = ["https://", "http://"].iter().any(|scheme| text.len() > scheme.len() && text.starts_with(scheme));
    let doi = text.strip_prefix("doi:").unwrap_or(text);
    let is_doi = doi.starts_with("10.") && doi.contains('/') && !doi.contains(char::is_whitespace);
    (web || is_doi).then(|| text.to_owned()).ok_or(EXPECTED)
}

fn hash(value: &Json) -> Result<String, &'static str> {
    let text = value.as_str().unwrap_or_default().to_lowercase();
    let digits = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    digits.then_some(text).ok_or("the 64 hexadecimal digits of a SHA-256, in quotes where they read as a number")
}

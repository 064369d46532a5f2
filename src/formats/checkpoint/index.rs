//! Checkpoints in parts (*shards*): the index that says which part holds which tensor, and folders of parts.
//!
//! `model.safetensors.index.json`, and `pytorch_model.bin.index.json`, hold `{ "weight_map": { TENSOR: FILE } }`; the parts
//! are called `model-00001-of-00002.safetensors`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::formats::name_of;

/// The tensors that each file of a folder is said to hold, or all of them.
pub type Parts = BTreeMap<String, Option<BTreeSet<String>>>;

/// More bytes than any index has.
const MOST_BYTES: u64 = 1 << 26;
/// More parts than any checkpoint has.
const MOST_PARTS: usize = 10_000;
/// How an index's name ends.
const INDEX: &str = ".index.json";
/// How names end of files of torch's that are no safetensors.
const TORCH: [&str; 8] = [".bin", ".pth", ".pt", ".th", ".ckpt", ".tar", ".ot", ".pkl"];
/// How many files an error names.
const NAMED: usize = 8;

/// What a path of weights stands for.
#[derive(Debug, PartialEq)]
pub enum Source {
    /// A file of tensors.
    File(PathBuf),
    /// Files in a folder, joined.
    Parts {
        folder: PathBuf,
        parts: Parts,
        /// What says so: the index's name, or the folder's.
        by: String,
    },
}

/// A part's number and how many there are, by its file's name: 1 of 2 for `model-00001-of-00002.safetensors`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Part {
    pub number: usize,
    pub of: usize,
}

#[derive(Deserialize)]
struct Written {
    weight_map: BTreeMap<String, String>,
}

/// What a path stands for: a file as it is, an index's parts, or what a folder holds. Errors name the file.
pub fn source(path: &Path) -> Result<Source, String> {
    let cannot = |e| format!("cannot read {}: {e}", path.display());
    let is_folder = fs::metadata(path).map_err(cannot)?.is_dir();
    let file = if is_folder {
        match in_folder(path)? {
            Source::File(file) => file,
            parts => return Ok(parts),
        }
    } else {
        path.to_owned()
    };
    if !is_json(&file) {
        return Ok(Source::File(file));
    }
    let parts = read(&file)?;
    let folder = file.parent().map(Path::to_owned).unwrap_or_default();
    Ok(Source::Parts { folder, parts, by: name_of(&file) })
}

/// The files whose content an index stands for beside its own; none where the path is no index that reads.
pub fn parts_of(path: &Path) -> Vec<PathBuf> {
    if !is_json(path) {
        return Vec::new();
    }
    let parts = read(path).unwrap_or_default();
    let folder = path.parent().unwrap_or(Path::new(""));
    parts.into_keys().map(|name| folder.join(name)).collect()
}

/// The part that a file is by its name.
pub fn part(name: &str) -> Option<Part> {
    split(name).map(|(_, part, _)| part)
}

/// The index that lists a part, by its name, where it lies beside it.
pub fn index_of(part: &Path) -> Option<String> {
    let name = name_of(part);
    let (start, _, end) = split(&name)?;
    let index = format!("{start}{end}{INDEX}");
    part.with_file_name(&index).is_file().then_some(index)
}

/// Whether an index's name says that it may be one; its content says the rest.
pub fn is_json(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"))
}

/// `model`, 1 of 2, `.safetensors` of `model-00001-of-00002.safetensors`.
fn split(name: &str) -> Option<(&str, Part, &str)> {
    let (before, after) = name.rsplit_once("-of-")?;
    let (start, number) = before.rsplit_once('-')?;
    let digits = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
    let part = Part { number: number.parse().ok()?, of: after[..digits].parse().ok()? };
    let is_one = (1..=part.of).contains(&part.number) && part.of <= MOST_PARTS && number.len() == digits;
    is_one.then_some((start, part, &after[digits..]))
}

/// The parts that an index names. Errors name it.
fn read(path: &Path) -> Result<Parts, String> {
    let name = name_of(path);
    let cannot = |e| format!("cannot read {}: {e}", path.display());
    let length = fs::metadata(path).map_err(cannot)?.len();
    if length > MOST_BYTES {
        return Err(format!("{name} has {length} bytes; an index of a checkpoint in parts has at most {MOST_BYTES}"));
    }
    let bytes = fs::read(path).map_err(cannot)?;
    of_bytes(&bytes).map_err(|problem| format!("{name} {problem}"))
}

/// The problem reads on from the index's name.
pub(super) fn of_bytes(bytes: &[u8]) -> Result<Parts, String> {
    let Written { weight_map } = serde_json::from_slice(bytes).map_err(|e| {
        format!(
            "is no index of a checkpoint in parts ({e}); one has `weight_map`, the file of each tensor. Weights are \
             .safetensors, what torch.save writes, or such an index"
        )
    })?;
    if weight_map.is_empty() {
        return Err("names no tensor in its `weight_map`".to_owned());
    }
    let mut parts = Parts::new();
    for (tensor, file) in weight_map {
        let plain = Path::new(&file).file_name().is_some_and(|name| name == file.as_str());
        if !plain || file.contains(['/', '\\', '\0']) {
            return Err(format!(
                "says that tensor {tensor} is in `{}`, which is no name of a file beside it",
                file.escape_debug()
            ));
        }
        parts.entry(file).or_default().get_or_insert_default().insert(tensor);
    }
    if parts.len() > MOST_PARTS {
        return Err(format!("names {} files; a checkpoint has at most {MOST_PARTS} parts", parts.len()));
    }
    Ok(parts)
}

/// What a folder holds: an index, a file of weights, or parts that are all there; safetensors before torch's files.
fn in_folder(folder: &Path) -> Result<Source, String> {
    let cannot = |e| format!("cannot read {}: {e}", folder.display());
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(cannot)? {
        let path = entry.map_err(cannot)?.path();
        let name = name_of(&path);
        if path.is_file() && !name.starts_with('.') {
            names.push(name);
        }
    }
    names.sort();
    let safetensors = |name: &str| name.ends_with(".safetensors");
    let torch = |name: &str| TORCH.iter().any(|end| name.ends_with(end));
    let mut found = candidates(&names, &safetensors);
    let others = candidates(&names, &torch);
    // Hubs keep one network in both formats.
    if found.is_empty() || others.len() > 1 {
        found.extend(others);
    }
    // An index is meant for whoever names the folder, unless the whole of what it lists lies beside it too.
    let indices: Vec<&String> = found.iter().filter_map(Candidate::index).collect();
    if let [index] = indices.as_slice()
        && !names.iter().any(|name| index.strip_suffix(INDEX).is_some_and(|whole| whole == name))
    {
        return Ok(Source::File(folder.join(index)));
    }
    match found.as_slice() {
        [] => {}
        [Candidate::File(name)] => return Ok(Source::File(folder.join(name))),
        [Candidate::Parts(parts)] => {
            let parts = parts.iter().map(|name| (name.clone(), None)).collect();
            return Ok(Source::Parts { folder: folder.to_owned(), parts, by: name_of(folder) });
        }
        many => {
            let shown: Vec<&str> = many.iter().map(Candidate::shown).take(NAMED).collect();
            return Err(format!(
                "{} is a folder with {} sets of weights: {}{}; name the one that is meant",
                folder.display(),
                many.len(),
                shown.join(", "),
                if many.len() > NAMED { ", …" } else { "" }
            ));
        }
    }
    let parts: Vec<&str> = names.iter().filter(|name| part(name).is_some()).map(String::as_str).collect();
    let what = match parts.as_slice() {
        [] => "no file of weights in it".to_owned(),
        [first, ..] => format!(
            "{} of the {} parts of a checkpoint in it ({first}, …)",
            parts.len(),
            part(first).map_or(0, |part| part.of)
        ),
    };
    Err(format!(
        "{} is a folder with {what}; weights are a file, or a folder that holds one, or all parts of one with their index \
         (model.safetensors.index.json)",
        folder.display()
    ))
}

/// One set of weights in a folder.
enum Candidate {
    /// A file of tensors, or an index.
    File(String),
    /// Parts without an index, all of them.
    Parts(Vec<String>),
}

impl Candidate {
    fn index(&self) -> Option<&String> {
        match self {
            Self::File(name) => Some(name).filter(|name| name.ends_with(INDEX)),
            Self::Parts(_) => None,
        }
    }

    fn shown(&self) -> &str {
        match self {
            Self::File(name) => name,
            Self::Parts(names) => &names[0],
        }
    }
}

/// The sets of weights among some files: indices, files that are no parts, and parts without an index.
fn candidates(names: &[String], is_weights: &dyn Fn(&str) -> bool) -> Vec<Candidate> {
    let index = |name: &str| name.strip_suffix(INDEX).filter(|of| is_weights(of)).map(str::to_owned);
    let indexed: BTreeSet<String> = names.iter().filter_map(|name| index(name)).collect();
    let mut sets: BTreeMap<String, (usize, Vec<String>)> = BTreeMap::new();
    let mut found = Vec::new();
    for name in names {
        if index(name).is_some() {
            found.push(Candidate::File(name.clone()));
        } else if is_weights(name) {
            match split(name) {
                None => found.push(Candidate::File(name.clone())),
                Some((start, part, end)) => {
                    let whole = format!("{start}{end}");
                    if !indexed.contains(&whole) {
                        sets.entry(format!("{whole} {}", part.of))
                            .or_insert((part.of, Vec::new()))
                            .1
                            .push(name.clone());
                    }
                }
            }
        }
    }
    found.extend(sets.into_values().filter(|(of, names)| names.len() == *of).map(|(_, names)| Candidate::Parts(names)));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_told_by_their_names() {
        assert_eq!(part("model-00001-of-00002.safetensors"), Some(Part { number: 1, of: 2 }));
        assert_eq!(part("pytorch_model-00003-of-00003.bin"), Some(Part { number: 3, of: 3 }));
        for name in ["model.safetensors", "a-of-b.pth", "model-3-of-2.bin", "model-0-of-2.bin", "one-of-2.bin", "-of-"]
        {
            assert_eq!(part(name), None, "{name}");
        }
        assert_eq!(split("a-b-1-of-2"), Some(("a-b", Part { number: 1, of: 2 }, "")));
        assert_eq!(part("model-1-of-99999999999999999999999.bin"), None);
    }

    #[test]
    fn an_index_that_is_none_is_refused() {
        let refusal = |text: &str| of_bytes(text.as_bytes()).expect_err("it is refused");
        assert!(refusal("{}").starts_with("is no index of a checkpoint in parts (missing field `weight_map`"));
        assert!(refusal("[").starts_with("is no index of a checkpoint in parts"));
        assert_eq!(refusal(r#"{"weight_map": {}}"#), "names no tensor in its `weight_map`");
        for outside in ["../a.bin", "/etc/passwd", "", "..", "a/b", "a\\\\b", "."] {
            let problem = refusal(&format!(r#"{{"weight_map": {{"w": "{outside}"}}}}"#));
            assert!(problem.starts_with("says that tensor w is in `"), "{outside}: {problem}");
        }
        let deep = format!(r#"{{"weight_map": {}1{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
        assert!(refusal(&deep).starts_with("is no index"));
    }

    #[test]
    fn folders_say_what_is_in_them() {
        let folder = tempfile::tempdir().expect("a folder");
        let put = |name: &str| fs::write(folder.path().join(name), r#"{"weight_map": {"w": "m-1-of-2.safetensors"}}"#);
        let found = || source(folder.path());
        let refusal = || found().expect_err("it is refused");
        assert!(refusal().contains("is a folder with no file of weights in it"));
        put("config.json").expect("written");
        put("m-1-of-2.safetensors").expect("written");
        assert!(
            refusal().contains("1 of the 2 parts of a checkpoint in it (m-1-of-2.safetensors, …)"),
            "{}",
            refusal()
        );
        put("m-2-of-2.safetensors").expect("written");
        let Ok(Source::Parts { parts, .. }) = found() else { panic!("all parts are there") };
        assert_eq!(
            parts.into_iter().collect::<Vec<_>>(),
            [("m-1-of-2.safetensors".to_owned(), None), ("m-2-of-2.safetensors".to_owned(), None)]
        );
        put("m.safetensors.index.json").expect("written");
        put("m.bin").expect("written");
        let Ok(Source::Parts { parts, by, .. }) = found() else { panic!("the index is there") };
        assert_eq!(by, "m.safetensors.index.json");
        assert_eq!(parts["m-1-of-2.safetensors"], Some(BTreeSet::from(["w".to_owned()])));
        put("other.safetensors").expect("written");
        assert!(matches!(found(), Ok(Source::Parts { by, .. }) if by == "m.safetensors.index.json"));
        put("m.safetensors").expect("written");
        assert!(
            refusal().contains("3 sets of weights: m.safetensors, m.safetensors.index.json, other.safetensors; name"),
            "{}",
            refusal()
        );
    }
}

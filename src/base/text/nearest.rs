//! The name that a person most likely meant.

use std::fs;
use std::path::{Path, PathBuf};

/// The candidate that a person most likely meant, if any is near.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let (score, best) = candidates
        .into_iter()
        .map(|candidate| (strsim::normalized_damerau_levenshtein(word, candidate), candidate))
        .max_by(|a, b| a.0.total_cmp(&b.0))?;
    (score > 0.5 || best.starts_with(word) || word.starts_with(best)).then_some(best)
}

/// What most likely was meant by a path to nothing: the file or folder beside it that is called nearly so; within a folder that is
/// called nearly so, the same.
pub fn nearest_path(path: &Path) -> Option<PathBuf> {
    let there = path.ancestors().find(|above| above.is_dir())?;
    let mut below = path.strip_prefix(there).ok()?.components();
    let missing = below.next()?.as_os_str().to_str()?;
    let entries = fs::read_dir(there).ok()?.flatten();
    let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.retain(|name| !name.starts_with('.'));
    names.sort();
    let stem = |name: &str| Path::new(name).file_stem().and_then(|stem| stem.to_str()).map(str::to_owned);
    let same_stem = names.iter().find(|name| stem(name) == stem(missing)).map(String::as_str);
    let near = same_stem.or_else(|| nearest(missing, names.iter().map(String::as_str)))?;
    // Nothing is joined where nothing is left: that would name a folder.
    let found = below.fold(there.join(near), |at, part| at.join(part));
    found.exists().then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_meant_by_a_path_lies_beside_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("data")).expect("created");
        fs::write(at("data/responses.npy"), "").expect("written");
        for slip in ["data/response.npy", "data/responses.csv", "dta/responses.npy"] {
            assert_eq!(nearest_path(&at(slip)), Some(at("data/responses.npy")), "{slip}");
        }
        assert_eq!(nearest_path(&at("data/xyz.h5")), None);
        assert_eq!(nearest_path(&at("dta/xyz.h5")), None, "what the folder does not hold was not meant");
    }

    #[test]
    fn a_slip_is_understood_and_noise_is_not() {
        let names = ["components", "solver", "alphas"];
        assert_eq!(nearest("componets", names), Some("components"));
        assert_eq!(nearest("alpha", names), Some("alphas"));
        assert_eq!(nearest("zzz", names), None);
    }
}

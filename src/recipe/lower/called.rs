//! What swept values without names are called: paths are too long for axes, and no folder can be named by one.

use serde_json::Value as Json;

use crate::recipe::lower::sweep::Level;

/// Gives values that are paths short names, where those tell them from all other values: the file's name without its ending, else the
/// part of the path that differs. What has a name keeps it.
pub fn shortened(mut levels: Vec<Level>) -> Vec<Level> {
    let at: Vec<usize> = (0..levels.len()).filter(|&at| path(&levels[at]).is_some()).collect();
    let paths: Vec<&str> = at.iter().filter_map(|&at| path(&levels[at])).collect();
    let others: Vec<String> =
        levels.iter().filter(|level| path(level).is_none()).map(|level| level.text().to_lowercase()).collect();
    let ways: [fn(&[&str]) -> Vec<String>; 4] = [stems, differing, whole, numbered];
    let distinct = |names: &Vec<String>| {
        // Folders of some systems do not tell capitals from small letters.
        let mut seen: Vec<String> =
            names.iter().map(|name| name.to_lowercase()).chain(others.iter().cloned()).collect();
        seen.sort_unstable();
        names.iter().all(|name| !name.is_empty()) && seen.windows(2).all(|pair| pair[0] != pair[1])
    };
    if let Some(names) = ways.iter().map(|way| way(&paths)).find(distinct) {
        for (at, name) in at.into_iter().zip(names) {
            levels[at].name = Some(name);
        }
    }
    levels
}

/// A value without a name that is a path.
fn path(level: &Level) -> Option<&str> {
    match (&level.name, &level.value) {
        (None, Json::String(text)) if text.contains('/') => Some(text),
        _ => None,
    }
}

/// The last parts of paths without their endings.
fn stems(paths: &[&str]) -> Vec<String> {
    paths.iter().map(|path| typed(stem(path.trim_end_matches('/').rsplit('/').next().unwrap_or_default()))).collect()
}

/// What is left of paths without the folders at the front and the names at the end that all share.
fn differing(paths: &[&str]) -> Vec<String> {
    let parts: Vec<Vec<&str>> =
        paths.iter().map(|path| path.split('/').filter(|part| !matches!(*part, "" | ".")).collect()).collect();
    let shared = |from_end: bool| {
        let part = |parts: &Vec<&str>, at: usize| -> Option<String> {
            let at = if from_end { parts.len().checked_sub(at + 1)? } else { at };
            parts.get(at).map(|part| (*part).to_owned())
        };
        (0..)
            .take_while(|&at| parts[0].len() > at && parts.iter().all(|other| part(other, at) == part(&parts[0], at)))
            .count()
    };
    if parts.is_empty() {
        return Vec::new();
    }
    let (front, end) = (shared(false), shared(true));
    let name = |parts: &Vec<&str>| {
        let end = parts.len().saturating_sub(end);
        let part = parts.get(front.min(end)..end).unwrap_or_default();
        let (last, folders) = part.split_last().map_or(("", part), |(last, folders)| (*last, folders));
        typed(&folders.iter().copied().chain([stem(last)]).collect::<Vec<_>>().join("-"))
    };
    parts.iter().map(name).collect()
}

/// Whole paths, as they can be typed.
fn whole(paths: &[&str]) -> Vec<String> {
    paths
        .iter()
        .map(|path| typed(&path.split('/').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")))
        .collect()
}

/// The same with a number each.
fn numbered(paths: &[&str]) -> Vec<String> {
    whole(paths).into_iter().zip(1..).map(|(name, number)| format!("{name}-{number}")).collect()
}

/// A file's name without its ending, which has letters and at most twelve characters.
fn stem(name: &str) -> &str {
    match name.rsplit_once('.') {
        Some((stem, ending))
            if !stem.is_empty() && ending.len() <= 12 && ending.starts_with(|c: char| c.is_ascii_alphabetic()) =>
        {
            stem
        }
        _ => name,
    }
}

/// A name as a folder and a reference can have it.
fn typed(name: &str) -> String {
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '+');
    let name: String = name.chars().map(|c| if fits(c) { c } else { '_' }).collect();
    name.trim_start_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn called(values: &[&str]) -> Vec<String> {
        let levels = values.iter().map(|value| Level::plain(json!(value))).collect();
        shortened(levels).iter().map(Level::text).collect()
    }

    #[test]
    fn paths_are_called_by_what_tells_them_apart() {
        assert_eq!(called(&["data/ada.npy", "data/bea.npy"]), ["ada", "bea"]);
        assert_eq!(called(&["weights/x.safetensors", "random"]), ["x", "random"]);
        assert_eq!(called(&["data/s1/rates.h5", "data/s2/rates.h5"]), ["s1", "s2"]);
        assert_eq!(called(&["a/s1/v4.h5", "a/s1/it.h5", "a/s2/it.h5"]), ["s1-v4", "s1-it", "s2-it"]);
        assert_eq!(called(&["one/day 1.npy", "https://host/day2.npy"]), ["day_1", "day2"]);
        assert_eq!(called(&["data/run.0.5", "data/run.1.5"]), ["run.0.5", "run.1.5"]);
        assert_eq!(called(&["layer1", "layer2"]), ["layer1", "layer2"]);
        assert_eq!(called(&["data/"]), ["data"]);
    }

    #[test]
    fn no_two_values_are_called_the_same() {
        assert_eq!(called(&["a/x.npy", "a/x.csv"]), ["a-x.npy", "a-x.csv"]);
        assert_eq!(called(&["a/x.npy", "x"]), ["a-x.npy", "x"]);
        assert_eq!(called(&["a/X.npy", "b/x.npy"]), ["a-X", "b-x"]);
        assert_eq!(called(&["a/b c", "a/b_c"]), ["a-b_c-1", "a-b_c-2"]);
    }

    #[test]
    fn given_names_stay() {
        let level = Level { value: json!("weights/x.safetensors"), name: Some("trained".to_owned()) };
        assert_eq!(shortened(vec![level])[0].text(), "trained");
    }
}

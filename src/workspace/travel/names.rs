//! Names in a pack: which may stand there, where a recipe's paths come to lie, what results are called.

use std::path::{Component, Path};

/// Folders of a workspace that are a pack's own, and files at its root that are.
const OWN: [&str; 6] = ["cache", "reports", "results", "ro-crate-metadata.json", "ventral-pack.json", "README.md"];
/// The most characters of a result's file name before its extension.
const LONGEST: usize = 120;

/// Why a name cannot stand in a pack: it must stay in its folder wherever it is unpacked.
pub fn problem(name: &str) -> Option<&'static str> {
    let drive = name.as_bytes().get(1) == Some(&b':') && name.as_bytes()[0].is_ascii_alphabetic();
    if name.starts_with('/') || drive {
        return Some("it is an absolute path");
    }
    if name.contains('\\') || name.chars().any(char::is_control) {
        return Some("it has a backslash or a control character");
    }
    let parts = || name.split('/');
    if parts().any(|part| part == "..") {
        return Some("it leaves the folder by `..`");
    }
    parts().any(|part| part.is_empty() || part == ".").then_some("it is no plain path")
}

/// Where a path that a recipe writes lies in a pack: at the same place, as long as that is in the workspace and not the pack's own.
pub fn place(workspace: &Path, written: &str) -> Option<String> {
    let path = Path::new(written);
    let path = if path.is_absolute() { path.strip_prefix(workspace).ok()? } else { path };
    let mut parts: Vec<&str> = Vec::new();
    for part in path.components() {
        match part {
            Component::Normal(part) => parts.push(part.to_str()?),
            Component::CurDir => {}
            Component::ParentDir => drop(parts.pop()?),
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    let first = parts.first()?;
    (!OWN.contains(first) && *first != "~").then(|| parts.join("/"))
}

/// A result's file name: letters, digits and few signs, the same for the same text.
pub fn file_name(text: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._-@=,+".contains(c) { c } else { '-' };
    let name: String = text.chars().map(plain).collect();
    if name.len() <= LONGEST && name == text {
        return name;
    }
    // Two texts may come to one name.
    let digest = crate::digest::Digest::of(text.as_bytes()).short();
    format!("{}-{digest}", &name[..name.len().min(LONGEST)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_leave_their_folder_are_refused() {
        for name in ["/etc/passwd", "../x", "a/../../x", "C:/x", "c:x", "a\\b", "", "a//b", "./a", "a/.", "a/", "a\nb"]
        {
            assert!(problem(name).is_some(), "{name:?}");
        }
        for name in ["a", "a/b.csv", "..a/b", "reports/v4@layer=x/index.html", "a b/c:d", ".hidden"] {
            assert_eq!(problem(name), None, "{name:?}");
        }
    }

    #[test]
    fn paths_in_the_workspace_keep_their_place() {
        let place = |written| place(Path::new("/home/me/study"), written);
        assert_eq!(place("data/x.csv").as_deref(), Some("data/x.csv"));
        assert_eq!(place("./data/../data/x.csv").as_deref(), Some("data/x.csv"));
        assert_eq!(place("/home/me/study/data/x.csv").as_deref(), Some("data/x.csv"));
        for elsewhere in ["../shared/x.csv", "/data/x.csv", "~/x.csv", "cache/x.csv", "data/../../x.csv"] {
            assert_eq!(place(elsewhere), None, "{elsewhere}");
        }
    }

    #[test]
    fn results_are_called_after_their_nodes() {
        assert_eq!(file_name("scores.summary@layer=features.9"), "scores.summary@layer=features.9");
        let (a, b) = (file_name("scores@a=x/y"), file_name("scores@a=x y"));
        assert!(a != b && a.starts_with("scores@a=x-y-"), "{a} {b}");
    }
}

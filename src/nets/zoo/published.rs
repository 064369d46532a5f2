//! The weights that makers of networks publish: the file of each, and the hash that tells it is whole.
//!
//! torchvision's are those of its `IMAGENET1K_V1`; the others are their authors'.

use crate::nets::zoo::catalogue;
use crate::nets::zoo::catalogue::TORCHVISION;

/// A published file.
#[derive(Clone, Debug, PartialEq)]
pub struct Published {
    /// The architecture; none for a file that is known by its name alone.
    pub model: Option<&'static str>,
    pub file: String,
    /// The folder that it lies in, with a slash at its end.
    pub folder: String,
    /// How the SHA-256 of its content begins, or all of it, in hexadecimal digits.
    pub sha256: String,
}

/// SHA-256 of files whose names carry none. Published by many who use them, alike.
const HASHES: [(&str, &str); 2] = [
    ("dinov2_vitb14_pretrain.pth", "0b8b82f85de91b424aded121c7e1dcc2b7bc6d0adeea651bf73a13307fad8c73"),
    ("dinov2_vits14_pretrain.pth", "b938bf1bc15cd2ec0feacfe3a1bb553fe8ea9ca46a7e1d8d00217f29aef60cd9"),
];

/// The file of every architecture that has one, by the architecture's name.
pub fn files() -> impl Iterator<Item = Published> {
    catalogue::architectures().map(|architecture| Published {
        model: Some(architecture.name),
        file: architecture.file.to_owned(),
        folder: architecture.folder.to_owned(),
        sha256: hash_of(architecture.file).expect("each has a hash").to_owned(),
    })
}

/// The file that is meant by an architecture's name or its own; files of other names that carry a hash lie where
/// torchvision's do, its second versions among them.
pub fn find(name: &str) -> Option<Published> {
    let known = files().find(|published| published.model == Some(name) || published.file == name);
    known.or_else(|| {
        let sha256 = hash_of(name)?.to_owned();
        Some(Published { model: None, file: name.to_owned(), folder: TORCHVISION.to_owned(), sha256 })
    })
}

/// What the name of a file promises of its content: `0676ba61` of `resnet50-0676ba61.pth`, as torch.hub reads it.
fn hash_of(file: &str) -> Option<&str> {
    if let Some((_, hash)) = HASHES.iter().find(|(named, _)| *named == file) {
        return Some(hash);
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let (stem, _) = file.rsplit_once('.').filter(|_| file.chars().all(plain))?;
    let (_, hash) = stem.rsplit_once('-')?;
    let is_hash = (8..=64).contains(&hash.len()) && hash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    is_hash.then_some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_architecture_has_a_file_with_a_hash() {
        assert_eq!(files().count(), catalogue::architectures().count());
        assert!(files().all(|published| published.folder.starts_with("https://") && published.folder.ends_with('/')));
    }

    #[test]
    fn files_are_found_by_model_and_by_name() {
        let found = find("resnet50").expect("it is published");
        assert_eq!((found.file.as_str(), found.sha256.as_str()), ("resnet50-0676ba61.pth", "0676ba61"));
        assert_eq!(find("resnet50-0676ba61.pth"), Some(found));
        let second = find("resnet50-11ad3fa6.pth").expect("torchvision's second version");
        assert_eq!((second.model, second.folder.as_str()), (None, TORCHVISION));
        for name in ["resnet50.pth", "resnet51", "../x-0676ba61.pth", "x-0676ba6g.pth", "-", "a-0676ba61", ""] {
            assert_eq!(find(name), None, "{name}");
        }
    }
}

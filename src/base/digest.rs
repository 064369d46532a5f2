//! Content addresses: BLAKE3 over bytes, files and canonical JSON.

use std::fmt;
use std::fs::File;
use std::io;
use std::path::Path;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A 256-bit BLAKE3 digest, written as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of bytes in memory.
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }

    /// The digest of a JSON value; equal values have equal digests whatever the order of their keys.
    pub fn of_json(value: &serde_json::Value) -> Self {
        let mut hasher = blake3::Hasher::new();
        hash_json(value, &mut hasher);
        Self::from(hasher)
    }

    /// The digest of a file's content, read through a memory map on all threads.
    pub fn of_file(path: &Path) -> io::Result<Self> {
        // `update_mmap_rayon` alone would report a folder as empty content.
        if File::open(path)?.metadata()?.is_dir() {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, "is a folder"));
        }
        let mut hasher = blake3::Hasher::new();
        hasher.update_mmap_rayon(path)?;
        Ok(Self::from(hasher))
    }

    /// The first 12 digits: enough for people to tell digests apart.
    pub fn short(&self) -> String {
        self.to_string()[..12].to_owned()
    }

    /// The first eight bytes as a number, for compact sets of identities.
    pub fn prefix(&self) -> u64 {
        u64::from_le_bytes(self.0[..8].try_into().expect("a digest has 32 bytes"))
    }
}

/// Objects are hashed with sorted keys, so that a reordered recipe keeps its keys.
fn hash_json(value: &serde_json::Value, hasher: &mut blake3::Hasher) {
    use serde_json::Value::{Array, Object};
    match value {
        Array(items) => {
            hasher.update(b"[");
            for item in items {
                hash_json(item, hasher);
                hasher.update(b",");
            }
            hasher.update(b"]");
        }
        Object(fields) => {
            let mut names: Vec<&String> = fields.keys().collect();
            names.sort();
            hasher.update(b"{");
            for name in names {
                hasher.update(serde_json::Value::from(name.as_str()).to_string().as_bytes());
                hasher.update(b":");
                hash_json(&fields[name], hasher);
                hasher.update(b",");
            }
            hasher.update(b"}");
        }
        scalar => {
            hasher.update(scalar.to_string().as_bytes());
        }
    }
}

impl From<blake3::Hasher> for Digest {
    fn from(hasher: blake3::Hasher) -> Self {
        Self(*hasher.finalize().as_bytes())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&blake3::Hash::from_bytes(self.0).to_hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({})", self.short())
    }
}

impl FromStr for Digest {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let hash = blake3::Hash::from_hex(text).map_err(|e| format!("`{text}` is no digest: {e}"))?;
        Ok(Self(*hash.as_bytes()))
    }
}

impl TryFrom<String> for Digest {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_order_of_keys_does_not_matter_but_that_of_items_does() {
        assert_eq!(Digest::of_json(&json!({"a": 1, "b": [1, 2]})), Digest::of_json(&json!({"b": [1, 2], "a": 1})));
        assert_ne!(Digest::of_json(&json!([1, 2])), Digest::of_json(&json!([2, 1])));
        assert_ne!(Digest::of_json(&json!([[1], 2])), Digest::of_json(&json!([[1, 2]])));
    }

    #[test]
    fn digests_survive_their_text() {
        let digest = Digest::of(b"ventral");
        assert_eq!(digest.to_string().parse::<Digest>(), Ok(digest));
        assert!("xyz".parse::<Digest>().is_err());
    }
}

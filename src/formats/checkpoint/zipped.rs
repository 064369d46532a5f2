//! What `torch.save` has written since version 1.6, and TorchScript with it: a zip archive, its entries stored plainly.
//!
//! `NAME/data.pkl` is the pickle, `NAME/data/KEY` are the storages, `NAME/byteorder` says how their numbers lie.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::ops::Range;

use zip::{CompressionMethod, ZipArchive};

use crate::formats::checkpoint::tensor::{Contents, place_all};
use crate::formats::checkpoint::values::Storage;
use crate::formats::checkpoint::{pickle, state};

/// Reads such an archive; the bytes are the file's.
pub fn read(bytes: &[u8]) -> Result<Contents, String> {
    let mut archive = Archive::open(bytes)?;
    let folder = archive.folder()?;
    let pickle = format!("{folder}{PICKLE}");
    let order = format!("{folder}byteorder");
    if archive.archive.index_for_name(&order).is_some() {
        let order = archive.entry(&order)?;
        if bytes[order.clone()].trim_ascii() != b"little" {
            let order = String::from_utf8_lossy(&bytes[order]).chars().take(20).collect::<String>();
            return Err(format!("is of byte order `{}`; only little-endian files are read", order.trim()));
        }
    }
    let pickle = archive.entry(&pickle)?;
    let values = pickle::read(&bytes[pickle])?;
    let found = state::groups(&values)?;
    let mut ranges: BTreeMap<&str, Range<usize>> = BTreeMap::new();
    let groups = place_all(&values, found, |storage: &Storage<'_>, key| {
        if let Some(range) = ranges.get(key) {
            return Ok(range.clone());
        }
        let range = archive.entry(&format!("{folder}data/{key}"))?;
        let said = usize::try_from(storage.count).ok().and_then(|count| count.checked_mul(storage.unit()));
        if said.is_none_or(|said| said > range.len()) {
            return Err(format!(
                "is truncated: storage `{key}` is said to have {} numbers, but {} bytes are there",
                storage.count,
                range.len()
            ));
        }
        ranges.insert(key, range.clone());
        Ok(range)
    })?;
    Ok(Contents { groups, skipped: state::skipped(&values) })
}

/// The entry that says what the others are.
pub(super) const PICKLE: &str = "data.pkl";

pub(super) struct Archive<'a> {
    bytes: &'a [u8],
    pub(super) archive: ZipArchive<Cursor<&'a [u8]>>,
}

impl<'a> Archive<'a> {
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self, String> {
        let archive = ZipArchive::new(Cursor::new(bytes)).map_err(|e| format!("is damaged or no zip archive: {e}"))?;
        Ok(Self { bytes, archive })
    }

    /// What stands in front of its entries' names: `NAME/`, or nothing.
    pub(super) fn folder(&self) -> Result<String, String> {
        let pickles = self.archive.file_names().filter(|name| *name == PICKLE || name.ends_with("/data.pkl"));
        let pickle = pickles.min_by_key(|name| (name.matches('/').count(), name.len()));
        let pickle = pickle.ok_or("is a zip archive, but holds no data.pkl as torch.save writes it")?;
        Ok(pickle.strip_suffix(PICKLE).expect("it ends so").to_owned())
    }

    /// Where an entry's bytes lie, once they are known to be whole.
    pub(super) fn entry(&mut self, name: &str) -> Result<Range<usize>, String> {
        let entry = self.archive.by_name(name).map_err(|e| format!("is damaged: its entry {name}: {e}"))?;
        if entry.compression() != CompressionMethod::Stored || entry.encrypted() {
            return Err(format!(
                "was packed again: its entry {name} is compressed, as torch.save never does; unpack it and save it in \
                 Python once more"
            ));
        }
        let start = usize::try_from(entry.data_start()).ok();
        let range = start.zip(usize::try_from(entry.size()).ok());
        let range = range.and_then(|(start, length)| Some(start..start.checked_add(length)?));
        let range = range.filter(|range| range.end <= self.bytes.len());
        let range = range.ok_or_else(|| format!("is truncated: its entry {name} ends beyond it"))?;
        // torch may be told to write no checksums; it leaves them 0.
        if entry.crc32() != 0 && entry.crc32() != crc32fast::hash(&self.bytes[range.clone()]) {
            return Err(format!("is damaged: its entry {name} is not what its checksum says"));
        }
        Ok(range)
    }
}

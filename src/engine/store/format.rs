//! A record as text: `{"checksum":"DIGEST","record":{…}}`, on one line, where DIGEST is BLAKE3 over the bytes of the record's
//! JSON as they stand there, fields in the order in which `Record` declares them and no blanks.
//!
//! Records of before had no checksum, and in each output the stat of its object on the host that made it. They are read still.

use serde::Deserialize;

use crate::digest::Digest;
use crate::engine::record::Record;
use crate::engine::store::stat::Stat;

const HEAD: &[u8] = b"{\"checksum\":\"";
const NECK: &[u8] = b"\",\"record\":";
const TAIL: &[u8] = b"}";
/// Hexadecimal digits of a checksum.
const DIGITS: usize = 64;

/// What a record's text was.
#[derive(Debug)]
pub(super) enum Read {
    Now(Record),
    /// As it was written before there were checksums, with the stats of its objects in the order of outputs.
    Before(Record, Vec<Option<Stat>>),
}

/// A record's text.
pub(super) fn text(record: &Record) -> Vec<u8> {
    let body = serde_json::to_vec(record).expect("records serialise");
    let checksum = Digest::of(&body).to_string();
    [HEAD, checksum.as_bytes(), NECK, &body, TAIL].concat()
}

/// The record that a text is; else what is wrong with it.
pub(super) fn read(text: &[u8]) -> Result<Read, String> {
    let wrong = |error: serde_json::Error| format!("it does not read ({error})");
    let Some(rest) = text.strip_prefix(HEAD) else {
        let record: Record = serde_json::from_slice(text).map_err(wrong)?;
        let Stats { outputs } = serde_json::from_slice(text).map_err(wrong)?;
        return Ok(Read::Before(record, outputs.into_iter().map(|output| output.stat).collect()));
    };
    let (checksum, rest) = rest.split_at_checked(DIGITS).ok_or("it ends too early")?;
    let body = rest.strip_prefix(NECK).and_then(|rest| rest.strip_suffix(TAIL)).ok_or("it ends too early")?;
    if Digest::of(body).to_string().as_bytes() != checksum {
        return Err("its checksum is that of other content".to_owned());
    }
    serde_json::from_slice(body).map(Read::Now).map_err(wrong)
}

/// What else a record of before had.
#[derive(Deserialize)]
struct Stats {
    outputs: Vec<Output>,
}

#[derive(Deserialize)]
struct Output {
    #[serde(default)]
    stat: Option<Stat>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::record::{Provenance, Stored};
    use crate::value::ty::Type;

    fn record() -> Record {
        let digest = Digest::of(b"bytes");
        Record {
            key: Digest::of(b"key"),
            kind: "ridge".to_owned(),
            version: 4,
            ingredients: [("kind".to_owned(), "ridge".into())].into(),
            outputs: vec![Stored { port: "fit".to_owned(), key: None, ty: Type::Fit, digest, bytes: 12 }],
            provenance: Provenance { seconds: 0.147_606_713, ..Provenance::default() },
            lazy: Vec::new(),
            notes: vec!["said".to_owned()],
        }
    }

    #[test]
    fn a_text_reads_as_its_record_and_any_other_byte_is_seen() {
        let whole = text(&record());
        assert!(matches!(read(&whole), Ok(Read::Now(read)) if read == record()));
        for at in 0..whole.len() {
            let mut other = whole.clone();
            other[at] ^= 1;
            assert!(read(&other).is_err(), "byte {at}: {}", String::from_utf8_lossy(&other));
            assert!(read(&whole[..at]).is_err(), "cut at {at}");
        }
        assert!(read(b"").is_err());
    }

    #[test]
    fn what_a_digit_says_cannot_be_changed_without_its_checksum() {
        let text = String::from_utf8(text(&record())).expect("JSON");
        let other = text.replace("\"bytes\":12", "\"bytes\":13");
        assert_eq!(read(other.as_bytes()).expect_err("damaged"), "its checksum is that of other content");
    }

    #[test]
    fn a_record_of_before_reads_with_its_stats() {
        let mut before = serde_json::to_value(record()).expect("it serialises");
        before["outputs"][0]["stat"] = serde_json::json!({ "bytes": 12, "mtime": 1, "ctime": 2, "inode": 3 });
        let Ok(Read::Before(read, stats)) = read(before.to_string().as_bytes()) else { panic!("it reads") };
        assert_eq!(read, record());
        assert_eq!(stats, [Some(Stat { bytes: 12, mtime: 1, ctime: 2, inode: 3 })]);
    }
}

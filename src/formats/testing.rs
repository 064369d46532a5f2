//! Committed archives of small files, for tests.

use std::collections::BTreeMap;
use std::io::Read;

use crate::formats::fixtures::fixture;

/// The members of a committed zip archive by name.
pub(crate) fn archive(name: &str) -> BTreeMap<String, Vec<u8>> {
    let file = std::fs::File::open(fixture(name)).expect("a fixture");
    let mut archive = zip::ZipArchive::new(file).expect("a zip archive");
    let mut members = BTreeMap::new();
    for at in 0..archive.len() {
        let mut member = archive.by_index(at).expect("a member");
        let mut bytes = Vec::new();
        member.read_to_end(&mut bytes).expect("it reads");
        members.insert(member.name().to_owned(), bytes);
    }
    members
}

//! The archive of a pack: written whole and always alike, and opened by somebody who trusts nobody.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

use crate::engine::away::MANIFEST;
use crate::text::amount;
use crate::workspace::travel::manifest::{CACHE, Content, Manifest, VERSION};
use crate::workspace::travel::names;
use crate::workspace::travel::sha;
use crate::workspace::travel::sha::{Hashing, Interruptible};

/// A manifest is larger in no study: some hundred bytes a file.
const MANIFEST_UP_TO: u64 = 256 << 20;
/// How much larger than its archive a pack may be, beside what small ones may have: text comes to a tenth.
const RATIO: u64 = 100;
const SMALL: u64 = 256 << 20;
/// What every file's header in the directory of an archive begins with, and the bytes of its fixed part.
const HEADER: ([u8; 4], usize) = (*b"PK\x01\x02", 46);

/// What a file of a pack is made of.
#[derive(Clone, Debug)]
pub enum Source {
    Text(Vec<u8>),
    File(PathBuf),
}

impl Source {
    /// Its size and digest.
    pub fn content(&self, interrupted: &AtomicBool) -> Result<Content, String> {
        match self {
            Self::Text(text) => sha::of(&mut text.as_slice()).map_err(|error| error.to_string()),
            Self::File(path) => {
                sha::of_file(path, interrupted).map_err(|error| format!("cannot pack {}: {error}", path.display()))
            }
        }
    }

    fn starts(&self) -> bool {
        let Self::File(path) = self else { return false };
        path.metadata().is_ok_and(|metadata| metadata.permissions().mode() & 0o111 != 0)
    }
}

/// Writes an archive: sorted, without times and owners, under its name only once it is whole. `known` has what each file is to hold; one
/// that changed since is refused. Gives the archive's size.
pub fn write(
    target: &Path,
    contents: &BTreeMap<String, Source>,
    known: &BTreeMap<String, Content>,
    interrupted: &AtomicBool,
) -> Result<u64, String> {
    let cannot = |error: &dyn std::fmt::Display| format!("cannot write {}: {error}", target.display());
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let scratch = tempfile::Builder::new().prefix(".ventral-pack-").tempfile_in(folder).map_err(|e| cannot(&e))?;
    let mut zip = ZipWriter::new(io::BufWriter::with_capacity(1 << 18, scratch.as_file()));
    for (name, source) in contents {
        let bytes = known.get(name).map_or(0, |content| content.bytes);
        // Results are numbers, which hardly shrink.
        let method = if name.starts_with(CACHE) { CompressionMethod::Stored } else { CompressionMethod::Deflated };
        let options = SimpleFileOptions::default()
            .compression_method(method)
            .last_modified_time(DateTime::default())
            .unix_permissions(if source.starts() { 0o755 } else { 0o644 })
            .large_file(bytes >= u64::from(u32::MAX));
        zip.start_file(name.as_str(), options).map_err(|e| cannot(&e))?;
        let mut hashing = Hashing::new(&mut zip);
        match source {
            Source::Text(text) => hashing.write_all(text).map_err(|e| cannot(&e))?,
            Source::File(path) => {
                let unreadable = |error: io::Error| format!("cannot pack {}: {error}", path.display());
                let inner = BufReader::with_capacity(1 << 18, File::open(path).map_err(unreadable)?);
                let mut file = Interruptible { inner, interrupted };
                io::copy(&mut file, &mut hashing).map_err(|e| cannot(&e))?;
            }
        }
        let content = hashing.content();
        if known.get(name).is_some_and(|known| *known != content) {
            return Err(format!("`{name}` changed while it was packed; pack again"));
        }
    }
    let written = zip.finish().map_err(|e| cannot(&e))?;
    written.into_inner().map_err(|e| cannot(&e.error()))?.sync_all().map_err(|e| cannot(&e))?;
    let bytes = scratch.as_file().metadata().map_err(|e| cannot(&e))?.len();
    scratch.as_file().set_permissions(PermissionsExt::from_mode(0o644)).map_err(|e| cannot(&e))?;
    scratch.persist(target).map_err(|e| cannot(&e.error))?;
    Ok(bytes)
}

/// A pack that was found sound, as far as its directory tells.
pub struct Opened {
    path: PathBuf,
    zip: ZipArchive<BufReader<File>>,
    pub manifest: Manifest,
}

/// What a pack says of itself.
pub fn read_manifest(path: &Path) -> Result<Manifest, String> {
    let mut zip = open_zip(path)?;
    let why = format!("{} is no pack of `ventral pack`", path.display());
    let entry = zip.by_name(MANIFEST).map_err(|_| format!("{why}: it has no {MANIFEST}"))?;
    let mut text = Vec::new();
    entry.take(MANIFEST_UP_TO).read_to_end(&mut text).map_err(|error| format!("{}: {error}", path.display()))?;
    let form: Form =
        serde_json::from_slice(&text).map_err(|error| format!("{why}: its {MANIFEST} is damaged: {error}"))?;
    if form.pack != VERSION {
        return Err(format!(
            "{} is a pack of form {}, and this ventral reads form {VERSION}; a newer one unpacks it",
            path.display(),
            form.pack
        ));
    }
    serde_json::from_slice(&text).map_err(|error| format!("{why}: its {MANIFEST} is damaged: {error}"))
}

#[derive(serde::Deserialize)]
struct Form {
    pack: u32,
}

fn open_zip(path: &Path) -> Result<ZipArchive<BufReader<File>>, String> {
    let file = File::open(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    ZipArchive::new(BufReader::new(file))
        .map_err(|_| format!("{} is no zip archive, or one that is cut short; get it again", path.display()))
}

impl Opened {
    /// Opens a pack. Refused are files under names that leave its folder or stand twice, links, files that it does not list or lacks,
    /// and more bytes than `up_to`, which by default are a hundred times the archive's.
    pub fn open(path: &Path, up_to: Option<u64>) -> Result<Self, String> {
        let manifest = read_manifest(path)?;
        let mut zip = open_zip(path)?;
        let refuse = |why: String| Err(format!("{} is refused: {why}. Nothing was unpacked", path.display()));
        if zip.offset() != 0 {
            return refuse("something stands in front of the archive".to_owned());
        }
        if listed(path, zip.central_directory_start()) != zip.len() {
            return refuse("a name stands in it twice".to_owned());
        }
        let (mut present, mut ranges) = (BTreeMap::new(), Vec::new());
        for at in 0..zip.len() {
            let entry = zip.by_index_raw(at).map_err(|error| format!("{}: {error}", path.display()))?;
            let name = String::from_utf8_lossy(entry.name_raw()).into_owned();
            let plain = name.strip_suffix('/').filter(|_| entry.is_dir()).unwrap_or(&name);
            if let Some(why) = names::problem(plain) {
                return refuse(format!("the name `{}` cannot stand in a pack: {why}", name.escape_debug()));
            }
            let kind = entry.unix_mode().map_or(0, |mode| mode & 0o170_000);
            if entry.is_symlink() || ![0, 0o100_000, 0o040_000].contains(&kind) {
                return refuse(format!("`{name}` is a link or a special file"));
            }
            if entry.encrypted() {
                return refuse(format!("`{name}` is encrypted"));
            }
            if !entry.is_dir() {
                ranges.push((entry.data_start(), entry.data_start().saturating_add(entry.compressed_size())));
                present.insert(name, entry.size());
            }
        }
        ranges.sort_unstable();
        if ranges.windows(2).any(|pair| pair[1].0 < pair[0].1) {
            return refuse("files in it overlap".to_owned());
        }
        let archive = path.metadata().map_or(0, |metadata| metadata.len());
        let limit = up_to.unwrap_or(SMALL.max(RATIO.saturating_mul(archive)));
        let all = present.values().fold(0_u64, |all, bytes| all.saturating_add(*bytes));
        if all > limit {
            return refuse(format!(
                "it comes to {}, {} times the archive's own size; `--up-to` allows more than {}",
                amount::bytes(all),
                all / archive.max(1),
                amount::bytes(limit)
            ));
        }
        for (name, bytes) in &present {
            match manifest.files.get(name) {
                None if name == MANIFEST => {}
                None => return refuse(format!("`{name}` is in it, and its {MANIFEST} does not list it")),
                Some(known) if known.bytes != *bytes => {
                    return refuse(format!("`{name}` has {bytes} bytes, and {} are listed", known.bytes));
                }
                Some(_) => {}
            }
        }
        if let Some(name) = manifest.files.keys().find(|name| !present.contains_key(*name)) {
            return refuse(format!("`{name}` is listed, and is not in it"));
        }
        Ok(Self { path: path.to_owned(), zip, manifest })
    }

    /// Hands every file to a function: its name, whether it may be started, and its bytes, which are held to their digest at the end.
    pub fn each(
        &mut self,
        interrupted: &AtomicBool,
        take: &mut dyn FnMut(&str, bool, &mut dyn Read) -> Result<(), String>,
    ) -> Result<(), String> {
        let names: Vec<String> = self.manifest.files.keys().cloned().chain([MANIFEST.to_owned()]).collect();
        for name in names {
            let damaged = |why: &str| {
                format!("{}: `{name}` {why}. Nothing was unpacked; get the pack again", self.path.display())
            };
            let entry = self.zip.by_name(&name).map_err(|_| damaged("cannot be read"))?;
            let starts = entry.unix_mode().is_some_and(|mode| mode & 0o111 != 0);
            let known = self.manifest.files.get(&name);
            // One byte more than it is to have tells that there are more.
            let limit = known.map_or(MANIFEST_UP_TO, |known| known.bytes.saturating_add(1));
            let mut checked =
                Checked { inner: entry.take(limit), interrupted, hashing: Hashing::new(io::sink()), broken: false };
            let taken = take(&name, starts, &mut checked);
            if checked.broken {
                return Err(damaged("is damaged: its bytes do not unpack"));
            }
            taken?;
            if known.is_some_and(|known| *known != checked.hashing.content()) {
                return Err(damaged("has another SHA-256 than the pack says"));
            }
        }
        Ok(())
    }
}

/// A reader that hashes what it reads, and remembers that it failed.
struct Checked<'a, R> {
    inner: R,
    interrupted: &'a AtomicBool,
    hashing: Hashing<io::Sink>,
    broken: bool,
}

impl<R: Read> Read for Checked<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.interrupted.load(Ordering::Relaxed) {
            return Err(io::Error::other("interrupted"));
        }
        let count = self.inner.read(buffer).inspect_err(|_| self.broken = true)?;
        self.hashing.write_all(&buffer[..count])?;
        Ok(count)
    }
}

/// How many files the directory of an archive lists: the reader keeps one of each name.
fn listed(path: &Path, start: u64) -> usize {
    let count = || -> io::Result<usize> {
        let mut file = BufReader::new(File::open(path)?);
        file.seek(SeekFrom::Start(start))?;
        let mut count = 0;
        loop {
            let mut header = [0; HEADER.1];
            if file.read_exact(&mut header).is_err() || header[..4] != HEADER.0 {
                return Ok(count);
            }
            let length = |at: usize| i64::from(u16::from_le_bytes([header[at], header[at + 1]]));
            file.seek_relative(length(28) + length(30) + length(32))?;
            count += 1;
        }
    };
    count().unwrap_or(0)
}

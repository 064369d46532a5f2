//! Which objects this host knows to hold the bytes of their names, by their stat: a cache of its own for each host, since
//! inodes and times of one host mean nothing on another.
//!
//! `cache/local/HOST/objects` has a line per time that an object was written or hashed: name, bytes, mtime, ctime, inode.
//! Lines are only ever added, each in one write, by the command and its workers alike; the last one of a name counts. What is
//! lost there costs hashing objects once more, never truth.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use crate::engine::store::stat::Stat;
use crate::system;

/// The stats of objects that this host has seen whole; read when first asked.
#[derive(Debug)]
pub struct Stats {
    root: PathBuf,
    /// Told once it is needed: who only opens a store asks for no host's name.
    path: OnceLock<PathBuf>,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// How much of the file was read.
    read: u64,
    stats: HashMap<String, Stat>,
}

impl Stats {
    /// This host's, of a cache folder.
    pub(super) fn of(root: &Path) -> Self {
        Self { root: root.to_owned(), path: OnceLock::new(), known: Mutex::default() }
    }

    fn path(&self) -> &Path {
        self.path.get_or_init(|| self.root.join("local").join(host()).join("objects"))
    }

    /// Whether an object of a name was seen whole with this very stat.
    pub(super) fn knows(&self, name: &str, stat: Stat) -> bool {
        let mut known = self.known();
        if known.stats.get(name) == Some(&stat) {
            return true;
        }
        // Workers and other runs of this host add lines, too.
        known.read_on(self.path());
        known.stats.get(name) == Some(&stat)
    }

    /// Remembers that an object was seen whole. What cannot be written is hashed again another time.
    pub(super) fn note(&self, name: &str, stat: Stat) {
        let mut known = self.known();
        if known.stats.insert(name.to_owned(), stat) != Some(stat) {
            let _ = self.append(&line(name, &stat));
        }
    }

    /// Forgets all objects but some: what is gone needs no line.
    pub(super) fn keep_only(&self, keep: impl Fn(&str) -> bool) {
        let mut known = self.known();
        known.read_on(self.path());
        known.stats.retain(|name, _| keep(name));
        let text: String = known.stats.iter().map(|(name, stat)| line(name, stat)).collect();
        let scratch = self.path().with_extension(format!("{}.new", std::process::id()));
        if !self.path().is_file() {
            return;
        }
        if fs::write(&scratch, &text).and_then(|()| fs::rename(&scratch, self.path())).is_ok() {
            known.read = text.len() as u64;
        }
    }

    fn append(&self, line: &str) -> io::Result<()> {
        let open = || OpenOptions::new().append(true).create(true).open(self.path());
        let mut file = open().or_else(|_| {
            fs::create_dir_all(self.path().parent().expect("the file lies in its host's folder"))?;
            open()
        })?;
        file.write_all(line.as_bytes())
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// Reads the lines that came since; all of them where the file was written anew.
    fn read_on(&mut self, path: &Path) {
        let Ok(mut file) = File::open(path) else { return };
        let length = file.metadata().map_or(0, |metadata| metadata.len());
        if length < self.read {
            self.read = 0;
        }
        if length == self.read {
            return;
        }
        let mut text = Vec::new();
        if file.seek(SeekFrom::Start(self.read)).is_err() || file.read_to_end(&mut text).is_err() {
            return;
        }
        // A line that is being written is read another time.
        let whole = text.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
        self.read += whole as u64;
        for line in String::from_utf8_lossy(&text[..whole]).lines() {
            if let Some((name, stat)) = parsed(line) {
                self.stats.insert(name.to_owned(), stat);
            }
        }
    }
}

fn line(name: &str, stat: &Stat) -> String {
    format!("{name} {} {} {} {}\n", stat.bytes, stat.mtime, stat.ctime, stat.inode)
}

fn parsed(line: &str) -> Option<(&str, Stat)> {
    let mut words = line.split(' ');
    let name = words.next()?;
    let stat = Stat {
        bytes: words.next()?.parse().ok()?,
        mtime: words.next()?.parse().ok()?,
        ctime: words.next()?.parse().ok()?,
        inode: words.next()?.parse().ok()?,
    };
    words.next().is_none().then_some((name, stat))
}

/// This host's name, as a folder may be called.
fn host() -> String {
    let name = system::host();
    let harmless = |c: char| if c.is_ascii_alphanumeric() || c == '-' || c == '_' { c } else { '_' };
    let name: String = name.trim().chars().map(harmless).collect();
    if name.is_empty() { "localhost".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_process_notes_another_reads_and_torn_lines_count_for_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let (ours, theirs) = (Stats::of(folder.path()), Stats::of(folder.path()));
        let stat = |inode| Stat { bytes: 3, mtime: 1, ctime: 2, inode };
        assert!(!ours.knows("a.x", stat(7)), "nothing is there");
        theirs.note("a.x", stat(7));
        assert!(ours.knows("a.x", stat(7)));
        theirs.note("a.x", stat(8));
        assert!(ours.knows("a.x", stat(8)) && !ours.knows("a.x", stat(7)));
        ours.append("b.x 1 2").expect("written");
        assert!(!theirs.knows("b.x", stat(1)));
        ours.append("\nc.x 3 1 2 9\n").expect("written");
        assert!(theirs.knows("c.x", stat(9)));
        ours.keep_only(|name| name == "c.x");
        assert!(ours.knows("c.x", stat(9)) && theirs.knows("c.x", stat(9)));
        assert_eq!(fs::read_to_string(ours.path()).expect("it reads"), "c.x 3 1 2 9\n");
    }
}

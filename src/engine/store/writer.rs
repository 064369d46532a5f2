//! Objects on their way into the store: written, hashed on the way, and moved into place; long ones can be gone on with.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Read, Seek, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::digest::Digest;
use crate::engine::record::Stored;
use crate::engine::store::folder::Folder;
use crate::engine::store::objects::{Incoming, Output};
use crate::engine::store::stat::Stat;
use crate::engine::store::stats::Stats;
use crate::value::ty::Type;

/// The error with the folder that it concerns: of several disks, which one is full?
fn placed(root: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", root.display()))
}

struct Hashed {
    file: File,
    root: PathBuf,
    hasher: blake3::Hasher,
    bytes: u64,
}

impl Write for Hashed {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let written = self.file.write(buffer).map_err(|e| placed(&self.root, &e))?;
        if written >= 1 << 17 {
            self.hasher.update_rayon(&buffer[..written]);
        } else {
            self.hasher.update(&buffer[..written]);
        }
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// An object on its way: hashed as it is written; deleted unless it is stored, or was marked to be gone on with.
pub(super) struct ObjectWriter {
    file: Option<BufWriter<Hashed>>,
    path: PathBuf,
    folder: Arc<Folder>,
    stats: Arc<Stats>,
    port: String,
    key: Option<String>,
    ty: Type,
    marks: Option<Marks>,
}

impl ObjectWriter {
    /// An object at a path where there is none.
    pub(super) fn create(
        path: PathBuf,
        folder: &Arc<Folder>,
        stats: &Arc<Stats>,
        output: Output<'_>,
    ) -> io::Result<Self> {
        let root = folder.root().to_owned();
        let file = OpenOptions::new().write(true).create_new(true).open(&path).map_err(|e| placed(&root, &e))?;
        let hashed = Hashed { file, root, hasher: blake3::Hasher::new(), bytes: 0 };
        Ok(Self::of(hashed, path, (folder, stats), output, None))
    }

    /// An object that may have been begun at a path; gives the bytes that it goes on after.
    pub(super) fn resume(
        path: PathBuf,
        folder: &Arc<Folder>,
        stats: &Arc<Stats>,
        output: Output<'_>,
    ) -> io::Result<(Self, u64)> {
        let (marks, known) = Marks::open(&path)?;
        let root = folder.root().to_owned();
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let file = file.map_err(|e| placed(&root, &e))?;
        let mut hashed = Hashed { file, root, hasher: blake3::Hasher::new(), bytes: 0 };
        let marks = marks.replay(&known, &mut hashed)?;
        let done = hashed.bytes;
        Ok((Self::of(hashed, path, (folder, stats), output, Some(marks)), done))
    }

    fn of(
        hashed: Hashed,
        path: PathBuf,
        (folder, stats): (&Arc<Folder>, &Arc<Stats>),
        output: Output<'_>,
        marks: Option<Marks>,
    ) -> Self {
        Self {
            file: Some(BufWriter::with_capacity(1 << 20, hashed)),
            path,
            folder: Arc::clone(folder),
            stats: Arc::clone(stats),
            port: output.port.to_owned(),
            key: output.key.map(str::to_owned),
            ty: output.ty,
            marks,
        }
    }
}

impl Incoming for ObjectWriter {
    fn mark(&mut self) -> io::Result<()> {
        let file = self.file.as_mut().expect("not stored yet");
        file.flush()?;
        let hashed = file.get_ref();
        match &mut self.marks {
            None => Ok(()),
            Some(marks) => marks.add(hashed.bytes, &hashed.hasher),
        }
    }

    fn store(mut self: Box<Self>) -> io::Result<Stored> {
        let hashed = self.file.take().expect("stored once").into_inner().map_err(io::IntoInnerError::into_error)?;
        let Hashed { file, hasher, bytes, .. } = hashed;
        file.set_permissions(fs::Permissions::from_mode(0o444))?;
        drop(file);
        let output = Output { port: &self.port, key: self.key.as_deref(), ty: self.ty };
        let stored = output.stored(Digest::from(hasher), bytes);
        let name = stored.object();
        let place = self.folder.object(&name);
        // Over an object of that name, if there is one: these bytes are known to be right.
        if fs::rename(&self.path, &place).is_err() {
            fs::create_dir_all(place.parent().expect("objects lie in folders"))?;
            fs::rename(&self.path, &place)?;
        }
        self.stats.note(&name, Stat::from(&fs::metadata(&place)?));
        if let Some(marks) = self.marks.take() {
            marks.forget();
        }
        Ok(stored)
    }
}

impl Write for ObjectWriter {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.file.as_mut().expect("not stored yet").write(buffer)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_mut().expect("not stored yet").flush()
    }
}

impl Drop for ObjectWriter {
    fn drop(&mut self) {
        let Some(file) = self.file.take() else { return };
        // Without what the buffer holds: it is beyond the last mark.
        drop(file.into_parts());
        if self.marks.as_ref().is_none_or(|marks| marks.known == 0) {
            let _ = fs::remove_file(&self.path);
            if let Some(marks) = self.marks.take() {
                marks.forget();
            }
        }
    }
}

/// How far a partial object is known to be whole: a line per mark, with the bytes until there and the digest of all of
/// them. The file is locked while somebody writes.
struct Marks {
    path: PathBuf,
    file: File,
    /// Bytes until the last mark.
    known: u64,
}

impl Marks {
    /// Opens the marks of an object, and gives those it has: ends and digests, ascending.
    fn open(object: &Path) -> io::Result<(Self, Vec<(u64, Digest)>)> {
        let path = object.with_extension("marks");
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(&path)?;
        // A killed run's worker ends a moment after it.
        let mut tries = 0;
        while let Err(error) = file.try_lock() {
            tries += 1;
            if tries > 100 {
                return Err(io::Error::other(format!("{}: somebody else writes it ({error})", path.display())));
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        let known = text.lines().map_while(|line| {
            let (bytes, digest) = line.split_once(' ')?;
            Some((bytes.parse().ok()?, digest.parse().ok()?))
        });
        let known = known.collect();
        Ok((Self { path, file, known: 0 }, known))
    }

    /// Hashes the object's bytes again, up to the last mark that they agree with; what follows it is cut off.
    fn replay(mut self, known: &[(u64, Digest)], hashed: &mut Hashed) -> io::Result<Self> {
        let mut kept = String::new();
        let mut buffer = vec![0; 1 << 22];
        for (end, digest) in known {
            let mut hasher = hashed.hasher.clone();
            let mut at = hashed.bytes;
            while at < *end {
                let length = (buffer.len() as u64).min(end - at) as usize;
                if hashed.file.read_exact(&mut buffer[..length]).is_err() {
                    break;
                }
                hasher.update_rayon(&buffer[..length]);
                at += length as u64;
            }
            if at != *end || Digest::from(hasher.clone()) != *digest {
                break;
            }
            (hashed.hasher, hashed.bytes) = (hasher, at);
            kept.push_str(&format!("{end} {digest}\n"));
        }
        hashed.file.set_len(hashed.bytes)?;
        hashed.file.seek(io::SeekFrom::Start(hashed.bytes))?;
        self.file.set_len(0)?;
        self.file.write_all(kept.as_bytes())?;
        self.known = hashed.bytes;
        Ok(self)
    }

    fn add(&mut self, bytes: u64, hasher: &blake3::Hasher) -> io::Result<()> {
        self.known = bytes;
        writeln!(self.file, "{bytes} {}", Digest::from(hasher.clone()))
    }

    fn forget(self) {
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begun(root: &Path) -> (Box<ObjectWriter>, u64) {
        let (folder, stats) = (Arc::new(Folder::read_only(root)), Arc::new(Stats::of(root)));
        let output = Output { port: "x", key: None, ty: Type::Matrix };
        let (writer, done) = ObjectWriter::resume(root.join("partial"), &folder, &stats, output).expect("it opens");
        (Box::new(writer), done)
    }

    #[test]
    fn a_begun_object_goes_on_after_its_last_mark() {
        let folder = tempfile::tempdir().expect("a folder");
        let (mut writer, done) = begun(folder.path());
        assert_eq!(done, 0);
        writer.write_all(b"header").expect("written");
        writer.mark().expect("marked");
        writer.write_all(b" one").expect("written");
        writer.mark().expect("marked");
        writer.write_all(b" half of").expect("written");
        drop(writer);
        let (mut writer, done) = begun(folder.path());
        assert_eq!(done, 10);
        writer.write_all(b" two").expect("written");
        let stored = writer.store().expect("stored");
        assert_eq!((stored.bytes, stored.digest), (14, Digest::of(b"header one two")));
        let object = Folder::read_only(folder.path()).object(&stored.object());
        assert_eq!(fs::read(object).expect("it reads"), b"header one two");
        assert!(!folder.path().join("partial.marks").exists());
    }

    #[test]
    fn what_was_damaged_is_written_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let (mut writer, _) = begun(folder.path());
        for part in [b"aaaa", b"bbbb", b"cccc"] {
            writer.write_all(part).expect("written");
            writer.mark().expect("marked");
        }
        drop(writer);
        fs::write(folder.path().join("partial"), b"aaaabbXbcccc").expect("damaged");
        assert_eq!(begun(folder.path()).1, 4);
        fs::write(folder.path().join("partial"), b"aa").expect("cut short");
        assert_eq!(begun(folder.path()).1, 0);
    }

    #[test]
    fn nothing_is_left_of_an_object_without_marks() {
        let folder = tempfile::tempdir().expect("a folder");
        let (mut writer, _) = begun(folder.path());
        writer.write_all(b"header").expect("written");
        drop(writer);
        assert_eq!(fs::read_dir(folder.path()).expect("it reads").count(), 0);
    }
}

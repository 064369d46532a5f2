//! SHA-256, the digest that everybody's tools print: of a stream on its way, and of a file.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use sha2::{Digest, Sha256};

use crate::workspace::travel::manifest::Content;

/// A writer that hands on what it is given, and knows its digest at the end.
pub struct Hashing<W> {
    inner: W,
    hasher: Sha256,
    bytes: u64,
}

impl<W: Write> Hashing<W> {
    pub fn new(inner: W) -> Self {
        Self { inner, hasher: Sha256::new(), bytes: 0 }
    }

    /// What went through.
    pub fn content(self) -> Content {
        let sha256 = self.hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Content { bytes: self.bytes, sha256 }
    }
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.inner.write(bytes)?;
        self.hasher.update(&bytes[..count]);
        self.bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// A reader that ends where the person says so.
pub struct Interruptible<'a, R> {
    pub inner: R,
    pub interrupted: &'a AtomicBool,
}

impl<R: Read> Read for Interruptible<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.interrupted.load(Ordering::Relaxed) {
            return Err(io::Error::other("interrupted"));
        }
        self.inner.read(buffer)
    }
}

/// What a stream holds.
pub fn of(content: &mut dyn Read) -> io::Result<Content> {
    let mut hashing = Hashing::new(io::sink());
    io::copy(content, &mut hashing)?;
    Ok(hashing.content())
}

/// What a file holds.
pub fn of_file(path: &Path, interrupted: &AtomicBool) -> io::Result<Content> {
    let inner = io::BufReader::with_capacity(1 << 18, File::open(path)?);
    of(&mut Interruptible { inner, interrupted })
}

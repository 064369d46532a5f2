//! An output that a computation streams into a store.

use std::io;
use std::io::Write;

use crate::engine::record::Stored;
use crate::engine::store::objects::Incoming;
use crate::kind::Sink;

/// A streamed object that reports where it was stored.
pub struct StreamedObject<F: FnMut(Stored) + Send> {
    object: Box<dyn Incoming>,
    stored: F,
}

impl<F: FnMut(Stored) + Send> StreamedObject<F> {
    /// Calls `stored` once the object lies in its place.
    pub fn new(object: Box<dyn Incoming>, stored: F) -> Self {
        Self { object, stored }
    }
}

impl<F: FnMut(Stored) + Send> Write for StreamedObject<F> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.object.write(buffer)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.object.flush()
    }
}

impl<F: FnMut(Stored) + Send> Sink for StreamedObject<F> {
    fn mark(&mut self) -> io::Result<()> {
        self.object.mark()
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        let Self { object, mut stored } = *self;
        stored(object.store()?);
        Ok(())
    }
}

//! The numbers of a `.npy` file where they lie: mapped into memory, read in parts.

use std::fs::File;
use std::io::Cursor;
use std::ops::Range;
use std::path::Path;

use memmap2::Mmap;

use crate::formats::array::Order;
use crate::formats::element::Element;
use crate::formats::name_of;
use crate::formats::npy::header::{Header, Type};

/// Numbers in row-major order.
pub struct Mapped {
    map: Mmap,
    /// Bytes before the first number.
    start: usize,
    pub element: Element,
    pub shape: Vec<usize>,
}

impl Mapped {
    /// Maps a file; none where its numbers lie in another order, or are none: then `read` turns them, or says why not.
    pub fn open(path: &Path) -> Result<Option<Self>, String> {
        let name = name_of(path);
        let cannot = |e: std::io::Error| format!("cannot read {}: {e}", path.display());
        let file = File::open(path).map_err(cannot)?;
        // SAFETY: like every input, the file is not changed while a node reads it; its digest was just taken.
        let map = unsafe { Mmap::map(&file) }.map_err(cannot)?;
        let mut cursor = Cursor::new(&map[..]);
        let header = Header::read(&mut cursor).map_err(|problem| format!("{name} {problem}"))?;
        let start = usize::try_from(cursor.position()).expect("it lies in memory");
        let Header { element: Type::Number(element), order: Order::RowMajor, shape } = header else { return Ok(None) };
        let bytes = shape.iter().try_fold(element.size, |product, &n| product.checked_mul(n));
        let there = map.len() - start;
        match bytes {
            Some(bytes) if bytes <= there => Ok(Some(Self { map, start, element, shape })),
            Some(bytes) => {
                Err(format!("{name} is truncated: its shape needs {bytes} bytes of numbers, but {there} are there"))
            }
            None => Err(format!("{name} has a shape beyond all memory")),
        }
    }

    /// Some of the numbers, counted in row-major order.
    pub fn numbers(&self, range: Range<usize>) -> Vec<f32> {
        let size = self.element.size;
        let bytes = &self.map[self.start + range.start * size..self.start + range.end * size];
        self.element.decode(bytes).expect("the header gives sizes that exist")
    }
}

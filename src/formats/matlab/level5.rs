//! MATLAB's files of version 5, 6 and 7: elements with a tag each, of which 7 compresses every variable.
//!
//! The format: <https://www.mathworks.com/help/pdf_doc/matlab/matfile_format.pdf>. `matrw` 0.1.4 wants a comma in the
//! header that SciPy does not write, and panics at what is damaged; `matfile` 0.5.0 reads no structs and no cells.

use std::io::Read;

use flate2::read::ZlibDecoder;

use crate::formats::element::{Element, Kind};
use crate::formats::matlab::variable::Variable;

const HEADER: usize = 128;
/// Structs and cells nest less deeply than this.
const DEEPEST: usize = 32;
const COMPRESSED: u32 = 15;
const MATRIX: u32 = 14;

/// All variables of a file, by name; the one that is wanted, if any. Problems read on from the file's name.
pub fn read(bytes: &[u8], wanted: Option<&str>) -> Result<Vec<(String, Variable)>, String> {
    let big_endian = matches!(bytes.get(126..128), Some(b"MI"));
    let mut part = Part { bytes: bytes.get(HEADER..).unwrap_or_default(), big_endian };
    let mut found = Vec::new();
    while !part.bytes.is_empty() {
        let (kind, content) = part.element(false).ok_or("is truncated or damaged: a variable ends early")?;
        let inflated;
        let content = match kind {
            COMPRESSED => {
                inflated = inflate(content, big_endian, wanted)?;
                match &inflated {
                    Some(inflated) => inflated.as_slice(),
                    None => continue,
                }
            }
            MATRIX => content,
            _ => continue,
        };
        let mut part = Part { bytes: content, big_endian };
        let head = part.head().ok_or("is damaged: a variable has no name and size")?;
        // MATLAB's own bookkeeping has no name.
        if head.name.is_empty() || wanted.is_some_and(|wanted| wanted != head.name) {
            continue;
        }
        let variable =
            part.variable(&head, 0).ok_or_else(|| format!("is damaged: its variable `{}` ends early", head.name))?;
        found.push((head.name, variable));
    }
    Ok(found)
}

/// A compressed variable without its tag; `None` where another is wanted.
fn inflate(bytes: &[u8], big_endian: bool, wanted: Option<&str>) -> Result<Option<Vec<u8>>, String> {
    let damaged = |e: std::io::Error| format!("is damaged: a variable does not inflate: {e}");
    let mut reader = ZlibDecoder::new(bytes);
    let mut start = Vec::new();
    reader.by_ref().take(4096).read_to_end(&mut start).map_err(damaged)?;
    let head = start.get(8..).and_then(|bytes| Part { bytes, big_endian }.head());
    if let (Some(head), Some(wanted)) = (&head, wanted)
        && head.name != wanted
    {
        return Ok(None);
    }
    let length = start.get(4..8).map(|length| Part { bytes: length, big_endian }.word()).unwrap_or_default();
    let length = length.ok_or("is damaged: a variable is empty")? as usize;
    if (length + 8) as u64 > start.len() as u64 {
        reader.take((length + 8 - start.len()) as u64).read_to_end(&mut start).map_err(damaged)?;
    }
    start.drain(..8.min(start.len()));
    start.truncate(length);
    Ok(Some(start))
}

/// What stands before a variable's content.
struct Head {
    class: u32,
    complex: bool,
    shape: Vec<usize>,
    name: String,
}

/// What is still to be read of an element.
struct Part<'a> {
    bytes: &'a [u8],
    big_endian: bool,
}

impl<'a> Part<'a> {
    fn word(&self) -> Option<u32> {
        let word = *self.bytes.first_chunk::<4>()?;
        Some(if self.big_endian { u32::from_be_bytes(word) } else { u32::from_le_bytes(word) })
    }

    /// The next element's type and content. Elements inside others are filled up to 8 bytes.
    fn element(&mut self, padded: bool) -> Option<(u32, &'a [u8])> {
        let first = self.word()?;
        // Short elements have type and length in one word, and the content in the next.
        if first >> 16 != 0 {
            let length = (first >> 16) as usize;
            let content = self.bytes.get(4..8)?.get(..length)?;
            self.bytes = &self.bytes[8..];
            return Some((first & 0xffff, content));
        }
        let length = Part { bytes: self.bytes.get(4..)?, big_endian: self.big_endian }.word()? as usize;
        let content = self.bytes.get(8..)?.get(..length)?;
        let end = if padded { (8 + length).next_multiple_of(8) } else { 8 + length };
        self.bytes = self.bytes.get(end..).unwrap_or_default();
        Some((first, content))
    }

    fn words(&self, bytes: &[u8]) -> Vec<u32> {
        let word = |word: &[u8; 4]| if self.big_endian { u32::from_be_bytes(*word) } else { u32::from_le_bytes(*word) };
        bytes.as_chunks::<4>().0.iter().map(word).collect()
    }

    fn head(&mut self) -> Option<Head> {
        let (_, flags) = self.element(true)?;
        let flags = *self.words(flags).first()?;
        if flags & 0xff == 17 {
            // An opaque object has names of its own instead of a size.
            let (_, name) = self.element(true)?;
            let name = String::from_utf8_lossy(name).into_owned();
            return Some(Head { class: 17, complex: false, shape: vec![], name });
        }
        let (_, sides) = self.element(true)?;
        let shape: Vec<usize> = self.words(sides).into_iter().map(|side| side as usize).collect();
        let (_, name) = self.element(true)?;
        let name = String::from_utf8_lossy(name).into_owned();
        Some(Head { class: flags & 0xff, complex: flags & 0x800 != 0, shape, name })
    }

    /// What stands behind a head; `None` where it is cut short or contradicts it.
    fn variable(&mut self, head: &Head, depth: usize) -> Option<Variable> {
        let count = head.shape.iter().try_fold(1_usize, |product, &n| product.checked_mul(n))?;
        let shape = head.shape.clone();
        if depth > DEEPEST {
            return None;
        }
        match head.class {
            1 => {
                let cells = (0..count).map(|_| self.inner(depth)).collect::<Option<_>>()?;
                Some(Variable::Cells { shape, cells })
            }
            2 => self.structs(shape, count, depth),
            3 | 16 | 17 => Some(Variable::Other("is an object or function of MATLAB's; save its numbers as an array")),
            4 => self.letters(shape, count),
            5 => Some(Variable::Other("is a sparse matrix; save `full(x)`")),
            6..=15 if head.complex => {
                Some(Variable::Other("holds complex numbers; save `real(x)`, `imag(x)` or `abs(x)`"))
            }
            6..=15 => {
                let (kind, content) = self.element(true)?;
                let element = self.number(kind)?;
                let bytes = content.get(..count.checked_mul(element.size)?)?.to_vec();
                Some(Variable::Numbers { shape, element, bytes })
            }
            _ => Some(Variable::Other("is of a class that is not known")),
        }
    }

    /// An element that is a variable without a name; an empty one stands for an empty array.
    fn inner(&mut self, depth: usize) -> Option<Variable> {
        let (kind, content) = self.element(true)?;
        if kind != MATRIX {
            return None;
        }
        if content.is_empty() {
            let element = Element::little(Kind::Float, 8);
            return Some(Variable::Numbers { shape: vec![0, 0], element, bytes: vec![] });
        }
        let mut part = Part { bytes: content, big_endian: self.big_endian };
        let head = part.head()?;
        part.variable(&head, depth + 1)
    }

    fn structs(&mut self, shape: Vec<usize>, count: usize, depth: usize) -> Option<Variable> {
        let (_, length) = self.element(true)?;
        let length = *self.words(length).first()? as usize;
        let (_, names) = self.element(true)?;
        let name = |name: &[u8]| String::from_utf8_lossy(name).split('\0').next().unwrap_or_default().to_owned();
        let mut fields: Vec<(String, Vec<Variable>)> =
            names.chunks_exact(length.max(1)).map(|bytes| (name(bytes), Vec::new())).collect();
        if fields.is_empty() {
            return Some(Variable::Structs { shape, fields });
        }
        for _ in 0..count {
            for (_, values) in &mut fields {
                values.push(self.inner(depth)?);
            }
        }
        Some(Variable::Structs { shape, fields })
    }

    fn letters(&mut self, shape: Vec<usize>, count: usize) -> Option<Variable> {
        // An empty string has no content at all.
        let (kind, content) = if count == 0 { (16, [].as_slice()) } else { self.element(true)? };
        let letters: Vec<char> = match kind {
            16 => String::from_utf8_lossy(content).chars().collect(),
            4 | 17 => {
                let unit = |unit: &[u8; 2]| {
                    if self.big_endian { u16::from_be_bytes(*unit) } else { u16::from_le_bytes(*unit) }
                };
                let units = content.as_chunks::<2>().0.iter().map(unit);
                char::decode_utf16(units).map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
            }
            18 => {
                let letter = |code: u32| char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
                self.words(content).into_iter().map(letter).collect()
            }
            1 | 2 => content.iter().map(|&b| char::from(b)).collect(),
            _ => return None,
        };
        // Letters beyond UTF-16's first plane are two of MATLAB's and one here.
        (letters.len() <= count).then_some(Variable::Letters { shape, letters })
    }

    fn number(&self, kind: u32) -> Option<Element> {
        let (kind, size) = match kind {
            1 => (Kind::Signed, 1),
            2 => (Kind::Unsigned, 1),
            3 => (Kind::Signed, 2),
            4 => (Kind::Unsigned, 2),
            5 => (Kind::Signed, 4),
            6 => (Kind::Unsigned, 4),
            7 => (Kind::Float, 4),
            9 => (Kind::Float, 8),
            12 => (Kind::Signed, 8),
            13 => (Kind::Unsigned, 8),
            _ => return None,
        };
        Some(Element { kind, size, big_endian: self.big_endian })
    }
}

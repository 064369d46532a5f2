//! Whether the bytes of a picture end before the picture does, told from its structure, without decoding it.

/// Whether an encoded picture (PNG, JPEG, GIF, BMP, TIFF, WebP) is cut short. What is no picture is not.
pub fn is_cut(bytes: &[u8]) -> bool {
    let whole = match bytes {
        [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, chunks @ ..] => png(chunks),
        [0xff, 0xd8, ..] => Some(jpeg(bytes)),
        [b'G', b'I', b'F', b'8', ..] => gif(bytes),
        [b'B', b'M', ..] => bmp(bytes),
        [b'R', b'I', b'F', b'F', rest @ ..] => webp(rest),
        [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..] => {
            Tiff { bytes, big_endian: bytes[0] == b'M' }.is_whole()
        }
        _ => return false,
    };
    // What cannot be looked up lies behind the end.
    whole != Some(true)
}

/// Chunks of a length, a name, so many bytes and a checksum, up to the one called `IEND`.
fn png(mut chunks: &[u8]) -> Option<bool> {
    loop {
        let length = u32::from_be_bytes(*chunks.first_chunk::<4>()?) as usize;
        let name = chunks.get(4..8)?;
        let end = length.checked_add(12)?;
        let chunk = chunks.get(..end)?;
        if name == b"IEND" {
            return Some(true);
        }
        chunks = &chunks[chunk.len()..];
    }
}

/// The last scan has an end: without it, a decoder fills the rest with grey.
fn jpeg(bytes: &[u8]) -> bool {
    let last = |marker: u8| bytes.windows(2).rposition(|pair| pair == [0xff, marker]);
    last(0xda).zip(last(0xd9)).is_some_and(|(scan, end)| scan < end)
}

/// Blocks up to the trailer.
fn gif(bytes: &[u8]) -> Option<bool> {
    let colours = |flags: u8| -> usize { if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) } };
    let mut at = 13 + colours(*bytes.get(10)?);
    loop {
        at = match bytes.get(at)? {
            0x3b => return Some(true),
            // An extension: its label, then blocks.
            0x21 => after_blocks(bytes, at + 2)?,
            // A picture: its place and colours, the width of its codes, then blocks.
            0x2c => after_blocks(bytes, at + 11 + colours(*bytes.get(at + 9)?))?,
            _ => at + 1,
        };
    }
}

/// Where blocks, each behind its length, end with an empty one.
fn after_blocks(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match *bytes.get(at)? {
            0 => return Some(at + 1),
            length => at += 1 + usize::from(length),
        }
    }
}

/// As many bytes behind the headers as rows need, or as compressed pixels say they have.
fn bmp(bytes: &[u8]) -> Option<bool> {
    let word = |at: usize| Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk::<4>()?));
    let half = |at: usize| Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk::<2>()?));
    let (pixels, header) = (u64::from(word(10)?), word(14)?);
    let (width, height, bits, compression) = if header == 12 {
        (u64::from(half(18)?), u64::from(half(20)?), half(24)?, 0)
    } else {
        let sides = (word(18)?.cast_signed().unsigned_abs(), word(22)?.cast_signed().unsigned_abs());
        (u64::from(sides.0), u64::from(sides.1), half(28)?, word(30)?)
    };
    let needed = match compression {
        0 | 3 | 6 => (width * u64::from(bits)).div_ceil(32).checked_mul(4)?.checked_mul(height)?,
        _ => u64::from(word(34)?),
    };
    Some(pixels.checked_add(needed)? <= bytes.len() as u64)
}

/// The length that stands before everything.
fn webp(rest: &[u8]) -> Option<bool> {
    let length = u32::from_le_bytes(*rest.first_chunk::<4>()?) as usize;
    Some(length <= rest.len() - 4)
}

/// A TIFF: a directory of tags, of which some say where strips or tiles of pixels lie.
struct Tiff<'a> {
    bytes: &'a [u8],
    big_endian: bool,
}

impl Tiff<'_> {
    /// Whether the first picture's strips or tiles lie within the file.
    fn is_whole(&self) -> Option<bool> {
        let long = self.number(2, 2)? == 43;
        let (directory, counted, entry, word) =
            if long { (self.number(8, 8)?, 8, 20, 8) } else { (self.number(4, 4)?, 2, 12, 4) };
        let directory = usize::try_from(directory).ok()?;
        let entries = usize::try_from(self.number(directory, counted)?).ok()?;
        let (mut places, mut lengths) = (Vec::new(), Vec::new());
        for at in 0..entries {
            let at = at.checked_mul(entry)?.checked_add(directory)?.checked_add(counted)?;
            let values = || self.values(at, word);
            match self.number(at, 2)? {
                273 | 324 => places = values()?,
                279 | 325 => lengths = values()?,
                // The directory's end shows only when it is read.
                _ => {
                    self.bytes.get(at..at.checked_add(entry)?)?;
                }
            }
        }
        let length = self.bytes.len() as u64;
        Some(
            places
                .iter()
                .zip(&lengths)
                .all(|(place, count)| place.checked_add(*count).is_some_and(|end| end <= length)),
        )
    }

    /// The whole numbers of an entry: in it where they fit, else where it says.
    fn values(&self, at: usize, word: usize) -> Option<Vec<u64>> {
        let size = match self.number(at + 2, 2)? {
            3 => 2,
            4 => 4,
            16 => 8,
            _ => return Some(Vec::new()),
        };
        let count = usize::try_from(self.number(at + 4, word)?).ok()?;
        let inside = count.checked_mul(size)? <= word;
        let from = if inside { at + 4 + word } else { usize::try_from(self.number(at + 4 + word, word)?).ok()? };
        let end = from.checked_add(count.checked_mul(size)?)?;
        self.bytes.get(from..end)?;
        (0..count).map(|index| self.number(from + index * size, size)).collect()
    }

    fn number(&self, at: usize, size: usize) -> Option<u64> {
        let bytes = self.bytes.get(at..at.checked_add(size)?)?;
        let join = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
        Some(if self.big_endian { bytes.iter().fold(0, join) } else { bytes.iter().rev().fold(0, join) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::archive;

    /// Made by `tests/fixtures/make_encoded.py` and `make_jpegs.py`: every format, as Pillow writes it.
    #[test]
    fn every_cut_shows_and_whole_pictures_are_whole() {
        for file in ["encoded.zip", "jpegs.zip"] {
            for (name, bytes) in archive(file).iter().filter(|(name, _)| !name.ends_with(".rgb")) {
                assert!(!is_cut(bytes), "{name}");
                // Behind the marks by which a format is known; a TIFF's tags may stand behind its pixels, so that its last bytes
                // may be the end of a text that is not read.
                let last = if name.ends_with(".tif") { bytes.len() - 64 } else { bytes.len() - 1 };
                for length in (12..last).chain([last]) {
                    assert!(is_cut(&bytes[..length]), "{name} of {} bytes, {length} are there", bytes.len());
                }
                let mut longer = bytes.clone();
                longer.extend([0; 100]);
                assert!(!is_cut(&longer), "{name} with more behind it");
            }
        }
        assert!(!is_cut(b"no picture") && !is_cut(b""));
    }
}

//! The numbers that files hold, whatever their width and byte order, read as 32-bit floats.

use half::{bf16, f16};

/// How one number lies in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Element {
    pub kind: Kind,
    /// Bytes: 1, 2, 4 or 8, as the kind allows.
    pub size: usize,
    pub big_endian: bool,
}

/// What the bytes of a number mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// IEEE 754: 2, 4 or 8 bytes.
    Float,
    /// The upper half of an IEEE 754 single: 2 bytes.
    BFloat,
    Signed,
    /// Unsigned integers; truth values are 0 and 1.
    Unsigned,
}

impl Element {
    /// A little-endian number.
    pub fn little(kind: Kind, size: usize) -> Self {
        Self { kind, size, big_endian: false }
    }

    /// Numbers from their bytes, rounded to 32-bit floats where they are wider; `None` for a width that the kind
    /// does not have. Bytes behind the last whole number are left out.
    pub fn decode(self, bytes: &[u8]) -> Option<Vec<f32>> {
        match (self.kind, self.size) {
            (Kind::Float, 2) => Some(self.map(bytes, |b| f16::from_le_bytes(b).to_f32())),
            (Kind::Float, 4) => Some(self.map(bytes, f32::from_le_bytes)),
            (Kind::Float, 8) => Some(self.map(bytes, |b| f64::from_le_bytes(b) as f32)),
            (Kind::BFloat, 2) => Some(self.map(bytes, |b| bf16::from_le_bytes(b).to_f32())),
            (Kind::Signed, 1) => Some(self.map(bytes, |b| f32::from(i8::from_le_bytes(b)))),
            (Kind::Signed, 2) => Some(self.map(bytes, |b| f32::from(i16::from_le_bytes(b)))),
            (Kind::Signed, 4) => Some(self.map(bytes, |b| i32::from_le_bytes(b) as f32)),
            (Kind::Signed, 8) => Some(self.map(bytes, |b| i64::from_le_bytes(b) as f32)),
            (Kind::Unsigned, 1) => Some(self.map(bytes, |b| f32::from(u8::from_le_bytes(b)))),
            (Kind::Unsigned, 2) => Some(self.map(bytes, |b| f32::from(u16::from_le_bytes(b)))),
            (Kind::Unsigned, 4) => Some(self.map(bytes, |b| u32::from_le_bytes(b) as f32)),
            (Kind::Unsigned, 8) => Some(self.map(bytes, |b| u64::from_le_bytes(b) as f32)),
            _ => None,
        }
    }

    /// Whole numbers as texts, exact whatever their width: names. A number with a fraction is the error, with its place.
    /// `None` for a width that the kind does not have.
    pub fn names(self, bytes: &[u8]) -> Option<Result<Vec<String>, (usize, f64)>> {
        match (self.kind, self.size) {
            (Kind::Signed, 8) => Some(Ok(self.map(bytes, |b| i64::from_le_bytes(b).to_string()))),
            (Kind::Unsigned, 8) => Some(Ok(self.map(bytes, |b| u64::from_le_bytes(b).to_string()))),
            (Kind::Signed, 4) => Some(Ok(self.map(bytes, |b| i32::from_le_bytes(b).to_string()))),
            (Kind::Unsigned, 4) => Some(Ok(self.map(bytes, |b| u32::from_le_bytes(b).to_string()))),
            (Kind::Float, 8) => Some(whole(self.map(bytes, f64::from_le_bytes))),
            _ => Some(whole(self.decode(bytes)?.into_iter().map(f64::from).collect())),
        }
    }

    fn map<const N: usize, T>(self, bytes: &[u8], number: impl Fn([u8; N]) -> T) -> Vec<T> {
        let (whole, _) = bytes.as_chunks::<N>();
        let turned = |mut chunk: [u8; N]| {
            if self.big_endian {
                chunk.reverse();
            }
            chunk
        };
        whole.iter().map(|&chunk| number(turned(chunk))).collect()
    }
}

/// Whole numbers as texts. Beyond 2^53 a float's neighbours are whole too, so that none of them names anything.
fn whole(numbers: Vec<f64>) -> Result<Vec<String>, (usize, f64)> {
    match numbers.iter().position(|x| x.fract() != 0.0 || x.abs() > 9_007_199_254_740_992.0 || x.is_nan()) {
        Some(at) => Err((at, numbers[at])),
        None => Ok(numbers.into_iter().map(|x| (x as i64).to_string()).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_byte_orders_and_all_widths_read() {
        let big = |kind, size| Element { kind, size, big_endian: true };
        assert_eq!(big(Kind::Float, 4).decode(&1.5_f32.to_be_bytes()), Some(vec![1.5]));
        assert_eq!(Element::little(Kind::Float, 8).decode(&(-2.25_f64).to_le_bytes()), Some(vec![-2.25]));
        assert_eq!(Element::little(Kind::Float, 2).decode(&[0x00, 0x3c, 0x00, 0xc0]), Some(vec![1.0, -2.0]));
        assert_eq!(Element::little(Kind::BFloat, 2).decode(&[0x80, 0x3f]), Some(vec![1.0]));
        assert_eq!(big(Kind::Signed, 2).decode(&[0xff, 0xfe]), Some(vec![-2.0]));
        assert_eq!(Element::little(Kind::Unsigned, 8).decode(&300_u64.to_le_bytes()), Some(vec![300.0]));
        assert_eq!(Element::little(Kind::Float, 16).decode(&[0; 16]), None);
    }
}

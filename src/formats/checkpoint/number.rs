//! The types of torch's numbers, by name and by storage.

use crate::formats::element::Kind;

/// A type of torch's numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Number {
    /// As torch calls the type: `float32`.
    pub name: &'static str,
    /// Bytes of one.
    pub size: usize,
    /// None for those that are no plain numbers: complex and quantised ones, floats of 8 bits.
    pub element: Option<Kind>,
}

/// Name of the type, of its storage, bytes, meaning.
const NUMBERS: [(&str, &str, usize, Option<Kind>); 26] = [
    ("float32", "FloatStorage", 4, Some(Kind::Float)),
    ("float64", "DoubleStorage", 8, Some(Kind::Float)),
    ("float16", "HalfStorage", 2, Some(Kind::Float)),
    ("bfloat16", "BFloat16Storage", 2, Some(Kind::BFloat)),
    ("int64", "LongStorage", 8, Some(Kind::Signed)),
    ("int32", "IntStorage", 4, Some(Kind::Signed)),
    ("int16", "ShortStorage", 2, Some(Kind::Signed)),
    ("int8", "CharStorage", 1, Some(Kind::Signed)),
    ("uint8", "ByteStorage", 1, Some(Kind::Unsigned)),
    ("bool", "BoolStorage", 1, Some(Kind::Unsigned)),
    ("uint16", "", 2, Some(Kind::Unsigned)),
    ("uint32", "", 4, Some(Kind::Unsigned)),
    ("uint64", "", 8, Some(Kind::Unsigned)),
    ("complex32", "", 4, None),
    ("complex64", "ComplexFloatStorage", 8, None),
    ("complex128", "ComplexDoubleStorage", 16, None),
    ("qint8", "QInt8Storage", 1, None),
    ("quint8", "QUInt8Storage", 1, None),
    ("qint32", "QInt32Storage", 4, None),
    ("quint4x2", "QUInt4x2Storage", 1, None),
    ("quint2x4", "QUInt2x4Storage", 1, None),
    ("float8_e5m2", "", 1, None),
    ("float8_e4m3fn", "", 1, None),
    ("float8_e5m2fnuz", "", 1, None),
    ("float8_e4m3fnuz", "", 1, None),
    ("float8_e8m0fnu", "", 1, None),
];

impl Number {
    /// The type of a storage's class, such as `FloatStorage`.
    pub fn of_storage(class: &str) -> Option<Self> {
        NUMBERS.iter().find(|(_, storage, ..)| !class.is_empty() && *storage == class).map(Self::new)
    }

    /// The type of a name, such as `float32`.
    pub fn of_type(name: &str) -> Option<Self> {
        NUMBERS.iter().find(|(known, ..)| *known == name).map(Self::new)
    }

    fn new(&(name, _, size, element): &(&'static str, &str, usize, Option<Kind>)) -> Self {
        Self { name, size, element }
    }
}

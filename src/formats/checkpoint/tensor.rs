//! A pickled tensor: a view of a storage, checked against the bytes that are there.

use std::ops::Range;

use crate::formats::checkpoint::pickle::{Id, Value, Values};
use crate::formats::element::{Element, Kind};

/// A type of torch's numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Number {
    /// As torch calls the type: `float32`.
    pub name: &'static str,
    /// Bytes of one.
    pub size: usize,
    /// None for those that are no plain numbers: complex and quantised ones, floats of 8 bits.
    element: Option<Kind>,
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

/// A row of numbers outside the pickle.
#[derive(Clone, Copy, Debug)]
pub struct Storage<'a> {
    /// None for bytes whose type stands with each tensor.
    pub number: Option<Number>,
    pub key: &'a str,
    /// How many numbers it is said to have; bytes, where it has no type.
    pub count: u64,
    /// Where a view into it begins: numbers before it.
    pub skipped: u64,
}

impl Storage<'_> {
    /// Bytes of one of what `count` counts.
    pub fn unit(&self) -> usize {
        self.number.map_or(1, |number| number.size)
    }
}

/// The arguments that a tensor is made of, unchecked.
#[derive(Clone, Copy, Debug)]
pub struct Tensor {
    pub storage: Id,
    pub offset: Id,
    pub shape: Id,
    pub strides: Id,
    /// Its type, where it is not its storage's.
    pub number: Option<Number>,
}

/// A tensor that lies within its file.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed {
    pub element: Element,
    pub shape: Vec<usize>,
    /// Elements from one entry to the next, along each axis.
    pub strides: Vec<usize>,
    /// From its first element to its last, in the file.
    pub bytes: Range<usize>,
}

/// Bytes of the widest number.
const LARGEST_NUMBER: usize = 16;
/// torch's own limit.
const MOST_AXES: usize = 64;

impl Tensor {
    /// Its storage.
    pub fn storage<'v, 'a>(&self, values: &'v Values<'a>) -> Result<&'v Storage<'a>, String> {
        match values.get(self.storage) {
            Value::Storage(storage) => Ok(storage),
            _ => Err("has no storage".to_owned()),
        }
    }

    /// Checks it against the bytes of its storage, a range of the file. The problem reads on from the tensor's name.
    pub fn place(&self, values: &Values<'_>, file: &Range<usize>) -> Result<Placed, String> {
        let storage = self.storage(values)?;
        let number = self.number.or(storage.number).ok_or("has no type")?;
        let element = number.element.ok_or_else(|| {
            format!("is of {}, which is no plain number; weights are floats of 16, 32 or 64 bits", number.name)
        })?;
        let shape = axes(values, self.shape, "shape")?;
        let strides = axes(values, self.strides, "strides")?;
        if shape.len() != strides.len() {
            return Err(format!("has {} axes but {} strides", shape.len(), strides.len()));
        }
        let Value::Whole(offset) = *values.get(self.offset) else { return Err("has no offset".to_owned()) };
        let beyond = || {
            format!(
                "lies outside its storage: shape {shape:?}, strides {strides:?}, offset {offset}, in {} bytes",
                file.len()
            )
        };
        let offset = usize::try_from(offset).map_err(|_| beyond())?;
        let skipped = usize::try_from(storage.skipped).map_err(|_| beyond())?;
        let first = skipped.checked_mul(storage.unit()).zip(offset.checked_mul(number.size));
        let first = first.and_then(|(skipped, offset)| skipped.checked_add(offset)).ok_or_else(beyond)?;
        let length = extent(&shape, &strides).and_then(|extent| extent.checked_mul(number.size)).ok_or_else(beyond)?;
        let last = first.checked_add(length).filter(|&last| last <= file.len()).ok_or_else(beyond)?;
        let element = Element::little(element, number.size);
        Ok(Placed { element, shape, strides, bytes: file.start + first..file.start + last })
    }
}

/// Elements from the first to the last, both included; none where that is beyond all memory.
fn extent(shape: &[usize], strides: &[usize]) -> Option<usize> {
    // Its size must be one that memory can have, though strides of 0 may repeat one element all along.
    let count = shape.iter().try_fold(1_usize, |count, &side| count.checked_mul(side.max(1)))?;
    count.checked_mul(LARGEST_NUMBER).filter(|&bytes| isize::try_from(bytes).is_ok())?;
    if shape.contains(&0) {
        return Some(0);
    }
    let reaches = shape.iter().zip(strides).map(|(side, stride)| (side - 1).checked_mul(*stride));
    reaches.into_iter().try_fold(1_usize, |sum, reach| sum.checked_add(reach?))
}

fn axes(values: &Values<'_>, id: Id, what: &str) -> Result<Vec<usize>, String> {
    let wrong = || format!("has a {what} that is no list of sizes");
    let (Value::Tuple(items) | Value::List(items)) = values.get(id) else { return Err(wrong()) };
    if items.len() > MOST_AXES {
        return Err(format!("has {} axes, more than any tensor", items.len()));
    }
    let side = |&id: &Id| match *values.get(id) {
        Value::Whole(side) => usize::try_from(side).map_err(|_| wrong()),
        _ => Err(wrong()),
    };
    items.iter().map(side).collect()
}

//! What stands before the numbers of a `.npy` file: their type, order and shape, as a Python dictionary such as
//! `{'descr': '<f8', 'fortran_order': False, 'shape': (89, 1200), }`.

use std::io::Read;

use crate::formats::array::Order;
use crate::formats::element::{Element, Kind};

/// Headers are a line; more than this is no header.
const LONGEST_HEADER: usize = 1 << 20;
/// Names and other parts of an element have fewer bytes than this.
const LARGEST_PART: usize = 1 << 24;
/// Literals nest less deeply than this.
const DEEPEST: usize = 8;

/// What a file says of its array.
#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    pub element: Type,
    pub order: Order,
    pub shape: Vec<usize>,
}

/// The type of an element.
#[derive(Clone, Debug, PartialEq)]
pub enum Type {
    Number(Element),
    /// Strings of as many letters, in four bytes each (`U`) or one (`S`); short ones are padded.
    Text {
        letters: usize,
        wide: bool,
        big_endian: bool,
    },
    /// A pickled Python object.
    Object,
    /// Named fields, one behind the other.
    Record(Vec<Field>),
    /// What is no number and no text, as NumPy writes its type.
    Other {
        descr: String,
        size: usize,
    },
}

/// A field of a record.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    pub name: String,
    pub element: Type,
    /// The field's own axes; none where it is a single element.
    pub shape: Vec<usize>,
    /// Bytes before it in a record.
    pub offset: usize,
}

impl Type {
    /// Bytes of an element.
    pub fn size(&self) -> usize {
        match self {
            Self::Number(element) => element.size,
            Self::Text { letters, wide, .. } => letters * if *wide { 4 } else { 1 },
            Self::Object => 8,
            Self::Record(fields) => fields.last().map_or(0, |last| last.offset + last.size()),
            Self::Other { size, .. } => *size,
        }
    }
}

impl Field {
    fn size(&self) -> usize {
        self.element.size().saturating_mul(self.shape.iter().fold(1, |product: usize, &n| product.saturating_mul(n)))
    }
}

impl Header {
    /// Reads up to the first number. Problems read on from the file's name.
    pub fn read(reader: &mut impl Read) -> Result<Self, String> {
        Self::parse(&text(reader)?)
    }

    fn parse(text: &str) -> Result<Self, String> {
        let mut rest = Reader { text };
        let Some(Literal::Dictionary(fields)) = rest.literal(0) else {
            return Err("has a header that does not read".to_owned());
        };
        let field = |name: &str| fields.iter().find(|(key, _)| key == name).map(|(_, value)| value);
        let descr = field("descr").ok_or("has a header without `descr`")?;
        let element = element(descr, 0).ok_or("has a header whose `descr` does not read")?;
        let order = match field("fortran_order") {
            Some(Literal::Truth(true)) => Order::ColumnMajor,
            Some(Literal::Truth(false)) => Order::RowMajor,
            _ => return Err("has a header without `fortran_order`".to_owned()),
        };
        let shape = field("shape").and_then(lengths).ok_or("has a header whose `shape` does not read")?;
        Ok(Self { element, order, shape })
    }
}

/// The header's text.
fn text(reader: &mut impl Read) -> Result<String, String> {
    let short = |e: std::io::Error| format!("is no .npy file: {e}");
    let mut start = [0; 8];
    reader.read_exact(&mut start).map_err(short)?;
    if &start[..6] != b"\x93NUMPY" {
        return Err("is no .npy file: it does not begin with NumPy's mark".to_owned());
    }
    let length = if start[6] == 1 {
        let mut length = [0; 2];
        reader.read_exact(&mut length).map_err(short)?;
        usize::from(u16::from_le_bytes(length))
    } else {
        let mut length = [0; 4];
        reader.read_exact(&mut length).map_err(short)?;
        u32::from_le_bytes(length) as usize
    };
    if length > LONGEST_HEADER {
        return Err(format!("has a header of {length} bytes, which none has"));
    }
    let mut header = vec![0; length];
    reader.read_exact(&mut header).map_err(short)?;
    String::from_utf8(header).or_else(|bytes| {
        // Versions 1 and 2 write Latin-1.
        Ok(bytes.as_bytes().iter().map(|&b| char::from(b)).collect())
    })
}

fn lengths(literal: &Literal) -> Option<Vec<usize>> {
    let Literal::Many(lengths) = literal else { return None };
    let length = |one: &Literal| match one {
        Literal::Number(length) => Some(*length),
        _ => None,
    };
    lengths.iter().map(length).collect()
}

/// The type that a `descr` says: a text such as `<f8`, or a list of (name, type) or (name, type, shape).
fn element(descr: &Literal, depth: usize) -> Option<Type> {
    match descr {
        Literal::Text(descr) => scalar(descr),
        Literal::Many(fields) if depth < DEEPEST => {
            let mut record = Vec::with_capacity(fields.len());
            let mut offset = 0_usize;
            for field in fields {
                let Literal::Many(parts) = field else { return None };
                let name = match parts.first()? {
                    Literal::Text(name) => name.clone(),
                    // A title stands before the name.
                    Literal::Many(both) => match both.get(1)? {
                        Literal::Text(name) => name.clone(),
                        _ => return None,
                    },
                    _ => return None,
                };
                let shape = match parts.get(2) {
                    None => Vec::new(),
                    Some(Literal::Number(length)) => vec![*length],
                    Some(shape) => lengths(shape)?,
                };
                let field = Field { name, element: element(parts.get(1)?, depth + 1)?, shape, offset };
                offset = offset.checked_add(field.size()).filter(|&size| size <= LARGEST_PART)?;
                record.push(field);
            }
            Some(Type::Record(record))
        }
        _ => None,
    }
}

fn scalar(descr: &str) -> Option<Type> {
    let mut letters = descr.chars();
    let order = letters.next()?;
    let kind = letters.next()?;
    if kind == 'O' {
        return Some(Type::Object);
    }
    let digits: String = letters.take_while(char::is_ascii_digit).collect();
    let size: usize = digits.parse().ok().filter(|&size| size <= LARGEST_PART)?;
    let big_endian = order == '>';
    let number = |kind| Type::Number(Element { kind, size, big_endian });
    Some(match (kind, size) {
        ('f', 2 | 4 | 8) => number(Kind::Float),
        ('i', 1 | 2 | 4 | 8) => number(Kind::Signed),
        ('u', 1 | 2 | 4 | 8) | ('b', 1) => number(Kind::Unsigned),
        ('U', 1..) => Type::Text { letters: size, wide: true, big_endian },
        ('S' | 'a', 1..) => Type::Text { letters: size, wide: false, big_endian },
        _ => Type::Other { descr: descr.to_owned(), size },
    })
}

/// A Python literal, as far as headers hold them.
enum Literal {
    Text(String),
    Number(usize),
    Truth(bool),
    /// A tuple or a list.
    Many(Vec<Literal>),
    Dictionary(Vec<(String, Literal)>),
}

/// Reads literals from the front of a text.
struct Reader<'a> {
    text: &'a str,
}

impl Reader<'_> {
    /// Takes a sign from the front, blanks before it left out.
    fn takes(&mut self, sign: &str) -> bool {
        self.text = self.text.trim_start();
        let rest = self.text.strip_prefix(sign);
        self.text = rest.unwrap_or(self.text);
        rest.is_some()
    }

    fn literal(&mut self, depth: usize) -> Option<Literal> {
        if depth > DEEPEST {
            return None;
        }
        for (word, truth) in [("True", true), ("False", false)] {
            if self.takes(word) {
                return Some(Literal::Truth(truth));
            }
        }
        for (open, close) in [("(", ")"), ("[", "]")] {
            if self.takes(open) {
                let mut many = Vec::new();
                while !self.takes(close) {
                    many.push(self.literal(depth + 1)?);
                    self.takes(",");
                }
                return Some(Literal::Many(many));
            }
        }
        if self.takes("{") {
            let mut fields = Vec::new();
            while !self.takes("}") {
                let Literal::Text(name) = self.literal(depth + 1)? else { return None };
                if !self.takes(":") {
                    return None;
                }
                fields.push((name, self.literal(depth + 1)?));
                self.takes(",");
            }
            return Some(Literal::Dictionary(fields));
        }
        // Python 2 wrote u'…' and b'…', and L behind long numbers.
        if ["u'", "b'"].iter().any(|prefix| self.text.starts_with(prefix)) {
            self.text = &self.text[1..];
        }
        for quote in ["'", "\""] {
            if self.takes(quote) {
                return self.quoted(quote.as_bytes()[0].into());
            }
        }
        let digits = self.text.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.text.len());
        let number = self.text[..digits].parse().ok()?;
        self.text = self.text[digits..].trim_start_matches('L');
        Some(Literal::Number(number))
    }

    fn quoted(&mut self, quote: char) -> Option<Literal> {
        let mut text = String::new();
        let mut letters = self.text.char_indices();
        while let Some((at, letter)) = letters.next() {
            match letter {
                _ if letter == quote => {
                    self.text = &self.text[at + 1..];
                    return Some(Literal::Text(text));
                }
                '\\' => text.push(letters.next()?.1),
                _ => text.push(letter),
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(descr: &str, shape: &str) -> Result<Header, String> {
        Header::parse(&format!("{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}       \n"))
    }

    #[test]
    fn types_and_shapes_read_as_numpy_writes_them() {
        let f8 = Type::Number(Element::little(Kind::Float, 8));
        assert_eq!(header("'<f8'", "(89, 1200)").unwrap().shape, [89, 1200]);
        assert_eq!(
            header("u'<f8'", "(3L,)").unwrap(),
            Header { element: f8.clone(), order: Order::RowMajor, shape: vec![3] }
        );
        assert_eq!(header("'<U2'", "()").unwrap().element.size(), 8);
        let record =
            header("[('V1', '<f8'), (('title', 'it\\'s'), '|S3'), ('', '|V5'), ('x', '<f8', (2,))]", "(6,)").unwrap();
        assert_eq!(record.element.size(), 8 + 3 + 5 + 16);
        let Type::Record(fields) = record.element else { panic!("a record") };
        assert_eq!(fields[1].name, "it's");
        assert_eq!((fields[3].offset, &fields[3].shape, &fields[3].element), (16, &vec![2], &f8));
    }

    #[test]
    fn what_no_numpy_writes_is_refused() {
        assert!(header("'<f8'", "(18446744073709551616,)").unwrap_err().contains("does not read"));
        assert!(header("'<f99999999999'", "(1,)").unwrap_err().contains("`descr`"));
        assert!(header(&"[".repeat(10_000), "(1,)").unwrap_err().contains("does not read"));
        assert!(header("[('a', '<f8', (9999999, 9999999))]", "(1,)").unwrap_err().contains("`descr`"));
    }
}

//! A variable of MATLAB's: numbers, letters, cells or structs, found by a path such as `data.trials{3}`.

use crate::formats::array::{Array, Order};
use crate::formats::element::Element;
use crate::formats::matlab::cells;

/// Structs are looked into so deeply for arrays that a key may name.
const DEEPEST_LISTED: usize = 4;

/// A variable, or a part of one. Axes are as MATLAB's `size` gives them, elements column by column.
#[derive(Clone, Debug, PartialEq)]
pub enum Variable {
    Numbers {
        shape: Vec<usize>,
        element: Element,
        bytes: Vec<u8>,
    },
    /// Letters: a string is one row.
    Letters {
        shape: Vec<usize>,
        letters: Vec<char>,
    },
    Cells {
        shape: Vec<usize>,
        cells: Vec<Variable>,
    },
    /// The fields of each struct of an array of them, in one order.
    Structs {
        shape: Vec<usize>,
        fields: Vec<(String, Vec<Variable>)>,
    },
    /// What holds no numbers that could be taken, in words that follow its name.
    Other(&'static str),
}

impl Variable {
    /// The numbers; problems read on from the variable's name.
    pub fn array(&self) -> Result<Array, String> {
        match self {
            Self::Numbers { shape, element, bytes } => element
                .decode(bytes)
                .and_then(|data| Array::new(shape.clone(), data, Order::ColumnMajor))
                .ok_or_else(|| "is damaged: it has fewer numbers than its size says".to_owned()),
            Self::Cells { shape, cells } => {
                let arrays =
                    cells.iter().map(|cell| cell.array().map_err(|problem| format!("holds a cell that {problem}")));
                cells::together(shape, arrays.collect::<Result<_, _>>()?)
            }
            Self::Letters { .. } => Err("holds letters, where numbers are expected".to_owned()),
            Self::Structs { fields, .. } => {
                let names: Vec<String> = fields.iter().map(|(name, _)| format!("`{name}`")).collect();
                Err(format!("is a struct, of the fields {}; name one with `key`", names.join(", ")))
            }
            Self::Other(what) => Err((*what).to_owned()),
        }
    }

    /// A list of names: rows of letters, cells of strings, or whole numbers.
    pub fn names(&self) -> Result<Vec<String>, String> {
        let listed = |shape: &[usize]| match shape.iter().filter(|&&n| n != 1).count() {
            0 | 1 => Ok(()),
            _ => Err(format!("has {} axes, where a list of names has one", shape.len())),
        };
        match self {
            Self::Letters { shape, letters } => {
                // Rows without letters are as many as anyone writes.
                let rows = shape.first().copied().unwrap_or(0).min(letters.len().max(1));
                let row = |row: usize| letters.iter().skip(row).step_by(rows).collect::<String>().trim_end().to_owned();
                Ok((0..rows).map(row).collect())
            }
            Self::Cells { shape, cells } => {
                listed(shape)?;
                let one = |cell: &Self| match cell.names()?.as_slice() {
                    [] => Ok(String::new()),
                    [one] => Ok(one.clone()),
                    _ => Err("holds a cell of several names, where each is one".to_owned()),
                };
                cells.iter().map(one).collect()
            }
            Self::Numbers { shape, element, bytes } => {
                listed(shape)?;
                let names = element.names(bytes).ok_or("holds numbers of an odd width")?;
                names.map_err(|(at, x)| {
                    format!("holds {x} in row {}, which is no name; names are strings or whole numbers", at + 1)
                })
            }
            Self::Structs { .. } | Self::Other(_) => self.array().map(|_| Vec::new()),
        }
    }

    /// The part that the rest of a path names: `.rates`, `{3}`, `(2).rates`; with MATLAB's indices, from 1.
    pub fn part(&self, path: &str) -> Result<&Self, String> {
        let Some(sign) = path.chars().next() else { return Ok(self) };
        let wrong = || format!("has no part `{path}`; a path is such as `.field`, `{{3}}` or `(2).field`");
        if let (Self::Structs { shape, fields }, '(') = (self, sign) {
            let (index, rest) = path[1..].split_once(')').ok_or_else(wrong)?;
            let at = place(index, shape).ok_or_else(wrong)?;
            return field(fields, rest, at).and_then(|(part, rest)| part.part(rest));
        }
        match (self, sign) {
            (Self::Structs { shape, fields }, '.') => {
                if shape.iter().product::<usize>() != 1 {
                    let count: usize = shape.iter().product();
                    return Err(format!("is an array of {count} structs; say which, such as `(1){path}`"));
                }
                field(fields, path, 0).and_then(|(part, rest)| part.part(rest))
            }
            (Self::Cells { shape, cells }, '{' | '(') => {
                let (index, rest) = path[1..].split_once(if sign == '{' { '}' } else { ')' }).ok_or_else(wrong)?;
                place(index, shape).and_then(|at| cells.get(at)).ok_or_else(wrong)?.part(rest)
            }
            _ => Err(wrong()),
        }
    }

    /// The paths of all arrays in it, its own name first.
    pub fn arrays(&self, name: &str, depth: usize) -> Vec<String> {
        match self {
            Self::Numbers { .. } | Self::Cells { .. } => vec![name.to_owned()],
            Self::Structs { shape, fields } if depth < DEEPEST_LISTED && shape.iter().all(|&n| n == 1) => {
                let inner = |(field, values): &(String, Vec<Self>)| {
                    values.first().map_or(Vec::new(), |value| value.arrays(&format!("{name}.{field}"), depth + 1))
                };
                fields.iter().flat_map(inner).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// The field that a path such as `.rates{2}` begins with, of one struct, and the path's rest.
fn field<'a, 'b>(
    fields: &'a [(String, Vec<Variable>)],
    path: &'b str,
    at: usize,
) -> Result<(&'a Variable, &'b str), String> {
    let names = || fields.iter().map(|(name, _)| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let path = path.strip_prefix('.').ok_or_else(|| format!("is a struct, of the fields {}; name one", names()))?;
    let end = path.find(['.', '{', '(']).unwrap_or(path.len());
    let (name, rest) = path.split_at(end);
    let value = fields.iter().find(|(field, _)| field == name).and_then(|(_, values)| values.get(at));
    value.map(|value| (value, rest)).ok_or_else(|| format!("has no field `{name}`; it has {}", names()))
}

/// The place of an element by MATLAB's indices: `3`, or one for each axis, `2,3`.
fn place(index: &str, shape: &[usize]) -> Option<usize> {
    let indices: Option<Vec<usize>> =
        index.split(',').map(|index| index.trim().parse::<usize>().ok()?.checked_sub(1)).collect();
    let count: usize = shape.iter().product();
    match indices?[..] {
        [one] => (one < count).then_some(one),
        ref many if many.len() == shape.len() => many
            .iter()
            .zip(shape)
            .all(|(index, length)| index < length)
            .then(|| many.iter().zip(shape).rev().fold(0, |place, (index, length)| place * length + index)),
        _ => None,
    }
}

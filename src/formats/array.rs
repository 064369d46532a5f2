//! An n-dimensional array, as files of many formats hold one.

use ndarray::{ArrayD, IxDyn, ShapeBuilder};

use crate::text::nearest::nearest;

/// Numbers in row-major order, with the names of rows and columns where the file has them.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    pub shape: Vec<usize>,
    pub data: Vec<f32>,
    /// Names along the first axis.
    pub rows: Option<Vec<String>>,
    /// Names along the second axis.
    pub columns: Option<Vec<String>>,
    /// Further names along an axis, where a file has them.
    pub coordinates: Vec<Coordinate>,
    /// What the reader took for granted, in users' words.
    pub notes: Vec<String>,
}

/// Names along one axis of an array, by what the file calls them: `stimulus_id` along axis 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coordinate {
    pub name: String,
    pub axis: usize,
    pub values: Vec<String>,
}

/// How numbers follow one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The last axis runs fastest.
    RowMajor,
    /// The first axis runs fastest.
    ColumnMajor,
}

impl Array {
    /// Takes numbers in either order, without names; `None` where their count is not the shape's product.
    pub fn new(shape: Vec<usize>, data: Vec<f32>, order: Order) -> Option<Self> {
        let count = shape.iter().try_fold(1_usize, |product, &n| product.checked_mul(n))?;
        if count != data.len() {
            return None;
        }
        let data = match order {
            Order::RowMajor => data,
            Order::ColumnMajor if shape.len() < 2 || count == 0 => data,
            Order::ColumnMajor => {
                let array = ArrayD::from_shape_vec(IxDyn(&shape).f(), data).expect("counted above");
                array.as_standard_layout().into_owned().into_raw_vec_and_offset().0
            }
        };
        Some(Self { shape, data, rows: None, columns: None, coordinates: Vec::new(), notes: Vec::new() })
    }

    /// The shape as people write it: `1200 × 89`.
    pub fn shape_text(&self) -> String {
        shape_text(&self.shape)
    }
}

/// A shape as people write it: `1200 × 89`.
pub fn shape_text(shape: &[usize]) -> String {
    shape.iter().map(ToString::to_string).collect::<Vec<_>>().join(" × ")
}

/// The array that is meant: the one that is named, or the only one.
pub(super) fn choose<'a>(names: &'a [String], key: Option<&str>, file: &str) -> Result<&'a str, String> {
    let all = || names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    match (key, names) {
        (_, []) => Err(format!("{file} holds no array")),
        (None, [one]) => Ok(one),
        (None, many) => Err(format!("{file} holds {} arrays ({}); name one with `key`", many.len(), all())),
        (Some(key), names) => names.iter().find(|name| *name == key).map(String::as_str).ok_or_else(|| {
            let hint = nearest(key, names.iter().map(String::as_str)).map(|name| format!("; did you mean `{name}`?"));
            format!("{file} holds no array `{key}`; it holds {}{}", all(), hint.unwrap_or_default())
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn column_major_numbers_are_turned() {
        let array = Array::new(vec![2, 3], vec![1.0, 4.0, 2.0, 5.0, 3.0, 6.0], Order::ColumnMajor).unwrap();
        assert_eq!(array.data, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        assert_eq!(array.shape_text(), "2 × 3");
        assert_eq!(Array::new(vec![2, 2], vec![0.0; 3], Order::RowMajor), None);
        assert_eq!(Array::new(vec![usize::MAX, 2], vec![0.0; 3], Order::RowMajor), None);
    }

    #[test]
    fn a_key_is_needed_where_there_are_several() {
        let names = ["conv1".to_owned(), "conv2".to_owned()];
        assert_eq!(choose(&names, Some("conv2"), "f.npz"), Ok("conv2"));
        assert_eq!(choose(&names[..1], None, "f.npz"), Ok("conv1"));
        assert!(choose(&names, None, "f.npz").unwrap_err().contains("holds 2 arrays (`conv1`, `conv2`)"));
        assert!(choose(&names, Some("con1"), "f.npz").unwrap_err().contains("did you mean `conv1`?"));
    }
}

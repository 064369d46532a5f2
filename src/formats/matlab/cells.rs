//! An array of cells as one array: repeats that differ in number, as MATLAB's users keep them.

use crate::formats::array::{Array, Order};

/// Puts cells together, whose array has a `shape` (column by column). Two layouts are known:
///
/// - cells along one axis, a stimulus each, of units × trials or trials × units: stimuli × units × repeats;
/// - cells along two axes, of one row or column of trials each: those axes × repeats.
///
/// Shorter cells are filled with NaN. Problems read on from the variable's name.
pub fn together(shape: &[usize], cells: Vec<Array>) -> Result<Array, String> {
    let count = shape.iter().try_fold(1_usize, |product, &n| product.checked_mul(n));
    if count != Some(cells.len()) || cells.is_empty() {
        return Err("holds an empty cell array".to_owned());
    }
    if let Some(cell) = cells.iter().find(|cell| cell.shape.len() != 2) {
        return Err(format!("holds a cell array, with a cell of {}; {WAY_OUT}", cell.shape_text()));
    }
    let long: Vec<usize> = shape.iter().copied().filter(|&n| n > 1).collect();
    match long[..] {
        [] | [_] => stimuli(cells),
        [rows, columns] if cells.iter().all(|cell| cell.shape.contains(&1) || cell.data.is_empty()) => {
            let repeats = cells.iter().map(|cell| cell.data.len()).max().unwrap_or(0);
            let mut data = vec![f32::NAN; room(&[rows, columns, repeats], &cells)?];
            for (at, cell) in cells.iter().enumerate() {
                let to = (at % rows * columns + at / rows) * repeats;
                data[to..to + cell.data.len()].copy_from_slice(&cell.data);
            }
            Ok(Array::new(vec![rows, columns, repeats], data, Order::RowMajor).expect("as much as was made"))
        }
        _ => Err(format!("holds a cell array of {} axes; {WAY_OUT}", long.len())),
    }
}

const WAY_OUT: &str = "read are cells of units × trials, one a stimulus, and cells of trials, one a stimulus and unit; for the \
                       rest, save a numeric array";

/// A cell a stimulus, of units × trials or trials × units: the axis in which all agree is units.
fn stimuli(cells: Vec<Array>) -> Result<Array, String> {
    let agree = [0, 1].map(|axis| cells.iter().all(|cell| cell.shape[axis] == cells[0].shape[axis]));
    let first = &cells[0].shape_text();
    let units = match agree {
        [true, false] => 0,
        [false, true] => 1,
        [true, true] => {
            return Err(format!(
                "holds a cell array whose cells are all {first}, so that units cannot be told from trials; save it as a \
                 numeric array, `cat(3, x{{:}})`"
            ));
        }
        [false, false] => {
            let other = cells.iter().find(|cell| cell.shape != cells[0].shape).expect("they differ");
            return Err(format!(
                "holds a cell array with cells of {first} and of {}; all must have one count of units",
                other.shape_text()
            ));
        }
    };
    let (count, width) = (cells.len(), cells[0].shape[units]);
    let repeats = cells.iter().map(|cell| cell.shape[1 - units]).max().unwrap_or(0);
    let mut data = vec![f32::NAN; room(&[count, width, repeats], &cells)?];
    for (at, cell) in cells.iter().enumerate() {
        for unit in 0..width {
            for repeat in 0..cell.shape[1 - units] {
                let from = if units == 0 { unit * cell.shape[1] + repeat } else { repeat * width + unit };
                data[(at * width + unit) * repeats + repeat] = cell.data[from];
            }
        }
    }
    let mut array = Array::new(vec![count, width, repeats], data, Order::RowMajor).expect("as much as was made");
    array.notes.push(format!(
        "cells are taken for stimuli, and their {} for units, of which all have {width}; up to {repeats} trials are repeats",
        if units == 0 { "rows" } else { "columns" }
    ));
    Ok(array)
}

/// How many numbers an array of a shape has, where it is not nearly all filling.
fn room(shape: &[usize], cells: &[Array]) -> Result<usize, String> {
    let given: usize = cells.iter().map(|cell| cell.data.len()).sum();
    let most = given.saturating_mul(100).max(1 << 24);
    let count = shape.iter().try_fold(1_usize, |product, &n| product.checked_mul(n)).filter(|&count| count <= most);
    count.ok_or_else(|| {
        "holds cells of so different a length that one array of them would be nearly all filling".to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(shape: [usize; 2]) -> Array {
        let data = (0..shape[0] * shape[1]).map(|at| at as f32).collect();
        Array::new(shape.to_vec(), data, Order::RowMajor).unwrap()
    }

    #[test]
    fn repeats_that_differ_in_number_are_filled_with_nan() {
        let array = together(&[1, 2], vec![cell([2, 1]), cell([2, 3])]).unwrap();
        assert_eq!(array.shape, [2, 2, 3]);
        assert_eq!(array.data[6..], [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
        assert_eq!((array.data[0], array.data[3]), (0.0, 1.0));
        assert!([1, 2, 4, 5].iter().all(|&at| array.data[at].is_nan()));
        let turned = together(&[2, 1], vec![cell([1, 2]), cell([3, 2])]).unwrap();
        assert_eq!(turned.data[6..], [0.0, 2.0, 4.0, 1.0, 3.0, 5.0]);
        let trials = together(&[2, 2], vec![cell([1, 1]), cell([2, 1]), cell([1, 2]), cell([1, 1])]).unwrap();
        assert_eq!(trials.shape, [2, 2, 2]);
        assert_eq!((trials.data[2..4].to_vec(), trials.data[4..6].to_vec()), (vec![0.0, 1.0], vec![0.0, 1.0]));
    }

    #[test]
    fn cells_that_cannot_be_told_apart_are_refused() {
        assert!(together(&[1, 2], vec![cell([2, 3]), cell([2, 3])]).unwrap_err().contains("cells are all 2 × 3"));
        assert!(
            together(&[1, 2], vec![cell([2, 3]), cell([3, 2])]).unwrap_err().contains("cells of 2 × 3 and of 3 × 2")
        );
        assert!(together(&[0, 0], vec![]).unwrap_err().contains("empty"));
    }
}

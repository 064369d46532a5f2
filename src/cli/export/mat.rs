//! MATLAB's files of level 5, not compressed: numbers as matrices, names as cell arrays of text.
//!
//! The format: <https://www.mathworks.com/help/pdf_doc/matlab/matfile_format.pdf>. Every element is a tag of its type and
//! length, then its bytes up to a multiple of 8; numbers run along the first axis first.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use ndarray::ArrayViewD;
use polars::prelude::{Column, DataFrame, DataType};

use crate::cli::export::format::{Format, Result, Source};
use crate::value::Value;
use crate::value::split::Assignment;
use crate::value::stimuli::Stimuli;
use crate::value::ty::Type;

pub const FORMAT: Format = Format {
    extension: "mat",
    types: &[Type::Table, Type::Matrix, Type::Responses, Type::Split, Type::Labels],
    note: "A .mat has a variable for the numbers and one for each kind of name: values, stimuli, columns; of a table one for \
           each column.",
    write,
};

/// The types of elements.
const INT8: u32 = 1;
const INT32: u32 = 5;
const UINT32: u32 = 6;
const SINGLE: u32 = 7;
const DOUBLE: u32 = 9;
const MATRIX: u32 = 14;
const UTF8: u32 = 16;
/// The classes of arrays.
const CELLS: u32 = 1;
const TEXT: u32 = 4;
const DOUBLES: u32 = 6;
const SINGLES: u32 = 7;

/// MATLAB reads so many letters of a name.
const LONGEST_NAME: usize = 63;

fn write(source: &Source<'_>, file: &Path) -> Result {
    let io = |e: std::io::Error| e.to_string();
    let mut out = Mat { out: BufWriter::new(File::create(file).map_err(io)?), names: Vec::new() };
    out.begin().map_err(io)?;
    match source.value {
        Value::Table(table) => out.table(&table.frame)?,
        Value::Matrix(matrix) => {
            out.singles("values", matrix.view().into_dyn())?;
            if let Some(stimuli) = &matrix.about.stimuli {
                out.stimuli(stimuli)?;
            }
            if let Some(columns) = &matrix.about.columns {
                out.texts("columns", columns.iter().map(String::as_str))?;
            }
        }
        Value::Responses(responses) => {
            out.singles("mean", responses.mean.view().into_dyn())?;
            if let Some(repeats) = &responses.repeats {
                out.singles("repeats", repeats.view().into_dyn())?;
            }
            out.stimuli(responses.stimuli())?;
            out.texts("units", responses.units().iter().map(String::as_str))?;
        }
        Value::Split(split) => {
            out.stimuli(&split.stimuli)?;
            match &split.assignment {
                Assignment::Parts(parts) => out.texts("part", parts.iter().map(|part| part.name()))?,
                Assignment::Folds { fold, .. } => {
                    out.doubles("fold", fold.iter().map(|&fold| fold as f64).collect())?
                }
                Assignment::Draws(draws) => {
                    for (draw, parts) in draws.iter().enumerate() {
                        out.texts(&format!("part_{draw}"), parts.iter().map(|part| part.name()))?;
                    }
                }
            }
        }
        Value::Labels(labels) => {
            out.stimuli(&labels.stimuli)?;
            out.texts("object", labels.object.iter().map(String::as_str))?;
            if let Some(category) = &labels.category {
                out.texts("category", category.iter().map(String::as_str))?;
            }
        }
        _ => source.other(),
    }
    out.out.flush().map_err(io)?;
    Ok(None)
}

/// A file under way.
struct Mat<W> {
    out: W,
    /// The variables that it has.
    names: Vec<String>,
}

impl<W: Write> Mat<W> {
    fn begin(&mut self) -> std::io::Result<()> {
        write!(self.out, "{:124}", "MATLAB 5.0 MAT-file, written by ventral")?;
        self.out.write_all(&0x0100_u16.to_le_bytes())?;
        self.out.write_all(b"IM")
    }

    fn stimuli(&mut self, stimuli: &Stimuli) -> std::result::Result<(), String> {
        let names: Vec<&str> = stimuli.iter().map(|stimulus| &*stimulus.name).collect();
        self.texts("stimuli", names.into_iter())
    }

    fn table(&mut self, frame: &DataFrame) -> std::result::Result<(), String> {
        for column in frame.columns() {
            self.column(column).map_err(|e| format!("column `{}`: {e}", column.name()))?;
        }
        Ok(())
    }

    fn column(&mut self, column: &Column) -> std::result::Result<(), String> {
        if column.dtype().is_primitive_numeric() || column.dtype().is_bool() {
            let numbers = column.cast(&DataType::Float64).map_err(|e| e.to_string())?;
            let numbers = numbers.f64().map_err(|e| e.to_string())?;
            return self.doubles(column.name(), numbers.iter().map(|x| x.unwrap_or(f64::NAN)).collect());
        }
        let texts = column.cast(&DataType::String).map_err(|e| e.to_string())?;
        let texts = texts.str().map_err(|e| e.to_string())?;
        self.texts(column.name(), texts.iter().map(Option::unwrap_or_default))
    }

    /// Floats of any shape.
    fn singles(&mut self, name: &str, values: ArrayViewD<'_, f32>) -> std::result::Result<(), String> {
        let head = head(SINGLES, values.shape(), &self.name(name))?;
        let bytes = values.len() * 4;
        let length = head.len() + 8 + padded(bytes);
        let mut put = || -> std::io::Result<()> {
            self.out.write_all(&tag(MATRIX, length)?)?;
            self.out.write_all(&head)?;
            self.out.write_all(&tag(SINGLE, bytes)?)?;
            // The transpose's rows are the columns that MATLAB wants.
            for value in values.t() {
                self.out.write_all(&value.to_le_bytes())?;
            }
            self.out.write_all(&[0; 8][..padded(bytes) - bytes])
        };
        put().map_err(|e| e.to_string())
    }

    /// A column of doubles.
    fn doubles(&mut self, name: &str, values: Vec<f64>) -> std::result::Result<(), String> {
        let mut content = head(DOUBLES, &[values.len(), 1], &self.name(name))?;
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        element(&mut content, DOUBLE, &bytes).map_err(|e| e.to_string())?;
        self.matrix(&content)
    }

    /// A column of texts.
    fn texts<'t>(
        &mut self,
        name: &str,
        texts: impl ExactSizeIterator<Item = &'t str>,
    ) -> std::result::Result<(), String> {
        let mut content = head(CELLS, &[texts.len(), 1], &self.name(name))?;
        for text in texts {
            // Shapes count letters; as UTF-8 both MATLAB and scipy read those beyond ASCII.
            let mut cell = head(TEXT, &[usize::from(!text.is_empty()), text.chars().count()], "")?;
            element(&mut cell, UTF8, text.as_bytes()).map_err(|e| e.to_string())?;
            element(&mut content, MATRIX, &cell).map_err(|e| e.to_string())?;
        }
        self.matrix(&content)
    }

    fn matrix(&mut self, content: &[u8]) -> std::result::Result<(), String> {
        let put = tag(MATRIX, content.len()).and_then(|tag| self.out.write_all(&tag));
        put.and_then(|()| self.out.write_all(content)).map_err(|e| e.to_string())
    }

    /// A variable's name, as MATLAB takes it, that no other has.
    fn name(&mut self, wanted: &str) -> String {
        let fit: String = wanted.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        let fit = if fit.starts_with(|c: char| c.is_ascii_alphabetic()) { fit } else { format!("x{fit}") };
        let numbered = |number: usize| match number {
            1 => fit.chars().take(LONGEST_NAME).collect(),
            more => format!("{}_{more}", fit.chars().take(LONGEST_NAME - 4).collect::<String>()),
        };
        let free = (1..).map(numbered).find(|name: &String| !self.names.contains(name)).expect("numbers do not end");
        self.names.push(free.clone());
        free
    }
}

/// What stands in front of an array's numbers: its class, shape and name.
fn head(class: u32, shape: &[usize], name: &str) -> std::result::Result<Vec<u8>, String> {
    let mut head = Vec::new();
    let sides: std::result::Result<Vec<i32>, _> = shape.iter().map(|&side| i32::try_from(side)).collect();
    let sides = sides.map_err(|_| format!("an array of shape {shape:?} is too large for a .mat file"))?;
    let mut put = || -> std::io::Result<()> {
        element(&mut head, UINT32, &[class.to_le_bytes(), [0; 4]].concat())?;
        element(&mut head, INT32, &sides.iter().flat_map(|side| side.to_le_bytes()).collect::<Vec<u8>>())?;
        element(&mut head, INT8, name.as_bytes())
    };
    put().map_err(|e| e.to_string())?;
    Ok(head)
}

fn element(out: &mut Vec<u8>, kind: u32, bytes: &[u8]) -> std::io::Result<()> {
    out.extend(tag(kind, bytes.len())?);
    out.extend_from_slice(bytes);
    out.resize(out.len() + padded(bytes.len()) - bytes.len(), 0);
    Ok(())
}

fn tag(kind: u32, bytes: usize) -> std::io::Result<[u8; 8]> {
    let too_large =
        |_| std::io::Error::other("a .mat file holds arrays of at most 4 GB; .npy and .safetensors hold larger ones");
    let length = u32::try_from(bytes).map_err(too_large)?;
    let mut tag = [0; 8];
    tag[..4].copy_from_slice(&kind.to_le_bytes());
    tag[4..].copy_from_slice(&length.to_le_bytes());
    Ok(tag)
}

fn padded(bytes: usize) -> usize {
    bytes.next_multiple_of(8)
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn numbers_run_down_columns_and_lengths_are_whole() {
        let mut mat = Mat { out: Vec::new(), names: Vec::new() };
        mat.begin().unwrap();
        assert_eq!(mat.out.len(), 128);
        mat.singles("values", array![[1.0_f32, 2.0, 3.0], [4.0, 5.0, 6.0]].view().into_dyn()).unwrap();
        let floats: Vec<f32> =
            mat.out[mat.out.len() - 24..].chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect();
        assert_eq!(floats, [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
        let length = u32::from_le_bytes(mat.out[132..136].try_into().unwrap());
        assert_eq!(136 + length as usize, mat.out.len());
        mat.texts("names", ["a", "", "ü"].into_iter()).unwrap();
        assert_eq!(mat.out.len() % 8, 0);
    }

    #[test]
    fn names_are_such_as_matlab_takes() {
        let mut mat = Mat { out: Vec::new(), names: Vec::new() };
        assert_eq!(mat.name("explained variance"), "explained_variance");
        assert_eq!(mat.name("explained_variance"), "explained_variance_2");
        assert_eq!(mat.name("2nd"), "x2nd");
        assert_eq!(mat.name(&"n".repeat(80)).len(), 63);
    }
}

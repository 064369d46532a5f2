//! Matrices: memory-mapped floats with the identities of their rows.

use std::fmt;

use ndarray::ArrayView2;

use crate::repl::{Outcome, Refusal};
use crate::text::nearest::nearest;
use crate::value::Value;
use crate::value::matrix;
use crate::value::matrix::About;
use crate::value::stimuli::Stimulus;
use crate::value::ty::Type;

/// Rows × columns of 32-bit floats; rows usually are stimuli. Cheap to clone.
#[derive(Clone)]
pub struct Matrix {
    pub name: String,
    pub(super) value: matrix::Matrix,
}

impl Matrix {
    pub(super) fn of(name: &str, value: Value) -> Outcome<Self> {
        let value = match value {
            Value::Matrix(value) => value,
            Value::Responses(responses) => {
                let about = About {
                    stimuli: Some(responses.about.stimuli),
                    columns: Some(responses.about.units),
                    lineage: responses.about.lineage,
                    ..About::default()
                };
                matrix::Matrix::new(responses.mean, about)
            }
            other => {
                let way = match other.ty() {
                    Type::Table => "table",
                    Type::Images => "images",
                    _ => "value",
                };
                let ty = other.ty();
                return Err(Refusal::new(format!("`{name}` is no Matrix but {ty}; `{way}(\"{name}\")?` gives it")));
            }
        };
        Ok(Self { name: name.to_owned(), value })
    }

    /// The numbers, rows × columns. Those of half precision are all widened first.
    pub fn view(&self) -> ArrayView2<'_, f32> {
        self.value.view()
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.value.rows()
    }

    /// The number of columns.
    pub fn columns(&self) -> usize {
        self.value.columns()
    }

    /// The rows' stimuli, in row order: source, name in it, and content where known. None where rows are something else.
    pub fn stimuli(&self) -> Vec<Stimulus> {
        self.value.about.stimuli.iter().flat_map(|stimuli| stimuli.iter().cloned()).collect()
    }

    /// The names of the rows' stimuli; numbers where rows are something else.
    pub fn ids(&self) -> Vec<String> {
        match &self.value.about.stimuli {
            Some(stimuli) => stimuli.iter().map(|stimulus| stimulus.name.to_string()).collect(),
            None => (0..self.rows()).map(|row| row.to_string()).collect(),
        }
    }

    /// The names of the columns; numbers where they have none.
    pub fn names(&self) -> Vec<String> {
        match &self.value.about.columns {
            Some(names) => names.clone(),
            None => (0..self.columns()).map(|column| column.to_string()).collect(),
        }
    }

    /// The row of a stimulus, by its name or its number.
    pub fn row(&self, id: impl ToString) -> Outcome<Vec<f32>> {
        let at = self.position("row", &self.ids(), &id.to_string())?;
        let mut row = vec![0.0; self.columns()];
        self.value.raw().row(at, &mut row);
        Ok(row)
    }

    /// A column, by its name or its number.
    pub fn column(&self, name: impl ToString) -> Outcome<Vec<f32>> {
        let at = self.position("column", &self.names(), &name.to_string())?;
        Ok(self.view().column(at).to_vec())
    }

    /// The stimuli of the highest numbers in a column, highest first: `top("unit 3", 8)?`.
    pub fn top(&self, name: impl ToString, count: usize) -> Outcome<Vec<String>> {
        let (column, ids) = (self.column(name)?, self.ids());
        let mut rows: Vec<usize> = (0..column.len()).filter(|&row| !column[row].is_nan()).collect();
        rows.sort_by(|&a, &b| column[b].total_cmp(&column[a]));
        Ok(rows.into_iter().take(count).map(|row| ids[row].clone()).collect())
    }

    fn position(&self, what: &str, names: &[String], wanted: &str) -> Outcome<usize> {
        let named = names.iter().position(|name| name == wanted);
        let numbered = || wanted.parse().ok().filter(|at| *at < names.len());
        named.or_else(numbered).ok_or_else(|| {
            let hint = match nearest(wanted, names.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("it has {}, from {}", names.len(), names.first().map_or("none", String::as_str)),
            };
            Refusal::new(format!("`{}` has no {what} `{wanted}`; {hint}", self.name))
        })
    }
}

impl fmt::Debug for Matrix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} × {}", self.name, self.rows(), self.columns())
    }
}

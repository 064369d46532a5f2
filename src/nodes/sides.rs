//! Several features at one port: what each reference brings, with a matrix per fold where upstream fits were made per fold.

use std::collections::{BTreeMap, BTreeSet};

use crate::kind::{Arrival, KindError};
use crate::value::Value;
use crate::value::matrix::Matrix;
use crate::value::ty::Type;

/// What one reference brings.
pub struct Side {
    /// Its label; empty where it has none.
    pub name: String,
    /// The matrix that serves every fold.
    whole: Option<Arrival>,
    /// One a fold, where an upstream fit was made per fold.
    folds: BTreeMap<usize, Arrival>,
}

/// Arrivals by reference: an upstream fold's matrices belong together, a keyed port's stand one after another.
pub fn sides(arrivals: &[Arrival]) -> Result<Vec<Side>, KindError> {
    let mut sides: Vec<Side> = Vec::new();
    for arrival in arrivals {
        let label = arrival.label.iter().map(|(_, value)| value.as_str().map_or(value.to_string(), str::to_owned));
        let label = label.collect::<Vec<_>>().join(",");
        let Some(fold) = arrival.key.as_ref().and_then(|key| key.parse::<usize>().ok()) else {
            let name = [label.as_str(), arrival.key.as_deref().unwrap_or_default()];
            let name = name.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(".");
            sides.push(Side { name, whole: Some(arrival.clone()), folds: BTreeMap::new() });
            continue;
        };
        match sides
            .iter_mut()
            .rfind(|side| side.name == label && side.whole.is_none() && !side.folds.contains_key(&fold))
        {
            Some(side) => drop(side.folds.insert(fold, arrival.clone())),
            None => sides.push(Side { name: label, whole: None, folds: [(fold, arrival.clone())].into() }),
        }
    }
    if sides.is_empty() {
        Err(KindError::new("nothing arrives at `features`; name at least one node"))
    } else {
        Ok(sides)
    }
}

/// The folds that any side has; none but the whole where no side has any.
pub fn rounds(sides: &[Side]) -> Vec<Option<usize>> {
    let folds: BTreeSet<usize> = sides.iter().flat_map(|side| side.folds.keys().copied()).collect();
    if folds.is_empty() { vec![None] } else { folds.into_iter().map(Some).collect() }
}

impl Side {
    /// What it is called in a sentence.
    pub fn called(&self, at: usize) -> String {
        if self.name.is_empty() {
            format!("features {}", at + 1)
        } else {
            format!("features {} ({})", at + 1, self.name)
        }
    }

    /// What it brings for a fold; the matrix that serves every fold where there is one.
    pub fn arrival(&self, at: usize, fold: Option<usize>) -> Result<&Arrival, KindError> {
        self.whole.as_ref().or_else(|| self.folds.get(&fold?)).ok_or_else(|| {
            KindError::new(format!(
                "{} has no fold {}; it was made under another split ({} folds)",
                self.called(at),
                fold.unwrap_or_default(),
                self.folds.len()
            ))
        })
    }

    /// Its matrix for a fold.
    pub fn matrix(&self, at: usize, fold: Option<usize>) -> Result<Matrix, KindError> {
        let arrival = self.arrival(at, fold)?;
        match Value::read(arrival.ty, &arrival.path)? {
            Value::Matrix(matrix) => Ok(matrix),
            other => Err(KindError::new(format!("`features` takes {}, but {} arrives", Type::Matrix, other.ty()))),
        }
    }
}

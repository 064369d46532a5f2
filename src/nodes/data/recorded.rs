//! An array of responses whose axes are known: units, stimuli, perhaps repeats.

use std::collections::HashSet;
use std::path::Path;

use ndarray::{Array2, Array3};

use crate::formats::array::Array;
use crate::formats::open;
use crate::kind::KindError;
use crate::nodes::data::layout::Layout;
use crate::nodes::data::rows::unit_names;
use crate::value::responses::{About, Responses};
use crate::value::stimuli::Stimuli;

/// An array of responses whose axes are known.
pub(super) struct Recorded {
    array: Array,
    pub(super) layout: Layout,
    /// Stimuli, units, repeats.
    pub(super) counts: (usize, usize, usize),
    /// What the file calls its stimuli, if anything.
    pub(super) stimuli: Option<Vec<String>>,
    /// What the file calls its units, if anything.
    units: Option<Vec<String>>,
}

impl Recorded {
    pub(super) fn read(path: &Path, key: Option<&str>, layout: Layout) -> Result<Self, KindError> {
        let mut array = open::read(path, &open::Options { key, ..Default::default() })?;
        let (first, second, repeats) = match array.shape[..] {
            [first, second] => (first, second, 1),
            [first, second, repeats] => (first, second, repeats),
            _ => {
                let axes = if array.shape.len() == 1 { "axis" } else { "axes" };
                return Err(KindError::new(format!(
                    "`responses` has {} {axes} ({}); there are two, or three where the third is repeats",
                    array.shape.len(),
                    array.shape_text()
                )));
            }
        };
        if array.data.is_empty() {
            return Err(KindError::new(format!("`responses` is empty ({})", array.shape_text())));
        }
        let (rows, columns) = (array.rows.take(), array.columns.take());
        Ok(match layout {
            Layout::StimuliByUnits => {
                Self { array, layout, counts: (first, second, repeats), stimuli: rows, units: columns }
            }
            Layout::UnitsByStimuli => {
                Self { array, layout, counts: (second, first, repeats), stimuli: columns, units: rows }
            }
        })
    }

    fn at(&self, stimulus: usize, unit: usize) -> &[f32] {
        let (stimuli, units, repeats) = self.counts;
        let row = match self.layout {
            Layout::StimuliByUnits => stimulus * units + unit,
            Layout::UnitsByStimuli => unit * stimuli + stimulus,
        };
        &self.array.data[row * repeats..(row + 1) * repeats]
    }

    /// The file's own names of stimuli, if they are names of pictures.
    pub(super) fn ids_of(&self, stimuli: &Stimuli) -> Option<Vec<String>> {
        let known: HashSet<&str> = stimuli.iter().map(|stimulus| &*stimulus.name).collect();
        self.stimuli.clone().filter(|names| names.iter().any(|name| known.contains(stem(name, &known))))
    }

    /// Means and repeats of the stimuli that `rows` finds, in the order of the pictures.
    pub(super) fn responses(&self, rows: &[Option<usize>], stimuli: &Stimuli) -> Result<Responses, KindError> {
        let (_, units, repeats) = self.counts;
        let names = match &self.units {
            Some(names) => distinct(names)?,
            None => unit_names(units),
        };
        let found: Vec<(usize, usize)> =
            rows.iter().enumerate().filter_map(|(row, at)| at.map(|at| (row, at))).collect();
        let mut mean = Array2::zeros((found.len(), units));
        let (mut missing, mut first) = (0, None);
        for (to, &(row, from)) in found.iter().enumerate() {
            for unit in 0..units {
                let here = || format!("unit `{}`, stimulus `{}`", names[unit], stimuli.get(row).name);
                let (mut sum, mut count) = (0.0_f64, 0_u32);
                for &x in self.at(from, unit) {
                    if x.is_infinite() {
                        return Err(KindError::new(format!(
                            "`responses` holds {x} for {}; every response must be a finite number",
                            here()
                        )));
                    }
                    if !x.is_nan() {
                        sum += f64::from(x);
                        count += 1;
                    }
                }
                if count == 0 {
                    missing += 1;
                    first.get_or_insert_with(here);
                }
                mean[[to, unit]] = (sum / f64::from(count)) as f32;
            }
        }
        if let Some(first) = first {
            let what = if repeats == 1 { "hold NaN" } else { "lack every repeat" };
            return Err(KindError::new(format!(
                "{missing} of {} responses {what}; the first is {first}; only some repeats of a response may be missing",
                found.len() * units
            )));
        }
        let repeats = (repeats > 1).then(|| {
            Array3::from_shape_fn((found.len(), units, repeats), |(row, unit, repeat)| {
                self.at(found[row].1, unit)[repeat]
            })
        });
        let rows: Vec<usize> = found.iter().map(|&(row, _)| row).collect();
        let about = About {
            stimuli: stimuli.select(&rows),
            units: names,
            regions: None,
            true_ceiling: None,
            lineage: Default::default(),
        };
        Ok(Responses::new(about, mean, repeats))
    }
}

/// A name as pictures have it: without the extension, if only that is known.
pub(super) fn stem<'a>(name: &'a str, known: &HashSet<&str>) -> &'a str {
    match name.rsplit_once('.') {
        Some((stem, _)) if !known.contains(name) && known.contains(stem) => stem,
        _ => name,
    }
}

fn distinct(names: &[String]) -> Result<Vec<String>, KindError> {
    let mut seen = HashSet::new();
    match names.iter().find(|name| !seen.insert(*name)) {
        None => Ok(names.to_vec()),
        Some(twice) => {
            Err(KindError::new(format!("`responses` has two units called `{twice}`; names tell units apart")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::stimuli::Stimulus;
    use ndarray_npy::write_npy;

    fn stimuli(names: &[&str]) -> Stimuli {
        let list = names.iter().map(|&name| Stimulus { source: "x".into(), name: name.into(), content: None });
        Stimuli::new(list.collect()).unwrap()
    }

    fn recorded(array: ndarray::Array3<f64>, layout: Layout) -> Recorded {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.npy");
        write_npy(&path, &array).unwrap();
        Recorded::read(&path, None, layout).unwrap()
    }

    #[test]
    fn repeats_are_averaged_and_gaps_left_out() {
        let nan = f64::NAN;
        // Two units, one stimulus each way, three repeats.
        let array = ndarray::array![[[1.0, 2.0, nan], [4.0, 4.0, 4.0]], [[nan, nan, 7.0], [0.0, 1.0, 2.0]]];
        let by_units = recorded(array.clone(), Layout::UnitsByStimuli);
        let responses = by_units.responses(&[Some(0), Some(1)], &stimuli(&["a", "b"])).unwrap();
        assert_eq!(responses.mean, ndarray::array![[1.5, 7.0], [4.0, 1.0]]);
        let repeats = responses.repeats.unwrap();
        assert_eq!(repeats.dim(), (2, 2, 3));
        assert_eq!((repeats[[0, 1, 2]], repeats[[1, 0, 0]]), (7.0, 4.0));
        let by_stimuli = recorded(array, Layout::StimuliByUnits);
        let responses = by_stimuli.responses(&[Some(1), None], &stimuli(&["a", "b"])).unwrap();
        assert_eq!(responses.mean, ndarray::array![[7.0, 1.0]]);
        assert_eq!(&*responses.stimuli().get(0).name, "a");
    }

    #[test]
    fn what_is_missing_or_infinite_is_named() {
        let gone = recorded(ndarray::array![[[1.0, 2.0], [f64::NAN, f64::NAN]]], Layout::UnitsByStimuli);
        let error = gone.responses(&[Some(0), Some(1)], &stimuli(&["a", "b"])).unwrap_err().message;
        assert!(
            error.starts_with("1 of 2 responses lack every repeat; the first is unit `unit_001`, stimulus `b`"),
            "{error}"
        );
        let infinite = recorded(ndarray::array![[[1.0], [f64::INFINITY]]], Layout::UnitsByStimuli);
        let error = infinite.responses(&[Some(0), Some(1)], &stimuli(&["a", "b"])).unwrap_err().message;
        assert!(error.contains("holds inf for unit `unit_001`, stimulus `b`"), "{error}");
    }
}

//! An array of responses whose axes are known: units, stimuli, perhaps repeats.

use std::collections::HashSet;
use std::path::Path;

use ndarray::{Array2, Array3};

use crate::digest::Digest;
use crate::formats::array::Coordinate;
use crate::formats::{name_of, open};
use crate::kind::KindError;
use crate::nodes::data::layout::{Axis, Layout, OF_UNITS};
use crate::nodes::data::rows::unit_names;
use crate::value::responses::{About, Responses};
use crate::value::stimuli::Stimuli;

/// An array of responses whose axes are known.
pub(super) struct Recorded {
    data: Vec<f32>,
    shape: Vec<usize>,
    layout: Layout,
    /// Stimuli, units, repeats.
    pub(super) counts: (usize, usize, usize),
    /// How far apart neighbours are along stimuli, units and repeats.
    strides: (usize, usize, usize),
    /// What the file calls its stimuli, if anything.
    pub(super) stimuli: Option<Vec<String>>,
    /// What the file calls its units, if anything.
    units: Option<Vec<String>>,
    /// What its reader took for granted.
    pub(super) notes: Vec<String>,
    /// What tells its units from those of other recordings.
    recording: String,
}

impl Recorded {
    pub(super) fn read(
        (path, digest): (&Path, Digest),
        options: &open::Options<'_>,
        layout: Layout,
    ) -> Result<Self, KindError> {
        let mut array = open::read(path, options)?;
        if !(2..=3).contains(&array.shape.len()) {
            let axes = if array.shape.len() == 1 { "axis" } else { "axes" };
            return Err(KindError::new(format!(
                "`responses` has {} {axes} ({}); there are two, or three where one is repeats",
                array.shape.len(),
                array.shape_text()
            )));
        }
        if array.shape.len() == 2 && !layout.takes_two() {
            return Err(KindError::new(format!(
                "`responses` has 2 axes ({}), but `layout: {}` names three",
                array.shape_text(),
                layout.name()
            )));
        }
        let time = array.coordinates.iter().find(|one| one.name.starts_with("time") && array.shape[one.axis] > 1);
        if let Some(time) = time {
            return Err(KindError::new(format!(
                "`responses` has {} times (`{}`, {}); repeats would be averaged over them: select one time before",
                array.shape[time.axis],
                time.name,
                array.shape_text()
            )));
        }
        let units = layout.axes().iter().position(|one| *one == Axis::Units);
        let of_units =
            |one: &&Coordinate| Some(one.axis) == units && OF_UNITS.iter().any(|(name, _)| *name == one.name);
        let known: Vec<String> = array.coordinates.iter().filter(of_units).map(|one| one.name.clone()).collect();
        for name in known {
            let param = name.trim_end_matches('s');
            array.notes.push(format!(
                "{} says the {param} of its units (`{name}`), which is not read here: `load_units` with the same `path` and \
                 `{param}: {name}` attaches it",
                name_of(path)
            ));
        }
        if array.data.is_empty() {
            return Err(KindError::new(format!("`responses` is empty ({})", array.shape_text())));
        }
        let place = |axis: Axis| layout.axes().iter().position(|one| *one == axis).expect("a layout has every axis");
        let along = |axis: Axis| array.shape.get(place(axis)).copied().unwrap_or(1);
        let stride = |axis: Axis| array.shape.iter().skip(place(axis) + 1).product();
        let counts = (along(Axis::Stimuli), along(Axis::Units), along(Axis::Repeats));
        let strides = (stride(Axis::Stimuli), stride(Axis::Units), stride(Axis::Repeats));
        // A file names what lies along its first axis and its second.
        let mut names = [array.rows.take(), array.columns.take(), None];
        let (stimuli, units) = (names[place(Axis::Stimuli)].take(), names[place(Axis::Units)].take());
        let recording =
            [Some(digest.short().as_str()), options.key].into_iter().flatten().collect::<Vec<_>>().join(" ");
        let (data, shape, notes) = (array.data, array.shape, array.notes);
        Ok(Self { data, shape, layout, counts, strides, stimuli, units, notes, recording })
    }

    /// The repeats of a response.
    fn repeats(&self, stimulus: usize, unit: usize) -> impl Iterator<Item = f32> + '_ {
        let start = stimulus * self.strides.0 + unit * self.strides.1;
        (0..self.counts.2).map(move |repeat| self.data[start + repeat * self.strides.2])
    }

    /// What to do where the file has another number of stimuli than the one that is wanted.
    pub(super) fn fitting(&self, wanted: usize) -> String {
        let fits: Vec<String> =
            self.layout.others(&self.shape, wanted).map(|other| format!("`layout: {other}`")).collect();
        match fits.as_slice() {
            [] => "; a stimulus is one picture in both (if the axes are swapped, set `layout`)".to_owned(),
            [one] => format!("; the other axis fits: set {one}"),
            many => format!(
                "; of its axes ({}) another has {wanted}: {} fit, and which axis is repeats only you can say",
                self.shape.iter().map(ToString::to_string).collect::<Vec<_>>().join(" × "),
                many.join(" and ")
            ),
        }
    }

    /// Means and repeats of the stimuli that have rows in the file, in the order of the stimuli. `rows` lists, for each stimulus,
    /// its rows in the file: several where the file has a row per trial. A response of which every repeat is missing is NaN.
    /// With it comes what to say of the gaps.
    pub(super) fn responses(
        &self,
        rows: &[Vec<usize>],
        stimuli: &Stimuli,
    ) -> Result<(Responses, Option<String>), KindError> {
        let (_, units, repeats) = self.counts;
        let names = match &self.units {
            Some(names) => distinct(names)?,
            None => unit_names(units),
        };
        let found: Vec<usize> = (0..rows.len()).filter(|&stimulus| !rows[stimulus].is_empty()).collect();
        let depth = repeats * rows.iter().map(Vec::len).max().unwrap_or(0);
        let mut all = Array3::from_elem((found.len(), units, depth), f32::NAN);
        let mut mean = Array2::zeros((found.len(), units));
        let mut missing = vec![0_usize; units];
        for (to, &stimulus) in found.iter().enumerate() {
            for unit in 0..units {
                let here = || format!("unit `{}`, stimulus `{}`", names[unit], stimuli.get(stimulus).name);
                let (mut sum, mut count) = (0.0_f64, 0_u32);
                let values = rows[stimulus].iter().flat_map(|&row| self.repeats(row, unit));
                for (at, x) in values.enumerate() {
                    if x.is_infinite() {
                        return Err(KindError::new(format!(
                            "`responses` holds {x} for {}; every response must be a finite number",
                            here()
                        )));
                    }
                    all[[to, unit, at]] = x;
                    if !x.is_nan() {
                        sum += f64::from(x);
                        count += 1;
                    }
                }
                missing[unit] += usize::from(count == 0);
                mean[[to, unit]] = (sum / f64::from(count)) as f32;
            }
        }
        let note = gaps(&missing, &names, found.len());
        let about = About {
            stimuli: stimuli.select(&found),
            units: names,
            regions: None,
            subjects: None,
            known: Default::default(),
            true_ceiling: None,
            recording: Some(self.recording.clone()),
            lineage: Default::default(),
        };
        Ok((Responses::new(about, mean, (depth > 1).then_some(all)), note))
    }
}

/// What a person should know of responses that were not recorded.
fn gaps(missing: &[usize], names: &[String], stimuli: usize) -> Option<String> {
    let mut gapped: Vec<usize> = (0..missing.len()).filter(|&unit| missing[unit] > 0).collect();
    gapped.sort_by_key(|&unit| std::cmp::Reverse(missing[unit]));
    let worst = gapped.first()?;
    Some(format!(
        "{} of {} units were not recorded to all of {stimuli} stimuli; `{}` lacks most, {} of them: `select_units` can leave units out \
         (`drop`, `missing`)",
        gapped.len(),
        missing.len(),
        names[*worst],
        missing[*worst]
    ))
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
        Recorded::read((&path, Digest::of(b"x")), &open::Options::default(), layout).unwrap()
    }

    #[test]
    fn repeats_are_averaged_and_gaps_left_out() {
        let nan = f64::NAN;
        // Two units, one stimulus each way, three repeats.
        let array = ndarray::array![[[1.0, 2.0, nan], [4.0, 4.0, 4.0]], [[nan, nan, 7.0], [0.0, 1.0, 2.0]]];
        let by_units = recorded(array.clone(), Layout::UnitsByStimuli);
        let responses = by_units.responses(&[vec![0], vec![1]], &stimuli(&["a", "b"])).unwrap().0;
        assert_eq!(responses.mean, ndarray::array![[1.5, 7.0], [4.0, 1.0]]);
        let repeats = responses.repeats.unwrap();
        assert_eq!(repeats.dim(), (2, 2, 3));
        assert_eq!((repeats[[0, 1, 2]], repeats[[1, 0, 0]]), (7.0, 4.0));
        let by_stimuli = recorded(array, Layout::StimuliByUnits);
        let responses = by_stimuli.responses(&[vec![1], vec![]], &stimuli(&["a", "b"])).unwrap().0;
        assert_eq!(responses.mean, ndarray::array![[7.0, 1.0]]);
        assert_eq!(&*responses.stimuli().get(0).name, "a");
    }

    #[test]
    fn what_is_infinite_is_named() {
        let infinite = recorded(ndarray::array![[[1.0], [f64::INFINITY]]], Layout::UnitsByStimuli);
        let error = infinite.responses(&[vec![0], vec![1]], &stimuli(&["a", "b"])).unwrap_err().message;
        assert!(error.contains("holds inf for unit `unit_001`, stimulus `b`"), "{error}");
    }

    #[test]
    fn every_layout_reads_the_same_numbers() {
        use crate::nodes::data::layout::{Axis, Layout};
        // Stimulus, unit and repeat are the digits of each number.
        let number = |stimulus: usize, unit: usize, repeat: usize| (100 * stimulus + 10 * unit + repeat) as f64;
        for layout in Layout::ALL {
            let axes = layout.axes();
            let count = |axis: Axis| match axis {
                Axis::Stimuli => 2,
                Axis::Units => 3,
                Axis::Repeats => 4,
            };
            let array = ndarray::Array3::from_shape_fn(axes.map(count), |(a, b, c)| {
                let at = |axis: Axis| [a, b, c][axes.iter().position(|one| *one == axis).unwrap()];
                number(at(Axis::Stimuli), at(Axis::Units), at(Axis::Repeats))
            });
            let responses = recorded(array, layout).responses(&[vec![0], vec![1]], &stimuli(&["a", "b"])).unwrap().0;
            assert_eq!(responses.mean, ndarray::array![[1.5, 11.5, 21.5], [101.5, 111.5, 121.5]], "{}", layout.name());
            assert_eq!(responses.repeats.unwrap()[[1, 2, 3]], 123.0, "{}", layout.name());
        }
    }

    #[test]
    fn rows_of_trials_are_repeats() {
        // Three trials of `a`, one of `b`, a unit each way.
        let array = ndarray::array![[[1.0], [10.0]], [[5.0], [20.0]], [[3.0], [f64::NAN]], [[8.0], [30.0]]];
        let trials = recorded(array, Layout::StimuliByUnits);
        let responses = trials.responses(&[vec![0, 2, 3], vec![1]], &stimuli(&["a", "b"])).unwrap().0;
        assert_eq!(responses.mean, ndarray::array![[4.0, 20.0], [5.0, 20.0]]);
        let repeats = responses.repeats.unwrap();
        assert_eq!(repeats.dim(), (2, 2, 3));
        assert_eq!(repeats.slice(ndarray::s![0, 0, ..]).to_vec(), [1.0, 3.0, 8.0]);
        assert!(repeats[[0, 1, 1]].is_nan() && repeats[[1, 0, 1]].is_nan(), "what was not recorded is NaN");
    }

    #[test]
    fn units_that_were_not_recorded_to_all_load() {
        let nan = f64::NAN;
        let array = ndarray::array![[[1.0], [nan], [5.0]], [[2.0], [nan], [nan]]];
        let file = recorded(array, Layout::StimuliByUnits);
        let (responses, note) = file.responses(&[vec![0], vec![1]], &stimuli(&["a", "b"])).unwrap();
        assert_eq!(responses.mean.column(0).to_vec(), [1.0, 2.0]);
        assert!(responses.mean.column(1).iter().all(|x| x.is_nan()) && responses.mean[[1, 2]].is_nan());
        let said = "2 of 3 units were not recorded to all of 2 stimuli; `unit_002` lacks most, 2 of them: `select_units` can leave \
                    units out (`drop`, `missing`)";
        assert_eq!(note.as_deref(), Some(said));
    }
}

//! What pictures should give: responses on a scale that suits training, and classes by number.

use std::collections::{BTreeMap, BTreeSet};

use ndarray::{Array2, ArrayView2};
use tch::{Kind, Tensor};

use crate::kind::{KindError, Run};
use crate::math::tensor::index;
use crate::nodes::rows::listed;
use crate::nodes::training::options;
use crate::value::labels::Labels;
use crate::value::responses::Responses;
use crate::value::split::{Part, Round, Split};
use crate::value::stimuli::Stimuli;

/// The rows of the images that a training looks at, ascending.
pub struct Rows {
    /// Those that steps are taken by.
    pub fit: Vec<usize>,
    /// Those that judge an epoch; empty where nothing does.
    pub judge: Vec<usize>,
    /// Where those come from.
    pub judges: Judges,
}

/// Who judges an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judges {
    /// A slice of the train rows stops the training.
    Slice,
    /// The validation rows stop it.
    Val,
    /// The validation rows are looked at, and decide nothing.
    Onlookers,
    Nobody,
}

impl Judges {
    /// In a sentence.
    pub fn words(self) -> &'static str {
        match self {
            Self::Slice => "a slice of the train rows that is not fitted on",
            Self::Val => "the validation rows, which selected by",
            Self::Onlookers => "the validation rows, which decided nothing",
            Self::Nobody => "no rows",
        }
    }
}

impl Rows {
    /// Deals a round's rows of `images`. The slice is drawn by stimulus identity and seed; of each of `groups`, the class
    /// of every image where there are any, it has its share.
    pub fn deal(
        split: &Split,
        round: &Round,
        images: &Stimuli,
        train: Vec<usize>,
        groups: &[Option<&String>],
        stopping: Option<options::EarlyStopping>,
        seed: u64,
    ) -> Result<Self, KindError> {
        let val = || -> Result<Vec<usize>, KindError> {
            let mut rows = split.stimuli.select(&split.rows(Part::Val)).align(images, "val", "images")?;
            rows.sort_unstable();
            Ok(rows)
        };
        let Some(stopping) = stopping else {
            let judge = if round.fold.is_none() { val()? } else { Vec::new() };
            let judges = if judge.is_empty() { Judges::Nobody } else { Judges::Onlookers };
            return Ok(Self { fit: train, judge, judges });
        };
        if stopping.on == options::Judge::Val {
            let judge = val()?;
            if judge.len() < 2 {
                return Err(KindError::new(format!(
                    "`early_stopping.on` is val, but {} rows of `split` are val; it needs 2 or more, and `on: train` takes a \
                     slice of the train rows instead",
                    judge.len()
                )));
            }
            return Ok(Self { fit: train, judge, judges: Judges::Val });
        }
        let count = (stopping.fraction.get() * train.len() as f64).ceil() as usize;
        if count < 2 || train.len() - count < 2 {
            return Err(KindError::new(format!(
                "`early_stopping.fraction` is {}, which makes {count} of {} train rows judges and leaves {} to fit on; both \
                 need 2 or more",
                stopping.fraction.get(),
                train.len(),
                train.len() - count
            )));
        }
        let key = |&row: &usize| {
            let mut hasher = blake3::Hasher::new();
            hasher.update(&seed.to_le_bytes()).update(&images.get(row).identity().to_le_bytes());
            *hasher.finalize().as_bytes()
        };
        let mut dealt = train;
        dealt.sort_by_cached_key(key);
        // Rows of a class lie at even distances between 0 and 1; the slice is what lies lowest.
        let of = |row: usize| groups.get(row).copied().flatten();
        let mut sizes: BTreeMap<Option<&String>, f64> = BTreeMap::new();
        dealt.iter().for_each(|&row| *sizes.entry(of(row)).or_default() += 1.0);
        let mut seen: BTreeMap<Option<&String>, f64> = BTreeMap::new();
        let mut placed: Vec<(f64, usize)> = dealt
            .iter()
            .map(|&row| {
                let rank = seen.entry(of(row)).or_default();
                *rank += 1.0;
                ((*rank - 0.5) / sizes[&of(row)], row)
            })
            .collect();
        // Stable: equal places keep the drawn order.
        placed.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut dealt: Vec<usize> = placed.into_iter().map(|(_, row)| row).collect();
        let mut fit = dealt.split_off(count);
        fit.sort_unstable();
        dealt.sort_unstable();
        Ok(Self { fit, judge: dealt, judges: Judges::Slice })
    }
}

/// Responses of units to all images, NaN where there are none, and the scale on which they are trained.
pub struct Targets {
    pub units: Vec<String>,
    /// Images × units, as recorded.
    pub raw: Array2<f32>,
    /// The same, less `shift` and over `scale`; 0 where there are none.
    pub scaled: Tensor,
    /// Ones where there are responses; absent where there are all.
    pub mask: Option<Tensor>,
    pub scale: Vec<f32>,
    pub shift: Vec<f32>,
}

impl Targets {
    /// Joins responses with images. `fit` rows set the scale: each unit's mean and deviation, or for rates its mean alone.
    pub fn join(
        responses: &Responses,
        images: &Stimuli,
        rows: &Rows,
        loss: options::Loss,
        run: &mut Run<'_>,
    ) -> Result<Self, KindError> {
        let found = images.find_in(responses.stimuli(), "images", "responses")?;
        let units = responses.units().to_vec();
        let mut raw = Array2::from_elem((images.len(), units.len()), f32::NAN);
        for (row, at) in found.iter().enumerate() {
            if let Some(at) = at {
                raw.row_mut(row).assign(&responses.mean.row(*at));
            }
        }
        if let Some(value) = raw.iter().find(|value| value.is_infinite()) {
            return Err(KindError::new(format!(
                "`responses` holds {value}; a response is a finite number, or NaN for none"
            )));
        }
        if loss == options::Loss::Poisson
            && let Some(((row, unit), value)) = raw.indexed_iter().find(|(_, value)| **value < 0.0)
        {
            return Err(KindError::new(format!(
                "`responses` is {value} for unit `{}` at stimulus `{}`; `loss: poisson` takes counts or rates of at least 0",
                units[unit],
                images.get(row).name
            )));
        }
        let (mut scale, mut shift) = (Vec::new(), Vec::new());
        let (mut constant, mut silent) = (Vec::new(), Vec::new());
        for (unit, name) in units.iter().enumerate() {
            let known: Vec<f64> =
                rows.fit.iter().map(|&row| f64::from(raw[[row, unit]])).filter(|value| !value.is_nan()).collect();
            let count = known.len().max(1) as f64;
            let mean = known.iter().sum::<f64>() / count;
            let deviation = (known.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count).sqrt();
            if known.is_empty() {
                silent.push(name.as_str());
            } else if deviation == 0.0 {
                constant.push(name.as_str());
            }
            let (by, less) = match loss {
                options::Loss::Mse => (if deviation > 0.0 { deviation } else { 1.0 }, mean),
                options::Loss::Poisson => (if mean > 0.0 { mean } else { 1.0 }, 0.0),
            };
            scale.push(by as f32);
            shift.push(less as f32);
        }
        if !silent.is_empty() {
            return Err(KindError::new(format!(
                "{} of {} units have no response to any row that is fitted on: {}; leave them out (`select_units`)",
                silent.len(),
                units.len(),
                listed(&silent)
            )));
        }
        if !constant.is_empty() {
            run.note(format!(
                "{} of {} units are constant over the rows that are fitted on: {}",
                constant.len(),
                units.len(),
                listed(&constant)
            ));
        }
        let mut scaled = raw.clone();
        for mut row in scaled.rows_mut() {
            for ((value, scale), shift) in row.iter_mut().zip(&scale).zip(&shift) {
                *value = if value.is_nan() { 0.0 } else { (*value - shift) / scale };
            }
        }
        let known = raw.mapv(|value| if value.is_nan() { 0.0 } else { 1.0 });
        let seen = rows.fit.iter().chain(&rows.judge);
        let mask = seen.clone().any(|&row| known.row(row).iter().any(|&x| x == 0.0)).then(|| matrix(known.view()));
        Ok(Self { units, scaled: matrix(scaled.view()), raw, mask, scale, shift })
    }
}

/// A class per image, −1 where it has no label.
pub struct Classes {
    /// Sorted.
    pub names: Vec<String>,
    pub of: Vec<i64>,
    pub numbers: Tensor,
}

impl Classes {
    /// Joins labels with images. Classes are those of the rows that are fitted on; there must be two.
    pub fn join(labels: &Labels, images: &Stimuli, rows: &Rows, of: options::Classes) -> Result<Self, KindError> {
        let names = match of {
            options::Classes::Object => &labels.object,
            options::Classes::Category => labels
                .category
                .as_ref()
                .ok_or_else(|| KindError::new("`labels` name no categories; `classes: object` takes the objects"))?,
        };
        let found = images.find_in(&labels.stimuli, "images", "labels")?;
        let fitted: BTreeSet<&String> = rows.fit.iter().filter_map(|&row| found[row].map(|at| &names[at])).collect();
        if fitted.len() < 2 {
            let rows_fitted = rows.fit.len();
            let rows = rows.fit.iter().filter(|&&row| found[row].is_some()).count();
            return Err(KindError::new(match fitted.first() {
                Some(name) => format!(
                    "the rows that are fitted on show one class, `{name}` ({rows} rows), and there is nothing to tell it from; give \
                     `labels` of two classes or more, or take `classes: {}`",
                    if of == options::Classes::Object { "category" } else { "object" }
                ),
                None => format!(
                    "none of the {} rows that are fitted on has a label; `labels` must be of the same stimuli",
                    rows_fitted
                ),
            }));
        }
        let list: Vec<String> = fitted.into_iter().cloned().collect();
        let number =
            |at: &Option<usize>| at.and_then(|at| list.binary_search(&names[at]).ok()).map_or(-1, |class| class as i64);
        let of: Vec<i64> = found.iter().map(number).collect();
        Ok(Self { names: list, numbers: Tensor::from_slice(&of), of })
    }
}

/// An array as a tensor of 32-bit floats.
fn matrix(view: ArrayView2<'_, f32>) -> Tensor {
    let (rows, columns) = view.dim();
    let numbers: Vec<f32> = view.iter().copied().collect();
    Tensor::from_slice(&numbers).view([index(rows), index(columns)]).to_kind(Kind::Float)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::split::Assignment;
    use crate::value::stimuli::Stimulus;

    #[test]
    fn every_class_has_its_share_of_the_slice_that_judges() {
        let stimulus = |i: usize| Stimulus { source: "x".into(), name: format!("s{i}").into(), content: None };
        let images = Stimuli::new((0..200).map(stimulus).collect()).expect("names differ");
        let split = Split { stimuli: images.clone(), assignment: Assignment::Parts(vec![Part::Train; 200]) };
        // Classes of 100, 60 and 40 rows, one behind the other.
        let names = ["a", "b", "c"].map(str::to_owned);
        let class = |row: usize| usize::from(row >= 100) + usize::from(row >= 160);
        let groups: Vec<Option<&String>> = (0..200).map(|row| Some(&names[class(row)])).collect();
        let deal = |groups: &[Option<&String>], seed| {
            let round = &split.rounds()[0];
            Rows::deal(&split, round, &images, (0..200).collect(), groups, options::stopping(), seed).expect("dealt")
        };
        let shares = |rows: &Rows| {
            let count = |of: usize| rows.judge.iter().filter(|&&row| class(row) == of).count();
            [count(0), count(1), count(2)]
        };
        for seed in 0..20 {
            let rows = deal(&groups, seed);
            assert_eq!((shares(&rows), rows.fit.len()), ([10, 6, 4], 180), "seed {seed}");
        }
        assert!((0..20).any(|seed| shares(&deal(&[], seed)) != [10, 6, 4]), "without classes chance decides");
        assert_ne!(deal(&groups, 1).judge, deal(&groups, 2).judge);
    }
}

//! The rows that are scored, with what was measured and predicted of them.

use std::collections::{BTreeMap, BTreeSet};

use ndarray::{Array2, s};

use crate::kind::{KindError, NodeKind, Run};
use crate::nodes::evaluation::evaluate::{Evaluate, Params, Pool};
use crate::nodes::evaluation::held_out;
use crate::nodes::evaluation::on::On;
use crate::value::lineage::{Exposure, Lineage};
use crate::value::matrix::{About, Matrix};
use crate::value::responses::Responses;
use crate::value::split::{Assignment, Split};
use crate::value::stimuli::Stimuli;

/// Everything that is scored.
pub struct Scored {
    /// What was fitted and chosen upstream.
    pub lineage: Lineage,
    /// How many of the rows have chosen something.
    pub selected: usize,
    /// The fits, one a fold, each with the rows that it is scored on.
    pub fits: Vec<Part>,
    /// Whether each fit is scored by itself.
    pub apart: bool,
    /// Whether fits are of draws, which score a stimulus several times, and not of folds.
    pub draws: bool,
}

/// Rows that one fit is scored on.
pub struct Part {
    /// Rows of the split.
    pub rows: Vec<usize>,
    /// The same rows of the responses.
    pub measured: Vec<usize>,
    /// Rows × units of the responses.
    pub predicted: Array2<f32>,
}

impl Scored {
    /// Reads predictions, refuses rows that a fit has seen, and joins rows and units by name.
    pub fn read(params: &Params, split: &Split, responses: &Responses, run: &mut Run<'_>) -> Result<Self, KindError> {
        let (mut fits, mut lineages, mut selected) = (Vec::new(), Vec::new(), 0);
        for round in held_out::rounds(params.on, split)? {
            let predictions = run.matrix_of_fold("predictions", round.fold)?;
            let lineage = predictions.about.lineage.clone();
            if params.on != On::Train {
                held_out::refuse_seen(params.on, &split.stimuli, &round.held_out, &lineage, &run.declared)?;
            }
            let chose = |row: &&usize| lineage.selected.iter().any(|e| e.saw(split.stimuli.get(**row)));
            selected += round.held_out.iter().filter(chose).count();
            fits.push(Part::join(&split.stimuli, round.held_out, &predictions, responses)?);
            lineages.push(lineage);
        }
        let lineage = Lineage::merge(&lineages);
        let apart = fits.len() > 1 && params.pool == Pool::Folds;
        let draws = matches!(split.assignment, Assignment::Draws(_));
        let scored = Self { lineage, selected, fits, apart, draws };
        scored.enough(run)?;
        Ok(scored)
    }

    /// How many rows are scored: of all folds, or of one draw.
    pub fn rows(&self) -> usize {
        match self.draws {
            true => self.fits.first().map_or(0, |part| part.rows.len()),
            false => self.fits.iter().map(|part| part.rows.len()).sum(),
        }
    }

    /// Rows of the split and of the responses, each once.
    pub fn all(&self) -> (Vec<usize>, Vec<usize>) {
        let pairs = self.fits.iter().flat_map(|part| part.rows.iter().copied().zip(part.measured.iter().copied()));
        let mut seen = BTreeSet::new();
        pairs.filter(|(row, _)| seen.insert(*row)).unzip()
    }

    /// What is scored: stimuli × (fold, measured, predicted). Rows that are scored together have one fold. It holds what was measured
    /// of these rows, so it counts as fitted on them: no score of what is made of it may be of them.
    pub fn matrix(&self, stimuli: &Stimuli, responses: &Responses) -> Result<Matrix, KindError> {
        if self.draws {
            return Err(KindError::new(
                "`scored` has a row per stimulus, and draws score a stimulus several times; resample stimuli of a hold-out or of folds",
            ));
        }
        let units = responses.units();
        let mut data = Array2::zeros((self.rows(), 1 + 2 * units.len()));
        let mut row = 0;
        for (fold, part) in self.fits.iter().enumerate() {
            for (at, &measured) in part.measured.iter().enumerate() {
                data[[row, 0]] = if self.apart { fold as f32 } else { 0.0 };
                data.slice_mut(s![row, 1..=units.len()]).assign(&responses.mean.row(measured));
                data.slice_mut(s![row, 1 + units.len()..]).assign(&part.predicted.row(at));
                row += 1;
            }
        }
        let of = |what: &'static str| units.iter().map(move |unit| format!("{what} {unit}"));
        let columns = std::iter::once("fold".to_owned()).chain(of("measured")).chain(of("predicted")).collect();
        let rows = self.all().0;
        let about = About {
            stimuli: Some(stimuli.select(&rows)),
            columns: Some(columns),
            lineage: self.lineage.clone().fitted_on(Exposure::new(Evaluate::NAME, stimuli, &rows)),
            ..About::default()
        };
        Ok(Matrix::new(data, about))
    }

    fn enough(&self, run: &mut Run<'_>) -> Result<(), KindError> {
        let rows = self.rows();
        if rows < 2 {
            return Err(KindError::new(format!("{rows} rows are scored; a score needs at least 2")));
        }
        let fewest = self.fits.iter().map(|part| part.rows.len()).min().unwrap_or(0);
        match fewest {
            _ if !self.apart => Ok(()),
            0 | 1 => Err(KindError::new(format!(
                "a {} leaves out {fewest} rows, and a score within it needs at least 2; {}",
                if self.draws { "draw" } else { "fold" },
                if self.draws {
                    "hold out more"
                } else {
                    "take fewer folds, or say `pool: rows`, which scores the rows of all folds together"
                }
            ))),
            2..10 => {
                run.note(format!(
                    "{} of {fewest} rows: scores within so few scatter much",
                    if self.draws { "draws" } else { "folds" }
                ));
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

impl Part {
    fn join(
        stimuli: &Stimuli,
        rows: Vec<usize>,
        predictions: &Matrix,
        responses: &Responses,
    ) -> Result<Self, KindError> {
        let wanted = stimuli.select(&rows);
        let measured = wanted.align(responses.stimuli(), "the scored rows", "responses")?;
        let given = wanted.align(predictions.stimuli("predictions")?, "the scored rows", "predictions")?;
        let columns = columns(predictions, responses.units())?;
        let view = predictions.view();
        let predicted =
            Array2::from_shape_fn((rows.len(), columns.len()), |(row, unit)| view[[given[row], columns[unit]]]);
        for (row, &at) in measured.iter().enumerate() {
            for (unit, name) in responses.units().iter().enumerate() {
                let (y, p) = (responses.mean[[at, unit]], predicted[[row, unit]]);
                if y.is_infinite() || (!y.is_nan() && !p.is_finite()) {
                    let side = if y.is_finite() { "predictions" } else { "responses" };
                    return Err(KindError::new(format!(
                        "`{side}` of unit `{name}` to stimulus `{}` is no finite number; a score needs every one",
                        wanted.get(row).name
                    )));
                }
            }
        }
        Ok(Self { rows, measured, predicted })
    }

    /// What was measured of a unit and predicted of it, over the rows that `wanted` has and the unit was recorded to.
    pub fn of_unit(&self, unit: usize, responses: &Responses, wanted: impl Fn(usize) -> bool) -> OfUnit {
        let mut of_unit = OfUnit::default();
        for (row, &at) in self.measured.iter().enumerate() {
            let y = f64::from(responses.mean[[at, unit]]);
            if !y.is_nan() && wanted(self.rows[row]) {
                of_unit.truth.push(y);
                of_unit.predicted.push(f64::from(self.predicted[[row, unit]]));
                of_unit.measured.push(at);
            }
        }
        of_unit
    }
}

/// One unit over the rows that it has.
#[derive(Default)]
pub struct OfUnit {
    pub truth: Vec<f64>,
    pub predicted: Vec<f64>,
    /// Rows of the responses.
    pub measured: Vec<usize>,
}

impl OfUnit {
    /// Adds the rows of another fit.
    pub fn with(mut self, other: Self) -> Self {
        self.truth.extend(other.truth);
        self.predicted.extend(other.predicted);
        self.measured.extend(other.measured);
        self
    }
}

/// The column of each unit, by name where columns have names.
fn columns(predictions: &Matrix, units: &[String]) -> Result<Vec<usize>, KindError> {
    match &predictions.about.columns {
        Some(names) => {
            let known: BTreeMap<&str, usize> = names.iter().enumerate().map(|(c, n)| (n.as_str(), c)).collect();
            let column = |unit: &String| {
                known.get(unit.as_str()).copied().ok_or_else(|| {
                    KindError::new(format!(
                        "`predictions` has {} units but none named `{unit}`; units join by name",
                        names.len()
                    ))
                })
            };
            units.iter().map(column).collect()
        }
        None if predictions.columns() == units.len() => Ok((0..units.len()).collect()),
        None => Err(KindError::new(format!(
            "`predictions` has {} columns but `responses` has {} units; a column is one unit",
            predictions.columns(),
            units.len()
        ))),
    }
}

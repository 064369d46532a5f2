//! Mean scores of groups of units in draws of the scored stimuli.

use std::collections::BTreeMap;

use ndarray::{Array2, Axis};

use crate::kind::{KindError, Run};
use crate::math::tensor::place;
use crate::nodes::drawn::table::{self, Cell, Draws};
use crate::nodes::evaluation::evaluate::Bootstrap;
use crate::nodes::evaluation::evaluate::scored::{Part, Scored};
use crate::nodes::evaluation::evaluate::scores::Scores;
use crate::nodes::evaluation::sums;
use crate::nodes::measures;
use crate::stats::summary::mean;
use crate::value::responses::Responses;
use crate::value::split::Split;
use crate::value::table::About;

/// Numbers of 64 bits that a draw of a unit takes at once: five sums, their parts, and what is made of them.
const NUMBERS: u64 = 20;

/// What is scored, and of what.
pub struct Given<'a> {
    pub scored: &'a Scored,
    pub split: &'a Split,
    pub responses: &'a Responses,
    /// Of all stimuli.
    pub scores: &'a [Scores],
    /// Per unit.
    pub ceilings: Option<&'a [Option<f64>]>,
}

/// The mean over the units of each subject and region: of all stimuli, and of each draw. A unit without a score of all stimuli is in none.
pub fn draws(
    bootstrap: &Bootstrap,
    seed: u64,
    given: &Given<'_>,
    about: About,
    run: &mut Run<'_>,
) -> Result<Draws, KindError> {
    let Given { scored, split, responses, scores, ceilings } = given;
    let measure = bootstrap.measure.as_str();
    if scored.draws {
        return Err(KindError::new(
            "`bootstrap` draws stimuli, and draws of a split score a stimulus several times; score a hold-out or folds",
        ));
    }
    let Some(whole) = scores.iter().find(|one| one.measure.name == measure) else {
        return Err(KindError::new(format!("`bootstrap` is of `{measure}`, and nothing arrives at `ceiling`")));
    };
    let units = responses.units().len();
    let count = bootstrap.draws.get();
    run.reserve(
        (count as u64) * (units as u64) * NUMBERS * 8,
        &format!("{count} draws of {units} units are held at once; fewer draws need less"),
    )?;
    let fits: Vec<&[Part]> = match scored.apart {
        true => scored.fits.chunks(1).collect(),
        false => vec![&scored.fits[..]],
    };
    let parts: Vec<usize> = fits.iter().map(|fits| fits.iter().map(|part| part.rows.len()).sum()).collect();
    let mut of_units = Array2::<f64>::zeros((count, units));
    for (at, fits) in fits.iter().enumerate() {
        of_units += &of_part(measure, fits, responses, &drawn_rows(parts[at], seed, at, count), run);
    }
    of_units /= fits.len() as f64;
    for unit in 0..units {
        let ceiling = ceilings.and_then(|all| all[unit]);
        of_units.column_mut(unit).mapv_inplace(|x| ceiling.map_or(x, |ceiling| sums::corrected(measure, x, ceiling)));
    }
    let over = |values: &[f64]| {
        let known: Vec<f64> = values.iter().copied().filter(|x| !x.is_nan()).collect();
        if known.is_empty() { f64::NAN } else { mean(&known) }
    };
    let cells = cells(responses).into_iter().filter_map(|(cell, members)| {
        let members: Vec<usize> = members.into_iter().filter(|&unit| whole.values[unit].is_some()).collect();
        let all: Vec<f64> = members.iter().filter_map(|&unit| whole.values[unit]).collect();
        let drawn =
            of_units.rows().into_iter().map(|row| over(&members.iter().map(|&unit| row[unit]).collect::<Vec<_>>()));
        (!members.is_empty()).then(|| (cell, std::iter::once(over(&all)).chain(drawn).collect()))
    });
    let (rows, _) = scored.all();
    Ok(Draws {
        measure: measure.to_owned(),
        drawn: table::of(&split.stimuli.select(&rows), &parts, seed),
        cells: cells.collect(),
        about,
    })
}

/// How often each row stands in each draw. Folds are drawn by themselves.
fn drawn_rows(rows: usize, seed: u64, fold: usize, count: usize) -> Vec<Vec<u32>> {
    (0..count).map(|at| table::counts(rows, seed.wrapping_add(fold as u64), at)).collect()
}

/// The score of every unit in every draw of rows that are scored together.
fn of_part(measure: &str, fits: &[Part], responses: &Responses, counts: &[Vec<u32>], run: &Run<'_>) -> Array2<f64> {
    let device = place(run.device);
    let rows: Vec<usize> = fits.iter().flat_map(|part| part.measured.iter().copied()).collect();
    let measured = responses.mean.select(Axis(0), &rows).mapv(f64::from);
    let predicted: Vec<_> = fits.iter().map(|part| part.predicted.view()).collect();
    let predicted = ndarray::concatenate(Axis(0), &predicted).expect("fits of the same units").mapv(f64::from);
    // Before the ceiling: corrected measures are functions of these.
    let plain = match measure {
        name if name == measures::R_NC.name || name == measures::R2_NC.name => measures::R.name,
        name if name == measures::EXPLAINED_VARIANCE_NC.name => measures::EXPLAINED_VARIANCE.name,
        name => name,
    };
    sums::scores(plain, &sums::weights(counts, device), (&measured, &predicted), device)
}

/// Units by subject and region.
fn cells(responses: &Responses) -> BTreeMap<Cell, Vec<usize>> {
    let mut cells: BTreeMap<Cell, Vec<usize>> = BTreeMap::new();
    for unit in 0..responses.units().len() {
        let of = |all: &Option<Vec<String>>| all.as_ref().map(|all| all[unit].clone());
        let cell = Cell { a: None, subject: of(&responses.about.subjects), region: of(&responses.about.regions) };
        cells.entry(cell).or_default().push(unit);
    }
    cells
}

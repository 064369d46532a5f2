//! Responses to single presentations of the compared stimuli, and dissimilarities in units of their noise.

use ndarray::Array2;

use crate::kind::KindError;
use crate::math::similarity::noise::{Noise, Refusal, crossnobis, mahalanobis};
use crate::nodes::similarity::dissimilarity::Dissimilarity;
use crate::value::responses::Responses;

/// By compared stimulus, its repeats that have all units, each a pattern.
struct Presentations<'a> {
    responses: &'a Responses,
    rows: &'a [usize],
    units: &'a [usize],
    repeats: Vec<Vec<usize>>,
}

/// The dissimilarities of the rows' patterns over some units, condensed, and what a person should know of them.
pub fn dissimilarities(
    port: &str,
    responses: &Responses,
    (rows, units): (&[usize], &[usize]),
    of: Dissimilarity,
) -> Result<(Vec<f64>, Option<String>), KindError> {
    let presentations = Presentations::of(port, responses, (rows, units), of)?;
    let noise = presentations.noise(port)?;
    if of == Dissimilarity::Mahalanobis {
        return Ok((mahalanobis(&noise.whitened(&presentations.means())), None));
    }
    let counts = || presentations.repeats.iter().map(Vec::len);
    let (fewest, most) = (counts().min().unwrap_or(0), counts().max().unwrap_or(0));
    let note = (fewest < most).then(|| {
        format!(
            "stimuli of `{port}` have {fewest} to {most} repeats: the first {fewest} of each are the folds of crossnobis distances"
        )
    });
    let folds: Vec<_> = (0..fewest).map(|fold| noise.whitened(&presentations.fold(fold))).collect();
    Ok((crossnobis(&folds), note))
}

impl<'a> Presentations<'a> {
    fn of(
        port: &str,
        responses: &'a Responses,
        (rows, units): (&'a [usize], &'a [usize]),
        of: Dissimilarity,
    ) -> Result<Self, KindError> {
        let Some(all) = &responses.repeats else {
            return Err(KindError::new(format!(
                "`{port}` has no repeats, and {} distances are in units of the noise between them; take `euclidean`",
                of.word()
            )));
        };
        let whole = |row: usize, repeat: usize| units.iter().all(|&unit| all[[row, unit, repeat]].is_finite());
        let repeats: Vec<Vec<usize>> =
            rows.iter().map(|&row| (0..all.dim().2).filter(|&repeat| whole(row, repeat)).collect()).collect();
        let least = if of == Dissimilarity::Crossnobis { 2 } else { 1 };
        if let Some(at) = repeats.iter().position(|repeats| repeats.len() < least) {
            return Err(KindError::new(format!(
                "stimulus `{}` has {} repeats with all {} units of `{port}`; {} distances need {least} or more",
                responses.stimuli().get(rows[at]).name,
                repeats[at].len(),
                units.len(),
                of.word()
            )));
        }
        Ok(Self { responses, rows, units, repeats })
    }

    fn pattern(&self, at: usize, repeat: usize) -> impl Iterator<Item = f64> {
        let all = self.responses.repeats.as_ref().expect("checked in `of`");
        self.units.iter().map(move |&unit| f64::from(all[[self.rows[at], unit, repeat]]))
    }

    /// Means over repeats, rows × units.
    fn means(&self) -> Array2<f64> {
        let mut means = Array2::zeros((self.rows.len(), self.units.len()));
        for (at, repeats) in self.repeats.iter().enumerate() {
            for &repeat in repeats {
                let share = 1.0 / repeats.len() as f64;
                means.row_mut(at).iter_mut().zip(self.pattern(at, repeat)).for_each(|(mean, x)| *mean += share * x);
            }
        }
        means
    }

    /// The patterns of each stimulus's repeat of a number, rows × units.
    fn fold(&self, fold: usize) -> Array2<f64> {
        let each = (0..self.rows.len()).flat_map(|at| self.pattern(at, self.repeats[at][fold]));
        Array2::from_shape_vec((self.rows.len(), self.units.len()), each.collect()).expect("rows × units")
    }

    /// The noise of units around each stimulus's mean.
    fn noise(&self, port: &str) -> Result<Noise, KindError> {
        let means = self.means();
        let count: usize = self.repeats.iter().map(Vec::len).sum();
        let freedom = count - self.rows.len();
        if freedom == 0 {
            return Err(KindError::new(format!(
                "no compared stimulus of `{port}` has two repeats, so its noise is not known; take `euclidean`"
            )));
        }
        let mut residuals = Vec::with_capacity(count * self.units.len());
        for (at, repeats) in self.repeats.iter().enumerate() {
            for &repeat in repeats {
                residuals.extend(self.pattern(at, repeat).zip(means.row(at)).map(|(x, mean)| x - mean));
            }
        }
        let residuals = Array2::from_shape_vec((count, self.units.len()), residuals).expect("presentations × units");
        Noise::of(&residuals, freedom).map_err(|refusal| match refusal {
            Refusal::Silent(unit) => KindError::new(format!(
                "unit `{}` of `{port}` does not vary over repeats, so that nothing is known in units of its noise; leave it out, or \
                 take `euclidean`",
                self.responses.units()[self.units[unit]]
            )),
            Refusal::Singular => KindError::new(format!(
                "the noise covariance of {} units of `{port}` over {count} presentations has no inverse; take fewer units, or \
                 `euclidean`",
                self.units.len()
            )),
        })
    }
}

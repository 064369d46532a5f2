//! What chance does: permutations of stimuli, and draws of stimuli and subjects.

use rayon::prelude::*;

use crate::kind::{KindError, Run};
use crate::math::similarity::compare::{Drawn, Side as Compared, pair_weights};
use crate::math::similarity::resample::{Variances, permutation, stimuli, subjects};
use crate::nodes::similarity::rsa::compared::{Comparisons, Dissimilarities};
use crate::nodes::similarity::rsa::{Bootstrap, Over};
use crate::stats::student::quantile as student;
use crate::stats::summary::{mean, quantile};

/// Probabilities under permutations; nothing where none were asked for.
pub struct Tests {
    pub pairs: Vec<Option<f64>>,
    pub sets: Vec<Option<f64>>,
}

/// 95 % intervals; nothing where none were asked for.
pub struct Intervals {
    pub pairs: Vec<Option<(f64, f64)>>,
    pub sets: Vec<Option<(f64, f64)>>,
    /// Of all pairs by draw of stimuli; nothing where a draw has no value.
    pub draws: Vec<Option<Vec<f64>>>,
}

/// Fewer draws with a value than this part have no interval.
const MOST_LOST: f64 = 0.1;

/// How often permuted stimuli of `a` are as much like `b`.
pub fn permuted(of: &Comparisons<'_>) -> Tests {
    let count = of.params.permutations.get();
    let (pairs, sets) = (of.found.len(), of.sets.all.len());
    if count == 0 {
        return Tests { pairs: vec![None; pairs], sets: vec![None; sets] };
    }
    let means = over_sets(of, &of.found);
    let as_large = |scratch: &mut Vec<Compared>, at: usize| -> Vec<bool> {
        let order = permutation(of.stimuli, of.params.seed, at);
        of.a.sides.iter().zip(scratch.iter_mut()).for_each(|(side, out)| side.permute(&order, out));
        let value = |&(a, b): &(usize, usize)| scratch[a].similarity(&of.b.sides[b]).unwrap_or(f64::NEG_INFINITY);
        let values: Vec<f64> = of.pairing.pairs.iter().map(value).collect();
        // The same likeness added up in another order is as large.
        let reached = |value: f64, found: f64| value >= found - 1e-12;
        let alone = values.iter().zip(&of.found).map(|(value, found)| reached(*value, *found));
        let together = over_sets(of, &values);
        alone.chain(together.iter().zip(&means).map(|(value, found)| reached(*value, *found))).collect()
    };
    let add = |mut sum: Vec<u64>, more: Vec<u64>| {
        sum.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
        sum
    };
    let none = || vec![0u64; pairs + sets];
    let counts = (0..count)
        .into_par_iter()
        .map_init(|| of.a.sides.clone(), as_large)
        .map(|reached| reached.into_iter().map(u64::from).collect())
        .reduce(none, add);
    let p = |&reached: &u64| Some((1 + reached) as f64 / (1 + count) as f64);
    Tests { pairs: counts[..pairs].iter().map(p).collect(), sets: counts[pairs..].iter().map(p).collect() }
}

fn over_sets(of: &Comparisons<'_>, values: &[f64]) -> Vec<f64> {
    let each = of.sets.all.iter();
    each.map(|set| set.iter().map(|&at| values[at]).sum::<f64>() / set.len() as f64).collect()
}

/// Intervals by draws with replacement.
pub fn intervals(of: &Comparisons<'_>, run: &mut Run<'_>) -> Result<Intervals, KindError> {
    let none = Intervals { pairs: vec![None; of.found.len()], sets: vec![None; of.sets.all.len()], draws: Vec::new() };
    let Some(bootstrap) = &of.params.bootstrap else { return Ok(none) };
    let all = if bootstrap.over.stimuli() { drawn(of, bootstrap, run)? } else { Vec::new() };
    let draws: Vec<Vec<f64>> = all.iter().flatten().cloned().collect();
    let pairs = match draws.is_empty() {
        true => none.pairs,
        false => (0..of.found.len()).map(|at| Some(percentiles(draws.iter().map(|values| values[at])))).collect(),
    };
    let sets = of.sets.all.iter().map(|set| of_set(of, set, bootstrap, &draws)).collect();
    Ok(Intervals { pairs, sets, draws: all })
}

/// Likenesses of all pairs in draws of stimuli; nothing for a draw in which one has none.
fn drawn(of: &Comparisons<'_>, bootstrap: &Bootstrap, run: &mut Run<'_>) -> Result<Vec<Option<Vec<f64>>>, KindError> {
    let base = |side: &Dissimilarities| -> Vec<Drawn> {
        side.given.iter().map(|pairs| Drawn::of(of.comparator, &pairs.values)).collect()
    };
    let (a, b) = (base(of.a), base(of.b));
    let draw = |at: usize| -> Option<Vec<f64>> {
        let weights = pair_weights(&stimuli(of.stimuli, of.params.seed, at));
        let counted = |side: &[Drawn]| side.iter().map(|one| one.counted(&weights)).collect::<Vec<_>>();
        let (x, y) = (counted(&a), counted(&b));
        of.pairing.pairs.iter().map(|&(i, j)| a[i].similarity(&x[i], &y[j], &weights)).collect()
    };
    let count = bootstrap.draws.get();
    let draws: Vec<Option<Vec<f64>>> = (0..count).into_par_iter().map(draw).collect();
    let lost = draws.iter().filter(|draw| draw.is_none()).count();
    if lost as f64 > MOST_LOST * count as f64 {
        return Err(KindError::new(format!(
            "in {lost} of {count} draws of {} stimuli, dissimilarities do not differ; compare more stimuli, or draw `over: subjects`",
            of.stimuli
        )));
    }
    if lost > 0 {
        run.note(format!("{lost} of {count} draws of stimuli have no value, since dissimilarities do not differ in them, and are left out"));
    }
    Ok(draws)
}

/// The interval of the mean over a set's subjects.
fn of_set(of: &Comparisons<'_>, set: &[usize], bootstrap: &Bootstrap, draws: &[Vec<f64>]) -> Option<(f64, f64)> {
    let over = |values: &[f64], which: &[usize]| mean(&which.iter().map(|&at| values[at]).collect::<Vec<_>>());
    let resampled = |at: usize| -> Vec<usize> {
        subjects(set.len(), of.params.seed, at).into_iter().map(|subject| set[subject]).collect()
    };
    let of_subjects = || -> Vec<f64> { (0..bootstrap.draws.get()).map(|at| over(&of.found, &resampled(at))).collect() };
    match bootstrap.over {
        Over::Stimuli => Some(percentiles(draws.iter().map(|values| over(values, set)))),
        Over::Subjects => Some(percentiles(of_subjects().into_iter())),
        Over::Both => {
            let of_stimuli: Vec<f64> = draws.iter().map(|values| over(values, set)).collect();
            let both: Vec<f64> = draws.iter().enumerate().map(|(at, values)| over(values, &resampled(at))).collect();
            let variances =
                Variances { subjects: variance(&of_subjects()), stimuli: variance(&of_stimuli), both: variance(&both) };
            let error = variances.corrected(set.len(), of.stimuli).sqrt();
            let freedom = set.len().min(of.stimuli) - 1;
            let half = student(0.975, freedom as f64) * error;
            let value = over(&of.found, set);
            Some((value - half, value + half))
        }
    }
}

/// With n − 1 in the denominator.
fn variance(x: &[f64]) -> f64 {
    let centre = mean(x);
    x.iter().map(|value| (value - centre).powi(2)).sum::<f64>() / (x.len() as f64 - 1.0)
}

fn percentiles(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    (quantile(&sorted, 0.025), quantile(&sorted, 0.975))
}

//! Simulated IT units: what drives them, how often they fire, and how well any model could predict them.
//!
//! A unit's drive is a sum of three parts, each of variance 1 over the stimuli before it is weighted: rectified sums of
//! contrast energy within its receptive field; products of two such sums, as a second layer would form; and a preference
//! for some categories and objects. Its mean count λ(s) = b·max(0.05, 1 + a·drive(s)), and spikes are Poisson. Averaged
//! over n repeats, noise has the variance E[λ]/n, so the share of the variance that λ explains, the ceiling, is
//! c = Var λ / (Var λ + E[λ]/n); b is chosen so that c is what the unit drew.

use rayon::prelude::*;

use crate::nodes::data::synthetic::filters::{CHANNELS, Filters, GRID};
use crate::nodes::data::synthetic::numbers::{Draw, Purpose, moments, standardise};
use crate::nodes::data::synthetic::objects::{CATEGORIES, EXEMPLARS, OBJECTS};

/// Rectified sums of energy that the units share.
const HIDDEN: usize = 160;
/// Sums that drive a unit directly.
const DIRECT: usize = 5;

/// What a population answers.
pub struct Population {
    /// Counts, stimuli × units × repeats.
    pub counts: Vec<f32>,
    /// The ceiling of each unit's mean over repeats.
    pub ceilings: Vec<f64>,
}

/// The answers of `units` to pictures, n × side × side × 3 bytes, that show `objects`.
pub fn respond(seed: u64, pictures: &[u8], side: usize, objects: &[usize], units: usize, repeats: usize) -> Population {
    let filters = Filters::new();
    let energies: Vec<Vec<f64>> =
        pictures.par_chunks_exact(side * side * 3).map(|picture| filters.energies(picture, side)).collect();
    let columns: Vec<Vec<f64>> = (0..CHANNELS * GRID * GRID)
        .into_par_iter()
        .map(|at| {
            let mut column: Vec<f64> = energies.iter().map(|row| row[at]).collect();
            standardise(&mut column);
            column
        })
        .collect();
    let hidden: Vec<Vec<f64>> = (0..HIDDEN).into_par_iter().map(|at| hidden(seed, at, &columns)).collect();
    let ceilings = ceilings(seed, units);
    let answers: Vec<Vec<f32>> = (0..units)
        .into_par_iter()
        .map(|unit| {
            let mut tuning = Draw::new(seed, Purpose::Tuning, HIDDEN + unit);
            let drive = drive(&mut tuning, &hidden, objects);
            let rates = rates(&mut tuning, &drive, ceilings[unit], repeats);
            let mut spikes = Draw::new(seed, Purpose::Spikes, unit);
            rates
                .iter()
                .flat_map(|&rate| std::iter::repeat_n(rate, repeats))
                .map(|rate| spikes.poisson(rate) as f32)
                .collect()
        })
        .collect();
    let mut counts = Vec::with_capacity(objects.len() * units * repeats);
    for stimulus in 0..objects.len() {
        for answer in &answers {
            counts.extend_from_slice(&answer[stimulus * repeats..(stimulus + 1) * repeats]);
        }
    }
    Population { counts, ceilings }
}

/// A rectified sum of a few channels around a place, over the stimuli, of mean 0 and variance 1.
fn hidden(seed: u64, at: usize, columns: &[Vec<f64>]) -> Vec<f64> {
    let mut draw = Draw::new(seed, Purpose::Tuning, at);
    let centre = (draw.between(0.0, GRID as f64), draw.between(0.0, GRID as f64));
    let width = draw.between(1.8, 4.0);
    let weights: Vec<f64> = (0..CHANNELS).map(|_| if draw.unit() < 0.3 { draw.normal() } else { 0.0 }).collect();
    let mut sum = vec![0.0; columns[0].len()];
    for (channel, weight) in weights.iter().enumerate().filter(|(_, weight)| **weight != 0.0) {
        for cell in 0..GRID * GRID {
            let (x, y) = ((cell % GRID) as f64 + 0.5 - centre.0, (cell / GRID) as f64 + 0.5 - centre.1);
            let near = (1.0 - (x * x + y * y) / (width * width)).max(0.0);
            if near > 0.0 {
                let column = &columns[channel * GRID * GRID + cell];
                sum.iter_mut().zip(column).for_each(|(sum, energy)| *sum += weight * near * energy);
            }
        }
    }
    standardise(&mut sum);
    let threshold = draw.between(-1.2, 0.3);
    sum.iter_mut().for_each(|x| *x = (*x - threshold).max(0.0));
    standardise(&mut sum);
    sum
}

/// A unit's drive over the stimuli, of mean 0 and variance 1.
fn drive(draw: &mut Draw, hidden: &[Vec<f64>], objects: &[usize]) -> Vec<f64> {
    let mut direct = vec![0.0; objects.len()];
    for _ in 0..DIRECT {
        let (weight, source) = (draw.normal(), &hidden[draw.below(HIDDEN)]);
        direct.iter_mut().zip(source).for_each(|(sum, x)| *sum += weight * x);
    }
    let (left, right) = (&hidden[draw.below(HIDDEN)], &hidden[draw.below(HIDDEN)]);
    let mut joint: Vec<f64> = left.iter().zip(right).map(|(a, b)| (a + 1.0).max(0.0) * (b + 1.0).max(0.0)).collect();
    let by_category: Vec<f64> = CATEGORIES.iter().map(|_| draw.normal()).collect();
    let by_object: Vec<f64> = (0..OBJECTS).map(|_| draw.normal()).collect();
    let mut liking: Vec<f64> =
        objects.iter().map(|&object| by_category[object / EXEMPLARS] + 0.5 * by_object[object]).collect();
    [&mut direct, &mut joint, &mut liking].into_iter().for_each(|part| standardise(part));
    let (a, b, c) = (1.0, draw.between(0.2, 0.7), draw.between(0.15, 0.6));
    let mut drive: Vec<f64> = direct
        .iter()
        .zip(&joint)
        .zip(&liking)
        .map(|((direct, joint), liking)| a * direct + b * joint + c * liking)
        .collect();
    standardise(&mut drive);
    drive
}

/// Mean counts that give the unit its ceiling.
fn rates(draw: &mut Draw, drive: &[f64], ceiling: f64, repeats: usize) -> Vec<f64> {
    let depth = draw.between(0.35, 0.6);
    let mut rates: Vec<f64> = drive.iter().map(|x| (1.0 + depth * x).max(0.05)).collect();
    let (mean, variance) = moments(&rates);
    let scale = if variance > 1e-12 { ceiling / (1.0 - ceiling) * mean / (repeats as f64 * variance) } else { 1.0 };
    rates.iter_mut().for_each(|rate| *rate *= scale);
    rates
}

/// Ceilings from .06 to .96 with the median .70 and the mean .64, dealt out to the units in a drawn order; Majaj and
/// Hong's units have .03 to .96, .73 and .65.
fn ceilings(seed: u64, units: usize) -> Vec<f64> {
    let mut ceilings: Vec<f64> = (0..units)
        .map(|unit| {
            let left = 1.0 - (unit as f64 + 0.5) / units as f64;
            // 1 − left^1.75, by roots, since a general power would be the library's.
            0.06 + 0.9 * (1.0 - left * left.sqrt() * left.sqrt().sqrt())
        })
        .collect();
    Draw::new(seed, Purpose::Population, 0).shuffle(&mut ceilings);
    ceilings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nodes::data::synthetic::render;

    fn small(seed: u64, threads: usize) -> Population {
        let objects: Vec<usize> = (0..24).map(|at| at * 5 % OBJECTS).collect();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let pictures: Vec<u8> =
                objects.iter().enumerate().flat_map(|(at, &object)| render(seed, at, object, 16)).collect();
            respond(seed, &pictures, 16, &objects, 6, 4)
        })
    }

    #[test]
    fn answers_do_not_depend_on_the_number_of_threads() {
        let (one, three) = (small(3, 1), small(3, 3));
        assert_eq!(one.counts, three.counts);
        assert_eq!(one.counts.len(), 24 * 6 * 4);
        assert_ne!(one.counts, small(4, 1).counts);
    }

    #[test]
    fn ceilings_are_spread_with_the_median_of_the_original() {
        let mut sorted = ceilings(1, 168);
        sorted.sort_by(f64::total_cmp);
        assert!((sorted[84] - 0.7).abs() < 0.02 && sorted[0] < 0.1 && sorted[167] > 0.93, "{sorted:?}");
    }

    #[test]
    fn the_ceiling_is_what_repeats_show() {
        // The correlation of two halves of many repeats estimates the ceiling of one half's mean.
        let drive: Vec<f64> = {
            let mut draw = Draw::new(0, Purpose::Population, 1);
            (0..3000).map(|_| draw.normal()).collect()
        };
        for ceiling in [0.2, 0.7, 0.9] {
            let mut draw = Draw::new(0, Purpose::Tuning, 0);
            let rates = rates(&mut draw, &drive, ceiling, 5);
            let mut half = || -> Vec<f64> {
                let mean = |rate: &f64| (0..5).map(|_| f64::from(draw.poisson(*rate))).sum::<f64>() / 5.0;
                let mut half: Vec<f64> = rates.iter().map(mean).collect();
                standardise(&mut half);
                half
            };
            let (a, b) = (half(), half());
            let r = a.iter().zip(&b).map(|(a, b)| a * b).sum::<f64>() / a.len() as f64;
            assert!((r - ceiling).abs() < 0.05, "{r} {ceiling}");
        }
    }
}

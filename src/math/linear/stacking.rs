//! Stacking of several predictions (Breiman 1996; Lin et al. 2023): weights on the simplex by the errors of rows left out.
//!
//! For the errors E (n × bands) of one unit by each band's own fit: min_w wᵀPw with P = EᵀE, w ≥ 0 and Σw = 1.

/// How often the set of bands may change; each change lowers what is minimised.
const MOST_STEPS: usize = 1000;

/// The weights for P, bands × bands, symmetric, row-major, by an active set: bands join by the steepest descent, and leave where
/// their weight would fall below zero.
pub fn weights(p: &[f64], bands: usize) -> Vec<f64> {
    let scale = (0..bands).map(|at| p[at * bands + at]).fold(0.0, f64::max);
    if scale <= 0.0 {
        return vec![1.0 / bands as f64; bands];
    }
    // Bands of equal errors share their weight.
    let p: Vec<f64> =
        p.iter().enumerate().map(|(at, &x)| x / scale + if at % (bands + 1) == 0 { 1e-13 } else { 0.0 }).collect();
    let first = (0..bands).min_by(|&a, &b| p[a * bands + a].total_cmp(&p[b * bands + b])).unwrap_or(0);
    let mut w = vec![0.0; bands];
    w[first] = 1.0;
    let mut active = vec![first];
    for _ in 0..MOST_STEPS {
        let slopes: Vec<f64> = (0..bands).map(|b| (0..bands).map(|c| p[b * bands + c] * w[c]).sum()).collect();
        let level: f64 = w.iter().zip(&slopes).map(|(w, slope)| w * slope).sum();
        let joins = (0..bands).filter(|b| !active.contains(b)).min_by(|&a, &b| slopes[a].total_cmp(&slopes[b]));
        let Some(joins) = joins.filter(|&band| slopes[band] < level - 1e-12) else { break };
        active.push(joins);
        // To the least of the bands that are there, but no further than where one has no weight left.
        loop {
            let aim = least(&p, bands, &active);
            let step = active
                .iter()
                .zip(&aim)
                .filter(|(_, aim)| **aim < 0.0)
                .map(|(&band, aim)| w[band] / (w[band] - aim))
                .fold(1.0, f64::min);
            for (&band, aim) in active.iter().zip(&aim) {
                w[band] += step * (aim - w[band]);
            }
            if step >= 1.0 {
                break;
            }
            active.retain(|&band| w[band] > 1e-14);
            (0..bands).filter(|band| !active.contains(band)).for_each(|band| w[band] = 0.0);
        }
    }
    let sum: f64 = w.iter().sum();
    w.into_iter().map(|w| w / sum).collect()
}

/// The minimum for some bands with Σw = 1 alone: w = P⁻¹1 / 1ᵀP⁻¹1, by elimination with pivots.
fn least(p: &[f64], bands: usize, active: &[usize]) -> Vec<f64> {
    let size = active.len();
    let mut rows: Vec<Vec<f64>> = active
        .iter()
        .map(|&b| active.iter().map(|&c| p[b * bands + c]).chain(std::iter::once(1.0)).collect())
        .collect();
    for at in 0..size {
        let pivot = (at..size).max_by(|&i, &j| rows[i][at].abs().total_cmp(&rows[j][at].abs())).unwrap_or(at);
        rows.swap(at, pivot);
        for below in at + 1..size {
            let factor = rows[below][at] / rows[at][at];
            for column in at..=size {
                let above = rows[at][column];
                rows[below][column] -= factor * above;
            }
        }
    }
    let mut out = vec![0.0; size];
    for at in (0..size).rev() {
        let known: f64 = (at + 1..size).map(|column| rows[at][column] * out[column]).sum();
        out[at] = (rows[at][size] - known) / rows[at][at];
    }
    let sum: f64 = out.iter().sum();
    out.into_iter().map(|w| w / sum).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, SeedableRng};
    use serde_json::Value as Json;

    fn of(errors: &[Vec<f64>]) -> Vec<f64> {
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum();
        let p: Vec<f64> = errors.iter().flat_map(|a| errors.iter().map(|b| dot(a, b))).collect();
        weights(&p, errors.len())
    }

    /// By scipy's nnls: see tests/oracles/banded.py.
    #[test]
    fn weights_are_those_of_least_squares_without_negatives() {
        let all: Json = serde_json::from_str(include_str!("../../../tests/oracles/banded.json")).unwrap();
        let errors: Vec<Vec<Vec<f64>>> = serde_json::from_value(all["errors"].clone()).unwrap();
        let expected: Vec<Vec<f64>> = serde_json::from_value(all["stack"].clone()).unwrap();
        for (unit, expected) in expected.iter().enumerate() {
            let of_unit: Vec<Vec<f64>> = errors.iter().map(|band| band.iter().map(|row| row[unit]).collect()).collect();
            for (got, expected) in of(&of_unit).iter().zip(expected) {
                assert!((got - expected).abs() < 1e-8, "unit {unit}: {got}, {expected}");
            }
        }
    }

    #[test]
    fn no_weights_on_the_simplex_are_better() {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
        for bands in 1..=9 {
            let shared: Vec<f64> = (0..30).map(|_| rng.sample(rand_distr::StandardNormal)).collect();
            let errors: Vec<Vec<f64>> = (0..bands)
                .map(|_| shared.iter().map(|s| s + rng.sample::<f64, _>(rand_distr::StandardNormal)).collect())
                .collect();
            let w = of(&errors);
            assert!((w.iter().sum::<f64>() - 1.0).abs() < 1e-12 && w.iter().all(|&w| w >= 0.0), "{w:?}");
            // Every slope is at least that of the bands with weight: the conditions of Karush, Kuhn and Tucker.
            let mixed: Vec<f64> = (0..30).map(|row| (0..bands).map(|b| w[b] * errors[b][row]).sum()).collect();
            let slope = |b: usize| -> f64 { errors[b].iter().zip(&mixed).map(|(e, m)| e * m).sum() };
            let level: f64 = (0..bands).map(|b| w[b] * slope(b)).sum();
            for (b, &of) in w.iter().enumerate() {
                let above = slope(b) - level;
                assert!(above > -1e-8 && (of == 0.0 || above < 1e-8), "{bands}, {b}: {above}, {w:?}");
            }
        }
    }

    #[test]
    fn equal_bands_and_none_that_errs_are_no_trouble() {
        let e = vec![1.0, -2.0, 0.5];
        let w = of(&[e.clone(), e.clone(), e]);
        assert!((w.iter().sum::<f64>() - 1.0).abs() < 1e-12, "{w:?}");
        assert_eq!(of(&[vec![0.0; 3], vec![0.0; 3]]), [0.5, 0.5]);
        assert_eq!(of(&[vec![3.0, 1.0]]), [1.0]);
    }
}

//! The share of each of several predictions in what they explain together, and the parts that sets of predictors have in common.

/// The product measure (Pratt 1987; himalaya's `r2_score_split`): shares that add up to 1 − Σ(y − Σ_b ŷ_b)²/Σy².
///
/// Σ_i (2 y ŷ_b − ŷ_b Σ_c ŷ_c) / Σ_i y² for y and every ŷ_b less its own mean over the rows, so that they add up to the explained
/// variance. None where y does not vary, or there are fewer than two rows.
pub fn product_shares(truth: &[f64], parts: &[Vec<f64>]) -> Option<Vec<f64>> {
    let centred = |x: &[f64]| -> Vec<f64> {
        let mean = x.iter().sum::<f64>() / x.len() as f64;
        x.iter().map(|x| x - mean).collect()
    };
    if truth.len() < 2 || truth.iter().all(|&y| y == truth[0]) {
        return None;
    }
    let truth = centred(truth);
    let parts: Vec<Vec<f64>> = parts.iter().map(|part| centred(part)).collect();
    let total: f64 = truth.iter().map(|y| y * y).sum();
    let sum: Vec<f64> = (0..truth.len()).map(|row| parts.iter().map(|part| part[row]).sum()).collect();
    let share = |part: &Vec<f64>| {
        part.iter().zip(&truth).zip(&sum).map(|((p, y), sum)| 2.0 * y * p - p * sum).sum::<f64>() / total
    };
    Some(parts.iter().map(share).collect())
}

/// Commonality (Mood 1971; Nimon & Oswald 2013): what sets of predictors explain and no others do, from what every set explains.
///
/// `explained` has R² of the predictors in the bits of its position + 1, so 2^k − 1 numbers; so has the answer, whose parts of one bit
/// are unique, which may be negative, and which add up to R² of all. With f(A) = R²(all) − R²(all but A), the part of A is
/// Σ_{T ⊆ A} (−1)^(|A| − |T|) f(T).
pub fn commonality(explained: &[f64]) -> Vec<f64> {
    let all = explained.len();
    let of = |set: usize| if set == 0 { 0.0 } else { explained[set - 1] };
    let lost = |set: usize| of(all) - of(all & !set);
    let sign = |set: usize, within: usize| if (set & !within).count_ones() % 2 == 0 { 1.0 } else { -1.0 };
    (1..=all)
        .map(|set| {
            (1..=set).filter(|within| set & within == *within).map(|within| sign(set, within) * lost(within)).sum()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value as Json;

    /// By himalaya and by hand: see tests/oracles/banded.py.
    fn oracle() -> Json {
        serde_json::from_str(include_str!("../../../tests/oracles/banded.json")).unwrap()
    }

    #[test]
    fn shares_are_those_of_himalaya_and_add_up_to_the_explained_variance() {
        let all = oracle();
        let y: Vec<Vec<f64>> = serde_json::from_value(all["y"].clone()).unwrap();
        let by_band: Vec<Vec<Vec<f64>>> = serde_json::from_value(all["by_band"].clone()).unwrap();
        let split: Vec<Vec<f64>> = serde_json::from_value(all["split"].clone()).unwrap();
        let explained: Vec<f64> = serde_json::from_value(all["explained"].clone()).unwrap();
        let train = all["train"].as_u64().unwrap() as usize;
        for (unit, explained) in explained.iter().enumerate() {
            let pick = |x: &[Vec<f64>]| -> Vec<f64> { x[train..].iter().map(|row| row[unit]).collect() };
            let parts: Vec<Vec<f64>> = by_band.iter().map(|band| pick(band)).collect();
            let shares = product_shares(&pick(&y), &parts).unwrap();
            for (band, share) in shares.iter().enumerate() {
                assert!((share - split[band][unit]).abs() < 1e-9, "{unit}, {band}: {share}");
            }
            assert!((shares.iter().sum::<f64>() - explained).abs() < 1e-9);
        }
        assert_eq!(product_shares(&[2.0, 2.0], &[vec![1.0, 2.0]]), None);
        assert_eq!(product_shares(&[2.0], &[vec![1.0]]), None);
    }

    #[test]
    fn common_parts_are_those_of_textbooks_and_add_up() {
        let all = oracle();
        let of = |name: &str, unit: usize| -> Vec<f64> {
            (1..=7).map(|set| all[name][set.to_string()][unit].as_f64().unwrap()).collect()
        };
        for unit in 0..5 {
            let explained = of("parts", unit);
            let parts = commonality(&explained);
            for (got, expected) in parts.iter().zip(of("common", unit)) {
                assert!((got - expected).abs() < 1e-12, "{got}, {expected}");
            }
            assert!((parts.iter().sum::<f64>() - explained[6]).abs() < 1e-12);
        }
        assert_eq!(commonality(&[0.25]), [0.25]);
        // Two predictors: unique, unique, common.
        let parts = commonality(&[0.5, 0.25, 0.625]);
        assert_eq!(parts, [0.375, 0.125, 0.125]);
    }
}

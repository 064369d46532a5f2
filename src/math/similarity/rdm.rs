//! Dissimilarities of patterns, from the products of rows and the sums of rows.
//!
//! With K = XXᵀ (n × n), s = X1 and p columns:
//!
//! ```text
//! correlation   C = K − s sᵀ/p,   D_ij = 1 − C_ij/√(C_ii C_jj)       (Kriegeskorte et al. 2008)
//! euclidean     D_ij = (K_ii + K_jj − 2 K_ij)/p                      (squared, by columns, as rsatoolbox divides)
//! cosine        D_ij = 1 − K_ij/√(K_ii K_jj)
//! ```
//!
//! What these differences cancel is known from the products themselves. Pairs of which products in 32 bits leave too few digits are
//! listed, to be computed again from their rows (`of_rows`).

use crate::math::linear::gram::Precision;
use crate::math::similarity::pairs;

/// A difference below this part of what it is taken from has lost ten of the bits that 32-bit products have.
const CANCELLED: f64 = 1.0 / 1024.0;
/// The same of 64-bit products: what is below is their rounding, and taken for none.
const NOTHING: f64 = 1.0 / (1u64 << 40) as f64;
/// A pattern of which less than this is left beside its mean may be flat: of products in 32 bits, and in 64.
const FLAT: [f64; 2] = [1.0 / (1u64 << 20) as f64, 1.0 / (1u64 << 36) as f64];

/// How two patterns differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dissimilarity {
    Correlation,
    Euclidean,
    Cosine,
}

/// Products of all rows of a matrix with one another, and what else is known of its rows.
#[derive(Clone, Copy, Debug)]
pub struct Products<'a> {
    /// side × side, row-major.
    pub products: &'a [f64],
    pub side: usize,
    /// The sum of each row; side.
    pub sums: &'a [f64],
    pub columns: usize,
    pub precision: Precision,
}

/// Dissimilarities of n patterns.
#[derive(Clone, Debug)]
pub struct Rdm {
    /// Condensed.
    pub values: Vec<f64>,
    /// Pairs of patterns too much alike for what their products were computed in, and all pairs of `flat` ones.
    pub doubtful: Vec<(usize, usize)>,
    /// Patterns that may have no dissimilarity to any other: by correlation those that do not vary over columns, by cosine those of
    /// zeros. Products cannot tell them from others that hardly vary; their rows can.
    pub flat: Vec<usize>,
}

impl Products<'_> {
    fn at(&self, i: usize, j: usize) -> f64 {
        self.products[i * self.side + j]
    }

    /// The dissimilarities of some rows, in their order; the others of `Rdm` are places in it.
    pub fn dissimilarities(&self, rows: &[usize], of: Dissimilarity) -> Rdm {
        let width = self.columns as f64;
        let single = self.precision == Precision::Single;
        let means: Vec<f64> = match of {
            Dissimilarity::Correlation => rows.iter().map(|&row| self.sums[row] / width.sqrt()).collect(),
            Dissimilarity::Euclidean | Dissimilarity::Cosine => vec![0.0; rows.len()],
        };
        let squares: Vec<f64> = rows.iter().map(|&row| self.at(row, row)).collect();
        let kept: Vec<f64> = squares.iter().zip(&means).map(|(square, mean)| square - mean * mean).collect();
        let least = FLAT[usize::from(!single)];
        let may_be_flat = |at: &usize| of != Dissimilarity::Euclidean && kept[*at] <= least * squares[*at];
        let flat: Vec<usize> = (0..rows.len()).filter(may_be_flat).collect();
        // Rows whose mean takes nearly all of their square.
        let most = if single { CANCELLED } else { least };
        let is_lost = |at: usize| of != Dissimilarity::Euclidean && kept[at] <= most * squares[at];
        let lost: Vec<bool> = (0..rows.len()).map(is_lost).collect();
        let lengths: Vec<f64> = kept.iter().map(|kept| kept.max(0.0).sqrt()).collect();
        let mut values = Vec::with_capacity(pairs::count(rows.len()));
        let mut doubtful = Vec::new();
        for (i, &row) in rows.iter().enumerate() {
            let products = &self.products[row * self.side..][..self.side];
            for (j, &other) in rows.iter().enumerate().skip(i + 1) {
                let product = products[other] - means[i] * means[j];
                let (value, share) = match of {
                    Dissimilarity::Euclidean => {
                        let both = kept[i] + kept[j];
                        let apart = both - 2.0 * product;
                        (apart / width, if both > 0.0 { apart / both } else { 1.0 })
                    }
                    Dissimilarity::Correlation | Dissimilarity::Cosine => {
                        let value = 1.0 - product / (lengths[i] * lengths[j]);
                        (value, value)
                    }
                };
                values.push(if share < NOTHING { 0.0 } else { value });
                if (single && share < CANCELLED) || lost[i] || lost[j] {
                    doubtful.push((i, j));
                }
            }
        }
        Rdm { values, doubtful, flat }
    }
}

/// The dissimilarity of two rows by the definition, in 64 bits; none where one of them is flat.
pub fn of_rows(a: &[f32], b: &[f32], of: Dissimilarity) -> Option<f64> {
    let wide = |x: &[f32]| x.iter().map(|&number| f64::from(number)).collect::<Vec<f64>>();
    let (mut a, mut b) = (wide(a), wide(b));
    if of == Dissimilarity::Euclidean {
        return Some(a.iter().zip(&b).map(|(a, b)| (a - b).powi(2)).sum::<f64>() / a.len() as f64);
    }
    for x in [&mut a, &mut b] {
        let mean = if of == Dissimilarity::Correlation { x.iter().sum::<f64>() / x.len() as f64 } else { 0.0 };
        x.iter_mut().for_each(|number| *number -= mean);
        let length = x.iter().map(|number| number * number).sum::<f64>().sqrt();
        if length == 0.0 {
            return None;
        }
        x.iter_mut().for_each(|number| *number /= length);
    }
    // Of unit vectors: half the square of their difference, which cancels nothing.
    Some(a.iter().zip(&b).map(|(a, b)| (a - b).powi(2)).sum::<f64>() / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::linear::gram::{Gram, raw, row_sums};
    use crate::math::tensor::wide_vec;
    use ndarray::Array2;
    use rand::{Rng, SeedableRng};

    const ALL: [Dissimilarity; 3] = [Dissimilarity::Correlation, Dissimilarity::Euclidean, Dissimilarity::Cosine];

    fn noisy(rows: usize, columns: usize) -> Array2<f32> {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(2);
        Array2::from_shape_fn((rows, columns), |_| 0.5 + rng.random::<f32>())
    }

    fn of(x: &Array2<f32>, precision: Precision, rows: &[usize], of: Dissimilarity) -> Rdm {
        let gram = Gram::of(raw(x.view()), precision, tch::Device::Cpu, &mut |_, _| ());
        let (products, sums) = (wide_vec(&gram.products), row_sums(raw(x.view())));
        let side = x.nrows();
        Products { products: &products, side, sums: &sums, columns: x.ncols(), precision }.dissimilarities(rows, of)
    }

    fn row(x: &Array2<f32>, at: usize) -> &[f32] {
        x.row(at).to_slice().unwrap()
    }

    #[test]
    fn dissimilarities_equal_the_definition_pair_by_pair() {
        let x = noisy(12, 300);
        let rows = [3, 0, 11, 7];
        for (precision, tolerance) in [(Precision::Double, 1e-13), (Precision::Single, 1e-5)] {
            for kind in ALL {
                let made = of(&x, precision, &rows, kind);
                assert!(made.doubtful.is_empty());
                for ((i, j), value) in pairs::each(4).zip(made.values) {
                    let right = of_rows(row(&x, rows[i]), row(&x, rows[j]), kind).unwrap();
                    assert!((value - right).abs() < tolerance, "{kind:?} {i} {j}: {value} for {right}");
                }
            }
        }
    }

    #[test]
    fn pairs_that_32_bits_cannot_tell_apart_are_listed_and_equal_rows_have_no_dissimilarity() {
        let mut x = noisy(6, 500);
        let near = x.row(1).mapv(|value| value * (1.0 + 1e-4) + 1e-5);
        x.row_mut(4).assign(&near);
        let twin = x.row(0).to_owned();
        x.row_mut(5).assign(&twin);
        let all: Vec<usize> = (0..6).collect();
        for kind in ALL {
            assert_eq!(of(&x, Precision::Single, &all, kind).doubtful, [(0, 5), (1, 4)], "{kind:?}");
            let made = of(&x, Precision::Double, &all, kind);
            assert!(made.doubtful.is_empty());
            assert_eq!(made.values[pairs::place(6, 0, 5)], 0.0);
        }
    }

    #[test]
    fn a_flat_pattern_is_told() {
        let mut x = noisy(5, 40);
        x.row_mut(2).fill(0.7);
        let flat = |x: &Array2<f32>, rows: &[usize], kind| {
            [Precision::Single, Precision::Double].map(|precision| {
                let made = of(x, precision, rows, kind);
                assert_eq!(made.doubtful.len(), made.flat.len() * (rows.len() - 1));
                made.flat
            })
        };
        assert_eq!(flat(&x, &[0, 1, 2], Dissimilarity::Correlation), [vec![2], vec![2]]);
        assert_eq!(flat(&x, &[0, 1, 2], Dissimilarity::Cosine), [const { Vec::<usize>::new() }; 2]);
        x.row_mut(2).fill(0.0);
        assert_eq!(flat(&x, &[2, 1], Dissimilarity::Cosine), [vec![0], vec![0]]);
        assert_eq!(flat(&x, &[2, 1], Dissimilarity::Euclidean), [const { Vec::<usize>::new() }; 2]);
        assert_eq!(of_rows(row(&x, 2), row(&x, 1), Dissimilarity::Correlation), None);
    }
}

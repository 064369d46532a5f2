//! CKA in draws of stimuli with replacement, from kernels centred once.
//!
//! The unbiased estimate of HSIC (Song et al. 2007) is a mean over four different stimuli, and a draw has some stimuli several times.
//! Copies of one are no different stimuli: alike in both kernels, they would count as something shared. So a draw is the mean over four
//! different stimuli weighted by how often each was drawn, w, as dissimilarities of copies are left out where RDMs are drawn
//! (Nili et al. 2014). The mean's weights cancel in CKA. With n = Σ w, p = Σ w², and sums over different stimuli,
//!
//! ```text
//! HSIC ∝ T1 + T2 − 2 T3
//! T1 = Σ_ij w_i w_j K_ij L_ij ((n − w_i − w_j)² − p + w_i² + w_j²)
//! T2 = (Σ_ij w_i w_j K_ij)(Σ_ij w_i w_j L_ij) − 4 Σ_i w_i² k_i l_i + 2 Σ_ij w_i² w_j² K_ij L_ij
//! T3 = Σ_i w_i ((n − w_i)(k_i l_i − (KL w²)_i) − (K w²)_i l_i − k_i (L w²)_i + 2 (KL w³)_i),     k = K w, l = L w, KL entry by entry
//! ```
//!
//! With one of each it is the estimate itself, and a constant added to a row and its column changes nothing. The biased form is the sum
//! over pairs drawn, each kernel centred anew by the draw's means.

use rayon::prelude::*;

use crate::math::similarity::cka::Form;

/// Two centred kernels of the same n stimuli, n × n, row-major.
pub struct Pair<'a> {
    pub k: &'a [f32],
    pub l: &'a [f32],
    pub form: Form,
}

impl Pair<'_> {
    /// CKA in one draw, `counts` by stimulus; nothing where it is undefined: too few different stimuli, or a kernel that does not vary.
    pub fn drawn(&self, counts: &[u32]) -> Option<f64> {
        let rows: Vec<usize> = (0..counts.len()).filter(|&row| counts[row] > 0).collect();
        let w: Vec<f64> = rows.iter().map(|&row| f64::from(counts[row])).collect();
        if rows.len() < self.form.least() {
            return None;
        }
        let [kl, kk, ll] = match self.form {
            Form::Unbiased => self.unbiased(&rows, &w, counts.len()),
            Form::Biased => self.biased(&rows, &w, counts.len()),
        };
        (kk > 0.0 && ll > 0.0).then(|| kl / (kk.sqrt() * ll.sqrt()))
    }

    /// CKA in many draws.
    pub fn all(&self, draws: &[Vec<u32>]) -> Vec<Option<f64>> {
        draws.par_iter().map(|counts| self.drawn(counts)).collect()
    }

    fn unbiased(&self, rows: &[usize], w: &[f64], side: usize) -> [f64; 3] {
        let n: f64 = w.iter().sum();
        let p: f64 = w.iter().map(|w| w * w).sum();
        let mut pairs = [0.0; 3];
        let mut sums = [0.0; 2];
        let (mut squares, mut doubles) = ([0.0; 3], [0.0; 3]);
        let mut triples = [0.0; 3];
        for (at, (&row, &own)) in rows.iter().zip(w).enumerate() {
            let (of_k, of_l) = (&self.k[row * side..][..side], &self.l[row * side..][..side]);
            let (mut once, mut twice) = ([0.0; 2], [0.0; 2]);
            let (mut first, mut second, mut third) = ([0.0; 3], [0.0; 3], [0.0; 3]);
            for (other, (&column, &w)) in rows.iter().zip(w).enumerate() {
                if other == at {
                    continue;
                }
                let (k, l) = (f64::from(of_k[column]), f64::from(of_l[column]));
                let left = n - own - w;
                let whole = w * (left * left - p + own * own + w * w);
                let products = [k * l, k * k, l * l];
                for one in 0..3 {
                    first[one] += whole * products[one];
                    second[one] += w * w * products[one];
                    third[one] += w * w * w * products[one];
                }
                for (one, value) in [k, l].into_iter().enumerate() {
                    once[one] += w * value;
                    twice[one] += w * w * value;
                }
            }
            for (one, (x, y)) in [(0, 1), (0, 0), (1, 1)].into_iter().enumerate() {
                pairs[one] += own * first[one];
                squares[one] += own * own * once[x] * once[y];
                doubles[one] += own * own * second[one];
                triples[one] += own
                    * ((n - own) * (once[x] * once[y] - second[one]) - twice[x] * once[y] - once[x] * twice[y]
                        + 2.0 * third[one]);
            }
            sums[0] += own * once[0];
            sums[1] += own * once[1];
        }
        let total = [sums[0] * sums[1], sums[0] * sums[0], sums[1] * sums[1]];
        std::array::from_fn(|one| {
            pairs[one] + total[one] - 4.0 * squares[one] + 2.0 * doubles[one] - 2.0 * triples[one]
        })
    }

    fn biased(&self, rows: &[usize], w: &[f64], side: usize) -> [f64; 3] {
        let n: f64 = w.iter().sum();
        let (mut pairs, mut crossed, mut sums) = ([0.0; 3], [0.0; 3], [0.0; 2]);
        for (&row, &own) in rows.iter().zip(w) {
            let (of_k, of_l) = (&self.k[row * side..][..side], &self.l[row * side..][..side]);
            let mut once = [0.0; 2];
            for (&column, &w) in rows.iter().zip(w) {
                let (k, l) = (f64::from(of_k[column]), f64::from(of_l[column]));
                for (one, product) in [k * l, k * k, l * l].into_iter().enumerate() {
                    pairs[one] += own * w * product;
                }
                once[0] += w * k;
                once[1] += w * l;
            }
            for (one, product) in [once[0] * once[1], once[0] * once[0], once[1] * once[1]].into_iter().enumerate() {
                crossed[one] += own * product;
            }
            sums[0] += own * once[0];
            sums[1] += own * once[1];
        }
        let total = [sums[0] * sums[1], sums[0] * sums[0], sums[1] * sums[1]];
        std::array::from_fn(|one| pairs[one] - 2.0 / n * crossed[one] + total[one] / (n * n))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::similarity::cka::alignment;

    const SIDE: usize = 9;

    /// Products of patterns that a simple generator draws.
    fn products(seed: u64, columns: usize) -> Vec<f64> {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as f64 / (1u64 << 31) as f64 - 0.5
        };
        let x: Vec<f64> = (0..SIDE * columns).map(|_| next()).collect();
        let product = |i: usize, j: usize| (0..columns).map(|c| x[i * columns + c] * x[j * columns + c]).sum();
        (0..SIDE * SIDE).map(|at| product(at / SIDE, at % SIDE)).collect()
    }

    fn centred(seed: u64, form: Form) -> Vec<f32> {
        let rows: Vec<usize> = (0..SIDE).collect();
        form.centred(&products(seed, 4), SIDE, &rows, true).unwrap()
    }

    #[test]
    fn each_once_is_the_estimate_itself() {
        for form in [Form::Unbiased, Form::Biased] {
            let (k, l) = (centred(1, form), centred(2, form));
            let once = Pair { k: &k, l: &l, form }.drawn(&[1; SIDE]).unwrap();
            let whole = alignment(&k, &l, SIDE, form).unwrap().value;
            assert!((once - whole).abs() < 1e-6, "{form:?}: {once} {whole}");
        }
    }

    /// The mean over four different stimuli by going through all of them.
    #[test]
    fn a_draw_is_the_weighted_mean_over_four_different_stimuli() {
        let (k, l) = (centred(1, Form::Unbiased), centred(2, Form::Unbiased));
        let counts = [2, 0, 1, 3, 1, 0, 1, 0, 1];
        let by_hand = |x: &[f32], y: &[f32]| {
            let (x, y) =
                (|i: usize, j: usize| f64::from(x[i * SIDE + j]), |i: usize, j: usize| f64::from(y[i * SIDE + j]));
            let mut sum = 0.0;
            for i in 0..SIDE {
                for j in (0..SIDE).filter(|&j| j != i) {
                    for q in (0..SIDE).filter(|&q| q != i && q != j) {
                        for r in (0..SIDE).filter(|&r| r != i && r != j && r != q) {
                            let weight = f64::from(counts[i] * counts[j] * counts[q] * counts[r]);
                            sum += weight * (x(i, j) * y(i, j) + x(i, j) * y(q, r) - 2.0 * x(i, j) * y(i, q));
                        }
                    }
                }
            }
            sum
        };
        let right = by_hand(&k, &l) / (by_hand(&k, &k) * by_hand(&l, &l)).sqrt();
        let found = Pair { k: &k, l: &l, form: Form::Unbiased }.drawn(&counts).unwrap();
        assert!((found - right).abs() < 1e-10, "{found} {right}");
        assert_eq!(Pair { k: &k, l: &l, form: Form::Unbiased }.drawn(&[3, 3, 3, 0, 0, 0, 0, 0, 0]), None);
    }

    /// The biased form of a draw is CKA of the rows as often as they are drawn.
    #[test]
    fn a_biased_draw_is_cka_of_its_rows() {
        let form = Form::Biased;
        let (k, l) = (centred(1, form), centred(2, form));
        let rows = [0, 0, 2, 3, 3, 3, 4, 6, 8];
        let mut counts = [0; SIDE];
        rows.iter().for_each(|&row| counts[row] += 1);
        let of = |seed| form.centred(&products(seed, 4), SIDE, &rows, true).unwrap();
        let right = alignment(&of(1), &of(2), rows.len(), form).unwrap().value;
        let found = Pair { k: &k, l: &l, form }.drawn(&counts).unwrap();
        assert!((found - right).abs() < 1e-6, "{found} {right}");
    }
}

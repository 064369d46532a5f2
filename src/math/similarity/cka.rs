//! Centred kernel alignment of two linear kernels K and L of the same n stimuli.
//!
//! ```text
//! CKA = HSIC(K, L)/√(HSIC(K, K) · HSIC(L, L))                                        (Kornblith et al. 2019)
//! unbiased   HSIC = ⟨U(K), U(L)⟩/(n(n − 3)),  zero on the diagonal, else
//!            U(K)_ij = K_ij − r_i/(n−2) − r_j/(n−2) + t/((n−1)(n−2)),  r and t sums of K without its diagonal      (Song et al. 2007)
//! biased     HSIC = ⟨HKH, HLH⟩/n²,  H = I − 11ᵀ/n                                    (Gretton et al. 2005)
//! ```
//!
//! Both are exact without any stimulus i out of row sums s_i = Σ_j K_ij L_ij of centred kernels, whose rows sum to zero: with m = n − 1,
//!
//! ```text
//! unbiased   ⟨U, U⟩ without i = S − 2 s_i − 2 s_i/(m − 2)
//! biased     ⟨·, ·⟩ without i = S − 2 s_i + d_i − 2(s_i − d_i)/m + d_i/m²,  S = Σ s_i, d_i = K_ii L_ii
//! ```
//!
//! so that the jackknife costs no more than CKA itself.

use rayon::prelude::*;

/// Which estimate of HSIC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Unbiased,
    Biased,
}

/// A part of a kernel's squares below this is its rounding, to 32 bits or to 64.
const NOTHING: [f64; 2] = [1e-12, 1e-24];

impl Form {
    /// The fewest stimuli for which it is defined.
    pub const fn least(self) -> usize {
        match self {
            Self::Unbiased => 4,
            Self::Biased => 2,
        }
    }

    /// The products of some rows (of side × side, row-major) centred: n × n, row-major, in 32 bits. None where nothing is left but
    /// rounding, of which `double` says the bits: then the patterns do not differ.
    pub fn centred(self, products: &[f64], side: usize, rows: &[usize], double: bool) -> Option<Vec<f32>> {
        let n = rows.len();
        assert!(n >= self.least(), "the caller counts stimuli");
        let counts = |i: usize, j: usize| self == Self::Biased || i != j;
        let row_sum = |i: usize| -> f64 {
            let products = &products[rows[i] * side..][..side];
            (0..n).filter(|&j| counts(i, j)).map(|j| products[rows[j]]).sum()
        };
        let sums: Vec<f64> = (0..n).into_par_iter().map(row_sum).collect();
        let total: f64 = sums.iter().sum();
        let wide = n as f64;
        let (of_row, of_all) = match self {
            Self::Unbiased => (wide - 2.0, (wide - 1.0) * (wide - 2.0)),
            Self::Biased => (wide, wide * wide),
        };
        let mut out = vec![0.0; n * n];
        let row = |(i, out): (usize, &mut [f32])| -> (f64, f64) {
            let products = &products[rows[i] * side..][..side];
            let (mut before, mut after) = (0.0, 0.0);
            for j in (0..n).filter(|&j| counts(i, j)) {
                let product = products[rows[j]];
                let centred = product - (sums[i] + sums[j]) / of_row + total / of_all;
                before += product * product;
                after += centred * centred;
                out[j] = centred as f32;
            }
            (before, after)
        };
        let squares: Vec<(f64, f64)> = out.par_chunks_mut(n).enumerate().map(row).collect();
        let (before, after) = squares.into_iter().fold((0.0, 0.0), |sum, row| (sum.0 + row.0, sum.1 + row.1));
        (after > NOTHING[usize::from(double)] * before).then_some(out)
    }
}

/// ⟨K, L⟩ row by row.
struct Sums {
    rows: Vec<f64>,
    /// K_ii L_ii.
    diagonal: Vec<f64>,
    total: f64,
}

impl Sums {
    /// Of K with L, of K with itself and of L with itself, in one pass over both.
    fn of(k: &[f32], l: &[f32], n: usize) -> [Self; 3] {
        let row = |(k, l): (&[f32], &[f32])| -> [f64; 3] {
            let mut lanes = [[0.0; 8]; 3];
            for (k, l) in k.chunks(8).zip(l.chunks(8)) {
                for (lane, (&k, &l)) in k.iter().zip(l).enumerate() {
                    let (k, l) = (f64::from(k), f64::from(l));
                    lanes[0][lane] += k * l;
                    lanes[1][lane] += k * k;
                    lanes[2][lane] += l * l;
                }
            }
            lanes.map(|lanes| lanes.iter().sum())
        };
        let rows: Vec<[f64; 3]> = k.par_chunks(n).zip(l.par_chunks(n)).map(row).collect();
        let corner = |x: &[f32], y: &[f32]| -> Vec<f64> {
            (0..n).map(|i| f64::from(x[i * n + i]) * f64::from(y[i * n + i])).collect()
        };
        let diagonals = [corner(k, l), corner(k, k), corner(l, l)];
        let mut at = 0;
        diagonals.map(|diagonal| {
            let rows: Vec<f64> = rows.iter().map(|three| three[at]).collect();
            at += 1;
            Self { total: rows.iter().sum(), rows, diagonal }
        })
    }

    /// The sum without stimulus i, whose kernels are centred anew.
    fn without(&self, i: usize, form: Form) -> f64 {
        let (m, row, corner) = ((self.rows.len() - 1) as f64, self.rows[i], self.diagonal[i]);
        match form {
            Form::Unbiased => self.total - 2.0 * row - 2.0 * row / (m - 2.0),
            Form::Biased => self.total - 2.0 * row + corner - 2.0 * (row - corner) / m + corner / (m * m),
        }
    }
}

/// CKA and its standard error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Alignment {
    pub value: f64,
    /// By the jackknife over stimuli; none where CKA is not defined without one of them.
    pub se: Option<f64>,
}

/// The alignment of two kernels that `Form::centred` gave, n × n.
pub fn alignment(k: &[f32], l: &[f32], n: usize, form: Form) -> Option<Alignment> {
    let [kl, kk, ll] = Sums::of(k, l, n);
    let value = ratio(kl.total, kk.total, ll.total)?;
    let without = |i: usize| ratio(kl.without(i, form), kk.without(i, form), ll.without(i, form));
    let left: Option<Vec<f64>> = if n > form.least() { (0..n).map(without).collect() } else { None };
    let se = left.map(|left| {
        let mean = left.iter().sum::<f64>() / n as f64;
        let squares: f64 = left.iter().map(|value| (value - mean).powi(2)).sum();
        ((n - 1) as f64 / n as f64 * squares).sqrt()
    });
    Some(Alignment { value, se })
}

fn ratio(kl: f64, kk: f64, ll: f64) -> Option<f64> {
    (kk > 0.0 && ll > 0.0).then(|| kl / (kk.sqrt() * ll.sqrt()))
}

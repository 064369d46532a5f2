//! Comparisons of two RDMs, each a vector of N = n(n − 1)/2 dissimilarities x and y.
//!
//! ```text
//! spearman    Pearson's correlation of mid-ranks
//! pearson     correlation
//! cosine      x·y/√(x·x · y·y)
//! rho_a       12 Σ r_x r_y/(N³ − N) − 3(N + 1)/(N − 1): Spearman's, averaged over random orders of ties (Schütt et al. 2023)
//! tau_a       (concordant − discordant)/(N(N − 1)/2)
//! cosine_cov  xᵀV⁻¹y/√(xᵀV⁻¹x · yᵀV⁻¹y), V the covariance of dissimilarities of patterns with independent noise of variance 1,
//!             (CCᵀ)∘(CCᵀ) with C the matrix of pairwise differences (Diedrichsen et al. 2021)
//! corr_cov    the same after the mean was subtracted from x and from y
//! ```
//!
//! V⁻¹ is never made: xᵀV⁻¹y is, but for a factor, the product of both matrices after their rows and columns were centred, which row sums
//! alone give (the whitened cosine of squared Euclidean distances is linear CKA).

use crate::math::similarity::pairs;
use crate::math::similarity::ranks::{Order, mid_ranks, mid_ranks_wide};
use crate::math::similarity::tau::tau_a;

/// How two RDMs are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparator {
    Spearman,
    Pearson,
    Cosine,
    RhoA,
    TauA,
    CosineCov,
    CorrCov,
}

impl Comparator {
    /// Whether dissimilarities count by their ranks alone.
    pub fn by_ranks(self) -> bool {
        matches!(self, Self::Spearman | Self::RhoA | Self::TauA)
    }

    /// Whether dissimilarities are whitened by their covariance.
    pub fn is_whitened(self) -> bool {
        matches!(self, Self::CosineCov | Self::CorrCov)
    }

    /// Whether their mean is subtracted.
    fn centres(self) -> bool {
        !matches!(self, Self::Cosine | Self::CosineCov | Self::TauA)
    }
}

/// One RDM, made ready for comparisons of a kind.
#[derive(Clone, Debug)]
pub struct Side {
    comparator: Comparator,
    n: usize,
    /// Dissimilarities or ranks, condensed, less their mean where that is subtracted.
    values: Vec<f64>,
    /// The square root of its product with itself.
    length: f64,
    /// Row sums of the whole matrix, where it is whitened.
    sums: Vec<f64>,
}

impl Side {
    /// From dissimilarities of n patterns, or from their mid-ranks where ranks count.
    pub fn of(comparator: Comparator, n: usize, mut values: Vec<f64>) -> Self {
        assert_eq!(values.len(), pairs::count(n), "pairs of n patterns");
        if comparator.centres() {
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            values.iter_mut().for_each(|value| *value -= mean);
        }
        let mut sums = Vec::new();
        if comparator.is_whitened() {
            sums = vec![0.0; n];
            for ((i, j), value) in pairs::each(n).zip(&values) {
                sums[i] += value;
                sums[j] += value;
            }
        }
        let mut side = Self { comparator, n, values, length: 0.0, sums };
        side.length = side.product(&side).max(0.0).sqrt();
        side
    }

    /// From dissimilarities, which are ranked where ranks count.
    pub fn of_dissimilarities(comparator: Comparator, n: usize, values: &[f64]) -> Self {
        let values = if comparator.by_ranks() { mid_ranks_wide(values) } else { values.to_vec() };
        Self::of(comparator, n, values)
    }

    fn product(&self, other: &Self) -> f64 {
        let product = dot(&self.values, &other.values);
        if self.sums.is_empty() {
            return product;
        }
        let n = self.n as f64;
        let (a, b): (f64, f64) = (self.sums.iter().sum(), other.sums.iter().sum());
        2.0 * product - 2.0 / n * dot(&self.sums, &other.sums) + a * b / (n * n)
    }

    /// How alike both are; none where one of them is constant (or zero).
    pub fn similarity(&self, other: &Self) -> Option<f64> {
        let pairs = self.values.len() as f64;
        match self.comparator {
            Comparator::TauA => tau_a(&self.values, &other.values, None),
            // Zero where one side is all ties, as by its definition.
            Comparator::RhoA => (pairs > 1.0).then(|| 12.0 * self.product(other) / (pairs.powi(3) - pairs)),
            _ => {
                let scale = self.length * other.length;
                (scale > 0.0).then(|| (self.product(other) / scale).clamp(-1.0, 1.0))
            }
        }
    }

    /// What counts of it, of length 1 where it has any.
    pub fn unit(self) -> Vec<f64> {
        let length = if self.length > 0.0 { self.length } else { 1.0 };
        self.values.into_iter().map(|value| value / length).collect()
    }

    /// The same patterns in another order; `out` is a side of as many.
    pub fn permute(&self, order: &[usize], out: &mut Self) {
        for (to, (i, j)) in out.values.iter_mut().zip(pairs::each(self.n)) {
            *to = self.values[pairs::place(self.n, order[i], order[j])];
        }
        out.sums.iter_mut().zip(order).for_each(|(sum, &from)| *sum = self.sums[from]);
        out.length = self.length;
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    // Several sums side by side are one vector to the processor.
    let mut lanes = [0.0; 8];
    for (a, b) in a.chunks(8).zip(b.chunks(8)) {
        a.iter().zip(b).zip(&mut lanes).for_each(|((a, b), lane)| *lane += a * b);
    }
    lanes.iter().sum()
}

/// An RDM of which patterns are drawn with replacement: a draw says how often each stands, and a pair stands as often as both do
/// together. Pairs of one pattern with itself, which have no dissimilarity, are left out.
#[derive(Clone, Debug)]
pub struct Drawn {
    comparator: Comparator,
    values: Vec<f64>,
    order: Option<Order>,
}

impl Drawn {
    /// From dissimilarities; whitened comparisons have no form with repeated patterns.
    pub fn of(comparator: Comparator, values: &[f32]) -> Self {
        assert!(!comparator.is_whitened(), "the caller refuses draws of whitened comparisons");
        let order = comparator.by_ranks().then(|| Order::of(values));
        Self { comparator, values: values.iter().map(|&value| f64::from(value)).collect(), order }
    }

    /// What counts of it in a draw: dissimilarities, or their mid-ranks among the pairs drawn.
    pub fn counted(&self, weights: &[u32]) -> Vec<f64> {
        let Some(order) = &self.order else { return self.values.clone() };
        let mut ranks = vec![0.0; self.values.len()];
        let mut before = 0.0;
        for run in order.runs() {
            let many: f64 = run.iter().map(|&at| f64::from(weights[at as usize])).sum();
            run.iter().for_each(|&at| ranks[at as usize] = before + (many + 1.0) / 2.0);
            before += many;
        }
        ranks
    }

    /// How alike two sides are in a draw, by what counts of each.
    pub fn similarity(&self, x: &[f64], y: &[f64], weights: &[u32]) -> Option<f64> {
        if self.comparator == Comparator::TauA {
            return tau_a(x, y, Some(weights));
        }
        let all: f64 = weights.iter().map(|&weight| f64::from(weight)).sum();
        if all < 2.0 {
            return None;
        }
        let mean = |side: &[f64]| -> f64 {
            let sum: f64 = side.iter().zip(weights).map(|(value, &weight)| value * f64::from(weight)).sum();
            if self.comparator == Comparator::Cosine { 0.0 } else { sum / all }
        };
        let (mean_x, mean_y) = (mean(x), mean(y));
        let (mut xy, mut xx, mut yy) = (0.0, 0.0, 0.0);
        for ((x, y), &weight) in x.iter().zip(y).zip(weights).filter(|(_, weight)| **weight > 0) {
            let (x, y, weight) = (x - mean_x, y - mean_y, f64::from(weight));
            xy += weight * x * y;
            xx += weight * x * x;
            yy += weight * y * y;
        }
        match self.comparator {
            Comparator::RhoA => Some(12.0 * xy / (all.powi(3) - all)),
            _ => (xx * yy > 0.0).then(|| (xy / (xx * yy).sqrt()).clamp(-1.0, 1.0)),
        }
    }
}

/// How often each pair stands in a draw of patterns.
pub fn pair_weights(drawn: &[u32]) -> Vec<u32> {
    pairs::each(drawn.len()).map(|(i, j)| drawn[i] * drawn[j]).collect()
}

/// What counts of dissimilarities: themselves, or their mid-ranks.
pub fn counted(comparator: Comparator, dissimilarities: &[f32]) -> Vec<f64> {
    if comparator.by_ranks() {
        return mid_ranks(dissimilarities);
    }
    dissimilarities.iter().map(|&value| f64::from(value)).collect()
}

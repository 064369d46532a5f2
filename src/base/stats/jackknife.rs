//! Standard errors by leaving out one stimulus at a time.

/// Two numbers per stimulus, and their sums, from which one stimulus is taken in no time.
pub struct Pairs {
    /// Each less the first, so that sums keep their digits.
    list: Vec<(f64, f64)>,
    sums: Sums,
}

#[derive(Clone, Copy, Default)]
struct Sums {
    count: f64,
    x: f64,
    y: f64,
    xx: f64,
    yy: f64,
    xy: f64,
}

impl Sums {
    fn changed(self, (x, y): (f64, f64), sign: f64) -> Self {
        Self {
            count: self.count + sign,
            x: self.x + sign * x,
            y: self.y + sign * y,
            xx: self.xx + sign * x * x,
            yy: self.yy + sign * y * y,
            xy: self.xy + sign * x * y,
        }
    }

    /// Pearson's correlation; nothing where either side is constant.
    fn correlation(&self) -> Option<f64> {
        let (xx, yy) = (self.xx - self.x * self.x / self.count, self.yy - self.y * self.y / self.count);
        let rounding = 1e-12;
        let varies = xx > rounding * self.xx && yy > rounding * self.yy;
        (self.count > 1.0 && varies)
            .then(|| ((self.xy - self.x * self.y / self.count) / (xx * yy).sqrt()).clamp(-1.0, 1.0))
    }
}

impl Pairs {
    /// Takes the numbers.
    pub fn new(mut list: Vec<(f64, f64)>) -> Self {
        if let Some(&(x, y)) = list.first() {
            list.iter_mut().for_each(|pair| *pair = (pair.0 - x, pair.1 - y));
        }
        let sums = list.iter().fold(Sums::default(), |sums, &pair| sums.changed(pair, 1.0));
        Self { list, sums }
    }

    /// Pearson's correlation; nothing where either side is constant.
    pub fn correlation(&self) -> Option<f64> {
        self.sums.correlation()
    }

    /// The same without one stimulus.
    pub fn correlation_without(&self, row: usize) -> Option<f64> {
        self.sums.changed(self.list[row], -1.0).correlation()
    }
}

/// The standard error of an estimate, √((n − 1)/n · Σ(θ₍ᵢ₎ − θ̄)²), of its values without each of n observations (Efron & Tibshirani
/// 1993, ch. 11); nothing where fewer than three are defined.
pub fn se(without: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    let known: Vec<f64> = without.flatten().collect();
    let count = known.len() as f64;
    (known.len() > 2).then(|| {
        let mean = known.iter().sum::<f64>() / count;
        ((count - 1.0) / count * known.iter().map(|x| (x - mean).powi(2)).sum::<f64>()).sqrt()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::summary::{pearson, variance};

    #[test]
    fn a_correlation_without_one_is_that_of_the_others() {
        let list = [(1e6 + 1.0, 3.0), (1e6 + 2.0, 1.0), (1e6 + 4.0, 2.0), (1e6 + 3.0, 7.0)];
        let pairs = Pairs::new(list.to_vec());
        for left in 0..list.len() {
            let (x, y): (Vec<f64>, Vec<f64>) =
                list.iter().enumerate().filter(|(at, _)| *at != left).map(|(_, pair)| *pair).unzip();
            assert!((pairs.correlation_without(left).unwrap() - pearson(&x, &y).unwrap()).abs() < 1e-12);
        }
        assert_eq!(Pairs::new(vec![(2.0, 1.0), (2.0, 3.0)]).correlation(), None);
        assert_eq!(Pairs::new(vec![(0.1, 1.0), (0.2, 3.0)]).correlation_without(0), None);
    }

    #[test]
    fn the_standard_error_of_a_mean_is_its_own() {
        let x = [1.0, 4.0, 2.0, 8.0, 5.0];
        let sum: f64 = x.iter().sum();
        let got = se(x.iter().map(|one| Some((sum - one) / 4.0))).unwrap();
        assert!((got - (variance(&x) / 4.0).sqrt()).abs() < 1e-12, "s/√n with n − 1 in s");
        assert_eq!(se([Some(1.0), None, Some(2.0)].into_iter()), None);
    }
}

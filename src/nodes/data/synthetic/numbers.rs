//! Draws and functions whose results no machine, library or thread count changes.

use rand::RngCore;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// A stream of random numbers.
pub struct Draw(ChaCha8Rng);

/// What streams are for; each purpose has its own.
#[derive(Clone, Copy)]
pub enum Purpose {
    /// How an object looks.
    Object = 1,
    /// How a picture shows its object.
    Scene = 2,
    /// What a unit is tuned to.
    Tuning = 3,
    /// Spikes of a unit.
    Spikes = 4,
    /// What is shared by all units.
    Population = 5,
}

impl Draw {
    /// The stream of one object, picture or unit.
    pub fn new(seed: u64, purpose: Purpose, index: usize) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(((purpose as u64) << 40) | index as u64);
        Self(rng)
    }

    /// Uniform in [0, 1), with 53 bits.
    pub fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
    }

    /// Uniform in [low, high).
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// A whole number below `count`.
    pub fn below(&mut self, count: usize) -> usize {
        ((self.unit() * count as f64) as usize).min(count - 1)
    }

    /// Close to normal with mean 0 and variance 1: twelve uniforms less six.
    pub fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }

    /// A Poisson count of the given mean, below 500: the smallest whose cumulative probability exceeds a uniform.
    pub fn poisson(&mut self, mean: f64) -> u32 {
        let target = self.unit();
        let (mut count, mut probability) = (0_u32, exp(-mean));
        let mut cumulative = probability;
        while cumulative <= target && count < 2000 {
            count += 1;
            probability *= mean / f64::from(count);
            cumulative += probability;
        }
        count
    }

    /// Shuffles in place (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

/// The exponential function: a Taylor series near 0, squared back.
pub fn exp(x: f64) -> f64 {
    let small = x / 1024.0;
    let mut term = 1.0;
    let mut sum = 1.0;
    for k in 1..10 {
        term *= small / f64::from(k);
        sum += term;
    }
    (0..10).fold(sum, |power, _| power * power)
}

/// Sine of an angle given in turns.
pub fn sine(turns: f64) -> f64 {
    let fraction = turns - turns.floor();
    // Into a quarter turn around 0, where the series is short.
    let quarter = if fraction < 0.25 {
        fraction
    } else if fraction < 0.75 {
        0.5 - fraction
    } else {
        fraction - 1.0
    };
    let x = quarter * std::f64::consts::TAU;
    let square = x * x;
    let mut term = x;
    let mut sum = x;
    for k in 1..10 {
        term *= -square / f64::from(2 * k * (2 * k + 1));
        sum += term;
    }
    sum
}

/// Cosine of an angle given in turns.
pub fn cosine(turns: f64) -> f64 {
    sine(turns + 0.25)
}

/// Shifts and scales numbers to mean 0 and variance 1; constants become 0.
pub fn standardise(values: &mut [f64]) {
    let (mean, variance) = moments(values);
    let scale = if variance > 1e-18 { 1.0 / variance.sqrt() } else { 0.0 };
    values.iter_mut().for_each(|x| *x = (*x - mean) * scale);
}

/// Mean and (population) variance.
pub fn moments(values: &[f64]) -> (f64, f64) {
    let count = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / count;
    (mean, values.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_agree_with_the_library() {
        for step in -40..40 {
            let x = f64::from(step) * 0.37;
            assert!((sine(x) - (x * std::f64::consts::TAU).sin()).abs() < 1e-12);
            assert!((cosine(x) - (x * std::f64::consts::TAU).cos()).abs() < 1e-12);
            assert!((exp(x) / x.exp() - 1.0).abs() < 1e-11);
        }
    }

    #[test]
    fn counts_have_poisson_moments() {
        let mut draw = Draw::new(0, Purpose::Spikes, 0);
        for mean in [0.3, 2.0, 20.0] {
            let counts: Vec<f64> = (0..4000).map(|_| f64::from(draw.poisson(mean))).collect();
            let (found, variance) = moments(&counts);
            assert!((found / mean - 1.0).abs() < 0.06 && (variance / mean - 1.0).abs() < 0.1, "{found} {variance}");
        }
    }

    #[test]
    fn streams_differ_by_purpose_index_and_seed() {
        let first = |seed, purpose, index| Draw::new(seed, purpose, index).unit();
        let base = first(0, Purpose::Scene, 0);
        assert_eq!(base, first(0, Purpose::Scene, 0));
        assert!(
            [first(1, Purpose::Scene, 0), first(0, Purpose::Tuning, 0), first(0, Purpose::Scene, 1)]
                .iter()
                .all(|&other| other != base)
        );
    }
}
